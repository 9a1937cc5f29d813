package screen

import (
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"leye/app/catalogue"
	"leye/app/form"
	"leye/app/terminal/internal/session"
	"leye/app/terminal/internal/ui/control"
	"leye/app/terminal/internal/ui/theme"
)

// question asks one question, or one tight group, of the form.
func (b *Builder) question(st session.State) Page {
	if len(st.Questions) == 0 {
		return Page{Back: true, Body: b.heading(b.T("question.none"), ""), Primary: b.nextAction("next")}
	}
	q := st.Questions[st.Question]
	var objs []fyne.CanvasObject
	if q.ID == form.ApplicantQuestion {
		objs = append(objs, b.heading(b.T("question.applicant"), b.T("question.applicant.below")))
	} else if len(q.Fields) > 1 {
		objs = append(objs, b.heading(b.T("question.group"), ""))
	}
	fields := q.Fields
	if q.ID == form.ApplicantQuestion {
		var sheet fyne.CanvasObject
		if sheet, fields = b.cardSheet(st, fields); sheet != nil {
			objs = append(objs, sheet)
		}
	}
	for _, f := range fields {
		objs = append(objs, b.field(st, f, st.Answers, len(q.Fields) == 1))
	}
	label := "next"
	switch {
	case st.Returning:
		label = "next.return"
	case st.Question == len(st.Questions)-1 && st.Form.Service().ID == session.ProgressService:
		label = "case.ask"
	}
	return Page{Back: true, Progress: b.progress(st), Body: control.Stack(34, objs...), Primary: b.nextAction(label)}
}

func (b *Builder) nextAction(key string) *Action {
	return &Action{ID: "next", Label: b.T(key), Do: func() { b.Do(session.Next{}) }}
}

// cardSheet shows what the card said, to read and not to change, and returns the
// fields that still have to be answered.
func (b *Builder) cardSheet(st session.State, fields []catalogue.Field) (fyne.CanvasObject, []catalogue.Field) {
	var rows []fyne.CanvasObject
	var open []catalogue.Field
	for _, f := range fields {
		v := st.Answers[f.Key]
		if _, wrong := st.Problems[f.Key]; wrong || !v.Prefilled() {
			open = append(open, f)
			continue
		}
		if len(rows) > 0 {
			rows = append(rows, line())
		}
		rows = append(rows, control.Stack(2,
			control.Paragraph(b.Say(f.Text), b.small(theme.Quiet), b.inner()),
			control.Paragraph(b.Hidden(f, v, st.Form.Choices(f)), b.strong(theme.Ink), b.inner())))
	}
	if len(rows) == 0 {
		return nil, open
	}
	return b.panel("", rows...), open
}

// row asks for one row of a repeat field.
func (b *Builder) row(st session.State) Page {
	f, ok := st.Form.Field(st.RowField)
	if !ok {
		return Page{Back: true, Body: b.heading(b.T("question.none"), "")}
	}
	objs := []fyne.CanvasObject{b.heading(b.T("row.title", "field", b.Say(f.Text), "n", strconv.Itoa(st.RowIndex+1)), "")}
	for _, sub := range st.Form.RelevantRow(f.Key, st.RowDraft, st.Answers) {
		objs = append(objs, b.field(st, sub, st.RowDraft, false))
	}
	return Page{Back: true, Body: control.Stack(30, objs...), Primary: b.nextAction("row.keep")}
}

// progress says how much is done and how much is left.
func (b *Builder) progress(st session.State) fyne.CanvasObject {
	n, of := st.Question+1, len(st.Questions)
	words := control.Label(b.T("question.progress", "n", strconv.Itoa(n), "of", strconv.Itoa(of)), b.small(theme.Quiet))
	width := b.Width()
	bar := container.NewWithoutLayout()
	back, fill := control.Rect(theme.Edge, nil, 0, 6), control.Rect(theme.Primary, nil, 0, 6)
	back.Resize(fyne.NewSize(width, 12))
	fill.Resize(fyne.NewSize(width*float32(n)/float32(max(1, of)), 12))
	bar.Add(back)
	bar.Add(fill)
	svc := control.Cut(b.Say(st.Form.Service().Text), b.mark(theme.Primary), width-words.MinSize().Width-24)
	return control.Pad(control.Insets{Top: 18, Bottom: 2}, control.Stack(8, control.Row(10, 0, svc, words), control.Sized(width, 12, bar)))
}

// field is a question with its reason, its editor and what is wrong with the
// answer.
func (b *Builder) field(st session.State, f catalogue.Field, a form.Answers, alone bool) fyne.CanvasObject {
	label := b.Say(f.Text)
	if !f.Required {
		label += b.T("field.optional")
	}
	t := b.strong(theme.Ink)
	if alone {
		t = b.title(theme.Ink)
	}
	objs := []fyne.CanvasObject{b.para(label, t)}
	gap := float32(12)
	if alone {
		gap = 20
	}
	if help := b.Say(f.Help); help != "" {
		objs = append(objs, b.para(help, b.small(theme.Quiet)))
	}
	if a[f.Key].Prefilled() {
		objs = append(objs, b.bullet("card", theme.Done, b.T("field.prefilled"), b.small(theme.Done), b.Width()))
	}
	objs = append(objs, b.editor(st, f, a, alone))
	if p, ok := st.Problems[f.Key]; ok {
		objs = append(objs, b.problem(f, p))
	}
	return control.Stack(gap, objs...)
}

// problem says what is wrong and gives an example of right.
func (b *Builder) problem(f catalogue.Field, p form.Problem) fyne.CanvasObject {
	args := []string{"field", b.Say(f.Text)}
	for k, v := range p.Params {
		args = append(args, k, v)
	}
	words := b.T("problem."+p.Code, args...)
	if example := p.Params["example"]; example != "" && !strings.Contains(words, example) {
		words += b.T("problem.example", "example", example)
	}
	return b.notice("warning", words, theme.Stop, theme.StopBg)
}

// editor is what a field's kind is answered with. Alone on its page it has room for
// larger choices.
func (b *Builder) editor(st session.State, f catalogue.Field, a form.Answers, alone bool) fyne.CanvasObject {
	v := a[f.Key]
	switch f.Type {
	case catalogue.TypeBoolean:
		return b.yesNo(f, v, alone)
	case catalogue.TypeChoice, catalogue.TypeAttachmentNote:
		return b.choices(st, f, v, false, alone)
	case catalogue.TypeMultiChoice:
		return b.choices(st, f, v, true, alone)
	case catalogue.TypeDate:
		return b.date(f, v)
	case catalogue.TypeRepeat:
		return b.repeat(f, v)
	default:
		return b.entry(f.Key, b.typed(f.Key, v), b.T("entry.hint"), f.Type == catalogue.TypeAddress || longText(f))
	}
}

func longText(f catalogue.Field) bool {
	return f.Constraint != nil && f.Constraint.MaxLen != nil && *f.Constraint.MaxLen > 60
}

func (b *Builder) typed(key string, v form.Value) string {
	if s, ok := b.Typed[key]; ok {
		return s
	}
	return v.Text()
}

// entry is where typed text is shown. It has no blinking caret: a blink costs a
// fifth of a core in software rendering.
func (b *Builder) entry(key, value, hint string, tall bool) fyne.CanvasObject {
	active := b.Active == key
	edge, stroke := theme.Border, float32(2)
	if active {
		edge, stroke = theme.Primary, 4
	}
	shown, t := value, b.body(theme.Ink)
	t.Size += 4
	if active {
		shown += "▏"
	} else if value == "" {
		shown, t.Color = hint, theme.Quiet
	}
	height := b.Tokens.Target + 12
	if tall {
		height += t.Size * 1.4
	}
	face := control.Pad(control.Sides(16, 24), control.Paragraph(shown, t, b.Width()-60))
	s := control.Surface{Fill: theme.White, Edge: edge, Stroke: stroke, Down: theme.Tint, Radius: 14}
	return control.NewTap("field:"+key, value, s, fyne.NewSize(200, height), control.Level(face), func() { b.Edit(key) })
}

func (b *Builder) yesNo(f catalogue.Field, v form.Value, alone bool) fyne.CanvasObject {
	pick := func(answer bool, key string) fyne.CanvasObject {
		on := v.Kind() == form.KindBool && v.Bool() == answer
		words := b.T(key)
		if f.Constraint != nil && f.Constraint.MustBe != nil {
			words = b.T(key + ".agree")
		}
		return b.option(f.Key, strconv.FormatBool(answer), words, option{on: on, large: alone, width: b.columns(2)}, func() { b.answer(f.Key, form.Bool(answer)) })
	}
	return control.Shares(b.Tokens.Gap, pick(true, "yes"), pick(false, "no"))
}

func (b *Builder) answer(field string, v form.Value) {
	b.Do(session.Answer{Field: field, Value: v})
}

// choices are cards to touch, in two columns when the words are short.
func (b *Builder) choices(st session.State, f catalogue.Field, v form.Value, many, alone bool) fyne.CanvasObject {
	list := st.Form.Choices(f)
	cols := 2
	if b.landscape() {
		cols = 3
	}
	look := option{many: many, large: alone && len(list) <= 12}
	for _, c := range list {
		if fyne.MeasureText(b.choiceWords(f, c), look.size(b), fyne.TextStyle{Bold: true}).Width > b.columns(cols)-look.size(b)*1.2-80 {
			cols = 1
			break
		}
	}
	var objs []fyne.CanvasObject
	for _, c := range list {
		on := v.Text() == c.Code && v.Kind() == form.KindText
		if many {
			on = v.Contains(c.Code)
		}
		look.on, look.width = on, b.columns(cols)
		objs = append(objs, b.option(f.Key, c.Code, b.choiceWords(f, c), look, func() { b.choose(f, v, c.Code, many) }))
	}
	return control.Grid(cols, b.Tokens.Gap, objs...)
}

func (b *Builder) choiceWords(f catalogue.Field, c catalogue.Choice) string {
	if f.Type == catalogue.TypeAttachmentNote {
		return b.T("note." + c.Code)
	}
	return b.Say(c.Text)
}

func (b *Builder) choose(f catalogue.Field, v form.Value, code string, many bool) {
	if !many {
		b.answer(f.Key, form.Text(code))
		return
	}
	var kept []string
	for _, c := range v.List() {
		if c != code {
			kept = append(kept, c)
		}
	}
	if len(kept) == len(v.List()) {
		kept = append(kept, code)
	}
	b.answer(f.Key, form.List(kept...))
}

// option says how a choice looks: chosen, one of many, large.
type option struct {
	on, many, large bool
	width           float32
}

func (o option) size(b *Builder) float32 {
	if o.large {
		return b.Tokens.Body + 6
	}
	return b.Tokens.Body
}

func (o option) least(b *Builder) float32 {
	if o.large {
		return b.Tokens.Action
	}
	return b.Tokens.Target + 8
}

// option is one choice: a ring or a box, and the words.
func (b *Builder) option(field, code, words string, o option, onTap func()) fyne.CanvasObject {
	s := control.Surface{Fill: theme.White, Edge: theme.Border, Stroke: 2, Down: theme.Tint, Radius: 14}
	if o.on {
		s = control.Surface{Fill: theme.Tint, Edge: theme.Primary, Stroke: 4, Down: theme.Tint, Radius: 14}
	}
	t := b.body(theme.Ink)
	t.Size, t.Bold, t.Line = o.size(b), o.on, 1.3
	size := t.Size * 1.2
	radius := size / 2
	if o.many {
		radius = 8
	}
	mark := fyne.CanvasObject(control.Rect(theme.White, theme.Border, 3, radius))
	if o.on {
		mark = container.NewStack(control.Rect(theme.Primary, nil, 0, radius), control.Middle(b.icon("check", theme.White, size*0.76, size*0.76)))
	}
	face := control.Row(18, 1, control.Level(control.Sized(size, size, mark)), control.Level(control.Paragraph(words, t, o.width-size-74)))
	return control.NewTap("choice:"+field+":"+code, words, s, fyne.NewSize(120, o.least(b)), control.Level(control.Pad(control.Sides(14, 26), face)), onTap)
}

// repeat lists the rows so far, each to change or drop, and one more to add.
func (b *Builder) repeat(f catalogue.Field, v form.Value) fyne.CanvasObject {
	var objs []fyne.CanvasObject
	for n, row := range v.Rows() {
		edit := b.button("row-edit:"+f.Key+":"+strconv.Itoa(n), b.T("row.edit"), "", secondary, b.Tokens.Target, func() { b.Do(session.EditRow{Field: f.Key, Row: n}) })
		drop := b.button("row-drop:"+f.Key+":"+strconv.Itoa(n), b.T("row.drop"), "", quiet, b.Tokens.Target, func() { b.Do(session.RemoveRow{Field: f.Key, Row: n}) })
		words := control.Paragraph(b.rowWords(f, row), b.body(theme.Ink), b.Width()-48-2*b.Tokens.Gap-edit.MinSize().Width-drop.MinSize().Width)
		objs = append(objs, control.Box(theme.White, theme.Edge, control.Sides(16, 24), control.Row(b.Tokens.Gap, 0, control.Level(words), control.Level(edit), control.Level(drop))))
	}
	add := b.button("row-add:"+f.Key, b.T("row.add"), "plus", secondary, b.Tokens.Action, func() { b.Do(session.AddRow{Field: f.Key}) })
	return control.Stack(b.Tokens.Gap, append(objs, add)...)
}

func (b *Builder) rowWords(f catalogue.Field, row form.Answers) string {
	var words []string
	for _, sub := range f.Fields {
		if v, ok := row[sub.Key]; ok && !v.Empty() {
			words = append(words, b.Shown(sub, v, b.Catalogue.Choices(sub)))
		}
	}
	return strings.Join(words, " · ")
}

// Shown is an answer as a person reads it.
func (b *Builder) Shown(f catalogue.Field, v form.Value, choices []catalogue.Choice) string {
	word := func(code string) string {
		if f.Type == catalogue.TypeAttachmentNote {
			return b.T("note." + code)
		}
		for _, c := range choices {
			if c.Code == code {
				return b.Say(c.Text)
			}
		}
		return code
	}
	switch v.Kind() {
	case form.KindBool:
		if v.Bool() {
			return b.T("yes")
		}
		return b.T("no")
	case form.KindList:
		words := make([]string, 0, len(v.List()))
		for _, c := range v.List() {
			words = append(words, word(c))
		}
		return strings.Join(words, b.T("list.separator"))
	case form.KindRows:
		words := make([]string, 0, len(v.Rows()))
		for _, r := range v.Rows() {
			words = append(words, b.rowWords(f, r))
		}
		return strings.Join(words, "\n")
	}
	switch f.Type {
	case catalogue.TypeChoice, catalogue.TypeAttachmentNote:
		return word(v.Text())
	case catalogue.TypeDate:
		return b.Day(v.Text())
	default:
		return v.Text()
	}
}
