package text_test

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"

	"leye/app/terminal/internal/ui/text"
	"leye/assets"
)

func load(t *testing.T) text.Bundle {
	t.Helper()
	b, err := text.Load(assets.Text())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var braces = regexp.MustCompile(`\{[a-z]+\}`)

func TestLanguagesHaveTheSameKeysAndPlaces(t *testing.T) {
	b := load(t)
	for key, zh := range b["zh"] {
		en, ok := b["en"][key]
		if !ok {
			t.Errorf("%s: no English", key)
		}
		for _, place := range braces.FindAllString(zh+en, -1) {
			if !strings.Contains(zh, place) || !strings.Contains(en, place) {
				t.Errorf("%s: %s stands in one language only", key, place)
			}
		}
	}
	for key := range b["en"] {
		if !b.Has("zh", key) {
			t.Errorf("%s: no Chinese", key)
		}
	}
}

var asked = regexp.MustCompile(`\bT\("([a-z_.]+)"[,)]`)

// TestEveryAskedKeyHasWords reads the screens' source for the keys that it names.
func TestEveryAskedKeyHasWords(t *testing.T) {
	b, n := load(t), 0
	err := fs.WalkDir(os.DirFS(".."), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") {
			return err
		}
		source, err := fs.ReadFile(os.DirFS(".."), path)
		for _, m := range asked.FindAllSubmatch(source, -1) {
			n++
			if !b.Has("zh", string(m[1])) {
				t.Errorf("%s: no words for %s", path, m[1])
			}
		}
		return err
	})
	if err != nil || n < 80 {
		t.Errorf("%d keys found, %v", n, err)
	}
}

func TestGapIsSeen(t *testing.T) {
	if got := load(t).Get("zh", "no.such.key"); got != "⟦no.such.key⟧" {
		t.Errorf("got %q", got)
	}
}

func TestArguments(t *testing.T) {
	if got := load(t).Get("en", "question.progress", "n", "2", "of", "9"); got != "Step 2 of 9" {
		t.Errorf("got %q", got)
	}
}
