package casework_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"leye/app/casework"
	"leye/app/catalogue"
)

func machine(t testing.TB, id string) casework.Machine {
	t.Helper()
	m, ok := load(t).Machine(id)
	if !ok {
		t.Fatalf("no machine %q", id)
	}
	return casework.NewMachine(m)
}

func TestFiled(t *testing.T) {
	tests := map[string][2]string{
		"instant": {"ask", "answered"}, "booking": {"book", "booked"}, "registration": {"submit", "submitted"},
		"recognition": {"submit", "submitted"}, "subsidy": {"submit", "submitted"}, "benefit": {"submit", "submitted"},
		"reimbursement": {"submit", "submitted"}, "help-plan": {"enrol", "enrolled"}, "mediation": {"apply", "applied"},
		"arbitration": {"file", "received"}, "inspection": {"complain", "complaint-received"}, "work-injury": {"apply", "received"},
		"labour-ability": {"apply", "received"}, "evaluation": {"declare", "declared"}, "filing": {"submit", "submitted"},
		"incident": {"report", "reported"},
	}
	cat := load(t)
	if len(cat.Machines()) != len(tests) {
		t.Errorf("%d machines, want %d", len(cat.Machines()), len(tests))
	}
	for _, declared := range cat.Machines() {
		m := casework.NewMachine(declared)
		event, state := m.Filed()
		if want := tests[declared.ID]; event != want[0] || state != want[1] {
			t.Errorf("%s files by %q into %q, want %q", declared.ID, event, state, want)
		}
		if m.Initial() != "draft" {
			t.Errorf("%s begins as %q", declared.ID, m.Initial())
		}
	}
}

// TestLives walks cases from filing to their end.
func TestLives(t *testing.T) {
	type step struct{ event, actor, state string }
	tests := []struct {
		name, machine string
		steps         []step
	}{
		{"registration with a supplement", "registration", []step{
			{"submit", "applicant", "submitted"}, {"ask-supplement", "staff", "supplement-noticed"}, {"supplement", "applicant", "submitted"},
			{"accept", "staff", "accepted"}, {"register", "staff", "registered"}, {"exit", "system", "exited"},
		}},
		{"arbitration to a law suit", "arbitration", []step{
			{"file", "applicant", "received"}, {"accept", "commission", "accepted"}, {"serve-copy", "commission", "served"}, {"schedule", "commission", "scheduled"},
			{"hear", "tribunal", "hearing"}, {"suspend", "commission", "suspended"}, {"resume", "commission", "hearing"}, {"extend", "commission", "extended"},
			{"award", "tribunal", "awarded"}, {"deliver", "commission", "served-award"}, {"sue", "party", "sued"},
		}},
		{"a named park looked at again", "evaluation", []step{
			{"declare", "applicant", "declared"}, {"accept", "staff", "accepted"}, {"pre-review", "town", "pre-reviewed"}, {"review", "district", "expert-reviewed"},
			{"publicise", "district", "publicised"}, {"name", "city", "named"}, {"fund", "finance", "funded"}, {"re-evaluate", "district", "re-evaluated"},
			{"keep", "district", "named"},
		}},
		{"a pension suspended and resumed", "benefit", []step{
			{"submit", "applicant", "submitted"}, {"accept", "staff", "accepted"}, {"review", "staff", "reviewing"}, {"grant", "staff", "granted"},
			{"pay", "finance", "paying"}, {"certification-missed", "system", "suspended"}, {"certify", "beneficiary", "paying"}, {"end", "staff", "ended"},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := machine(t, tt.machine)
			state := m.Initial()
			for _, s := range tt.steps {
				next, err := m.Next(state, s.event, s.actor)
				if err != nil || next != s.state {
					t.Fatalf("%s by %s from %s: %q, %v", s.event, s.actor, state, next, err)
				}
				state = next
			}
			if s, ok := m.State(state); !ok || !s.End {
				t.Errorf("the life ends in %+v, which is no end", s)
			}
		})
	}
}

func TestNextRefuses(t *testing.T) {
	m := machine(t, "registration")
	tests := []struct {
		state, event, actor string
		want                error
	}{
		{"submitted", "accept", "applicant", casework.ErrActor},
		{"draft", "accept", "staff", casework.ErrNoTransition},
		{"exited", "submit", "applicant", casework.ErrNoTransition},
		{"nowhere", "submit", "applicant", casework.ErrNoTransition},
		{"", "", "", casework.ErrNoTransition},
	}
	for _, tt := range tests {
		if got, err := m.Next(tt.state, tt.event, tt.actor); !errors.Is(err, tt.want) || got != "" {
			t.Errorf("%+v gives %q, %v", tt, got, err)
		}
	}
}

// TestMachinesLeadSomewhere searches each machine from both ends: every state
// is reached from the first, and from every state some end can be reached.
func TestMachinesLeadSomewhere(t *testing.T) {
	for _, declared := range load(t).Machines() {
		m := casework.NewMachine(declared)
		reached := walk(m.Initial(), func(s string) (next []string) {
			for _, tr := range m.Open(s) {
				next = append(next, tr.To)
			}
			return next
		})
		for _, s := range declared.States {
			if !reached[s.ID] {
				t.Errorf("%s: %s cannot be reached", declared.ID, s.ID)
			}
			ahead := walk(s.ID, func(s string) (next []string) {
				for _, tr := range m.Open(s) {
					next = append(next, tr.To)
				}
				return next
			})
			if !slices.ContainsFunc(declared.States, func(e catalogue.State) bool { return e.End && ahead[e.ID] }) {
				t.Errorf("%s: a case in %s never ends", declared.ID, s.ID)
			}
		}
		for _, tr := range declared.Transitions {
			if got, err := m.Next(tr.From, tr.Event, tr.Actors[0]); err != nil || got != tr.To {
				t.Errorf("%s: %+v gives %q, %v", declared.ID, tr, got, err)
			}
			if e, ok := m.Event(tr.Event); !ok || e.ZH == "" || e.EN == "" {
				t.Errorf("%s: event %s has no words", declared.ID, tr.Event)
			}
		}
	}
}

func walk(from string, next func(string) []string) map[string]bool {
	seen := map[string]bool{from: true}
	for queue := []string{from}; len(queue) > 0; queue = queue[1:] {
		for _, s := range next(queue[0]) {
			if !seen[s] {
				seen[s] = true
				queue = append(queue, s)
			}
		}
	}
	return seen
}

func TestEmptyMachine(t *testing.T) {
	m := casework.NewMachine(catalogue.Machine{})
	if event, state := m.Filed(); m.Initial() != "" || event != "" || state != "" {
		t.Errorf("%q files by %q into %q", m.Initial(), event, state)
	}
}

// Every service whose answer is due by law or promise can say so on the slip.
func TestAtFiling(t *testing.T) {
	cat := load(t)
	want := map[string]bool{"supplement-generic": true, "kiosk-callback": true, "arb-accept": true, "pension-claim": true, "unemployment-benefit": true, "injury-accept": true, "complaint-accept": true, "mediation-accept": true}
	for id := range want {
		clock, ok := cat.Clock(id)
		if !ok || !casework.AtFiling(clock) {
			t.Errorf("%s does not run from filing", id)
		}
	}
	for _, id := range []string{"arb-decide", "injury-employer-apply", "ability-recheck-from", "arb-defence", "hardship-job"} {
		if clock, _ := cat.Clock(id); casework.AtFiling(clock) {
			t.Errorf("%s runs from filing", id)
		}
	}
}

func ExampleMachine_Next() {
	m := casework.NewMachine(catalogue.Machine{
		ID:          "registration",
		States:      []catalogue.State{{ID: "draft"}, {ID: "submitted", End: true}},
		Transitions: []catalogue.Transition{{From: "draft", Event: "submit", To: "submitted", Actors: []string{"applicant"}}},
	})
	fmt.Println(m.Next("draft", "submit", "applicant"))
	fmt.Println(m.Next("draft", "submit", "staff"))
	// Output:
	// submitted <nil>
	//  move registration case from "draft" by "submit" as "staff": not for this actor
}
