// Package control holds the pieces that screens are made of: paragraphs,
// surfaces that can be touched, stacks, and a scroll that follows the finger.
//
// It knows sizes and colours but no visit, no service and no words.
package control

import (
	"image"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
)

type stack struct{ gap float32 }

func (l stack) MinSize(objs []fyne.CanvasObject) fyne.Size {
	var s fyne.Size
	for i, o := range objs {
		m := o.MinSize()
		s.Width = max(s.Width, m.Width)
		s.Height += m.Height
		if i > 0 {
			s.Height += l.gap
		}
	}
	return s
}

func (l stack) Layout(objs []fyne.CanvasObject, size fyne.Size) {
	y := float32(0)
	for _, o := range objs {
		h := o.MinSize().Height
		o.Move(fyne.NewPos(0, y))
		o.Resize(fyne.NewSize(size.Width, h))
		y += h + l.gap
	}
}

// Stack puts objects one below the other over the full width.
func Stack(gap float32, objs ...fyne.CanvasObject) *fyne.Container {
	return container.New(stack{gap}, present(objs)...)
}

type row struct {
	gap   float32
	grow  int // index of the object that takes the rest, or -1 for equal shares
	equal bool
}

func (l row) MinSize(objs []fyne.CanvasObject) fyne.Size {
	var s fyne.Size
	for i, o := range objs {
		m := o.MinSize()
		s.Height = max(s.Height, m.Height)
		s.Width += m.Width
		if i > 0 {
			s.Width += l.gap
		}
	}
	return s
}

func (l row) Layout(objs []fyne.CanvasObject, size fyne.Size) {
	rest := size.Width - l.gap*float32(len(objs)-1)
	share := rest / float32(max(1, len(objs)))
	widest := float32(0)
	for i, o := range objs {
		widest = max(widest, o.MinSize().Width)
		if i != l.grow {
			rest -= o.MinSize().Width
		}
	}
	x := float32(0)
	for i, o := range objs {
		w := o.MinSize().Width
		switch {
		case l.equal && widest <= share:
			w = share
		case l.equal:
			w += rest / float32(len(objs))
		case i == l.grow:
			w = max(w, rest)
		}
		o.Move(fyne.NewPos(x, 0))
		o.Resize(fyne.NewSize(w, size.Height))
		x += w + l.gap
	}
}

// Row puts objects side by side; the one at index grow takes what is left.
func Row(gap float32, grow int, objs ...fyne.CanvasObject) *fyne.Container {
	return container.New(row{gap: gap, grow: grow}, objs...)
}

// Shares puts objects side by side, each as wide as the others where they all have
// room enough.
func Shares(gap float32, objs ...fyne.CanvasObject) *fyne.Container {
	return container.New(row{gap: gap, grow: -1, equal: true}, objs...)
}

type grid struct {
	cols int
	gap  float32
}

func (l grid) rows(n int) int { return (n + l.cols - 1) / l.cols }

func (l grid) heights(objs []fyne.CanvasObject) []float32 {
	h := make([]float32, l.rows(len(objs)))
	for i, o := range objs {
		h[i/l.cols] = max(h[i/l.cols], o.MinSize().Height)
	}
	return h
}

func (l grid) MinSize(objs []fyne.CanvasObject) fyne.Size {
	var s fyne.Size
	for _, o := range objs {
		s.Width = max(s.Width, o.MinSize().Width)
	}
	s.Width = s.Width*float32(l.cols) + l.gap*float32(l.cols-1)
	for i, h := range l.heights(objs) {
		s.Height += h
		if i > 0 {
			s.Height += l.gap
		}
	}
	return s
}

func (l grid) Layout(objs []fyne.CanvasObject, size fyne.Size) {
	w := (size.Width - l.gap*float32(l.cols-1)) / float32(l.cols)
	y, heights := float32(0), l.heights(objs)
	for i, o := range objs {
		r, c := i/l.cols, i%l.cols
		if i > 0 && c == 0 {
			y += heights[r-1] + l.gap
		}
		o.Move(fyne.NewPos(float32(c)*(w+l.gap), y))
		o.Resize(fyne.NewSize(w, heights[r]))
	}
}

// Grid puts objects in rows of cols equal columns.
func Grid(cols int, gap float32, objs ...fyne.CanvasObject) *fyne.Container {
	return container.New(grid{cols, gap}, objs...)
}

// Insets is the space around an object.
type Insets struct{ Top, Right, Bottom, Left float32 }

// All returns the same space on every side.
func All(v float32) Insets { return Insets{v, v, v, v} }

// Sides returns space above and below, and at the sides.
func Sides(vertical, horizontal float32) Insets {
	return Insets{vertical, horizontal, vertical, horizontal}
}

type pad struct{ Insets }

func (l pad) MinSize(objs []fyne.CanvasObject) fyne.Size {
	var s fyne.Size
	for _, o := range objs {
		s = s.Max(o.MinSize())
	}
	return s.AddWidthHeight(l.Left+l.Right, l.Top+l.Bottom)
}

func (l pad) Layout(objs []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objs {
		o.Move(fyne.NewPos(l.Left, l.Top))
		o.Resize(size.SubtractWidthHeight(l.Left+l.Right, l.Top+l.Bottom))
	}
}

// Pad puts space around an object.
func Pad(in Insets, o fyne.CanvasObject) *fyne.Container { return container.New(pad{in}, o) }

type middle struct{ horizontal, vertical bool }

func (l middle) MinSize(objs []fyne.CanvasObject) fyne.Size { return objs[0].MinSize() }

func (l middle) Layout(objs []fyne.CanvasObject, size fyne.Size) {
	m := objs[0].MinSize()
	s, p := size, fyne.NewPos(0, 0)
	if l.horizontal {
		s.Width, p.X = min(m.Width, size.Width), max(0, (size.Width-m.Width)/2)
	}
	if l.vertical {
		s.Height, p.Y = min(m.Height, size.Height), max(0, (size.Height-m.Height)/2)
	}
	objs[0].Move(p)
	objs[0].Resize(s)
}

// Middle keeps an object at its least size in the middle of its place.
func Middle(o fyne.CanvasObject) *fyne.Container { return container.New(middle{true, true}, o) }

// Level keeps an object at its least height in the middle, over the full width.
func Level(o fyne.CanvasObject) *fyne.Container { return container.New(middle{false, true}, o) }

type fixed struct{ size fyne.Size }

func (l fixed) MinSize([]fyne.CanvasObject) fyne.Size { return l.size }

func (l fixed) Layout(objs []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objs {
		o.Move(fyne.NewPos(0, 0))
		o.Resize(size)
	}
}

// Sized gives an object a least size of its own.
func Sized(w, h float32, o fyne.CanvasObject) *fyne.Container {
	return container.New(fixed{fyne.NewSize(w, h)}, o)
}

// Space is nothing, of a size.
func Space(w, h float32) fyne.CanvasObject {
	return container.New(fixed{fyne.NewSize(w, h)})
}

// Box is a rounded surface behind an object.
func Box(fill, edge color.Color, in Insets, o fyne.CanvasObject) *fyne.Container {
	return container.NewStack(Rect(fill, edge, 1, 14), Pad(in, o))
}

// Rect is a rounded rectangle.
func Rect(fill, edge color.Color, stroke, radius float32) *canvas.Rectangle {
	r := canvas.NewRectangle(fill)
	if edge != nil {
		r.StrokeColor, r.StrokeWidth = edge, stroke
	}
	r.CornerRadius = radius
	return r
}

// Image shows a picture at a size; none leaves the place empty.
func Image(picture image.Image, w, h float32) fyne.CanvasObject {
	if picture == nil {
		return Space(w, h)
	}
	img := canvas.NewImageFromImage(picture)
	img.FillMode = canvas.ImageFillContain
	img.SetMinSize(fyne.NewSize(w, h))
	return img
}

func present(objs []fyne.CanvasObject) []fyne.CanvasObject {
	kept := objs[:0:0]
	for _, o := range objs {
		if o != nil {
			kept = append(kept, o)
		}
	}
	return kept
}
