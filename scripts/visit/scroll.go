package main

import (
	"context"
	"fmt"
	"image"
	"math"

	"leye/scripts/internal/probe"
)

// reach returns the control, after dragging the content under the finger until
// all of it can be seen, as far as it fits.
func (p *Player) reach(ctx context.Context, id string) (probe.Control, error) {
	idle := 0
	for before := ""; idle < 3; {
		view, err := p.settled(ctx)
		if err != nil {
			return probe.Control{}, err
		}
		c, listed := view.Control(id)
		if listed && inSight(view, c) {
			return c, nil
		}
		s, ok := view.Scroll(c.Scroll)
		if !listed && len(view.Scrolls) > 0 {
			s, ok = view.Scrolls[0], true // long lists know only what is in sight: go down
		}
		if !ok {
			return c, fmt.Errorf("control %s is not on the screen", id)
		}
		if err := p.drag(s, distance(s, c, listed)); err != nil {
			return c, err
		}
		now := fmt.Sprint(s.ID, s.Offset)
		if now == before {
			idle++
		}
		before = now
	}
	return probe.Control{}, fmt.Errorf("control %s does not come into sight by scrolling", id)
}

func inSight(view probe.View, c probe.Control) bool {
	s, ok := view.Scroll(c.Scroll)
	if !ok {
		return true
	}
	middle := image.Pt(int(c.X+c.W/2), int(c.Y+c.H/2))
	whole := c.Bounds().In(s.Bounds()) || c.H > s.H
	return c.Visible && whole && middle.In(s.Bounds())
}

// distance is how far the content must go up (down when negative), at most a
// good stroke of the finger.
func distance(s probe.Scroll, c probe.Control, listed bool) float64 {
	stroke := 0.6 * s.H
	if !listed {
		return stroke
	}
	way := c.Y + c.H/2 - (s.Y + s.H/2)
	return max(-stroke, min(stroke, way))
}

// leastDrag is a stroke that no terminal takes for a trembling finger's tap, in
// pixels.
const leastDrag = 40

// drag moves the content of a scroll up by so many pixels, or a little more.
func (p *Player) drag(s probe.Scroll, up float64) error {
	if math.Abs(up) < leastDrag {
		up = math.Copysign(leastDrag, up)
	}
	x := int(s.X + s.W/2)
	middle := s.Y + s.H/2
	return p.Finger.Drag(x, int(middle+up/2), x, int(middle-up/2))
}
