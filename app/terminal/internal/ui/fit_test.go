package ui

import (
	"image/color"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"leye/app/form"
	"leye/app/form/formtest"
	"leye/app/terminal/internal/session"
	"leye/app/terminal/internal/ui/control"
	"leye/app/terminal/internal/ui/story"
	"leye/app/terminal/internal/ui/theme"
)

// variant is one way in which all screens must be right.
type variant struct {
	lang         string
	elder, reach bool
	size         fyne.Size
}

func (v variant) String() string {
	name := v.lang
	if v.elder {
		name += "-elder"
	}
	if v.reach {
		name += "-reach"
	}
	if v.size.Width > v.size.Height {
		name += "-landscape"
	}
	return name
}

func variants() []variant {
	var all []variant
	for _, size := range []fyne.Size{fyne.NewSize(1080, 1920), fyne.NewSize(1920, 1080)} {
		for _, lang := range []string{"zh", "en"} {
			for bits := range 4 {
				all = append(all, variant{lang: lang, elder: bits&1 > 0, reach: bits&2 > 0, size: size})
			}
		}
	}
	return all
}

func (v variant) show(u *UI, st session.State) {
	st.Language, st.Elder, st.Reach = v.lang, v.elder, v.reach
	u.Show(st)
}

// TestEveryScreenIsRight draws every story in every variant and measures what
// people with poor eyes or trembling hands need: nothing cut off, nothing too
// small to hit, nothing too pale to read.
func TestEveryScreenIsRight(t *testing.T) {
	for _, v := range variants() {
		t.Run(v.String(), func(t *testing.T) {
			u, services := open(t)
			u.cfg.Window.Resize(v.size)
			stories := must[[]story.Story](t)(story.Tell(services, u.cfg.Policies))
			for _, s := range stories {
				v.show(u, s.State)
				if s.Edit != "" {
					u.Edit(s.Edit)
				}
				judge(t, s.Name, u, v)
				if room := u.framed.Scroll; s.Edit != "" && room.Size().Height < u.tokens().Target*1.3 {
					t.Errorf("%s leaves %v for the field", s.Name, room.Size().Height)
				}
			}
		})
	}
}

// TestEveryServiceIsRight opens all services, asks each question once empty and
// once answered, and shows the check.
func TestEveryServiceIsRight(t *testing.T) {
	for _, v := range []variant{
		{lang: "zh", elder: true, size: fyne.NewSize(1080, 1920)},
		{lang: "en", elder: true, size: fyne.NewSize(1080, 1920)},
		{lang: "en", size: fyne.NewSize(1920, 1080)},
	} {
		t.Run(v.String(), func(t *testing.T) {
			u, services := open(t)
			u.cfg.Window.Resize(v.size)
			r := rand.New(rand.NewPCG(1, 2))
			for _, svc := range services.Services() {
				f := must[*form.Form](t)(form.Compile(services, svc.ID, story.Day))
				answers, err := formtest.Random(r, f)
				if err != nil {
					t.Fatal(err)
				}
				st := session.State{Stage: session.Service, Service: svc.ID, Form: f, Answers: answers, Questions: f.Questions(answers)}
				v.show(u, st)
				judge(t, svc.ID, u, v)
				st.Stage = session.Filling
				for st.Question = range st.Questions {
					v.show(u, st)
					judge(t, svc.ID+" "+st.Questions[st.Question].ID, u, v)
				}
				st.Stage = session.Reviewing
				v.show(u, st)
				judge(t, svc.ID+" check", u, v)
			}
		})
	}
}

// judge reports what is wrong with the screen that u shows.
func judge(t *testing.T, name string, u *UI, v variant) {
	t.Helper()
	j := judgement{t: t, name: name, tokens: u.tokens(), least: 4.5}
	if v.elder {
		j.least = 7
	}
	if m := u.framed.Object.MinSize(); m.Width > v.size.Width+1 || m.Height > v.size.Height+1 {
		t.Errorf("%s needs %v of %v", name, m, v.size)
	}
	window := frame{fyne.NewPos(0, 0), v.size}
	j.look(u.root, fyne.NewPos(0, 0), window, window)
	j.apart()
}

// frame is a place on the screen.
type frame struct {
	at   fyne.Position
	size fyne.Size
}

// holds allows a pixel of rounding.
func (f frame) holds(g frame) bool {
	return g.at.X >= f.at.X-1 && g.at.Y >= f.at.Y-1 &&
		g.at.X+g.size.Width <= f.at.X+f.size.Width+1 && g.at.Y+g.size.Height <= f.at.Y+f.size.Height+1
}

func (f frame) meets(g frame) bool {
	return g.at.X < f.at.X+f.size.Width-1 && f.at.X < g.at.X+g.size.Width-1 &&
		g.at.Y < f.at.Y+f.size.Height-1 && f.at.Y < g.at.Y+g.size.Height-1
}

// within is the part of f that lies in g.
func (f frame) within(g frame) frame {
	x, y := max(f.at.X, g.at.X), max(f.at.Y, g.at.Y)
	return frame{fyne.NewPos(x, y), fyne.NewSize(
		min(f.at.X+f.size.Width, g.at.X+g.size.Width)-x, min(f.at.Y+f.size.Height, g.at.Y+g.size.Height)-y)}
}

type judgement struct {
	t       *testing.T
	name    string
	tokens  theme.Tokens
	least   float64 // contrast of text
	boxes   []*canvas.Rectangle
	places  []frame // of the boxes
	targets []target
}

type target struct {
	id string
	frame
}

// look walks the tree as it is painted. What an object may fill is within; what
// of it is seen is seen.
func (j *judgement) look(o fyne.CanvasObject, at fyne.Position, within, seen frame) {
	if !o.Visible() {
		return
	}
	f := frame{at.Add(o.Position()), o.Size()}
	switch o := o.(type) {
	case *canvas.Text:
		f.size = o.MinSize()
		j.text(o, f, within)
	case *canvas.Rectangle:
		j.boxes, j.places = append(j.boxes, o), append(j.places, f)
	case *control.Tap:
		if o.ID == "" { // a shade: what lies below cannot be touched
			j.targets = nil
		} else {
			j.target(o, f, within, seen)
		}
		j.look(o.Back(), f.at, f, seen)
		j.look(o.Face(), f.at, f, seen)
	case *control.Scroll:
		content := frame{f.at, fyne.NewSize(f.size.Width, float32(math.MaxInt32))}
		content.at.Y = -float32(math.MaxInt32) / 2
		j.look(o.Content, f.at, content, f)
	case *fyne.Container:
		for _, c := range o.Objects {
			j.look(c, f.at, within, seen)
		}
	}
}

func (j *judgement) text(o *canvas.Text, f, within frame) {
	if o.Alignment == fyne.TextAlignCenter {
		f.at.X += (o.Size().Width - f.size.Width) / 2
	}
	if !within.holds(f) {
		j.t.Errorf("%s: %q at %v %v stands out of %v %v", j.name, o.Text, f.at, f.size, within.at, within.size)
	}
	for i := len(j.boxes) - 1; i >= 0; i-- {
		fill, ok := j.boxes[i].FillColor.(color.NRGBA)
		if !ok || fill.A < 0xFF || !j.places[i].holds(f) {
			continue
		}
		if c := contrast(o.Color, fill); c < j.want(o) {
			j.t.Errorf("%s: %q has a contrast of %.1f", j.name, o.Text, c)
		}
		return
	}
}

// want is less for large type and for bold (WCAG 2.2, 1.4.3).
func (j *judgement) want(o *canvas.Text) float64 {
	switch {
	case o.TextSize >= j.tokens.Tile:
		return 3
	case o.TextStyle.Bold:
		return 4.5
	}
	return j.least
}

func (j *judgement) target(o *control.Tap, f, within, seen frame) {
	least := j.tokens.Target
	if strings.HasPrefix(o.ID, "key:") { // ten of them share the width of a screen
		least = theme.Standard.Target
	}
	if f.size.Width < least-1 || f.size.Height < least-1 {
		j.t.Errorf("%s: %s is only %v", j.name, o.ID, f.size)
	}
	if !within.holds(f) {
		j.t.Errorf("%s: %s at %v %v stands out of %v %v", j.name, o.ID, f.at, f.size, within.at, within.size)
	}
	if f.meets(seen) {
		j.targets = append(j.targets, target{o.ID, f.within(seen)})
	}
}

// apart finds surfaces that lie over each other.
func (j *judgement) apart() {
	for i, a := range j.targets {
		for _, b := range j.targets[i+1:] {
			if a.meets(b.frame) {
				j.t.Errorf("%s: %s lies over %s", j.name, a.id, b.id)
			}
		}
	}
}

// contrast is that of WCAG 2.2.
func contrast(a, b color.Color) float64 {
	la, lb := luminance(a), luminance(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func luminance(c color.Color) float64 {
	r, g, b, _ := c.RGBA()
	linear := func(v uint32) float64 {
		s := float64(v) / 0xFFFF
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(r) + 0.7152*linear(g) + 0.0722*linear(b)
}
