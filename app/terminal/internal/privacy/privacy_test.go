package privacy_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"leye/app/terminal/internal/privacy"
	"leye/app/terminal/internal/ui/text"
	"leye/assets"
)

func tell(t *testing.T, language string, days int, r privacy.Read) string {
	t.Helper()
	texts, err := text.Load(assets.Text())
	if err != nil {
		t.Fatal(err)
	}
	say := func(key string, args ...string) string { return texts.Get(language, key, args...) }
	var all []string
	for _, s := range (privacy.Table{KeepDays: days}).Tell(r, privacy.Asked{Desk: "7号窗口", Phone: "12333"}, say) {
		all = append(append(all, s.Title), s.Lines...)
	}
	return strings.Join(all, "\n")
}

// Every row of the table is told, with its days, and every text of it exists.
func TestEveryRowIsTold(t *testing.T) {
	texts, err := text.Load(assets.Text())
	if err != nil {
		t.Fatal(err)
	}
	for _, language := range []string{"zh", "en"} {
		told := tell(t, language, 47, privacy.Read{})
		if strings.ContainsAny(told, "⟦{}") {
			t.Errorf("%s: a gap in\n%s", language, told)
		}
		for _, row := range (privacy.Table{KeepDays: 47}).Rows() {
			if !strings.Contains(told, texts.Get(language, "privacy.kept."+string(row.Kind))) {
				t.Errorf("%s: nothing is told of %s", language, row.Kind)
			}
		}
		if strings.Count(told, "47") != 1 {
			t.Errorf("%s: the days are not told once:\n%s", language, told)
		}
		for _, must := range []string{"13", "17", "19", "12333", "7号窗口"} {
			if language == "en" && !strings.Contains(told, must) {
				t.Errorf("nothing is told of %s", must)
			}
		}
	}
}

func TestWhatAVisitReadIsTold(t *testing.T) {
	for _, r := range []privacy.Read{{}, {Card: true}, {Code: true, Typed: true}, {Card: true, Code: true, Typed: true}} {
		told, want := tell(t, "zh", 30, r), 0
		for _, yes := range []bool{r.Card, r.Code, r.Typed} {
			if yes {
				want++
			}
		}
		if got := strings.Count(told, "本次读了"); got != want {
			t.Errorf("%+v: %d sources are told as read", r, got)
		}
		if got := strings.Count(told, "本次没有"); got != 3-want {
			t.Errorf("%+v: %d sources are told as not read", r, got)
		}
	}
}

func TestTheTableIsWhole(t *testing.T) {
	var seen []privacy.Kind
	for _, r := range (privacy.Table{KeepDays: 5}).Rows() {
		if slices.Contains(seen, r.Kind) || r.Place == "" || r.Until == "" {
			t.Errorf("row %+v", r)
		}
		seen = append(seen, r.Kind)
	}
	now := time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC)
	if got := (privacy.Table{KeepDays: 5}).Sweep(now); got != time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC) {
		t.Errorf("swept before %v", got)
	}
}
