package ui

import (
	"fyne.io/fyne/v2"

	"leye/app/catalogue"
	"leye/app/form"
	"leye/app/terminal/internal/session"
	"leye/app/terminal/internal/ui/keyboard"
	"leye/app/terminal/internal/ui/screen"
)

// longest is how much can be typed into a field that sets no limit.
const longest = 200

// Edit starts typing into a field; an empty name ends it.
func (u *UI) Edit(field string) {
	u.forgetKeys()
	u.active = field
	u.picker.Field = ""
	if field != "" {
		u.typed[field] = u.value(field)
	}
	u.cfg.Visit.Do(session.Touch{})
	u.draw(true)
}

func (u *UI) forgetKeys() {
	if u.keys != nil {
		u.keys.Forget()
	}
	u.keysFor = ""
}

// value is what a field holds now.
func (u *UI) value(field string) string {
	if s, ok := u.typed[field]; ok {
		return s
	}
	switch u.state.Stage {
	case session.Search, session.PolicySearch:
		return u.state.Query
	case session.Row:
		return u.state.RowDraft[field].Text()
	default:
		return u.state.Answers[field].Text()
	}
}

// keyboard is the one that fits the active field, kept while it stays active.
func (u *UI) keyboard(b *screen.Builder) fyne.CanvasObject {
	if u.active == "" || u.state.Overlay != session.NoOverlay {
		return nil
	}
	key := u.active + u.state.Language
	if u.elder {
		key += "+"
	}
	if u.keys == nil || u.keysFor != key {
		u.keys = keyboard.New(keyboard.Options{
			Kind: u.kind(), Tokens: u.tokens(), Icons: u.cfg.Icons, Words: b.T, Engine: u.cfg.Engine,
			Latin: u.state.Language == "en", Low: u.root.Size().Width > u.root.Size().Height,
			OnText: u.insert, OnBackspace: u.backspace, OnDone: func() { u.Edit("") },
		})
		u.keysFor = key
	}
	return u.keys.Object
}

// kind is the keyboard for the active field.
func (u *UI) kind() keyboard.Kind {
	f, ok := u.activeField()
	if !ok {
		return keyboard.Words
	}
	switch f.Type {
	case catalogue.TypeNumber:
		if c := f.Constraint; c != nil && c.Decimals != nil && *c.Decimals == 0 {
			return keyboard.Digits
		}
		return keyboard.Decimal
	case catalogue.TypePhone:
		return keyboard.Phone
	case catalogue.TypeIDNumber:
		return keyboard.Number
	case catalogue.TypeBankAccount:
		return keyboard.Digits
	}
	if f.Constraint != nil && f.Constraint.Check == "uscc-gb32100" {
		return keyboard.Code
	}
	return keyboard.Words
}

func (u *UI) activeField() (catalogue.Field, bool) {
	st := u.state
	if st.Form == nil {
		return catalogue.Field{}, false
	}
	if st.Stage == session.Row {
		r, _ := st.Form.Field(st.RowField)
		for _, f := range r.Fields {
			if f.Key == u.active {
				return f, true
			}
		}
		return catalogue.Field{}, false
	}
	if st.Stage != session.Filling {
		return catalogue.Field{}, false
	}
	return st.Form.Field(u.active)
}

// insert adds text to the active field.
func (u *UI) insert(s string) {
	limit := longest
	f, ok := u.activeField()
	if ok && f.Constraint != nil && f.Constraint.MaxLen != nil {
		limit = *f.Constraint.MaxLen
	}
	value := u.value(u.active) + s
	if len([]rune(value)) > limit {
		return
	}
	u.put(value)
}

func (u *UI) backspace() {
	if r := []rune(u.value(u.active)); len(r) > 0 {
		u.put(string(r[:len(r)-1]))
	}
}

// put shows the new text at once and hands it to the session.
func (u *UI) put(value string) {
	if u.active == "" {
		return
	}
	u.typed[u.active] = value
	f, ok := u.activeField()
	switch {
	case !ok:
		u.cfg.Visit.Do(session.Find{Query: value})
	case f.Type == catalogue.TypeNumber:
		u.cfg.Visit.Do(session.Answer{Field: f.Key, Value: form.Number(value)})
	default:
		u.cfg.Visit.Do(session.Answer{Field: f.Key, Value: form.Text(value)})
	}
	u.draw(false)
}
