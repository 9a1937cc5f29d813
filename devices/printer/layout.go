package printer

import (
	"iter"
	"strings"
	"unicode/utf8"
)

// Width is the number of half-width cells a character takes on the paper: 1
// for ASCII, 2 for everything that a Chinese printer draws from its 24x24 font.
func Width(r rune) int {
	if r < utf8.RuneSelf {
		return 1
	}
	return 2
}

// TextWidth is the width of s in half-width cells.
func TextWidth(s string) int {
	n := 0
	for _, r := range s {
		n += Width(r)
	}
	return n
}

// Punctuation that must not begin or end a row (GB/T 15834, 标点符号用法).
const (
	closing = "，。、；：？！）》」』】”’…—,.;:?!)]}%℃"
	opening = "（《「『【“‘([{"
)

// Wrap yields the rows of one text for a paper of the given columns. Line
// feeds end a row; ASCII words stay whole where they fit; a row never begins
// with closing punctuation. An empty text is one empty row.
func Wrap(text string, columns int) iter.Seq[string] {
	return func(yield func(string) bool) {
		for line := range strings.SplitSeq(text, "\n") {
			if !wrapLine(line, max(columns, 2), yield) {
				return
			}
		}
	}
}

func wrapLine(line string, columns int, yield func(string) bool) bool {
	for {
		n := fit(line, columns)
		if n == len(line) {
			return yield(strings.TrimRight(line, " "))
		}
		if !yield(strings.TrimRight(line[:n], " ")) {
			return false
		}
		line = strings.TrimLeft(line[n:], " ")
		if line == "" {
			return true
		}
	}
}

// fit returns how many bytes of line go on one row.
func fit(line string, columns int) int {
	width, best, end := 0, 0, 0
	var before rune
	for i, r := range line {
		if i > 0 && mayBreak(before, r) {
			best = i
		}
		if width += Width(r); width > columns && r != ' ' {
			end = i
			break
		}
		before, end = r, i+utf8.RuneLen(r)
		if r == utf8.RuneError {
			_, size := utf8.DecodeRuneInString(line[i:])
			end = i + size
		}
	}
	if end == len(line) || best == 0 {
		return end
	}
	return best
}

func mayBreak(before, after rune) bool {
	if before == ' ' || after == ' ' {
		return after != ' '
	}
	if before < utf8.RuneSelf && after < utf8.RuneSelf {
		return false
	}
	return !strings.ContainsRune(closing, after) && !strings.ContainsRune(opening, before)
}

// gutter is the least room between a label and its value, in columns.
const gutter = 2

// ValueColumn returns the column where the values of a run of pairs begin:
// behind the longest label, but never past half of the paper.
func ValueColumn(run []Pair, columns int) int {
	at := 0
	for _, p := range run {
		if w := TextWidth(p.Label) + gutter; w > at && w <= columns/2 {
			at = w
		}
	}
	if at == 0 {
		at = min(4, columns/2)
	}
	return at
}

// PairRows yields the rows of one pair with its value at the column at. A
// label that reaches into the gutter before it stands on a row of its own.
func PairRows(p Pair, at, columns int) iter.Seq[string] {
	return func(yield func(string) bool) {
		label := p.Label
		if TextWidth(label)+gutter > at {
			for row := range Wrap(label, columns) {
				if !yield(row) {
					return
				}
			}
			label = ""
		}
		for row := range Wrap(p.Value, columns-at) {
			gap := at - TextWidth(label)
			if !yield(strings.TrimRight(label+spaces(gap)+row, " ")) {
				return
			}
			label = ""
		}
	}
}

const blank = "                                                                "

func spaces(n int) string {
	if n > len(blank) {
		return strings.Repeat(" ", n)
	}
	return blank[:max(n, 0)]
}
