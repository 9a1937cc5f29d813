package outbox

import (
	"bytes"
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/store"
)

// many is a backlog that no terminal should ever have.
const many = 100_000

// page is a body of 4 KiB.
var page = bytes.Repeat([]byte{'x'}, 4<<10)

// BenchmarkFiling measures, turn by turn on the same disk, filing an application
// of 4 KiB (sealed, with reference, entry and journal line in one durable
// transaction) and the least that any durable program must do: append the bytes of
// the sealed record to a file and fsync it. The medians' ratio is what the queue
// costs. What a terminal does in quiet moments is outside of the time.
func BenchmarkFiling(b *testing.B) {
	box := openTest(b)
	raw, err := os.Create(filepath.Join(b.TempDir(), "raw"))
	if err != nil {
		b.Fatal(err)
	}
	defer raw.Close()
	var put, appended []time.Duration
	for n := 0; b.Loop(); n++ {
		rest(b, box, n)
		t0 := time.Now()
		e := file(b, box)
		put = append(put, time.Since(t0))
		sealed, err := box.Envelope(b.Context(), e.ID)
		if err != nil {
			b.Fatal(err)
		}
		text := slices.Concat(sealed.Wrap, sealed.Body)
		t0 = time.Now()
		appendOnce(b, raw, text)
		appended = append(appended, time.Since(t0))
	}
	report(b, "put", put)
	report(b, "append", appended)
	b.ReportMetric(float64(at(put, 50))/float64(at(appended, 50)), "p50-ratio")
}

// BenchmarkFilingBehindMany measures, turn by turn, filing into an empty queue and
// into one in which 100,000 applications wait. A busy machine spoils single
// percentiles: the medians of those of each round count.
func BenchmarkFilingBehindMany(b *testing.B) {
	empty, full := openTest(b), openTest(b)
	fill(b, full, many)
	var few, behind []time.Duration
	for n := 0; b.Loop(); n++ {
		rest(b, empty, n)
		rest(b, full, n)
		t0 := time.Now()
		file(b, empty)
		t1 := time.Now()
		file(b, full)
		few, behind = append(few, t1.Sub(t0)), append(behind, time.Since(t1))
	}
	for what, took := range map[string][]time.Duration{"empty": few, "behind": behind} {
		b.ReportMetric(float64(rounds(took, 50)), what+"-p50-ns")
		b.ReportMetric(float64(rounds(took, 99)), what+"-p99-ns")
	}
	b.ReportMetric(float64(rounds(behind, 99))/float64(rounds(few, 99)), "p99-ratio")
}

// BenchmarkStart measures opening the store and the queue while 100,000
// applications wait, as a terminal does before it shows anything.
func BenchmarkStart(b *testing.B) {
	path := filepath.Join(b.TempDir(), store.FileName)
	box := open(b, path, store.Options{})
	fill(b, box, many)
	var took []time.Duration
	for b.Loop() {
		if err := box.db.Close(); err != nil {
			b.Fatal(err)
		}
		t0 := time.Now()
		box = open(b, path, store.Options{})
		if n, err := box.Count(b.Context()); err != nil || n.Waiting() < many {
			b.Fatal(n, err)
		}
		took = append(took, time.Since(t0))
	}
	report(b, "start", took)
}

// BenchmarkLease measures taking an application in hand and putting it back while
// 100,000 wait.
func BenchmarkLease(b *testing.B) {
	box := openTest(b)
	fill(b, box, many)
	for b.Loop() {
		e, ok, err := box.Lease(b.Context(), start, time.Minute)
		if err != nil || !ok {
			b.Fatal(ok, err)
		}
		if err := box.Retry(b.Context(), e.ID, start.Add(time.Hour), "timeout"); err != nil {
			b.Fatal(err)
		}
	}
}

// rest is what a terminal does while nobody waits.
func rest(b *testing.B, box *box, n int) {
	b.Helper()
	err := box.quiet(b.Context())
	if err == nil && n%16 == 0 {
		err = box.Tidy(b.Context())
	}
	if err != nil {
		b.Fatal(err)
	}
}

func file(b *testing.B, box *box) Entry {
	b.Helper()
	id := kiosk.NewApplicationID()
	e, err := box.File(b.Context(), kiosk.Application{ID: id, Service: "job-search", FiledAt: start, OrderKey: string(id[:4])},
		func(kiosk.Application) ([]byte, error) { return page, nil })
	if err != nil {
		b.Fatal(err)
	}
	return e
}

// fill lets so many wait: copies of one, each with its own key and person.
func fill(b *testing.B, box *box, n int) {
	b.Helper()
	first := file(b, box)
	err := box.db.Tx(b.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(context.Background(), `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
			INSERT INTO outbox (id, reference, service, state, due_at, filed_at, promised_at, changed_at, digest, order_key, suite, schema, central_key, wrap_central, body)
			SELECT upper(hex(randomblob(13))), reference, service, state, due_at, filed_at, promised_at, changed_at, digest, lower(hex(randomblob(2))), suite, schema, central_key, wrap_central, body
			FROM outbox, n WHERE id = ?1`, string(first.ID), n-1)
		return err
	})
	box.epoch.Store(0) // the next place is behind them
	if err == nil {
		err = box.Tidy(b.Context())
	}
	if err != nil {
		b.Fatal(err)
	}
}

func appendOnce(b *testing.B, f *os.File, text []byte) {
	b.Helper()
	if _, err := f.Write(text); err != nil {
		b.Fatal(err)
	}
	if err := f.Sync(); err != nil {
		b.Fatal(err)
	}
}

// at is a percentile.
func at(took []time.Duration, q int) time.Duration {
	slices.Sort(took)
	return took[(len(took)-1)*q/100]
}

// rounds is the median over rounds of 200 of their percentiles.
func rounds(took []time.Duration, q int) time.Duration {
	var of []time.Duration
	for round := range slices.Chunk(slices.Clone(took), 200) {
		of = append(of, at(round, q))
	}
	return at(of, 50)
}

func report(b *testing.B, what string, took []time.Duration) {
	b.ReportMetric(float64(at(took, 50).Nanoseconds()), what+"-p50-ns")
	b.ReportMetric(float64(at(took, 99).Nanoseconds()), what+"-p99-ns")
}
