package proof

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
)

// The two lines are as terminals have hashed them from the first: with another form
// every journal that is kept would be broken.
func TestTheFormOfALineStays(t *testing.T) {
	h := Head{Terminal: "PT01", Generation: 2}
	for i, want := range []string{
		"e5814d4e3a5d30da1049c307030fc970fa3173cf7e5eae3a3055135debb12ade",
		"c0dd8852ea556aa210e0088c98d418bbd53f02c9c1790d60693a4c1a43fb4d4c",
	} {
		line := []Line{{1793500800123, "entry.put", "01KQ3ZC8V5W0T6R2N9M4H7XJDA", ""}, {-1, "entry.retry", "E", "http_500 中心"}}[i]
		grown, err := h.Grown([]Line{line})
		if err != nil || grown != (Head{"PT01", h.Seq + 1, want, 2}) {
			t.Errorf("%+v, %v; want %s", grown, err, want)
		}
		h = grown
	}
}

func TestEachPartOfALineCounts(t *testing.T) {
	prev := bytes.Repeat([]byte{7}, 32)
	l := Line{1, "event", "entry", "code"}
	sum := l.Sum(5, prev)
	for name, other := range map[string][]byte{
		"number": l.Sum(6, prev), "line before": l.Sum(5, nil),
		"time": Line{2, "event", "entry", "code"}.Sum(5, prev), "event": Line{1, "Event", "entry", "code"}.Sum(5, prev),
		"entry": Line{1, "event", "", "code"}.Sum(5, prev), "code": Line{1, "event", "entry", "code "}.Sum(5, prev),
		"moved": Line{1, "even", "tentry", "code"}.Sum(5, prev), "moved on": Line{1, "event", "entryc", "ode"}.Sum(5, prev),
	} {
		if bytes.Equal(sum, other) {
			t.Errorf("%s: it does not count", name)
		}
	}
}

func TestOnlyTheJournalItselfGrowsToItsHead(t *testing.T) {
	first := Head{Terminal: "PT01", Seq: 7, Hash: strings.Repeat("ab", 32)}
	lines := []Line{{1, "a", "", ""}, {2, "b", "", ""}, {3, "c", "", ""}}
	want, err := first.Grown(lines)
	if err != nil || want.Seq != 10 {
		t.Fatal(want, err)
	}
	middle, _ := first.Grown(lines[:1])
	if got, err := middle.Grown(lines[1:]); err != nil || got != want {
		t.Errorf("in two steps: %+v, %v", got, err)
	}
	if got, err := first.Grown(nil); err != nil || got != first {
		t.Errorf("by nothing: %+v, %v", got, err)
	}
	other := first
	other.Hash = strings.Repeat("ac", 32)
	swapped := slices.Clone(lines)
	swapped[0], swapped[1] = swapped[1], swapped[0]
	for name, grow := range map[string]func() (Head, error){
		"another's":    func() (Head, error) { return other.Grown(lines) },
		"swapped":      func() (Head, error) { return first.Grown(swapped) },
		"one is gone":  func() (Head, error) { return first.Grown(lines[:2]) },
		"one is twice": func() (Head, error) { return first.Grown(append(lines[:1:1], lines...)) },
	} {
		if got, err := grow(); err != nil || got == want {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if _, err := (Head{Hash: "x"}).Grown(nil); err == nil {
		t.Error("a hash that is none")
	}
}

// FuzzLine holds that lines with the same sum are the same.
func FuzzLine(f *testing.F) {
	f.Add(int64(1), int64(2), "entry.put", "A", "", []byte{}, "entry.putA", "", "")
	f.Fuzz(func(t *testing.T, seq, at int64, event, entry, code string, prev []byte, event2, entry2, code2 string) {
		a, b := Line{at, event, entry, code}, Line{at, event2, entry2, code2}
		if same := bytes.Equal(a.Sum(seq, prev), b.Sum(seq, prev)); same != (a == b) {
			t.Errorf("%+v and %+v: same sum %v", a, b, same)
		}
		h := Head{Seq: seq - 1, Hash: hex.EncodeToString(prev)}
		if grown, err := h.Grown([]Line{a}); err != nil || grown.Hash != hex.EncodeToString(a.Sum(seq, prev)) {
			t.Errorf("%+v, %v", grown, err)
		}
	})
}
