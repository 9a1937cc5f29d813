package casework_test

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"leye/app/casework"
	"leye/app/catalogue"
	"leye/assets"
)

func calendar(t testing.TB) *casework.Calendar {
	t.Helper()
	c, err := casework.OpenCalendar(assets.Calendar())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func load(t testing.TB) *catalogue.Catalogue {
	t.Helper()
	cat, err := catalogue.Load(assets.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	return cat
}

func day(t testing.TB, s string) casework.Date {
	t.Helper()
	d, err := casework.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// The cases are those that the district's reference works out, and those that a
// rule of the Civil Code turns on.
func TestDue(t *testing.T) {
	cal, cat := calendar(t), load(t)
	tests := []struct{ name, clock, start, want string }{
		{"five working days over a worked Sunday and a holiday", "complaint-accept", "2026-09-18", "2026-09-24"},
		{"day 45 in the October holiday", "arb-decide", "2026-08-17", "2026-10-08"},
		{"sixty working days over two holidays", "inspection-investigate", "2026-02-12", "2026-05-18"},
		{"a month that is shorter", "zero-family-job", "2026-01-31", "2026-02-28"},
		{"a month into a leap year", "zero-family-job", "2024-01-31", "2024-02-29"},
		{"a plan's target stays on its Sunday", "hardship-job", "2025-11-30", "2026-02-28"},
		{"three months to the same day", "hardship-job", "2026-01-15", "2026-04-15"},
		{"a year to the same day", "injury-worker-apply", "2025-03-10", "2026-03-10"},
		{"a year from 29 February", "injury-worker-apply", "2024-02-29", "2025-02-28"},
		{"a year that ends on a Sunday", "injury-worker-apply", "2025-03-15", "2026-03-16"},
		{"two working days from a Friday", "kiosk-callback", "2026-11-20", "2026-11-24"},
		{"two working days into a worked Saturday", "kiosk-callback", "2026-05-07", "2026-05-09"},
		{"fifteen days that end on a worked Sunday", "arb-sue-worker", "2026-09-05", "2026-09-20"},
		{"fifteen days that end in the Spring Festival", "arb-sue-worker", "2026-02-03", "2026-02-24"},
		{"a minimum wait stays where it falls", "ability-recheck-from", "2025-03-15", "2026-03-15"},
		{"filed on a holiday", "supplement-generic", "2026-10-01", "2026-10-13"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			clock, ok := cat.Clock(tt.clock)
			if !ok {
				t.Fatalf("no clock %q", tt.clock)
			}
			// Any moment of the day counts as that day, so late evening too.
			start := day(t, tt.start).Start().Add(23*time.Hour + 59*time.Minute)
			got, err := cal.Due(clock, start)
			if err != nil || got.Date.String() != tt.want || got.Provisional {
				t.Errorf("due %+v, %v; want %s", got, err, tt.want)
			}
			if !got.At.Equal(got.Date.AddDays(1).Start()) || got.Minimum != clock.Minimum {
				t.Errorf("deadline %+v", got)
			}
		})
	}
}

func TestDueAfterChanges(t *testing.T) {
	cal, cat := calendar(t), load(t)
	between := func(from, to string) []casework.Interval {
		i := casework.Interval{Start: day(t, from)}
		if to != "" {
			i.End = day(t, to)
		}
		return []casework.Interval{i}
	}
	tests := []struct {
		name, clock, start string
		changes            casework.Changes
		want               string
		err                error
	}{
		{name: "arbitration extended to sixty days", clock: "arb-decide", start: "2026-03-02", changes: casework.Changes{Extended: true}, want: "2026-05-06"},
		{name: "arbitration suspended for ten days", clock: "arb-decide", start: "2026-03-02", changes: casework.Changes{Suspended: between("2026-03-10", "2026-03-20")}, want: "2026-04-27"},
		{name: "suspended before the start", clock: "arb-decide", start: "2026-03-02", changes: casework.Changes{Suspended: between("2026-02-01", "2026-03-02")}, want: "2026-04-16"},
		{name: "suspended after the end", clock: "arb-decide", start: "2026-03-02", changes: casework.Changes{Suspended: between("2026-04-20", "2026-05-20")}, want: "2026-04-16"},
		{name: "suspended twice over the same days", clock: "arb-decide", start: "2026-03-02", changes: casework.Changes{Suspended: append(between("2026-03-10", "2026-03-20"), between("2026-03-12", "2026-03-15")...)}, want: "2026-04-27"},
		{name: "still suspended", clock: "injury-decide", start: "2026-03-02", changes: casework.Changes{Suspended: between("2026-03-10", "")}, err: casework.ErrSuspended},
		{name: "a weekend costs a working-day clock nothing", clock: "complaint-accept", start: "2026-03-05", changes: casework.Changes{Suspended: between("2026-03-07", "2026-03-09")}, want: "2026-03-12"},
		{name: "no extension declared", clock: "complaint-accept", start: "2026-03-05", changes: casework.Changes{Extended: true}, err: casework.ErrNoExtension},
		{name: "an extension needs an agreed day", clock: "mediation-end", start: "2026-03-05", changes: casework.Changes{Extended: true}, err: casework.ErrNoExtension},
		{name: "an agreed day", clock: "mediation-end", start: "2026-03-05", changes: casework.Changes{Extended: true, Agreed: day(t, "2026-03-31")}, want: "2026-03-31"},
		{name: "an agreed day never shortens", clock: "mediation-end", start: "2026-03-05", changes: casework.Changes{Extended: true, Agreed: day(t, "2026-03-06")}, want: "2026-03-20"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			clock, _ := cat.Clock(tt.clock)
			got, err := cal.DueAfter(clock, day(t, tt.start).Start(), tt.changes)
			if !errors.Is(err, tt.err) || err == nil && got.Date.String() != tt.want {
				t.Errorf("due %+v, %v; want %s, %v", got, err, tt.want, tt.err)
			}
		})
	}
}

func TestDueInHours(t *testing.T) {
	cal := calendar(t)
	clock := catalogue.Clock{ID: "call", Value: 48, Unit: catalogue.Hour}
	start := day(t, "2026-10-01").Start().Add(9 * time.Hour)
	got, err := cal.Due(clock, start)
	if err != nil || !got.At.Equal(start.Add(48*time.Hour)) || got.Date.String() != "2026-10-03" {
		t.Errorf("due %+v, %v", got, err)
	}
}

func TestStartIsADayInShanghai(t *testing.T) {
	cal, cat := calendar(t), load(t)
	clock, _ := cat.Clock("kiosk-callback")
	evening := time.Date(2026, 3, 2, 17, 0, 0, 0, time.UTC) // 3 March, 01:00 in Shanghai
	got, err := cal.Due(clock, evening)
	if err != nil || got.Date.String() != "2026-03-05" {
		t.Errorf("due %+v, %v", got, err)
	}
}

// A year without a file is never counted in silence.
func TestYearWithoutCalendar(t *testing.T) {
	cal, cat := calendar(t), load(t)
	tests := []struct {
		clock, start string
		missing      []int
	}{
		{"kiosk-callback", "2026-12-22", nil},
		{"kiosk-callback", "2026-12-23", []int{2027}}, // the next notice may take the last days of December
		{"supplement-generic", "2026-12-30", []int{2027}},
		{"injury-worker-apply", "2026-06-01", []int{2027}},
		{"inspection-lookback", "2026-12-31", []int{2028, 2029}},
		{"supplement-generic", "2023-12-28", []int{2023}},
		{"hardship-job", "2026-11-30", nil}, // a plan's target asks no calendar
	}
	for _, tt := range tests {
		clock, _ := cat.Clock(tt.clock)
		got, err := cal.Due(clock, day(t, tt.start).Start())
		if err != nil || got.Provisional != (tt.missing != nil) || fmt.Sprint(got.Missing) != fmt.Sprint(tt.missing) {
			t.Errorf("%s from %s: %+v, %v; want missing %v", tt.clock, tt.start, got, err, tt.missing)
		}
	}
}

func TestDueRefusesNonsense(t *testing.T) {
	cal := calendar(t)
	for _, clock := range []catalogue.Clock{
		{ID: "zero", Unit: catalogue.Month},
		{ID: "below", Value: -3, Unit: catalogue.WorkingDay},
		{ID: "unit", Value: 3, Unit: "week"},
		{ID: "long", Value: 1 << 30, Unit: catalogue.Year},
		{ID: "days", Value: 1 << 30, Unit: catalogue.WorkingDay},
	} {
		if got, err := cal.Due(clock, time.Unix(0, 0)); err == nil {
			t.Errorf("clock %s is due %v", clock.ID, got)
		}
	}
}

// TestDueProperties holds what must be true of every clock on every day of the
// declared years: a due day is after the start, is worked on where the law moves
// it, never comes earlier for a later start, and a suspension never shortens it.
func TestDueProperties(t *testing.T) {
	cal, cat := calendar(t), load(t)
	random := rand.New(rand.NewPCG(1, 2))
	for _, clock := range cat.Clocks() {
		before := casework.Date{}
		for start := day(t, "2024-01-01"); start.Before(day(t, "2026-12-31")); start = start.AddDays(1) {
			due, err := cal.Due(clock, start.Start())
			if err != nil {
				t.Fatal(err)
			}
			if !start.Before(due.Date) {
				t.Fatalf("%s from %s is due %s", clock.ID, start, due.Date)
			}
			if due.Date.Before(before) {
				t.Fatalf("%s from %s is due %s, a day sooner than from the day before", clock.ID, start, due.Date)
			}
			before = due.Date
			if moved := clock.Kind != catalogue.PlanTarget && !clock.Minimum; moved && !cal.Working(due.Date) {
				t.Fatalf("%s from %s is due on %s, a day off", clock.ID, start, due.Date)
			}
			if left := cal.Left(clock, due.Date, start); left < 1 {
				t.Fatalf("%s from %s to %s leaves %d days", clock.ID, start, due.Date, left)
			}
			if random.IntN(50) != 0 {
				continue
			}
			from := start.AddDays(random.IntN(40))
			stop := casework.Interval{Start: from, End: from.AddDays(random.IntN(30))}
			later, err := cal.DueAfter(clock, start.Start(), casework.Changes{Suspended: []casework.Interval{stop}})
			if err != nil || later.Date.Before(due.Date) {
				t.Fatalf("%s from %s with %v: %s, %v; without %s", clock.ID, start, stop, later.Date, err, due.Date)
			}
		}
	}
}

// TestWorkingDaysAgree counts working-day clocks a second way.
func TestWorkingDaysAgree(t *testing.T) {
	cal := calendar(t)
	for start := day(t, "2024-01-01"); start.Before(day(t, "2026-06-01")); start = start.AddDays(7) {
		for _, n := range []int{1, 5, 20, 60} {
			clock := catalogue.Clock{ID: "n", Value: n, Unit: catalogue.WorkingDay}
			due, err := cal.Due(clock, start.Start())
			if err != nil {
				t.Fatal(err)
			}
			if left := cal.Left(clock, due.Date, start); left != n {
				t.Fatalf("%d working days from %s end on %s, which is %d", n, start, due.Date, left)
			}
			if over := cal.Left(clock, start, due.Date); over != -n {
				t.Fatalf("%s is %d working days over on %s", start, over, due.Date)
			}
		}
	}
}

func TestCalendarYears(t *testing.T) {
	cal := calendar(t)
	if got := fmt.Sprint(cal.Years()); got != "[2024 2025 2026]" {
		t.Errorf("years %s", got)
	}
	// Working days of a whole year: weekdays less the weekdays off, and the
	// weekend days worked instead.
	for year, want := range map[int]int{2024: 251, 2025: 248, 2026: 248} {
		n := 0
		for d := (casework.Date{Year: year, Month: 1, Day: 1}); d.Year == year; d = d.AddDays(1) {
			if cal.Working(d) {
				n++
			}
		}
		if n != want {
			t.Errorf("%d has %d working days, want %d", year, n, want)
		}
	}
	if name, ok := cal.Holiday(day(t, "2026-10-01")); !ok || name.ZH != "国庆节" {
		t.Errorf("holiday %v, %v", name, ok)
	}
}

func TestBrokenCalendars(t *testing.T) {
	const head = "year = 2026\nsource = \"a notice\"\nconfidence = \"high\"\n"
	const holiday = head + "[[holidays]]\nzh = \"春节\"\nen = \"Spring Festival\"\n"
	tests := []struct{ name, file, text, want string }{
		{"syntax", "2026.toml", "year = \n", "2026.toml:1:"},
		{"unknown key", "2026.toml", head + "colour = 1\n", "2026.toml:4: colour"},
		{"another year", "2027.toml", head, "2027.toml: year 2026"},
		{"no source", "2026.toml", "year = 2026\nsource = \"\"\nconfidence = \"high\"\n", "no source"},
		{"a day of another year", "2026.toml", holiday + "off = [2025-02-15]\n", "2025-02-15 is not in the year"},
		{"no such day", "2026.toml", holiday + "off = [2026-02-30]\n", "2026.toml:7:"},
		{"a day twice", "2026.toml", holiday + "off = [2026-02-15, 2026-02-15]\n", "2026-02-15 stands twice"},
		{"a weekday worked", "2026.toml", holiday + "off = []\non = [2026-02-16]\n", "2026-02-16 is worked anyway"},
		{"no name", "2026.toml", head + "[[holidays]]\nzh = \"春节\"\nen = \"\"\noff = []\n", "no name in both languages"},
		{"no file", "readme.txt", "", "no year"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := casework.OpenCalendar(fstest.MapFS{tt.file: {Data: []byte(tt.text)}})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

func TestNextYearMayTakeLateDecember(t *testing.T) {
	text := "year = 2019\nsource = \"a notice\"\nconfidence = \"high\"\n[[holidays]]\nzh = \"元旦\"\nen = \"New Year\"\noff = [2018-12-31, 2019-01-01]\non = [2018-12-29]\n"
	cal, err := casework.OpenCalendar(fstest.MapFS{"2019.toml": {Data: []byte(text)}})
	if err != nil {
		t.Fatal(err)
	}
	if cal.Working(day(t, "2018-12-31")) || !cal.Working(day(t, "2018-12-29")) {
		t.Error("the break of 2019 took no days of 2018")
	}
}

func FuzzOpenCalendar(f *testing.F) {
	data, err := fs.ReadFile(assets.Calendar(), "2026.toml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte("year = 2026\nsource = \"a\"\nconfidence = \"high\"\n[[holidays]]\nzh = \"春节\"\nen = \"x\"\noff = [2026-02-15]\non = [2026-02-14]\n"))
	clock := catalogue.Clock{ID: "n", Value: 5, Unit: catalogue.WorkingDay}
	f.Fuzz(func(t *testing.T, text []byte) {
		cal, err := casework.OpenCalendar(fstest.MapFS{"2026.toml": {Data: text}})
		if err != nil {
			return
		}
		if due, err := cal.Due(clock, day(t, "2026-02-01").Start()); err == nil && !cal.Working(due.Date) {
			t.Errorf("due on %s, a day off", due.Date)
		}
	})
}

func FuzzParseDate(f *testing.F) {
	f.Add("2026-02-28")
	f.Add("2026-13-01")
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := casework.ParseDate(s); err == nil && d.String() != s {
			t.Errorf("%q reads as %s", s, d)
		}
	})
}

func ExampleCalendar_Due() {
	cal, err := casework.OpenCalendar(assets.Calendar())
	if err != nil {
		fmt.Println(err)
		return
	}
	clock := catalogue.Clock{ID: "complaint-accept", Value: 5, Unit: catalogue.WorkingDay, Kind: catalogue.Statutory}
	received, _ := casework.ParseDate("2026-09-18")
	due, err := cal.Due(clock, received.Start())
	fmt.Println(due.Date, due.Provisional, err)
	// Output: 2026-09-24 false <nil>
}
