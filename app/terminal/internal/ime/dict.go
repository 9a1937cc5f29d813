package ime

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"strconv"
	"strings"
)

const (
	dictFile    = "pinyin.dict.gz"
	maxDict     = 16 << 20 // bytes unpacked; ours is 1.3 MB
	maxSyllable = 6        // zhuang
	maxWord     = 8        // syllables of one word; ours has 4
)

// dict is a tree of syllables: the words of "shang hai" hang at the node that
// root -> shang -> hai leads to.
type dict struct {
	root  node
	total float64 // sum of all weights
}

type node struct {
	syllable string
	variant  string // another usual spelling (lve for lue, jv for ju), or empty
	children []*node
	words    []word
}

type word struct {
	text   string
	weight int     // as in the file
	score  float64 // natural logarithm of the word's share of all text
}

func loadDict(dir fs.FS) (*dict, error) {
	f, err := dir.Open(dictFile)
	if err != nil {
		return nil, fmt.Errorf("open dictionary: %w", err)
	}
	defer f.Close()
	z, err := gzip.NewReader(bufio.NewReader(f))
	if err != nil {
		return nil, fmt.Errorf("unpack dictionary: %w", err)
	}
	data, err := io.ReadAll(io.LimitReader(z, maxDict+1))
	if err != nil {
		return nil, fmt.Errorf("unpack dictionary: %w", err)
	}
	if len(data) > maxDict {
		return nil, fmt.Errorf("unpack dictionary: more than %d bytes", maxDict)
	}
	return parseDict(string(data))
}

// parseDict reads lines "shang hai<TAB>上海<TAB>46654<TAB>...", sorted by their
// syllables.
func parseDict(text string) (*dict, error) {
	d := &dict{}
	number := 0
	for line := range strings.Lines(text) {
		number++
		if err := d.add(strings.TrimSuffix(line, "\n")); err != nil {
			return nil, fmt.Errorf("read dictionary: line %d: %w", number, err)
		}
	}
	if d.total == 0 {
		return nil, errors.New("read dictionary: no word")
	}
	d.root.rate(math.Log(d.total))
	return d, nil
}

func (d *dict) add(line string) error {
	reading, rest, ok := strings.Cut(line, "\t")
	if !ok {
		return errors.New("no word after the reading")
	}
	n, err := d.root.descend(reading)
	if err != nil {
		return err
	}
	if len(n.words) > 0 {
		return fmt.Errorf("reading %q occurs twice", reading)
	}
	for ok {
		var text, weight string
		text, rest, ok = strings.Cut(rest, "\t")
		if !ok || text == "" {
			return errors.New("word without weight")
		}
		weight, rest, ok = strings.Cut(rest, "\t")
		w, err := strconv.ParseUint(weight, 10, 31)
		if err != nil {
			return fmt.Errorf("weight %q is not a number", weight)
		}
		// Half an occurrence more: the logarithm of an unused word exists.
		score := float64(w) + 0.5
		d.total += score
		n.words = append(n.words, word{text: text, weight: int(w), score: score})
	}
	return nil
}

// descend returns the node of a reading, making those that do not exist.
func (n *node) descend(reading string) (*node, error) {
	depth := 0
	for s := range strings.SplitSeq(reading, " ") {
		if depth++; depth > maxWord {
			return nil, fmt.Errorf("reading %q has more than %d syllables", reading, maxWord)
		}
		if !isSyllable(s) {
			return nil, fmt.Errorf("%q is not a syllable", s)
		}
		last := len(n.children) - 1
		switch {
		case last >= 0 && n.children[last].syllable == s:
			n = n.children[last]
		case last >= 0 && n.children[last].syllable > s:
			return nil, fmt.Errorf("reading %q is not in order", reading)
		default:
			child := &node{syllable: s, variant: variant(s)}
			n.children = append(n.children, child)
			n = child
		}
	}
	return n, nil
}

// rate turns the weights below n into logarithms.
func (n *node) rate(total float64) {
	for i := range n.words {
		n.words[i].score = math.Log(n.words[i].score) - total
	}
	for _, c := range n.children {
		c.rate(total)
	}
}

func isSyllable(s string) bool {
	if s == "" || len(s) > maxSyllable {
		return false
	}
	for i := range len(s) {
		if s[i] < 'a' || s[i] > 'z' {
			return false
		}
	}
	return true
}

// variant is how a syllable with ü may be typed besides its usual spelling.
func variant(s string) string {
	switch {
	case s == "lue" || s == "nue":
		return s[:1] + "ve"
	case len(s) > 1 && s[1] == 'u' && strings.ContainsRune("jqxy", rune(s[0])):
		return s[:1] + "v" + s[2:]
	}
	return ""
}
