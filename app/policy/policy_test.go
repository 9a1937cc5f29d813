package policy_test

import (
	"bytes"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"leye/app/catalogue"
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
		text := c.add + strings.ReplaceAll(string(data), "audience =", "#")
		_, faults := policy.Decode("unemployment-registration.toml", []byte(text))
		if len(faults) != 1 || !strings.HasPrefix(faults[0].Error(), "unemployment-registration.toml:1: ") || !strings.Contains(faults[0].Error(), c.want) {
			t.Errorf("decode with %q: %v", c.add, faults)
		}
	}
}

var said = regexp.MustCompile(`\b(zh|en) = "[^"]+"`)

// TestEveryTextIsNeededInBothLanguages takes each text of each policy away in
// turn; the fault must name its line and key.
func TestEveryTextIsNeededInBothLanguages(t *testing.T) {
	files := assets.Policies()
	names, err := fs.Glob(files, "*.toml")
	if err != nil {
		t.Fatal(err)
	}
	taken := 0
	for _, name := range names {
		data, err := fs.ReadFile(files, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range said.FindAllSubmatchIndex(data, -1) {
			taken++
			language := string(data[at[2]:at[3]])
			without := slices.Concat(data[:at[0]], []byte(language+` = ""`), data[at[1]:])
			line := 1 + bytes.Count(data[:at[0]], []byte("\n"))
			_, faults := policy.Decode(name, without)
			if len(faults) != 1 || faults[0].File != name || faults[0].Line != line || !strings.HasSuffix(faults[0].Key, "."+language) {
				t.Errorf("%s:%d without its %s: %v", name, line, language, faults)
			}
		}
	}
	if taken < 500 {
		t.Errorf("only %d texts were taken away", taken)
	}
}

func TestMissingKeyHasTheLineOfItsTable(t *testing.T) {
	text := "id = \"a\"\ntitle = { zh = \"甲\", en = \"A\" }\n\n[summary]\nzh = \"甲\"\n"
	_, faults := policy.Decode("a.toml", []byte(text))
	if len(faults) != 1 || faults[0].Error() != "a.toml:4: summary.en: no English text" {
		t.Errorf("faults: %v", faults)
	}
}

func TestLoadJoinsAllFaults(t *testing.T) {
	l, err := policy.Load(fstest.MapFS{
		"a.toml": {Data: []byte("id = \"b\"\nvalid_to = \"never\"\n")},
		"c.toml": {Data: []byte("id = \"c\"\ntitle = { zh = \"丙\", en = \"C\" }\nsummary = { zh = \"丙\", en = \"C\" }\n")},
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"a.toml:1: id: ", "a.toml:1: title.zh: ", "a.toml:1: summary.en: ", "a.toml:2: valid_to: "} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in\n%v", want, err)
		}
	}
	if _, ok := l.Policy("c"); !ok || len(l.Policies()) != 1 {
		t.Errorf("%d policies, want only c", len(l.Policies()))
	}
}

var (
	bracketed = regexp.MustCompile(`\([^()]*\)|（[^（）]*）`)
	han       = regexp.MustCompile(`\p{Han}+`)
	doubted   = regexp.MustCompile(`以[^，。]*窗口[^，。]*为准`)
)

// bare is the Chinese in a text outside of brackets.
func bare(text string) string {
	for bracketed.MatchString(text) {
		text = bracketed.ReplaceAllString(text, "")
	}
	return han.FindString(text)
}

// TestEnglishNamesTermsInBrackets reads what an English screen and slip show of
// every policy: Chinese stands only in brackets, as a term to show at the counter.
func TestEnglishNamesTermsInBrackets(t *testing.T) {
	for _, p := range load(t).Policies() {
		shown := []string{p.Title.EN, p.Summary.EN}
		for _, law := range p.Basis {
			shown = append(shown, law.Cite().EN)
		}
		for _, f := range p.Figures {
			shown = append(shown, f.Label.EN, f.Amount().EN)
		}
		for _, text := range shown {
			if found := bare(text); found != "" {
				t.Errorf("%s: %q stands bare in %q", p.ID, found, text)
			}
		}
		if doubted.MatchString(p.Summary.ZH) && !strings.Contains(p.Summary.EN, "counter") {
			t.Errorf("%s: the doubt is not said in English", p.ID)
		}
	}
	if bare("Leave (退出（登记）) 登记") != "登记" {
		t.Error("bare Chinese is not found")
	}
}

func TestAmountAndCite(t *testing.T) {
	for _, c := range []struct {
		f      policy.Figure
		zh, en string
	}{
		{policy.Figure{Value: "24", Unit: catalogue.Text{ZH: "月", EN: "months"}}, "24月", "24 months"},
		{policy.Figure{Value: "50", Unit: catalogue.Text{ZH: "%最低工资", EN: "% of the minimum wage"}}, "50%最低工资", "50% of the minimum wage"},
		{policy.Figure{Value: "139"}, "139", "139"},
		{policy.Figure{Unit: catalogue.Text{ZH: "元", EN: "yuan"}}, "", ""},
	} {
		if got := c.f.Amount(); got.ZH != c.zh || got.EN != c.en {
			t.Errorf("%+v is %q, %q", c.f, got.ZH, got.EN)
		}
	}
	b := policy.Basis{Name: catalogue.Text{ZH: "工伤认定办法", EN: "Measures on Work Injury Recognition"}, Number: "人社部令第8号"}
	if got := b.Cite(); got.ZH != "工伤认定办法 人社部令第8号" || got.EN != "Measures on Work Injury Recognition (工伤认定办法 人社部令第8号)" {
		t.Errorf("cited as %+v", got)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("id = \"a\"\n"))
	f.Fuzz(func(_ *testing.T, data []byte) { _, _ = policy.Decode("a.toml", data) })
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
