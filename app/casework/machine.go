package casework

import (
	"errors"
	"fmt"
	"slices"

	"leye/app/catalogue"
)

// ErrNoTransition says that the event cannot happen in the state.
var ErrNoTransition = errors.New("no such transition")

// ErrActor says that somebody else has to bring the event about.
var ErrActor = errors.New("not for this actor")

// Machine is the life of one kind of case. It holds no case: the state is the
// caller's.
type Machine struct {
	declared catalogue.Machine
}

// NewMachine makes a machine of its declaration.
func NewMachine(m catalogue.Machine) Machine { return Machine{declared: m} }

// Initial is the state before filing.
func (m Machine) Initial() string {
	if len(m.declared.States) == 0 {
		return ""
	}
	return m.declared.States[0].ID
}

// Filed is the event of filing and the state after it: the applicant's first
// transition out of the initial state, or anyone's first where only a machine or
// staff begins the case. Both are empty for a machine without transitions.
func (m Machine) Filed() (event, state string) {
	for _, t := range m.declared.Transitions {
		if t.From != m.Initial() {
			continue
		}
		if slices.Contains(t.Actors, "applicant") || slices.Contains(t.Actors, "complainant") {
			return t.Event, t.To
		}
		if event == "" {
			event, state = t.Event, t.To
		}
	}
	return event, state
}

// Next is the state after the event that the actor brings about. The error is
// [ErrNoTransition] or [ErrActor].
func (m Machine) Next(state, event, actor string) (string, error) {
	for _, t := range m.declared.Transitions {
		if t.From != state || t.Event != event {
			continue
		}
		if !slices.Contains(t.Actors, actor) {
			return "", fmt.Errorf("move %s case from %q by %q as %q: %w", m.declared.ID, state, event, actor, ErrActor)
		}
		return t.To, nil
	}
	return "", fmt.Errorf("move %s case from %q by %q: %w", m.declared.ID, state, event, ErrNoTransition)
}

// Open are the transitions that leave a state, in declared order: what can
// happen next and who may bring it about.
func (m Machine) Open(state string) []catalogue.Transition {
	var open []catalogue.Transition
	for _, t := range m.declared.Transitions {
		if t.From == state {
			open = append(open, t)
		}
	}
	return open
}

// State finds a state, with its words and whether a case may rest there for good.
func (m Machine) State(id string) (catalogue.State, bool) {
	for _, s := range m.declared.States {
		if s.ID == id {
			return s, true
		}
	}
	return catalogue.State{}, false
}

// Event finds an event with its words.
func (m Machine) Event(id string) (catalogue.CaseEvent, bool) {
	for _, e := range m.declared.Events {
		if e.ID == id {
			return e, true
		}
	}
	return catalogue.CaseEvent{}, false
}
