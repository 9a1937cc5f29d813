package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Each folder of testdata holds what a visit left on the running programs: its
// record, its slip and the central's case. scripts/start --visit renews them.
func recorded(t *testing.T) map[string]Evidence {
	t.Helper()
	folders, err := filepath.Glob("testdata/*/record.json")
	if err != nil || len(folders) == 0 {
		t.Fatalf("%d recorded visits, %v", len(folders), err)
	}
	visits := map[string]Evidence{}
	for _, path := range folders {
		e, err := Folder(filepath.Dir(path)).evidence()
		if err != nil {
			t.Fatal(err)
		}
		visits[filepath.Base(filepath.Dir(path))] = e
	}
	return visits
}

func TestRecordedVisitsAgreeOnAllSides(t *testing.T) {
	for name, e := range recorded(t) {
		rows := Compare(e)
		if !agreed(rows) {
			var table bytes.Buffer
			printRows(&table, rows)
			t.Errorf("%s:\n%s", name, table.String())
		}
	}
}

func TestEveryChangeToARecordedVisitIsFound(t *testing.T) {
	for name, e := range recorded(t) {
		var out strings.Builder
		if err := Tamper(e, &out); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out.String())
		}
	}
}

func TestCompareCommandFailsOnADifferenceAndTamperDemandsThem(t *testing.T) {
	dir := t.TempDir()
	source := "testdata/flexible-employment-registration"
	if err := os.CopyFS(dir, os.DirFS(source)); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) error {
		return run(t.Context(), append([]string{"compare", "--out", dir}, args...), &bytes.Buffer{})
	}
	if err := run(); err != nil {
		t.Errorf("compare: %v", err)
	}
	if err := run("--tamper"); err != nil {
		t.Errorf("compare --tamper: %v", err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "case.json"))
	if err != nil {
		t.Fatal(err)
	}
	var document map[string]any
	if err := json.Unmarshal(data, &document); err != nil {
		t.Fatal(err)
	}
	document["answers"].(map[string]any)["flex_type"] = "freelance"
	if data, err = json.Marshal(document); err != nil {
		t.Fatal(err)
	}
	if err := Folder(dir).save("case.json", data); err != nil {
		t.Fatal(err)
	}
	if err := run(); err == nil {
		t.Error("compare accepts an answer that the central has otherwise")
	}
	if err := run("--tamper"); err == nil {
		t.Error("compare --tamper begins on sides that differ")
	}
}

func TestAgreesReadsMasks(t *testing.T) {
	for _, c := range []struct {
		masked, value string
		want          bool
	}{
		{"李试样", "李试样", true},
		{"李*样", "李试样", true},
		{"李*样", "王试样", false},
		{"李*样", "李试本", false},
		{"138****1234", "13800001234", true},
		{"138****1234", "13900001234", false},
		{"3101*************6", "310101199203159026", true},
		{"上海市黄浦区***", "上海市黄浦区样例路100弄", true},
		{"上海市徐汇区***", "上海市黄浦区样例路100弄", false},
		{"**** **** **** 1234", "6222000011112221234", true},
		{"***", "李试样", false},
		{"", "李试样", false},
		{"李*试*样", "李样", false},
	} {
		if got := agrees(c.masked, c.value); got != c.want {
			t.Errorf("agrees(%q, %q) = %v", c.masked, c.value, got)
		}
	}
}

func TestSegmentsReadSheetsThatPaperBroke(t *testing.T) {
	words := Words{Fields: []FieldWords{{Key: "place", Label: "从业地点"}, {Key: "long", Label: "是否同时办理职工养老、医疗参保"}, {Key: "sex", Label: "性别"}}}
	slip := []string{"受理回执", "从业地点:上海市普陀区长寿", "路100号", "性别 女", "性别:女", "是否同时办理职工养老、", "医疗参保:是"}
	found := segments(slip, words)
	for key, want := range map[string]string{"place": "上海市普陀区长寿路100号", "sex": "女", "long": "是"} {
		if !stands(found[key], want) {
			t.Errorf("%s = %q, want %s", key, found[key], want)
		}
	}
	if stands(found["sex"], "男") || stands(found["place"], "上海市普陀区") {
		t.Error("a part of an answer, or another, is taken for it")
	}
}

func FuzzCompare(f *testing.F) {
	f.Add("办件编号 000-417-261124-0001-5", `{"number":"1","answers":{"kind":["a",1,null]}}`, "李*样")
	f.Add("", `{}`, "*")
	f.Fuzz(func(t *testing.T, slip, document, text string) {
		var c Case
		if json.Unmarshal([]byte(document), &c) != nil {
			return
		}
		visit := Visit{Person: Person{Name: "李试样", Number: "1"}, Given: map[string]any{"kind": text}}
		rows := Compare(Evidence{
			Record: Record{Visit: visit, Steps: []Step{{Screen: "check", Texts: strings.Split(text, "\n")}}},
			Slip:   slip, Case: c, Words: Words{Service: "x", Fields: []FieldWords{{Key: "kind", Label: "类型"}}},
		})
		if agreed(rows) && c.Number == "" {
			t.Error("all agrees although the central has no number")
		}
	})
}
