package attest_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"leye/app/api"
	"leye/app/proof"
	"leye/app/proof/prooftest"
	"leye/app/terminal/internal/attest"
	"leye/app/terminal/internal/identity"
	"leye/app/terminal/internal/journal"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/store"
)

func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// machine is an enrolled terminal's journal and its witness.
type machine struct {
	*testing.T
	id      *identity.Identity
	key     string
	journal *journal.Journal
	witness *attest.Witness
}

func start(t *testing.T) *machine {
	t.Helper()
	dir, ca := t.TempDir(), prooftest.New(t)
	id, err := identity.Enrol(dir, "PT01", func(request string) (api.Certificate, error) {
		return api.Certificate{Certificate: ca.Grant(request), Trust: ca.TrustPEM()}, nil
	})
	fatal(t, err)
	_, public, err := proof.Holder(id.Certificate())
	fatal(t, err)
	key, err := proof.HeadKey("PT01", public)
	fatal(t, err)
	db, err := store.Open(t.Context(), filepath.Join(dir, store.FileName), store.Options{})
	fatal(t, err)
	t.Cleanup(func() { db.Close() })
	j := journal.New(db, journal.Options{})
	return &machine{t, id, key, j, attest.New(j)}
}

func (m *machine) grow(n int) {
	m.Helper()
	for i := range n {
		fatal(m.T, m.journal.Append(m.Context(), kiosk.Event{Name: "entry.put", Code: fmt.Sprint(i)}))
	}
}

// tell returns what a heartbeat says, whoever hears it.
func (m *machine) tell() (proof.Head, []proof.Line) {
	m.Helper()
	var beat api.Heartbeat
	fatal(m.T, m.witness.Tell(m.Context(), m.id, &beat))
	h, err := proof.OpenHead(*beat.JournalHead, m.key)
	fatal(m.T, err)
	if beat.JournalLines == nil {
		return h, nil
	}
	var lines []proof.Line
	for _, l := range *beat.JournalLines {
		lines = append(lines, proof.Line{At: l.At, Event: l.Event, Entry: l.Entry, Code: l.Code})
	}
	return h, lines
}

func (m *machine) keeps(generation, seq int64) {
	m.witness.Heard(api.HeartbeatAnswer{JournalKept: &api.JournalKept{Generation: generation, Seq: seq}})
}

func TestLinesAreShownFromWhatTheCentralKeeps(t *testing.T) {
	m := start(t)
	if h, lines := m.tell(); h.Seq != 0 || lines != nil {
		t.Errorf("an empty journal: %+v, %v", h, lines)
	}
	m.grow(5)
	kept, lines := m.tell()
	if kept.Seq != 5 || lines != nil {
		t.Errorf("before the central spoke: %+v, %v", kept, lines)
	}
	m.keeps(0, 5)
	if h, lines := m.tell(); h != kept || lines != nil {
		t.Errorf("nothing new: %+v, %v", h, lines)
	}
	m.grow(proof.MostLines + 7)
	for _, want := range []int64{5 + proof.MostLines, 12 + proof.MostLines} {
		h, lines := m.tell()
		if again, _ := m.tell(); again != h {
			t.Errorf("without an answer: %+v and %+v", h, again)
		}
		if grown, err := kept.Grown(lines); err != nil || grown != h || h.Seq != want {
			t.Errorf("%+v, %v; want %+v at %d", grown, err, h, want)
		}
		kept = h
		m.keeps(h.Generation, h.Seq)
	}
}

func TestWhereLinesWouldShowNothingThereAreNone(t *testing.T) {
	m := start(t)
	m.grow(3)
	for name, hear := range map[string]func(){
		"an older central":       func() { m.witness.Heard(api.HeartbeatAnswer{}) },
		"no heartbeat with them": func() { m.keeps(0, 1); m.witness.Refused() },
		"another journal":        func() { m.keeps(1, 2) },
		"more than there is":     func() { m.keeps(0, 4) },
	} {
		hear()
		if h, lines := m.tell(); h.Seq != 3 || lines != nil {
			t.Errorf("%s: %+v, %v", name, h, lines)
		}
	}
	m.keeps(0, -9)
	if h, lines := m.tell(); h.Seq != 3 || len(lines) != 3 {
		t.Errorf("a number that is none: %+v, %v", h, lines)
	}
}
