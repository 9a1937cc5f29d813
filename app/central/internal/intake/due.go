package intake

import (
	"fmt"
	"slices"
	"time"

	"leye/app/casework"
	"leye/app/catalogue"
)

// Calendar counts time limits.
type Calendar interface {
	Due(c catalogue.Clock, start time.Time) (casework.Deadline, error)
}

// running picks the clocks that start at filing and bind the agency by statute
// beyond doubt. A clock that ends in a notice about missing papers promises
// nothing to somebody whose papers are complete, so it is not among them.
func running(clocks []catalogue.Clock) []catalogue.Clock {
	return slices.DeleteFunc(clocks, func(c catalogue.Clock) bool {
		sure := c.Kind == catalogue.Statutory && !catalogue.Uncertain(c.Confidence)
		return !sure || !casework.AtFiling(c) || c.To == "supplement-noticed"
	})
}

// due returns the first day, as YYYY-MM-DD, on which the agency must have acted
// on an application received at start. It is empty when no clock runs, and when
// one of them runs into a year whose calendar is not published, because the
// first day is then not known.
func (i *Intake) due(clocks []catalogue.Clock, start time.Time) (string, error) {
	var first casework.Date
	for _, c := range clocks {
		d, err := i.calendar.Due(c, start)
		if err != nil {
			return "", fmt.Errorf("count due day: %w", err)
		}
		if d.Provisional {
			return "", nil
		}
		if first == (casework.Date{}) || d.Date.Before(first) {
			first = d.Date
		}
	}
	if first == (casework.Date{}) {
		return "", nil
	}
	return first.String(), nil
}
