package session

import (
	"context"
	"errors"
	"slices"
	"time"

	"leye/app/catalogue"
	"leye/app/form"
	"leye/devices/scanner"
)

// CodeScanner delivers the codes that are held to the terminal's scanner.
type CodeScanner interface {
	Scan(ctx context.Context) (scanner.Code, error)
	SetProgress(func(scanner.Progress))
}

// ProgressService is the look-up whose questions the code on a slip answers, and the
// keys of these questions.
const (
	ProgressService = "case-progress"

	progressNumber = "case_no"
	progressQuery  = "code"
)

// What is said about a code that was held up: text keys, for State.Scan.
const (
	ScanFilled     = "scan.filled"     // it has answered what the page asks
	ScanSlip       = "scan.slip"       // a slip, whose look-up is one touch away
	scanSaved      = "scan.slip_saved" // a slip that was printed before it had a query code
	scanElsewhere  = "scan.slip_elsewhere"
	scanSuishenma  = "scan.suishenma"
	scanNotHere    = "scan.not_here" // a credit code that nothing here asks for
	scanUnknown    = "scan.unknown"
	scanUnreadable = "scan.unreadable"
)

// slipCode is what a slip's code holds.
type slipCode struct{ number, query string }

type scanEvent struct {
	code     scanner.Code
	progress scanner.Progress
	err      error
	read     bool
}

func (s *Session) sendScan(ctx context.Context, e scanEvent) {
	select {
	case s.scans <- e:
	case <-ctx.Done():
	}
}

func (s *Session) scanCodes(ctx context.Context) {
	told := ""
	for ctx.Err() == nil {
		code, err := s.cfg.Scanner.Scan(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil || errors.Is(err, scanner.ErrUnreadable):
			s.sendScan(ctx, scanEvent{code: code, err: err, read: true})
			told = ""
		default:
			if told != err.Error() { // a scanner that is away says so every second
				told = err.Error()
				s.cfg.Log.Warn("scan", "err", err)
			}
			pause(ctx, time.Second)
		}
	}
}

func (s *Session) onScan(e scanEvent) {
	idle := s.state.Stage == Idle || s.state.Stage == Ended
	switch {
	case !e.read:
		s.set(func(st *State) { st.Scanner = e.progress != scanner.Offline })
	case s.state.Stage == Submitting || s.state.Stage == Filed || s.state.Stage == AskingCase || s.state.Print == Printing:
		// The paper on its way, and the answer, belong to what was asked before.
	case e.err != nil && !idle:
		s.cfg.Log.Info("scan", "err", e.err)
		s.tell(scanUnreadable)
	case e.err == nil:
		s.onCode(e.code, idle)
	}
}

// onCode does what a code is good for here. Nothing of it is kept but a slip's number
// and query code, until the visit ends.
func (s *Session) onCode(c scanner.Code, idle bool) {
	if idle {
		if !s.state.Open() || c.Kind != scanner.Slip && c.Kind != scanner.Suishenma {
			return // whatever passes by starts no visit
		}
		s.begin()
	}
	s.touch()
	switch c.Kind {
	case scanner.Slip:
		s.onSlip(c)
	case scanner.CreditCode:
		s.onCreditCode(c.CreditCode())
	case scanner.Suishenma:
		// Its token means something to the city's service alone, and the contract
		// with the central has no way to ask. So it identifies nobody here.
		s.tell(scanSuishenma)
	default:
		s.tell(scanUnknown)
	}
}

func (s *Session) tell(key string) {
	s.set(func(st *State) {
		st.Scan = key
		st.Scans++
	})
}

// onSlip answers the questions of the progress look-up, or leads to it where nothing
// can be lost by that.
func (s *Session) onSlip(c scanner.Code) {
	number, query := c.Slip()
	s.visit.slip = slipCode{number, query}
	switch st := &s.state; {
	case st.Stage == Home || st.Stage == Browse || st.Stage == Search:
		ChooseService{ProgressService}.apply(s)
		s.tell(ScanSlip)
	case st.Stage == Service && st.Service == ProgressService:
		s.tell(ScanSlip)
	case st.Stage == Filling && s.looksUp():
		s.takeSlip()
	case st.Stage == CaseTold:
		AnotherCase{}.apply(s)
		s.takeSlip()
	default:
		s.visit.slip = slipCode{}
		s.tell(scanElsewhere)
	}
}

// takeSlip puts the slip that was held up into the look-up that is asked.
func (s *Session) takeSlip() {
	slip := s.visit.slip
	if slip.number == "" || s.state.Stage != Filling || !s.looksUp() {
		return
	}
	s.visit.slip = slipCode{}
	for key, value := range map[string]string{progressNumber: slip.number, progressQuery: slip.query} {
		if _, ok := s.state.Form.Field(key); !ok {
			s.tell(scanUnknown) // another catalogue asks other questions
			return
		}
		answer := form.Value{}
		if value != "" {
			answer = form.Text(value)
		}
		s.answer(Answer{Field: key, Value: answer})
	}
	if slip.query == "" {
		s.tell(scanSaved)
		return
	}
	s.tell(ScanFilled)
}

// onCreditCode answers the question on the screen when it asks for one.
func (s *Session) onCreditCode(code string) {
	st := &s.state
	if st.Stage != Filling || st.Question >= len(st.Questions) {
		s.tell(scanNotHere)
		return
	}
	fields := st.Questions[st.Question].Fields
	i := slices.IndexFunc(fields, func(f catalogue.Field) bool { return f.Constraint != nil && f.Constraint.Check == "uscc-gb32100" })
	if i < 0 {
		s.tell(scanNotHere)
		return
	}
	s.answer(Answer{Field: fields[i].Key, Value: form.Text(code)})
	s.tell(ScanFilled)
}

// place is what a word about a code belongs to.
type place struct {
	stage    Stage
	service  string
	question int
}

func (s *Session) at() place {
	return place{s.state.Stage, s.state.Service, s.state.Question}
}

// forgetScan takes back what was said about a code once the person has gone on.
func (s *Session) forgetScan(from place, scans int) {
	if s.state.Scan != "" && s.state.Scans == scans && s.at() != from {
		s.set(func(st *State) { st.Scan = "" })
	}
}
