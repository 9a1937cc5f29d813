package clock_test

import (
	"testing"
	"testing/synctest"
	"time"

	"leye/app/terminal/internal/clock"
)

// In a bubble of synctest the machine's clock begins at 2000-01-01.
func TestTheCentralsTimeCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		built := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
		c := clock.New(built)
		if !c.Now().Equal(built) {
			t.Errorf("before anything is heard it is %v, want the day of the build", c.Now())
		}
		c.Learn(built.Add(-time.Hour))
		if !c.Now().Equal(built) {
			t.Errorf("a time before the build was taken: %v", c.Now())
		}
		real := time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
		c.Learn(real)
		time.Sleep(time.Hour)
		if !c.Now().Equal(real.Add(time.Hour)) {
			t.Errorf("an hour later it is %v", c.Now())
		}
	})
}

func TestASmallDifferenceIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clock.New(time.Time{})
		for _, off := range []time.Duration{20 * time.Second, -20 * time.Second} {
			c.Learn(time.Now().Add(off))
			if !c.Now().Equal(time.Now()) {
				t.Errorf("%v was taken", off)
			}
		}
		c.Learn(time.Now().Add(-10 * 365 * 24 * time.Hour))
		if got := time.Until(c.Now()); got != -10*365*24*time.Hour {
			t.Errorf("a clock ten years ahead is corrected by %v", got)
		}
		c.Learn(time.Now())
		if !c.Now().Equal(time.Now()) {
			t.Error("a clock that was set right keeps its correction")
		}
	})
}

func TestWhatWasToldIsCarriedOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		built := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
		c := clock.New(built)
		c.Learn(built.Add(-time.Hour))
		if at, ok := c.Told(); ok {
			t.Errorf("nothing was said that is believed, and it is %v", at)
		}
		for _, said := range []time.Time{built.AddDate(0, 1, 0), built.AddDate(1, 0, 0)} {
			c.Learn(said)
			time.Sleep(time.Hour)
			if at, ok := c.Told(); !ok || !at.Equal(said.Add(time.Hour)) {
				t.Errorf("an hour after %v it is %v, %v", said, at, ok)
			}
		}
	})
}
