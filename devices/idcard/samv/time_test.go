package samv

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"leye/devices/idcard"
	"leye/devices/internal/frame"
	"leye/devices/internal/serialport"
	"leye/devices/sim"
)

// shortest is the least time in which a card can be read: the module's own for
// find, select and read, and that of the bytes on the line.
func shortest(baud int) time.Duration {
	const own = 680 * time.Millisecond
	requests := 3 * (frame.Header + frame.MinRequest)
	answers := 3*(frame.Header+frame.MinAnswer) + find.data + selectCard.data + readBase.data
	return own + time.Duration((requests+answers)*10)*time.Second/time.Duration(baud)
}

// most is what a reading may take of the shortest.
const most = 1.10

// TestACardIsReadAsFastAsTheLineAllows lays a card at every moment of the driver's
// round.
func TestACardIsReadAsFastAsTheLineAllows(t *testing.T) {
	for _, baud := range rates {
		worst := 0.0
		for phase := time.Duration(0); phase < 100*time.Millisecond; phase += 3 * time.Millisecond {
			inBubble(t, sim.ReaderConfig{Baud: baud}, baud, func(ctx context.Context, t *testing.T, r *Reader, s *socket) {
				r.Expect(true)
				time.AfterFunc(time.Second+phase, func() { lay(t, s, "resident_plain") })
				start := time.Now().Add(time.Second + phase)
				wantCard(ctx, t, r, "resident_plain")
				worst = max(worst, float64(time.Since(start))/float64(shortest(baud)))
			})
		}
		t.Logf("%d bit/s: %.3f of %v at worst", baud, worst, shortest(baud))
		if worst > most {
			t.Errorf("%d bit/s: %.3f of %v", baud, worst, shortest(baud))
		}
	}
}

// shows is within how long of being laid the person must see that a card was found,
// whoever asked for it.
const shows = 400 * time.Millisecond

// TestACardThatNobodyAskedForShowsSoon lays it at every moment of the driver's round.
func TestACardThatNobodyAskedForShowsSoon(t *testing.T) {
	for phase := time.Duration(0); phase < 300*time.Millisecond; phase += 7 * time.Millisecond {
		inBubble(t, sim.ReaderConfig{}, 115200, func(ctx context.Context, t *testing.T, r *Reader, s *socket) {
			start := time.Now().Add(time.Second + phase)
			r.SetProgress(func(p idcard.Progress) {
				if took := time.Since(start); p == idcard.Reading && took > shows {
					t.Errorf("shows %v after it was laid", took)
				}
			})
			time.AfterFunc(time.Second+phase, func() { lay(t, s, "resident_plain") })
			wantCard(ctx, t, r, "resident_plain")
		})
	}
}

// TestACardExpectedIsLookedForAtOnce does not let the longer pause run out.
func TestACardExpectedIsLookedForAtOnce(t *testing.T) {
	inBubble(t, sim.ReaderConfig{}, 115200, func(ctx context.Context, t *testing.T, r *Reader, s *socket) {
		var asked time.Time
		time.AfterFunc(50*time.Millisecond, func() { // within the first pause
			asked = time.Now()
			lay(t, s, "resident_plain")
			r.Expect(true)
		})
		wantCard(ctx, t, r, "resident_plain")
		if took := time.Since(asked); took > shortest(115200)+5*time.Millisecond {
			t.Errorf("%v, of %v", took, shortest(115200))
		}
	})
}

// TestEveryStateIsToldWhenItIsKnown holds the driver to telling what an answer
// means in the moment in which its last byte arrives.
func TestEveryStateIsToldWhenItIsKnown(t *testing.T) {
	inBubble(t, sim.ReaderConfig{}, 115200, func(ctx context.Context, t *testing.T, r *Reader, s *socket) {
		var at time.Time
		r.SetProgress(func(p idcard.Progress) {
			if late := time.Since(s.heard); late > time.Millisecond {
				t.Errorf("%v is told %v after the answer", p, late)
			}
			at = time.Now()
		})
		lay(t, s, "resident_plain")
		wantCard(ctx, t, r, "resident_plain")
		taken := time.AfterFunc(time.Second, s.module.Take)
		defer taken.Stop()
		gone := time.Now().Add(time.Second)
		empty, cancel := context.WithTimeout(ctx, 3*time.Second)
		defer cancel()
		if c, err := r.Read(empty); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("%v, %v", c, err)
		}
		if took := at.Sub(gone); r.shown != idcard.Waiting || took > holdEvery+2*60*time.Millisecond {
			t.Errorf("shows %v, %v after the card was taken", r.shown, took)
		}
	})
}

// BenchmarkCard is from a card laid, while one is expected, to its value over a
// pseudo terminal, beside the bare exchange of the same bytes with the same module
// in the same minutes, and beside the shortest time. Medians, but for the worst.
func BenchmarkCard(b *testing.B) {
	for _, baud := range rates {
		b.Run(fmt.Sprint(baud), func(b *testing.B) {
			module := startModule(b, baud)
			r := overPTY(b, module, Config{Baud: baud})
			r.Expect(true)
			var took, bare []time.Duration
			for b.Loop() {
				took = append(took, layAndRead(b, r, module))
				bare = append(bare, layAndExchange(b, r, module))
			}
			slices.Sort(took)
			slices.Sort(bare)
			for unit, d := range map[string]time.Duration{"ms/card": took[len(took)/2], "worst-ms": took[len(took)-1], "bare-ms": bare[len(bare)/2], "floor-ms": shortest(baud)} {
				b.ReportMetric(1000*d.Seconds(), unit)
			}
		})
	}
}

// layAndExchange asks for a card that lies there, byte for byte what must be asked.
func layAndExchange(b *testing.B, r *Reader, module process) time.Duration {
	b.Helper()
	module.lay(b, "resident_plain")
	time.Sleep(50 * time.Millisecond) // it lies there
	start := time.Now()
	for _, c := range []command{find, selectCard, readBase} {
		if _, err := r.line.Write(frame.Append(nil, []byte{c.cmd, c.para})); err != nil {
			b.Fatal(err)
		}
		buf := make([]byte, 4096)
		for want := frame.Header + frame.MinAnswer + c.data; want > 0; {
			n, err := r.line.Read(b.Context(), buf)
			if err != nil {
				b.Fatal(err)
			}
			want -= n
		}
	}
	took := time.Since(start)
	module.lay(b, "")
	return took
}

func layAndRead(b *testing.B, r *Reader, module process) time.Duration {
	b.Helper()
	type result struct {
		at  time.Time
		err error
	}
	done := make(chan result, 1)
	go func() {
		_, err := r.Read(b.Context())
		done <- result{time.Now(), err}
	}()
	time.Sleep(100 * time.Millisecond) // it polls
	start := time.Now()
	module.lay(b, "resident_plain")
	got := <-done
	if got.err != nil {
		b.Fatal(got.err)
	}
	module.lay(b, "")
	for here := true; here; {
		var err error
		if here, err = r.Present(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	return got.at.Sub(start)
}

// BenchmarkIdle is the share of a processor that waiting for a card costs the
// driver's process: at rest, and while a person is asked for one.
func BenchmarkIdle(b *testing.B) {
	for _, driver := range []string{serialport.DriverBugst, serialport.DriverTarm} {
		for _, expected := range []bool{false, true} {
			b.Run(driver+map[bool]string{false: "-resting", true: "-expecting"}[expected], func(b *testing.B) {
				r := overPTY(b, startModule(b, 115200), Config{Driver: driver, Baud: 115200})
				r.Expect(expected)
				begin, busy := time.Now(), cpu(b)
				for b.Loop() {
					ctx, cancel := context.WithTimeout(b.Context(), 5*time.Second)
					_, err := r.Read(ctx)
					cancel()
					if !errors.Is(err, context.DeadlineExceeded) {
						b.Fatal(err)
					}
				}
				b.ReportMetric(100*(cpu(b)-busy).Seconds()/time.Since(begin).Seconds(), "%core")
			})
		}
	}
}

func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// overPTY opens the module's line.
func overPTY(b *testing.B, module process, c Config) *Reader {
	b.Helper()
	c.Port = module.path
	r, err := Open(c)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = r.Close() })
	return r
}
