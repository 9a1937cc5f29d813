package ime

import (
	"sort"
	"strings"
)

// What a word loses, as logarithm, for each syllable that was not typed in full.
const (
	initialOnly = -4.0 // zs for zhang san
	unfinished  = -1.5 // shangh for shang hai
)

// match is a node of the dictionary that the letters from some position spell.
type match struct {
	node    *node
	end     int     // position after its letters and the apostrophes behind them
	penalty float64 // 0 or less
	cuts    [maxWord]uint8
	length  int // syllables, the valid part of cuts: positions where they end
}

// matches calls yield with every node that has words and whose syllables the
// letters of input from start on spell: in full, by their initials, or, at the end of
// input, begun and not finished.
func (d *dict) matches(input string, start int, yield func(*match)) {
	m := match{node: &d.root, end: start}
	m.extend(input, yield)
}

func (m *match) extend(input string, yield func(*match)) {
	if len(m.node.words) > 0 {
		yield(m)
	}
	if m.end == len(input) || m.length == maxWord {
		return
	}
	run := input[m.end:]
	if i := strings.IndexByte(run, '\''); i >= 0 {
		run = run[:i]
	}
	final := m.end+len(run) == len(input)
	for _, c := range m.node.startingWith(run[0]) {
		m.step(input, c, run, final, yield)
	}
}

// step tries each way in which the run of letters can spell child c.
func (m *match) step(input string, c *node, run string, final bool, yield func(*match)) {
	for _, spelling := range [2]string{c.syllable, c.variant} {
		switch {
		case spelling == "":
		case strings.HasPrefix(run, spelling):
			m.take(input, c, len(spelling), 0, yield)
		case final && len(run) > len(initial(spelling)) && strings.HasPrefix(spelling, run):
			m.take(input, c, len(run), unfinished, yield)
		}
	}
	if len(c.syllable) > 1 {
		m.take(input, c, 1, initialOnly, yield)
	}
	if two := initial(c.syllable); len(two) == 2 && strings.HasPrefix(run, two) {
		m.take(input, c, 2, initialOnly, yield)
	}
}

func (m *match) take(input string, c *node, letters int, penalty float64, yield func(*match)) {
	next := *m
	next.node = c
	next.penalty += penalty
	next.end += letters
	next.cuts[next.length] = uint8(next.end)
	next.length++
	for next.end < len(input) && input[next.end] == '\'' {
		next.end++
	}
	next.extend(input, yield)
}

// initial is the consonant that people type for a whole syllable.
func initial(s string) string {
	if len(s) > 1 && s[1] == 'h' {
		return s[:2]
	}
	return s[:1]
}

// startingWith returns the children whose syllable begins with c.
func (n *node) startingWith(c byte) []*node {
	lo := sort.Search(len(n.children), func(i int) bool { return n.children[i].syllable[0] >= c })
	hi := lo
	for hi < len(n.children) && n.children[hi].syllable[0] == c {
		hi++
	}
	return n.children[lo:hi]
}
