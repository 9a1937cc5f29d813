// Package lamptest is a lamp in memory and the contract that every lamp keeps.
package lamptest

import (
	"os"
	"sync"
	"testing"

	"leye/devices/lamp"
)

// Lamp is a lamp in memory. Its zero value is dark; its methods may be called at the
// same time.
type Lamp struct {
	mu     sync.Mutex
	state  lamp.State
	fault  error
	closed bool
}

var _ lamp.Lamp = (*Lamp)(nil)

// Show implements lamp.Lamp.
func (l *Lamp) Show(s lamp.State) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closed:
		return os.ErrClosed
	case l.fault != nil:
		return l.fault
	}
	l.state = s
	return nil
}

// Fail makes each Show fail with err from now on; nil ends it.
func (l *Lamp) Fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fault = err
}

// Shows is what is seen of it.
func (l *Lamp) Shows() lamp.State {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state
}

func (l *Lamp) String() string { return "lamp in memory" }

// Close implements lamp.Lamp.
func (l *Lamp) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed, l.state = true, lamp.Off
	return nil
}

// Rig is a lamp under test, and what a person sees of it.
type Rig struct {
	Lamp lamp.Lamp
	Seen func() lamp.State
}

// RunLamp holds a lamp to its contract. Each case opens its own, in any state.
func RunLamp(t *testing.T, open func(t *testing.T) Rig) {
	t.Helper()
	t.Run("shows each state after each", func(t *testing.T) {
		r := open(t)
		all := []lamp.State{lamp.Off, lamp.On, lamp.Blinking}
		for _, from := range all {
			for _, to := range all {
				for _, s := range []lamp.State{from, to, to} {
					if err := r.Lamp.Show(s); err != nil {
						t.Fatalf("show %v: %v", s, err)
					}
					if seen := r.Seen(); seen != s {
						t.Errorf("from %v to %v: it is %v", from, to, seen)
					}
				}
			}
		}
		if r.Lamp.String() == "" {
			t.Error("it has no name")
		}
	})
	t.Run("is dark after Close and shows no more", func(t *testing.T) {
		r := open(t)
		if err := r.Lamp.Show(lamp.Blinking); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := r.Lamp.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
		}
		if err := r.Lamp.Show(lamp.On); err == nil || r.Seen() != lamp.Off {
			t.Errorf("closed it shows %v, %v", r.Seen(), err)
		}
	})
}
