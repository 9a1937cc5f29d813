package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestALineOverItsLimitIsSaidAndReturned(t *testing.T) {
	var out strings.Builder
	over, err := table(&out, []line{
		{what: "fine", value: 120, floor: 100, unit: "ms", limit: 1.3},
		{what: "slow", value: 140, floor: 100, unit: "ms", limit: 1.3},
		{what: "alone", value: 250, unit: "ms", limit: 300},
	})
	if err != nil || !over {
		t.Errorf("over = %v, %v", over, err)
	}
	for i, want := range []string{"limit", "ok", "OVER", "ok"} {
		if row := strings.Split(out.String(), "\n")[i]; !strings.Contains(row, want) {
			t.Errorf("row %d = %q, want %s", i, row, want)
		}
	}
	if over, _ := table(&out, []line{{value: 1, floor: 1, limit: 1}}); over {
		t.Error("a ratio at its limit is over")
	}
}

func TestReadFilingTakesBothMedians(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bench")
	text := "BenchmarkPutAgainstAppend-2  900  1300000 ns/op  310000 append-p50-ns  1.9 p50-ratio  589000 put-p50-ns\nPASS\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := readFiling(path)
	if err != nil || l.ratio() != 1.9 || l.over() {
		t.Errorf("line = %+v, %v", l, err)
	}
	if err := os.WriteFile(path, []byte("PASS\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readFiling(path); err == nil {
		t.Error("a benchmark without figures is accepted")
	}
}

func TestMedianOfNothingIsAnError(t *testing.T) {
	if _, err := median(nil); err == nil {
		t.Error("no error")
	}
	if m, err := median([]time.Duration{3e6, 1e6, 2e6}); err != nil || m != 2 {
		t.Errorf("median = %v, %v", m, err)
	}
}

func TestTheFourthByteOfAPixelSaysNothing(t *testing.T) {
	if !sameColours([]byte{1, 2, 3, 0}, []byte{1, 2, 3, 255}) || sameColours([]byte{1, 2, 3, 0}, []byte{1, 2, 4, 0}) {
		t.Error("colours are told apart by what no program sets")
	}
}
