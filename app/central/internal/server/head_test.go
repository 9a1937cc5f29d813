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
	// A new machine under the old name has to be explained.
	anew := g.enrol("PT01")
	beat(anew, signed(anew.PrivateKey, "PT01", 1, hash("1")))
	kept(10, ledger.HeadLower)
}
