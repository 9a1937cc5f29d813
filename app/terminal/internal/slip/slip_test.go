package slip_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"leye/app/terminal/internal/journal"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/slip"
	"leye/app/terminal/internal/store"
	"leye/devices/printer"
)

func open(t *testing.T, path string) (*store.Store, *slip.Ledger) {
	t.Helper()
	db, err := store.Open(t.Context(), path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() }) // some tests close it themselves
	return db, slip.New(db, slip.Options{Journal: journal.New(db, journal.Options{})})
}

func newLedger(t *testing.T) (*store.Store, *slip.Ledger) {
	t.Helper()
	return open(t, filepath.Join(t.TempDir(), store.FileName))
}

func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// print takes a slip through a whole print.
func print(t *testing.T, l *slip.Ledger, entry kiosk.ApplicationID, o slip.Outcome) slip.Slip {
	t.Helper()
	s, err := l.Prepare(t.Context(), entry)
	fatal(t, err)
	fatal(t, l.Begin(t.Context(), s))
	fatal(t, l.Settle(t.Context(), s, o))
	return s
}

func newest(t *testing.T, l *slip.Ledger) slip.Slip {
	t.Helper()
	list, err := l.List(t.Context(), slip.Filter{})
	fatal(t, err)
	if len(list) == 0 {
		t.Fatal("no row")
	}
	return list[len(list)-1]
}

func TestNoLevelClaimsMoreThanItProves(t *testing.T) {
	for proof, want := range map[printer.Proof][6]slip.State{
		printer.NotSent:   {slip.Prepared, slip.Prepared, slip.Prepared, slip.Prepared, slip.Prepared, slip.Prepared},
		printer.InDoubt:   {slip.Unknown, slip.Unknown, slip.Unknown, slip.Unknown, slip.Unknown, slip.Unknown},
		printer.Sent:      {slip.Sent, slip.Sent, slip.Sent, slip.Sent, slip.Sent, slip.Sent},
		printer.Processed: {slip.Sent, slip.Sent, slip.Confirmed, slip.Confirmed, slip.Confirmed, slip.Confirmed},
		printer.Printed:   {slip.Sent, slip.Sent, slip.Confirmed, slip.Confirmed, slip.Confirmed, slip.Confirmed},
		99:                {slip.Sent, slip.Sent, slip.Confirmed, slip.Confirmed, slip.Confirmed, slip.Confirmed},
		-1:                {slip.Unknown, slip.Unknown, slip.Unknown, slip.Unknown, slip.Unknown, slip.Unknown},
	} {
		for level, state := range want {
			if got := slip.Of(proof, printer.Level(level)); got != state {
				t.Errorf("%v at level %d: %s, want %s", proof, level, got, state)
			}
		}
	}
}

func TestPrintsAreNumberedPerApplication(t *testing.T) {
	_, l := newLedger(t)
	a, b := kiosk.NewApplicationID(), kiosk.NewApplicationID()
	for i, step := range []struct {
		entry kiosk.ApplicationID
		o     slip.Outcome
		print int
		state slip.State
	}{
		{a, slip.Outcome{Proof: printer.NotSent, Level: 4, Cause: "paper out"}, 1, slip.Prepared},
		{a, slip.Outcome{Proof: printer.NotSent, Level: 4}, 1, slip.Prepared}, // nothing came out: the same number
		{b, slip.Outcome{Proof: printer.Sent, Level: 1}, 1, slip.Sent},
		{a, slip.Outcome{Proof: printer.InDoubt, Level: 4, Cause: "cable"}, 1, slip.Unknown},
		{a, slip.Outcome{Proof: printer.NotSent, Level: 4}, 2, slip.Prepared},
		{a, slip.Outcome{Proof: printer.Printed, Level: 4, Length: 147}, 2, slip.Confirmed},
		{b, slip.Outcome{Proof: printer.Processed, Level: 2}, 2, slip.Confirmed},
	} {
		s := print(t, l, step.entry, step.o)
		if s.Print != step.print || s.Reprint() != (step.print > 1) {
			t.Errorf("step %d: print %d, want %d", i, s.Print, step.print)
		}
		list, err := l.List(t.Context(), slip.Filter{Entry: step.entry})
		fatal(t, err)
		got := list[len(list)-1]
		if got.State != step.state || got.Cause != step.o.Cause || got.Level != step.o.Level || got.Running {
			t.Errorf("step %d: %+v", i, got)
		}
	}
	if list, err := l.List(t.Context(), slip.Filter{State: slip.Unknown}); err != nil || len(list) != 1 || list[0].Entry != a {
		t.Errorf("unknown: %+v, %v", list, err)
	}
}

// What a program leaves behind that ends within a slip, seen by the next one.
func TestWhatEndsWithinASlipLeavesUnknown(t *testing.T) {
	path := filepath.Join(t.TempDir(), store.FileName)
	db, l := open(t, path)
	s, err := l.Prepare(t.Context(), kiosk.NewApplicationID())
	fatal(t, err)
	if got := newest(t, l); got.State != slip.Prepared {
		t.Errorf("before anything was sent: %s", got.State)
	}
	fatal(t, l.Begin(t.Context(), s))
	fatal(t, db.Close())
	_, l = open(t, path)
	got := newest(t, l)
	if interrupted, err := l.Interrupted(t.Context()); got.State != slip.Unknown || !got.Running || !interrupted || err != nil {
		t.Errorf("after: %+v, interrupted %v, %v", got, interrupted, err)
	}
	again := print(t, l, s.Entry, slip.Outcome{Proof: printer.Printed, Level: 4})
	if interrupted, err := l.Interrupted(t.Context()); again.Print != 2 || interrupted || err != nil {
		t.Errorf("print %d after an interrupted one, interrupted %v, %v", again.Print, interrupted, err)
	}
}

func TestStatesFollowOneAnother(t *testing.T) {
	_, l := newLedger(t)
	s, err := l.Prepare(t.Context(), kiosk.NewApplicationID())
	fatal(t, err)
	if err := l.Settle(t.Context(), s, slip.Outcome{Proof: printer.Printed, Level: 4}); !errors.Is(err, slip.ErrNotRunning) {
		t.Errorf("settled before it began: %v", err)
	}
	fatal(t, l.Begin(t.Context(), s))
	if err := l.Begin(t.Context(), s); !errors.Is(err, slip.ErrNotPrepared) {
		t.Errorf("begun twice: %v", err)
	}
	if err := l.HandOver(t.Context(), s, slip.Taken); err == nil {
		t.Error("taken before it was confirmed")
	}
	fatal(t, l.Settle(t.Context(), s, slip.Outcome{Proof: printer.Printed, Level: 5}))
	if err := l.Settle(t.Context(), s, slip.Outcome{Proof: printer.NotSent}); !errors.Is(err, slip.ErrNotRunning) {
		t.Errorf("settled twice: %v", err)
	}
	if err := l.HandOver(t.Context(), s, slip.Confirmed); err == nil {
		t.Error("handed over to no end")
	}
	fatal(t, l.HandOver(t.Context(), s, slip.Retracted))
	if got := newest(t, l); got.State != slip.Retracted {
		t.Errorf("state %s", got.State)
	}
}

func TestEachChangeIsOnRecord(t *testing.T) {
	db, l := newLedger(t)
	s := print(t, l, kiosk.NewApplicationID(), slip.Outcome{Proof: printer.InDoubt, Level: 4, Cause: "cable"})
	print(t, l, s.Entry, slip.Outcome{Proof: printer.Printed, Level: 4})
	j := journal.New(db, journal.Options{})
	var got []string
	fatal(t, j.Lines(t.Context(), func(line journal.Line) error {
		if line.Entry != s.Entry {
			t.Errorf("entry %q", line.Entry)
		}
		got = append(got, line.Event+" "+line.Code)
		return nil
	}))
	want := []string{"slip.begun 1", "slip.unknown 1", "slip.begun 2", "slip.confirmed 2"}
	if len(got) != len(want) {
		t.Fatalf("record %q", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("record %q, want %q", got, want)
		}
	}
}

func TestFullStoreBeginsNothing(t *testing.T) {
	db, l := newLedger(t)
	s, err := l.Prepare(t.Context(), kiosk.NewApplicationID())
	fatal(t, err)
	broken := slip.New(db, slip.Options{Journal: refuses{}})
	if err := broken.Begin(t.Context(), s); err == nil || newest(t, l).State != slip.Prepared {
		t.Errorf("begun without its record: %v, %s", err, newest(t, l).State)
	}
}

type refuses struct{}

func (refuses) Add(context.Context, *sql.Tx, kiosk.Event) error { return errors.New("no room") }

func TestRollIsCountedAndChanged(t *testing.T) {
	_, l := newLedger(t)
	const whole = 1000
	observe := func(s printer.Supply) { t.Helper(); fatal(t, l.Observe(t.Context(), s, whole)) }
	feed := func(mm int) {
		t.Helper()
		print(t, l, kiosk.NewApplicationID(), slip.Outcome{Proof: printer.Printed, Level: 4, Length: mm})
	}
	left := func() (int, bool) { t.Helper(); r, err := l.Roll(t.Context()); fatal(t, err); return r.Left() }
	want := func(step string, mm int, known bool) {
		t.Helper()
		if got, ok := left(); got != mm || ok != known {
			t.Errorf("%s: %d mm left, known %v; want %d, %v", step, got, ok, mm, known)
		}
	}
	want("never seen", 0, false)
	feed(100)
	want("fed before it was seen", 0, false)
	observe(printer.PaperUnknown)
	want("sensors tell nothing", 0, false)
	observe(printer.PaperOK)
	want("first seen", whole, true)
	feed(400)
	observe(printer.PaperOK)
	want("fed", 600, true)
	observe(printer.PaperNearEnd)
	want("near its end", 600, true)
	observe(printer.PaperOK)
	want("changed", whole, true)
	feed(950)
	observe(printer.PaperOut)
	want("out", 0, true)
	observe(printer.PaperNearEnd)
	want("an old rest put in", 0, true)
	observe(printer.PaperOK)
	want("changed again", whole, true)
	feed(1040)
	want("a little more than it had", 0, true)
	feed(100)
	want("much more than it had", 0, false)
}

func TestReserveIsTheLongestOfLate(t *testing.T) {
	_, l := newLedger(t)
	reserve := func() int { t.Helper(); n, err := l.Reserve(t.Context()); fatal(t, err); return n }
	if n := reserve(); n < 200 || n > 500 {
		t.Errorf("%d mm before any slip", n)
	}
	print(t, l, kiosk.NewApplicationID(), slip.Outcome{Proof: printer.Printed, Level: 4, Length: 700})
	if n := reserve(); n != 700 {
		t.Errorf("%d mm after one of 700", n)
	}
	for range 100 {
		print(t, l, kiosk.NewApplicationID(), slip.Outcome{Proof: printer.Printed, Level: 4, Length: 120})
	}
	if n := reserve(); n >= 700 {
		t.Errorf("%d mm after a hundred of 120", n)
	}
}

func TestReadersSeeTheRecordOfAnotherProgram(t *testing.T) {
	db, l := newLedger(t)
	print(t, l, kiosk.NewApplicationID(), slip.Outcome{Proof: printer.Printed, Level: 4})
	r, err := store.Open(t.Context(), db.Path(), store.Options{ReadOnly: true})
	fatal(t, err)
	defer r.Close()
	list, err := slip.New(r, slip.Options{}).List(t.Context(), slip.Filter{})
	if err != nil || len(list) != 1 || time.Since(list[0].ChangedAt) > time.Hour {
		t.Errorf("%+v, %v", list, err)
	}
}
