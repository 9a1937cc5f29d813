package led_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"leye/devices/lamp"
	"leye/devices/lamp/lamptest"
	"leye/devices/lamp/led"
	"leye/devices/sim"
)

func newLamp(t *testing.T) (*led.LED, *sim.Lamp) {
	t.Helper()
	s, err := sim.NewLamp(filepath.Join(t.TempDir(), "leye-card"))
	if err != nil {
		t.Fatal(err)
	}
	l, err := led.Open(s.Path())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l, s
}

func TestContract(t *testing.T) {
	lamptest.RunLamp(t, func(t *testing.T) lamptest.Rig {
		l, s := newLamp(t)
		return lamptest.Rig{Lamp: l, Seen: s.Shows}
	})
}

// TestALampThatCannotBlinkIsLit takes away what the kernel's timer brings along.
func TestALampThatCannotBlinkIsLit(t *testing.T) {
	l, s := newLamp(t)
	if err := os.Remove(filepath.Join(s.Path(), "delay_on")); err != nil {
		t.Fatal(err)
	}
	if err := l.Show(lamp.Blinking); err != nil || s.Shows() != lamp.On {
		t.Errorf("%v, %v", s.Shows(), err)
	}
}

func TestALampThatIsAwayIsAnErrorAndComesBack(t *testing.T) {
	l, s := newLamp(t)
	if err := s.Remove(); err != nil {
		t.Fatal(err)
	}
	if err := l.Show(lamp.On); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("away: %v", err)
	}
	if err := l.Ready(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("away it is ready: %v", err)
	}
	if _, err := os.Stat(s.Path()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the driver made a lamp: %v", err)
	}
	if _, err := sim.NewLamp(s.Path()); err != nil {
		t.Fatal(err)
	}
	if err := l.Ready(); err != nil || s.Shows() != lamp.Off {
		t.Errorf("looked at: %v, %v", s.Shows(), err)
	}
	if err := l.Show(lamp.On); err != nil || s.Shows() != lamp.On {
		t.Errorf("back: %v, %v", s.Shows(), err)
	}
}

func TestBrightestMustBeANumber(t *testing.T) {
	l, s := newLamp(t)
	for _, text := range []string{"", "bright", "0", "-1"} {
		if err := os.WriteFile(filepath.Join(s.Path(), "max_brightness"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := l.Show(lamp.On); err == nil || s.Shows() != lamp.Off {
			t.Errorf("%q: %v, %v", text, s.Shows(), err)
		}
	}
	if _, err := led.Open(""); err == nil {
		t.Error("a lamp without a name was opened")
	}
}
