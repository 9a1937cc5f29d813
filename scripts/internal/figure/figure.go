// Package figure prints what was measured beside its floor and its limit.
//
// It measures nothing itself.
package figure

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// Line is one figure beside its floor.
type Line struct {
	What         string
	Value, Floor float64
	Unit         string
	Limit        float64 // of Value/Floor, or of Value when there is no floor
}

func (l Line) ratio() float64 {
	if l.Floor == 0 {
		return l.Value
	}
	return l.Value / l.Floor
}

func (l Line) over() bool { return l.ratio() > l.Limit }

// Table prints the lines and reports whether one is over its limit.
func Table(out io.Writer, lines []Line) (over bool, err error) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "what\tvalue\tfloor\tratio\tlimit\t")
	for _, l := range lines {
		floor, ratio, limit := "-", "-", fmt.Sprintf("%.0f %s", l.Limit, l.Unit)
		if l.Floor != 0 {
			floor, ratio, limit = fmt.Sprintf("%.2f %s", l.Floor, l.Unit), fmt.Sprintf("%.2f", l.ratio()), fmt.Sprintf("%.2f", l.Limit)
		}
		verdict := "ok"
		if l.over() {
			verdict, over = "OVER", true
		}
		fmt.Fprintf(w, "%s\t%.2f %s\t%s\t%s\t%s\t%s\n", l.What, l.Value, l.Unit, floor, ratio, limit, verdict)
	}
	return over, w.Flush()
}
