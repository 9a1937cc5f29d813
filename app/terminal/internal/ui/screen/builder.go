// Package screen draws each stage of a visit from its state and turns touches
// into intents.
//
// It keeps nothing between two drawings except what the builder is given; it
// never sees a device, the queue or the network.
package screen

import (
	"image/color"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"

	"leye/app/catalogue"
	"leye/app/policy"
	"leye/app/terminal/internal/privacy"
	"leye/app/terminal/internal/session"
	"leye/app/terminal/internal/ui/control"
	"leye/app/terminal/internal/ui/text"
	"leye/app/terminal/internal/ui/theme"
)

// Place is where the terminal stands, as its screens say it.
type Place struct {
	Centre, Phone, Desk catalogue.Text
}

// Builder draws screens. All fields but Input must be set.
type Builder struct {
	Tokens    theme.Tokens
	Icons     *theme.Icons
	Texts     text.Bundle
	Catalogue *catalogue.Catalogue
	Policies  *policy.Library
	Place     Place
	Kept      privacy.Table // of a person, until when
	Size      fyne.Size
	Language  string
	Reach     bool
	Now       func() time.Time

	Do     func(session.Intent)
	Active string             // the field that is being typed into
	Edit   func(field string) // starts typing into a field; empty ends it
	Picker *Picker            // where the date choice stands
	Redraw func()             // after a change that no state carries
	Chosen func(typed string) // what the search field holds
	Typed  map[string]string  // what is being typed, by field

	wide bool // the page may fill a lying screen
}

// Page is one screen before its frame.
type Page struct {
	Progress  fyne.CanvasObject // below the header, never scrolls
	Body      fyne.CanvasObject
	Keyboard  fyne.CanvasObject // above the footer
	Primary   *Action
	Secondary *Action
	Back      bool
	Whole     bool // the body is the whole screen: no header, no footer
	Wide      bool // the page fills a lying screen
}

// Action is a button of the footer.
type Action struct {
	ID, Label string
	Do        func()
	Off       bool
}

// T returns the words of a key in the visit's language.
func (b *Builder) T(key string, args ...string) string {
	return b.Texts.Get(b.Language, key, args...)
}

// Say picks the visit's language of a declared text.
func (b *Builder) Say(t catalogue.Text) string {
	if b.Language == "en" && t.EN != "" {
		return t.EN
	}
	return t.ZH
}

// Width is what a page's content may fill.
func (b *Builder) Width() float32 {
	w := b.Size.Width - 2*b.Tokens.Margin
	if b.wide {
		return w
	}
	return min(w, 1240) // longer lines are hard to read
}

// widened is the builder of a page that holds tiles rather than text.
func (b *Builder) widened() *Builder {
	c := *b
	c.wide = true
	return &c
}

// Draw builds the page of a state.
func (b *Builder) Draw(st session.State) Page {
	p := b.page(st)
	if words := b.scanned(st); words != nil && !p.Whole {
		p.Body = control.Stack(26, words, p.Body)
	}
	return p
}

// scanned says what became of a code that was held up, or that one could be.
func (b *Builder) scanned(st session.State) fyne.CanvasObject {
	switch {
	case st.Scan == session.ScanFilled || st.Scan == session.ScanSlip:
		return b.notice("done", b.T(st.Scan), theme.Done, theme.DoneBg)
	case st.Scan != "":
		return b.notice("warning", b.T(st.Scan), theme.Wait, theme.WaitBg)
	case st.Scanner && st.Stage == session.Filling && st.Form.Service().ID == session.ProgressService:
		return b.notice("qr", b.T("scan.hint"), theme.Primary, theme.Tint)
	}
	return nil
}

func (b *Builder) page(st session.State) Page {
	if st.Notice {
		return b.privacy(st)
	}
	switch st.Stage {
	case session.Home:
		return b.home(st)
	case session.Browse:
		return b.browse(st)
	case session.Search:
		return b.search(st)
	case session.Service:
		return b.service(st)
	case session.Identify:
		return b.identify(st)
	case session.Filling:
		return b.question(st)
	case session.Row:
		return b.row(st)
	case session.Reviewing:
		return b.check(st)
	case session.Submitting:
		return b.submitting(st)
	case session.Filed:
		return b.filed(st)
	case session.Ended:
		return b.ended(st)
	case session.AskingCase:
		return b.asking(st)
	case session.CaseTold:
		return b.told(st)
	case session.PolicySearch:
		return b.policySearch(st)
	case session.PolicyText:
		return b.policyText(st)
	default:
		return b.idle(st)
	}
}

// The types of text.
func (b *Builder) body(c color.Color) control.Type {
	return control.Type{Size: b.Tokens.Body, Color: c, Line: b.Tokens.Line}
}

func (b *Builder) strong(c color.Color) control.Type {
	return control.Type{Size: b.Tokens.Body, Bold: true, Color: c, Line: b.Tokens.Line}
}

func (b *Builder) small(c color.Color) control.Type {
	return control.Type{Size: b.Tokens.Small, Color: c, Line: b.Tokens.Line}
}

// mark is small type in a colour: bold, since pale and thin is hard to read.
func (b *Builder) mark(c color.Color) control.Type {
	t := b.small(c)
	t.Bold = true
	return t
}

func (b *Builder) title(c color.Color) control.Type {
	return control.Type{Size: b.Tokens.Title, Bold: true, Color: c, Line: 1.3, Even: true}
}

func (b *Builder) tile(c color.Color) control.Type {
	return control.Type{Size: b.Tokens.Tile, Bold: true, Color: c, Line: 1.3, Even: true}
}

func centred(t control.Type) control.Type {
	t.Align = fyne.TextAlignCenter
	return t
}

// para is a paragraph over the page's width.
func (b *Builder) para(words string, t control.Type) fyne.CanvasObject {
	return control.Paragraph(words, t, b.Width())
}

// full is a centred paragraph that takes the whole width.
func (b *Builder) full(words string, t control.Type, width float32) fyne.CanvasObject {
	p := control.Paragraph(words, centred(t), width)
	return control.Sized(width, p.MinSize().Height, p)
}

// heading is a page's title with an optional line below.
func (b *Builder) heading(title, below string) fyne.CanvasObject {
	objs := []fyne.CanvasObject{b.para(title, b.title(theme.Ink))}
	if below != "" {
		t := b.body(theme.Quiet)
		t.Even = true
		objs = append(objs, b.para(below, t))
	}
	return control.Stack(8, objs...)
}

// buttonKind is how much a button asks to be touched.
type buttonKind int

const (
	primary buttonKind = iota
	secondary
	quiet
)

func (b *Builder) button(id, label, icon string, kind buttonKind, height float32, onTap func()) *control.Tap {
	s, ink := control.Surface{Fill: theme.Primary, Down: theme.Pressed, Radius: 16}, theme.White
	switch kind {
	case secondary:
		s, ink = control.Surface{Fill: theme.White, Edge: theme.Primary, Stroke: 2, Down: theme.Tint, Radius: 16}, theme.Primary
	case quiet:
		s, ink = control.Surface{Fill: theme.White, Edge: theme.Edge, Stroke: 2, Down: theme.Tint, Radius: 14}, theme.Ink
	}
	t := b.strong(ink)
	t.Line = 1.25
	if kind == primary {
		t.Size += 4
	}
	face := fyne.CanvasObject(control.Label(label, t))
	if icon != "" {
		img := control.Middle(b.icon(icon, ink, t.Size*1.2, t.Size*1.2))
		face = control.Row(12, 1, img, control.Level(face))
	}
	return control.NewTap(id, label, s, fyne.NewSize(b.Tokens.Target, height), control.Middle(control.Pad(control.Sides(10, 22), face)), onTap)
}

// off draws a button that cannot be touched now.
func (b *Builder) offButton(id, label string, height float32) *control.Tap {
	s := control.Surface{Fill: theme.Edge, Radius: 16}
	face := control.Middle(control.Pad(control.Sides(10, 22), control.Label(label, b.strong(theme.Quiet))))
	return control.NewTap(id, label, s, fyne.NewSize(b.Tokens.Target, height), face, nil).Disable()
}

// panel is a white card with an optional heading.
func (b *Builder) panel(head string, objs ...fyne.CanvasObject) fyne.CanvasObject {
	if head != "" {
		objs = append([]fyne.CanvasObject{control.Paragraph(head, b.strong(theme.Ink), b.inner())}, objs...)
	}
	return control.Box(theme.Card, theme.Edge, control.Sides(24, 28), control.Stack(10, objs...))
}

// inner is the width inside a panel.
func (b *Builder) inner() float32 { return b.Width() - 56 }

// notice is a coloured band with an icon: state is never shown by colour alone.
func (b *Builder) notice(icon, words string, ink, fill color.NRGBA) fyne.CanvasObject {
	return b.noticeIn(icon, words, ink, fill, b.Width())
}

func (b *Builder) noticeIn(icon, words string, ink, fill color.NRGBA, width float32) fyne.CanvasObject {
	size := b.Tokens.Body * 1.4
	img := control.Level(b.icon(icon, ink, size, size))
	t := b.body(theme.Ink)
	t.Even = true
	p := control.Paragraph(words, t, width-size-76)
	return control.Box(fill, ink, control.Sides(18, 24), control.Row(18, 1, img, control.Level(p)))
}

// icon is a drawing at a size in whole pixels, of which each side is even: other
// sizes would be scaled anew for each page.
func (b *Builder) icon(name string, ink color.NRGBA, w, h float32) fyne.CanvasObject {
	w, h = even(w), even(h)
	return control.Image(b.Icons.Draw(name, ink, w, h), w, h)
}

func even(v float32) float32 { return float32(2 * int(v/2+0.5)) }

// bullet is a line with a small drawing before it.
func (b *Builder) bullet(icon string, c color.NRGBA, words string, t control.Type, width float32) fyne.CanvasObject {
	size := b.Tokens.Body
	img := control.Pad(control.Insets{Top: size * 0.2}, control.Sized(size, size, b.icon(icon, c, size, size)))
	return control.Row(14, 1, container.New(topLeft{}, img), control.Paragraph(words, t, width-size-14))
}

// topLeft keeps an object at its least size in the corner.
type topLeft struct{}

func (topLeft) MinSize(objs []fyne.CanvasObject) fyne.Size { return objs[0].MinSize() }

func (topLeft) Layout(objs []fyne.CanvasObject, _ fyne.Size) {
	objs[0].Move(fyne.NewPos(0, 0))
	objs[0].Resize(objs[0].MinSize())
}

func line() fyne.CanvasObject {
	r := canvas.NewRectangle(theme.Edge)
	r.SetMinSize(fyne.NewSize(1, 2))
	return r
}
