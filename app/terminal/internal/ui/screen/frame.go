package screen

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"leye/app/terminal/internal/session"
	"leye/app/terminal/internal/ui/control"
	"leye/app/terminal/internal/ui/theme"
)

// Framed is a page in its frame. Scroll is nil when the page has none.
type Framed struct {
	Object fyne.CanvasObject
	Scroll *control.Scroll
}

// reachShare is the part of a portrait screen that a seated person reaches when
// the terminal hangs at the usual height.
const reachShare = 0.62

// Frame puts a page between the header and the footer, help and leave always
// in the same place.
func (b *Builder) Frame(st session.State, p Page) Framed {
	if p.Whole {
		return Framed{Object: b.overlaid(st, p.Body)}
	}
	if p.Wide {
		b = b.widened()
	}
	side := (b.Size.Width - b.Width()) / 2
	var inner fyne.CanvasObject = control.Pad(control.Insets{Top: 28, Right: side, Bottom: 28, Left: side}, p.Body)
	scroll := control.NewScroll("main", inner, theme.Border)
	var top, bottom []fyne.CanvasObject
	switch {
	case b.Reach && b.landscape():
		bottom = append(bottom, b.footer(p, b.headerButtons(st)...))
		if p.Keyboard == nil { // a lying screen has no room for both
			top = append(top, b.brandBar())
		}
	case b.Reach:
		top = append(top, b.brandBar())
		bottom = append(bottom, b.footer(p), b.reachBar(st))
	default:
		top = append(top, b.header(st))
		bottom = append(bottom, b.footer(p))
	}
	if p.Progress != nil && !(b.landscape() && p.Keyboard != nil) {
		top = append(top, control.Pad(control.Sides(0, side), p.Progress))
	}
	if p.Keyboard != nil {
		bottom = append([]fyne.CanvasObject{p.Keyboard}, bottom...)
	}
	more := b.moreHint(scroll)
	middle := container.NewStack(scroll, more)
	l := frameLayout{top: len(top), bottom: len(bottom)}
	if b.Reach && !b.landscape() {
		l.from = b.Size.Height * (1 - reachShare)
	}
	objs := append(append(top, middle), bottom...)
	page := container.NewStack(control.Rect(theme.Surface, nil, 0, 0), container.New(l, objs...))
	return Framed{Object: b.overlaid(st, page), Scroll: scroll}
}

// frameLayout stacks the top and bottom bars and gives the middle the rest;
// from is where the touchable part begins when the screen is used seated.
type frameLayout struct {
	top, bottom int
	from        float32
}

func (l frameLayout) MinSize(objs []fyne.CanvasObject) fyne.Size {
	var s fyne.Size
	for i, o := range objs {
		m := o.MinSize()
		s.Width = max(s.Width, m.Width)
		if i != l.top {
			s.Height += m.Height
		}
	}
	return s
}

func (l frameLayout) Layout(objs []fyne.CanvasObject, size fyne.Size) {
	y := float32(0)
	for _, o := range objs[:l.top] {
		h := o.MinSize().Height
		o.Move(fyne.NewPos(0, y))
		o.Resize(fyne.NewSize(size.Width, h))
		y += h
	}
	end := size.Height
	for i := len(objs) - 1; i > l.top; i-- {
		h := objs[i].MinSize().Height
		end -= h
		objs[i].Move(fyne.NewPos(0, end))
		objs[i].Resize(fyne.NewSize(size.Width, h))
	}
	y = max(y, min(l.from, end-300))
	objs[l.top].Move(fyne.NewPos(0, y))
	objs[l.top].Resize(fyne.NewSize(size.Width, max(0, end-y)))
}

// header is the band on top: where am I, help, leave.
func (b *Builder) header(st session.State) fyne.CanvasObject {
	buttons := control.Row(b.Tokens.Gap, -1, b.headerButtons(st)...)
	return band(control.Row(16, 0, control.Level(b.brand(b.Size.Width-64-16-buttons.MinSize().Width)), buttons))
}

// brandBar is the header without anything to touch.
func (b *Builder) brandBar() fyne.CanvasObject {
	return band(control.Sized(1, b.Tokens.Target, control.Level(b.brand(b.Size.Width-64))))
}

// reachBar is the header's controls in the lower band.
func (b *Builder) reachBar(st session.State) fyne.CanvasObject {
	return band(control.Shares(b.Tokens.Gap, b.headerButtons(st)...))
}

func band(o fyne.CanvasObject) fyne.CanvasObject {
	return container.NewStack(control.Rect(theme.White, theme.Edge, 1, 0), control.Pad(control.Sides(16, 32), o))
}

func (b *Builder) brand(width float32) fyne.CanvasObject {
	return control.Stack(0,
		control.Cut(b.T("brand"), control.Type{Size: b.Tokens.Body + 4, Bold: true, Color: theme.Primary, Line: 1.3}, width),
		control.Cut(b.Say(b.Place.Centre), control.Type{Size: min(b.Tokens.Small, 26), Color: theme.Quiet, Line: 1.3}, width))
}

func (b *Builder) headerButtons(st session.State) []fyne.CanvasObject {
	var objs []fyne.CanvasObject
	switch st.Stage {
	case session.Home, session.Browse, session.Service:
		objs = append(objs, b.languageButton(quiet, b.Tokens.Target))
	}
	return append(objs,
		b.button("help", b.T("help"), "help", quiet, b.Tokens.Target, func() { b.Do(session.CallHelp{}) }),
		b.button("leave", b.T("leave"), "leave", quiet, b.Tokens.Target, func() { b.Do(session.Leave{}) }))
}

func (b *Builder) languageButton(kind buttonKind, height float32) fyne.CanvasObject {
	other, label := "en", "English"
	if b.Language == "en" {
		other, label = "zh", "中文"
	}
	return b.button("lang", label, "", kind, height, func() { b.Do(session.SetLanguage{Language: other}) })
}

// footer holds back on the left, then others, and the main action on the right.
func (b *Builder) footer(p Page, others ...fyne.CanvasObject) fyne.CanvasObject {
	if p.Primary == nil && p.Secondary == nil && !p.Back && len(others) == 0 {
		return control.Space(1, 0)
	}
	h := b.Tokens.Action
	var objs []fyne.CanvasObject
	if p.Back {
		objs = append(objs, b.button("back", b.T("back"), "back", quiet, h, func() { b.Do(session.Back{}) }))
	}
	if a := p.Secondary; a != nil {
		objs = append(objs, b.button(a.ID, a.Label, "", secondary, h, a.Do))
	}
	objs = append(objs, others...)
	grow := len(objs)
	switch a := p.Primary; {
	case a == nil:
		objs = append(objs, control.Space(1, h))
	case a.Off:
		objs = append(objs, b.offButton(a.ID, a.Label, h))
	default:
		objs = append(objs, b.button(a.ID, a.Label, "", primary, h, a.Do))
	}
	return container.NewStack(control.Rect(theme.White, theme.Edge, 1, 0), control.Pad(control.Sides(20, 32), control.Row(b.Tokens.Gap, grow, objs...)))
}

// moreHint says that the content goes on below, until its end is seen.
func (b *Builder) moreHint(s *control.Scroll) fyne.CanvasObject {
	t := b.small(theme.Primary)
	t.Bold, t.Line = true, 1.2
	chip := container.NewStack(control.Rect(theme.Tint, theme.Primary, 1, 26), control.Pad(control.Sides(10, 26), control.Label(b.T("more"), t)))
	holder := container.New(bottomCentre{}, chip)
	holder.Hide()
	s.OnMove = func() {
		if s.Offset() < s.Range()-40 {
			holder.Show()
		} else {
			holder.Hide()
		}
	}
	return holder
}

type bottomCentre struct{}

func (bottomCentre) MinSize(objs []fyne.CanvasObject) fyne.Size { return fyne.NewSize(1, 1) }

func (bottomCentre) Layout(objs []fyne.CanvasObject, size fyne.Size) {
	m := objs[0].MinSize()
	objs[0].Resize(m)
	objs[0].Move(fyne.NewPos((size.Width-m.Width)/2, size.Height-m.Height-14))
}
