package main

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"leye/app/api"
	"leye/app/proof"
	"leye/app/proof/prooftest"
	"leye/app/terminal/internal/attest"
	"leye/app/terminal/internal/identity"
	"leye/app/terminal/internal/journal"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/store"
	"leye/app/terminal/internal/uplink"
)

// watched is an enrolled terminal with a real store, whose journal a real central
// watches.
type watched struct {
	terminal
	d       *district
	db      *store.Store
	journal *journal.Journal
	witness *attest.Witness
	id      *identity.Identity
	line    *uplink.Uplink
	largest int // heartbeat, in bytes
}

func startWatched(t *testing.T) *watched {
	t.Helper()
	w := &watched{d: startDistrict(t)}
	w.terminal = newTerminal(t, "[central]\nurl = \""+w.d.address+"\"\n")
	call(t, "enrol", "--config", w.config, "--code", w.d.code("PT01"), "--root", w.d.root).want(t, exitOK)
	var err error
	w.id, err = identity.Load(filepath.Join(w.dir, "state"))
	fatal(t, err)
	w.line, err = uplink.New(uplink.Config{Base: w.d.address, Identity: w.id})
	fatal(t, err)
	w.db, err = store.Open(t.Context(), w.file(), store.Options{})
	fatal(t, err)
	t.Cleanup(func() { w.line.Close(); w.db.Close() })
	w.start()
	return w
}

// start is another process: what the central keeps is not known.
func (w *watched) start() {
	w.journal = journal.New(w.db, journal.Options{})
	w.witness = attest.New(w.journal)
}

// grow adds lines; mark makes them others than those that another mark makes.
func (w *watched) grow(n int, mark string) {
	w.t.Helper()
	fatal(w.t, w.db.Tx(w.t.Context(), func(tx *sql.Tx) error {
		for range n {
			e := kiosk.Event{At: time.Now(), Name: "entry.put", Entry: kiosk.NewApplicationID(), Code: mark}
			if err := w.journal.Add(w.t.Context(), tx, e); err != nil {
				return err
			}
		}
		return nil
	}))
}

// cut takes the lines from one on out of the file, as somebody who has it in hand.
func (w *watched) cut(from int64) {
	w.t.Helper()
	fatal(w.t, w.db.Tx(w.t.Context(), func(tx *sql.Tx) error {
		_, err := tx.Exec("DROP TRIGGER IF EXISTS journal_no_delete; DELETE FROM journal WHERE seq >= " + fmt.Sprint(from))
		return err
	}))
}

func (w *watched) beat() api.HeartbeatAnswer {
	w.t.Helper()
	beat := api.Heartbeat{SentAt: time.Now(), Version: "1"}
	fatal(w.t, w.witness.Tell(w.t.Context(), w.id, &beat))
	body, err := json.Marshal(beat)
	fatal(w.t, err)
	w.largest = max(w.largest, len(body))
	a, err := w.line.Beat(w.t.Context(), "PT01", beat)
	fatal(w.t, err)
	w.witness.Heard(a)
	return a
}

func (w *watched) kept(a api.HeartbeatAnswer, seq int64, alarm string) {
	w.t.Helper()
	told := ""
	if a.JournalAlarm != nil {
		told = *a.JournalAlarm
	}
	if a.JournalKept == nil || a.JournalKept.Seq != seq || told != alarm {
		w.t.Errorf("kept %+v with alarm %q, want %d and %q", a.JournalKept, told, seq, alarm)
	}
}

// verify is kioskctl audit verify with the head that the central keeps.
func (w *watched) verify() result {
	w.t.Helper()
	note := filepath.Join(w.t.TempDir(), "PT01.note")
	fatal(w.t, os.WriteFile(note, []byte(w.d.do("terminals", "head", "PT01")), 0o600))
	return call(w.t, "audit", "verify", "--config", w.config, "--head", note)
}

// Its chain holds by itself, and its head is higher than the one that is kept. The
// control is a terminal that shows no lines, as all were before.
func TestARewrittenJournalThatHasGrownIsFoundAtTheNextHeartbeat(t *testing.T) {
	for _, shows := range []bool{true, false} {
		t.Run(fmt.Sprint("shows lines: ", shows), func(t *testing.T) {
			w := startWatched(t)
			beat := func() api.HeartbeatAnswer {
				if !shows {
					w.start()
				}
				return w.beat()
			}
			w.grow(20, "a")
			w.kept(beat(), 20, "")
			w.grow(10, "a")
			w.kept(beat(), 30, "")
			w.cut(12)
			w.grow(40, "b")
			if head, err := w.journal.Verify(t.Context(), journal.Head{}); err != nil || head.Seq != 51 {
				t.Fatalf("the chain does not hold: %v, %v", head, err)
			}
			if !shows {
				w.kept(beat(), 51, "")
				w.verify().want(t, exitOK, "at line 51")
				return
			}
			w.kept(beat(), 30, "rewritten")
			w.kept(beat(), 30, "rewritten")
			w.verify().want(t, exitBroken, "journal broken at line 30: it differs from the head that was given away")
			if list := w.d.do("terminals", "list"); !strings.Contains(list, "rewritten") {
				t.Errorf("list: %s", list)
			}
			if told := w.d.do("terminals", "settle", "PT01"); !strings.Contains(told, "alarm: rewritten") || strings.Count(told, "leye journal\nPT01\n") != 2 {
				t.Errorf("settle: %s", told)
			}
			w.kept(beat(), 51, "")
			w.verify().want(t, exitOK, "at line 51")
		})
	}
}

func TestAJournalThatWasCutOffIsFoundAsBefore(t *testing.T) {
	w := startWatched(t)
	w.grow(20, "a")
	w.beat()
	w.grow(5, "a")
	w.kept(w.beat(), 25, "")
	w.cut(25)
	w.kept(w.beat(), 25, "lower")
	w.d.do("terminals", "settle", "PT01")
	w.kept(w.beat(), 24, "")
	w.cut(24)
	w.grow(1, "b")
	w.kept(w.beat(), 24, "different")
	w.grow(3, "b") // what grows on is no more that journal
	w.kept(w.beat(), 24, "different")
}

func TestThreeDaysWithoutALineAreShownInBoundedHeartbeats(t *testing.T) {
	w := startWatched(t)
	w.grow(2, "a")
	w.kept(w.beat(), 2, "")
	w.grow(1, "a")
	w.kept(w.beat(), 3, "")
	const days, lines = 3, 1500 // a busy day has about 300 visits of 5 lines
	w.grow(days*lines, "a")
	w.start() // the power was off, too
	w.kept(w.beat(), 3, "")
	w.largest = 0
	beats := 0
	for kept := int64(3); kept < 3+days*lines; beats++ {
		a := w.beat()
		w.kept(a, min(kept+proof.MostLines, 3+days*lines), "")
		if a.JournalKept.Seq <= kept {
			t.Fatal("it does not go on")
		}
		kept = a.JournalKept.Seq
	}
	t.Logf("%d lines in %d heartbeats of at most %d bytes", days*lines, beats, w.largest)
	if beats != days*lines/proof.MostLines || w.largest > 100<<10 {
		t.Errorf("%d heartbeats, the largest has %d bytes", beats, w.largest)
	}
	w.verify().want(t, exitOK, "at line 4503")
}

// Centrals before 1.4.0 say nothing of what they keep and take no key that they do
// not know.
func TestAnOlderCentralIsToldTheHeadAlone(t *testing.T) {
	x := newTerminal(t, "")
	db, err := store.Open(t.Context(), x.file(), store.Options{})
	fatal(t, err)
	defer db.Close()
	w := &watched{terminal: x, db: db, id: x.enrolled(prooftest.New(t))}
	w.start()
	var younger bool
	central := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		var beat map[string]any
		if err := json.NewDecoder(r.Body).Decode(&beat); err != nil || beat["journalHead"] == nil {
			t.Errorf("%v, %v", beat, err)
		}
		a := api.HeartbeatAnswer{ReceivedAt: time.Now()}
		if younger {
			a.JournalKept = &api.JournalKept{Seq: 2}
		} else if _, shown := beat["journalLines"]; shown {
			http.Error(out, "", http.StatusBadRequest)
			return
		}
		_ = json.NewEncoder(out).Encode(a)
	}))
	defer central.Close()
	w.line, err = uplink.New(uplink.Config{Base: central.URL})
	fatal(t, err)
	defer w.line.Close()
	for range 3 {
		w.grow(2, "a")
		w.beat()
	}
	younger = true
	w.beat()
	younger = false // it was put back
	beat := api.Heartbeat{SentAt: time.Now(), Version: "1"}
	fatal(t, w.witness.Tell(t.Context(), w.id, &beat))
	if _, err := w.line.Beat(t.Context(), "PT01", beat); err == nil || beat.JournalLines == nil {
		t.Errorf("%v, lines %v", err, beat.JournalLines)
	}
	w.witness.Refused()
	w.beat()
}
