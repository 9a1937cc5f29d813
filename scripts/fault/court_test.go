package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func hear(t *testing.T, product, control int, of int, err error) (string, error) {
	t.Helper()
	var out strings.Builder
	c := court{dir: t.TempDir(), bin: t.TempDir(), seed: 1}
	j := judge{name: "x", bad: "lost", of: "claimed", worse: mutant{why: "worse"}, try: func(_ context.Context, t *trial) (tally, error) {
		if t.control {
			return tally{bad: control, of: of}, err
		}
		return tally{bad: product, of: of}, err
	}}
	failed := c.hear(t.Context(), []judge{j}, &out)
	return out.String(), failed
}

func TestACourtIsContentOnlyWhenTheControlIsFoundOut(t *testing.T) {
	for name, c := range map[string]struct {
		product, control, of int
		err                  error
		words                string
		fails                bool
	}{
		"all holds":              {0, 3, 10, nil, "0 lost of 10 claimed; control (worse): 3 of 10", false},
		"something is lost":      {1, 3, 10, nil, "FAILED: 1 lost", true},
		"the control looks fine": {0, 0, 10, nil, "FAILED: 0 lost", true},
		"nothing was tried":      {0, 3, 0, nil, "FAILED", true},
		"it breaks":              {0, 3, 10, errors.New("no disk"), "FAILED: no disk", true},
		"it cannot be tried":     {0, 3, 10, skipped{"no right"}, "SKIPPED: no right", false},
	} {
		words, err := hear(t, c.product, c.control, c.of, c.err)
		if !strings.Contains(words, c.words) || (err != nil) != c.fails {
			t.Errorf("%s: %q, %v", name, words, err)
		}
	}
}

// A control that is harmed by lot may have luck once, and draws other lots then.
func TestAControlIsTriedUntilItIsFoundOut(t *testing.T) {
	for _, lucky := range []int{0, 2, mostControls} {
		tried, lots := 0, map[uint64]bool{}
		c := court{dir: t.TempDir(), bin: t.TempDir(), seed: 1}
		_, holds, err := c.judge(t.Context(), judge{name: "x", try: func(_ context.Context, t *trial) (tally, error) {
			if !t.control {
				return tally{of: 1}, nil
			}
			tried++
			lots[t.rng.Uint64()] = true
			return tally{of: 1, bad: min(1, tried/(lucky+1))}, nil
		}})
		want := min(lucky+1, mostControls)
		if err != nil || holds != (lucky < mostControls) || tried != want || len(lots) != want {
			t.Errorf("lucky %d times: %v after %d trials with %d lots, %v", lucky, holds, tried, len(lots), err)
		}
	}
}

func TestEveryJudgeHasANameAndAControl(t *testing.T) {
	names := map[string]bool{}
	for _, j := range judges() {
		if names[j.name] || j.name == "" || j.what == "" || j.bad == "" || j.of == "" || j.worse.why == "" || j.try == nil {
			t.Errorf("judge %q", j.name)
		}
		names[j.name] = true
	}
	if _, err := choose([]string{"nobody"}); !errors.Is(err, errUsage) {
		t.Errorf("got %v", err)
	}
}

// Every control must still fit the product that it makes worse.
func TestControlsFindTheLinesThatTheyChange(t *testing.T) {
	t.Chdir("../..")
	for _, j := range judges() {
		c := &trial{court: court{dir: t.TempDir()}}
		if _, err := j.worse.overlay(c); err != nil {
			t.Errorf("%s: %v", j.name, err)
		}
	}
}

func TestAnOverlayIsNotMadeWhereALineIsNotFound(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a.go")
	if err := os.WriteFile(file, []byte("one\ntwo\ntwo\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := &trial{court: court{dir: dir}}
	for old, fits := range map[string]bool{"one": true, "two": false, "three": false} {
		_, err := mutant{edits: []edit{{file, old, "x"}}}.overlay(c)
		if (err == nil) != fits {
			t.Errorf("%s: %v", old, err)
		}
	}
}

func TestCompareStoreFindsEachKindOfLoss(t *testing.T) {
	claims := map[string]claim{"A": {reference: "r1", digest: "d1"}, "B": {reference: "r2", digest: "d2"}}
	whole := func() seen {
		s := seen{}
		s.Entries = append(s.Entries,
			listed{ID: "A", Reference: "r1", Digest: "d1", State: "pending", Whole: true},
			listed{ID: "B", Reference: "r2", Digest: "d2", State: "pending", Whole: true})
		return s
	}
	for name, harm := range map[string]func(*seen){
		"":                    func(*seen) {},
		"does not open":       func(s *seen) { s.Fault = "damaged" },
		"kept 0 times":        func(s *seen) { s.Entries = s.Entries[1:] },
		"kept 2 times":        func(s *seen) { s.Entries = append(s.Entries, s.Entries[0]) },
		"not what was filed":  func(s *seen) { s.Entries[0].Digest = "d9" },
		"have the reference":  func(s *seen) { s.Entries[0].Reference = "r2" },
		"journal broken at 3": func(s *seen) { s.Journal = "journal broken at 3" },
	} {
		var n tally
		found := whole()
		harm(&found)
		compareStore(&n, claims, found)
		if (n.bad == 0) != (name == "") || !strings.Contains(strings.Join(n.notes, "\n"), name) {
			t.Errorf("%q: %d, %q", name, n.bad, n.notes)
		}
	}
}

func TestCompareCasesFindsWhatIsMissingDoubledAndUnknown(t *testing.T) {
	all := []kept{{Reference: "r1", Number: "n1"}, {Reference: "r2", Number: "n2"}}
	good := []held{{reference: "r1", number: "n1"}, {reference: "r2", number: "n2"}}
	for name, cases := range map[string][]held{
		"good":    good,
		"missing": good[:1],
		"doubled": append(good[:2:2], good[0]),
		"unknown": append(good[:2:2], held{reference: "r3", number: "n3"}),
		"renamed": {good[0], {reference: "r2", number: "n9"}},
	} {
		var n tally
		compareCases(&n, all, cases)
		if (n.bad == 0) != (name == "good") {
			t.Errorf("%s: %d", name, n.bad)
		}
	}
}

func TestAVerdictTellsHarmFromLoss(t *testing.T) {
	body := func(id string) string {
		return `{"id":"` + id + `","reference":"r` + id + `","answers":{"period":"q","by":"town","filling":"` + id + id + `"}}`
	}
	at := func(id, state string, offset int) placed {
		p := placed{listed: listed{ID: id, Reference: "r" + id, State: state}}
		if err := json.Unmarshal(fmt.Appendf(nil, `{"Extents":[{"Log":false,"Offset":%d,"Length":10}]}`, offset), &p); err != nil {
			t.Fatal(err)
		}
		return p
	}
	truth := []placed{at("A", "pending", 0), at("B", "pending", 100), at("C", "accepted", 200)}
	more := newSaid()
	more.kept["D"] = claim{reference: "rD"}
	for name, c := range map[string]struct {
		harm  func(*verdict)
		wrong string
	}{
		"all well":            {func(*verdict) {}, ""},
		"harmed, with a sign": {func(v *verdict) { v.cases, v.after.Aside = v.cases[:1], 1 }, ""},
		"harmed, without":     {func(v *verdict) { v.cases = v.cases[:1] }, "B is gone without a sign"},
		"not harmed":          {func(v *verdict) { v.cases, v.after.Aside = v.cases[1:], 1 }, "A is gone, and nothing had harmed it"},
		"accepted gone":       {func(v *verdict) { v.after.Entries, v.after.Aside = nil, 1 }, "C is gone, and nothing had harmed it"},
		"not sent, called so": {func(v *verdict) {
			v.cases[1].id = "D"
			v.after.Entries = append(v.after.Entries, listed{ID: "B", State: "accepted"})
		}, "B is gone without a sign"},
		"another":              {func(v *verdict) { v.cases[0].body = body("E") }, "A is another in the central"},
		"foreign":              {func(v *verdict) { v.cases = append(v.cases, held{id: "E", reference: "rE", body: body("E")}) }, "E was never filed"},
		"does not open":        {func(v *verdict) { v.found.Fault = "damaged" }, "it does not serve: damaged"},
		"keeps nothing more":   {func(v *verdict) { v.more = newSaid() }, "it keeps nothing more"},
		"a reference is given": {func(v *verdict) { v.truth[0].Reference = "rD" }, "A and D have the reference rD"},
	} {
		v := verdict{hit: hit{begin: 105, end: 106}, truth: slices.Clone(truth), more: more}
		v.cases = []held{{id: "A", reference: "rA", body: body("A")}, {id: "B", reference: "rB", body: body("B")}}
		v.after.Entries = []listed{{ID: "C", State: "accepted"}}
		c.harm(&v)
		if wrong := strings.Join(v.wrong(), "; "); wrong != c.wrong && !(c.wrong != "" && strings.Contains(wrong, c.wrong)) {
			t.Errorf("%s: %q", name, wrong)
		}
	}
}

func TestExecutionsAreThoseCountedLast(t *testing.T) {
	for words, want := range map[string]int{
		"": 0, "PASS": 0,
		"fuzz: elapsed: 3s, execs: 12 (4/sec)\nfuzz: elapsed: 6s, execs: 6340 (2113/sec), new interesting: 14 (total: 25)\nPASS": 6340,
	} {
		if got := executed(words); got != want {
			t.Errorf("%q: %d, want %d", words, got, want)
		}
	}
}
