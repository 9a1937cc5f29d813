package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"leye/app/api"
	"leye/app/proof"
	"leye/app/proof/prooftest"
	"leye/app/terminal/internal/identity"
	"leye/app/terminal/internal/journal"
	"leye/app/terminal/internal/outbox"
	"leye/app/terminal/internal/store"
)

// note writes the signed head of a terminal's journal as the central would have
// it, and returns the file and the key.
func (x terminal) note(id *identity.Identity) (file, key string) {
	x.t.Helper()
	var head journal.Head
	x.with(func(db *store.Store, _ *outbox.Outbox) {
		var err error
		head, err = journal.New(db, journal.Options{}).Head(x.t.Context())
		fatal(x.t, err)
	})
	text, err := proof.Head{Terminal: id.Name(), Seq: head.Seq, Hash: head.Hash}.Sign(id.Key())
	fatal(x.t, err)
	file = filepath.Join(x.t.TempDir(), "PT01.note")
	fatal(x.t, os.WriteFile(file, []byte(text), 0o600))
	_, public, err := proof.Holder(id.Certificate())
	fatal(x.t, err)
	key, err = proof.HeadKey(id.Name(), public)
	fatal(x.t, err)
	return file, key
}

func (x terminal) enrolled(ca *prooftest.CA) *identity.Identity {
	x.t.Helper()
	id, err := identity.Enrol(filepath.Join(x.dir, "state"), "PT01", func(request string) (api.Certificate, error) {
		return api.Certificate{Certificate: ca.Grant(request), Trust: ca.TrustPEM()}, nil
	})
	fatal(x.t, err)
	return id
}

func TestAuditVerify(t *testing.T) {
	x := newTerminal(t, "")
	for range 3 {
		x.park(x.put("document-reprint", answered))
	}
	ca := prooftest.New(t)
	note, key := x.note(x.enrolled(ca))
	verify := func(args ...string) result { return call(t, append([]string{"audit", "verify"}, args...)...) }
	own := []string{"--config", x.config}
	verify(own...).want(t, exitOK, "ok, lines: 9, newest: ", "by the chain alone")
	verify(append(own, "--head", note)...).want(t, exitOK, "agrees with the head of terminal PT01 at line 9")
	x.put("document-reprint", answered)
	verify(append(own, "--head", note, "--pub", key)...).want(t, exitOK, "ok, lines: 10", "at line 9")

	file := filepath.Join(t.TempDir(), "PT01.journal")
	r := call(t, "audit", "export", "--config", x.config)
	r.want(t, exitOK)
	fatal(t, os.WriteFile(file, []byte(r.out), 0o600))
	elsewhere := []string{"--file", file, "--head", note, "--pub", key}
	verify(elsewhere...).want(t, exitOK, "ok, lines: 10", "at line 9")
	callIn(t, strings.NewReader(r.out), "audit", "verify", "--file", "-").want(t, exitOK, "ok, lines: 10")
	lines := strings.SplitAfter(r.out, "\n")
	fatal(t, os.WriteFile(file, []byte(strings.Join(lines[:8], "")), 0o600))
	verify("--file", file).want(t, exitOK, "ok, lines: 8", "would not show")
	verify(elsewhere...).want(t, exitTruncated, "it ends at line 8, line 9 was known")
	fatal(t, os.WriteFile(file, []byte(strings.Replace(r.out, "entry.put", "entry.pot", 1)), 0o600))
	verify(elsewhere...).want(t, exitBroken, "journal broken at line 1: its content does not fit its hash")
	stranger := newTerminal(t, "")
	stranger.put("document-reprint", answered)
	_, other := stranger.note(stranger.enrolled(ca))
	verify("--file", file, "--head", note, "--pub", other).want(t, exitBroken, "open journal head")

	x.with(func(db *store.Store, _ *outbox.Outbox) {
		harm(t, db, "DROP TRIGGER journal_no_delete", "DELETE FROM journal WHERE seq > 6")
	})
	verify(own...).want(t, exitOK, "ok, lines: 6")
	verify(append(own, "--head", note)...).want(t, exitTruncated, "it ends at line 6, line 9 was known")
	x.with(func(db *store.Store, _ *outbox.Outbox) { tamper(t, db) })
	verify(own...).want(t, exitBroken, "error: verify journal: journal broken at line 2: its content does not fit its hash")
}
