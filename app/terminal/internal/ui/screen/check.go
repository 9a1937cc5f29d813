package screen

import (
	"fyne.io/fyne/v2"

	"leye/app/catalogue"
	"leye/app/form"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/session"
	"leye/app/terminal/internal/ui/control"
	"leye/app/terminal/internal/ui/theme"
)

// check shows everything on one sheet, each answer with a way to change it.
func (b *Builder) check(st session.State) Page {
	objs := []fyne.CanvasObject{b.heading(b.T("check.title"), b.T("check.below", "service", b.Say(st.Form.Service().Text)))}
	if st.Fault != "" {
		objs = append(objs, b.notice("stop", b.T(failure("check", st.Fault), "code", string(st.Fault)), theme.Stop, theme.StopBg))
	}
	for key, p := range st.Problems {
		if f, ok := st.Form.Field(key); ok {
			objs = append(objs, b.problem(f, p))
		}
	}
	var rows []fyne.CanvasObject
	for _, q := range st.Questions {
		for _, f := range q.Fields {
			rows = append(rows, b.answerRow(st, f), line())
		}
	}
	if len(rows) > 0 {
		objs = append(objs, b.panel("", rows[:len(rows)-1]...))
	}
	if list := st.Form.Materials(st.Answers); len(list) > 0 {
		objs = append(objs, b.materials(list))
	}
	objs = append(objs, b.bullet("shield", theme.Done, b.T("check.declaration"), b.body(theme.Ink), b.Width()))
	return Page{Back: true, Body: control.Stack(22, objs...), Primary: &Action{ID: "submit", Label: b.T("check.submit"), Do: func() { b.Do(session.File{}) }}}
}

func (b *Builder) answerRow(st session.State, f catalogue.Field) fyne.CanvasObject {
	change := b.button("change:"+f.Key, b.T("check.change"), "edit", quiet, b.Tokens.Target, func() { b.Do(session.Change{Field: f.Key}) })
	width := b.inner() - change.MinSize().Width - 20
	words, ink := b.T("check.empty"), theme.Quiet
	if v := st.Answers[f.Key]; !v.Empty() {
		words, ink = b.Hidden(f, v, st.Form.Choices(f)), theme.Ink
	}
	return control.Row(20, 0,
		control.Level(control.Stack(2, control.Paragraph(b.Say(f.Text), b.small(theme.Quiet), width), control.Paragraph(words, b.body(ink), width))),
		control.Level(change))
}

// Hidden is an answer as it may stand on a screen in a public room: numbers of
// people and accounts are masked, what the person typed stays readable to them
// while they type.
func (b *Builder) Hidden(f catalogue.Field, v form.Value, choices []catalogue.Choice) string {
	switch {
	case f.Sensitive && (f.Type == catalogue.TypeIDNumber || f.Type == catalogue.TypeBankAccount):
		return kiosk.MaskNumber(v.Text())
	default:
		return b.Shown(f, v, choices)
	}
}

func (b *Builder) submitting(session.State) Page {
	return Page{Body: b.working("clock", b.T("filing.title"), b.T("filing.words"))}
}

// failure is the text about a filing that failed on a page. A store that was damaged
// is another one now: trying again is worth while.
func failure(page string, code kiosk.Code) string {
	if code == kiosk.CodeStoreDamaged {
		return page + ".damaged"
	}
	return page + ".failed"
}
