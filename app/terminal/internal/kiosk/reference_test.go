package kiosk

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, China)

func ExampleNewReference() {
	r, err := NewReference("PT01", time.Date(2026, 11, 24, 12, 0, 0, 0, China), 7)
	fmt.Println(r, err)
	// Output: PT01-1124-0007-R <nil>
}

func TestReferenceTakesTheDayOfChina(t *testing.T) {
	utc := time.Date(2026, 11, 23, 16, 0, 0, 0, time.UTC)
	r, err := NewReference("PT01", utc, 1)
	if err != nil || !strings.HasPrefix(string(r), "PT01-1124-0001-") {
		t.Fatalf("got %s, %v", r, err)
	}
}

func TestReferenceIsTakenApart(t *testing.T) {
	for _, serial := range []int{1, 9999, 123456} {
		r, err := NewReference("PT0001", noon, serial)
		if err != nil {
			t.Fatal(err)
		}
		if day, n, ok := r.Serial(); day != "1124" || n != serial || !ok {
			t.Errorf("%s: %s, %d, %t", r, day, n, ok)
		}
	}
	for _, r := range []Reference{"", "PT01-1124-0007", "pt01-1124-0007-R", "PT01-1124-0008-R"} {
		if _, _, ok := r.Serial(); ok {
			t.Errorf("%q was taken apart", r)
		}
	}
}

func TestReferenceRefuses(t *testing.T) {
	for _, c := range []struct {
		terminal string
		serial   int
	}{{"", 1}, {"pt01", 1}, {"PT", 1}, {"01PT", 1}, {"PT01", 0}, {"PT01", 1000000}, {"PT-01", 1}, {"P01", 1}, {"PTX01", 1}, {"PT00001", 1}} {
		if r, err := NewReference(c.terminal, noon, c.serial); err == nil {
			t.Errorf("NewReference(%q, %d) = %s, want an error", c.terminal, c.serial, r)
		}
	}
}

// Every other character in every place, and every swap of neighbours, must be
// found: that is what the check character is for.
func TestParseReferenceFindsEverySlip(t *testing.T) {
	const all = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		terminal := string(rune('A'+rng.IntN(26))) + string(rune('A'+rng.IntN(26))) + fmt.Sprintf("%02d", rng.IntN(100))
		r, err := NewReference(terminal, noon.AddDate(0, 0, rng.IntN(365)), 1+rng.IntN(9999))
		if err != nil {
			t.Fatal(err)
		}
		if back, err := ParseReference(" " + strings.ToLower(string(r)) + " "); err != nil || back != r {
			t.Fatalf("ParseReference(%s) = %s, %v", r, back, err)
		}
		for _, wrong := range slips(string(r), all) {
			if got, err := ParseReference(wrong); err == nil && got != r {
				t.Fatalf("%s was taken for %s", wrong, r)
			}
		}
	}
}

func slips(s, alphabet string) []string {
	var out []string
	for i := range s {
		for _, c := range alphabet {
			out = append(out, s[:i]+string(c)+s[i+1:])
		}
		if i > 0 {
			out = append(out, s[:i-1]+s[i:i+1]+s[i-1:i]+s[i+1:])
		}
	}
	return out
}

func FuzzParseReference(f *testing.F) {
	f.Add("PT01-1124-0007-X")
	f.Add("PT01—1124-0007-y ")
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseReference(s)
		if err != nil {
			return
		}
		if again, err := ParseReference(string(r)); err != nil || again != r {
			t.Errorf("%q reads as %q, which reads as %q, %v", s, r, again, err)
		}
	})
}

func TestApplicationIDsDiffer(t *testing.T) {
	seen := map[ApplicationID]bool{}
	for range 1000 {
		id := NewApplicationID()
		if !id.Valid() || seen[id] {
			t.Fatalf("%q is not a new key", id)
		}
		seen[id] = true
	}
	for _, id := range []ApplicationID{"", "abc", ApplicationID(strings.Repeat("1", 26))} {
		if id.Valid() {
			t.Errorf("%q is taken for a key", id)
		}
	}
}
