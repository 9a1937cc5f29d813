package control_test

import (
	"image/color"
	"slices"
	"testing"
	"unicode/utf8"

	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"

	"leye/app/terminal/internal/ui/control"
	"leye/app/terminal/internal/ui/theme"
	"leye/assets"
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

func TestTitlesBreakWhereTheyPause(t *testing.T) {
	faces, err := theme.New(assets.Font(), theme.Standard) // a machine may have no Chinese ones
	if err != nil {
		t.Fatal(err)
	}
	test.NewTempApp(t).Settings().SetTheme(faces)
	for _, c := range []struct {
		text  string
		lines []string
	}{
		{"\u52b3\u52a8\u7ea0\u7eb7\u4e0e\u6b20\u85aa", []string{"\u52b3\u52a8\u7ea0\u7eb7", "\u4e0e\u6b20\u85aa"}},
		{"\u8bf7\u518d\u653e\u4e00\u6b21\uff1b\u8fd8\u4e0d\u884c", []string{"\u8bf7\u518d\u653e\u4e00\u6b21\uff1b", "\u8fd8\u4e0d\u884c"}},
	} {
		var got []string
		for _, o := range control.Paragraph(c.text, control.Type{Size: 20, Color: color.Black, Even: true}, 135).Objects {
			got = append(got, o.(*canvas.Text).Text)
		}
		if !slices.Equal(got, c.lines) {
			t.Errorf("%s: lines %q", c.text, got)
		}
	}
}
