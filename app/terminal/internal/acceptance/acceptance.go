// Package acceptance is the sheet on which a terminal is handed over (验收单):
// what was checked, what came of each check, and whether all of it is enough. It
// is a signed file, a page of text and a slip of paper, tied by one digest.
//
// It checks no device and asks nobody: whoever does fills in the lines.
package acceptance

import (
	"errors"
	"fmt"
	"regexp"
	"time"
)

// Check names what one line is about.
type Check string

// The checks, in the order of the sheet.
const (
	Reader  Check = "reader"
	Reader2 Check = "reader2"
	Printer Check = "printer"
	Scanner Check = "scanner"
	Touch   Check = "touch"
	Display Check = "display"
	Sound   Check = "sound"
	Clock   Check = "clock"
	Network Check = "network"
	Key     Check = "key"
	Store   Check = "store"
)

// Checks are all, in the order of the sheet.
func Checks() []Check {
	return []Check{Reader, Reader2, Printer, Scanner, Touch, Display, Sound, Clock, Network, Key, Store}
}

// Mandatory reports whether no terminal is accepted without it: residents cannot
// be served by the book when it is missing.
func (c Check) Mandatory() bool {
	switch c {
	case Reader2, Scanner, Sound:
		return false
	}
	return c.known()
}

func (c Check) known() bool { _, ok := names[c]; return ok }

// Result is what came of a check.
type Result string

// The results.
const (
	Passed    Result = "passed"
	Failed    Result = "failed"
	NotFitted Result = "not_fitted" // the terminal has none; only of what is not mandatory
	Skipped   Result = "skipped"    // by staff, with their reason
)

// Words are one sentence in both languages.
type Words struct {
	ZH string `json:"zh"`
	EN string `json:"en"`
}

// Fact is one thing that was measured or read; its name is declared in words.go.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Line is one check. Failed and skipped ones have a reason; Detail is its cause
// for staff, as the program says it.
type Line struct {
	Check  Check  `json:"check"`
	Result Result `json:"result"`
	Reason Words  `json:"reason"`
	Detail string `json:"detail"`
	Facts  []Fact `json:"facts"`
}

// Sheet is all of it. It names the technician by a staff number alone, and nobody
// else.
type Sheet struct {
	Terminal string    `json:"terminal"`
	Centre   string    `json:"centre"`
	Staff    string    `json:"staff"`
	Began    time.Time `json:"began"`
	Ended    time.Time `json:"ended"`
	Program  string    `json:"program"` // version
	Lines    []Line    `json:"lines"`
	Accepted bool      `json:"accepted"`
}

// staffNumber is too short for an identity number.
var staffNumber = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z-]{0,11}$`)

// StaffNumber reports whether a text can be a staff number: up to twelve letters,
// digits and hyphens.
func StaffNumber(s string) bool { return staffNumber.MatchString(s) }

// Judge reports whether the lines make an accepted terminal: nothing failed, and
// all that is mandatory passed.
func Judge(lines []Line) bool {
	passed := map[Check]bool{}
	for _, l := range lines {
		if l.Result == Failed {
			return false
		}
		passed[l.Check] = l.Result == Passed
	}
	for _, c := range Checks() {
		if c.Mandatory() && !passed[c] {
			return false
		}
	}
	return true
}

// Line is the line of a check.
func (s Sheet) Line(c Check) (Line, bool) {
	for _, l := range s.Lines {
		if l.Check == c {
			return l, true
		}
	}
	return Line{}, false
}

// Add notes something measured; what is empty was not.
func (l *Line) Add(name, value string) {
	if value != "" {
		l.Facts = append(l.Facts, Fact{name, value})
	}
}

// Fact is the value of a fact, or empty.
func (l Line) Fact(name string) string {
	for _, f := range l.Facts {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

// Fail says what is wrong; the first that is said stays.
func (l *Line) Fail(zh, en, detail string) {
	if l.Result == Failed {
		return
	}
	l.Result, l.Reason, l.Detail = Failed, Words{zh, en}, detail
}

func (s Sheet) check() error {
	if s.Terminal == "" || !StaffNumber(s.Staff) || s.Began.IsZero() || s.Ended.Before(s.Began) {
		return errors.New("it does not say which terminal, by whom or when")
	}
	seen := map[Check]bool{}
	for _, l := range s.Lines {
		if seen[l.Check] {
			return fmt.Errorf("%s stands there twice", l.Check)
		}
		seen[l.Check] = true
		if err := l.check(); err != nil {
			return fmt.Errorf("%s: %w", l.Check, err)
		}
	}
	if s.Accepted != Judge(s.Lines) {
		return errors.New("what it says of the whole does not follow from its lines")
	}
	return nil
}

func (l Line) check() error {
	if !l.Check.known() {
		return errors.New("there is no such check")
	}
	for _, f := range l.Facts {
		if _, ok := labels[f.Name]; !ok {
			return fmt.Errorf("there is no fact %q", f.Name)
		}
	}
	switch l.Result {
	case Passed:
		return nil
	case NotFitted:
		if l.Check.Mandatory() {
			return errors.New("no terminal goes without it")
		}
		return nil
	case Failed, Skipped:
		if l.Reason.ZH == "" || l.Reason.EN == "" {
			return errors.New("it does not say why")
		}
		return nil
	}
	return fmt.Errorf("there is no result %q", l.Result)
}
