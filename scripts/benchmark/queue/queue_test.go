package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestFiguresOfBenchmarks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bench")
	text := "goos: linux\nBenchmarkFiling-2  900  1300000 ns/op  310000 append-p50-ns  1.9 p50-ratio  589000 put-p50-ns\n" +
		"BenchmarkFilingBehindMany-2  9  9 ns/op  1000000 behind-p99-ns  2000000 empty-p99-ns\n" +
		"BenchmarkStart-2  3  9 ns/op  480000000 start-p50-ns\nBenchmarkVerifyExport-2  3  9 ns/op  1.5 cpu-s/op\nPASS\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := readBench(path)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := b.lines()
	if err != nil || len(lines) != 4 || lines[0].Value != 0.589 || lines[0].Floor != 0.31 || lines[2].Value != 480 || lines[3].Value != 1.5 {
		t.Errorf("%+v, %v", lines, err)
	}
	delete(b["Start"], "start-p50-ns")
	if _, err := b.lines(); err == nil {
		t.Error("a benchmark without figures is accepted")
	}
}

func TestColumn(t *testing.T) {
	got, err := column([]float64{1}, "kept A R D 12\nkept B R D 8\n", 4, 5)
	if err != nil || len(got) != 3 || median(got) != 8 {
		t.Errorf("%v, %v", got, err)
	}
	for _, said := range []string{"", "failed A full no\n", "kept A R D x\n"} {
		if _, err := column(nil, said, 4, 5); err == nil {
			t.Errorf("%q is taken", said)
		}
	}
}
