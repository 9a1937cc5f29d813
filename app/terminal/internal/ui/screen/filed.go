package screen

import (
	"image"
	"image/color"

	"fyne.io/fyne/v2"
	"rsc.io/qr"

	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/session"
	"leye/app/terminal/internal/ui/control"
	"leye/app/terminal/internal/ui/theme"
)

// looks of the three outcomes: told apart by drawing, word and colour.
type look struct {
	icon, key string
	ink, fill color.NRGBA
}

func lookOf(f *session.Filing) look {
	switch {
	case f.Outcome == session.Accepted && f.Policy != "":
		return look{"done", "filed.policy", theme.Done, theme.DoneBg}
	case f.Outcome == session.Accepted:
		return look{"done", "filed.accepted", theme.Done, theme.DoneBg}
	case f.Outcome == session.Saved:
		return look{"wait", "filed.saved", theme.Wait, theme.WaitBg}
	default:
		return look{"stop", "filed.parked", theme.Stop, theme.StopBg}
	}
}

// filed never says more than the ledger knows.
func (b *Builder) filed(st session.State) Page {
	f := st.Filing
	l := lookOf(f)
	width := b.inner()
	number, label := string(f.App.Reference), b.T("filed.reference")
	if f.Outcome == session.Accepted {
		number, label = f.Ack.Number, b.T("filed.number")
	}
	objs := []fyne.CanvasObject{b.headline(l, b.T(l.key+".title"), b.full(b.Say(f.Form.Service().Text), b.tile(theme.Ink), width),
		b.full(label, b.small(theme.Ink), width), b.full(number, b.title(theme.Ink), width))}
	objs = append(objs, b.panel(b.T("filed.next"), b.nextSteps(f, l)...), b.paper("paper", st.Print))
	if st.Print == session.PrintFailed || st.Print == session.PrintDoubt {
		objs = append(objs, b.photo(f))
	}
	if st.Fault != "" {
		objs = append(objs, b.staffCode(st.Fault))
	}
	if !st.Printing() {
		objs = append(objs, b.privacyButton())
	}
	p := Page{Body: control.Stack(24, objs...)}
	if st.Printing() {
		p.Primary = &Action{ID: "finish", Label: b.T("filed.printing"), Off: true}
		return p
	}
	p.Primary = b.finish()
	if st.Print == session.PrintFailed || st.Print == session.PrintDoubt {
		p.Secondary = &Action{ID: "print-again", Label: b.T("filed.again"), Do: func() { b.Do(session.PrintAgain{}) }}
	}
	return p
}

func (b *Builder) nextSteps(f *session.Filing, l look) []fyne.CanvasObject {
	due := b.T("filed.due.counter")
	if f.Ack.Due != "" {
		due = b.T("filed.due", "day", b.Day(f.Ack.Due))
	}
	desk := f.Ack.Desk
	if desk == "" || desk == b.Place.Desk.ZH {
		desk = b.Say(b.Place.Desk)
	}
	words := b.T(l.key+".next", "due", due, "desk", desk, "phone", b.Say(b.Place.Phone))
	return []fyne.CanvasObject{control.Paragraph(words, b.body(theme.Ink), b.inner())}
}

// photo is what the slip would have carried, to be photographed: its code and the
// query code, which otherwise stands on paper only.
func (b *Builder) photo(f *session.Filing) fyne.CanvasObject {
	code, err := qr.Encode(kiosk.SlipCode(f.Ack.Number, f.App.Reference, f.Ack.QueryCode), qr.M)
	if err != nil {
		return nil // the number stands above
	}
	picture := dots(code, 8)
	size := float32(picture.Bounds().Dx())
	words := []fyne.CanvasObject{control.Paragraph(b.T("filed.photo"), b.body(theme.Ink), b.inner()-size-24)}
	if f.Ack.QueryCode != "" {
		words = append(words, control.Paragraph(b.T("filed.query_code", "code", f.Ack.QueryCode), b.tile(theme.Ink), b.inner()-size-24))
	}
	return b.panel("", control.Row(24, 1, control.Sized(size, size, control.Image(picture, size, size)), control.Level(control.Stack(12, words...))))
}

// dots draws a code with its quiet zone of four modules.
func dots(code *qr.Code, module int) image.Image {
	const quiet = 4
	side := module * (code.Size + 2*quiet)
	img := image.NewRGBA(image.Rect(0, 0, side, side))
	for y := range side {
		for x := range side {
			c := color.White
			if code.Black(x/module-quiet, y/module-quiet) {
				c = color.Black
			}
			img.Set(x, y, c)
		}
	}
	return img
}

// paper says what is known of a slip or a notice, and no more.
func (b *Builder) paper(of string, p session.PrintState) fyne.CanvasObject {
	switch p {
	case session.PrintDone:
		return b.notice("slip", b.T(of+".done"), theme.Done, theme.DoneBg)
	case session.PrintSent:
		return b.notice("slip", b.T(of+".sent"), theme.Primary, theme.Tint)
	case session.PrintFailed:
		return b.notice("warning", b.T(of+".failed"), theme.Wait, theme.WaitBg)
	case session.PrintDoubt:
		return b.notice("warning", b.T(of+".doubt"), theme.Wait, theme.WaitBg)
	default:
		return b.notice("printer", b.T(of+".printing"), theme.Primary, theme.Tint)
	}
}

// ended reminds of slip and card; nothing of the person is left. While the card
// lies there, nobody can begin.
func (b *Builder) ended(st session.State) Page {
	art := min(b.Size.Height*0.26, 480)
	objs := []fyne.CanvasObject{
		b.full(b.T("end.title"), control.Type{Size: b.Tokens.Huge, Bold: true, Color: theme.Primary, Line: 1.3}, b.Width()),
		control.Sized(b.Width(), art, control.Middle(b.icon("card-reader", theme.Primary, art*1.5, art))),
	}
	if st.CardLeft {
		objs = append(objs, b.notice("card", b.T("end.card"), theme.Wait, theme.WaitBg))
	}
	if st.Print == session.PrintDone || st.Print == session.PrintSent || st.Print == session.PrintDoubt {
		objs = append(objs, b.notice("slip", b.T("end.slip"), theme.Wait, theme.WaitBg))
	}
	objs = append(objs, b.full(b.T("end.wiped"), b.body(theme.Quiet), b.Width()))
	side := (b.Size.Width - b.Width()) / 2
	bottom := b.full(b.T("end.first"), b.body(theme.Ink), b.Width())
	if st.Open() {
		bottom = b.button("again", b.T("end.again"), "", primary, b.Tokens.Action, func() { b.Do(session.Start{}) })
	}
	return Page{Whole: true, Body: b.spread(control.Pad(control.Sides(0, side), control.Stack(30, objs...)), control.Pad(control.Insets{Right: side, Bottom: 40, Left: side}, bottom))}
}
