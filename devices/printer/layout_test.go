package printer

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestWrapKeepsWordsAndPunctuation(t *testing.T) {
	tests := []struct {
		name    string
		text    string
		columns int
		want    []string
	}{
		{"empty text is one empty row", "", 10, []string{""}},
		{"fits", "受理回执", 8, []string{"受理回执"}},
		{"wide character never splits", "受理回执", 7, []string{"受理回", "执"}},
		{"closing punctuation goes down with its character", "受理回执。", 8, []string{"受理回", "执。"}},
		{"opening punctuation goes down", "受理（回执）", 6, []string{"受理", "（回", "执）"}},
		{"ASCII word stays whole", "编号 SQ2026 x", 8, []string{"编号", "SQ2026 x"}},
		{"word longer than the row is cut", "ABCDEFGHIJ", 4, []string{"ABCD", "EFGH", "IJ"}},
		{"space at the edge vanishes", "abcd efgh", 4, []string{"abcd", "efgh"}},
		{"line feed ends a row", "甲\n乙", 8, []string{"甲", "乙"}},
		{"broken UTF-8 keeps going", "a\xffb", 2, []string{"a", "\xff", "b"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := slices.Collect(Wrap(tt.text, tt.columns)); !slices.Equal(got, tt.want) {
				t.Errorf("Wrap(%q, %d) = %q, want %q", tt.text, tt.columns, got, tt.want)
			}
		})
	}
}

func TestPairValuesHangUnderThemselves(t *testing.T) {
	run := []Pair{{Label: "事项", Value: "就业登记"}, {Label: "受理编号", Value: "一二三四五六七"}}
	at := ValueColumn(run, 20)
	if at != 10 {
		t.Fatalf("ValueColumn = %d, want 10", at)
	}
	got := slices.Collect(PairRows(run[1], at, 20))
	want := []string{"受理编号  一二三四五", "          六七"}
	if !slices.Equal(got, want) {
		t.Errorf("rows = %q, want %q", got, want)
	}
	long := Pair{Label: "统一社会信用代码", Value: "9131"}
	got = slices.Collect(PairRows(long, 6, 20))
	if want := []string{"统一社会信用代码", "      9131"}; !slices.Equal(got, want) {
		t.Errorf("long label = %q, want %q", got, want)
	}
}

// FuzzWrap holds that no row is wider than the paper and no character is lost.
func FuzzWrap(f *testing.F) {
	f.Add("受理编号：SQ20261123，请妥善保管。", uint8(16))
	f.Add("a b  c\n\nd", uint8(3))
	f.Fuzz(func(t *testing.T, text string, columns uint8) {
		if !utf8.ValidString(text) || columns < 2 || columns > 64 {
			return
		}
		drop := strings.NewReplacer(" ", "", "\n", "")
		var all strings.Builder
		for row := range Wrap(text, int(columns)) {
			if w := TextWidth(row); w > int(columns) {
				t.Fatalf("row %q is %d wide, paper has %d", row, w, columns)
			}
			all.WriteString(row)
		}
		if got, want := drop.Replace(all.String()), drop.Replace(text); got != want {
			t.Fatalf("text changed: %q, want %q", got, want)
		}
	})
}

func TestStatusSaysWhatIsWrong(t *testing.T) {
	s := Status{Online: true, Paper: PaperOK}
	if !s.Ready() || s.String() != "ready" {
		t.Errorf("good status: Ready %v, %q", s.Ready(), s)
	}
	s = Status{Paper: PaperOut, CoverOpen: true}
	if s.Ready() || s.String() != "offline, paper out, cover open" {
		t.Errorf("bad status: Ready %v, %q", s.Ready(), s)
	}
}
