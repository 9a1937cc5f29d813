package outbox

import (
	"math"
	"testing"
	"time"
)

func TestPaceIsThatOfTheLastTwoWeeks(t *testing.T) {
	b := openTest(t)
	p, err := b.Pace(t.Context())
	if err != nil || p.PerDay != usualPerDay || p.Bytes < usualBody {
		t.Errorf("a new terminal: %+v, %v", p, err)
	}
	b.put(t, "") // long ago, and of no account
	b.now = b.now.AddDate(0, 0, 30)
	for range 10 {
		for range 6 {
			b.put(t, "")
		}
		b.now = b.now.Add(24 * time.Hour)
	}
	p, err = b.Pace(t.Context())
	if err != nil || math.Round(p.PerDay) != 6 {
		t.Errorf("six a day: %+v, %v", p, err)
	}
	p.PerDay = 6
	for free, want := range map[int64]int{-5: 0, 0: 0, 6*p.Bytes - 1: 0, 6 * p.Bytes: 1, 600 * p.Bytes: 100} {
		if got := p.Days(free); got != want {
			t.Errorf("%d free bytes last %d days, want %d", free, got, want)
		}
	}
}
