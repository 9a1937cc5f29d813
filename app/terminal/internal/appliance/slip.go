package appliance

import (
	"strings"

	"leye/app/catalogue"
	"leye/app/form"
	"leye/app/policy"
	"leye/app/terminal/internal/config"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/receipt"
	"leye/app/terminal/internal/session"
	"leye/app/terminal/internal/ui/text"
	"leye/devices/printer"
)

// slips turns what was filed into paper.
type slips struct {
	layouts  *receipt.Layouts
	terminal config.Terminal
	policies *policy.Library
	texts    text.Bundle
}

var kinds = map[session.Outcome]receipt.Kind{session.Accepted: receipt.Accepted, session.Saved: receipt.Saved, session.Parked: receipt.Parked}

// Compose is the session's.
func (s *slips) Compose(f session.Filing) (printer.Document, error) {
	w := words{language: f.App.Language, texts: s.texts}
	t := s.terminal
	slip := receipt.Slip{
		Centre: w.say(catalogue.Text{ZH: t.CentreZH, EN: t.CentreEN}), Desk: w.say(catalogue.Text{ZH: t.DeskZH, EN: t.DeskEN}), Phone: t.Phone,
		Terminal: t.ID, At: f.At, Language: f.App.Language, Service: w.say(f.Form.Service().Text),
		Reference: string(f.App.Reference), Code: string(f.Code),
	}
	if f.Outcome == session.Accepted {
		slip.Number, slip.QueryCode, slip.Due = f.Ack.Number, f.Ack.QueryCode, f.Ack.Due
		// The central says a desk in Chinese; the terminal's own has both names.
		if f.Ack.Desk != "" && f.Ack.Desk != t.DeskZH {
			slip.Desk = f.Ack.Desk
		}
	}
	if f.Resident != nil {
		slip.Applicant, slip.ApplicantNumber = f.Resident.MaskedName(), f.Resident.MaskedNumber()
	}
	for _, field := range f.Form.Relevant(f.Answers) {
		if v := f.Answers[field.Key]; !v.Empty() {
			slip.Answers = append(slip.Answers, receipt.Item{Label: w.say(field.Text), Value: w.hidden(field, v, f.Form.Choices(field))})
		}
	}
	for _, m := range f.Form.Materials(f.Answers) {
		if m.Required && (m.Obtain == "present" || m.Obtain == "upload") {
			slip.Materials = append(slip.Materials, w.say(m.Text))
		}
	}
	kind := kinds[f.Outcome]
	if f.Policy != "" && f.Outcome != session.Parked {
		kind = receipt.Printout
		s.addPolicy(&slip, f.Policy, w)
	}
	return s.layouts.Compose(kind, slip)
}

func (s *slips) addPolicy(slip *receipt.Slip, id string, w words) {
	p, ok := s.policies.Policy(id)
	if !ok {
		return
	}
	slip.Title = w.say(p.Title)
	slip.Text = append(slip.Text, w.say(p.Summary))
	for _, f := range p.Figures {
		value := w.say(f.Amount())
		if f.Value == "" || p.Uncertain() {
			value += w.texts.Get(w.language, "policy.uncertain")
		}
		slip.Text = append(slip.Text, w.texts.Get(w.language, "policy.figure", "label", w.say(f.Label), "value", value))
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
