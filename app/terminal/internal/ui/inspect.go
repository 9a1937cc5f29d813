package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"leye/app/terminal/internal/session"
	"leye/app/terminal/internal/ui/control"
)

// Seen is what stands on the screen, for a player of visits: the words and the
// touchable surfaces with their places in the window, in pixels.
type Seen struct {
	Screen   string       `json:"screen"`
	Overlay  string       `json:"overlay,omitempty"`
	Serial   int          `json:"serial"`
	Lang     string       `json:"lang"`
	Busy     bool         `json:"busy"`
	Texts    []string     `json:"texts"`
	Controls []Touchable  `json:"controls"`
	Scrolls  []ScrollSeen `json:"scrolls"`
	Marks    []Mark       `json:"marks"`
}

// Mark is one thing that the painter puts on the screen, in the order in which
// it does: a box, a line of text or a picture. What a scroll hides is left out.
type Mark struct {
	Kind   string  `json:"kind"` // "box", "text" or "picture"
	X      float32 `json:"x"`
	Y      float32 `json:"y"`
	W      float32 `json:"w"`
	H      float32 `json:"h"`
	Words  string  `json:"words,omitempty"` // of a text
	Size   float32 `json:"size,omitempty"`  // of type
	Bold   bool    `json:"bold,omitempty"`
	Radius float32 `json:"radius,omitempty"`
	Stroke float32 `json:"stroke,omitempty"`
}

// Touchable is one surface that can be touched.
type Touchable struct {
	ID      string  `json:"id"`
	Kind    string  `json:"kind"`
	Label   string  `json:"label"`
	X       float32 `json:"x"`
	Y       float32 `json:"y"`
	W       float32 `json:"w"`
	H       float32 `json:"h"`
	Visible bool    `json:"visible"` // wholly inside its scroll
	Enabled bool    `json:"enabled"`
	Scroll  string  `json:"scroll,omitempty"`
}

// ScrollSeen is a scroll with its place and how far it is moved.
type ScrollSeen struct {
	ID      string  `json:"id"`
	X       float32 `json:"x"`
	Y       float32 `json:"y"`
	W       float32 `json:"w"`
	H       float32 `json:"h"`
	Offset  float32 `json:"offset"`
	Content float32 `json:"content"`
}

// Inspect lists what is on the screen. It runs on Fyne's goroutine.
func (u *UI) Inspect() Seen {
	st := u.state
	s := Seen{
		Screen: string(st.Stage), Overlay: string(st.Overlay), Serial: st.Serial, Lang: st.Language,
		Busy: st.Stage == session.Submitting || st.Stage == session.AskingCase || st.Printing() || st.Stage == session.Service && !st.Checks.Known,
	}
	if st.Notice {
		s.Screen = "privacy"
	}
	l := lister{seen: &s}
	l.list(u.root, fyne.NewPos(0, 0), nil)
	return s
}

type lister struct{ seen *Seen }

func (l lister) list(o fyne.CanvasObject, at fyne.Position, in *ScrollSeen) {
	if !o.Visible() {
		return
	}
	at = at.Add(o.Position())
	switch o := o.(type) {
	case *canvas.Text:
		l.seen.Texts = append(l.seen.Texts, o.Text)
		l.mark(o, at, in, Mark{Kind: "text", Words: o.Text, Size: o.TextSize, Bold: o.TextStyle.Bold})
	case *canvas.Rectangle:
		l.mark(o, at, in, Mark{Kind: "box", Radius: o.CornerRadius, Stroke: o.StrokeWidth})
	case *canvas.Image:
		l.mark(o, at, in, Mark{Kind: "picture"})
	case *control.Tap:
		l.touchable(o, at, in)
		l.list(o.Back(), at, in)
		l.list(o.Face(), at, in)
	case *control.Scroll:
		s := ScrollSeen{ID: o.ID, X: at.X, Y: at.Y, W: o.Size().Width, H: o.Size().Height, Offset: o.Offset(), Content: o.Content.MinSize().Height}
		l.seen.Scrolls = append(l.seen.Scrolls, s)
		l.list(o.Content, at, &s)
	case *fyne.Container:
		for _, c := range o.Objects {
			l.list(c, at, in)
		}
	}
}

func (l lister) mark(o fyne.CanvasObject, at fyne.Position, in *ScrollSeen, m Mark) {
	m.X, m.Y, m.W, m.H = at.X, at.Y, o.Size().Width, o.Size().Height
	if in == nil || m.Y < in.Y+in.H && m.Y+m.H > in.Y {
		l.seen.Marks = append(l.seen.Marks, m)
	}
}

func (l lister) touchable(t *control.Tap, at fyne.Position, in *ScrollSeen) {
	if t.ID == "" {
		// A nameless surface is the shade of an overlay: what lies below it
		// cannot be touched.
		l.seen.Controls, l.seen.Scrolls = nil, nil
		return
	}
	c := Touchable{ID: t.ID, Kind: "button", Label: t.Words, X: at.X, Y: at.Y, W: t.Size().Width, H: t.Size().Height, Visible: true, Enabled: !t.Disabled()}
	if in != nil {
		c.Scroll = in.ID
		c.Visible = at.Y >= in.Y-1 && at.Y+c.H <= in.Y+in.H+1
	}
	l.seen.Controls = append(l.seen.Controls, c)
}
