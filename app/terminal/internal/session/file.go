package session

import (
	"context"
	"encoding/json"
	"errors"

	"leye/app/catalogue"
	"leye/app/form"
	"leye/app/terminal/internal/kiosk"
	"leye/devices/idcard"
	"leye/devices/printer"
)

// PolicyService is the look-up that has screens of its own: search, read, print.
const PolicyService = "policy-lookup"

const readerOffline = idcard.Offline

func (File) apply(s *Session) {
	if s.state.Stage != Reviewing || s.looksUp() {
		return
	}
	answers := s.state.Form.Clean(s.state.Answers)
	for _, p := range s.state.Form.CheckAll(answers) {
		if !p.Soft {
			s.set(func(st *State) { st.Problems = map[string]form.Problem{p.Field: p} })
			return
		}
	}
	s.file(s.state.Form, answers, "")
}

func (PrintPolicy) apply(s *Session) {
	if s.state.Stage != PolicyText {
		return
	}
	f, err := form.Compile(s.cfg.Catalogue, PolicyService, s.now())
	if err != nil {
		s.cfg.Log.Error("compile form", "service", PolicyService, "err", err)
		s.set(func(st *State) { st.Fault = kiosk.CodeCatalogueWrong })
		return
	}
	answers := form.Answers{}
	if q := trimmed(s.state.Query); q != "" {
		answers["kw"] = form.Text(q)
	}
	if s.state.Category != "" {
		answers["cat"] = form.Text(s.state.Category)
	}
	s.file(f, answers, s.state.Policy)
}

// file hands in: durable first, then a few seconds for the central's number,
// then paper. The identifier is fixed before the first write and kept when the
// person tries again, so that no attempt can stand twice.
func (s *Session) file(f *form.Form, answers form.Answers, policyID string) {
	body, err := json.Marshal(answers)
	if err != nil {
		s.failFiling(kiosk.CodeCatalogueWrong, err)
		return
	}
	if s.visit.appID == "" {
		s.visit.appID = kiosk.NewApplicationID()
		s.visit.filed = append(s.visit.filed, s.visit.appID)
	}
	app := kiosk.Application{
		ID: s.visit.appID, Service: f.Service().ID, CatalogueVersion: s.cfg.Catalogue.Version(),
		Terminal: s.cfg.Terminal, Language: s.state.Language, FiledAt: s.now(), Answers: body,
	}
	filing := Filing{App: app, Resident: s.residentFor(f.Service()), Form: f, Answers: answers, Policy: policyID, At: app.FiledAt}
	s.set(func(st *State) { st.Stage, st.Fault, st.Problems, st.Overlay = Submitting, "", nil, NoOverlay })
	s.start(func(ctx context.Context) func() {
		if err := s.cfg.Submitter.Put(ctx, &filing.App); err != nil {
			return func() { s.failFiling(codeOf(err), err) }
		}
		s.await(ctx, &filing)
		return func() { s.filed(filing) }
	})
}

func (s *Session) residentFor(svc catalogue.Service) *kiosk.Resident {
	if needsCard(svc) {
		return s.state.Resident
	}
	return nil
}

// await gives the central a few seconds to answer. Silence is not a failure:
// the application is safe here and will be sent.
func (s *Session) await(ctx context.Context, f *Filing) {
	wait, cancel := context.WithTimeout(ctx, s.cfg.WaitForCentral)
	defer cancel()
	ack, err := s.cfg.Submitter.Wait(wait, f.App.ID)
	var refused *Refused
	switch {
	case err == nil:
		f.Outcome, f.Ack = Accepted, ack
	case errors.As(err, &refused):
		f.Outcome, f.Code = Parked, kiosk.CodeEntryParked
	default:
		f.Outcome = Saved
	}
}

// failFiling returns to the screen the person came from with every answer still
// there; nothing was kept and nothing is claimed.
func (s *Session) failFiling(code kiosk.Code, err error) {
	s.cfg.Log.Error("file application", "code", code, "err", err)
	s.set(func(st *State) {
		st.Fault, st.Stage = code, Reviewing
		st.Failures++
		if st.Policy != "" {
			st.Stage = PolicyText
		}
	})
}

func codeOf(err error) kiosk.Code {
	var coded interface{ Code() kiosk.Code }
	if errors.As(err, &coded) {
		return coded.Code()
	}
	return kiosk.CodeNotKept
}

func (s *Session) filed(f Filing) {
	s.touch()
	s.set(func(st *State) { st.Stage, st.Filing, st.Fault = Filed, &f, f.Code })
	s.print(f)
}

func (PrintAgain) apply(s *Session) {
	if s.state.Stage == Filed && !s.state.Printing() && (s.state.Print == PrintFailed || s.state.Print == PrintDoubt) {
		s.print(*s.state.Filing)
	}
}

// print runs only after the commit: paper never says more than the ledger.
func (s *Session) print(f Filing) {
	s.set(func(st *State) { st.Print = Printing })
	s.start(func(ctx context.Context) func() {
		proof, err := s.cfg.Slips.Print(ctx, f)
		return func() {
			if err != nil {
				s.cfg.Log.Warn("print slip", "service", f.App.Service, "proof", proof.String(), "err", err)
			}
			s.touch()
			s.set(func(st *State) {
				st.Print = printState(proof, err)
				st.Fault = printCode(st.Print, f.Code, err)
			})
		}
	})
}

// printState claims no more than the proof.
func printState(p printer.Proof, err error) PrintState {
	switch {
	case p >= printer.Processed && err == nil:
		return PrintDone
	case p == printer.Sent && err == nil:
		return PrintSent
	case p == printer.NotSent:
		return PrintFailed
	default:
		return PrintDoubt
	}
}

// printCode is what staff read out about the paper; a filing's own code comes
// first, then the error's.
func printCode(p PrintState, filing kiosk.Code, err error) kiosk.Code {
	var coded interface{ Code() kiosk.Code }
	switch {
	case filing != "":
		return filing
	case errors.As(err, &coded):
		return coded.Code()
	case p == PrintFailed:
		return printerCode(err)
	case p == PrintDoubt:
		return kiosk.CodeSlipInDoubt
	default:
		return ""
	}
}

// printerCode is what keeps a printer from printing.
func printerCode(err error) kiosk.Code {
	var said *printer.StatusError
	switch {
	case errors.Is(err, printer.ErrSilent):
		return kiosk.CodePrinterOffline
	case !errors.As(err, &said):
		return kiosk.CodePrinterFault
	case said.Status.CoverOpen:
		return kiosk.CodeCoverOpen
	case said.Status.Paper == printer.PaperOut:
		return kiosk.CodePaperOut
	}
	return kiosk.CodePrinterFault
}
