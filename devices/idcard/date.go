package idcard

import (
	"encoding/json"
	"fmt"
	"time"
)

// Date is a calendar day as the card states it; the zero value means none.
type Date struct {
	Year, Month, Day int
}

// Shanghai is the time in which days on cards begin and end: eight hours ahead of
// UTC, without summer time.
var Shanghai = time.FixedZone("UTC+8", 8*60*60)

// DateOf is the day on which t falls in Shanghai.
func DateOf(t time.Time) Date {
	y, m, d := t.In(Shanghai).Date()
	return Date{y, int(m), d}
}

// ParseDate reads the eight ASCII digits of a card, YYYYMMDD, or the ten characters of
// ISO 8601. The day must exist in the calendar.
func ParseDate(s string) (Date, error) {
	if len(s) == 10 && s[4] == '-' && s[7] == '-' {
		s = s[:4] + s[5:7] + s[8:]
	}
	if len(s) != 8 || !digits(s) {
		return Date{}, fmt.Errorf("read date: want YYYYMMDD, got %d characters", len(s))
	}
	d := Date{number(s[:4]), number(s[4:6]), number(s[6:])}
	if !d.Exists() {
		return Date{}, fmt.Errorf("read date: no such day in the calendar")
	}
	return d, nil
}

// number is the value of s, which holds digits only.
func number(s string) int {
	n := 0
	for i := range len(s) {
		n = n*10 + int(s[i]-'0')
	}
	return n
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// IsZero reports whether d is no day at all.
func (d Date) IsZero() bool { return d == Date{} }

// Exists reports whether the calendar has the day.
func (d Date) Exists() bool {
	t := d.Time()
	return d.Year > 0 && t.Year() == d.Year && int(t.Month()) == d.Month && t.Day() == d.Day
}

// Time is the beginning of the day in Shanghai.
func (d Date) Time() time.Time {
	return time.Date(d.Year, time.Month(d.Month), d.Day, 0, 0, 0, 0, Shanghai)
}

// Before reports whether d comes before o.
func (d Date) Before(o Date) bool {
	return d.key() < o.key()
}

func (d Date) key() int { return d.Year*10000 + d.Month*100 + d.Day }

// Age is the number of birthdays from d to day. Someone born on 29 February grows older
// on 1 March of a common year.
func (d Date) Age(day Date) int {
	age := day.Year - d.Year
	if day.Month*100+day.Day < d.Month*100+d.Day {
		age--
	}
	return age
}

// String is ISO 8601, YYYY-MM-DD, or empty when there is no day.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day)
}

// MarshalJSON is the String in quotes, or null.
func (d Date) MarshalJSON() ([]byte, error) {
	if d.IsZero() {
		return []byte("null"), nil
	}
	return json.Marshal(d.String())
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (d *Date) UnmarshalJSON(b []byte) error {
	var s *string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	if s == nil || *s == "" {
		*d = Date{}
		return nil
	}
	parsed, err := ParseDate(*s)
	if err == nil {
		*d = parsed
	}
	return err
}
