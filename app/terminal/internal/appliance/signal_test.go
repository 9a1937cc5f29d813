package appliance

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/session"
	"leye/devices/idcard"
	"leye/devices/lamp"
	"leye/devices/lamp/lamptest"
	"leye/devices/speaker"
	"leye/devices/speaker/speakertest"
)

// conditions keeps what the tasks tell.
type conditions struct {
	mu    sync.Mutex
	stand map[kiosk.Code]error
}

func (c *conditions) came(code kiosk.Code, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stand == nil {
		c.stand = map[kiosk.Code]error{}
	}
	c.stand[code] = err
}

func (c *conditions) of(code kiosk.Code) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stand[code]
}

// within runs a task on the clock of a test.
func within(t *testing.T, task Task, f func(t *testing.T)) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- task.Run(ctx) }()
	synctest.Wait()
	f(t)
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// The states of a session in which a lamp shows something, or somebody is called.
var (
	empty   = session.State{Stage: session.Idle}
	asking  = session.State{Stage: session.Identify}
	known   = session.State{Stage: session.Identify, Resident: &kiosk.Resident{}, Reader: idcard.Reading}
	left    = session.State{Stage: session.Ended, CardLeft: true, Reader: idcard.Reading, Language: "en"}
	leftOn  = session.State{Stage: session.Idle, CardLeft: true, Reader: idcard.Reading, Language: "zh"}
	offline = session.State{Stage: session.Identify, Reader: idcard.Offline}
	unseen  = session.State{Stage: session.Ended, CardLeft: true, Reader: idcard.Offline}
	both    = session.State{Stage: session.Ended, CardLeft: true, SlipLeft: true, Reader: idcard.Reading, Language: "zh"}
	slipOn  = session.State{Stage: session.Ended, SlipLeft: true, Reader: idcard.Waiting, Language: "zh"}
	quiet   = session.State{Stage: session.Filling, Overlay: session.StillThere, Language: "en"}
	filling = session.State{Stage: session.Filling, Language: "en"}
)

func TestTheLampSaysWhereTheCardStands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, told := &lamptest.Lamp{}, &conditions{}
		if err := l.Show(lamp.On); err != nil { // as a killed program leaves it
			t.Fatal(err)
		}
		task := newLight(l, told.came)
		within(t, task, func(t *testing.T) {
			for i, step := range []struct {
				state session.State
				want  lamp.State
			}{{empty, lamp.Off}, {asking, lamp.On}, {known, lamp.Off}, {left, lamp.Blinking}, {leftOn, lamp.Blinking}, {unseen, lamp.Off}, {asking, lamp.On}, {offline, lamp.Off}} {
				task.show(step.state)
				synctest.Wait()
				if got := l.Shows(); got != step.want {
					t.Errorf("step %d: %v, want %v", i, got, step.want)
				}
			}
			broken := errors.New("broken")
			l.Fail(broken)
			task.show(asking)
			synctest.Wait()
			if err := told.of(kiosk.CodeLightFailing); !errors.Is(err, broken) {
				t.Errorf("a lamp that cannot be lit: %v", err)
			}
			l.Fail(nil)
			task.show(empty)
			synctest.Wait()
			if err := told.of(kiosk.CodeLightFailing); err != nil {
				t.Errorf("a lamp that can be lit again: %v", err)
			}
		})
	})
}

func TestWhoeverLeftACardIsCalledUntilItIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, told := &speakertest.Speaker{Lasts: 1500 * time.Millisecond}, &conditions{}
		task := newCaller(s, told.came)
		within(t, task, func(t *testing.T) {
			task.show(asking)
			synctest.Wait()
			if n := len(s.Played()); n != 0 {
				t.Fatalf("%d sounds while nothing was left", n)
			}
			task.show(left)
			synctest.Wait()
			if n := len(s.Played()); n != 1 {
				t.Fatalf("%d sounds at once", n)
			}
			time.Sleep(near - time.Second)
			task.show(leftOn)
			synctest.Wait()
			soon := len(s.Played())
			time.Sleep(10 * near)
			synctest.Wait()
			later := len(s.Played()) - soon
			if soon != 8 || later < 15 || later > 20 {
				t.Errorf("%d sounds in a minute, %d in ten more", soon, later)
			}
			for _, sound := range s.Played() {
				if sound.Sentence != speaker.CardLeft("en").Sentence {
					t.Errorf("called by %s", sound.Sentence)
				}
			}
			task.show(empty)
			synctest.Wait()
			n := len(s.Played())
			time.Sleep(10 * near)
			if got := len(s.Played()); got != n {
				t.Errorf("%d sounds after the card was taken", got-n)
			}
		})
	})
}

// sentences are what was heard, each as often as it was.
func sentences(s *speakertest.Speaker) map[string]int {
	heard := map[string]int{}
	for _, sound := range s.Played() {
		heard[sound.Sentence]++
	}
	return heard
}

func TestASlipIsCalledForOnlyWhileSomebodyMayBeNear(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &speakertest.Speaker{Lasts: time.Second}
		task := newCaller(s, (&conditions{}).came)
		within(t, task, func(t *testing.T) {
			task.show(both)
			time.Sleep(often / 2)
			task.show(slipOn) // the card was taken, the slip not yet
			time.Sleep(10 * near)
			synctest.Wait()
			heard := sentences(s)
			if n := heard["slip-left.zh"]; heard["card-left.zh"] != 1 || n < 8 || n > 10 || len(heard) != 2 {
				t.Errorf("heard %v", heard)
			}
			task.show(empty)
			time.Sleep(near)
			task.show(slipOn)
			synctest.Wait()
			if n := len(s.Played()); n != heard["slip-left.zh"]+2 {
				t.Errorf("%d sounds after another slip was left", n)
			}
		})
	})
}

func TestWhoeverIsQuietIsAskedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &speakertest.Speaker{Lasts: time.Second}
		task := newCaller(s, (&conditions{}).came)
		within(t, task, func(t *testing.T) {
			for n := range 2 {
				task.show(quiet)
				time.Sleep(near)
				task.show(filling) // a touch
				synctest.Wait()
				if heard := sentences(s); heard["still-there.en"] != n+1 || len(heard) != 1 {
					t.Errorf("heard %v", heard)
				}
			}
			task.show(quiet)
			synctest.Wait()
			task.show(left) // nobody was there, and the card was
			time.Sleep(often)
			if heard := sentences(s); heard["card-left.en"] != 1 || heard["still-there.en"] != 3 {
				t.Errorf("heard %v", heard)
			}
		})
	})
}

func TestNoSoundIsAConditionAndHoldsNothingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, told, broken := &speakertest.Speaker{}, &conditions{}, errors.New("no sound card")
		s.Fail(broken)
		task := newCaller(s, told.came)
		within(t, task, func(t *testing.T) {
			if err := told.of(kiosk.CodeSoundFailing); !errors.Is(err, broken) {
				t.Errorf("at the start: %v", err)
			}
			task.show(left)
			time.Sleep(near)
			s.Fail(nil)
			time.Sleep(near)
			synctest.Wait()
			if err := told.of(kiosk.CodeSoundFailing); err != nil || len(s.Played()) == 0 {
				t.Errorf("mended: %v, %d sounds", err, len(s.Played()))
			}
			task.show(unseen) // a silent reader does not see the card go
			synctest.Wait()
			n := len(s.Played())
			time.Sleep(near)
			if got := len(s.Played()); got != n {
				t.Errorf("%d sounds for a card that nobody sees", got-n)
			}
		})
	})
}
