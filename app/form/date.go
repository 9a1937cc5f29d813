package form

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

const isoDay = "2006-01-02"

// parseDay reads YYYY-MM-DD. Years outside 1880-2199 are typing errors: nobody
// at the terminal was born earlier and no paper runs longer.
func parseDay(s string) (time.Time, bool) {
	if len(s) != len(isoDay) {
		return time.Time{}, false
	}
	t, err := time.Parse(isoDay, s)
	if err != nil || t.Year() < 1880 || t.Year() > 2199 {
		return time.Time{}, false
	}
	return t, true
}

// dayWord resolves "today", "today-6m", "month-start", "month-end" or a date at
// the case day.
func dayWord(word string, today time.Time) (time.Time, error) {
	switch word {
	case "today":
		return today, nil
	case "month-start":
		return today.AddDate(0, 0, 1-today.Day()), nil
	case "month-end":
		return today.AddDate(0, 0, 1-today.Day()).AddDate(0, 1, -1), nil
	}
	if t, ok := parseDay(word); ok {
		return t, nil
	}
	offset, ok := strings.CutPrefix(word, "today")
	if !ok || len(offset) < 3 {
		return time.Time{}, fmt.Errorf("read date bound %q: not a date or date word", word)
	}
	n, err := strconv.Atoi(offset[:len(offset)-1])
	if err != nil || n > 2400 || n < -2400 {
		return time.Time{}, fmt.Errorf("read date bound %q: no offset", word)
	}
	switch offset[len(offset)-1] {
	case 'd':
		return today.AddDate(0, 0, n), nil
	case 'm':
		return addMonths(today, n), nil
	case 'y':
		return addMonths(today, 12*n), nil
	}
	return time.Time{}, fmt.Errorf("read date bound %q: the unit is d, m or y", word)
}

// addMonths moves a day by months and stays in the month that it reaches: six
// months before 31 August is the last day of February, not 3 March.
func addMonths(t time.Time, n int) time.Time {
	first := time.Date(t.Year(), t.Month()+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(t.Day(), last)-1)
}

// wholeMonths counts the full months from a to b; none when b is not after a.
func wholeMonths(a, b time.Time) int {
	n := (b.Year()-a.Year())*12 + int(b.Month()-a.Month())
	if addMonths(a, n).After(b) {
		n--
	}
	return max(n, 0)
}
