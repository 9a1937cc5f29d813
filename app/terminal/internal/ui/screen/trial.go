package screen

import (
	"image"
	"image/color"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"leye/app/terminal/internal/panel"
	"leye/app/terminal/internal/ui/control"
	"leye/app/terminal/internal/ui/theme"
)

// Trier is told what a technician does in front of a screen that is tried.
type Trier interface {
	Press(x, y int)
	Skip()
	Back()
	Stop()
	Answer(yes bool)
}

// dot is how large a dot is drawn, in pixels; what is done with is drawn smaller.
const (
	dot  = 56
	past = 20
)

// Trial draws the trial of a screen. Of the builder it needs sizes, words and
// drawings alone.
func (b *Builder) Trial(v panel.View, t Trier) fyne.CanvasObject {
	ground := theme.Surface
	if !v.Words {
		ground = v.Colour
	}
	objs := []fyne.CanvasObject{control.Rect(ground, nil, 0, 0), container.NewWithoutLayout(marks(v)...), control.NewGlass(t.Press)}
	if v.Words {
		objs = append(objs, container.New(half{v.Low, v.Stage}, b.trialCard(v, t)))
	}
	return container.NewStack(objs...)
}

// half keeps an object in the middle of one half of its place, or of all.
type half struct {
	low   bool
	stage panel.Stage
}

func (h half) MinSize(objs []fyne.CanvasObject) fyne.Size { return objs[0].MinSize() }

func (h half) Layout(objs []fyne.CanvasObject, size fyne.Size) {
	m := objs[0].MinSize()
	share := float32(0.27)
	switch {
	case h.low:
		share = 0.73
	case h.stage == panel.Still || h.stage == panel.Even || h.stage == panel.Ended:
		share = 0.5
	}
	objs[0].Resize(m)
	objs[0].Move(fyne.NewPos((size.Width-m.Width)/2, size.Height*share-m.Height/2))
}

func marks(v panel.View) []fyne.CanvasObject {
	var all []fyne.CanvasObject
	for _, d := range v.Past {
		ink := theme.Done
		if d.Missed {
			ink = theme.Ink
		}
		all = append(all, square(d.At, image.Pt(past, past), ink, past/2))
	}
	switch v.Stage {
	case panel.Target:
		all = append(all, square(v.Now, image.Pt(dot, dot), theme.Stop, dot/2))
	case panel.Edge:
		size := image.Pt(v.Strip.X*2, v.Strip.Y) // half of it lies outside
		if v.Edge == "top" || v.Edge == "bottom" {
			size = image.Pt(v.Strip.X, v.Strip.Y*2)
		}
		all = append(all, square(v.Now, size, theme.Stop, 0))
	case panel.Bright:
		all = greys(v.Size)
	}
	return all
}

func square(at, size image.Point, ink color.NRGBA, radius float32) fyne.CanvasObject {
	r := control.Rect(ink, nil, 0, radius)
	r.Resize(fyne.NewSize(float32(size.X), float32(size.Y)))
	r.Move(fyne.NewPos(float32(at.X-size.X/2), float32(at.Y-size.Y/2)))
	return r
}

// greys are eight steps from black to white over the upper half.
func greys(size image.Point) []fyne.CanvasObject {
	const steps = 8
	all := make([]fyne.CanvasObject, steps)
	for i := range all {
		level := uint8(255 * i / (steps - 1))
		r := control.Rect(color.NRGBA{level, level, level, 0xFF}, nil, 0, 0)
		left := size.X * i / steps
		r.Resize(fyne.NewSize(float32(size.X*(i+1)/steps-left), float32(size.Y)*0.45))
		r.Move(fyne.NewPos(float32(left), 0))
		all[i] = r
	}
	return all
}

func (b *Builder) trialCard(v panel.View, t Trier) fyne.CanvasObject {
	width := min(b.Width(), 860)
	title, words := b.trialWords(v)
	objs := []fyne.CanvasObject{b.full(title, b.title(theme.Ink), width), b.full(words, b.body(theme.Quiet), width)}
	if actions := b.trialActions(v, t); len(actions) > 0 {
		objs = append(objs, control.Shares(b.Tokens.Gap, actions...))
	}
	return control.Box(theme.White, theme.Edge, control.All(28), control.Stack(16, objs...))
}

func (b *Builder) trialWords(v panel.View) (title, words string) {
	step, of := strconv.Itoa(v.Step), strconv.Itoa(v.Of)
	if title = b.T("trial.touch", "step", step, "of", of); v.Part == panel.Display {
		title = b.T("trial.display", "step", step, "of", of)
	}
	switch v.Stage {
	case panel.Target:
		return title, b.T("trial.target")
	case panel.Edge:
		return title, b.T("trial.edge")
	case panel.Still:
		return title, b.T("trial.still", "seconds", strconv.Itoa(v.Left))
	case panel.Even:
		return title, b.T("trial.even")
	case panel.Bright:
		return title, b.T("trial.bright")
	}
	return b.T("trial.ended"), b.T("trial.ended_words")
}

func (b *Builder) trialActions(v panel.View, t Trier) []fyne.CanvasObject {
	h := b.Tokens.Target
	back := func() []fyne.CanvasObject {
		if v.First {
			return nil
		}
		return []fyne.CanvasObject{b.button("back", b.T("back"), "back", quiet, h, t.Back)}
	}
	stop := b.button("stop", b.T("trial.stop"), "", quiet, h, t.Stop)
	switch v.Stage {
	case panel.Target, panel.Edge:
		return append(back(), b.button("skip", b.T("trial.skip"), "", quiet, h, t.Skip), stop)
	case panel.Still:
		return nil // whoever touches a button makes a ghost
	case panel.Even, panel.Bright:
		return append(back(),
			b.button("no", b.T("trial.no"), "", secondary, h, func() { t.Answer(false) }),
			b.button("yes", b.T("trial.yes"), "", primary, h, func() { t.Answer(true) }))
	}
	return nil
}
