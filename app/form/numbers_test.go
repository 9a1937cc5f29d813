package form

import (
	"bufio"
	"os"
	"strings"
	"testing"
)

// TestNumberChecksAgreeWithAnother reads numbers with the verdict of another
// program, as scripts/judge makes them: kind, number, verdict.
func TestNumberChecksAgreeWithAnother(t *testing.T) {
	name := os.Getenv("LEYE_JUDGE_NUMBERS")
	if name == "" {
		t.Skip("LEYE_JUDGE_NUMBERS names no file; scripts/judge makes one")
	}
	checks := map[string]func(string) bool{"identity": ValidIdentityNumber, "credit": ValidCreditCode, "card": ValidCardNumber}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	type verdicts struct{ right, wrong, other int }
	seen := map[string]verdicts{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		cells := strings.Split(lines.Text(), "\t")
		if len(cells) != 3 || checks[cells[0]] == nil {
			t.Fatalf("line %q", lines.Text())
		}
		v, is := seen[cells[0]], cells[2] == "true"
		if is {
			v.right++
		} else {
			v.wrong++
		}
		if checks[cells[0]](cells[1]) != is {
			if v.other++; v.other <= 5 {
				t.Errorf("%s %s is %v there and %v here", cells[0], cells[1], is, !is)
			}
		}
		seen[cells[0]] = v
	}
	for kind := range checks {
		if v := seen[kind]; v.right < 1000 || v.wrong < 1000 {
			t.Errorf("%s: too few numbers to judge by: %+v", kind, v)
		}
	}
	t.Logf("%+v", seen)
}
