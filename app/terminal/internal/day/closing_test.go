package day_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"leye/app/terminal/internal/day"
	"leye/app/terminal/internal/kiosk"
)

// The bubble's clock starts at 8 in the morning of 1 January 2000 in China.
func TestClosesOnceADayWhenNobodyIsServed(t *testing.T) {
	at := func(day, hour, minute int) time.Time { return time.Date(2000, 1, day, hour, minute, 0, 0, kiosk.China) }
	for name, c := range map[string]struct {
		close   time.Duration
		served  [2]time.Time // from, to
		failing [2]time.Time
		want    []time.Time // prints that came out
	}{
		"each day":              {close: 17 * time.Hour, want: []time.Time{at(1, 17, 0), at(2, 17, 0)}},
		"started after closing": {close: 7 * time.Hour, want: []time.Time{at(1, 8, 0), at(2, 7, 0), at(3, 7, 0)}},
		"a visit goes on":       {close: 17 * time.Hour, served: [2]time.Time{at(1, 16, 50), at(1, 17, 4)}, want: []time.Time{at(1, 17, 4), at(2, 17, 0)}},
		"no paper":              {close: 17 * time.Hour, failing: [2]time.Time{at(1, 12, 0), at(1, 18, 30)}, want: []time.Time{at(1, 18, 30), at(2, 17, 0)}},
		"no paper till morning": {close: 17 * time.Hour, failing: [2]time.Time{at(1, 12, 0), at(2, 9, 0)}, want: []time.Time{at(2, 17, 0)}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				during := func(span [2]time.Time) bool {
					now := time.Now()
					return !now.Before(span[0]) && now.Before(span[1])
				}
				var printed []time.Time
				closing := day.New(day.Config{
					At: c.close, Free: func() bool { return !during(c.served) },
					Print: func(_ context.Context, now time.Time) error {
						if during(c.failing) {
							return errors.New("no paper")
						}
						printed = append(printed, now.In(kiosk.China))
						return nil
					},
				})
				ctx, cancel := context.WithDeadline(t.Context(), at(3, 7, 30))
				defer cancel()
				if err := closing.Run(ctx); err != nil {
					t.Error(err)
				}
				if !slices.EqualFunc(printed, c.want, time.Time.Equal) {
					t.Errorf("printed at %v, want %v", printed, c.want)
				}
			})
		})
	}
}
