package appliance

import (
	"log/slog"
	"path/filepath"
	"slices"
	"testing"

	"leye/app/api"
	"leye/app/proof/prooftest"
	"leye/app/terminal/internal/attest"
	"leye/app/terminal/internal/health"
	"leye/app/terminal/internal/heartbeat"
	"leye/app/terminal/internal/identity"
	"leye/app/terminal/internal/journal"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/relay"
	"leye/app/terminal/internal/store"
	"leye/devices/printer"
)

// TestTheCentralHearsHowMuchPaperIsLeft counts a roll from when it was first seen.
func TestTheCentralHearsHowMuchPaperIsLeft(t *testing.T) {
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), store.FileName), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s, err := newSlips(db, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := &pulse{slips: s, log: s.log}
	if left := p.paperLeft(t.Context()); left != nil {
		t.Errorf("of a roll that nobody has seen %d mm are left", *left)
	}
	if err := s.ledger.Observe(t.Context(), printer.PaperOK, s.roll); err != nil {
		t.Fatal(err)
	}
	if left := p.paperLeft(t.Context()); left == nil || *left != s.roll {
		t.Errorf("of a new roll %v are left", left)
	}
	if err := s.ledger.Observe(t.Context(), printer.PaperOut, s.roll); err != nil {
		t.Fatal(err)
	}
	if left := p.paperLeft(t.Context()); left == nil || *left != 0 {
		t.Errorf("of a roll at its end %v are left", left)
	}
}

// TestWhatTheCentralSaysOfTheJournalIsHeard holds that a doubt stands as long as the
// central says so, and that lines go to a central only that wants them.
func TestWhatTheCentralSaysOfTheJournalIsHeard(t *testing.T) {
	dir, ca := t.TempDir(), prooftest.New(t)
	_, err := identity.Enrol(dir, "PT01", func(request string) (api.Certificate, error) {
		return api.Certificate{Certificate: ca.Grant(request), Trust: ca.TrustPEM()}, nil
	})
	fatal(t, err)
	live, err := identity.Follow(identity.LiveConfig{Dir: dir, Name: "PT01", Log: slog.New(slog.DiscardHandler)})
	fatal(t, err)
	db, err := store.Open(t.Context(), filepath.Join(dir, store.FileName), store.Options{})
	fatal(t, err)
	defer db.Close()
	x, _ := trusting(t)
	record := journal.New(db, journal.Options{})
	p := &pulse{board: &health.Board{}, identity: live, trust: x, witness: attest.New(record), newer: func() {}, log: slog.New(slog.DiscardHandler)}
	for range 3 {
		fatal(t, record.Append(t.Context(), kiosk.Event{Name: "entry.put"}))
	}
	shows := func(want int) {
		t.Helper()
		var beat api.Heartbeat
		p.attest(t.Context(), &beat)
		var got []api.JournalLine
		if beat.JournalLines != nil {
			got = *beat.JournalLines
		}
		if beat.JournalHead == nil || len(got) != want {
			t.Errorf("head %v with %d lines, want %d", beat.JournalHead, len(got), want)
		}
	}
	doubted := func(want bool) {
		t.Helper()
		stands := slices.ContainsFunc(p.board.Snapshot(), func(c health.Raised) bool { return c.Code == kiosk.CodeJournalDoubted })
		if stands != want {
			t.Errorf("K-410 stands: %v, want %v", stands, want)
		}
	}
	alarm := "rewritten"
	kept := api.HeartbeatAnswer{JournalKept: &api.JournalKept{Seq: 1}}
	shows(0)
	p.heard(heartbeat.Answer{HeartbeatAnswer: kept})
	shows(2)
	doubted(false)
	p.heard(heartbeat.Answer{Err: &relay.Failure{Code: "timeout"}})
	shows(2)
	kept.JournalAlarm = &alarm
	p.heard(heartbeat.Answer{HeartbeatAnswer: kept})
	doubted(true)
	p.heard(heartbeat.Answer{Err: &relay.Failure{Code: "http_400"}})
	shows(0)
	doubted(true)
	p.heard(heartbeat.Answer{HeartbeatAnswer: api.HeartbeatAnswer{}})
	doubted(false)
}
