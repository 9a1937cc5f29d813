package heaptest_test

import (
	"strconv"
	"strings"
	"testing"

	"leye/app/terminal/internal/heaptest"
)

// held is outside of any stack, where what was let go of lies until it is written
// over.
var held struct {
	text  *strings.Builder
	runes []rune
}

func TestCountFindsWhatIsHeldAndOnlyThat(t *testing.T) {
	const word = "canary-of-the-heap-test"
	if n := heaptest.Count(t, word); n != 0 {
		t.Fatalf("%d before anything is held", n)
	}
	for _, size := range []int{1, 4000} {
		held.text = &strings.Builder{}
		held.text.WriteString(word)
		held.text.WriteString(strconv.Itoa(size))
		held.text.WriteString(strings.Repeat(".", size))
		held.runes = []rune(held.text.String())
		if n := heaptest.Count(t, word); n != 2 {
			t.Errorf("%d, want the text and its runes", n)
		}
		held.text, held.runes = nil, nil
		if n := heaptest.Count(t, word); n != 0 {
			t.Errorf("%d after they were let go", n)
		}
	}
}
