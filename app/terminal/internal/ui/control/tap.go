package control

import (
	"image/color"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

// Surface says how a touchable surface looks at rest and under the finger.
type Surface struct {
	Fill, Edge, Down color.Color
	Stroke, Radius   float32
}

// Tap is a surface that can be touched. ID names it for tests and for the
// player of visits; Words is what it says.
type Tap struct {
	widget.BaseWidget
	ID, Words string
	OnTap     func()

	surface Surface
	rect    *canvas.Rectangle
	content fyne.CanvasObject
	least   fyne.Size
	off     bool
	down    bool      // a finger rests on it
	heirTo  time.Time // until then a release counts although another Tap was pressed
}

var (
	_ fyne.Tappable     = (*Tap)(nil)
	_ desktop.Mouseable = (*Tap)(nil)
)

// NewTap makes a touchable surface of at least the size least around content.
func NewTap(id, words string, s Surface, least fyne.Size, content fyne.CanvasObject, onTap func()) *Tap {
	t := &Tap{ID: id, Words: words, OnTap: onTap, surface: s, content: content, least: least}
	t.rect = Rect(s.Fill, s.Edge, s.Stroke, s.Radius)
	t.ExtendBaseWidget(t)
	return t
}

// Disable makes the surface deaf.
func (t *Tap) Disable() *Tap {
	t.off = true
	return t
}

// Disabled reports whether the surface is deaf.
func (t *Tap) Disabled() bool { return t.off }

// Tapped is Fyne's call for a touch.
func (t *Tap) Tapped(*fyne.PointEvent) {
	if !t.off && t.OnTap != nil {
		t.OnTap()
	}
}

// MouseDown shows the finger at once: people press harder when nothing moves.
func (t *Tap) MouseDown(*desktop.MouseEvent) {
	t.down, t.heirTo = true, time.Time{}
	t.paint(true)
}

// MouseUp ends what MouseDown began.
func (t *Tap) MouseUp(*desktop.MouseEvent) {
	inherited := time.Now().Before(t.heirTo)
	t.down, t.heirTo = false, time.Time{}
	t.paint(false)
	if inherited {
		t.Tapped(nil)
	}
}

// slow is how long a finger may rest in a tap.
const slow = 5 * time.Second

// Inherit takes over the finger that rests on a surface of the page before.
// Fyne gives a tap only to the very object that was pressed, and a page that is
// drawn anew under a slow finger would swallow it.
func (t *Tap) Inherit(before *Tap) {
	if before.down {
		t.down, t.heirTo = true, time.Now().Add(slow)
		t.paint(true)
	}
}

// Down reports whether a finger rests on the surface.
func (t *Tap) Down() bool { return t.down }

func (t *Tap) paint(down bool) {
	if t.off || t.surface.Down == nil {
		return
	}
	t.rect.FillColor = t.surface.Fill
	if down {
		t.rect.FillColor = t.surface.Down
	}
	t.rect.Refresh()
}

// MinSize is the content's, and never below the least size.
func (t *Tap) MinSize() fyne.Size {
	t.ExtendBaseWidget(t)
	return t.content.MinSize().Max(t.least)
}

// CreateRenderer is Fyne's.
func (t *Tap) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(container.NewStack(t.rect, t.content))
}

// Back is the surface itself, below what stands on it.
func (t *Tap) Back() fyne.CanvasObject { return t.rect }

// Face is what stands on the surface.
func (t *Tap) Face() fyne.CanvasObject { return t.content }
