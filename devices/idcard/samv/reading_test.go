package samv

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"leye/devices/idcard"
	"leye/devices/idcard/idcardtest"
	"leye/devices/internal/frame"
	"leye/devices/sim"
)

// noisy is a socket whose line damages bytes in both directions.
type noisy struct {
	*socket
	noise
	rand  *rand.Rand
	burst int // bytes of a burst still to come
}

// noise is how a line damages: one byte in so many, a single bit of it or all of
// it and some behind it.
type noise struct {
	every  int
	bursts bool
}

func (n *noisy) spoil(p []byte) {
	for i := range p {
		if n.burst > 0 {
			n.burst--
			p[i] = byte(n.rand.Uint32())
			continue
		}
		switch {
		case n.rand.IntN(n.every) != 0:
		case n.bursts:
			n.burst = 2 + n.rand.IntN(30)
		default:
			p[i] ^= 1 << n.rand.IntN(8)
		}
	}
}

func (n *noisy) Read(ctx context.Context, b []byte) (int, error) {
	c, err := n.socket.Read(ctx, b)
	n.spoil(b[:c])
	return c, err
}

func (n *noisy) Write(b []byte) (int, error) {
	heard := append([]byte(nil), b...)
	n.spoil(heard)
	if len(heard) < frame.Header+2 {
		return n.socket.Write(b)
	}
	if _, err := n.socket.Write(heard); err != nil {
		return 0, err
	}
	return len(b), nil
}

// tally is what became of readings.
type tally struct{ right, wrong, refused int }

func (a *tally) add(b tally) {
	a.right, a.wrong, a.refused = a.right+b.right, a.wrong+b.wrong, a.refused+b.refused
}

// noises are from one damaged byte in twenty answers to several in each. Bursts are
// what motors and relays make.
var noises = []noise{
	{25000, false}, {5000, false}, {1500, false}, {700, false}, {250, false}, {60, false},
	{20000, true}, {5000, true}, {1500, true}, {500, true},
}

// TestNoWrongCardIsAccepted reads cards over noisy lines: KIOSK_READINGS of them,
// or a few hundred. What a driver without the second reading and without a look at
// the meaning would have taken for a card is counted beside it.
func TestNoWrongCardIsAccepted(t *testing.T) {
	readings := 600
	if n, err := strconv.Atoi(os.Getenv("KIOSK_READINGS")); err == nil {
		readings = n
	}
	var driver, control tally
	for i, n := range noises {
		seed := uint64(i + 1)
		overNoise(t, n, seed, func(ctx context.Context, t *testing.T, r *Reader, s *socket) {
			driver.add(readMany(ctx, t, r, s, readings/len(noises), readCarefully))
		})
		overNoise(t, n, seed, func(ctx context.Context, t *testing.T, r *Reader, s *socket) {
			control.add(readMany(ctx, t, r, s, readings/len(noises), readTrustingly))
		})
	}
	t.Logf("driver:  %d right, %d wrong, %d refused", driver.right, driver.wrong, driver.refused)
	t.Logf("control: %d right, %d wrong, %d refused", control.right, control.wrong, control.refused)
	if driver.wrong > 0 {
		t.Errorf("%d wrong cards were accepted", driver.wrong)
	}
	if driver.right < readings/2 {
		t.Errorf("only %d of %d cards were read", driver.right, readings)
	}
	if control.wrong == 0 {
		t.Error("the noise fools nobody: it proves nothing")
	}
}

// overNoise runs f with a driver on a noisy line, on a simulated clock.
func overNoise(t *testing.T, n noise, seed uint64, f func(context.Context, *testing.T, *Reader, *socket)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(asOf.Time())) // the clock of a bubble begins before some were born
		s := &socket{module: sim.NewReader(sim.ReaderConfig{})}
		r := newReader(&noisy{socket: s, noise: n, rand: rand.New(rand.NewPCG(seed, 0))}, 115200, nil)
		f(t.Context(), t, r, s)
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
}

// readMany lays one card after another and judges each reading.
func readMany(ctx context.Context, t *testing.T, r *Reader, s *socket, n int, read func(context.Context, *Reader) (idcard.Card, error)) tally {
	t.Helper()
	var cards []idcardtest.Card
	for _, c := range idcardtest.Load().Cards {
		if c.Command == "3001" {
			cards = append(cards, c)
		}
	}
	var all tally
	for i := range n {
		laid := cards[i%len(cards)]
		lay(t, s, laid.Name)
		got, err := read(ctx, r)
		switch {
		case err != nil:
			all.refused++
		case laid.Differs(got) != "":
			all.wrong++
		default:
			all.right++
		}
		s.module.Take()
		_ = r.sleep(ctx, 2*time.Second) // the next person steps up
	}
	return all
}

// readCarefully is the driver as it is; a person gives up after twenty seconds.
func readCarefully(ctx context.Context, r *Reader) (idcard.Card, error) {
	for range 10 {
		if here, err := r.Present(ctx); !here && err == nil {
			break
		}
		_ = r.sleep(ctx, pollEvery)
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		card, err := r.Read(ctx)
		if err == nil || ctx.Err() != nil {
			return card, err
		}
		_ = r.sleep(ctx, pollEvery)
	}
}

// readTrustingly believes a right checksum and a right length.
func readTrustingly(ctx context.Context, r *Reader) (idcard.Card, error) {
	if err := r.line.Ensure(ctx); err != nil {
		return idcard.Card{}, err
	}
	var data []byte
	for _, c := range []command{find, selectCard, readBase} {
		var err error
		if data, err = r.ask(ctx, c); err != nil {
			return idcard.Card{}, err
		}
	}
	return Decode(data, false, asOf)
}

func TestACardThatContradictsItselfIsReadTwice(t *testing.T) {
	for name, times := range map[string]int{"resident_plain": 1, "resident_pua_name": 1, "resident_bad_check_digit": 2, "resident_number_contradicts_fields": 2} {
		for _, again := range []bool{false, true} {
			inBubble(t, sim.ReaderConfig{Again: again}, 115200, func(ctx context.Context, t *testing.T, r *Reader, s *socket) {
				lay(t, s, name)
				wantCard(ctx, t, r, name)
				if n := s.count("30 01"); n != times {
					t.Errorf("%s: read %d times, want %d", name, n, times)
				}
			})
		}
	}
}

// TestADamagedAnswerThatFitsIsNotBelieved flips the same bit in two characters of
// the address: length and checksum stay right.
func TestADamagedAnswerThatFitsIsNotBelieved(t *testing.T) {
	inBubble(t, sim.ReaderConfig{}, 115200, func(ctx context.Context, t *testing.T, r *Reader, s *socket) {
		r.noise = time.Now() // as after any fault
		fits := func(b []byte) { b[0] ^= 4; b[2] ^= 4 }
		s.damage, s.spoils = fits, 1
		lay(t, s, "resident_plain")
		wantCard(ctx, t, r, "resident_plain")
		if s.spoils != 0 || s.count("30 01") != 3 {
			t.Errorf("read %d times", s.count("30 01"))
		}
	})
}

func TestReadingsOfTwoCardsAreNeverOne(t *testing.T) {
	inBubble(t, sim.ReaderConfig{}, 115200, func(ctx context.Context, t *testing.T, r *Reader, s *socket) {
		r.noise = time.Now()
		lay(t, s, "resident_plain")
		// The other card comes while the first waits for its second reading.
		swap := time.AfterFunc(1200*time.Millisecond, func() { lay(t, s, "hmt_macao") })
		defer swap.Stop()
		for {
			card, err := r.Read(ctx)
			if err == nil {
				if difference := idcardtest.Load().Card("hmt_macao").Differs(card); difference != "" {
					t.Error(difference)
				}
				return
			}
			if !errors.Is(err, idcard.ErrRemoved) {
				t.Fatal(err)
			}
		}
	})
}

func TestALineIsTrustedAgainAfterAWhile(t *testing.T) {
	inBubble(t, sim.ReaderConfig{}, 115200, func(ctx context.Context, t *testing.T, r *Reader, s *socket) {
		for _, want := range []struct {
			ago   time.Duration
			times int
		}{{doubtFor - time.Minute, 2}, {doubtFor, 1}} {
			r.noise, s.asked = time.Now().Add(-want.ago), nil
			lay(t, s, "resident_plain")
			wantCard(ctx, t, r, "resident_plain")
			if n := s.count("30 01"); n != want.times {
				t.Errorf("a fault %v ago: read %d times", want.ago, n)
			}
			s.module.Take()
			for here := true; here; {
				here, _ = r.Present(ctx)
			}
		}
	})
}
