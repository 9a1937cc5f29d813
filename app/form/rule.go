package form

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"leye/app/catalogue"
)

// rule is a declared constraint made ready for many checks.
type rule struct {
	declared  *catalogue.Constraint
	pattern   *regexp.Regexp
	check     numberCheck
	min, max  bound
	notBefore dayBound
	notAfter  dayBound
	example   string
}

// bound is a limit of numbers. It is uncertain when it comes from a parameter
// that is not surely known: then the counter decides, not the terminal.
type bound struct {
	value     string // canonical decimal; "" means no limit
	parameter string
	uncertain bool
}

// dayBound is a limit of dates: a day, or another field's answer.
type dayBound struct {
	day   string // YYYY-MM-DD; "" means no limit
	field string
}

// numberCheck is a named algorithm with the circumstances in which it applies.
type numberCheck struct {
	name     string   // gb11643, uscc-gb32100, luhn or ""
	field    string   // the other field that decides, if any
	codes    []string // answers of that field for which the check applies
	only18   []string // of codes, those for which only 18 characters are checked
	min, max int      // count of characters in which it applies; 0: any
}

// The names of the algorithms in declared constraints.
const (
	checkIdentity = "gb11643"
	checkCredit   = "uscc-gb32100"
	checkLuhn     = "luhn"
)

func (f *Form) compileRule(d catalogue.Field) error {
	c := d.Constraint
	if c == nil || f.rules[c] != nil {
		return nil
	}
	r := &rule{declared: c}
	var err error
	if c.Pattern != "" {
		if r.pattern, err = regexp.Compile(c.Pattern); err != nil {
			return fmt.Errorf("read pattern: %w", err)
		}
	}
	if r.check, err = parseCheck(c.Check); err != nil {
		return err
	}
	if r.min, err = f.bound(c.Min); err != nil {
		return err
	}
	if r.max, err = f.bound(c.Max); err != nil {
		return err
	}
	if r.notBefore, err = f.dayBound(c.NotBefore); err != nil {
		return err
	}
	if r.notAfter, err = f.dayBound(c.NotAfter); err != nil {
		return err
	}
	r.example = exampleOf(d, r)
	f.rules[c] = r
	return nil
}

// rule returns the compiled constraint of d, also for fields of rows; never nil.
func (f *Form) rule(d catalogue.Field) *rule {
	if r := f.rules[d.Constraint]; d.Constraint != nil && r != nil {
		return r
	}
	return &rule{declared: &catalogue.Constraint{}, example: exampleOf(d, &rule{})}
}

func (f *Form) bound(declared string) (bound, error) {
	if declared == "" {
		return bound{}, nil
	}
	if key, ok := strings.CutPrefix(declared, "param:"); ok {
		value, sure, found := f.parameter(key, f.today)
		if !found {
			return bound{parameter: key, uncertain: true}, nil
		}
		return bound{value: value, parameter: key, uncertain: !sure}, nil
	}
	value, ok := canonical(declared)
	if !ok {
		return bound{}, fmt.Errorf("read bound %q: no decimal number", declared)
	}
	return bound{value: value}, nil
}

// parameter reads a number from the catalogue at a day, and whether it is sure.
func (f *Form) parameter(key string, day time.Time) (value string, sure, found bool) {
	p, ok := f.source.Parameter(key, day)
	if !ok {
		return "", false, false
	}
	value, ok = canonical(p.Value)
	return value, !catalogue.Uncertain(p.Confidence), ok
}

func (f *Form) dayBound(declared string) (dayBound, error) {
	if declared == "" {
		return dayBound{}, nil
	}
	if key, ok := strings.CutPrefix(declared, "field:"); ok {
		return dayBound{field: key}, nil
	}
	day, err := dayWord(declared, f.today)
	if err != nil {
		return dayBound{}, err
	}
	return dayBound{day: day.Format(isoDay)}, nil
}

// at resolves the bound; the other field of a row is looked for in the row.
func (b dayBound) at(a Answers) string {
	if b.field == "" {
		return b.day
	}
	if day := a[b.field].Text(); day != "" {
		if _, ok := parseDay(day); ok {
			return day
		}
	}
	return ""
}

// parseCheck reads "gb11643", "gb11643 when id_doc in (id-card, foreign-pr
// 18-digit)" and "luhn when 16-19 digits and card".
func parseCheck(declared string) (numberCheck, error) {
	name, when, conditional := strings.Cut(declared, " when ")
	c := numberCheck{name: name}
	switch name {
	case "", checkIdentity, checkCredit, checkLuhn:
	default:
		return c, fmt.Errorf("read check %q: no such algorithm", declared)
	}
	if !conditional {
		return c, nil
	}
	if name == checkLuhn {
		if _, err := fmt.Sscanf(when, "%d-%d digits", &c.min, &c.max); err != nil {
			return c, fmt.Errorf("read check %q: no count of digits", declared)
		}
		return c, nil
	}
	field, list, ok := strings.Cut(when, " in (")
	if !ok || !strings.HasSuffix(list, ")") {
		return c, fmt.Errorf("read check %q: no list of codes", declared)
	}
	c.field = strings.TrimSpace(field)
	for _, code := range strings.Split(strings.TrimSuffix(list, ")"), ",") {
		code, only := strings.CutSuffix(strings.TrimSpace(code), " 18-digit")
		c.codes = append(c.codes, code)
		if only {
			c.only18 = append(c.only18, code)
		}
	}
	return c, nil
}

// Limits are the bounds of a field as they stand with the answers given so far:
// for date wheels, number pads and hints. Empty text means no limit.
type Limits struct {
	Min, Max                   string // decimal numbers
	MinUncertain, MaxUncertain bool   // the parameter is not surely known: the counter decides
	Earliest, Latest           string // YYYY-MM-DD
	MinLen, MaxLen             int    // characters; 0: no limit declared
	MinItems, MaxItems         int
}

// Limits returns the bounds of d. For a field of a repeat's row, a is the row.
func (f *Form) Limits(d catalogue.Field, a Answers) Limits {
	r := f.rule(d)
	return Limits{
		Min: r.min.value, Max: r.max.value,
		MinUncertain: r.min.uncertain, MaxUncertain: r.max.uncertain,
		Earliest: r.notBefore.at(a), Latest: r.notAfter.at(a),
		MinLen: number(r.declared.MinLen), MaxLen: number(r.declared.MaxLen),
		MinItems: number(r.declared.MinItems), MaxItems: number(r.declared.MaxItems),
	}
}

func number(p *int) int {
	if p == nil {
		return 0
	}
	return *p
}
