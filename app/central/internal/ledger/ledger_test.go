package ledger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, shanghai)

func open(t testing.TB, path string) *Ledger {
	t.Helper()
	l, err := Open(t.Context(), path, Options{Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func openNew(t testing.TB) *Ledger {
	t.Helper()
	l := open(t, filepath.Join(t.TempDir(), "central.db"))
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func filing(n int) Filing {
	return Filing{
		ID: fmt.Sprintf("01KQ3ZC8V5W0T6R2N9M4%06d", n), Digest: strings.Repeat("a", 64), Body: []byte(`{"answers":{}}`),
		Service: "job-search", Terminal: "PT01", Reference: fmt.Sprintf("PT01-1124-%04d-3", n), Language: "zh",
		FiledAt: noon, Event: "ask", State: "answered", Desk: "就业服务窗口",
	}
}

func TestFileGivesOneCaseForParallelRepeats(t *testing.T) {
	l := openNew(t)
	const senders = 50
	cases, repeats := make([]Case, senders), make([]bool, senders)
	var wg sync.WaitGroup
	for i := range senders {
		wg.Go(func() {
			c, repeated, err := l.File(t.Context(), filing(1))
			if err != nil {
				t.Error(err)
			}
			cases[i], repeats[i] = c, repeated
		})
	}
	wg.Wait()
	firsts := 0
	for i := range senders {
		if cases[i] != cases[0] {
			t.Errorf("sender %d got case %s, sender 0 %s", i, cases[i].Number, cases[0].Number)
		}
		if !repeats[i] {
			firsts++
		}
	}
	if firsts != 1 {
		t.Errorf("%d senders were told to be the first, want 1", firsts)
	}
}

func TestFileSurvivesReopening(t *testing.T) {
	path := filepath.Join(t.TempDir(), "central.db")
	l := open(t, path)
	before, _, err := l.File(t.Context(), filing(1))
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = open(t, path)
	defer l.Close()
	after, repeated, err := l.File(t.Context(), filing(1))
	if err != nil || !repeated || after != before {
		t.Errorf("after reopening: case %v, repeated %v, %v; want %v", after, repeated, err, before)
	}
	next, _, err := l.File(t.Context(), filing(2))
	if err != nil || next.Number == before.Number {
		t.Errorf("next number %s after %s, %v", next.Number, before.Number, err)
	}
}

func TestFileRefusesAnotherBody(t *testing.T) {
	l := openNew(t)
	if _, _, err := l.File(t.Context(), filing(1)); err != nil {
		t.Fatal(err)
	}
	other := filing(1)
	other.Digest = strings.Repeat("b", 64)
	if _, _, err := l.File(t.Context(), other); !errors.Is(err, ErrConflict) {
		t.Errorf("got %v, want ErrConflict", err)
	}
	if _, err := l.Filed(t.Context(), other.ID, other.Digest); !errors.Is(err, ErrConflict) {
		t.Errorf("got %v, want ErrConflict", err)
	}
	if _, err := l.Filed(t.Context(), filing(2).ID, other.Digest); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
}

// TestFileLeavesNothingBehindOnFailure breaks the last write of the transaction
// and asks whether the first ones are gone.
func TestFileLeavesNothingBehindOnFailure(t *testing.T) {
	l := openNew(t)
	if _, err := l.db.write.Exec(`ALTER TABLE case_event RENAME TO elsewhere`); err != nil {
		t.Fatal(err)
	}
	if _, _, err := l.File(t.Context(), filing(1)); err == nil {
		t.Fatal("filing without a table for events went well")
	}
	for _, table := range []string{"application", "case_file", "serial"} {
		var n int
		if err := l.db.read.QueryRow(`SELECT COUNT(*) FROM ` + table).Scan(&n); err != nil || n != 0 {
			t.Errorf("%s holds %d rows, %v; want none", table, n, err)
		}
	}
}

func TestFileStoresWhatCame(t *testing.T) {
	l := openNew(t)
	f := filing(1)
	f.Body = []byte("{\"answers\": {\"kw\" :\"𠮷\\u0000\"}}\n")
	f.Notes = []Note{{Field: "kw", Row: -1, Code: "rare"}}
	c, _, err := l.File(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	if body, err := l.Body(t.Context(), c.Number); err != nil || string(body) != string(f.Body) {
		t.Errorf("body %q, %v; want %q", body, err, f.Body)
	}
	if notes, err := l.Notes(t.Context(), c.Number); err != nil || len(notes) != 1 || notes[0] != f.Notes[0] {
		t.Errorf("notes %v, %v", notes, err)
	}
	if err := l.Record(t.Context(), c.Number, "answers-shown"); err != nil {
		t.Fatal(err)
	}
	events, err := l.Events(t.Context(), c.Number)
	want := []Event{
		{At: noon, Event: "ask", State: "answered", Actor: "terminal"},
		{At: noon, Event: "answers-shown", State: "answered", Actor: "staff", Internal: true},
	}
	if err != nil || len(events) != 2 || !events[0].At.Equal(noon) || events[0].Event != want[0].Event || events[1].Internal != want[1].Internal {
		t.Errorf("events %v, %v; want %v", events, err, want)
	}
	if err := l.Record(t.Context(), "000-000-000000-0000-0", "x"); !errors.Is(err, ErrNotFound) {
		t.Errorf("recording on no case: %v, want ErrNotFound", err)
	}
}

func TestOpenRefusesNewerSchema(t *testing.T) {
	path := filepath.Join(t.TempDir(), "central.db")
	l := open(t, path)
	if _, err := l.db.write.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)`); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), path, Options{}); err == nil || !strings.Contains(err.Error(), "newer") {
		t.Errorf("got %v, want a word about a newer schema", err)
	}
}

func TestOpenKeepsTheFileForItsOwner(t *testing.T) {
	path := filepath.Join(t.TempDir(), "central.db")
	l := open(t, path)
	defer l.Close()
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != 0o600 {
			t.Errorf("%s has mode %o, want 600", filepath.Base(name), got)
		}
	}
}

func TestOpenSetsDurability(t *testing.T) {
	l := openNew(t)
	for pragma, want := range map[string]string{"synchronous": "2", "journal_mode": "wal", "secure_delete": "1", "foreign_keys": "1"} {
		var got string
		if err := l.db.write.QueryRow("PRAGMA " + pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %s, %v; want %s", pragma, got, err, want)
		}
	}
}

func TestCasesPagesAndSearches(t *testing.T) {
	l := openNew(t)
	for i := range 25 {
		f := filing(i)
		if i == 7 {
			f.Applicant, f.ApplicantMasked, f.Service = "张示例", "张*例", "jobseeker-registration"
		}
		if _, _, err := l.File(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[string]bool{}
	q := Query{Limit: 10}
	for pages := 0; ; pages++ {
		page, err := l.Cases(t.Context(), q)
		if err != nil || page.Total != 25 || pages > 3 {
			t.Fatalf("page %d: total %d, %v", pages, page.Total, err)
		}
		for _, c := range page.Cases {
			if seen[c.Number] {
				t.Errorf("%s is on two pages", c.Number)
			}
			seen[c.Number] = true
		}
		if q.Before = page.Next; page.Next == "" {
			break
		}
	}
	if len(seen) != 25 {
		t.Errorf("pages held %d cases, want 25", len(seen))
	}
	some := ""
	for n := range seen {
		some = n
	}
	for name, tt := range map[string]struct {
		q    Query
		want int
	}{
		"applicant":      {Query{Search: "张示例"}, 1},
		"part of a name": {Query{Search: "张"}, 0},
		"reference":      {Query{Search: "PT01-1124-0003-3"}, 1},
		"number":         {Query{Search: some}, 1},
		"compact number": {Query{Search: strings.ReplaceAll(some, "-", "")}, 1},
		"start":          {Query{Search: "000-"}, 25},
		"a like sign":    {Query{Search: "%"}, 0},
		"quote":          {Query{Search: "' OR 1=1 --"}, 0},
		"service":        {Query{Service: "jobseeker-registration"}, 1},
		"terminal":       {Query{Terminal: "PT02"}, 0},
		"all of them":    {Query{Search: "000-", Service: "job-search", Terminal: "PT01"}, 24},
	} {
		if page, err := l.Cases(t.Context(), tt.q); err != nil || page.Total != tt.want || len(page.Cases) != tt.want {
			t.Errorf("%s: %d of %d cases, %v; want %d", name, len(page.Cases), page.Total, err, tt.want)
		}
	}
}

func TestBeatReplaces(t *testing.T) {
	l := openNew(t)
	for i := range 3 {
		beat := Terminal{ID: "PT01", SeenAt: noon, SentAt: noon, Version: "1.0.0", Queued: i, PaperLeft: 9000 - i, Conditions: []Condition{{Code: "P-021", Severity: "warning"}}}
		if err := l.Beat(t.Context(), beat); err != nil {
			t.Fatal(err)
		}
	}
	all, err := l.Terminals(t.Context())
	if err != nil || len(all) != 1 || all[0].Queued != 2 || all[0].PaperLeft != 8998 || len(all[0].Conditions) != 1 || !all[0].OldestQueuedAt.IsZero() {
		t.Errorf("terminals %+v, %v", all, err)
	}
}

func TestSessionsEnd(t *testing.T) {
	now := noon
	l, err := Open(t.Context(), filepath.Join(t.TempDir(), "central.db"), Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx := t.Context()
	want := func(token string, open bool) {
		t.Helper()
		if got, err := l.SessionOpen(ctx, token); err != nil || got != open {
			t.Errorf("session %s open: %v, %v; want %v", token, got, err, open)
		}
	}
	for _, token := range []string{"one", "two"} {
		if err := l.OpenSession(ctx, token, noon.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	want("one", true)
	want("three", false)
	if err := l.CloseSession(ctx, "one"); err != nil {
		t.Fatal(err)
	}
	want("one", false)
	now = noon.Add(time.Hour)
	want("two", false)
}

func TestSettings(t *testing.T) {
	l := openNew(t)
	if _, err := l.Setting(t.Context(), "colour"); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
	for _, v := range []string{"red", "green"} {
		if err := l.Set(t.Context(), "colour", v); err != nil {
			t.Fatal(err)
		}
	}
	if v, err := l.Setting(t.Context(), "colour"); err != nil || v != "green" {
		t.Errorf("got %q, %v", v, err)
	}
}

func BenchmarkFile(b *testing.B) {
	l := openNew(b)
	n := 0
	for b.Loop() {
		n++
		if _, _, err := l.File(context.Background(), filing(n)); err != nil {
			b.Fatal(err)
		}
	}
}
