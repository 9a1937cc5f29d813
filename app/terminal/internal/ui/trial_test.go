package ui

import (
	"fmt"
	"image"
	"slices"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"leye/app/terminal/internal/panel"
	"leye/app/terminal/internal/ui/control"
	"leye/app/terminal/internal/ui/story"
	"leye/app/terminal/internal/ui/text"
	"leye/app/terminal/internal/ui/theme"
	"leye/assets"
)

// tried keeps what it was told.
type tried struct{ told []string }

func (t *tried) Press(x, y int)  { t.told = append(t.told, fmt.Sprint("press ", x, " ", y)) }
func (t *tried) Skip()           { t.told = append(t.told, "skip") }
func (t *tried) Back()           { t.told = append(t.told, "back") }
func (t *tried) Stop()           { t.told = append(t.told, "stop") }
func (t *tried) Answer(yes bool) { t.told = append(t.told, fmt.Sprint("answer ", yes)) }

func openTrial(t *testing.T, language string, size image.Point) (*Trial, *tried) {
	t.Helper()
	faces := must[*theme.Theme](t)(theme.New(assets.Font(), theme.Standard))
	a := test.NewTempApp(t)
	a.Settings().SetTheme(faces)
	w, hand := test.NewTempWindow(t, nil), &tried{}
	trial := NewTrial(TrialConfig{
		Window: w, Icons: theme.NewIcons(assets.Icon()), Texts: must[text.Bundle](t)(text.Load(assets.Text())), Language: language, Trier: hand,
	})
	w.Resize(fyne.NewSize(float32(size.X), float32(size.Y)))
	return trial, hand
}

// TestEveryTrialScreenIsRight measures as for residents, and that the words never
// lie over what is to be touched.
func TestEveryTrialScreenIsRight(t *testing.T) {
	for _, size := range []image.Point{{1080, 1920}, {1920, 1080}} {
		for _, language := range []string{"zh", "en"} {
			t.Run(fmt.Sprint(language, size), func(t *testing.T) {
				trial, _ := openTrial(t, language, size)
				for _, s := range story.Trials(size) {
					trial.Show(s.View)
					window := frame{fyne.NewPos(0, 0), fyne.NewSize(float32(size.X), float32(size.Y))}
					if m := trial.page.MinSize(); m.Width > window.size.Width || m.Height > window.size.Height {
						t.Errorf("%s needs %v", s.Name, m)
					}
					j := judgement{t: t, name: s.Name, tokens: theme.Standard, least: 4.5}
					j.look(trial.root, fyne.NewPos(0, 0), window, window)
					j.apart()
					if v := s.View; v.Stage == panel.Target || v.Stage == panel.Edge {
						if o, ok := under(trial, v.Now).(*control.Glass); !ok {
							t.Errorf("%s: %v lies over the dot", s.Name, o)
						}
					}
				}
			})
		}
	}
}

// under is what a finger at a place comes upon.
func under(trial *Trial, at image.Point) fyne.CanvasObject {
	p := fyne.NewPos(float32(at.X), float32(at.Y))
	found := fyne.CanvasObject(nil)
	var look func(o fyne.CanvasObject, corner fyne.Position)
	look = func(o fyne.CanvasObject, corner fyne.Position) {
		corner = corner.Add(o.Position())
		inside := frame{corner, o.Size()}.holds(frame{p, fyne.NewSize(0, 0)})
		switch o := o.(type) {
		case *control.Glass, *control.Tap:
			if inside {
				found = o
			}
		case *fyne.Container:
			for _, c := range o.Objects {
				look(c, corner)
			}
		}
	}
	look(trial.root, fyne.NewPos(0, 0))
	return found
}

func TestATrialHearsTheFinger(t *testing.T) {
	size := image.Pt(1080, 1920)
	trial, hand := openTrial(t, "zh", size)
	tap := func(id string) {
		t.Helper()
		found := false
		walk(trial.root, fyne.NewPos(0, 0), func(tap *control.Tap, _ fyne.Position) {
			if tap.ID == id {
				found = true
				tap.Tapped(nil)
			}
		})
		if !found {
			t.Errorf("no %s on the screen", id)
		}
	}
	for _, s := range story.Trials(size) {
		trial.Show(s.View)
		switch s.Name {
		case "trial-first":
			tap("skip")
			glass, ok := under(trial, s.View.Now).(*control.Glass)
			if !ok {
				t.Fatal("no glass")
			}
			glass.MouseDown(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(44, 45)}})
			glass.MouseUp(nil)
		case "trial-edge-top":
			tap("back")
			tap("stop")
		case "trial-even":
			tap("no")
		case "trial-bright":
			tap("yes")
		}
	}
	if want := []string{"skip", "press 44 45", "back", "stop", "answer false", "answer true"}; !slices.Equal(hand.told, want) {
		t.Errorf("told %v", hand.told)
	}
}

func TestATrialTellsItsSize(t *testing.T) {
	var sizes []image.Point
	w := test.NewTempWindow(t, nil)
	NewTrial(TrialConfig{Window: w, Resized: func(p image.Point) { sizes = append(sizes, p) }})
	w.Resize(fyne.NewSize(1024, 768))
	if len(sizes) == 0 || sizes[len(sizes)-1] != image.Pt(1024, 768) {
		t.Errorf("told %v", sizes)
	}
}
