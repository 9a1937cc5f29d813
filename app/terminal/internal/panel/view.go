package panel

import (
	"image"
	"image/color"
	"time"
)

// Colours are the pages on which a dead or a stuck point of the display shows.
var Colours = [...]color.NRGBA{
	{0xFF, 0x00, 0x00, 0xFF}, {0x00, 0xFF, 0x00, 0xFF}, {0x00, 0x00, 0xFF, 0xFF}, {0xFF, 0xFF, 0xFF, 0xFF}, {0x00, 0x00, 0x00, 0xFF},
}

// Dot is a place that is to be touched, or was.
type Dot struct {
	At     image.Point
	Missed bool
}

// View is what is to be drawn.
type View struct {
	Part     Part
	Stage    Stage
	Step, Of int         // from 1
	Now      image.Point // of the dot or bar that is to be touched
	Edge     string      // at which the bar lies
	Past     []Dot       // dots that are done with
	Left     int         // seconds of stillness
	Colour   color.NRGBA // of the whole screen
	First    bool        // nothing to go back to
	Size     image.Point // of the screen
	Words    bool        // there is something to read: not on a page of colour
	Low      bool        // the words belong into the lower half, away from the dot
	Strip    image.Point // size of the bar
}

// View is the trial as of now.
func (t *Trial) View(now time.Time) View {
	v := View{Part: t.part, Stage: Ended, Of: len(t.steps), Step: len(t.steps), Size: t.size, Words: true, First: true}
	for i, s := range t.steps[:t.at] {
		if s.stage == Target {
			v.Past = append(v.Past, Dot{s.centre, t.came[i].missed})
		}
	}
	if t.Over() {
		return v
	}
	s := t.now()
	v.Stage, v.Step, v.First, v.Now, v.Edge = s.stage, t.at+1, t.at == 0, s.centre, s.edge
	switch s.stage {
	case Target, Edge:
		v.Low = s.centre.Y < t.size.Y/2
		v.Strip = image.Pt(Strip, t.size.Y/4)
		if s.edge == "top" || s.edge == "bottom" {
			v.Strip = image.Pt(t.size.X/4, Strip)
		}
	case Still:
		left := settle + Watch - now.Sub(t.since)
		v.Left = int((left + time.Second - 1) / time.Second)
	case Colour:
		v.Colour, v.Words = Colours[s.colour], false
	case Bright:
		v.Low = true
	}
	return v
}
