package control_test

import (
	"slices"
	"testing"
	"unicode/utf8"

	"leye/app/terminal/internal/ui/control"
)

func TestNoLineBeginsWithASpace(t *testing.T) {
	measure := func(s string) float32 { return float32(utf8.RuneCountInString(s)) }
	for _, c := range []struct {
		text string
		want []string
	}{
		{"ab cd", []string{"ab", "cd"}},
		{"abc def ghi", []string{"abc", "def", "ghi"}},
		{"失业 登记", []string{"失业", "登记"}},
		{"abcdefg", []string{"abc", "def", "g"}},
	} {
		if got := control.Wrap(c.text, min(3, measure(c.want[0])), measure); !slices.Equal(got, c.want) {
			t.Errorf("%q: lines %q, want %q", c.text, got, c.want)
		}
	}
}
