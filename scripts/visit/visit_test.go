package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"leye/app/catalogue"
	"leye/assets"
	"leye/scripts/internal/paper"
)

// The night in London when it is already the next day in Shanghai.
var lateEvening = time.Date(2026, 11, 23, 18, 0, 0, 0, time.UTC)

func TestEveryDeclaredVisitAnswersWhatItsServiceAsks(t *testing.T) {
	cat, err := catalogue.Load(assets.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("visits/*.toml")
	if err != nil || len(files) < 3 {
		t.Fatalf("%d visits, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			v, err := LoadVisit(file, lateEvening)
			if err != nil {
				t.Fatal(err)
			}
			if v.Before != "" {
				v.lookUp(paper.Proof{Number: "000-417-261124-0001-5", QueryCode: "402913"})
				if _, err := LoadVisit("visits/"+v.Before+".toml", lateEvening); err != nil {
					t.Error(err)
				}
			}
			if v.Service+".toml" != filepath.Base(file) {
				t.Errorf("service %s stands in %s", v.Service, file)
			}
			s, ok := cat.Service(v.Service)
			if !ok {
				t.Fatalf("no service %s", v.Service)
			}
			checkAnswers(t, cat, s, v)
		})
	}
}

func checkAnswers(t *testing.T, cat *catalogue.Catalogue, s catalogue.Service, v Visit) {
	t.Helper()
	fields := map[string]catalogue.Field{}
	for _, f := range cat.Fields(s) {
		fields[f.Key] = f
		_, answered := v.Answers[f.Key]
		_, given := v.Given[f.Key]
		if f.Required && f.When == nil && !answered && !given {
			t.Errorf("required field %s has no answer", f.Key)
		}
	}
	for key, a := range v.Answers {
		f, ok := fields[key]
		if !ok {
			t.Errorf("the service has no field %s", key)
		}
		choices := cat.Choices(f)
		if len(choices) == 0 {
			continue
		}
		for _, code := range a.codes() {
			known := false
			for _, c := range choices {
				known = known || c.Code == code
			}
			if !known {
				t.Errorf("field %s has no choice %q", key, code)
			}
		}
	}
}

func TestParseVisitRefusesWhatItCannotPlay(t *testing.T) {
	for name, text := range map[string]string{
		"no service":               `event = "flexible"`,
		"unknown key":              "service = \"a\"\nservcie = \"b\"",
		"keys that type otherwise": "service = \"a\"\n[answers]\nx = { text = \"普陀\", keys = [\"putuo:普通\"] }",
		"no text":                  "service = \"a\"\n[answers]\nx = { keys = [\"1\"] }",
		"no answer":                "service = \"a\"\n[answers]\nx = 2026-01-01",
		"no TOML":                  "service",
	} {
		if _, err := ParseVisit([]byte(text), lateEvening); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestTodayIsTheDayInShanghai(t *testing.T) {
	v, err := ParseVisit([]byte("service = \"a\"\n[answers]\nstart = \"today\""), lateEvening)
	if err != nil || v.Answers["start"].Value != "2026-11-24" {
		t.Errorf("start = %v, %v", v.Answers["start"].Value, err)
	}
}

func TestSplitChunkTellsPinyinFromKeys(t *testing.T) {
	for chunk, want := range map[string][2]string{
		"pu tuo:普陀": {"putuo", "普陀"},
		"100":       {"", "100"},
		"9:30":      {"", "9:30"},
		"号":         {"", "号"},
	} {
		if pinyin, text := splitChunk(chunk); pinyin != want[0] || text != want[1] {
			t.Errorf("splitChunk(%q) = %q, %q", chunk, pinyin, text)
		}
	}
}

func FuzzParseVisit(f *testing.F) {
	files, err := filepath.Glob("visits/*.toml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := ParseVisit([]byte(text), lateEvening)
		if err != nil {
			return
		}
		for key, a := range v.Answers {
			var typed strings.Builder
			for _, chunk := range a.chunks() {
				_, produced := splitChunk(chunk)
				typed.WriteString(produced)
			}
			if len(a.Keys) > 0 && typed.String() != a.Value {
				t.Errorf("%s: types %q instead of %q", key, typed.String(), a.Value)
			}
		}
	})
}
