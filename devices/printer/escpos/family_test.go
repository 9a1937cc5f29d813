package escpos

import (
	"slices"
	"strings"
	"testing"
)

func TestEveryFamilyIsDeclaredWell(t *testing.T) {
	names := FamilyNames()
	for _, want := range []string{"epson", "custom", "citizen"} {
		if !slices.Contains(names, want) {
			t.Errorf("no %s among %v", want, names)
		}
	}
	for _, name := range names {
		f, err := LoadFamily(name)
		if err != nil || f.Name != name || f.Knife < 96 || f.Knife > 216 {
			t.Errorf("%s: %+v, %v", name, f, err)
		}
	}
	if f, err := LoadFamily(""); err != nil || f.Name != "epson" || f.Exit() || f.Ordered {
		t.Errorf("by default %+v, %v", f, err)
	}
	if _, err := LoadFamily("../epson"); err == nil || !strings.Contains(err.Error(), "citizen, custom, epson") {
		t.Errorf("an unknown family: %v", err)
	}
}

func TestFaultyFamiliesAreRefused(t *testing.T) {
	const good = "replies = \"bits\"\nknife = 15\n[paper]\nnear = 0x0C\nend = 0x20\n[exit]\nbits = 0x40\nretract = \"1D 52 30\"\nhold = \"1D 52 31 00\"\n"
	if _, err := parseFamily("x", []byte(good)); err != nil {
		t.Fatal(err)
	}
	for change, says := range map[[2]string]string{
		{`"bits"`, `"guess"`}:                 "replies",
		{"knife = 15", "knife = 1"}:           "knife",
		{"near = 0x0C", "near = 0x2C"}:        "paper",
		{"end = 0x20", "end = 0x120"}:         "paper",
		{"bits = 0x40", "bits = 0x20"}:        "the paper's",
		{"bits = 0x40", "full = true"}:        "no bits of a sensor",
		{"bits = 0x40", "bits = 0x140"}:       "not bits of a byte",
		{`retract = "1D 52 30"`, "full=true"}: "told apart",
		{"1D 52 30", "1D 5"}:                  "exit.retract",
		{"1D 52 30", "41 42"}:                 "exit.retract: no command",
		{"1D 52 31 00", "1D 5"}:               "exit.hold",
		{"1D 52 31 00", "41 42"}:              "exit.hold: no command",
		{"knife", "colour = 1\nknife"}:        "missing",
	} {
		_, err := parseFamily("x", []byte(strings.Replace(good, change[0], change[1], 1)))
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q", change, err, says)
		}
	}
}

func FuzzFamily(f *testing.F) {
	for _, name := range FamilyNames() {
		data, err := families.ReadFile("families/" + name + ".toml")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		family, err := parseFamily("x", data)
		if err != nil {
			return
		}
		if family.Knife <= 0 || family.near == 0 || family.end == 0 || len(family.retract)+len(family.hold) > 0 && !family.Exit() {
			t.Errorf("%+v", family)
		}
	})
}
