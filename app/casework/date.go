package casework

import (
	"cmp"
	"fmt"
	"time"
)

// zone is China Standard Time, eight hours ahead of UTC without summer time. It
// is fixed here because a terminal may lack a time zone database.
var zone = time.FixedZone("Asia/Shanghai", 8*60*60)

// Date is a calendar day in Shanghai, without a time.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf is the day in Shanghai at the moment t.
func DateOf(t time.Time) Date {
	y, m, d := t.In(zone).Date()
	return Date{y, m, d}
}

// ParseDate reads YYYY-MM-DD.
func ParseDate(s string) (Date, error) {
	t, err := time.ParseInLocation(time.DateOnly, s, zone)
	if err != nil {
		return Date{}, fmt.Errorf("read date %q: not a day as YYYY-MM-DD", s)
	}
	return DateOf(t), nil
}

// String is the day as YYYY-MM-DD.
func (d Date) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, int(d.Month), d.Day) }

// Start is the moment at which the day begins in Shanghai.
func (d Date) Start() time.Time { return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, zone) }

// Compare is below zero when d is before e, zero when they are the same day.
func (d Date) Compare(e Date) int {
	return cmp.Or(cmp.Compare(d.Year, e.Year), cmp.Compare(d.Month, e.Month), cmp.Compare(d.Day, e.Day))
}

// Before tells whether d is an earlier day than e.
func (d Date) Before(e Date) bool { return d.Compare(e) < 0 }

// Weekday is the day of the week.
func (d Date) Weekday() time.Weekday { return d.Start().Weekday() }

// AddDays is the day n days later, or earlier when n is below zero.
func (d Date) AddDays(n int) Date {
	return DateOf(time.Date(d.Year, d.Month, d.Day+n, 0, 0, 0, 0, zone))
}

// AddMonths is the same day-number n months later, or the last day of a month
// that is too short (民法典 art 202).
func (d Date) AddMonths(n int) Date {
	first := Date{d.Year, d.Month, 1}.Start().AddDate(0, n, 0)
	last := first.AddDate(0, 1, -1).Day()
	return Date{first.Year(), first.Month(), min(d.Day, last)}
}

// DaysTo counts the days from d to e; below zero when e is earlier.
func (d Date) DaysTo(e Date) int { return int(e.Start().Sub(d.Start()) / (24 * time.Hour)) }
