package relay

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"leye/app/terminal/internal/kiosk"
)

// queue is one entry in memory with the outbox's rules.
type queue struct {
	mu     sync.Mutex
	leased bool
	entry  kiosk.Entry
	done   context.CancelFunc
	parked kiosk.Reason
	ack    *kiosk.Acknowledgement
	waits  []time.Duration
}

func (q *queue) Lease(_ context.Context, now time.Time, _ time.Duration) (kiosk.Entry, bool, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.leased || q.ack != nil || q.parked != "" || now.Before(q.entry.DueAt) {
		return kiosk.Entry{}, false, nil
	}
	q.leased = true
	q.entry.Attempts++
	return q.entry, true, nil
}

func (q *queue) Accept(ctx context.Context, _ kiosk.ApplicationID, ack kiosk.Acknowledgement) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	q.ack = &ack
	q.done()
	return nil
}

func (q *queue) Retry(_ context.Context, _ kiosk.ApplicationID, at time.Time, code string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.leased = false
	q.waits = append(q.waits, time.Until(at))
	q.entry.DueAt, q.entry.Code = at, code
	return nil
}

func (q *queue) Park(_ context.Context, _ kiosk.ApplicationID, r kiosk.Reason) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.parked = r
	q.done()
	return nil
}

func (q *queue) Next(context.Context) (time.Time, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.entry.DueAt, nil
}
func (q *queue) Hold(time.Time)        {}
func (q *queue) Wake() <-chan struct{} { return nil }

// answers is a Sender that plays a list and then accepts.
type answers struct {
	errs []error
	ack  kiosk.Acknowledgement
	sent int
}

func (a *answers) Send(context.Context, kiosk.Entry) (kiosk.Acknowledgement, error) {
	a.sent++
	if a.sent <= len(a.errs) {
		return kiosk.Acknowledgement{}, a.errs[a.sent-1]
	}
	return a.ack, nil
}

func play(t *testing.T, s *answers) *queue {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
	defer cancel()
	q := &queue{entry: kiosk.Entry{ID: "A", Digest: "d"}, done: cancel}
	if err := New(Config{Queue: q, Sender: s, Rand: func() float64 { return 0.999 }}).Run(ctx); err != nil {
		t.Error(err)
	}
	return q
}

func TestFailuresAreTriedAgainWithGrowingWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &answers{ack: kiosk.Acknowledgement{ID: "A", Digest: "d", Number: "1"}}
		for range 12 {
			s.errs = append(s.errs, &Failure{Code: "timeout", Err: errors.New("silence")})
		}
		q := play(t, s)
		if q.ack == nil || s.sent != 13 {
			t.Fatalf("sent %d times, ack %v", s.sent, q.ack)
		}
		if q.waits[0] > time.Second || q.waits[3] < 4*time.Second || q.waits[11] > 5*time.Minute || q.waits[11] < 4*time.Minute {
			t.Errorf("waits %v", q.waits)
		}
	})
}

func TestWrongAcknowledgementDeletesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, ack := range []kiosk.Acknowledgement{{ID: "B", Digest: "d", Number: "1"}, {ID: "A", Digest: "x", Number: "1"}, {ID: "A", Digest: "d"}} {
			if q := play(t, &answers{ack: ack}); q.ack != nil || q.entry.Code != "wrong_acknowledgement" {
				t.Errorf("%v was taken, code %s", ack, q.entry.Code)
			}
		}
	})
}

func TestRefusalParks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if q := play(t, &answers{errs: []error{&Rejected{kiosk.Conflict}}}); q.parked != kiosk.Conflict {
			t.Errorf("parked %q", q.parked)
		}
	})
}

func TestCentralWaitIsHonoured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := play(t, &answers{errs: []error{&Failure{Code: "http_503", After: 90 * time.Second}}, ack: kiosk.Acknowledgement{ID: "A", Digest: "d", Number: "1"}})
		if len(q.waits) != 1 || q.waits[0] < 90*time.Second {
			t.Errorf("waits %v", q.waits)
		}
	})
}

// sender is a Sender of one function.
type sender func(ctx context.Context) (kiosk.Acknowledgement, error)

func (f sender) Send(ctx context.Context, _ kiosk.Entry) (kiosk.Acknowledgement, error) {
	return f(ctx)
}

func TestAcknowledgementAtShutdownIsKept(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	q := &queue{entry: kiosk.Entry{ID: "A", Digest: "d"}, done: func() {}}
	s := sender(func(context.Context) (kiosk.Acknowledgement, error) {
		cancel()
		return kiosk.Acknowledgement{ID: "A", Digest: "d", Number: "1"}, nil
	})
	if err := New(Config{Queue: q, Sender: s}).Run(ctx); err != nil || q.ack == nil {
		t.Errorf("%v, ack %v", err, q.ack)
	}
}

func TestSilentSendingEndsWithinTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Second)
		defer cancel()
		q := &queue{entry: kiosk.Entry{ID: "A", Digest: "d"}, done: cancel}
		s := sender(func(ctx context.Context) (kiosk.Acknowledgement, error) {
			<-ctx.Done()
			return kiosk.Acknowledgement{}, ctx.Err()
		})
		if err := New(Config{Queue: q, Sender: s}).Run(ctx); err != nil || q.entry.Code != "timeout" || len(q.waits) != 1 {
			t.Errorf("%v, code %q, waits %v", err, q.entry.Code, q.waits)
		}
	})
}

// crowd is a queue of entries that are all due, and notes how many are out at once.
type crowd struct {
	line
	out, most int
}

func (c *crowd) Lease(ctx context.Context, now time.Time, lease time.Duration) (kiosk.Entry, bool, error) {
	e, ok, err := c.line.Lease(ctx, now, lease)
	c.count(ok, 1)
	return e, ok, err
}

func (c *crowd) Accept(ctx context.Context, id kiosk.ApplicationID, ack kiosk.Acknowledgement) error {
	c.count(true, -1)
	return c.line.Accept(ctx, id, ack)
}

func (c *crowd) Retry(ctx context.Context, id kiosk.ApplicationID, at time.Time, code string) error {
	c.count(true, -1)
	return c.line.Retry(ctx, id, at, code)
}

func (c *crowd) count(ok bool, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ok {
		c.out += n
		c.most = max(c.most, c.out)
	}
}

// A central that answers gets a few at a time, one that does not gets one.
func TestAFewGoAtOnceWhileTheCentralAnswers(t *testing.T) {
	for _, c := range []struct {
		name  string
		fails bool
		most  int
	}{{"answers", false, 4}, {"silent", true, 1}} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			l := newLine(40, cancel)
			q := &crowd{line: line{entries: l.entries, waiting: l.waiting, done: cancel}}
			began := time.Now()
			s := each(func(e kiosk.Entry) (kiosk.Acknowledgement, error) {
				time.Sleep(time.Second)
				if c.fails {
					return kiosk.Acknowledgement{}, &Failure{Code: "timeout", Err: errors.New("silence")}
				}
				return kiosk.Acknowledgement{ID: e.ID, Digest: e.Digest, Number: "1"}, nil
			})
			if err := New(Config{Queue: q, Sender: s}).Run(ctx); err != nil {
				t.Fatal(err)
			}
			if q.most != c.most || q.out != 0 && !c.fails {
				t.Errorf("%s: %d at once, %d are left", c.name, q.most, q.out)
			}
			if took := time.Since(began); !c.fails && took != 11*time.Second { // the first alone, then four by four
				t.Errorf("took %v", took)
			}
		})
	}
}

// each is a Sender of one function.
type each func(kiosk.Entry) (kiosk.Acknowledgement, error)

func (f each) Send(_ context.Context, e kiosk.Entry) (kiosk.Acknowledgement, error) { return f(e) }

// A queue that fails ends the task, when nothing is under way any more.
func TestAFailingQueueEndsTheTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("the disk")
		q := &brokenQueue{line: newLine(9, func() {}), err: broken}
		s := each(func(e kiosk.Entry) (kiosk.Acknowledgement, error) {
			time.Sleep(time.Second)
			return kiosk.Acknowledgement{ID: e.ID, Digest: e.Digest, Number: "1"}, nil
		})
		if err := New(Config{Queue: q, Sender: s}).Run(t.Context()); !errors.Is(err, broken) {
			t.Errorf("got %v", err)
		}
	})
}

// brokenQueue keeps three acknowledgements and then no more.
type brokenQueue struct {
	*line
	kept atomic.Int32
	err  error
}

func (q *brokenQueue) Accept(ctx context.Context, id kiosk.ApplicationID, ack kiosk.Acknowledgement) error {
	if q.kept.Add(1) > 3 {
		return q.err
	}
	return q.line.Accept(ctx, id, ack)
}
