// Package health is the vocabulary of what can be wrong with a terminal: each
// condition with its code, how grave it is, and what staff read about it. A
// [Board] holds those that stand now.
//
// It finds nothing out by itself and shows nothing.
package health

import (
	"slices"

	"leye/app/terminal/internal/kiosk"
)

// Severity is how grave a condition is, in the contract's words.
type Severity string

// The severities.
const (
	Info    Severity = "info"
	Warning Severity = "warning" // works, but staff should come
	Error   Severity = "error"   // something that residents need does not work
)

// rank orders severities, gravest first.
func (s Severity) rank() int { return slices.Index([]Severity{Error, Warning, Info}, s) }

// Text is one thing said to staff in both languages.
type Text struct{ ZH, EN string }

// Condition is one thing that can be wrong.
type Condition struct {
	Code     kiosk.Code
	Severity Severity
	Text     Text // what is the matter, one sentence without its full stop
	Next     Text // what to do about it
}

// Of returns the declared condition of a code.
func Of(code kiosk.Code) (Condition, bool) {
	i := slices.IndexFunc(conditions[:], func(c Condition) bool { return c.Code == code })
	if i < 0 {
		return Condition{}, false
	}
	return conditions[i], true
}

// Conditions returns all that are declared, by code.
func Conditions() []Condition { return slices.Clone(conditions[:]) }
