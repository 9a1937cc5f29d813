// Package panel is the trial of a terminal's touch screen and display: which
// targets are touched, how far beside them, what is felt while nobody touches,
// and what the person in front says of the picture.
//
// It draws nothing, waits for nothing and decides nothing: whoever runs a trial
// hands in each touch and what time it is, and judges the [Result].
package panel

import (
	"image"
	"math"
	"time"
)

// Part is what a trial is about.
type Part string

// The parts.
const (
	Touch   Part = "touch"
	Display Part = "display"
)

// Stage is what a trial shows.
type Stage string

// The stages: the first three of the touch screen, the next three of the display.
const (
	Target Stage = "target" // a dot to touch
	Edge   Stage = "edge"   // a bar at the very edge to touch
	Still  Stage = "still"  // nobody touches
	Colour Stage = "colour" // the whole screen in one colour; a touch goes on
	Even   Stage = "even"   // the question about the colours
	Bright Stage = "bright" // steps of grey, and the question about them
	Ended  Stage = "ended"
)

// Figures of a trial, in pixels and time. The smallest thing that residents touch
// is 88 pixels high, so a touch that lands half of that beside misses it.
const (
	Inset  = 44 // of the outermost dots from the edges
	Beside = 44 // how far beside a dot a touch may land
	Strip  = 24 // how far from the edge a touch of the edge may land

	settle   = time.Second      // after the last touch, before stillness counts
	Watch    = 5 * time.Second  // of stillness
	patience = 20 * time.Second // for one dot
	longer   = 2 * time.Minute  // for a page that is to be looked at
	mostIdle = 3                // dots in a row that nobody touched: nobody is there
)

// The short and the long side of the grid of dots.
const (
	across = 5
	along  = 8
)

// Edges, by their names in a [Result].
var edges = []string{"left", "top", "right", "bottom"}

// step is one thing to do. A cell counts for Target, an edge for Edge, a colour
// for Colour.
type step struct {
	stage  Stage
	cell   Cell
	edge   string
	colour int
	centre image.Point
}

// outcome is what came of a step.
type outcome struct {
	done, missed bool
	beside       int
	yes          bool
}

// Trial is one run over a screen. Its methods are called from one goroutine.
type Trial struct {
	size  image.Point
	part  Part
	steps []step
	came  []outcome
	at    int
	since time.Time // the step is shown
	idle  int       // steps in a row that ended by time
	stray int
	ghost int
	why   string // it ended before its end
}

// New begins a trial of a screen of this size at a time.
func New(part Part, size image.Point, now time.Time) *Trial {
	t := &Trial{size: size, part: part, since: now}
	if part == Touch {
		t.steps = append(grid(size), rim(size)...)
		t.steps = append(t.steps, step{stage: Still})
	} else {
		for i := range Colours {
			t.steps = append(t.steps, step{stage: Colour, colour: i})
		}
		t.steps = append(t.steps, step{stage: Even}, step{stage: Bright})
	}
	t.came = make([]outcome, len(t.steps))
	return t
}

// shape is how many columns and rows of dots a screen has.
func shape(size image.Point) (columns, rows int) {
	if size.X > size.Y {
		return along, across
	}
	return across, along
}

// grid goes to and fro, so that the next dot is near the last.
func grid(size image.Point) []step {
	columns, rows := shape(size)
	var all []step
	for r := range rows {
		for i := range columns {
			c := i
			if r%2 == 1 {
				c = columns - 1 - i
			}
			all = append(all, step{stage: Target, cell: Cell{c + 1, r + 1}, centre: image.Pt(spread(size.X, columns, c), spread(size.Y, rows, r))})
		}
	}
	return all
}

func spread(length, n, i int) int { return Inset + (length-2*Inset)*i/(n-1) }

func rim(size image.Point) []step {
	centres := []image.Point{{0, size.Y / 2}, {size.X / 2, 0}, {size.X - 1, size.Y / 2}, {size.X / 2, size.Y - 1}}
	var all []step
	for i, name := range edges {
		all = append(all, step{stage: Edge, edge: name, centre: centres[i]})
	}
	return all
}

// Over reports whether nothing is left to do.
func (t *Trial) Over() bool { return t.at == len(t.steps) || t.why != "" }

func (t *Trial) now() step { return t.steps[t.at] }

// Press is a touch of the screen beside what can be tapped there.
func (t *Trial) Press(x, y int, now time.Time) {
	if t.Over() {
		return
	}
	t.idle = 0
	s, p := t.now(), image.Pt(x, y)
	switch s.stage {
	case Target:
		beside := int(math.Round(math.Hypot(float64(p.X-s.centre.X), float64(p.Y-s.centre.Y))))
		if beside > t.reach() {
			t.stray++
			return
		}
		t.finish(outcome{done: true, beside: beside}, now)
	case Edge:
		if t.fromEdge(s.edge, p) > Strip {
			t.stray++
			return
		}
		t.finish(outcome{done: true}, now)
	case Still:
		if now.Sub(t.since) >= settle {
			t.ghost++
		}
	case Colour:
		t.finish(outcome{done: true}, now)
	}
}

// reach is up to where a touch is taken for one of the dot: half way to the next.
func (t *Trial) reach() int {
	columns, rows := shape(t.size)
	return min((t.size.X-2*Inset)/(columns-1), (t.size.Y-2*Inset)/(rows-1)) / 2
}

func (t *Trial) fromEdge(edge string, p image.Point) int {
	switch edge {
	case "left":
		return p.X
	case "top":
		return p.Y
	case "right":
		return t.size.X - 1 - p.X
	}
	return t.size.Y - 1 - p.Y
}

func (t *Trial) finish(o outcome, now time.Time) {
	t.came[t.at] = o
	t.at++
	t.since = now
}

// Tick lets time pass: a dot that nobody touches counts as missed, stillness ends.
func (t *Trial) Tick(now time.Time) {
	if t.Over() {
		return
	}
	passed := now.Sub(t.since)
	switch s := t.now(); s.stage {
	case Still:
		if passed >= settle+Watch {
			t.finish(outcome{done: true}, now)
		}
	case Target, Edge:
		if passed >= patience {
			t.giveUp(now)
		}
	default:
		if passed >= longer {
			t.why = Nobody
		}
	}
}

func (t *Trial) giveUp(now time.Time) {
	t.finish(outcome{missed: true}, now)
	if t.idle++; t.idle == mostIdle {
		t.why = Nobody
	}
}

// Skip gives up the dot that feels nothing.
func (t *Trial) Skip(now time.Time) {
	if t.Over() {
		return
	}
	t.idle = 0
	if s := t.now().stage; s == Target || s == Edge {
		t.finish(outcome{missed: true}, now)
	}
}

// Back does the step before again.
func (t *Trial) Back(now time.Time) {
	if t.Over() || t.at == 0 {
		return
	}
	t.idle = 0
	t.at--
	t.came[t.at] = outcome{}
	t.since = now
	if t.now().stage == Still {
		t.ghost = 0
	}
}

// Answer is what the person says to a question.
func (t *Trial) Answer(yes bool, now time.Time) {
	if t.Over() {
		return
	}
	if s := t.now().stage; s == Even || s == Bright {
		t.finish(outcome{done: true, yes: yes}, now)
	}
}

// Stop ends the trial before its end.
func (t *Trial) Stop() {
	if !t.Over() {
		t.why = Left
	}
}
