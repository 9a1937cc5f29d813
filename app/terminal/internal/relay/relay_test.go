package relay

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"leye/app/terminal/internal/kiosk"
)

// queue is one entry in memory with the outbox's rules.
type queue struct {
	entry  kiosk.Entry
	done   context.CancelFunc
	parked kiosk.Reason
	ack    *kiosk.Acknowledgement
	waits  []time.Duration
}

func (q *queue) Lease(_ context.Context, now time.Time, _ time.Duration) (kiosk.Entry, bool, error) {
	if q.ack != nil || q.parked != "" || now.Before(q.entry.DueAt) {
		return kiosk.Entry{}, false, nil
	}
	q.entry.Attempts++
	return q.entry, true, nil
}

func (q *queue) Accept(ctx context.Context, _ kiosk.ApplicationID, ack kiosk.Acknowledgement) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	q.ack = &ack
	q.done()
	return nil
}

func (q *queue) Retry(_ context.Context, _ kiosk.ApplicationID, at time.Time, code string) error {
	q.waits = append(q.waits, time.Until(at))
	q.entry.DueAt, q.entry.Code = at, code
	return nil
}

func (q *queue) Park(_ context.Context, _ kiosk.ApplicationID, r kiosk.Reason) error {
	q.parked = r
	q.done()
	return nil
}

func (q *queue) Next(context.Context) (time.Time, error) { return q.entry.DueAt, nil }
func (q *queue) Wake() <-chan struct{}                   { return nil }

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
