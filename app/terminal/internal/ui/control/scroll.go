package control

import (
	"image/color"
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"
)

// Scroll shows a part of a higher content and follows the finger, with inertia.
// Fyne's own scroll ignores drags on its content on a desktop. A finger that
// trembled but did not travel has tapped; Fyne calls that a drag after 4 pixels.
type Scroll struct {
	widget.BaseWidget
	ID      string
	Content fyne.CanvasObject
	OnMove  func()

	offset  float32
	track   *canvas.Rectangle
	travel  fyne.Delta    // of the drag under way
	scrolls bool          // the drag under way has left the place where it began
	began   fyne.Position // of the drag under way
	speed   float32       // pixels per second, down positive
	last    time.Time
	glide   *fyne.Animation
	heir    *Scroll // follows the drag under way
}

var (
	_ fyne.Draggable  = (*Scroll)(nil)
	_ fyne.Scrollable = (*Scroll)(nil)
)

// NewScroll makes a scroll with a thin track in the colour of the hint that
// there is more.
func NewScroll(id string, content fyne.CanvasObject, track color.Color) *Scroll {
	s := &Scroll{ID: id, Content: content, track: Rect(track, nil, 0, 4)}
	s.ExtendBaseWidget(s)
	return s
}

// Offset is how far the content is moved up.
func (s *Scroll) Offset() float32 { return s.offset }

// Range is how far it can be moved.
func (s *Scroll) Range() float32 {
	return max(0, s.Content.MinSize().Height-s.Size().Height)
}

// ScrollTo moves the content so that offset is at the top.
func (s *Scroll) ScrollTo(offset float32) {
	s.offset = min(max(0, offset), s.Range())
	s.place()
	if s.OnMove != nil {
		s.OnMove()
	}
}

// Reveal moves the content just enough to show the band from top to bottom.
func (s *Scroll) Reveal(top, bottom float32) {
	h := s.Size().Height
	switch {
	case bottom > s.offset+h:
		s.ScrollTo(bottom - h)
	case top < s.offset:
		s.ScrollTo(top)
	}
}

// tremble is how far a finger may stray in a tap, in pixels: about 6 mm on the
// reference panel, half of the smallest control.
const tremble = 24

// Dragged follows the finger once it travels.
func (s *Scroll) Dragged(e *fyne.DragEvent) {
	if s.heir != nil {
		s.heir.Dragged(e)
		return
	}
	s.stop()
	if s.travel.IsZero() {
		s.began = e.Position.Subtract(e.Dragged)
	}
	s.travel = fyne.NewDelta(s.travel.DX+e.Dragged.DX, s.travel.DY+e.Dragged.DY)
	up := -e.Dragged.DY
	if !s.scrolls {
		if s.travel.DX*s.travel.DX+s.travel.DY*s.travel.DY <= tremble*tremble {
			return
		}
		s.scrolls, up = true, -s.travel.DY // the content catches up with the finger
	}
	now := time.Now()
	if dt := float32(now.Sub(s.last).Seconds()); dt > 0 && dt < 0.2 {
		s.speed = 0.6*s.speed + 0.4*(-e.Dragged.DY/dt)
	} else {
		s.speed = 0
	}
	s.last = now
	s.ScrollTo(s.offset + up)
}

// DragEnd taps when the finger only trembled, and lets the content glide on when
// it was thrown.
func (s *Scroll) DragEnd() {
	if s.heir != nil {
		s.heir.DragEnd()
		return
	}
	scrolled, began := s.scrolls, s.began
	s.scrolls, s.travel = false, fyne.Delta{}
	if !scrolled {
		if t := tapAt(s.Content, began); t != nil {
			t.Tapped(&fyne.PointEvent{})
		}
		return
	}
	if time.Since(s.last) > 100*time.Millisecond || s.speed < 250 && s.speed > -250 {
		return
	}
	from, throw := s.offset, s.speed*0.22
	s.glide = &fyne.Animation{Duration: 450 * time.Millisecond, Curve: fyne.AnimationEaseOut, Tick: func(at float32) {
		s.ScrollTo(from + throw*at)
	}}
	s.glide.Start()
}

// Inherit takes over the drag that is under way on the scroll of the page before:
// Fyne goes on telling that one.
func (s *Scroll) Inherit(before *Scroll) {
	if before.travel.IsZero() {
		return
	}
	s.travel, s.scrolls, s.began, s.speed, s.last = before.travel, before.scrolls, before.began, before.speed, before.last
	before.heir = s
}

// tapAt is the topmost surface of a tree at a place that is told from where the
// tree stands in, or nil.
func tapAt(o fyne.CanvasObject, at fyne.Position) *Tap {
	at = at.Subtract(o.Position())
	if !o.Visible() || at.X < 0 || at.Y < 0 || at.X >= o.Size().Width || at.Y >= o.Size().Height {
		return nil
	}
	switch o := o.(type) {
	case *Tap:
		return o
	case *fyne.Container:
		for _, child := range slices.Backward(o.Objects) {
			if t := tapAt(child, at); t != nil {
				return t
			}
		}
	}
	return nil
}

func (s *Scroll) stop() {
	if s.glide != nil {
		s.glide.Stop()
		s.glide = nil
	}
}

// Scrolled serves a wheel, and tells Fyne to clip the content.
func (s *Scroll) Scrolled(e *fyne.ScrollEvent) { s.ScrollTo(s.offset - e.Scrolled.DY) }

// MinSize lets the scroll shrink to nothing: its place decides.
func (s *Scroll) MinSize() fyne.Size {
	s.ExtendBaseWidget(s)
	return fyne.NewSize(s.Content.MinSize().Width, 1)
}

func (s *Scroll) place() {
	size := s.Size()
	h := max(s.Content.MinSize().Height, size.Height)
	s.Content.Move(fyne.NewPos(0, -s.offset))
	s.Content.Resize(fyne.NewSize(size.Width, h))
	if r := s.Range(); r > 0 {
		bar := max(60, size.Height*size.Height/h)
		s.track.Show()
		s.track.Move(fyne.NewPos(size.Width-8, (size.Height-bar)*s.offset/r))
		s.track.Resize(fyne.NewSize(8, bar))
	} else {
		s.track.Hide()
	}
	canvas.Refresh(s)
}

// CreateRenderer is Fyne's.
func (s *Scroll) CreateRenderer() fyne.WidgetRenderer { return &scrollRenderer{s} }

type scrollRenderer struct{ s *Scroll }

func (r *scrollRenderer) Destroy()           { r.s.stop() }
func (r *scrollRenderer) MinSize() fyne.Size { return r.s.MinSize() }
func (r *scrollRenderer) Refresh()           {}
func (r *scrollRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.s.Content, r.s.track}
}

func (r *scrollRenderer) Layout(fyne.Size) {
	r.s.offset = min(r.s.offset, r.s.Range())
	r.s.place()
}
