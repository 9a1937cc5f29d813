package uplink_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"path"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"leye/app/proof/prooftest"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/outbox"
	"leye/app/terminal/internal/relay"
	"leye/app/terminal/internal/uplink"
)

// TestSilenceEndsInTime holds each part of a request to its time, on a line where
// the other side stops at that part.
func TestSilenceEndsInTime(t *testing.T) {
	for name, tt := range map[string]struct {
		base  string
		other func(c net.Conn) // nil: nobody takes the call
		want  time.Duration
	}{
		"nobody takes the call": {"https://central.example", nil, 5 * time.Second},
		"silent after the call": {"https://central.example", func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }, 5 * time.Second},
		"no header":             {"http://127.0.0.1", func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }, 10 * time.Second},
		"drips for ever":        {"http://127.0.0.1", drip, 30 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var there net.Conn
				u, err := uplink.New(uplink.Config{Base: tt.base, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
					if tt.other == nil {
						<-ctx.Done()
						return nil, ctx.Err()
					}
					var here net.Conn
					here, there = net.Pipe()
					go tt.other(there)
					return here, nil
				}})
				if err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				_, err = u.Health(t.Context())
				if got := time.Since(began); got != tt.want || codeOf(err) != "timeout" {
					t.Errorf("%v after %v, want a timeout after %v", err, got, tt.want)
				}
				if there != nil {
					_ = there.Close()
				}
				_ = u.Close()
				time.Sleep(2 * time.Second) // the dripping one notices
			})
		})
	}
}

// drip answers one byte a second.
func drip(c net.Conn) {
	if _, err := c.Read(make([]byte, 1)); err != nil { // an answer before its question is none
		return
	}
	go func() { _, _ = io.Copy(io.Discard, c) }()
	if _, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"); err != nil {
		return
	}
	for {
		time.Sleep(time.Second)
		if _, err := c.Write([]byte(" ")); err != nil {
			return
		}
	}
}

// answersOf opens an uplink to a host that plays statuses and counts requests.
func answersOf(t *testing.T, play func(n int) (status int, retryAfter string)) (*uplink.Uplink, *int) {
	t.Helper()
	w := newWire()
	seen := new(int)
	h := &http.Server{Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		*seen++
		status, after := play(*seen)
		if after != "" {
			rw.Header().Set("Retry-After", after)
		}
		rw.WriteHeader(status)
		if status == 200 {
			_, text := health(time.Now())(nil, nil)
			_, _ = io.WriteString(rw, text)
		}
	})}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = h.Serve(w) }()
	u, err := uplink.New(uplink.Config{Base: "http://127.0.0.1", Dial: w.Dial, Rand: func() float64 { return 0.5 }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = u.Close(); _ = h.Close(); <-ended })
	return u, seen
}

func TestFiveFailuresOpenAndOneProbeCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		well := false
		u, seen := answersOf(t, func(int) (int, string) {
			if well {
				return 200, ""
			}
			return 503, ""
		})
		ask := func(want string) {
			t.Helper()
			if _, err := u.Health(t.Context()); codeOf(err) != want {
				t.Errorf("%v, want %s", err, want)
			}
		}
		for range 5 {
			ask("http_503")
		}
		for range 100 {
			ask(uplink.CodeResting)
		}
		if *seen != 5 || u.Rest() != time.Second/2 {
			t.Errorf("the host saw %d requests and rests %v", *seen, u.Rest())
		}
		for n, rest := range []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 150, 150} {
			time.Sleep(u.Rest())
			ask("http_503")
			ask(uplink.CodeResting)
			if got, want := u.Rest(), rest*time.Second; got != want {
				t.Errorf("probe %d failed, rests %v, want %v", n, got, want)
			}
		}
		well = true
		time.Sleep(u.Rest())
		for range 10 {
			ask("<nil>")
		}
		well = false
		for range 4 {
			ask("http_503")
		}
		if u.Rest() != 0 {
			t.Error("four failures opened it")
		}
	})
}

func TestOneProbeAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := make(chan struct{})
		u, seen := answersOf(t, func(n int) (int, string) {
			if n > 5 {
				<-slow
				return 200, ""
			}
			return 500, ""
		})
		for range 5 {
			_, _ = u.Health(t.Context())
		}
		time.Sleep(u.Rest())
		probe := make(chan error)
		go func() { _, err := u.Health(t.Context()); probe <- err }()
		synctest.Wait()
		for range 10 {
			if _, err := u.Health(t.Context()); codeOf(err) != uplink.CodeResting {
				t.Errorf("beside the probe: %v", err)
			}
		}
		close(slow)
		if err := <-probe; err != nil || *seen != 6 || u.Rest() != 0 {
			t.Errorf("%v, the host saw %d requests", err, *seen)
		}
		// A probe that its own task ends leaves the way free for the next.
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, _ = u.Health(ctx)
		if _, err := u.Health(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestAHostThatAsksForItIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, tt := range []struct {
			status      int
			after       string
			least, most time.Duration
		}{
			{503, "90", 90 * time.Second, 91 * time.Second},
			{429, "7", 7 * time.Second, 8 * time.Second},
			{503, time.Now().Add(time.Minute).UTC().Format(http.TimeFormat), 59 * time.Second, 61 * time.Second},
			{503, "999999", time.Hour, time.Hour + time.Second},
			{404, "90", 0, 0},
		} {
			u, _ := answersOf(t, func(int) (int, string) { return tt.status, tt.after })
			_, _ = u.Health(t.Context())
			if got := u.Rest(); got < tt.least || got > tt.most {
				t.Errorf("%d with Retry-After %q: rests %v", tt.status, tt.after, got)
			}
		}
	})
}

// TestThreeDaysWithoutALine has residents hand in all the while, on a real file;
// when the line comes back it loses one answer in three.
func TestThreeDaysWithoutALine(t *testing.T) {
	const outage = 72 * time.Hour
	const every = 30 * time.Minute
	synctest.Test(t, func(t *testing.T) {
		ca := prooftest.New(t)
		queue := openQueue(t)
		w := newWire()
		began := time.Now()
		var dials atomic.Int64
		var mu sync.Mutex // several are on their way at once
		calls := 0
		applied := map[string]int{}
		d := newDistrict(ca)
		d.answer = func(r *http.Request, body []byte) (int, string) {
			mu.Lock()
			defer mu.Unlock()
			id := path.Base(r.URL.Path)
			applied[id]++
			if calls++; calls%3 == 0 {
				panic(http.ErrAbortHandler) // applied, and the answer is lost
			}
			a := truth(r, body)
			a.Signature = vouched(a).Sign(ca.Answers)
			text, _ := json.Marshal(a)
			return 201, string(text)
		}
		u := d.serve(t, w, func(ctx context.Context, network, address string) (net.Conn, error) {
			dials.Add(1)
			if time.Since(began) < outage {
				return nil, errors.New("network is unreachable")
			}
			return w.Dial(ctx, network, address)
		}, newBadge(t, ca), nil)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() {
			ended <- relay.New(relay.Config{Queue: queue, Sender: u, Rest: u.Rest, Check: u.Check, Rand: func() float64 { return 0.5 }}).Run(ctx)
		}()
		handedIn := 0
		for time.Since(began) < outage {
			before := time.Now()
			put(t, queue, handedIn)
			handedIn++
			if took := time.Since(before); took != 0 {
				t.Errorf("handing in waited %v for the line", took)
			}
			time.Sleep(every)
		}
		tried := dials.Load()
		for {
			count, err := queue.Count(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if count.Waiting() == 0 && count.Parked == 0 {
				break
			}
			if time.Since(began) > outage+time.Hour {
				t.Fatalf("an hour later waiting %d, parked %d", count.Waiting(), count.Parked)
			}
			time.Sleep(10 * time.Second)
		}
		drained := time.Since(began) - outage
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		accepted, err := queue.List(t.Context(), outbox.Filter{States: []kiosk.State{kiosk.Accepted}})
		if err != nil || len(accepted) != handedIn || len(applied) != handedIn {
			t.Errorf("handed in %d, applied %d, accepted %d, %v", handedIn, len(applied), len(accepted), err)
		}
		if perHour := float64(tried) / outage.Hours(); perHour > 30 {
			t.Errorf("the dead line was tried %.1f times an hour", perHour)
		}
		t.Logf("%d handed in during 72 h, line tried %d times, drained in %v, %d sendings, each applied under its own id", handedIn, tried, drained, calls)
	})
}
