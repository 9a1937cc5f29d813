package relay

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"leye/app/terminal/internal/kiosk"
)

// line is many entries in memory with the outbox's rules.
type line struct {
	mu      sync.Mutex
	entries []kiosk.Entry
	waiting int
	done    context.CancelFunc
}

func newLine(n int, done context.CancelFunc) *line {
	l := &line{waiting: n, done: done}
	for range n {
		l.entries = append(l.entries, kiosk.Entry{ID: kiosk.NewApplicationID(), Digest: "d", State: kiosk.Pending, DueAt: time.Now()})
	}
	return l
}

// first is the entry that is due longest, or nil.
func (l *line) first() *kiosk.Entry {
	var first *kiosk.Entry
	for i := range l.entries {
		e := &l.entries[i]
		if e.State != kiosk.Accepted && (first == nil || e.DueAt.Before(first.DueAt)) {
			first = e
		}
	}
	return first
}

func (l *line) find(id kiosk.ApplicationID) *kiosk.Entry {
	for i := range l.entries {
		if l.entries[i].ID == id {
			return &l.entries[i]
		}
	}
	return nil
}

func (l *line) Lease(_ context.Context, now time.Time, lease time.Duration) (kiosk.Entry, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.first()
	if e == nil || now.Before(e.DueAt) {
		return kiosk.Entry{}, false, nil
	}
	e.State, e.DueAt = kiosk.InFlight, now.Add(lease)
	e.Attempts++
	return *e, true, nil
}

func (l *line) Accept(_ context.Context, id kiosk.ApplicationID, _ kiosk.Acknowledgement) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.find(id)
	if e.State == kiosk.Accepted {
		return errors.New("accepted twice")
	}
	e.State = kiosk.Accepted
	if l.waiting--; l.waiting == 0 {
		l.done()
	}
	return nil
}

func (l *line) Retry(_ context.Context, id kiosk.ApplicationID, at time.Time, _ string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.find(id)
	e.State, e.DueAt = kiosk.Retry, at
	return nil
}

func (l *line) Park(context.Context, kiosk.ApplicationID, kiosk.Reason) error {
	return errors.New("nothing was refused")
}

func (l *line) Next(context.Context) (time.Time, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.first(); e != nil {
		return e.DueAt, nil
	}
	return time.Time{}, nil
}

func (l *line) Hold(time.Time) {}

func (l *line) Wake() <-chan struct{} { return nil }

// far is a central behind a line that comes back at a time, and loses every third
// answer after it.
type far struct {
	mu      sync.Mutex
	back    time.Time
	cases   map[kiosk.ApplicationID]int // times that each was put
	calls   int
	arrived int
}

func (f *far) Send(_ context.Context, e kiosk.Entry) (kiosk.Acknowledgement, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	if time.Now().Before(f.back) {
		return kiosk.Acknowledgement{}, &Failure{Code: "no_connection", Err: errors.New("no route")}
	}
	f.cases[e.ID]++
	if f.arrived++; f.arrived%3 == 0 {
		return kiosk.Acknowledgement{}, &Failure{Code: "timeout", Err: errors.New("silence")}
	}
	return kiosk.Acknowledgement{ID: e.ID, Digest: e.Digest, Number: "1"}, nil
}

func TestThreeDaysWithoutALineLoseNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 60
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 4*24*time.Hour)
		defer cancel()
		q := newLine(n, cancel)
		central := &far{back: began.Add(72 * time.Hour), cases: map[kiosk.ApplicationID]int{}}
		if err := New(Config{Queue: q, Sender: central}).Run(ctx); err != nil {
			t.Fatal(err)
		}
		drained := time.Since(central.back)
		t.Logf("%d entries, %d attempts, %d answers lost, drained %v after the line came back", n, central.calls, central.arrived-n, drained)
		if q.waiting != 0 || len(central.cases) != n {
			t.Errorf("%d wait, the central has %d of %d", q.waiting, len(central.cases), n)
		}
		if drained > 30*time.Minute {
			t.Errorf("drained after %v", drained)
		}
		if central.arrived == n {
			t.Error("no answer was lost: nothing was tried twice")
		}
	})
}
