package policy_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"leye/app/policy"
	"leye/assets"
)

var day = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

func load(t testing.TB) *policy.Library {
	t.Helper()
	l, err := policy.Load(assets.Policies())
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestAllPoliciesLoad(t *testing.T) {
	if n := len(load(t).Policies()); n != 56 {
		t.Errorf("policies: %d, want 56", n)
	}
}

func TestSearch(t *testing.T) {
	l := load(t)
	for _, c := range []struct{ query, category, first string }{
		{"失业登记", "", "unemployment-registration"},
		{"Unemployment registration", "", "unemployment-registration"},
		{"失业登记", "employment", "unemployment-registration"},
	} {
		hits := l.Search(c.query, c.category, "", day)
		if len(hits) == 0 || hits[0].Policy.ID != c.first {
			t.Errorf("search %q: %v hits, want %s first", c.query, len(hits), c.first)
		}
	}
	if hits := l.Search("没有这样的词语xyz", "", "", day); len(hits) != 0 && hits[0].Score > 10 {
		t.Errorf("nonsense scores %d", hits[0].Score)
	}
	if hits := l.Search("失业登记", "training", "", day); len(hits) > 0 && hits[0].Policy.Category != "training" {
		t.Error("category is not kept")
	}
}

func TestExpiredAreNotFound(t *testing.T) {
	l := load(t)
	for _, h := range l.Search("", "", "", day) {
		if !h.Policy.Valid(day) {
			t.Errorf("%s is not in force", h.Policy.ID)
		}
	}
	if len(l.Search("", "", "", day)) == len(l.Search("", "", "", time.Date(1949, 1, 1, 0, 0, 0, 0, time.UTC))) {
		t.Error("the day makes no difference")
	}
}

func TestDecodeNamesLineAndKey(t *testing.T) {
	data, err := os.ReadFile("../../assets/policies/unemployment-registration.toml")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ add, want string }{
		{"colour = \"red\"\n", "colour: unknown key"},
		{"audience = 3\n", "audience"},
	} {
		_, err := policy.Decode([]byte(c.add + strings.ReplaceAll(string(data), "audience =", "#")))
		if err == nil || !strings.HasPrefix(err.Error(), "1: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("decode with %q: %v", c.add, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("id = \"a\"\n"))
	f.Fuzz(func(_ *testing.T, data []byte) { _, _ = policy.Decode(data) })
}

func FuzzSearch(f *testing.F) {
	l := load(f)
	f.Add("失业")
	f.Fuzz(func(_ *testing.T, q string) { l.Search(q, "", "", day) })
}

func BenchmarkSearch(b *testing.B) {
	l := load(b)
	for b.Loop() {
		l.Search("社会保险补贴", "", "", day)
	}
}
