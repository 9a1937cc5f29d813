package screen

import (
	"fyne.io/fyne/v2"

	"leye/app/terminal/internal/privacy"
	"leye/app/terminal/internal/session"
	"leye/app/terminal/internal/ui/control"
	"leye/app/terminal/internal/ui/theme"
)

// privacy tells what is read of a person and until when it stays, in the words of
// the slip.
func (b *Builder) privacy(st session.State) Page {
	objs := []fyne.CanvasObject{b.heading(b.T("privacy.title"), b.T("privacy.below"))}
	if st.NoticePrint != session.NotPrinting {
		objs = append(objs, b.paper("privacy", st.NoticePrint))
	}
	asked := privacy.Asked{Desk: b.Say(b.Place.Desk), Phone: b.Say(b.Place.Phone)}
	for _, section := range b.Kept.Tell(st.Read(), asked, b.T) {
		var lines []fyne.CanvasObject
		for _, line := range section.Lines {
			lines = append(lines, b.bullet("info", theme.Primary, line, b.body(theme.Ink), b.inner()))
		}
		objs = append(objs, b.panel(section.Title, lines...))
	}
	print := &Action{ID: "print-notice", Label: b.T("privacy.print"), Do: func() { b.Do(session.PrintNotice{}) }, Off: st.Printing()}
	return Page{Back: true, Primary: print, Body: control.Stack(22, objs...)}
}

// privacyButton opens the notice.
func (b *Builder) privacyButton() fyne.CanvasObject {
	return b.button("privacy", b.T("privacy.open"), "shield", quiet, b.Tokens.Target, func() { b.Do(session.OpenNotice{}) })
}
