package screen

import (
	"strconv"
	"time"

	"fyne.io/fyne/v2"

	"leye/app/catalogue"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/session"
	"leye/app/terminal/internal/ui/control"
	"leye/app/terminal/internal/ui/theme"
)

// asking is shown while the central is asked how far a case has come.
func (b *Builder) asking(session.State) Page {
	return Page{Back: true, Body: b.working("search", b.T("asking.title"), b.T("asking.words"))}
}

// told says what came of asking, and no more than the central said.
func (b *Builder) told(st session.State) Page {
	if st.Told == session.ToldCase {
		return b.caseTold(st)
	}
	l := toldLooks[st.Told]
	desk, minutes := b.Say(b.Place.Desk), strconv.Itoa(max(1, int((st.ClosedFor+time.Minute-1)/time.Minute)))
	key := "case." + string(st.Told)
	objs := []fyne.CanvasObject{
		b.headline(l, b.T(key+".title")),
		b.panel(b.T("filed.next"), control.Paragraph(b.T(key+".words", "desk", desk, "phone", b.Say(b.Place.Phone), "minutes", minutes), b.body(theme.Ink), b.inner())),
	}
	if st.Fault != "" {
		objs = append(objs, b.staffCode(st.Fault))
	}
	p := Page{Body: control.Stack(24, objs...)}
	switch st.Told {
	case session.ToldNone:
		p.Primary = &Action{ID: "correct", Label: b.T("case.correct"), Do: func() { b.Do(session.Back{}) }}
	case session.ToldNothing:
		p.Back = true
		p.Primary = &Action{ID: "again", Label: b.T("case.retry"), Do: func() { b.Do(session.AskAgain{}) }}
	default:
		p.Secondary, p.Primary = b.anotherCase(), b.finish()
	}
	return p
}

// toldLooks are those of what is told without a case.
var toldLooks = map[session.Told]look{
	session.ToldNone:      {icon: "search", ink: theme.Wait, fill: theme.WaitBg},
	session.ToldClosed:    {icon: "shield", ink: theme.Wait, fill: theme.WaitBg},
	session.ToldNothing:   {icon: "wifi-off", ink: theme.Wait, fill: theme.WaitBg},
	session.ToldWaiting:   {icon: "wait", ink: theme.Wait, fill: theme.WaitBg},
	session.ToldSent:      {icon: "done", ink: theme.Done, fill: theme.DoneBg},
	session.ToldRefused:   {icon: "stop", ink: theme.Stop, fill: theme.StopBg},
	session.ToldElsewhere: {icon: "search", ink: theme.Wait, fill: theme.WaitBg},
}

// caseTold is what the matter is, where it stands, how it came there and what is next.
func (b *Builder) caseTold(st session.State) Page {
	c := st.Case
	below := []fyne.CanvasObject{b.full(b.or(c.Matter, "case.matter.unknown"), b.tile(theme.Ink), b.inner())}
	if c.Applicant != "" {
		below = append(below, b.full(b.T("case.applicant", "name", c.Applicant), b.body(theme.Ink), b.inner()))
	}
	below = append(below, b.full(b.T("filed.number")+" "+c.Number, b.body(theme.Ink), b.inner()))
	objs := []fyne.CanvasObject{
		b.headline(caseLook(c), b.T("case.now", "stands", b.or(c.Stands, "case.now.unknown")), below...),
		b.panel(b.T("filed.next"), control.Paragraph(b.afterCase(c), b.body(theme.Ink), b.inner())),
	}
	if st.Print != session.NotPrinting {
		objs = append(objs, b.paper("progress", st.Print))
	}
	if st.Fault != "" {
		objs = append(objs, b.staffCode(st.Fault))
	}
	if len(c.Steps) > 0 {
		objs = append(objs, b.panel(b.T("case.steps"), b.caseSteps(c)...))
	}
	if c.Unsure {
		objs = append(objs, b.para(b.T("counter_decides"), b.mark(theme.Wait)))
	}
	p := Page{Body: control.Stack(24, objs...), Secondary: b.anotherCase()}
	switch st.Print {
	case session.Printing:
		p.Secondary, p.Primary = nil, &Action{ID: "finish", Label: b.T("case.printing"), Off: true}
	case session.PrintDone, session.PrintSent:
		p.Primary = b.finish()
	case session.NotPrinting:
		p.Primary = b.printCase("case.print")
	default:
		p.Primary = b.printCase("case.print.again")
	}
	return p
}

// caseLook is told apart by drawing, word and colour: over, something to do, or going on.
func caseLook(c *session.Case) look {
	switch {
	case c.Papers:
		return look{icon: "warning", ink: theme.Wait, fill: theme.WaitBg}
	case c.Ended:
		return look{icon: "done", ink: theme.Done, fill: theme.DoneBg}
	}
	return look{icon: "progress", ink: theme.Primary, fill: theme.Tint}
}

// afterCase is the next step as one sentence, with a day and a place.
func (b *Builder) afterCase(c *session.Case) string {
	due := b.T("filed.due.counter")
	if c.Due != "" {
		due = b.T("filed.due", "day", b.Day(c.Due))
	}
	desk := c.Desk
	if desk == "" || desk == b.Place.Desk.ZH {
		desk = b.Say(b.Place.Desk)
	}
	return b.T(c.Next(), "due", due, "desk", desk, "phone", b.Say(b.Place.Phone))
}

// caseSteps are the newest first: most people want the last one.
func (b *Builder) caseSteps(c *session.Case) []fyne.CanvasObject {
	var rows []fyne.CanvasObject
	for i := len(c.Steps) - 1; i >= 0; i-- {
		step := c.Steps[i]
		icon, ink, t := "check", theme.Quiet, b.body(theme.Ink)
		if i == len(c.Steps)-1 {
			icon, ink, t = "next", theme.Primary, b.strong(theme.Ink)
		}
		day := b.Day(step.At.In(kiosk.China).Format(time.DateOnly))
		rows = append(rows, b.bullet(icon, ink, b.T("case.step", "day", day, "what", b.or(step.What, "case.step.unknown")), t, b.inner()))
	}
	return rows
}

func (b *Builder) anotherCase() *Action {
	return &Action{ID: "another", Label: b.T("case.another"), Do: func() { b.Do(session.AnotherCase{}) }}
}

func (b *Builder) finish() *Action {
	return &Action{ID: "finish", Label: b.T("filed.finish"), Do: func() { b.Do(session.Finish{}) }}
}

func (b *Builder) printCase(key string) *Action {
	return &Action{ID: "print", Label: b.T(key), Do: func() { b.Do(session.PrintCase{}) }}
}

// headline is a page's one statement, in a coloured box.
func (b *Builder) headline(l look, title string, below ...fyne.CanvasObject) fyne.CanvasObject {
	size, width := b.Tokens.Huge*1.5, b.inner()
	objs := []fyne.CanvasObject{
		control.Sized(width, size, control.Middle(b.icon(l.icon, l.ink, size, size))),
		b.full(title, control.Type{Size: b.Tokens.Huge, Bold: true, Color: l.ink, Line: 1.25}, width),
	}
	return control.Box(l.fill, l.ink, control.Sides(28, 28), control.Stack(8, append(objs, below...)...))
}

// staffCode is what staff are told on the telephone.
func (b *Builder) staffCode(code kiosk.Code) fyne.CanvasObject {
	return b.para(b.T("filed.code", "code", string(code)), b.small(theme.Quiet))
}

// or says a text, or, where the catalogue has none, the words of a key.
func (b *Builder) or(t catalogue.Text, key string) string {
	if t == (catalogue.Text{}) {
		return b.T(key)
	}
	return b.Say(t)
}

// working is a page that waits for the terminal, not for the person.
func (b *Builder) working(icon, title, words string) fyne.CanvasObject {
	size := b.Tokens.Huge * 2
	return control.Stack(30,
		control.Space(1, b.Size.Height*0.14),
		control.Sized(b.Width(), size, control.Middle(b.icon(icon, theme.Primary, size, size))),
		b.full(title, b.title(theme.Ink), b.Width()),
		b.full(words, b.body(theme.Quiet), b.Width()))
}
