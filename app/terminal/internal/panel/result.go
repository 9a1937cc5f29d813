package panel

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Why a trial ended before its end.
const (
	Left   = "left"   // the person ended it
	Nobody = "nobody" // nobody was there
)

// Cell is one dot of the grid, from 1; the first row is on top.
type Cell struct {
	Column int `json:"column"`
	Row    int `json:"row"`
}

// Result is what came of a trial; what belongs to the other part is zero.
type Result struct {
	Version int    `json:"version"` // of this form: 1
	Part    Part   `json:"part"`
	Width   int    `json:"width"` // of the window, in pixels
	Height  int    `json:"height"`
	Ended   string `json:"ended"` // why before its end; "" when it was gone through

	Columns     int      `json:"columns"`
	Rows        int      `json:"rows"`
	Touched     int      `json:"touched"`      // dots
	Missed      []Cell   `json:"missed"`       // dots that felt nothing
	Off         []Cell   `json:"off"`          // dots beside which the touch landed
	Farthest    int      `json:"farthest"`     // pixels beside its dot, of the worst touch that counted
	MissedEdges []string `json:"missed_edges"` // left, top, right, bottom
	Stray       int      `json:"stray"`        // touches that landed nowhere near
	Ghosts      int      `json:"ghosts"`       // touches that nobody made

	Even   bool `json:"even"`   // every colour was even, no point of it dead
	Bright bool `json:"bright"` // the greys could be told apart, bright enough
}

const version = 1

// Result is what is known so far.
func (t *Trial) Result() Result {
	r := Result{
		Version: version, Part: t.part, Width: t.size.X, Height: t.size.Y, Ended: t.why,
		Missed: []Cell{}, Off: []Cell{}, MissedEdges: []string{}, Stray: t.stray, Ghosts: t.ghost,
	}
	if !t.Over() {
		r.Ended = Left
	}
	if t.part == Touch {
		r.Columns, r.Rows = shape(t.size)
	}
	for i, s := range t.steps {
		switch o := t.came[i]; s.stage {
		case Target:
			r.dot(s.cell, o)
		case Edge:
			if !o.done {
				r.MissedEdges = append(r.MissedEdges, s.edge)
			}
		case Even:
			r.Even = o.yes
		case Bright:
			r.Bright = o.yes
		}
	}
	return r
}

func (r *Result) dot(c Cell, o outcome) {
	if !o.done {
		r.Missed = append(r.Missed, c)
		return
	}
	r.Touched++
	r.Farthest = max(r.Farthest, o.beside)
	if o.beside > Beside {
		r.Off = append(r.Off, c)
	}
}

// longest bounds a result: every dot missed takes less.
const longest = 16 << 10

// Read reads a result as JSON and checks that it can be one.
func Read(in io.Reader) (Result, error) {
	var r Result
	d := json.NewDecoder(io.LimitReader(in, longest))
	d.DisallowUnknownFields()
	err := d.Decode(&r)
	if err == nil {
		err = r.check()
	}
	if err != nil {
		return Result{}, fmt.Errorf("read trial of the screen: %w", err)
	}
	return r, nil
}

func (r Result) check() error {
	cells := r.Columns * r.Rows
	switch {
	case r.Version != version:
		return fmt.Errorf("version %d is not %d", r.Version, version)
	case r.Part != Touch && r.Part != Display:
		return fmt.Errorf("there is no part %q", r.Part)
	case r.Ended != "" && r.Ended != Left && r.Ended != Nobody:
		return fmt.Errorf("there is no end %q", r.Ended)
	case r.Width <= 0 || r.Height <= 0 || r.Columns < 0 || r.Rows < 0 || r.Columns > 64 || r.Rows > 64:
		return errors.New("a size is none")
	case r.Touched < 0 || r.Touched+len(r.Missed) != cells || len(r.Off) > r.Touched || r.Part == Touch && cells == 0:
		return errors.New("the dots do not add up")
	case r.Farthest < 0 || r.Stray < 0 || r.Ghosts < 0 || len(r.MissedEdges) > len(edges):
		return errors.New("a count is none")
	}
	return nil
}

// List names cells as staff count them: column by row.
func List(cells []Cell) string {
	names := make([]string, len(cells))
	for i, c := range cells {
		names[i] = fmt.Sprintf("%d/%d", c.Column, c.Row)
	}
	return strings.Join(names, " ")
}
