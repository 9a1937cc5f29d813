package casework

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"leye/app/catalogue"
)

// ErrSuspended says that a clock stands still, so that it has no end yet.
var ErrSuspended = errors.New("clock is suspended")

// ErrNoExtension says that a clock cannot be extended as asked.
var ErrNoExtension = errors.New("clock has no such extension")

// longest bounds a clock in days: no limit in law comes near it, and a wrong
// file must not keep a program counting.
const longest = 100 * 366

// Interval is a time in which a clock stands still: from the day of Start up to
// but not including End. A zero End means that it still does.
type Interval struct{ Start, End Date }

// Changes are what happened to a running clock.
type Changes struct {
	Extended  bool // by the declared value
	Agreed    Date // the new end that was agreed, for extensions without a value
	Suspended []Interval
}

// Deadline is the end of a clock.
type Deadline struct {
	Clock string // id
	Date  Date   // the last day on which the act is in time
	// At is the moment when the time is over: the end of Date, or for a clock
	// in hours the very moment.
	At time.Time
	// Provisional says that days were counted in Missing years, for which no
	// calendar is declared. The date is shown as an estimate and worked out
	// again when the file arrives.
	Provisional bool
	Missing     []int
	// Minimum turns the meaning round: the act may not be done before Date.
	Minimum bool
}

// Due is the end of a clock that started at a moment and was left alone.
func (c *Calendar) Due(k catalogue.Clock, start time.Time) (Deadline, error) {
	return c.DueAfter(k, start, Changes{})
}

// DueAfter is the end of a clock after what happened to it. It is always worked
// out from the start again, so that it never depends on the order of changes.
//
// The first day is not counted; months and years end on the same day-number; a
// limit in calendar days, months or years that ends on a day off moves to the
// next working day (民法典 art 201-203). A plan's target and a minimum wait do
// not move.
func (c *Calendar) DueAfter(k catalogue.Clock, start time.Time, ch Changes) (Deadline, error) {
	if k.Value <= 0 {
		return Deadline{}, fmt.Errorf("count clock %q: %d is not above zero", k.ID, k.Value)
	}
	value := k.Value
	if ch.Extended {
		if k.Extension == nil || k.Extension.Value == 0 && ch.Agreed == (Date{}) {
			return Deadline{}, fmt.Errorf("extend clock %q: %w", k.ID, ErrNoExtension)
		}
		value += k.Extension.Value
	}
	n := count{calendar: c, clock: k, suspended: ch.Suspended}
	if k.Unit == catalogue.Hour {
		return n.hours(start, value, ch)
	}
	end, err := n.end(DateOf(start), value)
	if err != nil {
		return Deadline{}, err
	}
	if ch.Extended && k.Extension.Value == 0 && end.Before(ch.Agreed) {
		end = ch.Agreed
	}
	end = n.move(end)
	return n.deadline(end, end.AddDays(1).Start()), nil
}

// count is one counting of a clock; it notes the years it had to guess.
type count struct {
	calendar  *Calendar
	clock     catalogue.Clock
	suspended []Interval
	missing   []int
}

func (n *count) deadline(end Date, at time.Time) Deadline {
	slices.Sort(n.missing)
	missing := slices.Compact(n.missing)
	return Deadline{
		Clock: n.clock.ID, Date: end, At: at, Minimum: n.clock.Minimum,
		Provisional: len(missing) > 0, Missing: missing,
	}
}

func (n *count) hours(start time.Time, value int, ch Changes) (Deadline, error) {
	if len(ch.Suspended) > 0 {
		return Deadline{}, fmt.Errorf("count clock %q: hours are not suspended by days", n.clock.ID)
	}
	at := start.Add(time.Duration(value) * time.Hour)
	return n.deadline(DateOf(at), at), nil
}

// end counts days after the first one until the limit is used up.
func (n *count) end(from Date, value int) (Date, error) {
	switch n.clock.Unit {
	case catalogue.WorkingDay, catalogue.CalendarDay:
	case catalogue.Month, catalogue.Year:
		months := value
		if n.clock.Unit == catalogue.Year {
			months *= 12
		}
		if months > longest/28 {
			return Date{}, fmt.Errorf("count clock %q: the limit is too long", n.clock.ID)
		}
		value = from.DaysTo(from.AddMonths(months))
	default:
		return Date{}, fmt.Errorf("count clock %q: %q is not a unit", n.clock.ID, n.clock.Unit)
	}
	d := from
	for left, walked := value, 0; left > 0; walked++ {
		if walked > longest {
			return Date{}, fmt.Errorf("count clock %q: the limit is too long", n.clock.ID)
		}
		d = d.AddDays(1)
		stands, open := n.stands(d)
		if open {
			return Date{}, fmt.Errorf("count clock %q: %w", n.clock.ID, ErrSuspended)
		}
		if !stands && (n.clock.Unit != catalogue.WorkingDay || n.working(d)) {
			left--
		}
	}
	return d, nil
}

// stands tells whether the clock stands still on a day, and whether it is open
// until when.
func (n *count) stands(d Date) (still, open bool) {
	for _, i := range n.suspended {
		if d.Before(i.Start) {
			continue
		}
		if i.End == (Date{}) {
			return true, true
		}
		if d.Before(i.End) {
			still = true
		}
	}
	return still, false
}

func (n *count) working(d Date) bool {
	if y := n.calendar.Missing(d); y != 0 {
		n.missing = append(n.missing, y)
	}
	return n.calendar.Working(d)
}

// move takes an end that falls on a day off to the next working day.
func (n *count) move(end Date) Date {
	if n.clock.Unit == catalogue.WorkingDay || n.clock.Kind == catalogue.PlanTarget || n.clock.Minimum {
		return end
	}
	for !n.working(end) {
		end = end.AddDays(1)
	}
	return end
}

// Left is how many days of the clock's own kind remain after today: working days
// for a clock in working days, else calendar days. It is zero on the last day and
// below zero when the time is over.
func (c *Calendar) Left(k catalogue.Clock, due Date, today Date) int {
	if k.Unit != catalogue.WorkingDay {
		return today.DaysTo(due)
	}
	from, to, sign := today, due, 1
	if due.Before(today) {
		from, to, sign = due, today, -1
	}
	n := 0
	for d := from.AddDays(1); !to.Before(d); d = d.AddDays(1) {
		if c.Working(d) {
			n++
		}
	}
	return sign * n
}

// AtFiling tells whether a clock binds the agency from the moment of filing, so
// that its end can be promised on the slip.
func AtFiling(k catalogue.Clock) bool {
	begins := []string{"submitted", "received", "received-or-supplemented", "applied", "complaint-received"}
	return k.Bound == "agency" && !k.Minimum && slices.Contains(begins, k.From)
}
