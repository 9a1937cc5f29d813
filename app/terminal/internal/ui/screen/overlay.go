package screen

import (
	"image/color"
	"strconv"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"leye/app/terminal/internal/session"
	"leye/app/terminal/internal/ui/control"
	"leye/app/terminal/internal/ui/theme"
)

// overlaid puts the state's overlay over a page.
func (b *Builder) overlaid(st session.State, page fyne.CanvasObject) fyne.CanvasObject {
	var card fyne.CanvasObject
	switch st.Overlay {
	case session.HelpCall:
		card = b.helpCard()
	case session.LeaveAsk:
		card = b.leaveCard()
	case session.StillThere:
		card = b.stillThereCard(st)
	default:
		return page
	}
	shade := control.NewTap("", "", control.Surface{Fill: color.NRGBA{0x10, 0x18, 0x24, 0xB0}}, fyne.NewSize(1, 1), control.Space(1, 1), func() { b.Do(session.Touch{}) })
	place := control.Middle(card)
	if b.Reach && !b.landscape() {
		place = control.Pad(control.Insets{Top: b.Size.Height * (1 - reachShare)}, place)
	}
	return container.NewStack(page, shade, place)
}

func (b *Builder) card(icon string, ink color.NRGBA, title, words string, actions ...fyne.CanvasObject) fyne.CanvasObject {
	width := min(b.Width(), 860)
	size := b.Tokens.Huge * 1.4
	objs := []fyne.CanvasObject{
		control.Sized(width, size, control.Middle(b.icon(icon, ink, size, size))),
		b.full(title, b.title(theme.Ink), width),
		b.full(words, b.body(theme.Quiet), width),
		control.Space(1, 8),
	}
	return control.Box(theme.White, theme.Edge, control.All(36), control.Stack(18, append(objs, actions...)...))
}

func (b *Builder) helpCard() fyne.CanvasObject {
	words := b.T("help.words", "desk", b.Say(b.Place.Desk), "phone", b.Say(b.Place.Phone))
	return b.card("help", theme.Primary, b.T("help.title"), words, b.privacyButton(),
		b.button("close", b.T("close"), "", primary, b.Tokens.Action, func() { b.Do(session.CloseOverlay{}) }))
}

func (b *Builder) leaveCard() fyne.CanvasObject {
	return b.card("leave", theme.Wait, b.T("leave.title"), b.T("leave.words"),
		control.Shares(b.Tokens.Gap,
			b.button("leave-yes", b.T("leave.yes"), "", secondary, b.Tokens.Action, func() { b.Do(session.ConfirmLeave{}) }),
			b.button("leave-no", b.T("leave.no"), "", primary, b.Tokens.Action, func() { b.Do(session.CloseOverlay{}) })))
}

func (b *Builder) stillThereCard(st session.State) fyne.CanvasObject {
	left := int(st.WipeAt.Sub(b.Now()).Round(time.Second) / time.Second)
	return b.card("clock", theme.Wait, b.T("still.title"), b.T("still.words", "seconds", strconv.Itoa(max(0, left))),
		b.button("still-yes", b.T("still.yes"), "", primary, b.Tokens.Action, func() { b.Do(session.Touch{}) }),
		b.button("leave-yes", b.T("leave.yes"), "", secondary, b.Tokens.Action, func() { b.Do(session.ConfirmLeave{}) }))
}
