package lamptest_test

import (
	"errors"
	"testing"

	"leye/devices/lamp"
	"leye/devices/lamp/lamptest"
)

func TestContractInMemory(t *testing.T) {
	lamptest.RunLamp(t, func(*testing.T) lamptest.Rig {
		l := &lamptest.Lamp{}
		return lamptest.Rig{Lamp: l, Seen: l.Shows}
	})
}

func TestAFaultIsToldAndShowsNothingNew(t *testing.T) {
	l, broken := &lamptest.Lamp{}, errors.New("broken")
	l.Fail(broken)
	if err := l.Show(lamp.On); !errors.Is(err, broken) || l.Shows() != lamp.Off {
		t.Errorf("%v, %v", l.Shows(), err)
	}
	l.Fail(nil)
	if err := l.Show(lamp.On); err != nil || l.Shows() != lamp.On {
		t.Errorf("mended: %v, %v", l.Shows(), err)
	}
}
