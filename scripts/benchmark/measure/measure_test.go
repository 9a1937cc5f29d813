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

// whatGoPrints is of a run in which all is well.
const whatGoPrints = `goos: linux
BenchmarkCard/115200-2  5  1 ns/op  804.0 bare-ms  840.0 ms/card  860.0 worst-ms
BenchmarkCard/57600-2   5  1 ns/op  928.0 bare-ms  950.0 ms/card  960.0 worst-ms
BenchmarkCard/38400-2   5  1 ns/op  1052.0 bare-ms  1080.0 ms/card  1090.0 worst-ms
BenchmarkCard/19200-2   5  1 ns/op  1424.0 bare-ms  1440.0 ms/card  1450.0 worst-ms
BenchmarkCard/9600-2    5  1 ns/op  2168.0 bare-ms  2180.0 ms/card  2190.0 worst-ms
BenchmarkIdle/bugst-resting-2  5  5000000000 ns/op  0.15 %core
BenchmarkDecode-2  100000  9000 ns/op  900 B/op  20 allocs/op
    wire_test.go:75:   9600 baud, 1100 bytes, 2 questions: 1s, 1.004 of the floor
    wire_test.go:75: 115200 baud, 1100 bytes, 2 questions: 1s, 1.013 of the floor
BenchmarkEncode-2  100000  21000 ns/op  991 bytes/slip  1800 floor-ns/op
PASS
`

func TestReadDriversTakesEachFigure(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bench")
	read := func(text string) ([]line, error) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return readDrivers(path)
	}
	lines, err := read(whatGoPrints)
	if err != nil || len(lines) != 10 {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	for _, l := range lines {
		if l.over() {
			t.Errorf("%s is over: %v of %v", l.what, l.value, l.limit)
		}
	}
	for good, bad := range map[string]string{"840.0 ms": "890.0 ms", "2180.0 ms": "2390.0 ms", "0.15": "0.21", "9000": "21000", "991": "1001", "21000 ns/op  991": "31000 ns/op  991", "1.013": "1.021"} {
		lines, err := read(strings.Replace(whatGoPrints, good, bad, 1))
		if err != nil {
			t.Fatal(err)
		}
		over := 0
		for _, l := range lines {
			if l.over() {
				over++
			}
		}
		if over != 1 {
			t.Errorf("with %s for %s %d lines are over", bad, good, over)
		}
	}
	for _, missing := range []string{"BenchmarkCard/9600", "BenchmarkDecode", "of the floor", "bytes/slip"} {
		if _, err := read(strings.ReplaceAll(whatGoPrints, missing, "nothing")); err == nil {
			t.Errorf("nobody missed %s", missing)
		}
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
