package catalogue_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"leye/app/catalogue"
	"leye/assets"
)

func shipped(t testing.TB) *catalogue.Catalogue {
	t.Helper()
	cat, err := catalogue.Load(assets.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	return cat
}

// base is a small catalogue without a fault, as files in memory.
func base(t testing.TB) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	root := os.DirFS("testdata/base")
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(root, name)
		files[name] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestShippedCatalogueHasNoFault(t *testing.T) {
	for _, f := range catalogue.Check(assets.Catalogue()) {
		t.Error(f)
	}
	cat := shipped(t)
	if n := len(cat.Services()); n != 90 {
		t.Errorf("%d services, want the 90 of the district", n)
	}
	if n := len(cat.Clocks()); n != 44 {
		t.Errorf("%d clocks, want 44", n)
	}
}

func TestBaseHasNoFault(t *testing.T) {
	if faults := catalogue.Check(base(t)); len(faults) > 0 {
		t.Error(catalogue.Faults(faults))
	}
}

var (
	wanted    = regexp.MustCompile(`# want (\S+)$`)
	elsewhere = regexp.MustCompile(`# elsewhere (\S+) (\S+)$`)
)

// TestBrokenFiles lays each broken file over the small catalogue. The file says
// itself, on the line of each fault, which key the fault must name.
func TestBrokenFiles(t *testing.T) {
	names, err := fs.Glob(os.DirFS("testdata/broken"), "*.toml")
	if err != nil || len(names) < 50 {
		t.Fatalf("%d broken files, %v", len(names), err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(name, ".toml"), func(t *testing.T) {
			data, err := os.ReadFile(path.Join("testdata/broken", name))
			if err != nil {
				t.Fatal(err)
			}
			first, _, _ := strings.Cut(string(data), "\n")
			target := strings.TrimPrefix(first, "# a broken ")
			files := base(t)
			if files[target] == nil {
				t.Fatalf("%q is not a file of the small catalogue", target)
			}
			files[target] = &fstest.MapFile{Data: data}
			var got []string
			for _, f := range catalogue.Check(files) {
				got = append(got, fmt.Sprintf("%s:%d %s", f.File, f.Line, f.Key))
				if f.Problem == "" {
					t.Errorf("%v says nothing", f)
				}
			}
			if want := wants(target, string(data)); !slices.Equal(got, want) {
				t.Errorf("faults\n %s\nwant\n %s", strings.Join(got, "\n "), strings.Join(want, "\n "))
			}
			var faults catalogue.Faults
			if _, err := catalogue.Load(files); !errors.As(err, &faults) || len(faults) != len(got) {
				t.Errorf("Load says %v", err)
			}
		})
	}
}

func wants(file, text string) []string {
	var list []string
	for i, line := range strings.Split(text, "\n") {
		if m := wanted.FindStringSubmatch(line); m != nil {
			list = append(list, fmt.Sprintf("%s:%d %s", file, i+1, strings.TrimPrefix(m[1], "-")))
		}
		if m := elsewhere.FindStringSubmatch(line); m != nil {
			list = append(list, m[1]+" "+m[2])
		}
	}
	return list
}

func TestFaultsOfManyFilesAreOrdered(t *testing.T) {
	files := base(t)
	for _, name := range []string{"services/sample.toml", "codes/colour.toml", "receipts/slip.toml"} {
		files[name] = &fstest.MapFile{Data: append(files[name].Data, "\nodd = 1\n"...)}
	}
	files["notes.txt"] = &fstest.MapFile{Data: []byte("hello")}
	files["codes/list.csv"] = &fstest.MapFile{Data: []byte("a;b")}
	var got []string
	for _, f := range catalogue.Check(files) {
		got = append(got, f.File)
	}
	want := []string{"codes/colour.toml", "codes/list.csv", "notes.txt", "receipts/slip.toml", "services/sample.toml"}
	if !slices.Equal(got, want) {
		t.Errorf("faults in %q, want %q", got, want)
	}
}

func TestEmptyFolderIsNoCatalogue(t *testing.T) {
	if _, err := catalogue.Load(fstest.MapFS{}); err == nil {
		t.Error("an empty folder loads")
	}
}

func TestVersion(t *testing.T) {
	load := func(files fstest.MapFS) string {
		cat, err := catalogue.Load(files)
		if err != nil {
			t.Fatal(err)
		}
		return cat.Version()
	}
	first := load(base(t))
	if again := load(base(t)); again != first || len(first) != 12 {
		t.Errorf("versions %q and %q of the same files", first, again)
	}
	changed := base(t)
	changed["groups/person.toml"].Data = bytes.Replace(changed["groups/person.toml"].Data, []byte("Name"), []byte("Full name"), 1)
	if load(changed) == first {
		t.Error("a changed file keeps the version")
	}
	moved := base(t)
	moved["receipts/other.toml"] = &fstest.MapFile{Data: bytes.Replace(moved["receipts/slip.toml"].Data, []byte(`"slip"`), []byte(`"other"`), 1)}
	if load(moved) == first {
		t.Error("a new file keeps the version")
	}
}

func TestChoices(t *testing.T) {
	cat := shipped(t)
	tests := []struct {
		ref         string
		least, most int
		code        string
	}{
		{"sex", 3, 3, "2"},
		{"putuo_town", 10, 10, "310107103"},
		{"runtime:slot", 1, 1, catalogue.Counter},
		{"runtime:resident_pension_tier", 1, 1, catalogue.Counter},
		{"runtime:service", 80, 86, "unemployment-registration"},
		{"runtime:indicator", 16, 16, "ind-qihang"},
		{"nowhere", 0, 0, ""},
	}
	for _, tt := range tests {
		list := cat.Choices(catalogue.Field{OptionsRef: tt.ref})
		if len(list) < tt.least || len(list) > tt.most {
			t.Errorf("%s has %d choices, want %d to %d", tt.ref, len(list), tt.least, tt.most)
		}
		if tt.code != "" && !slices.ContainsFunc(list, func(c catalogue.Choice) bool { return c.Code == tt.code && c.ZH != "" && c.EN != "" }) {
			t.Errorf("%s lacks %s", tt.ref, tt.code)
		}
	}
	for _, s := range cat.Services() {
		for _, f := range cat.Fields(s) {
			if (f.Type == catalogue.TypeChoice || f.Type == catalogue.TypeMultiChoice) && len(cat.Choices(f)) == 0 {
				t.Errorf("%s: field %s is a dead end", s.ID, f.Key)
			}
		}
	}
}

func TestFieldsAreGroupsThenOwn(t *testing.T) {
	cat := shipped(t)
	s, ok := cat.Service("hardship-flexible-subsidy")
	if !ok {
		t.Fatal("no such service")
	}
	fields := cat.Fields(s)
	if fields[0].Key != "name" || fields[len(fields)-1].Key != "other" {
		t.Errorf("fields run from %s to %s", fields[0].Key, fields[len(fields)-1].Key)
	}
	if got := cat.Fields(catalogue.Service{FieldGroups: []string{"bank"}}); len(got) != 4 {
		t.Errorf("the bank group has %d fields, want 4", len(got))
	}
}

func TestEventsLeadToEveryService(t *testing.T) {
	cat := shipped(t)
	var ids []string
	large := 0
	reached := map[string]bool{}
	for _, e := range cat.Events() {
		ids = append(ids, e.ID)
		if e.Large {
			large++
		}
		for _, id := range e.Services {
			reached[id] = true
			if s, _ := cat.Service(id); slices.Contains(e.Audience, "resident") && slices.Equal(s.Audience, []string{"staff"}) {
				t.Errorf("tile %s shows residents the staff's service %s", e.ID, id)
			}
		}
	}
	want := strings.Fields("job unemployed flexible training startup pension injury dispute employer policy progress staff")
	if !slices.Equal(ids, want) || large != 8 {
		t.Errorf("%d large tiles of %q", large, ids)
	}
	if len(reached) != len(cat.Services()) {
		t.Errorf("%d of %d services are reached", len(reached), len(cat.Services()))
	}
	if first := cat.Services()[0].ID; first != "job-search" {
		t.Errorf("the first service is %s", first)
	}
}

func TestParameter(t *testing.T) {
	cat := shipped(t)
	tests := []struct {
		key, day, value string
		ok              bool
	}{
		{"min_wage", "2024-06-30", "", false},
		{"min_wage", "2024-07-01", "2690", true},
		{"min_wage", "2025-06-30", "2690", true},
		{"min_wage", "2026-11-24", "2740", true},
		{"flex_pension_rate", "2026-11-24", "0.2", true},
		{"loan_cap", "2026-11-24", "4000000", true},
		{"hardship_flex_subsidy_ratio", "2026-12-31", "0.5", true},
		{"hardship_flex_subsidy_ratio", "2027-01-01", "", false},
		{"ui_tier1", "2028-07-01", "", false},
		{"intern_min_months", "2026-11-24", "", false},
		{"resident_pension_tier", "2026-11-24", "", false},
		{"nothing", "2026-11-24", "", false},
	}
	for _, tt := range tests {
		day, err := time.Parse(time.DateOnly, tt.day)
		if err != nil {
			t.Fatal(err)
		}
		p, ok := cat.Parameter(tt.key, day)
		if ok != tt.ok || ok && (p.Value != tt.value || p.From > tt.day || p.Confidence == "") {
			t.Errorf("%s on %s is %+v, %v; want %q", tt.key, tt.day, p, ok, tt.value)
		}
	}
}

func TestUncertain(t *testing.T) {
	for _, c := range (catalogue.Confidence("")).Values() {
		if got := catalogue.Uncertain(catalogue.Confidence(c)); got != (c != "high") {
			t.Errorf("Uncertain(%s) = %v", c, got)
		}
	}
}

func TestFinders(t *testing.T) {
	cat := shipped(t)
	clock, ok := cat.Clock("arb-decide")
	if !ok || clock.Value != 45 || clock.Unit != catalogue.CalendarDay || clock.Extension.Value != 15 {
		t.Errorf("clock %+v, %v", clock, ok)
	}
	if m, ok := cat.Machine("work-injury"); !ok || len(m.States) != 14 {
		t.Errorf("machine %+v, %v", m, ok)
	}
	if r, ok := cat.Receipt("acceptance"); !ok || len(r.Contents) != 10 {
		t.Errorf("receipt %+v, %v", r, ok)
	}
	if i, ok := cat.Identity("staff"); !ok || i.Level != 3 {
		t.Errorf("identity %+v, %v", i, ok)
	}
	if e, ok := cat.Event("employer"); !ok || e.Large {
		t.Errorf("event %+v, %v", e, ok)
	}
	if l, ok := cat.CodeList("ethnic"); !ok || len(l.Items) != 58 {
		t.Errorf("list %+v, %v", l, ok)
	}
	if _, ok := cat.Clock("never"); ok {
		t.Error("a clock that nobody declared")
	}
}

// Summaries are read by people in a hurry; no sum of money may stand there, for
// figures change and are declared elsewhere.
func TestSummariesAreShortAndPromiseNothing(t *testing.T) {
	figure := regexp.MustCompile(`[0-9]|元|yuan`)
	for _, s := range shipped(t).Services() {
		if n := len([]rune(s.Summary.ZH)); n > 45 || figure.MatchString(s.Summary.ZH+s.Summary.EN) {
			t.Errorf("%s: %d characters: %s %s", s.ID, n, s.Summary.ZH, s.Summary.EN)
		}
	}
}

// FuzzCheck gives the reader any bytes as a service, a machine and a list.
func FuzzCheck(f *testing.F) {
	for _, data := range base(f) {
		f.Add(data.Data)
	}
	files := base(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, name := range []string{"services/sample.toml", "machines/simple.toml", "parameters/wage.toml"} {
			over := maps.Clone(files)
			over[name] = &fstest.MapFile{Data: data}
			for _, fault := range catalogue.Check(over) {
				if fault.Line < 1 || fault.File == name && fault.Line > bytes.Count(data, []byte("\n"))+1 {
					t.Errorf("%v stands outside the file", fault)
				}
			}
		}
	})
}

func BenchmarkLoad(b *testing.B) {
	fsys := assets.Catalogue()
	for b.Loop() {
		if _, err := catalogue.Load(fsys); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleCatalogue_Choices() {
	cat, err := catalogue.Load(assets.Catalogue())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range cat.Choices(catalogue.Field{OptionsRef: "disability_level"}) {
		fmt.Println(c.Code, c.ZH, c.EN)
	}
	// Output:
	// 1 一级 Grade 1
	// 2 二级 Grade 2
	// 3 三级 Grade 3
	// 4 四级 Grade 4
}
