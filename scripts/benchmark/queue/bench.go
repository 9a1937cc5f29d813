package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"leye/scripts/internal/figure"
)

// bench has the figures of go test -bench: benchmark, unit, value.
type bench map[string]map[string]float64

func readBench(path string) (bench, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read benchmarks: %w", err)
	}
	b := bench{}
	for line := range strings.Lines(string(data)) {
		words := strings.Fields(line)
		if len(words) < 4 || !strings.HasPrefix(words[0], "Benchmark") {
			continue
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(words[0], "Benchmark"), "-")
		b[name] = map[string]float64{}
		for i := 3; i < len(words); i += 2 {
			if b[name][words[i]], err = strconv.ParseFloat(words[i-1], 64); err != nil {
				return nil, fmt.Errorf("read benchmarks: %q: %w", line, err)
			}
		}
	}
	return b, nil
}

// shown is a figure of a benchmark that the table has.
type shown struct {
	what, bench, value, floor string // floor: "" for none
	unit                      string
	per                       float64 // of the benchmark's unit in one of unit
	limit                     float64
}

const milli = 1e6 // in nanoseconds

var table = []shown{
	{"filed durably / the sealed bytes appended and synced", "Filing", "put-p50-ns", "append-p50-ns", "ms", milli, 1.5},
	{"filed behind 100,000, p99 / behind none", "FilingBehindMany", "behind-p99-ns", "empty-p99-ns", "ms", milli, 1.2},
	{"start of store and queue with 100,000 waiting", "Start", "start-p50-ns", "", "ms", milli, 2000},
	{"200,000 journal lines verified, processor", "VerifyExport", "cpu-s/op", "", "s", 1, 2},
}

func (b bench) lines() (lines []figure.Line, err error) {
	for _, s := range table {
		l := figure.Line{What: s.what, Unit: s.unit, Limit: s.limit}
		if l.Value, err = b.get(s.bench, s.value); err != nil {
			return nil, err
		}
		if s.floor != "" {
			if l.Floor, err = b.get(s.bench, s.floor); err != nil {
				return nil, err
			}
		}
		l.Value, l.Floor = l.Value/s.per, l.Floor/s.per
		lines = append(lines, l)
	}
	return lines, nil
}

func (b bench) get(name, unit string) (float64, error) {
	v := b[name][unit]
	if v == 0 {
		return 0, fmt.Errorf("read benchmarks: %s printed no %s", name, unit)
	}
	return v, nil
}
