package server_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/tls"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"leye/app/api"
	"leye/app/central/internal/ledger"
	"leye/app/central/internal/server"
	"leye/app/proof"
)

func second[T any](_ T, err error) error { return err }

func hash(digit string) string { return strings.Repeat(digit, 64) }

func TestTheHighestHeadIsKept(t *testing.T) {
	var log bytes.Buffer
	g := startGateAt(t, filepath.Join(t.TempDir(), "central.db"), func(c *server.Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	cert := g.enrol("PT01")
	beat := func(cert tls.Certificate, note *string) {
		t.Helper()
		status, answer := g.post(g.client(cert), "/v1/terminals/PT01/heartbeat", api.Heartbeat{SentAt: g.clock.read(), Version: "1", JournalHead: note})
		if status != 200 {
			t.Fatalf("%d %s", status, answer)
		}
	}
	signed := func(key any, name string, seq int64, hash string) *string {
		note, err := proof.Head{Terminal: name, Seq: seq, Hash: hash}.Sign(key.(ed25519.PrivateKey))
		fatal(t, err)
		return &note
	}
	kept := func(seq int64, alarm ledger.HeadAlarm) {
		t.Helper()
		h, err := g.ledger.JournalHead(t.Context(), "PT01")
		if err != nil || h.Seq != seq || h.Alarm != alarm {
			t.Errorf("kept %d with alarm %q, %v; want %d, %q", h.Seq, h.Alarm, err, seq, alarm)
		}
	}
	settle := func() {
		t.Helper()
		_, err := g.ledger.SettleHead(t.Context(), "PT01")
		fatal(t, err)
		beat(cert, signed(cert.PrivateKey, "PT01", 10, hash("a")))
		kept(10, ledger.NoAlarm)
	}
	beat(cert, nil) // of an older program
	if _, err := g.ledger.JournalHead(t.Context(), "PT01"); err == nil {
		t.Error("something is kept of nothing")
	}
	beat(cert, signed(cert.PrivateKey, "PT01", 0, ""))
	beat(cert, signed(cert.PrivateKey, "PT01", 9, hash("9")))
	beat(cert, signed(cert.PrivateKey, "PT01", 10, hash("a")))
	beat(cert, signed(cert.PrivateKey, "PT01", 10, hash("a")))
	kept(10, ledger.NoAlarm)
	stranger := newKey(t)
	for alarm, notes := range map[ledger.HeadAlarm][]*string{
		ledger.HeadLower:     {signed(cert.PrivateKey, "PT01", 9, hash("9")), signed(cert.PrivateKey, "PT01", 0, "")},
		ledger.HeadDifferent: {signed(cert.PrivateKey, "PT01", 10, hash("b"))},
		ledger.HeadMissing:   {nil},
		ledger.HeadUnsigned: {
			signed(stranger, "PT01", 11, hash("c")), signed(cert.PrivateKey, "PT02", 11, hash("c")),
			func() *string { s := "leye journal\nPT01\n11\n-\n"; return &s }(),
		},
	} {
		for _, note := range notes {
			log.Reset()
			beat(cert, note)
			kept(10, alarm)
			if !strings.Contains(log.String(), "level=ERROR") || !strings.Contains(log.String(), "alarm="+string(alarm)) {
				t.Errorf("%s: the log says %s", alarm, log.String())
			}
			log.Reset()
			beat(cert, note)
			beat(cert, signed(cert.PrivateKey, "PT01", 12, hash("d")))
			kept(12, alarm) // what grows on is kept; the alarm stays
			if strings.Contains(log.String(), "level=ERROR") {
				t.Errorf("%s is said twice", alarm)
			}
			settle()
		}
	}
	// After damage the journal begins anew: both heads are kept, and staff are told.
	restarted := func(generation, seq int64, digit string) *string {
		note, err := proof.Head{Terminal: "PT01", Seq: seq, Hash: hash(digit), Generation: generation}.Sign(cert.PrivateKey.(ed25519.PrivateKey))
		fatal(t, err)
		return &note
	}
	old := signed(cert.PrivateKey, "PT01", 10, hash("a"))
	beat(cert, restarted(1, 1, "e"))
	kept(1, ledger.HeadRestarted)
	beat(cert, restarted(1, 4, "f"))
	kept(4, ledger.HeadRestarted)
	earlier, err := g.ledger.EarlierHeads(t.Context(), "PT01")
	if err != nil || len(earlier) != 1 || earlier[0].Note != *old || earlier[0].Generation != 0 || earlier[0].Seq != 10 {
		t.Errorf("kept of the journal before: %+v, %v", earlier, err)
	}
	log.Reset()
	beat(cert, old) // the one that had ended
	kept(4, ledger.HeadRestarted)
	settle()
	beat(cert, restarted(2, 3, "b"))
	settle()
	if earlier, err = g.ledger.EarlierHeads(t.Context(), "PT01"); err != nil || len(earlier) != 1 {
		t.Errorf("after it was settled: %+v, %v", earlier, err)
	}
	beat(cert, restarted(2, 3, "b"))
	fatal(t, second(g.ledger.SettleHead(t.Context(), "PT01")))
	beat(cert, restarted(2, 3, "b"))
	kept(3, ledger.NoAlarm)
	beat(cert, restarted(1, 9, "b"))
	kept(3, ledger.HeadLower)
	settle()
	// A new machine under the old name has to be explained.
	anew := g.enrol("PT01")
	beat(anew, signed(anew.PrivateKey, "PT01", 1, hash("1")))
	kept(10, ledger.HeadLower)
}
