package screen

import (
	"strconv"
	"strings"

	"fyne.io/fyne/v2"

	"leye/app/catalogue"
	"leye/app/form"
	"leye/app/terminal/internal/session"
	"leye/app/terminal/internal/ui/control"
	"leye/app/terminal/internal/ui/theme"
	"leye/devices/idcard"
	"leye/devices/printer"
)

// service answers "今天能办吗": what it is, what to bring, how long, when the
// answer comes, what paper comes out, and whether the terminal is ready.
func (b *Builder) service(st session.State) Page {
	svc, ok := b.Catalogue.Service(st.Service)
	if !ok {
		return Page{Back: true, Body: b.heading(b.T("service.unknown"), "")}
	}
	objs := []fyne.CanvasObject{b.heading(b.Say(svc.Text), b.Say(svc.Summary)), b.readiness(st, svc)}
	if len(svc.Materials) > 0 {
		objs = append(objs, b.materials(svc.Materials))
	}
	objs = append(objs, b.steps(svc), b.promise(svc))
	if note := b.note(svc); note != nil {
		objs = append(objs, note)
	}
	blocked := st.Checks.Known && !st.Checks.Keep && session.Keeps(svc)
	return Page{Back: true, Body: control.Stack(22, objs...), Primary: &Action{
		ID: "begin", Label: b.T("service.begin." + string(svc.Kind)), Off: blocked, Do: func() { b.Do(session.Begin{}) },
	}}
}

// readiness says before anything is asked whether it can be kept and printed.
func (b *Builder) readiness(st session.State, svc catalogue.Service) fyne.CanvasObject {
	c := st.Checks
	switch {
	case !c.Known:
		return b.notice("clock", b.T("ready.checking"), theme.Primary, theme.Tint)
	case !c.Keep && session.Keeps(svc):
		return b.notice("stop", b.T("ready.full"), theme.Stop, theme.StopBg)
	case st.Reader == idcard.Offline && !anonymous(svc):
		return b.notice("warning", b.T("ready.no_reader"), theme.Wait, theme.WaitBg)
	case c.Printer.Paper == printer.PaperOut:
		return b.notice("warning", b.T("ready.no_paper"), theme.Wait, theme.WaitBg)
	case !c.Printer.Ready():
		return b.notice("warning", b.T("ready.no_printer"), theme.Wait, theme.WaitBg)
	case c.Short:
		return b.notice("warning", b.T("ready.short_paper"), theme.Wait, theme.WaitBg)
	default:
		return b.notice("done", b.T("ready.yes"), theme.Done, theme.DoneBg)
	}
}

func anonymous(svc catalogue.Service) bool {
	for _, level := range svc.Identity {
		if level == "anonymous" || level == "case-code" {
			return true
		}
	}
	return false
}

func (b *Builder) materials(list []catalogue.Material) fyne.CanvasObject {
	var objs []fyne.CanvasObject
	for _, m := range list {
		words := b.Say(m.Text)
		if m.When != nil {
			words += b.T("material.if_needed")
		}
		if m.Obtain == "shared" {
			words += b.T("material.shared")
		}
		if m.Obtain == "sign" {
			words += b.T("material.sign")
		}
		objs = append(objs, b.bullet("check", theme.Primary, words, b.body(theme.Ink), b.inner()))
	}
	return b.panel(b.T("service.bring"), objs...)
}

// steps tells how much work is ahead, counted from the form itself.
func (b *Builder) steps(svc catalogue.Service) fyne.CanvasObject {
	if svc.ID == session.PolicyService {
		return b.panel(b.T("service.how"), control.Paragraph(b.T("service.how.policy"), b.body(theme.Ink), b.inner()))
	}
	if svc.ID == session.ProgressService {
		return b.panel(b.T("service.how"), control.Paragraph(b.T("service.how.progress"), b.body(theme.Ink), b.inner()))
	}
	words := b.T("service.how.plain")
	if f, err := form.Compile(b.Catalogue, svc.ID, b.Now()); err == nil {
		n := len(f.Questions(form.Answers{}))
		minutes := max(1, (n*25+59)/60)
		words = b.T("service.how.words", "n", strconv.Itoa(n), "minutes", strconv.Itoa(minutes))
	}
	return b.panel(b.T("service.how"), control.Paragraph(words, b.body(theme.Ink), b.inner()))
}

// promise says when the answer is due and what paper comes out; what is not
// surely known is left to the counter.
func (b *Builder) promise(svc catalogue.Service) fyne.CanvasObject {
	paper := "service.paper"
	if !session.Keeps(svc) {
		paper = "service.paper.progress"
	}
	objs := []fyne.CanvasObject{b.bullet("slip", theme.Primary, b.T(paper, "outcome", b.Say(svc.Outcome)), b.body(theme.Ink), b.inner())}
	due := b.T("service.due.counter")
	if svc.Kind == catalogue.Lookup {
		due = b.T("service.due.now")
	}
	return b.panel(b.T("service.result"), append(objs, b.bullet("clock", theme.Primary, due, b.body(theme.Ink), b.inner()))...)
}

func (b *Builder) note(svc catalogue.Service) fyne.CanvasObject {
	if svc.Note == (catalogue.Text{}) && len(svc.Basis) == 0 {
		return nil
	}
	var objs []fyne.CanvasObject
	if svc.Note != (catalogue.Text{}) {
		objs = append(objs, control.Paragraph(b.Say(svc.Note), b.small(theme.Quiet), b.inner()))
	}
	if len(svc.Basis) > 0 {
		var names []string
		for _, law := range svc.Basis {
			names = append(names, b.Say(law))
		}
		basis := strings.Join(names, b.T("service.basis.separator"))
		objs = append(objs, control.Paragraph(b.T("service.basis", "basis", basis), b.small(theme.Quiet), b.inner()))
	}
	objs = append(objs, control.Paragraph(b.T("counter_decides"), b.mark(theme.Wait), b.inner()))
	return b.panel(b.T("service.note"), objs...)
}

// identify shows where the card goes, then asks whether the right person is
// there.
func (b *Builder) identify(st session.State) Page {
	if st.Resident != nil {
		return b.confirm(st)
	}
	art := min(b.Size.Height*0.26, 480)
	objs := []fyne.CanvasObject{
		b.heading(b.T("identify.title"), b.T("identify.below")),
		control.Sized(b.Width(), art, control.Middle(b.icon("card-reader", theme.Primary, art*1.5, art))),
	}
	switch {
	case st.Trouble != "":
		objs = append(objs, b.notice("warning", b.T(st.Trouble), theme.Wait, theme.WaitBg))
	case st.Reader == idcard.Reading:
		objs = append(objs, b.notice("clock", b.T("identify.reading"), theme.Primary, theme.Tint))
	case st.Reader == idcard.Offline:
		objs = append(objs, b.notice("warning", b.T("identify.offline"), theme.Wait, theme.WaitBg))
	default:
		objs = append(objs, b.notice("hand", b.T("identify.waiting"), theme.Primary, theme.Tint))
	}
	if st.Slow {
		objs = append(objs, b.panel(b.T("identify.slow.title"), control.Paragraph(b.T("identify.slow.words"), b.body(theme.Ink), b.inner()),
			b.button("no-card", b.T("identify.staff"), "help", secondary, b.Tokens.Action, func() { b.Do(session.CallHelp{}) })))
	}
	objs = append(objs, b.bullet("shield", theme.Done, b.T("identify.privacy"), b.small(theme.Quiet), b.Width()), b.privacyButton())
	return Page{Back: true, Body: control.Stack(26, objs...)}
}

func (b *Builder) confirm(st session.State) Page {
	r := st.Resident
	who := b.panel("",
		control.Paragraph(b.T("identify.name"), b.small(theme.Quiet), b.inner()),
		control.Paragraph(r.MaskedName(), control.Type{Size: b.Tokens.Huge, Bold: true, Color: theme.Ink, Line: 1.3}, b.inner()),
		line(),
		control.Paragraph(b.T("identify.number"), b.small(theme.Quiet), b.inner()),
		control.Paragraph(r.MaskedNumber(), b.tile(theme.Ink), b.inner()))
	objs := []fyne.CanvasObject{b.notice("done", b.T("identify.done"), theme.Done, theme.DoneBg), b.heading(b.T("identify.you"), ""), who}
	if st.Trouble != "" {
		objs = append(objs, b.notice("warning", b.T(st.Trouble), theme.Wait, theme.WaitBg))
	}
	objs = append(objs, b.bullet("shield", theme.Done, b.T("identify.masked"), b.small(theme.Quiet), b.Width()), b.privacyButton())
	return Page{Back: true, Body: control.Stack(26, objs...),
		Secondary: &Action{ID: "not-me", Label: b.T("identify.no"), Do: func() { b.Do(session.ConfirmLeave{}) }},
		Primary:   &Action{ID: "confirm", Label: b.T("identify.yes"), Do: func() { b.Do(session.ConfirmIdentity{}) }}}
}
