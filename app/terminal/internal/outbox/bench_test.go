package outbox

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"leye/app/terminal/internal/kiosk"
)

// BenchmarkPutAgainstAppend measures, turn by turn on the same disk, filing an
// application of 4 KiB (sealed, with reference, entry and journal line in one
// durable transaction) and the least that any durable program must do: append 4 KiB
// to a file and fsync it. The medians' ratio is what the queue costs. As on a
// terminal, the next wrap is prepared when nothing is due, outside of the time.
func BenchmarkPutAgainstAppend(b *testing.B) {
	box := openTest(b)
	raw, err := os.Create(filepath.Join(b.TempDir(), "raw"))
	if err != nil {
		b.Fatal(err)
	}
	defer raw.Close()
	text := bytes.Repeat([]byte{'x'}, 4<<10)
	var put, appended []time.Duration
	for b.Loop() {
		if err := box.seal.Prepare(); err != nil {
			b.Fatal(err)
		}
		t0 := time.Now()
		appendOnce(b, raw, text)
		t1 := time.Now()
		_, err := box.File(context.Background(), kiosk.Application{ID: kiosk.NewApplicationID(), FiledAt: start, OrderKey: "k"},
			func(kiosk.Application) ([]byte, error) { return text, nil })
		if err != nil {
			b.Fatal(err)
		}
		appended = append(appended, t1.Sub(t0))
		put = append(put, time.Since(t1))
	}
	report(b, put, appended)
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

func report(b *testing.B, put, appended []time.Duration) {
	at := func(d []time.Duration, q float64) float64 {
		slices.Sort(d)
		return float64(d[int(q*float64(len(d)-1))].Nanoseconds())
	}
	b.ReportMetric(at(put, 0.5), "put-p50-ns")
	b.ReportMetric(at(put, 0.99), "put-p99-ns")
	b.ReportMetric(at(appended, 0.5), "append-p50-ns")
	b.ReportMetric(at(appended, 0.99), "append-p99-ns")
	b.ReportMetric(at(put, 0.5)/at(appended, 0.5), "p50-ratio")
}
