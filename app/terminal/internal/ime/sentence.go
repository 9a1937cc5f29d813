package ime

import (
	"cmp"
	"slices"
)

const (
	sentences = 3 // whole sentences that are kept
	perMatch  = 2 // words of one reading that sentences choose from
	perGuess  = 8 // words offered for initials that are only a part of the input
)

// candidate is text for the first end letters of the input.
type candidate struct {
	text  string
	end   int
	score float64
}

// path is one of the best ways to spell the input up to some position.
type path struct {
	score float64
	from  int // position where its last word begins
	rank  int // which of the paths that end there it continues
	text  string
	match *match
	words int
}

// analysis is all that can be said about one input.
type analysis struct {
	candidates []candidate
	cuts       []int // positions at which the best reading parts syllables
}

// analyse finds the words at the beginning of the input and the best sentences
// for the whole of it: at each position the best ways to get there are kept and
// continued with each word that fits (unigram model).
func (d *dict) analyse(input string) analysis {
	best := make([][]path, len(input)+1)
	best[0] = []path{{}}
	var words []candidate
	for start := range len(input) {
		if len(best[start]) == 0 {
			continue
		}
		d.matches(input, start, func(m *match) {
			if start == 0 {
				for _, w := range m.worthOffering(len(input)) {
					words = append(words, candidate{w.text, m.end, w.score + m.penalty})
				}
			}
			best[m.end] = extendPaths(best[m.end], best[start], start, m)
		})
	}
	return analysis{
		candidates: arrange(words, whole(best), len(input)),
		cuts:       cuts(best),
	}
}

// worthOffering is the words of m, or the first of them when m is no more than a
// guess at the first letters: one initial alone stands for a thousand characters.
func (m *match) worthOffering(length int) []word {
	if m.penalty < 0 && m.end < length {
		return m.node.words[:min(perGuess, len(m.node.words))]
	}
	return m.node.words
}

// extendPaths adds to the paths that end with m those that continue from with it.
func extendPaths(paths, from []path, start int, m *match) []path {
	var kept *match // copied once, only when a path keeps it
	for rank := range from {
		for i := range min(perMatch, len(m.node.words)) {
			w := m.node.words[i]
			score := from[rank].score + w.score + m.penalty
			if len(paths) == sentences && score <= paths[sentences-1].score {
				break
			}
			if kept == nil {
				c := *m
				kept = &c
			}
			paths = insert(paths, path{score, start, rank, w.text, kept, from[rank].words + 1})
		}
	}
	return paths
}

func insert(paths []path, p path) []path {
	at := len(paths)
	for at > 0 && paths[at-1].score < p.score {
		at--
	}
	paths = slices.Insert(paths, at, p)
	return paths[:min(len(paths), sentences)]
}

// whole returns the sentences of several words for the whole input, best first.
func whole(best [][]path) (found []candidate) {
	end := len(best) - 1
	for _, p := range best[end] {
		if p.words > 1 {
			found = append(found, candidate{spell(best, p), end, p.score})
		}
	}
	return found
}

func spell(best [][]path, p path) string {
	text := p.text
	for p.from > 0 {
		p = best[p.from][p.rank]
		text = p.text + text
	}
	return text
}

// arrange orders candidates: the best sentence when it beats every word, words from the
// longest part of the input to the shortest, other sentences after the whole words.
func arrange(words, whole []candidate, end int) []candidate {
	slices.SortFunc(words, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.end, a.end), cmp.Compare(b.score, a.score), cmp.Compare(a.text, b.text))
	})
	split := slices.IndexFunc(words, func(c candidate) bool { return c.end < end })
	if split < 0 {
		split = len(words)
	}
	all := make([]candidate, 0, len(words)+len(whole))
	if len(whole) > 0 && (split == 0 || whole[0].score > words[0].score) {
		all, whole = append(all, whole[0]), whole[1:]
	}
	all = append(append(append(all, words[:split]...), whole...), words[split:]...)
	seen := make(map[string]bool, len(all))
	return slices.DeleteFunc(all, func(c candidate) bool {
		twice := seen[c.text]
		seen[c.text] = true
		return twice
	})
}

// cuts returns where the best path to the furthest readable position parts
// syllables, in rising order.
func cuts(best [][]path) []int {
	end := len(best) - 1
	for end > 0 && len(best[end]) == 0 {
		end--
	}
	var found []int
	for end > 0 {
		p := best[end][0]
		for rank := 0; ; {
			for i := p.match.length - 1; i >= 0; i-- {
				found = append(found, int(p.match.cuts[i]))
			}
			rank, end = p.rank, p.from
			if end == 0 {
				break
			}
			p = best[end][rank]
		}
	}
	slices.Reverse(found)
	return found
}
