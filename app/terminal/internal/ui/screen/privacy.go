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
	if words := b.noticePaper(st); words != nil {
		objs = append(objs, words)
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

// noticePaper says what is known of the notice's paper.
func (b *Builder) noticePaper(st session.State) fyne.CanvasObject {
	switch st.NoticePrint {
	case session.Printing:
		return b.notice("printer", b.T("privacy.printing"), theme.Primary, theme.Tint)
	case session.PrintDone:
		return b.notice("slip", b.T("privacy.printed"), theme.Done, theme.DoneBg)
	case session.PrintSent:
		return b.notice("slip", b.T("privacy.sent"), theme.Primary, theme.Tint)
	case session.PrintFailed:
		return b.notice("warning", b.T("privacy.failed"), theme.Wait, theme.WaitBg)
	case session.PrintDoubt:
		return b.notice("warning", b.T("privacy.doubt"), theme.Wait, theme.WaitBg)
	}
	return nil
}

// privacyButton opens the notice.
func (b *Builder) privacyButton() fyne.CanvasObject {
	return b.button("privacy", b.T("privacy.open"), "shield", quiet, b.Tokens.Target, func() { b.Do(session.OpenNotice{}) })
}
