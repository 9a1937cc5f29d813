package idcard_test

import (
	"encoding/json"
	"testing"
	"time"

	"leye/devices/idcard"
)

func TestParseDate(t *testing.T) {
	for in, want := range map[string]string{
		"19920315":   "1992-03-15",
		"1992-03-15": "1992-03-15",
		"20000229":   "2000-02-29",
		"00010101":   "0001-01-01",
		"99991231":   "9999-12-31",
		"20230229":   "", // 2023 has no such day
		"19000229":   "",
		"20231301":   "",
		"20230001":   "",
		"20230132":   "",
		"00000000":   "",
		"":           "",
		"2023011":    "",
		"202301011":  "",
		"2023 101":   "",
		"1992/03/15": "",
		"1992-3-015": "",
		"长期":         "",
		"１９９２０３１５":   "",
		"-9920315":   "",
	} {
		d, err := idcard.ParseDate(in)
		if d.String() != want || (err == nil) != (want != "") {
			t.Errorf("%q: %s, %v; want %q", in, d, err, want)
		}
	}
}

func TestDayBeginsInShanghai(t *testing.T) {
	evening := time.Date(2026, 11, 22, 16, 0, 0, 0, time.UTC)
	if got := idcard.DateOf(evening).String(); got != "2026-11-23" {
		t.Errorf("at midnight in Shanghai: %s", got)
	}
	if got := idcard.DateOf(evening.Add(-time.Second)).String(); got != "2026-11-22" {
		t.Errorf("a second before: %s", got)
	}
	if got := (idcard.Date{Year: 2026, Month: 11, Day: 23}).Time(); !got.Equal(evening) {
		t.Errorf("the day begins at %v", got)
	}
}

func TestAgeAndOrder(t *testing.T) {
	leap := idcard.Date{Year: 2000, Month: 2, Day: 29}
	for _, tt := range []struct {
		day  idcard.Date
		want int
	}{
		{idcard.Date{Year: 2016, Month: 2, Day: 28}, 15},
		{idcard.Date{Year: 2016, Month: 2, Day: 29}, 16},
		{idcard.Date{Year: 2018, Month: 2, Day: 28}, 17},
		{idcard.Date{Year: 2018, Month: 3, Day: 1}, 18},
		{leap, 0},
	} {
		if got := leap.Age(tt.day); got != tt.want {
			t.Errorf("on %s: %d, want %d", tt.day, got, tt.want)
		}
		if leap.Before(tt.day) != (tt.day != leap) || tt.day.Before(leap) {
			t.Errorf("%s is not behind %s", tt.day, leap)
		}
	}
}

func TestDateAsJSON(t *testing.T) {
	for in, want := range map[string]string{`"1992-03-15"`: `"1992-03-15"`, `"19920315"`: `"1992-03-15"`, "null": "null", `""`: "null"} {
		d := idcard.Date{Year: 1}
		if err := json.Unmarshal([]byte(in), &d); err != nil {
			t.Errorf("%s: %v", in, err)
		}
		if out, err := json.Marshal(d); err != nil || string(out) != want {
			t.Errorf("%s came back as %s, %v", in, out, err)
		}
	}
	for _, bad := range []string{`"1992-02-30"`, `19920315`, `"x"`, `{}`} {
		d := idcard.Date{Year: 1}
		if err := json.Unmarshal([]byte(bad), &d); err == nil || d != (idcard.Date{Year: 1}) {
			t.Errorf("%s: %v, %v", bad, d, err)
		}
	}
}

// FuzzDate holds that what is read exists in the calendar and comes back the same
// through its text, its JSON and its time.
func FuzzDate(f *testing.F) {
	for _, s := range []string{"19920315", "2000-02-29", "00000000", "20230229", "99991231"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := idcard.ParseDate(s)
		if err != nil {
			if !d.IsZero() {
				t.Fatalf("refused %q and returned %v", s, d)
			}
			return
		}
		if !d.Exists() || d.IsZero() {
			t.Fatalf("%q became %v", s, d)
		}
		if again, err := idcard.ParseDate(d.String()); err != nil || again != d {
			t.Fatalf("%q: %s does not read back: %v", s, d, err)
		}
		if again := idcard.DateOf(d.Time()); again != d {
			t.Fatalf("%q begins on %s", s, again)
		}
		raw, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		var back idcard.Date
		if err := json.Unmarshal(raw, &back); err != nil || back != d {
			t.Fatalf("%q as JSON %s: %v", s, raw, err)
		}
	})
}
