package catalogue

import "slices"

// checkMachine demands that transitions name declared states and events, that
// every state can be reached from the first, and that a case cannot get stuck in
// a state that is no end.
func (r *reader) checkMachine(m *Machine) {
	s := r.source("machines", m.ID)
	r.both(s, "", m.Text)
	states, events := map[string]bool{}, map[string]bool{}
	for i, v := range m.States {
		r.named(s, at("states", i), v.ID, v.Text, states)
	}
	for i, v := range m.Events {
		r.named(s, at("events", i), v.ID, v.Text, events)
	}
	seen := map[[2]string]bool{}
	for i, t := range m.Transitions {
		r.checkTransition(s, at("transitions", i), t, states, events)
		if seen[[2]string{t.From, t.Event}] {
			r.fault(s, at("transitions", i)+".event", "event %q leaves state %q twice", t.Event, t.From)
		}
		seen[[2]string{t.From, t.Event}] = true
	}
	r.checkPaths(s, m)
}

func (r *reader) named(s *source, table, id string, t Text, seen map[string]bool) {
	if id == "" || seen[id] {
		r.fault(s, under(table, "id"), "%q is empty or stands twice", id)
	}
	seen[id] = true
	r.both(s, table, t)
}

func (r *reader) checkTransition(s *source, table string, t Transition, states, events map[string]bool) {
	if !states[t.From] {
		r.fault(s, under(table, "from"), "%q is not a state", t.From)
	}
	if !states[t.To] {
		r.fault(s, under(table, "to"), "%q is not a state", t.To)
	}
	if !events[t.Event] {
		r.fault(s, under(table, "event"), "%q is not an event", t.Event)
	}
	if len(t.Actors) == 0 || slices.Contains(t.Actors, "") {
		r.fault(s, under(table, "actors"), "nobody may bring it about")
	}
}

func (r *reader) checkPaths(s *source, m *Machine) {
	if len(m.States) == 0 {
		r.fault(s, "states", "the machine has no state")
		return
	}
	reached, leaves, used := map[string]bool{m.States[0].ID: true}, map[string]bool{}, map[string]bool{}
	for range m.States { // a longest path has as many steps as states
		for _, t := range m.Transitions {
			leaves[t.From], used[t.Event] = true, true
			if reached[t.From] {
				reached[t.To] = true
			}
		}
	}
	for i, v := range m.States {
		if !reached[v.ID] {
			r.fault(s, at("states", i)+".id", "state %q cannot be reached", v.ID)
		}
		if !v.End && !leaves[v.ID] {
			r.fault(s, at("states", i)+".id", "state %q is no end and nothing leaves it", v.ID)
		}
	}
	for i, v := range m.Events {
		if !used[v.ID] {
			r.fault(s, at("events", i)+".id", "no transition has the event %q", v.ID)
		}
	}
}
