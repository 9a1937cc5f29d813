package paper

import (
	"strings"
	"testing"
)

func TestReadFindsWhatItsHolderMayAskWith(t *testing.T) {
	for text, want := range map[string]Proof{
		"办件编号\n 000-417-261124-0001-5 \n查询码:123456\n凭证号 PT01-1124-0007-K": {"000-417-261124-0001-5", "123456", "PT01-1124-0007-K"},
		"Case number 000-417-261124-0001-X, Query code 654321":            {"000-417-261124-0001-X", "654321", ""},
		"查询码 电话 62345678": {},
		"":                {},
	} {
		if got := Read(text); got != want {
			t.Errorf("Read(%q) = %+v, want %+v", text, got, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("编号 000-417-261124-0001-5 查询码 123456 凭证号 PT01-1124-0007-K")
	f.Fuzz(func(t *testing.T, text string) {
		p := Read(text)
		for _, part := range []string{p.Number, p.QueryCode, p.Reference} {
			if !strings.Contains(text, part) {
				t.Errorf("%q does not stand there", part)
			}
		}
	})
}
