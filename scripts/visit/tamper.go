package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"leye/scripts/internal/paper"
)

// Tamper proves that Compare can fail: it changes one thing at a time, on one
// side or in what was wanted, and demands that each change is found on every
// side that said "ok" before.
func Tamper(e Evidence, out io.Writer) error {
	honest := Compare(e)
	if !agreed(honest) {
		printRows(out, honest)
		return errors.New("tamper: the sides differ before anything was changed")
	}
	var missed []string
	changes := wrongEvidence(e)
	for _, name := range slices.Sorted(maps.Keys(changes)) {
		if rows := Compare(changes[name]); !found(honest, rows, name) {
			missed = append(missed, name)
		}
	}
	fmt.Fprintf(out, "%d changes made, %d not found\n", len(changes), len(missed))
	if len(missed) > 0 {
		return fmt.Errorf("tamper: not found: %s", strings.Join(missed, ", "))
	}
	return nil
}

// found reports whether the changed comparison differs; for a wrong answer, on
// all sides that had agreed with the right one.
func found(honest, changed []Row, name string) bool {
	key, isAnswer := strings.CutPrefix(name, "answer ")
	if !isAnswer {
		return !agreed(changed)
	}
	row := func(rows []Row) Row { return rows[slices.IndexFunc(rows, func(r Row) bool { return r.What == key })] }
	before, after := row(honest), row(changed)
	said := false
	for _, side := range [][2]Mark{{before.Screen, after.Screen}, {before.Slip, after.Slip}, {before.Central, after.Central}} {
		if side[0] == Same && side[1] == Same {
			return false
		}
		said = said || side[0] == Same
	}
	return said
}

func wrongEvidence(e Evidence) map[string]Evidence {
	changes := map[string]Evidence{}
	if e.Record.Visit.Before != "" {
		return wrongLookUp(e)
	}
	for key, answer := range e.Record.Visit.Answers {
		c := e
		c.Record.Visit.Answers = maps.Clone(e.Record.Visit.Answers)
		c.Record.Visit.Answers[key] = Answer{Value: wrong(answer.Value, e.Words, key)}
		changes["answer "+key] = c
	}
	for key, value := range e.Record.Visit.Given {
		c := e
		c.Record.Visit.Given = maps.Clone(e.Record.Visit.Given)
		c.Record.Visit.Given[key] = wrong(value, e.Words, key)
		changes["answer "+key] = c
	}
	for key, value := range e.Case.Answers {
		c := e
		c.Case.Answers = maps.Clone(e.Case.Answers)
		c.Case.Answers[key] = wrong(value, e.Words, key)
		if value != registered && !slices.Contains(e.Record.Visit.Unseen, key) {
			changes["central's "+key] = c
		}
	}
	changes["central's number"] = changed(e, func(c *Evidence) { c.Case.Number += "0"; c.Case.Reference += "0" })
	changes["central's service"] = changed(e, func(c *Evidence) { c.Case.Service += "-x" })
	changes["central's extra answer"] = changed(e, func(c *Evidence) {
		c.Case.Answers = maps.Clone(e.Case.Answers)
		c.Case.Answers["not_asked"] = "x"
	})
	changes["blank slip"] = changed(e, func(c *Evidence) { c.Slip = "" })
	changes["other slip"] = changed(e, func(c *Evidence) {
		proof := paper.Read(e.Slip)
		c.Slip = strings.NewReplacer(proof.Number, "000-000-000000-0000-0", proof.Reference, "XX00-0000-0000-X").Replace(e.Slip)
	})
	changes["blank screens"] = changed(e, func(c *Evidence) { c.Record.Steps = nil })
	if e.Record.Visit.Person.Name != "" {
		changes["another person"] = changed(e, func(c *Evidence) { c.Record.Visit.Person.Name = "赵" + e.Record.Visit.Person.Name })
		changes["central's applicant"] = changed(e, func(c *Evidence) { c.Case.Applicant = "赵*" })
	}
	return changes
}

// wrongLookUp is what may be wrong with a case that was looked up.
func wrongLookUp(e Evidence) map[string]Evidence {
	changes := map[string]Evidence{
		"central's number":    changed(e, func(c *Evidence) { c.Case.Number += "0" }),
		"central's service":   changed(e, func(c *Evidence) { c.Case.Service += "-x" }),
		"central's applicant": changed(e, func(c *Evidence) { c.Case.Applicant = "赵*" }),
		"central's state":     changed(e, func(c *Evidence) { c.Case.State = "withdrawn" }),
		"central's due":       changed(e, func(c *Evidence) { c.Case.Due = "2031-01-02" }),
		"blank slip":          changed(e, func(c *Evidence) { c.Slip = "" }),
		"query code on paper": changed(e, func(c *Evidence) { c.Slip += e.Record.Visit.asked().QueryCode }),
		"blank screens":       changed(e, func(c *Evidence) { c.Record.Steps = nil }),
	}
	for n := range e.Case.Events {
		event := func(change func(*CaseEvent)) Evidence {
			return changed(e, func(c *Evidence) {
				c.Case.Events = slices.Clone(e.Case.Events)
				change(&c.Case.Events[n])
			})
		}
		changes[fmt.Sprintf("day of step %d", n+1)] = event(func(c *CaseEvent) { c.At = c.At.AddDate(0, 0, 1) })
		changes[fmt.Sprintf("state of step %d", n+1)] = event(func(c *CaseEvent) { c.State = "withdrawn" })
	}
	for key, value := range e.Record.Visit.Given {
		changes["answer "+key] = changed(e, func(c *Evidence) {
			c.Record.Visit.Given = maps.Clone(e.Record.Visit.Given)
			c.Record.Visit.Given[key] = wrong(value, e.Words, key)
		})
	}
	return changes
}

func changed(e Evidence, change func(*Evidence)) Evidence {
	change(&e)
	return e
}

// wrong is another answer of the same kind. A text changes at its beginning,
// which masks leave readable.
func wrong(value any, words Words, key string) any {
	switch value := value.(type) {
	case bool:
		return !value
	case int64:
		return value + 1
	case float64:
		return value + 1
	case []any:
		if len(value) == 0 {
			return []any{"x"}
		}
		list := slices.Clone(value)
		list[0] = wrong(list[0], words, key)
		return list
	case string:
		f, _ := words.field(key)
		for _, code := range slices.Sorted(maps.Keys(f.Choices)) {
			if code != value {
				return code
			}
		}
		return "错" + value
	}
	return "错"
}
