package samv

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"leye/devices/idcard"
	"leye/devices/idcard/idcardtest"
	"leye/devices/internal/frame"
	"leye/devices/internal/serialport"
	"leye/devices/sim"
)

// socket is a line to a simulated module that can be pulled and plugged in, on the
// clock of the test.
type socket struct {
	*sim.Cable
	module *sim.Reader
	out    bool // nothing is plugged in

	damage func(answer []byte) // done once to each of the next answers to 30 01
	spoils int                 // how many answers
	intact bool                // the answer that comes is not damaged yet
	deaf   bool                // the rest of it is lost
	asked  []string            // requests, as command and parameter
	heard  time.Time           // when the last bytes came

	mu     sync.Mutex // guards the cable against Close
	closed bool
	end    context.CancelFunc
	run    sync.WaitGroup
}

func (s *socket) Ensure(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return serialport.ErrClosed
	case s.Cable != nil:
		return nil
	case s.out:
		return fs.ErrNotExist
	}
	ctx, end := context.WithCancel(context.Background())
	s.Cable, s.end = sim.NewCable(), end
	device := s.Device()
	s.run.Go(func() { _ = s.module.Run(ctx, device) })
	return nil
}

// Drop and Close wait for the module without the lock: whoever waits for a lock does
// not count as waiting on the clock of a test, which would stand still.
func (s *socket) Drop() error {
	s.mu.Lock()
	cable, end := s.Cable, s.end
	s.Cable = nil
	s.mu.Unlock()
	if cable != nil {
		end()
		s.run.Wait()
	}
	return nil
}

func (s *socket) Close() error {
	s.mu.Lock()
	cable, end := s.Cable, s.end
	s.closed = true
	s.mu.Unlock()
	if cable == nil {
		return nil
	}
	err := cable.Close()
	end()
	s.run.Wait()
	return err
}

func (s *socket) Read(ctx context.Context, b []byte) (int, error) {
	if s.deaf {
		return 0, silence(ctx)
	}
	n, err := s.Cable.Read(ctx, b)
	s.heard = time.Now()
	if s.spoils > 0 && s.intact && n > 0 && b[0] != frame.Preamble[0] {
		s.spoils, s.intact = s.spoils-1, false
		s.damage(b[:n])
	}
	return n, unplugged(ctx, err)
}

// silence lasts until the end of ctx, or its deadline.
func silence(ctx context.Context) error {
	if at, ok := ctx.Deadline(); ok {
		var stop context.CancelFunc
		ctx, stop = context.WithDeadline(ctx, at)
		defer stop()
	}
	<-ctx.Done()
	return ctx.Err()
}

func (s *socket) Write(b []byte) (int, error) {
	request := fmt.Sprintf("% X", b[frame.Header:frame.Header+2])
	s.asked = append(s.asked, request)
	s.intact, s.deaf = request == "30 01", false
	n, err := s.Cable.Write(b)
	return n, unplugged(context.Background(), err)
}

func (s *socket) Discard() error { return unplugged(context.Background(), s.Cable.Discard()) }

func unplugged(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("%w: %w", serialport.ErrUnplugged, err)
}

func (s *socket) String() string { return "test socket" }

func (s *socket) count(request string) int {
	n := 0
	for _, a := range s.asked {
		if a == request {
			n++
		}
	}
	return n
}

// onSocket joins driver and module; baud 0 lets the driver find the rate.
func onSocket(t *testing.T, c sim.ReaderConfig, baud int) (*Reader, *socket) {
	t.Helper()
	s := &socket{module: sim.NewReader(c)}
	r := newReader(s, baud, nil)
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r, s
}

func rig(t *testing.T, r idcard.Reader, module *sim.Reader) idcardtest.Rig {
	lay := func(name string) {
		if err := module.Lay(name); err != nil {
			t.Error(err)
		}
	}
	return idcardtest.Rig{Reader: r, Lay: lay, LayOther: func() { lay(sim.OtherCard) }, Take: module.Take}
}

func TestContractOnASimulatedClock(t *testing.T) {
	for name, of := range map[string]struct {
		module sim.ReaderConfig
		baud   int
	}{
		"usual module":               {sim.ReaderConfig{}, 115200},
		"rate to be found":           {sim.ReaderConfig{Baud: 19200}, 0},
		"slow line":                  {sim.ReaderConfig{Baud: 9600}, 9600},
		"finds a card again":         {sim.ReaderConfig{Again: true}, 115200},
		"finds again, refuses 30 03": {sim.ReaderConfig{Again: true, NoExtra: true}, 115200},
	} {
		t.Run(name, func(t *testing.T) {
			idcardtest.RunReaderInBubble(t, func(t *testing.T) idcardtest.Rig {
				r, s := onSocket(t, of.module, of.baud)
				return rig(t, r, s.module)
			})
		})
	}
}

func TestContractOverPseudoTerminals(t *testing.T) {
	for _, driver := range []string{serialport.DriverBugst, serialport.DriverTarm} {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			idcardtest.RunReader(t, func(t *testing.T) idcardtest.Rig {
				module := sim.NewReader(sim.ReaderConfig{Find: time.Millisecond, Select: time.Millisecond, Read: time.Millisecond})
				r, err := Open(Config{Port: plug(t, module).Path(), Driver: driver})
				if err != nil {
					t.Fatal(err)
				}
				return rig(t, r, module)
			})
		})
	}
}

// plug gives the module a pseudo terminal.
func plug(t *testing.T, module *sim.Reader) *sim.PTY {
	t.Helper()
	line, err := sim.OpenPTY()
	if err != nil {
		t.Skip(err)
	}
	serve(t, module, line)
	return line
}

// serve runs the module on a line until the test ends.
func serve(t testing.TB, module *sim.Reader, line *sim.PTY) {
	ctx, cancel := context.WithCancel(context.Background())
	var run sync.WaitGroup
	run.Go(func() { _ = module.Run(ctx, line) })
	t.Cleanup(func() {
		cancel()
		run.Wait()
	})
}

// inBubble runs f with a reader on a simulated clock and a context that ends.
func inBubble(t *testing.T, c sim.ReaderConfig, baud int, f func(ctx context.Context, t *testing.T, r *Reader, s *socket)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r, s := onSocket(t, c, baud)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		f(ctx, t, r, s)
	})
}

func lay(t *testing.T, s *socket, name string) {
	t.Helper()
	if err := s.module.Lay(name); err != nil {
		t.Fatal(err)
	}
}

func wantCard(ctx context.Context, t *testing.T, r *Reader, name string) {
	t.Helper()
	c, err := r.Read(ctx)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	if difference := idcardtest.Load().Card(name).Differs(c); difference != "" {
		t.Errorf("%s: %s", name, difference)
	}
}

func TestRateIsFound(t *testing.T) {
	for i, baud := range rates {
		inBubble(t, sim.ReaderConfig{Baud: baud}, 0, func(ctx context.Context, t *testing.T, r *Reader, s *socket) {
			lay(t, s, "resident_plain")
			start := time.Now()
			wantCard(ctx, t, r, "resident_plain")
			if r.baud != baud || s.count("11 FF") != i+1 {
				t.Errorf("%d: settled on %d after %d questions", baud, r.baud, s.count("11 FF"))
			}
			if took := time.Since(start); took > 8*time.Second {
				t.Errorf("%d: %v", baud, took)
			}
			// A line that comes back is asked at the same rate first.
			s.asked = nil
			if err := r.drop(); err != nil {
				t.Fatal(err)
			}
			lay(t, s, "hmt_macao")
			wantCard(ctx, t, r, "hmt_macao")
			if s.count("11 FF") != 1 {
				t.Errorf("%d: %d questions for a known rate", baud, s.count("11 FF"))
			}
		})
	}
}

func TestGivenRateIsKept(t *testing.T) {
	inBubble(t, sim.ReaderConfig{Baud: 9600}, 115200, func(ctx context.Context, t *testing.T, r *Reader, s *socket) {
		lay(t, s, "resident_plain")
		if err := s.Ensure(ctx); err != nil {
			t.Fatal(err)
		}
		if err := s.SetBaud(115200); err != nil {
			t.Fatal(err)
		}
		if c, err := r.Read(ctx); err == nil {
			t.Errorf("read %v at another rate", c)
		}
		if s.count("11 FF") != 0 {
			t.Error("the rate was searched although it is given")
		}
	})
}

func TestDeafModuleIsFoundLater(t *testing.T) {
	inBubble(t, sim.ReaderConfig{}, 0, func(ctx context.Context, t *testing.T, r *Reader, s *socket) {
		s.module.Silence(true)
		if _, err := r.Read(ctx); !errors.Is(err, errSilent) || s.count("11 FF") != len(rates) {
			t.Errorf("deaf: %v after %d questions", err, s.count("11 FF"))
		}
		s.module.Silence(false)
		lay(t, s, "resident_plain")
		wantCard(ctx, t, r, "resident_plain")
	})
}

// The ways in which one answer is spoiled on the line.
var damages = map[string]struct {
	do   func(*socket) func([]byte)
	want error
}{
	"flipped bit": {func(*socket) func([]byte) { return func(b []byte) { b[3] ^= 0x10 } }, frame.ErrChecksum},
	"lost bytes":  {func(s *socket) func([]byte) { return func([]byte) { s.deaf = true } }, errBroken},
}

func TestDamagedAnswerIsReadAgain(t *testing.T) {
	for name, damage := range damages {
		for _, again := range []bool{false, true} {
			inBubble(t, sim.ReaderConfig{Again: again}, 115200, func(ctx context.Context, t *testing.T, r *Reader, s *socket) {
				var told []idcard.Progress
				r.SetProgress(func(p idcard.Progress) { told = append(told, p) })
				s.damage, s.spoils = damage.do(s), 1
				lay(t, s, "resident_plain")
				wantCard(ctx, t, r, "resident_plain")
				// The damaged one, and two that are equal.
				if n := s.count("30 01"); n != 3 || s.spoils != 0 {
					t.Errorf("%s: read %d times", name, n)
				}
				if slices.Contains(told, idcard.Retry) {
					t.Errorf("%s: the person was troubled: %v", name, told)
				}
			})
		}
	}
}

func TestAnswersThatStayDamagedAreReported(t *testing.T) {
	for name, damage := range damages {
		inBubble(t, sim.ReaderConfig{}, 115200, func(ctx context.Context, t *testing.T, r *Reader, s *socket) {
			var told []idcard.Progress
			r.SetProgress(func(p idcard.Progress) { told = append(told, p) })
			s.damage, s.spoils = damage.do(s), 1000
			lay(t, s, "resident_plain")
			start := time.Now()
			if c, err := r.Read(ctx); !errors.Is(err, idcard.ErrUnreadable) || !errors.Is(err, damage.want) {
				t.Errorf("%s: %v, %v", name, c, err)
			}
			if took := time.Since(start); took > 15*time.Second {
				t.Errorf("%s: told after %v", name, took)
			}
			if !slices.Equal(told, []idcard.Progress{idcard.Reading, idcard.Retry}) {
				t.Errorf("%s: told %v", name, told)
			}
			s.spoils = 0
			s.module.Take()
			lay(t, s, "hmt_macao")
			wantCard(ctx, t, r, "hmt_macao")
		})
	}
}

func TestCardTakenWhileItIsRead(t *testing.T) {
	for name, config := range map[string]sim.ReaderConfig{"usual": {}, "refuses 30 03": {NoExtra: true}} {
		inBubble(t, config, 115200, func(ctx context.Context, t *testing.T, r *Reader, s *socket) {
			lay(t, s, "resident_plain")
			s.module.TakeWhileRead()
			if c, err := r.Read(ctx); !errors.Is(err, idcard.ErrRemoved) {
				t.Errorf("%s: %v, %v", name, c, err)
			}
			lay(t, s, "hmt_macao")
			wantCard(ctx, t, r, "hmt_macao")
		})
	}
}

func TestCardTakenAfterADamagedAnswer(t *testing.T) {
	inBubble(t, sim.ReaderConfig{}, 115200, func(ctx context.Context, t *testing.T, r *Reader, s *socket) {
		s.damage, s.spoils = func(b []byte) { b[0] ^= 1; s.module.Take() }, 1
		lay(t, s, "resident_plain")
		if c, err := r.Read(ctx); !errors.Is(err, idcard.ErrRemoved) {
			t.Errorf("%v, %v", c, err)
		}
	})
}

func TestReaderIsPulledAndPluggedIn(t *testing.T) {
	for _, baud := range []int{0, 115200} {
		inBubble(t, sim.ReaderConfig{}, baud, func(ctx context.Context, t *testing.T, r *Reader, s *socket) {
			s.out = true
			if _, err := r.Read(ctx); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("missing port: %v", err)
			}
			s.out = false
			lay(t, s, "resident_plain")
			wantCard(ctx, t, r, "resident_plain")
			for range 3 {
				s.out = true
				pull := time.AfterFunc(time.Second, func() { _ = s.Cable.Close() })
				if c, err := r.Read(ctx); !errors.Is(err, serialport.ErrUnplugged) {
					t.Errorf("pulled: %v, %v", c, err)
				}
				pull.Stop()
				if here, err := r.Present(ctx); here || err != nil {
					t.Errorf("card on a reader that is gone: %v, %v", here, err)
				}
				s.out = false
				lay(t, s, "resident_plain")
				wantCard(ctx, t, r, "resident_plain")
			}
			if r.shown != idcard.Reading {
				t.Errorf("shows %v", r.shown)
			}
		})
	}
}

func TestSilentModuleIsResetAndComesBack(t *testing.T) {
	inBubble(t, sim.ReaderConfig{}, 115200, func(ctx context.Context, t *testing.T, r *Reader, s *socket) {
		s.module.Silence(true)
		if _, err := r.Read(ctx); !errors.Is(err, errSilent) || s.count("20 01") != silences || r.shown != idcard.Offline {
			t.Errorf("silent: %v after %d finds, shows %v", err, s.count("20 01"), r.shown)
		}
		if _, err := r.Read(ctx); !errors.Is(err, errSilent) || s.count("10 FF") != 1 {
			t.Errorf("still silent: %v after %d resets", err, s.count("10 FF"))
		}
		s.module.Silence(false)
		lay(t, s, "resident_plain")
		wantCard(ctx, t, r, "resident_plain")
	})
}

// TestAPlugThatSlipsIsNotShown has the line back at the first attempt to open it,
// and then takes it away for good.
func TestAPlugThatSlipsIsNotShown(t *testing.T) {
	inBubble(t, sim.ReaderConfig{}, 115200, func(ctx context.Context, t *testing.T, r *Reader, s *socket) {
		var told []idcard.Progress
		r.SetProgress(func(p idcard.Progress) { told = append(told, p) })
		lay(t, s, "resident_plain")
		wantCard(ctx, t, r, "resident_plain")
		s.module.Take()
		for range 3 {
			slip := time.AfterFunc(500*time.Millisecond, func() { _ = s.Cable.Close() })
			if c, err := r.Read(ctx); !errors.Is(err, serialport.ErrUnplugged) {
				t.Errorf("%v, %v", c, err)
			}
			slip.Stop()
		}
		if !slices.Equal(told, []idcard.Progress{idcard.Reading, idcard.Waiting}) {
			t.Errorf("told %v of a plug that slipped", told)
		}
		s.out = true
		_, _ = r.Read(ctx)
		if r.shown != idcard.Offline {
			t.Errorf("shows %v of a plug that is out", r.shown)
		}
	})
}

// babble is a socket whose line carries nothing but garbage until its time.
type babble struct {
	*socket
	until time.Time
	rand  *rand.Rand
}

func (b *babble) Read(ctx context.Context, p []byte) (int, error) {
	if !time.Now().Before(b.until) {
		return b.socket.Read(ctx, p)
	}
	t := time.NewTimer(5 * time.Millisecond)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	for i := range p[:57] {
		p[i] = byte(b.rand.Uint32())
	}
	copy(p[b.rand.IntN(40):], frame.Preamble[:1+b.rand.IntN(len(frame.Preamble))]) // what might begin a frame
	return 57, nil
}

func TestGarbageForMinutes(t *testing.T) {
	inBubble(t, sim.ReaderConfig{}, 115200, func(ctx context.Context, t *testing.T, r *Reader, s *socket) {
		const long = 5 * time.Minute
		b := &babble{s, time.Now().Add(long), rand.New(rand.NewPCG(3, 0))}
		r.line = b
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Hour)
		defer cancel()
		lay(t, s, "resident_plain")
		start := time.Now()
		for {
			card, err := r.Read(ctx)
			if pending := r.split.Pending(); pending > frame.Header+frame.MaxLength+512 {
				t.Fatalf("%d bytes are held", pending)
			}
			if err == nil {
				if difference := idcardtest.Load().Card("resident_plain").Differs(card); difference != "" {
					t.Error(difference)
				}
				break
			}
			if time.Since(start) < long && r.shown != idcard.Offline {
				t.Fatalf("shows %v: %v", r.shown, err)
			}
			_ = r.sleep(ctx, time.Second)
		}
		if back := time.Since(b.until); back < 0 || back > 8*time.Second {
			t.Errorf("read %v after the garbage ended", back)
		}
	})
}

// TestNoiseEndsWithTheLine holds that a bad line never hangs the reader and that
// it reads again as soon as the line is good.
func TestNoiseEndsWithTheLine(t *testing.T) {
	for seed := range uint64(20) {
		inBubble(t, sim.ReaderConfig{}, 115200, func(ctx context.Context, t *testing.T, r *Reader, s *socket) {
			s.module.Noise(seed + 1)
			lay(t, s, "resident_plain")
			noisy, cancel := context.WithTimeout(ctx, 20*time.Second)
			for noisy.Err() == nil {
				_, _ = r.Read(noisy) // whatever it is, it ends
			}
			cancel()
			s.module.Noise(0)
			s.module.Take()
			for range 10 {
				if here, err := r.Present(ctx); !here && err == nil {
					break
				}
			}
			empty, cancel := context.WithTimeout(ctx, 5*time.Second)
			defer cancel()
			for empty.Err() == nil {
				_, _ = r.Read(empty) // what was left over, then nothing
			}
			lay(t, s, "hmt_macao")
			wantCard(ctx, t, r, "hmt_macao")
		})
	}
}
