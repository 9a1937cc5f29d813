package paper

import "strings"

// CutLine stands for a cut in the text.
const CutLine = "- - - - 8< - - - -"

// Text returns the paper as lines of text: characters as printed, aligned in
// half-width columns; codes and pictures as a word in brackets.
func (r *Roll) Text() string {
	var b strings.Builder
	for _, p := range r.pieces {
		for _, w := range p.rows {
			r.writeRow(&b, w)
		}
		if p.cut {
			b.WriteString(CutLine + "\n")
		}
	}
	return b.String()
}

func (r *Roll) writeRow(b *strings.Builder, w row) {
	switch {
	case w.note != "":
		b.WriteString(w.note + "\n")
	case w.blank > 0:
		b.WriteString(strings.Repeat("\n", w.blank))
	case len(w.items) > 0:
		used := 0
		var text strings.Builder
		for _, i := range w.items {
			used += i.width()
			text.WriteRune(i.r)
		}
		pad := indent(w.align, r.cfg.Dots, used) / cellDots
		b.WriteString(strings.TrimRight(strings.Repeat(" ", pad)+text.String(), " ") + "\n")
	}
}

// indent is where a run of used dots begins.
func indent(align byte, area, used int) int {
	switch align {
	case 1:
		return max(area-used, 0) / 2
	case 2:
		return max(area-used, 0)
	}
	return 0
}
