package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"leye/app/casework"
	"leye/app/catalogue"
	"leye/app/form"
	"leye/app/terminal/internal/kiosk"
)

// Cases tells how far a matter has come.
type Cases interface {
	// Case asks the central. Errors are [ErrNoCase], *Closed, and others: then nobody
	// can tell now.
	Case(ctx context.Context, number, queryCode string) (kiosk.Case, error)
	// Held is how an application stands that was filed on this terminal under a
	// reference; empty for one that is not here.
	Held(ctx context.Context, ref kiosk.Reference) (kiosk.State, error)
}

// ErrNoCase says that no case has the number and the query code.
var ErrNoCase = errors.New("no case has this number and query code")

// Closed says that a case tells nothing for a while after too many wrong codes.
type Closed struct{ For time.Duration }

func (e *Closed) Error() string { return fmt.Sprintf("the case is closed for %v", e.For) }

// Told is what came of asking how far a matter has come.
type Told string

// What is told.
const (
	ToldCase    Told = "case"
	ToldNone    Told = "none"    // no case has this number and query code
	ToldClosed  Told = "closed"  // too many wrong codes
	ToldNothing Told = "nothing" // nobody can tell now

	// Of an application that was filed here.
	ToldWaiting   Told = "waiting"   // it is still to be sent
	ToldSent      Told = "sent"      // the central has it, under another number
	ToldRefused   Told = "refused"   // kept for staff
	ToldElsewhere Told = "elsewhere" // it is not here
)

// Case is a case as the central told it, in the catalogue's words.
type Case struct {
	Number, Applicant string
	Matter            catalogue.Text // the service; empty when it is not known here
	Stands            catalogue.Text // where it stands; empty when it is not known here
	Ended             bool           // nothing more comes
	Papers            bool           // it waits for papers that the applicant was asked for
	Unsure            bool           // the counter decides
	Steps             []Step
	Due               string // the promised day as YYYY-MM-DD, or empty
	Desk              string // where the matter goes on, or empty
	At                time.Time
}

// Step is one event of a case; What is empty when it is not known here.
type Step struct {
	At   time.Time
	What catalogue.Text
}

// Next is the key of the words about what comes next.
func (c Case) Next() string {
	switch {
	case c.Papers:
		return "case.next.papers"
	case c.Ended:
		return "case.next.ended"
	}
	return "case.next"
}

// String says nothing of the case.
func (c Case) String() string { return "case" }

// Format writes String whatever the verb.
func (c Case) Format(f fmt.State, _ rune) { mask(f, c.String()) }

// MarshalText is String.
func (c Case) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// LogValue is String.
func (c Case) LogValue() slog.Value { return slog.StringValue(c.String()) }

// supplement is the event with which an applicant hands in what was asked for.
const supplement = "supplement"

// inWords puts a case into the catalogue's words. The central's catalogue may know
// services and states that this one does not.
func inWords(cat *catalogue.Catalogue, c kiosk.Case, at time.Time) Case {
	out := Case{Number: c.Number, Applicant: c.Applicant, Due: c.Due, Desk: c.Desk, Unsure: true, At: at}
	service, _ := cat.Service(c.Service)
	declared, _ := cat.Machine(service.StateMach)
	machine := casework.NewMachine(declared)
	state, known := machine.State(c.State)
	out.Matter, out.Stands, out.Ended = service.Text, state.Text, state.End
	if known {
		out.Unsure = catalogue.Uncertain(service.Confidence)
	}
	for _, next := range machine.Open(c.State) {
		out.Papers = out.Papers || next.Event == supplement
	}
	for _, step := range c.Steps {
		after, _ := machine.State(step.State)
		out.Steps = append(out.Steps, Step{At: step.At, What: after.Text})
	}
	return out
}

// looksUp reports whether the questions on the screen are those of the progress
// look-up. They are answered at once, and never filed.
func (s *Session) looksUp() bool {
	return s.state.Form != nil && s.state.Form.Service().ID == ProgressService
}

// Keeps reports whether what is asked of a service is kept.
func Keeps(svc catalogue.Service) bool { return svc.ID != ProgressService }

// namesReference reports whether the number that was entered is a terminal's: it has no
// query code.
func (s *Session) namesReference() bool {
	_, err := kiosk.ParseReference(s.state.Answers[progressNumber].Text())
	return err == nil
}

// askCase asks for what the two questions name, beside the visit and for a bounded
// time. Nothing of it is kept.
func (s *Session) askCase() {
	number, code := s.state.Answers[progressNumber].Text(), s.state.Answers[progressQuery].Text()
	ctx, stop := context.WithCancel(s.visit.ctx)
	s.visit.stopAsking = stop
	s.set(func(st *State) {
		st.Stage, st.Problems, st.Fault, st.Overlay = AskingCase, nil, "", NoOverlay
		st.Told, st.Case, st.ClosedFor, st.Print = "", nil, 0, NotPrinting
	})
	s.start(func(context.Context) func() {
		found := s.look(ctx, number, code)
		return func() {
			if ctx.Err() != nil {
				return // the person has gone back meanwhile
			}
			stop()
			s.touch()
			s.set(found)
		}
	})
}

// look finds out what to tell; what it returns says it.
func (s *Session) look(ctx context.Context, number, code string) func(*State) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.WaitForCase)
	defer cancel()
	if ref, err := kiosk.ParseReference(number); err == nil {
		state, err := s.cfg.Cases.Held(ctx, ref)
		return s.told(heldAs(state), Case{}, err)
	}
	c, err := s.cfg.Cases.Case(ctx, number, code)
	return s.told(ToldCase, inWords(s.cfg.Catalogue, c, s.now()), err)
}

func heldAs(state kiosk.State) Told {
	switch state {
	case kiosk.Pending, kiosk.InFlight, kiosk.Retry:
		return ToldWaiting
	case kiosk.Accepted:
		return ToldSent
	case kiosk.Parked:
		return ToldRefused
	default: // another terminal sends what was carried there
		return ToldElsewhere
	}
}

// told is the state's change for what was found out.
func (s *Session) told(what Told, c Case, err error) func(*State) {
	var closed *Closed
	switch {
	case err == nil && what == ToldCase:
		return func(st *State) { st.Stage, st.Told, st.Case = CaseTold, what, &c }
	case err == nil:
		return func(st *State) { st.Stage, st.Told = CaseTold, what }
	case errors.Is(err, ErrNoCase):
		return func(st *State) { st.Stage, st.Told = CaseTold, ToldNone }
	case errors.As(err, &closed):
		return func(st *State) { st.Stage, st.Told, st.ClosedFor = CaseTold, ToldClosed, closed.For }
	}
	code := codeOf(err)
	s.cfg.Log.Warn("look up case", "code", code, "err", err)
	return func(st *State) { st.Stage, st.Told, st.Fault = CaseTold, ToldNothing, code }
}

type (
	// AskAgain asks once more after nobody could tell.
	AskAgain struct{}
	// AnotherCase begins the look-up anew, for another case.
	AnotherCase struct{}
	// PrintCase puts on paper what the central said.
	PrintCase struct{}
)

func (AskAgain) apply(s *Session) {
	if s.state.Stage == CaseTold && s.state.Told == ToldNothing {
		s.askCase()
	}
}

func (AnotherCase) apply(s *Session) {
	if s.state.Stage != CaseTold || s.state.Printing() {
		return
	}
	f := s.state.Form
	s.set(func(st *State) {
		st.forgetCase()
		st.Stage, st.Answers, st.Problems = Filling, form.Answers{}, nil
		st.Questions, st.Question = f.Questions(st.Answers), 0
	})
}

// forgetCase takes what was told off the screen; what was asked stays.
func (st *State) forgetCase() {
	st.Told, st.Case, st.ClosedFor, st.Fault, st.Print = "", nil, 0, "", NotPrinting
}

// backFromCase returns to the questions, with what was entered: from what was told, or
// from asking, which is ended.
func (s *Session) backFromCase() {
	if s.state.Printing() {
		return
	}
	if s.state.Stage == AskingCase {
		s.visit.stopAsking()
	}
	s.set(func(st *State) {
		st.forgetCase()
		st.Stage, st.Question, st.Problems = Filling, 0, nil
	})
}

func (PrintCase) apply(s *Session) {
	if s.state.Stage != CaseTold || s.state.Case == nil || s.state.Printing() {
		return
	}
	c, language := *s.state.Case, s.state.Language
	s.set(func(st *State) { st.Print, st.Fault = Printing, "" })
	s.start(func(ctx context.Context) func() {
		proof, err := s.cfg.Slips.PrintCase(ctx, language, c)
		return func() {
			if err != nil {
				s.cfg.Log.Warn("print progress", "proof", proof.String(), "err", err)
			}
			s.touch()
			s.set(func(st *State) {
				st.Print = printState(proof, err)
				st.Fault = printCode(st.Print, "", err)
			})
		}
	})
}
