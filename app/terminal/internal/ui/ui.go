// Package ui shows the visit's state in a window and sends touches back as
// intents. With the packages below it is the only place that imports Fyne.
package ui

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"leye/app/catalogue"
	"leye/app/form"
	"leye/app/policy"
	"leye/app/terminal/internal/ime"
	"leye/app/terminal/internal/privacy"
	"leye/app/terminal/internal/session"
	"leye/app/terminal/internal/ui/control"
	"leye/app/terminal/internal/ui/keyboard"
	"leye/app/terminal/internal/ui/screen"
	"leye/app/terminal/internal/ui/text"
	"leye/app/terminal/internal/ui/theme"
)

// Visit is what the screens need of the session.
type Visit interface {
	Do(session.Intent)
}

// Config is what a UI is built from.
type Config struct {
	App       fyne.App
	Window    fyne.Window
	Theme     *theme.Theme
	Icons     *theme.Icons
	Texts     text.Bundle
	Catalogue *catalogue.Catalogue
	Policies  *policy.Library
	Place     screen.Place
	Kept      privacy.Table
	Engine    ime.Engine // nil: no pinyin
	Visit     Visit
	Now       func() time.Time
}

// UI draws states. All its methods run on Fyne's goroutine.
type UI struct {
	cfg    Config
	root   *fyne.Container
	state  session.State
	page   string // which page is shown: a new one starts at its top
	drawn  string // all that the drawing depends on
	framed screen.Framed

	active  string
	typed   map[string]string
	picker  screen.Picker
	keys    *keyboard.Keyboard
	keysFor string
	elder   bool
}

// New puts an empty UI into its window.
func New(cfg Config) *UI {
	u := &UI{cfg: cfg, typed: map[string]string{}}
	u.root = container.New(&filling{u: u})
	cfg.Window.SetPadded(false)
	cfg.Window.SetContent(u.root)
	return u
}

// Show draws a state, unless it looks like the one that is shown, and reports
// whether it did.
func (u *UI) Show(st session.State) bool {
	before := u.state
	u.state = st
	if st.Elder != u.elder {
		u.elder = st.Elder
		u.cfg.App.Settings().SetTheme(u.cfg.Theme.With(u.tokens()))
	}
	if page := pageOf(st); page != u.page {
		u.page = page
		u.turn(before, st)
	}
	if st.Failures > before.Failures || st.Notice && st.NoticePrint != before.NoticePrint ||
		st.Stage == session.CaseTold && st.Print != before.Print {
		u.drawn = "" // what went wrong, or became of the paper, stands at the top
	}
	if st.Scans > before.Scans {
		// What became of the code stands at the top too, and its answers in the fields.
		u.drawn, u.active = "", ""
		clear(u.typed)
		u.forgetKeys()
	}
	return u.draw(false)
}

// Fading is how long Fyne keeps the words and pictures of pages that are gone: a
// minute, and a frame more.
const Fading = 75 * time.Second

// Forget paints the page once more. Fyne lets go of what has faded only when it
// paints, and a terminal may stand idle for hours after a visit.
func (u *UI) Forget() { u.root.Refresh() }

// turn prepares for a new page: what was typed on the last is the session's now.
func (u *UI) turn(before, st session.State) {
	u.active, u.picker = "", screen.Picker{}
	clear(u.typed)
	u.forgetKeys()
	switch st.Stage {
	case session.Search:
		u.active = "search"
	case session.Filling:
		u.active = u.firstToType(st)
	}
	if st.Stage == session.Idle && before.Stage != session.Idle {
		u.keys = nil
	}
}

// firstToType is the field of a question that has nothing else to touch.
func (u *UI) firstToType(st session.State) string {
	if st.Question >= len(st.Questions) || len(st.Questions[st.Question].Fields) != 1 {
		return ""
	}
	f := st.Questions[st.Question].Fields[0]
	if !typedKind(f.Type) || !st.Answers[f.Key].Empty() {
		return ""
	}
	return f.Key
}

func typedKind(t catalogue.FieldType) bool {
	switch t {
	case catalogue.TypeText, catalogue.TypeNumber, catalogue.TypePhone, catalogue.TypeIDNumber, catalogue.TypeAddress, catalogue.TypeBankAccount:
		return true
	}
	return false
}

func (u *UI) tokens() theme.Tokens {
	if u.elder {
		return theme.Elder
	}
	return theme.Standard
}

func (u *UI) builder() *screen.Builder {
	return &screen.Builder{
		Tokens: u.tokens(), Icons: u.cfg.Icons, Texts: u.cfg.Texts, Catalogue: u.cfg.Catalogue, Policies: u.cfg.Policies,
		Place: u.cfg.Place, Kept: u.cfg.Kept, Size: u.root.Size(), Language: u.state.Language, Reach: u.state.Reach, Now: u.cfg.Now,
		Do: u.cfg.Visit.Do, Active: u.active, Edit: u.Edit, Picker: &u.picker, Redraw: func() { u.draw(true) }, Typed: u.typed,
	}
}

// draw rebuilds the page when what it depends on has changed.
func (u *UI) draw(force bool) bool {
	if u.root.Size().Width < 10 {
		return false
	}
	look := u.look()
	if look == u.drawn && !force {
		return false
	}
	same := strings.SplitN(u.drawn, "\n", 2)[0] == u.page
	offset := float32(0)
	if same && u.framed.Scroll != nil {
		offset = u.framed.Scroll.Offset()
	}
	u.drawn = look
	b := u.builder()
	page := b.Draw(u.state)
	page.Keyboard = u.keyboard(b)
	before := u.framed
	u.framed = b.Frame(u.state, page)
	if same {
		u.inherit(before)
	}
	u.root.Objects = []fyne.CanvasObject{u.framed.Object}
	u.root.Refresh()
	if u.framed.Scroll != nil {
		u.framed.Scroll.ScrollTo(offset)
		u.revealActive()
	}
	return true
}

// inherit hands the finger that rests on the page to the same page drawn anew.
func (u *UI) inherit(before screen.Framed) {
	if before.Object == nil {
		return
	}
	if u.framed.Scroll != nil && before.Scroll != nil {
		u.framed.Scroll.Inherit(before.Scroll)
	}
	walk(before.Object, fyne.NewPos(0, 0), func(pressed *control.Tap, _ fyne.Position) {
		if pressed.ID == "" || !pressed.Down() {
			return
		}
		walk(u.framed.Object, fyne.NewPos(0, 0), func(t *control.Tap, _ fyne.Position) {
			if t.ID == pressed.ID {
				t.Inherit(pressed)
			}
		})
	})
}

// revealActive keeps the field that is typed into above the keyboard.
func (u *UI) revealActive() {
	if u.active == "" || u.framed.Scroll == nil {
		return
	}
	walk(u.framed.Scroll.Content, fyne.NewPos(0, 0), func(t *control.Tap, at fyne.Position) {
		if t.ID == "field:"+u.active {
			u.framed.Scroll.Reveal(at.Y-90, at.Y+t.Size().Height+30)
		}
	})
}

// walk visits the touchable surfaces of a tree with their place in it.
func walk(o fyne.CanvasObject, at fyne.Position, f func(*control.Tap, fyne.Position)) {
	at = at.Add(o.Position())
	switch o := o.(type) {
	case *control.Tap:
		f(o, at)
	case *fyne.Container:
		for _, c := range o.Objects {
			walk(c, at, f)
		}
	case *control.Scroll:
		walk(o.Content, at, f)
	}
}

// pageOf names the page of a state: a new name starts at the top.
func pageOf(st session.State) string {
	if st.Notice {
		return "notice:"
	}
	at := ""
	switch st.Stage {
	case session.Filling:
		if st.Question < len(st.Questions) {
			at = st.Questions[st.Question].ID
		}
	case session.Row:
		at = fmt.Sprint(st.RowField, st.RowIndex)
	case session.Browse:
		at = st.Event
	case session.Service:
		at = st.Service
	case session.PolicyText:
		at = st.Policy
	}
	return string(st.Stage) + ":" + at
}

// look is all that the drawing depends on, beginning with the page's name. What
// is being typed is part of it only through its own field.
func (u *UI) look() string {
	st := u.state
	var w strings.Builder
	fmt.Fprintf(&w, "%s\n%v %v %v %v %v|%v|%v %v %v|%v %v|", u.page, st.Overlay, st.Language, st.Elder, st.Reach, st.Checks, st.Found, st.Reader, st.Trouble, st.Slow, st.Scanner, st.Scan)
	if st.Overlay == session.StillThere {
		fmt.Fprint(&w, int(st.WipeAt.Sub(u.cfg.Now()).Seconds()))
	}
	fmt.Fprintf(&w, "%v %v|%v|", st.CardLeft, st.SlipLeft, st.NoticePrint)
	fmt.Fprintf(&w, "%v|%v %v|%v %v|%v %v|", st.Resident != nil, st.Question, len(st.Questions), st.Returning, st.Fault, st.Print, st.Category)
	fmt.Fprintf(&w, "%v %v %v|", st.Told, st.Case != nil, st.ClosedFor)
	for _, h := range st.Hits {
		fmt.Fprint(&w, h.Policy.ID, " ")
	}
	problems := make([]string, 0, len(st.Problems))
	for _, p := range st.Problems {
		problems = append(problems, fmt.Sprint(p.Field, p.Code))
	}
	slices.Sort(problems)
	fmt.Fprint(&w, problems, u.active, u.typed, u.picker, u.root.Size())
	for _, a := range []form.Answers{st.Answers, st.RowDraft} {
		keys := make([]string, 0, len(a))
		for k := range a {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			v := a[k]
			fmt.Fprint(&w, "|", k, v.Text(), v.Kind(), v.Bool(), v.List(), len(v.Rows()))
		}
	}
	return w.String()
}

// filling gives the page the whole window and draws anew when that changes.
type filling struct {
	u    *UI
	last fyne.Size
}

func (f *filling) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(320, 320) }

func (f *filling) Layout(objs []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objs {
		o.Move(fyne.NewPos(0, 0))
		o.Resize(size)
	}
	if size != f.last {
		f.last = size
		f.u.draw(true)
	}
}
