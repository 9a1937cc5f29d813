package casework

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"

	"leye/app/catalogue"
)

// YearFile is one declared year of the working-day calendar: what the State
// Council's office announces each autumn. It cannot be derived by rule.
type YearFile struct {
	Year       int                  `toml:"year"`
	Source     string               `toml:"source"`
	Confidence catalogue.Confidence `toml:"confidence"`
	Holidays   []Holiday            `toml:"holidays"`
}

// Holiday is a holiday with its days off and the weekend days that are worked
// instead (调休).
type Holiday struct {
	catalogue.Text
	Off []toml.LocalDate `toml:"off"`
	On  []toml.LocalDate `toml:"on,omitempty"`
}

// Calendar knows the working days of the declared years.
type Calendar struct {
	years map[int]bool
	off   map[Date]catalogue.Text
	on    map[Date]bool
}

// yearEnd is the first day of December that the notice for the next year may
// still change: a New Year break can take days of the old year, as the notice
// for 2019 took 31 December 2018 and had 29 December worked.
const yearEnd = 25

// OpenCalendar reads the years under fsys, which is rooted at assets/calendar.
// The error of a wrong file names its line or day.
func OpenCalendar(fsys fs.FS) (*Calendar, error) {
	c := &Calendar{years: map[int]bool{}, off: map[Date]catalogue.Text{}, on: map[Date]bool{}}
	names, err := fs.Glob(fsys, "*.toml")
	if err != nil {
		return nil, fmt.Errorf("open calendar: %w", err)
	}
	var faults []error
	for _, name := range names {
		if err := c.add(fsys, name); err != nil {
			faults = append(faults, fmt.Errorf("open calendar: %s%w", name, err))
		}
	}
	if len(names) == 0 {
		faults = append(faults, errors.New("open calendar: no year is declared"))
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return c, nil
}

// add reads one year. Its errors begin with ":line: " or ": ", to follow the
// file's name.
func (c *Calendar) add(fsys fs.FS, name string) error {
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return fmt.Errorf(": %w", err)
	}
	y, err := readYear(data)
	if err != nil {
		return err
	}
	if want := strings.TrimSuffix(path.Base(name), ".toml"); fmt.Sprint(y.Year) != want {
		return fmt.Errorf(": year %d is not the file's name", y.Year)
	}
	if y.Source == "" {
		return errors.New(": no source")
	}
	c.years[y.Year] = true
	for _, h := range y.Holidays {
		if err := c.addHoliday(y.Year, h); err != nil {
			return err
		}
	}
	return nil
}

func readYear(data []byte) (YearFile, error) {
	var y YearFile
	err := toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields().Decode(&y)
	var unknown *toml.StrictMissingError
	var wrong *toml.DecodeError
	switch {
	case errors.As(err, &unknown):
		line, _ := unknown.Errors[0].Position()
		return y, fmt.Errorf(":%d: %s: unknown key", line, strings.Join(unknown.Errors[0].Key(), "."))
	case errors.As(err, &wrong):
		line, _ := wrong.Position()
		return y, fmt.Errorf(":%d: %s: %w", line, strings.Join(wrong.Key(), "."), err)
	case err != nil:
		return y, fmt.Errorf(": %w", err)
	}
	return y, nil
}

func (c *Calendar) addHoliday(year int, h Holiday) error {
	if h.ZH == "" || h.EN == "" {
		return errors.New(": a holiday has no name in both languages")
	}
	for _, l := range append(slices.Clone(h.Off), h.On...) {
		d := local(l)
		_, off := c.off[d]
		if off || c.on[d] {
			return fmt.Errorf(": %s stands twice", d)
		}
		if in := d.Year == year || d.Year == year-1 && d.Month == time.December && d.Day >= yearEnd; !in {
			return fmt.Errorf(": %s is not in the year", d)
		}
		if slices.Contains(h.Off, l) {
			c.off[d] = h.Text
			continue
		}
		if !weekend(d) {
			return fmt.Errorf(": %s is worked anyway", d)
		}
		c.on[d] = true
	}
	return nil
}

func local(l toml.LocalDate) Date { return Date{l.Year, time.Month(l.Month), l.Day} }

func weekend(d Date) bool {
	w := d.Weekday()
	return w == time.Saturday || w == time.Sunday
}

// Years are the declared years in order.
func (c *Calendar) Years() []int {
	var years []int
	for y := range c.years {
		years = append(years, y)
	}
	slices.Sort(years)
	return years
}

// Missing is the year whose file is needed to be sure about a day, or zero.
func (c *Calendar) Missing(d Date) int {
	switch {
	case !c.years[d.Year]:
		return d.Year
	case d.Month == time.December && d.Day >= yearEnd && !c.years[d.Year+1]:
		return d.Year + 1
	}
	return 0
}

// Working tells whether people work on a day. Where [Calendar.Missing] names a
// year it is only an estimate: Monday to Friday.
func (c *Calendar) Working(d Date) bool {
	if _, off := c.off[d]; off {
		return false
	}
	return c.on[d] || !weekend(d)
}

// Holiday is the name of the holiday that a day is off for.
func (c *Calendar) Holiday(d Date) (catalogue.Text, bool) {
	t, ok := c.off[d]
	return t, ok
}
