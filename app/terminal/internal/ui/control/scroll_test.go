package control

import (
	"image/color"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
)

// drag moves a finger from a place in the scroll by small steps, and returns how
// far it had scrolled before it was thrown.
func drag(s *Scroll, from fyne.Position, steps ...fyne.Delta) float32 {
	at := from
	for _, step := range steps {
		at = at.Add(step)
		s.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: at}, Dragged: step})
	}
	defer s.DragEnd()
	return s.Offset()
}

func TestATremblingFingerTaps(t *testing.T) {
	test.NewTempApp(t)
	const side = 100
	tapped := map[string]int{}
	tap := func(id string, y float32) *Tap {
		s := NewTap(id, "", Surface{Fill: color.White}, fyne.NewSize(side, side), canvas.NewRectangle(color.White), func() { tapped[id]++ })
		s.Resize(fyne.NewSize(side, side))
		s.Move(fyne.NewPos(0, y))
		return s
	}
	off := tap("off", 2*side).Disable()
	high := canvas.NewRectangle(color.Transparent)
	high.SetMinSize(fyne.NewSize(side, 6*side))
	inner := container.NewWithoutLayout(tap("first", 0), tap("second", side), off)
	inner.Resize(fyne.NewSize(side, 6*side))
	s := NewScroll("list", container.NewStack(high, inner), color.Black)
	s.Resize(fyne.NewSize(side, 3*side))

	for _, c := range []struct {
		name   string
		from   fyne.Position
		steps  []fyne.Delta
		taps   string // which is tapped
		offset float32
	}{
		{"trembles", fyne.NewPos(50, 50), []fyne.Delta{{DX: 5, DY: 5}, {DX: -9, DY: 3}, {DX: 12, DY: -14}, {DX: 0, DY: 9}}, "first", 0},
		{"trembles over the edge", fyne.NewPos(50, 95), []fyne.Delta{{DX: 0, DY: 15}}, "first", 0},
		{"on the second", fyne.NewPos(50, 150), []fyne.Delta{{DX: 6, DY: 6}}, "second", 0},
		{"on a deaf one", fyne.NewPos(50, 250), []fyne.Delta{{DX: 6, DY: 6}}, "", 0},
		{"scrolls", fyne.NewPos(50, 150), []fyne.Delta{{DX: 0, DY: -20}, {DX: 0, DY: -20}, {DX: 0, DY: -30}}, "", 70},
		{"scrolls away and back", fyne.NewPos(50, 150), []fyne.Delta{{DX: 0, DY: -40}, {DX: 0, DY: 40}}, "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			clear(tapped)
			s.ScrollTo(0)
			if got := drag(s, c.from, c.steps...); got != c.offset {
				t.Errorf("scrolled to %v, want %v", got, c.offset)
			}
			if c.taps == "" && len(tapped) > 0 || c.taps != "" && (tapped[c.taps] != 1 || len(tapped) != 1) {
				t.Errorf("tapped %v, want %q", tapped, c.taps)
			}
		})
	}

	s.ScrollTo(side)
	clear(tapped)
	drag(s, fyne.NewPos(50, 50), fyne.Delta{DX: 5, DY: 5})
	if tapped["second"] != 1 {
		t.Errorf("tapped %v where the second surface was scrolled to", tapped)
	}
}
