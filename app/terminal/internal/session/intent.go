package session

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"leye/app/catalogue"
	"leye/app/form"
	"leye/app/terminal/internal/kiosk"
)

// Intent is something the person in front of the screen wants. The package's
// exported types that implement it are all there are.
type Intent interface{ apply(s *Session) }

type (
	// Touch says that somebody is there.
	Touch struct{}
	// Start leaves the idle screen.
	Start struct{}
	// SetLanguage switches to "zh" or "en".
	SetLanguage struct{ Language string }
	// SetElder switches larger type on or off.
	SetElder struct{ On bool }
	// SetReach moves all controls into the lower band, or back.
	SetReach struct{ On bool }
	// ChooseEvent opens a life event's services.
	ChooseEvent struct{ Event string }
	// OpenSearch opens the search for a service.
	OpenSearch struct{}
	// Find searches services, or policies on the policy screen.
	Find struct{ Query string }
	// Narrow limits the found policies to a category; empty means all.
	Narrow struct{ Category string }
	// ChooseService opens a service's page.
	ChooseService struct{ Service string }
	// Begin goes on from the service page.
	Begin struct{}
	// ConfirmIdentity says that the shown person is the one who is there.
	ConfirmIdentity struct{}
	// Answer gives a field's answer; a zero Value takes it back.
	Answer struct {
		Field string
		Value form.Value
	}
	// Next checks the shown question and goes on.
	Next struct{}
	// Back returns to the screen before; no answer is lost.
	Back struct{}
	// Change goes from the check screen to the question of a field.
	Change struct{ Field string }
	// AddRow opens a new row of a repeat field.
	AddRow struct{ Field string }
	// EditRow opens a row of a repeat field.
	EditRow struct {
		Field string
		Row   int
	}
	// RemoveRow drops a row of a repeat field.
	RemoveRow struct {
		Field string
		Row   int
	}
	// File hands the application in.
	File struct{}
	// ReadPolicy opens a policy text.
	ReadPolicy struct{ Policy string }
	// PrintPolicy registers the look-up and prints the text being read.
	PrintPolicy struct{}
	// PrintAgain prints the slip once more after the paper failed; one that may
	// have come out is marked as a reprint.
	PrintAgain struct{}
	// Finish ends the visit after filing, or after what was asked has been told.
	Finish struct{}
	// Leave asks to end the visit; ConfirmLeave ends it.
	Leave struct{}
	// ConfirmLeave ends the visit and wipes it.
	ConfirmLeave struct{}
	// CallHelp shows how to get a member of staff.
	CallHelp struct{}
	// CloseOverlay returns to the screen beneath.
	CloseOverlay struct{}
)

func (Touch) apply(*Session) {}

func (Start) apply(s *Session) {
	if (s.state.Stage == Idle || s.state.Stage == Ended) && s.state.Open() {
		s.begin()
	}
}

func (i SetLanguage) apply(s *Session) {
	if i.Language == "zh" || i.Language == "en" {
		s.set(func(st *State) { st.Language = i.Language })
	}
}

func (i SetElder) apply(s *Session) { s.set(func(st *State) { st.Elder = i.On }) }

func (i SetReach) apply(s *Session) { s.set(func(st *State) { st.Reach = i.On }) }

func (i ChooseEvent) apply(s *Session) {
	if s.state.Stage != Home {
		return
	}
	for _, e := range s.cfg.Catalogue.Events() {
		if e.ID != i.Event {
			continue
		}
		s.set(func(st *State) { st.Stage, st.Event, st.Query, st.Found = Browse, e.ID, "", e.Services })
		return
	}
}

func (OpenSearch) apply(s *Session) {
	if s.state.Stage == Home || s.state.Stage == Browse {
		s.set(func(st *State) { st.Stage, st.Event, st.Query, st.Found = Search, "", "", nil })
	}
}

func (i Find) apply(s *Session) {
	switch s.state.Stage {
	case Search:
		s.set(func(st *State) { st.Query, st.Found = i.Query, find(s.cfg.Catalogue, i.Query) })
	case PolicySearch:
		s.set(func(st *State) { st.Query = i.Query })
		s.findPolicies()
	}
}

func (i Narrow) apply(s *Session) {
	if s.state.Stage == PolicySearch {
		s.set(func(st *State) { st.Category = i.Category })
		s.findPolicies()
	}
}

func (s *Session) findPolicies() {
	hits := s.cfg.Policies.Search(s.state.Query, s.state.Category, "", s.now())
	s.set(func(st *State) { st.Hits = hits })
}

func (i ChooseService) apply(s *Session) {
	switch s.state.Stage {
	case Home, Browse, Search:
	default:
		return
	}
	if _, ok := s.cfg.Catalogue.Service(i.Service); !ok {
		return
	}
	s.set(func(st *State) { st.Stage, st.Service, st.Checks = Service, i.Service, Checks{} })
	s.checkDevices()
}

// checkDevices finds out what the service page must say before anything is
// asked: never ask for data that cannot be kept.
func (s *Session) checkDevices() {
	s.start(func(ctx context.Context) func() {
		status, err := s.cfg.Slips.Status(ctx)
		fits, measured := s.cfg.Slips.Fits(ctx)
		keep := s.cfg.Submitter.Ready(ctx)
		return func() {
			if err := errors.Join(err, measured); err != nil {
				s.cfg.Log.Warn("ask printer", "err", err)
			}
			if keep != nil {
				s.cfg.Log.Error("keep applications", "err", keep)
			}
			s.set(func(st *State) {
				st.Checks = Checks{Printer: status, Short: measured == nil && !fits, Known: true, Reader: st.Reader != readerOffline, Keep: keep == nil}
			})
		}
	})
}

func (Begin) apply(s *Session) {
	svc, _ := s.cfg.Catalogue.Service(s.state.Service)
	if s.state.Stage != Service || s.state.Checks.Known && !s.state.Checks.Keep && Keeps(svc) {
		return
	}
	if svc.ID == PolicyService {
		s.set(func(st *State) { st.Stage, st.Query, st.Category = PolicySearch, "", "" })
		s.findPolicies()
		return
	}
	if !needsCard(svc) || s.state.Resident != nil {
		s.fill(svc)
		return
	}
	s.visit.looking = s.now()
	s.set(func(st *State) { st.Stage, st.Slow, st.Trouble = Identify, false, "" })
}

func (ConfirmIdentity) apply(s *Session) {
	if s.state.Stage != Identify || s.state.Resident == nil {
		return
	}
	svc, _ := s.cfg.Catalogue.Service(s.state.Service)
	s.fill(svc)
}

// fill opens the form, keeping the answers of an earlier start of the same
// service in this visit.
func (s *Session) fill(svc catalogue.Service) {
	if s.state.Form != nil && s.state.Form.Service().ID == svc.ID {
		s.set(func(st *State) { st.Stage = Filling })
		s.takeSlip()
		return
	}
	f, err := form.Compile(s.cfg.Catalogue, svc.ID, s.now())
	if err != nil {
		s.cfg.Log.Error("compile form", "service", svc.ID, "err", err)
		s.set(func(st *State) { st.Fault = kiosk.CodeCatalogueWrong })
		return
	}
	answers := f.Prefill(factsOf(s.state.Resident))
	s.visit.appID = ""
	s.set(func(st *State) {
		st.Stage, st.Form, st.Answers = Filling, f, f.Clean(answers)
		st.Problems, st.Returning, st.Fault = nil, false, ""
		st.Questions, st.Question = f.Questions(st.Answers), 0
	})
	if len(s.state.Questions) == 0 {
		s.set(func(st *State) { st.Stage = Reviewing })
	}
	s.takeSlip()
}

func (i Answer) apply(s *Session) {
	switch s.state.Stage {
	case Filling:
		s.answer(i)
	case Row:
		s.answerRow(i)
	}
}

func (s *Session) answer(i Answer) {
	f := s.state.Form
	if _, ok := f.Field(i.Field); !ok {
		return
	}
	answers := maps.Clone(s.state.Answers)
	answers[i.Field] = i.Value
	if i.Value.Empty() {
		delete(answers, i.Field)
	}
	s.set(func(st *State) {
		st.Answers = answers
		st.Problems = without(st.Problems, i.Field)
		s.place(st, f.Questions(answers))
	})
}

// place keeps the person on the question they are looking at when an answer
// makes questions appear or vanish elsewhere.
func (s *Session) place(st *State, questions []form.Question) {
	at := ""
	if st.Question < len(st.Questions) {
		at = st.Questions[st.Question].ID
	}
	st.Questions = questions
	for n, q := range questions {
		if q.ID == at {
			st.Question = n
			return
		}
	}
	st.Question = min(st.Question, max(0, len(questions)-1))
}

func (Next) apply(s *Session) {
	switch s.state.Stage {
	case Filling:
		s.nextQuestion()
	case Row:
		s.keepRow()
	}
}

func (s *Session) nextQuestion() {
	st := &s.state
	if len(st.Questions) == 0 {
		s.set(func(st *State) { st.Stage = Reviewing })
		return
	}
	problems := s.problemsOf(st.Questions[st.Question].Fields, st.Answers)
	if hard(problems) {
		s.set(func(st *State) { st.Problems = problems })
		return
	}
	last := st.Question == len(st.Questions)-1
	if s.looksUp() && (last || s.namesReference()) {
		s.askCase()
		return
	}
	unanswered := s.firstUnready()
	s.set(func(st *State) {
		st.Problems = problems
		switch {
		case st.Returning && unanswered >= 0:
			st.Question = unanswered
		case st.Returning || last:
			st.Stage, st.Returning = Reviewing, false
		default:
			st.Question++
		}
	})
}

// firstUnready is the first question that still has a hard problem, or -1. A
// change made from the check screen may open questions never seen.
func (s *Session) firstUnready() int {
	for n, q := range s.state.Questions {
		if hard(s.problemsOf(q.Fields, s.state.Answers)) {
			return n
		}
	}
	return -1
}

func (s *Session) problemsOf(fields []catalogue.Field, a form.Answers) map[string]form.Problem {
	problems := map[string]form.Problem{}
	for _, f := range fields {
		if p := s.state.Form.Check(f, a[f.Key], a); p != nil {
			problems[f.Key] = *p
		}
	}
	return problems
}

func hard(problems map[string]form.Problem) bool {
	for _, p := range problems {
		if !p.Soft {
			return true
		}
	}
	return false
}

func (Back) apply(s *Session) {
	if s.state.Notice {
		s.set(func(st *State) { st.Notice = false })
		return
	}
	if s.state.Stage == AskingCase || s.state.Stage == CaseTold {
		s.backFromCase()
		return
	}
	s.set(func(st *State) {
		st.Problems, st.Fault = nil, ""
		switch st.Stage {
		case Browse, Search:
			st.Stage = Home
		case Service:
			st.Stage = Home
			if st.Event != "" {
				st.Stage = Browse
			} else if st.Query != "" {
				st.Stage = Search
			}
		case Identify, PolicySearch:
			st.Stage = Service
		case PolicyText:
			st.Stage = PolicySearch
		case Row:
			st.Stage, st.RowDraft = Filling, nil
		case Filling:
			switch {
			case st.Returning:
				st.Stage, st.Returning = Reviewing, false
			case st.Question > 0:
				st.Question--
			default:
				st.Stage = Service
			}
		case Reviewing:
			st.Stage = Filling
			st.Question = max(0, len(st.Questions)-1)
			if len(st.Questions) == 0 {
				st.Stage = Service
			}
		}
	})
}

func (i Change) apply(s *Session) {
	if s.state.Stage != Reviewing {
		return
	}
	for n, q := range s.state.Questions {
		if slices.ContainsFunc(q.Fields, func(f catalogue.Field) bool { return f.Key == i.Field }) {
			s.set(func(st *State) { st.Stage, st.Question, st.Returning, st.Problems = Filling, n, true, nil })
			return
		}
	}
}

func (i AddRow) apply(s *Session) {
	f, ok := s.repeat(i.Field)
	if !ok {
		return
	}
	rows := s.state.Answers[i.Field].Rows()
	if c := f.Constraint; c != nil && c.MaxItems != nil && len(rows) >= *c.MaxItems {
		p := form.Problem{Field: i.Field, Row: -1, Code: "max_items", Params: map[string]string{"max": strconv.Itoa(*c.MaxItems)}}
		s.set(func(st *State) { st.Problems = map[string]form.Problem{i.Field: p} })
		return
	}
	s.set(func(st *State) {
		st.Stage, st.RowField, st.RowIndex, st.RowNew, st.RowDraft, st.Problems = Row, i.Field, len(rows), true, form.Answers{}, nil
	})
}

func (i EditRow) apply(s *Session) {
	if _, ok := s.repeat(i.Field); !ok {
		return
	}
	rows := s.state.Answers[i.Field].Rows()
	if i.Row < 0 || i.Row >= len(rows) {
		return
	}
	s.set(func(st *State) {
		st.Stage, st.RowField, st.RowIndex, st.RowNew, st.RowDraft, st.Problems = Row, i.Field, i.Row, false, maps.Clone(rows[i.Row]), nil
	})
}

func (i RemoveRow) apply(s *Session) {
	if _, ok := s.repeat(i.Field); !ok {
		return
	}
	rows := slices.Clone(s.state.Answers[i.Field].Rows())
	if i.Row < 0 || i.Row >= len(rows) {
		return
	}
	s.answer(Answer{Field: i.Field, Value: form.Rows(slices.Delete(rows, i.Row, i.Row+1)...)})
}

func (s *Session) repeat(field string) (catalogue.Field, bool) {
	if s.state.Stage != Filling || s.state.Form == nil {
		return catalogue.Field{}, false
	}
	f, ok := s.state.Form.Field(field)
	return f, ok && f.Type == catalogue.TypeRepeat
}

func (s *Session) answerRow(i Answer) {
	draft := maps.Clone(s.state.RowDraft)
	draft[i.Field] = i.Value
	if i.Value.Empty() {
		delete(draft, i.Field)
	}
	s.set(func(st *State) { st.RowDraft, st.Problems = draft, without(st.Problems, i.Field) })
}

// keepRow checks the row on the screen and puts it into its field.
func (s *Session) keepRow() {
	f, ok := s.state.Form.Field(s.state.RowField)
	if !ok {
		return
	}
	problems := s.problemsOf(f.Fields, s.state.RowDraft)
	if hard(problems) {
		s.set(func(st *State) { st.Problems = problems })
		return
	}
	rows := slices.Clone(s.state.Answers[f.Key].Rows())
	if s.state.RowNew {
		rows = append(rows, s.state.RowDraft)
	} else if s.state.RowIndex < len(rows) {
		rows[s.state.RowIndex] = s.state.RowDraft
	}
	s.set(func(st *State) { st.Stage, st.RowDraft = Filling, nil })
	s.answer(Answer{Field: f.Key, Value: form.Rows(rows...)})
}

func (i ReadPolicy) apply(s *Session) {
	if s.state.Stage == PolicySearch {
		s.set(func(st *State) { st.Stage, st.Policy = PolicyText, i.Policy })
	}
}

func (Finish) apply(s *Session) {
	if (s.state.Stage == Filed || s.state.Stage == CaseTold) && !s.state.Printing() {
		s.leave()
	}
}

func (Leave) apply(s *Session) {
	switch s.state.Stage {
	case Idle, Submitting:
	case Ended:
		if !s.state.Locked() {
			s.set(func(st *State) { st.Stage = Idle })
		}
	case Filed, CaseTold:
		Finish{}.apply(s)
	default:
		if len(s.state.Answers) == 0 && s.state.Resident == nil {
			s.leave()
			return
		}
		s.set(func(st *State) { st.Overlay = LeaveAsk })
	}
}

func (ConfirmLeave) apply(s *Session) {
	if s.state.Stage != Submitting && s.state.Stage != Idle {
		s.leave()
	}
}

func (CallHelp) apply(s *Session) { s.set(func(st *State) { st.Overlay = HelpCall }) }

func (CloseOverlay) apply(s *Session) { s.set(func(st *State) { st.Overlay = NoOverlay }) }

// without returns m less key, sharing m when nothing changes.
func without[V any](m map[string]V, key string) map[string]V {
	if _, ok := m[key]; !ok {
		return m
	}
	c := maps.Clone(m)
	delete(c, key)
	return c
}

// trimmed is the text of a search as it is sent and shown.
func trimmed(q string) string { return strings.TrimSpace(q) }
