package appliance

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"leye/app/catalogue"
	"leye/app/form"
	"leye/app/policy"
	"leye/app/terminal/internal/config"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/privacy"
	"leye/app/terminal/internal/receipt"
	"leye/app/terminal/internal/session"
	"leye/app/terminal/internal/slip"
	"leye/app/terminal/internal/ui/text"
	"leye/devices/printer"
)

// slips turns what was filed into paper and keeps the record of it.
type slips struct {
	layouts  *receipt.Layouts
	terminal config.Terminal
	policies *policy.Library
	texts    text.Bundle
	ledger   *slip.Ledger
	printer  device
	roll     int // a new roll's length, mm
	kept     privacy.Table
	log      *slog.Logger

	presented chan slip.Slip // the newest slip that a presenter holds
}

// device is the printer, its odometer and its presenter.
type device interface {
	printer.Printer
	printer.Presenter
	Fed() int // mm
}

func (s *slips) String() string { return "slips" }

// patience is how long a slip lies at the exit before it is drawn back: another
// person must not find it.
const patience = 45 * time.Second

// Run watches what a presenter holds, beside the visit that goes on.
func (s *slips) Run(ctx context.Context) error {
	for {
		select {
		case row := <-s.presented:
			s.handOver(ctx, row)
		case <-ctx.Done():
			return nil
		}
	}
}

func (s *slips) handOver(ctx context.Context, row slip.Slip) {
	became, err := s.printer.AwaitTaken(ctx, patience)
	if row == (slip.Slip{}) && err == nil {
		return // no record says that it was printed
	}
	to, known := map[printer.Handover]slip.State{printer.Taken: slip.Taken, printer.Retracted: slip.Retracted}[became]
	if err == nil && known {
		err = s.ledger.HandOver(ctx, row, to)
	}
	if err != nil && ctx.Err() == nil {
		s.log.Warn("watch slip at the exit", "err", err)
	}
}

var kinds = map[session.Outcome]receipt.Kind{session.Accepted: receipt.Accepted, session.Saved: receipt.Saved, session.Parked: receipt.Parked}

// Print is the session's.
func (s *slips) Print(ctx context.Context, f session.Filing) (printer.Proof, error) {
	return s.printAs(ctx, f.App.ID, func(print int) (printer.Document, error) { return s.compose(f, print) })
}

// printAs prints what compose makes of the number of the print. The record says
// unknown before the first byte leaves and is settled even when the visit has ended
// meanwhile.
func (s *slips) printAs(ctx context.Context, entry kiosk.ApplicationID, compose func(print int) (printer.Document, error)) (printer.Proof, error) {
	row, err := s.ledger.Prepare(ctx, entry)
	if err != nil {
		return printer.NotSent, &failure{storeCode(err), err}
	}
	doc, err := compose(row.Print)
	if err != nil {
		return printer.NotSent, &failure{kiosk.CodeCatalogueWrong, err}
	}
	if err := s.ledger.Begin(ctx, row); err != nil {
		return printer.NotSent, &failure{storeCode(err), err}
	}
	before := s.printer.Fed()
	proof, failed := s.printer.Print(ctx, doc)
	o := slip.Outcome{Proof: proof, Level: s.printer.Capability().Level, Length: s.printer.Fed() - before}
	if failed != nil {
		o.Cause = failed.Error()
	}
	if err := s.ledger.Settle(context.WithoutCancel(ctx), row, o); err != nil {
		s.log.Error("settle slip, its record stays unknown", "err", err)
		return proof, failed
	}
	if o.Level >= 5 && slip.Of(proof, o.Level) == slip.Confirmed {
		s.present(row)
	}
	return proof, failed
}

// PrintNotice is the session's.
func (s *slips) PrintNotice(ctx context.Context, language string, read privacy.Read) (printer.Proof, error) {
	doc, err := s.notice(language, read, time.Now())
	return s.printLoose(ctx, doc, err)
}

// PrintCase is the session's.
func (s *slips) PrintCase(ctx context.Context, language string, c session.Case) (printer.Proof, error) {
	doc, err := s.progress(language, c)
	return s.printLoose(ctx, doc, err)
}

// printLoose prints what stands in no record: a notice is nobody's matter, and what was
// looked up is kept nowhere. Neither claims anything.
func (s *slips) printLoose(ctx context.Context, doc printer.Document, composed error) (printer.Proof, error) {
	if composed != nil {
		return printer.NotSent, &failure{kiosk.CodeCatalogueWrong, composed}
	}
	before := s.printer.Fed()
	proof, failed := s.printer.Print(ctx, doc)
	if err := s.ledger.Spend(context.WithoutCancel(ctx), s.printer.Fed()-before); err != nil {
		s.log.Error("count the paper", "err", err)
	}
	if level := s.printer.Capability().Level; level >= 5 && slip.Of(proof, level) == slip.Confirmed {
		s.present(slip.Slip{})
	}
	return proof, failed
}

func (s *slips) notice(language string, read privacy.Read, at time.Time) (printer.Document, error) {
	w, t := words{language: language, texts: s.texts}, s.terminal
	out := receipt.Slip{Centre: w.say(catalogue.Text{ZH: t.CentreZH, EN: t.CentreEN}), Terminal: t.ID, At: at, Language: language}
	asked := privacy.Asked{Desk: w.say(catalogue.Text{ZH: t.DeskZH, EN: t.DeskEN}), Phone: t.Phone}
	say := func(key string, args ...string) string { return s.texts.Get(language, key, args...) }
	for _, section := range s.kept.Tell(read, asked, say) {
		out.Sections = append(out.Sections, receipt.Section(section))
	}
	return s.layouts.Compose(receipt.Privacy, out)
}

// progress says no more than the central said, and when it was asked.
func (s *slips) progress(language string, c session.Case) (printer.Document, error) {
	w, t := words{language: language, texts: s.texts}, s.terminal
	out := receipt.Slip{
		Centre: w.say(catalogue.Text{ZH: t.CentreZH, EN: t.CentreEN}), Terminal: t.ID, At: c.At, Language: language,
		Service: w.or(c.Matter, "case.matter.unknown"), Number: c.Number, Applicant: c.Applicant, Stands: w.or(c.Stands, "case.now.unknown"),
	}
	for _, step := range c.Steps {
		out.Answers = append(out.Answers, receipt.Item{Label: step.At.In(kiosk.China).Format(time.DateOnly), Value: w.or(step.What, "case.step.unknown")})
	}
	desk := c.Desk
	if desk == "" || desk == t.DeskZH {
		desk = w.say(catalogue.Text{ZH: t.DeskZH, EN: t.DeskEN})
	}
	due := s.texts.Get(language, "filed.due.counter")
	if c.Due != "" {
		due = s.texts.Get(language, "filed.due", "day", c.Due)
	}
	out.Text = []string{s.texts.Get(language, c.Next(), "due", due, "desk", desk, "phone", t.Phone)}
	if c.Unsure {
		out.Text = append(out.Text, s.texts.Get(language, "counter_decides"))
	}
	return s.layouts.Compose(receipt.Progress, out)
}

// or says a text, or, where the catalogue has none, the words of a key.
func (w words) or(t catalogue.Text, key string) string {
	if t == (catalogue.Text{}) {
		return w.texts.Get(w.language, key)
	}
	return w.say(t)
}

// present has a slip watched, in the place of one that is not watched yet.
func (s *slips) present(row slip.Slip) {
	select {
	case <-s.presented:
	default:
	}
	select {
	case s.presented <- row:
	default:
	}
}

// Status is the session's. What the sensors say of the roll is kept.
func (s *slips) Status(ctx context.Context) (printer.Status, error) {
	status, err := s.printer.Status(ctx)
	if err != nil {
		return status, err
	}
	if err := s.ledger.Observe(ctx, status.Paper, s.roll); err != nil {
		s.log.Error("keep the state of the paper", "err", err)
	}
	return status, nil
}

// Fits is the session's.
func (s *slips) Fits(ctx context.Context) (bool, error) {
	roll, err := s.ledger.Roll(ctx)
	if err != nil {
		return false, err
	}
	need, err := s.ledger.Reserve(ctx)
	left, known := roll.Left()
	return !known || left >= need, err
}

func (s *slips) compose(f session.Filing, print int) (printer.Document, error) {
	w := words{language: f.App.Language, texts: s.texts}
	t := s.terminal
	out := receipt.Slip{
		Centre: w.say(catalogue.Text{ZH: t.CentreZH, EN: t.CentreEN}), Desk: w.say(catalogue.Text{ZH: t.DeskZH, EN: t.DeskEN}), Phone: t.Phone,
		Terminal: t.ID, At: f.At, Language: f.App.Language, Service: w.say(f.Form.Service().Text),
		Reference: string(f.App.Reference), Code: string(f.Code), Print: print,
	}
	if f.Outcome == session.Accepted {
		out.Number, out.QueryCode, out.Due = f.Ack.Number, f.Ack.QueryCode, f.Ack.Due
		// The central says a desk in Chinese; the terminal's own has both names.
		if f.Ack.Desk != "" && f.Ack.Desk != t.DeskZH {
			out.Desk = f.Ack.Desk
		}
	}
	if f.Resident != nil {
		out.Applicant, out.ApplicantNumber = f.Resident.MaskedName(), f.Resident.MaskedNumber()
	}
	for _, field := range f.Form.Relevant(f.Answers) {
		if v := f.Answers[field.Key]; !v.Empty() {
			out.Answers = append(out.Answers, receipt.Item{Label: w.say(field.Text), Value: w.hidden(field, v, f.Form.Choices(field))})
		}
	}
	for _, m := range f.Form.Materials(f.Answers) {
		if m.Required && (m.Obtain == "present" || m.Obtain == "upload") {
			out.Materials = append(out.Materials, w.say(m.Text))
		}
	}
	kind := kinds[f.Outcome]
	if f.Policy != "" && f.Outcome != session.Parked {
		kind = receipt.Printout
		s.addPolicy(&out, f.Policy, w)
	}
	return s.layouts.Compose(kind, out)
}

func (s *slips) addPolicy(to *receipt.Slip, id string, w words) {
	p, ok := s.policies.Policy(id)
	if !ok {
		return
	}
	to.Title = w.say(p.Title)
	to.Text = append(to.Text, w.say(p.Summary))
	for _, f := range p.Figures {
		value := w.say(f.Amount())
		if f.Value == "" || p.Uncertain() {
			value += w.texts.Get(w.language, "policy.uncertain")
		}
		to.Text = append(to.Text, w.texts.Get(w.language, "policy.figure", "label", w.say(f.Label), "value", value))
	}
}

// words says answers in the visit's language.
type words struct {
	language string
	texts    text.Bundle
}

func (w words) say(t catalogue.Text) string {
	if w.language == "en" && t.EN != "" {
		return t.EN
	}
	return t.ZH
}

// hidden is an answer as it may lie about on paper: everything sensitive masked.
func (w words) hidden(f catalogue.Field, v form.Value, choices []catalogue.Choice) string {
	if f.Type == catalogue.TypeText && f.Prefill == "id-card" {
		return kiosk.MaskName(v.Text())
	}
	if !f.Sensitive || f.Type == catalogue.TypeBoolean || f.Type == catalogue.TypeChoice {
		return w.shown(f, v, choices)
	}
	if f.Type == catalogue.TypeAddress {
		return maskAddress(v.Text())
	}
	return kiosk.MaskNumber(v.Text())
}

// maskAddress keeps the first six characters: district, not door.
func maskAddress(s string) string {
	runes := []rune(s)
	if len(runes) <= 6 {
		return s
	}
	return string(runes[:6]) + strings.Repeat("*", 4)
}

func (w words) shown(f catalogue.Field, v form.Value, choices []catalogue.Choice) string {
	switch v.Kind() {
	case form.KindBool:
		if v.Bool() {
			return w.texts.Get(w.language, "yes")
		}
		return w.texts.Get(w.language, "no")
	case form.KindList:
		list := make([]string, 0, len(v.List()))
		for _, code := range v.List() {
			list = append(list, w.choice(f, code, choices))
		}
		return strings.Join(list, w.texts.Get(w.language, "list.separator"))
	case form.KindRows:
		return w.rows(f, v)
	}
	if f.Type == catalogue.TypeChoice || f.Type == catalogue.TypeAttachmentNote {
		return w.choice(f, v.Text(), choices)
	}
	return v.Text()
}

func (w words) rows(f catalogue.Field, v form.Value) string {
	var lines []string
	for _, row := range v.Rows() {
		var cells []string
		for _, sub := range f.Fields {
			if cell := row[sub.Key]; !cell.Empty() {
				cells = append(cells, w.hidden(sub, cell, sub.Options))
			}
		}
		lines = append(lines, strings.Join(cells, " "))
	}
	return strings.Join(lines, "; ")
}

func (w words) choice(f catalogue.Field, code string, choices []catalogue.Choice) string {
	if f.Type == catalogue.TypeAttachmentNote {
		return w.texts.Get(w.language, "note."+code)
	}
	for _, c := range choices {
		if c.Code == code {
			return w.say(c.Text)
		}
	}
	return code
}
