package idcard_test

import (
	"testing"
	"unicode/utf8"

	"leye/devices/idcard"
)

func TestSameName(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		same bool
	}{
		{"李试样", "李试样", true},
		{" 李试样", "李试样　", true},
		{"李试样", "李试祥", false},
		{"艾力\u00B7样本", "艾力\u2022样本", true},
		{"艾力\u00B7样本", "艾力\u30FB样本", true},
		{"艾力\u00B7样本", "艾力\uFF0E样本", true},
		{"艾力\u00B7样本", "艾力\u2027样本", true},
		{"艾力\u00B7样本", "艾力样本", false},
		{"张\uE863", "张\u4DAE", true}, // private place of an older card
		{"张\uE000", "张\u4DAE", false},
		{"MU\u0308LLER, EVA", "M\u00DCLLER, EVA", true},
		{"\uFF25\uFF36\uFF21", "EVA", false}, // compatibility forms stay apart
		{"", "", true},
	} {
		if got := idcard.SameName(tt.a, tt.b); got != tt.same {
			t.Errorf("%q and %q: %v", tt.a, tt.b, got)
		}
	}
}

func TestStandardTextReplacesOnlyWhatIsKnown(t *testing.T) {
	const in = "样\uE863\uE81E\uE826\uE82B\uE82C\uE832\uE843\uE854\uE864\uE000\uF8FF"
	const want = "样\u4DAE\u9FB4\u9FB5\u9FB6\u9FB7\u9FB8\u9FB9\u9FBA\u9FBB\uE000\uF8FF"
	if got := idcard.StandardText(in); got != want {
		t.Errorf("%+q, want %+q", got, want)
	}
}

// FuzzSameName holds that every name is its own, in either order, and that its
// standard text is the same name and standard already.
func FuzzSameName(f *testing.F) {
	f.Add("李试样", "李试祥")
	f.Add("艾力\u00B7样本", "艾力\u2022样本")
	f.Add("张\uE863", "张\u4DAE")
	f.Fuzz(func(t *testing.T, a, b string) {
		if !utf8.ValidString(a) || !utf8.ValidString(b) {
			return
		}
		if !idcard.SameName(a, a) {
			t.Fatalf("%q is not itself", a)
		}
		if idcard.SameName(a, b) != idcard.SameName(b, a) {
			t.Fatalf("%q and %q depend on their order", a, b)
		}
		standard := idcard.StandardText(a)
		if !idcard.SameName(a, standard) || idcard.StandardText(standard) != standard {
			t.Fatalf("%q became %q", a, standard)
		}
	})
}
