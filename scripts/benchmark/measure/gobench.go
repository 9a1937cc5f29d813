package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// printed is what go test has printed of its benchmarks: by name, then by unit.
type printed map[string]map[string]float64

// processors is what go test puts behind a benchmark's name.
var processors = regexp.MustCompile(`-[0-9]+$`)

// readBenchmarks reads lines such as "BenchmarkCard/9600-2 5 2.1 ms/op 1.3 worst-ms".
func readBenchmarks(path string) (printed, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read benchmarks: %w", err)
	}
	defer f.Close()
	all := printed{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if len(words) < 4 || !strings.HasPrefix(words[0], "Benchmark") {
			continue
		}
		figures := map[string]float64{}
		for i := 2; i+1 < len(words); i += 2 {
			if v, err := strconv.ParseFloat(words[i], 64); err == nil {
				figures[words[i+1]] = v
			}
		}
		all[processors.ReplaceAllString(strings.TrimPrefix(words[0], "Benchmark"), "")] = figures
	}
	return all, nil
}

// readFiling takes the ratio out of what go test printed.
func readFiling(path string) (line, error) {
	all, err := readBenchmarks(path)
	if err != nil {
		return line{}, err
	}
	figures := all["PutAgainstAppend"]
	put, appended := figures["put-p50-ns"], figures["append-p50-ns"]
	if put == 0 || appended == 0 {
		return line{}, errors.New("read the queue's benchmark: it printed no figures")
	}
	return line{what: "filed durably / 4 KiB appended and synced", value: put / 1e6, floor: appended / 1e6, unit: "ms", limit: 2}, nil
}

// readDrivers takes the drivers' figures out of what go test printed.
func readDrivers(path string) ([]line, error) {
	all, err := readBenchmarks(path)
	if err != nil {
		return nil, err
	}
	var lines []line
	for _, baud := range []string{"115200", "57600", "38400", "19200", "9600"} {
		card := all["Card/"+baud]
		lines = append(lines, line{what: "card laid to read at " + baud + " baud / bare exchange", value: card["ms/card"], floor: card["bare-ms"], unit: "ms", limit: 1.1})
	}
	block, err := blocks(path)
	if err != nil {
		return nil, err
	}
	lines = append(
		lines,
		line{what: "reader waiting for a card, of a core", value: all["Idle/bugst-resting"]["%core"], unit: "%", limit: 0.2},
		line{what: "card decoded", value: all["Decode"]["ns/op"] / 1000, unit: "us", limit: 20},
		line{what: "slip of 25 lines", value: all["Encode"]["bytes/slip"], unit: "bytes", limit: 1000},
		line{what: "slip of 25 lines encoded", value: all["Encode"]["ns/op"] / 1000, unit: "us", limit: 30},
		line{what: "slip's last byte on the line / its bytes alone", value: block, floor: 1, unit: "", limit: 1.02},
	)
	for _, l := range lines {
		if l.value == 0 || l.floor == 0 && strings.Contains(l.what, " / ") {
			return nil, fmt.Errorf("read the drivers' benchmarks: no figure for %s", l.what)
		}
	}
	return lines, nil
}

// ofFloor is what a test tells of each block that it sent.
var ofFloor = regexp.MustCompile(`([0-9.]+) of the floor`)

// blocks is the worst of them.
func blocks(path string) (float64, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, fmt.Errorf("read benchmarks: %w", err)
	}
	worst := 0.0
	for _, found := range ofFloor.FindAllStringSubmatch(string(data), -1) {
		v, err := strconv.ParseFloat(found[1], 64)
		if err != nil {
			return 0, fmt.Errorf("read benchmarks: %w", err)
		}
		worst = max(worst, v)
	}
	return worst, nil
}
