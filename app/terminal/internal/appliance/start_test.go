package appliance

import (
	"context"
	"crypto/x509"
	"errors"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"leye/app/api"
	"leye/app/proof/prooftest"
	"leye/app/terminal/internal/heartbeat"
	"leye/app/terminal/internal/identity"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/policysync"
	"leye/app/terminal/internal/relay"
	"leye/app/terminal/internal/store"
)

// city is a central that counts what comes in each second.
type city struct {
	mu    sync.Mutex
	began time.Time
	asked map[int]int
}

func (c *city) ask() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked[int(time.Since(c.began)/time.Second)]++
}

func (c *city) peak() (most int) {
	for _, n := range c.asked {
		most = max(most, n)
	}
	return most
}

// Send takes an application.
func (c *city) Send(_ context.Context, e kiosk.Entry) (kiosk.Acknowledgement, error) {
	c.ask()
	time.Sleep(50 * time.Millisecond)
	return kiosk.Acknowledgement{ID: e.ID, Digest: e.Digest, Number: "1"}, nil
}

// Fetch has no new packs.
func (c *city) Fetch(context.Context, policysync.Name, string) (policysync.Fetched, error) {
	c.ask()
	return policysync.Fetched{}, nil
}

// waiting is a queue with some entries from before the start, and one that a
// resident hands in later.
type waiting struct {
	mu        sync.Mutex
	old       int
	held      time.Time
	fresh     bool
	wake      chan struct{}
	freshGone time.Time
}

func (w *waiting) Hold(until time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held = until
}

func (w *waiting) Lease(_ context.Context, now time.Time, _ time.Duration) (kiosk.Entry, bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.fresh:
		w.fresh, w.freshGone = false, now
	case w.old > 0 && !now.Before(w.held):
		w.old--
	default:
		return kiosk.Entry{}, false, nil
	}
	return kiosk.Entry{ID: "A", Digest: "d", Attempts: 1}, true, nil
}

func (w *waiting) Next(context.Context) (time.Time, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.old > 0 {
		return w.held, nil
	}
	return time.Time{}, nil
}

func (w *waiting) file() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fresh = true
	w.wake <- struct{}{}
}

func (w *waiting) Wake() <-chan struct{} { return w.wake }

func (w *waiting) Accept(context.Context, kiosk.ApplicationID, kiosk.Acknowledgement) error {
	return nil
}

func (w *waiting) Retry(context.Context, kiosk.ApplicationID, time.Time, string) error {
	return errors.New("the line is good")
}

func (w *waiting) Park(context.Context, kiosk.ApplicationID, kiosk.Reason) error {
	return errors.New("nothing is refused")
}

// powerComes starts 300 terminals in the same moment, each with five applications
// that wait and a certificate that is to be renewed, and returns how many requests
// come in the worst second of the first minute, and how long an application waits
// that a resident hands in one second after the start.
func powerComes(t *testing.T, spread time.Duration) (peak int, wait time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		db, err := store.Open(ctx, filepath.Join(t.TempDir(), store.FileName), store.Options{})
		fatal(t, err)
		defer db.Close()
		ca := prooftest.New(t)
		id, err := identity.Enrol(t.TempDir(), "PT01", func(request string) (api.Certificate, error) {
			old := func(c *x509.Certificate) {
				c.NotBefore, c.NotAfter = time.Now().AddDate(0, 0, -80), time.Now().AddDate(0, 0, 10)
			}
			return api.Certificate{Certificate: ca.Grant(request, old), Trust: ca.TrustPEM()}, nil
		})
		fatal(t, err)
		rng := rand.New(rand.NewPCG(1, 2))
		var mu sync.Mutex
		random := func() float64 {
			mu.Lock()
			defer mu.Unlock()
			return rng.Float64()
		}
		c := &city{began: time.Now(), asked: map[int]int{}}
		var tasks sync.WaitGroup
		queues := make([]*waiting, 300)
		for i := range queues {
			queues[i] = &waiting{old: 5, wake: make(chan struct{}, 1)}
			for _, task := range []Task{
				relay.New(relay.Config{Queue: queues[i], Sender: c, Rand: random, Spread: spread}),
				heartbeat.New(heartbeat.Config{
					Gather: func(context.Context) api.Heartbeat { return api.Heartbeat{} }, Rand: random, Spread: spread,
					Send: func(context.Context, api.Heartbeat) (api.HeartbeatAnswer, error) {
						c.ask()
						return api.HeartbeatAnswer{}, nil
					},
				}),
				policysync.New(policysync.Config{
					Shelf: policysync.NewShelf(db), Fetcher: c, Rand: random, Spread: spread,
					Checks: map[policysync.Name]func(fs.FS) error{policysync.Catalogue: nil, policysync.Policies: nil},
				}),
				identity.NewRenewal(identity.RenewalConfig{Identity: func() *identity.Identity { return id }, Rand: random, Spread: spread, Ask: func(context.Context, string) (api.Certificate, error) {
					c.ask()
					return api.Certificate{}, errors.New("later")
				}}),
			} {
				tasks.Go(func() {
					if err := task.Run(ctx); err != nil {
						t.Error(err)
					}
				})
			}
		}
		time.Sleep(time.Second)
		at := time.Now()
		queues[0].file()
		tasks.Wait()
		for _, q := range queues {
			if q.old > 0 {
				t.Errorf("%d are not sent within a minute", q.old)
			}
		}
		peak, wait = c.peak(), queues[0].freshGone.Sub(at)
		seconds := make([]int, 0, 40)
		for s := range 40 {
			seconds = append(seconds, c.asked[s])
		}
		t.Logf("spread %v: at most %d requests in a second: %v", spread, peak, slices.Clip(seconds))
	})
	return peak, wait
}

// When the power comes back to a whole city, the central is not stormed.
func TestACityStartsWithoutAPeak(t *testing.T) {
	peak, wait := powerComes(t, 30*time.Second)
	storm, _ := powerComes(t, 0)
	const even = 300 * (5 + 1 + 2 + 1) / 30 // requests a second, if they came evenly
	if peak > 2*even {
		t.Errorf("%d requests in one second, evenly it would be %d", peak, even)
	}
	if wait < 0 || wait > 50*time.Millisecond {
		t.Errorf("what a resident handed in waited %v", wait)
	}
	if storm < 10*even {
		t.Errorf("control: without spread it is %d", storm)
	}
}
