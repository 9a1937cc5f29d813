package ui

import (
	"image"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"leye/app/terminal/internal/panel"
	"leye/app/terminal/internal/ui/screen"
	"leye/app/terminal/internal/ui/text"
	"leye/app/terminal/internal/ui/theme"
)

// TrialConfig is what a Trial is built from.
type TrialConfig struct {
	Window   fyne.Window
	Icons    *theme.Icons
	Texts    text.Bundle
	Language string
	Trier    screen.Trier
	Resized  func(image.Point) // told the window's size in pixels when it changes; may be nil
}

// Trial draws the trial of a screen in a window that belongs to no visit. All its
// methods run on Fyne's goroutine.
type Trial struct {
	cfg  TrialConfig
	root *fyne.Container
	page fyne.CanvasObject
	view panel.View
	last fyne.Size
}

// NewTrial puts an empty one into its window.
func NewTrial(cfg TrialConfig) *Trial {
	t := &Trial{cfg: cfg}
	t.root = container.New(whole{t})
	cfg.Window.SetPadded(false)
	cfg.Window.SetContent(t.root)
	return t
}

// Show draws a view, unless it looks like the one that is shown.
func (t *Trial) Show(v panel.View) {
	if t.page != nil && alike(t.view, v) {
		return
	}
	b := screen.Builder{
		Tokens: theme.Standard, Icons: t.cfg.Icons, Texts: t.cfg.Texts, Language: t.cfg.Language,
		Size: fyne.NewSize(float32(v.Size.X), float32(v.Size.Y)),
	}
	t.view, t.page = v, b.Trial(v, t.cfg.Trier)
	t.root.Objects = []fyne.CanvasObject{t.page}
	t.root.Refresh()
}

func alike(a, b panel.View) bool {
	return a.Stage == b.Stage && a.Step == b.Step && a.Left == b.Left && a.Size == b.Size
}

// whole gives the page the whole window and tells its size.
type whole struct{ t *Trial }

func (whole) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(320, 320) }

func (w whole) Layout(objs []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objs {
		o.Move(fyne.NewPos(0, 0))
		o.Resize(size)
	}
	if size != w.t.last {
		w.t.last = size
		if w.t.cfg.Resized != nil {
			w.t.cfg.Resized(image.Pt(round(size.Width), round(size.Height)))
		}
	}
}

func round(v float32) int { return int(math.Round(float64(v))) }
