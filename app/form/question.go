package form

import (
	"strings"
	"unicode/utf8"

	"leye/app/catalogue"
)

// Question is what one screen asks: a field, or a few short ones that belong
// together. Its ID is the key of the first field that it can hold, whichever of
// them are relevant now, or "applicant".
type Question struct {
	ID     string
	Fields []catalogue.Field
}

// ApplicantQuestion is the question in which the resident confirms what the card
// said.
const ApplicantQuestion = "applicant"

// layout is a question as arranged once and for all: answers decide which of its
// fields are asked, never in which question a field stands.
type layout struct {
	id     string
	fields []int // positions in Form.fields
	card   bool  // all of its fields are prefilled from the card
}

// room is what fits on one screen above the keyboard, in rows of an entry.
const room = 4

// weight is how much of a screen a field takes. What takes all of the room is
// asked alone: long texts, addresses, repeats and long lists of choices.
func weight(f *Form, d catalogue.Field) int {
	switch d.Type {
	case catalogue.TypeRepeat, catalogue.TypeAddress, catalogue.TypeMultiChoice:
		return room
	case catalogue.TypeDate:
		return 2
	case catalogue.TypeBoolean, catalogue.TypePhone, catalogue.TypeIDNumber, catalogue.TypeBankAccount, catalogue.TypeNumber:
		return 1
	case catalogue.TypeChoice, catalogue.TypeAttachmentNote:
		return choiceWeight(f.Choices(d))
	}
	if d.Constraint == nil || d.Constraint.MaxLen == nil || *d.Constraint.MaxLen > 60 {
		return room
	}
	return 1
}

// choiceWeight: few short choices stand in two rows, many need the screen.
func choiceWeight(list []catalogue.Choice) int {
	if len(list) == 0 || len(list) > 6 {
		return room
	}
	letters := 0
	for _, c := range list {
		letters += utf8.RuneCountInString(c.ZH) + 2
	}
	if len(list) <= 3 && letters <= 24 {
		return 1
	}
	return 2
}

// arrange puts the fields into questions. A field that others depend on is
// asked before them and alone; fields of different groups never mix.
func (f *Form) arrange() []layout {
	decisive := f.decisive()
	var out []layout
	used, section := room, "" // a full question: the first field opens a new one
	for i := range f.fields {
		d := &f.fields[i]
		w := weight(f, d.Field)
		if decisive[d.Key] {
			w = room
		}
		card := d.Prefill == "id-card"
		fits := used+w <= room && d.section == section && out[len(out)-1].card == card
		if !fits {
			out = append(out, layout{id: d.Key, card: card})
			used, section = 0, d.section
		}
		last := &out[len(out)-1]
		last.fields = append(last.fields, i)
		used += w
	}
	return out
}

// decisive names the fields that others depend on.
func (f *Form) decisive() map[string]bool {
	out := map[string]bool{}
	var collect func(c *condition)
	collect = func(c *condition) {
		if c == nil {
			return
		}
		out[c.field] = true
		collect(c.not)
		for i := range c.all {
			collect(&c.all[i])
		}
		for i := range c.any {
			collect(&c.any[i])
		}
	}
	for i := range f.fields {
		collect(f.fields[i].when)
	}
	return out
}

// Questions returns the screens of the form, in order, with their relevant
// fields. What was read from the card stands in one question to confirm; without
// a card the same fields are asked like all others.
func (f *Form) Questions(a Answers) []Question {
	relevant := f.relevant(a)
	var out []Question
	start := 0
	fields := make([]catalogue.Field, 0, len(f.fields)) // one array for all questions
	take := func(positions []int) {
		for _, i := range positions {
			if relevant[i] {
				fields = append(fields, f.fields[i].Field)
			}
		}
	}
	finish := func(id string) {
		if len(fields) > start {
			out = append(out, Question{ID: id, Fields: fields[start:len(fields):len(fields)]})
			start = len(fields)
		}
	}
	fromCard := f.fromCard(a)
	if fromCard {
		for i := range f.layout {
			if f.layout[i].card {
				take(f.layout[i].fields)
			}
		}
		finish(ApplicantQuestion)
	}
	for i := range f.layout {
		if l := &f.layout[i]; !l.card || !fromCard {
			take(l.fields)
			finish(l.id)
		}
	}
	return out
}

// fromCard reports whether the answers began with a card.
func (f *Form) fromCard(a Answers) bool {
	for i := range f.fields {
		if f.fields[i].Prefill == "id-card" && a[f.fields[i].Key].prefilled {
			return true
		}
	}
	return false
}

// Complete reports whether q needs nothing more: its answers pass, and soft
// problems are left to the one who asks.
func (f *Form) Complete(q Question, a Answers) bool {
	for _, d := range q.Fields {
		if p := f.Check(d, a[d.Key], a); p != nil && !p.Soft {
			return false
		}
	}
	return true
}

// Blocking leaves out the soft problems: those that may pass once they are told.
func Blocking(problems []Problem) []Problem {
	var out []Problem
	for _, p := range problems {
		if !p.Soft {
			out = append(out, p)
		}
	}
	return out
}

// String names the problem for logs: never what was answered.
func (p Problem) String() string { return strings.TrimSpace(p.Field + " " + p.Code) }
