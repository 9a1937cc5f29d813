package ledger

import (
	"strings"
	"testing"
	"time"
)

func TestCheckCharacter(t *testing.T) {
	// The first is the example of ISO 7064, the second that of GB 11643-1999.
	for body, want := range map[string]byte{"0794": '0', "11010519491231002": 'X', "000-000": checkCharacter("000000")} {
		if got := checkCharacter(body); got != want {
			t.Errorf("check of %s is %c, want %c", body, got, want)
		}
	}
}

func TestNumber(t *testing.T) {
	// 17:30 UTC is the next day in Shanghai.
	day := time.Date(2026, 11, 23, 17, 30, 0, 0, time.UTC)
	n := number(numberPrefix("107", "job-search", day), 12)
	if !strings.HasPrefix(n, "107-"+ServiceCode("job-search")+"-261124-0012-") {
		t.Errorf("number is %s", n)
	}
	if got, ok := ParseNumber(n); !ok || got != n {
		t.Errorf("%s parses as %q, %v", n, got, ok)
	}
	if got, ok := ParseNumber(strings.ToLower(strings.ReplaceAll(n, "-", " "))); !ok || got != n {
		t.Errorf("%s with spaces parses as %q, %v", n, got, ok)
	}
	if long := number(numberPrefix("107", "job-search", day), 123456); !strings.Contains(long, "-123456-") {
		t.Errorf("a long serial gives %s", long)
	} else if got, ok := ParseNumber(long); !ok || got != long {
		t.Errorf("%s parses as %q, %v", long, got, ok)
	}
}

// TestParseNumberFindsSlips turns every digit into every other and swaps every
// pair of unequal neighbours.
func TestParseNumberFindsSlips(t *testing.T) {
	n := strings.ReplaceAll(number("107-417-261124", 8301), "-", "")
	for i := range len(n) - 1 {
		for d := byte('0'); d <= '9'; d++ {
			if wrong := n[:i] + string(d) + n[i+1:]; wrong != n {
				if _, ok := ParseNumber(wrong); ok {
					t.Errorf("%s passes for %s", wrong, n)
				}
			}
		}
		if i+2 < len(n) && n[i] != n[i+1] {
			if wrong := n[:i] + string(n[i+1]) + string(n[i]) + n[i+2:]; wrong != n {
				if _, ok := ParseNumber(wrong); ok {
					t.Errorf("%s passes for %s", wrong, n)
				}
			}
		}
	}
}

func FuzzParseNumber(f *testing.F) {
	for _, s := range []string{"", "000-417-261124-0001-5", "0004172611240001X", "x", "000-417-261124-0001-"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, ok := ParseNumber(s)
		if !ok {
			return
		}
		if again, ok := ParseNumber(n); !ok || again != n {
			t.Errorf("%q parses as %q, which parses as %q, %v", s, n, again, ok)
		}
	})
}

func TestQueryCode(t *testing.T) {
	seen := map[string]bool{}
	for range 200 {
		code, err := queryCode()
		if err != nil || len(code) != 6 || strings.Trim(code, "0123456789") != "" {
			t.Fatalf("query code %q, %v", code, err)
		}
		seen[code] = true
	}
	if len(seen) < 190 {
		t.Errorf("200 codes hold only %d different ones", len(seen))
	}
}
