package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"leye/scripts/internal/figure"
	"leye/scripts/internal/peak"
)

const bodySize = "4096"

// filing lets queue and rival keep messages turn by turn; sealing, number and
// journal are in the queue's time, the end of each visit is not.
func (c config) filing(ctx context.Context) (figure.Line, error) {
	var ours, theirs []float64
	for range c.rounds {
		said, _, err := c.do(ctx, c.goqite, "-db", filepath.Join(c.dir, "goqite.db"), "-schema", c.schema, "-count", strconv.Itoa(c.messages), "-size", bodySize)
		if err != nil {
			return figure.Line{}, err
		}
		if theirs, err = column(theirs, said, 0, 1); err != nil {
			return figure.Line{}, err
		}
		if said, err = c.file(ctx, "filing", c.messages); err != nil {
			return figure.Line{}, err
		}
		if ours, err = column(ours, said, 4, 5); err != nil {
			return figure.Line{}, err
		}
	}
	return figure.Line{What: "filed durably / sent by goqite, same driver and synchronous FULL", Value: median(ours) / 1000, Floor: median(theirs) / 1000, Unit: "ms", Limit: 1}, nil
}

func (c config) file(ctx context.Context, store string, count int) (string, error) {
	said, _, err := c.do(ctx, c.filer, "file", "--store", filepath.Join(c.dir, store), "--seal-to", c.sealTo, "--count", strconv.Itoa(count), "--size", bodySize)
	return said, err
}

// sending empties a queue over the terminals' line (TLS, signed both ways), beside
// a client that has no queue and sends as many at once over the same line, turn by
// turn: the applications are shared out among the rounds.
func (c config) sending(ctx context.Context) ([]figure.Line, error) {
	var ours, theirs, memory []float64
	count := max(1, c.drain/c.rounds)
	for n := range c.rounds {
		store := filepath.Join(c.dir, fmt.Sprint("drain-", n))
		if err := c.enrolled(store); err != nil {
			return nil, err
		}
		_, idle, err := c.relay(ctx, store)
		if err != nil {
			return nil, err
		}
		if _, err := c.file(ctx, filepath.Base(store), count); err != nil {
			return nil, err
		}
		began := time.Now()
		said, most, err := c.relay(ctx, store)
		if err != nil {
			return nil, err
		}
		took := time.Since(began)
		if n := strings.Count(said, "accepted "); n != count {
			return nil, fmt.Errorf("%d of %d were accepted", n, count)
		}
		ours, memory = append(ours, float64(took.Microseconds())/float64(count)), append(memory, most-idle)
		said, _, err = c.do(ctx, c.filer, "bare", "--store", store, "--central", c.central, "--seal-to", c.sealTo, "--timeout", "30s", "--count", strconv.Itoa(count), "--size", bodySize)
		if err != nil {
			return nil, err
		}
		bare, err := column(nil, said, 2, 3)
		if err != nil {
			return nil, err
		}
		theirs = append(theirs, bare[0]/float64(count))
	}
	return []figure.Line{
		{What: fmt.Sprintf("each of %d sent from the queue / by a client without one", count*c.rounds), Value: median(ours) / 1000, Floor: median(theirs) / 1000, Unit: "ms", Limit: 2},
		{What: "memory while sending, above idle", Value: slices.Max(memory), Unit: "MiB", Limit: 128},
	}, nil
}

// enrolled makes a store whose terminal the central knows.
func (c config) enrolled(store string) error {
	data, err := os.ReadFile(c.identity)
	if err == nil {
		err = os.MkdirAll(store, 0o700)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(store, filepath.Base(c.identity)), data, 0o600)
	}
	if err != nil {
		return fmt.Errorf("make an enrolled terminal: %w", err)
	}
	return nil
}

func (c config) relay(ctx context.Context, store string) (said string, memory float64, err error) {
	return c.do(ctx, c.filer, "relay", "--store", store, "--central", c.central, "--timeout", "30s", "--lease", "1m", "--empty")
}

// do runs a program and returns what it said and the most memory that it had, in
// MiB.
func (c config) do(ctx context.Context, name string, args ...string) (said string, memory float64, err error) {
	cmd := exec.CommandContext(ctx, name, args...)
	var out, words bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &words
	if err := cmd.Start(); err != nil {
		return "", 0, fmt.Errorf("start %s: %w", filepath.Base(name), err)
	}
	ended := make(chan struct{})
	var looking sync.WaitGroup
	looking.Go(func() { memory = peak.Of(cmd.Process.Pid, ended) })
	err = cmd.Wait()
	close(ended)
	looking.Wait()
	if err != nil {
		return "", 0, fmt.Errorf("run %s: %w\n%s", filepath.Base(name), err, words.String())
	}
	return out.String(), memory, nil
}

// column adds one number of each line of so many words.
func column(to []float64, said string, at, words int) ([]float64, error) {
	before := len(to)
	for line := range strings.Lines(said) {
		word := strings.Fields(line)
		if len(word) != words {
			return nil, fmt.Errorf("read a program's words: %q", line)
		}
		v, err := strconv.ParseFloat(word[at], 64)
		if err != nil {
			return nil, fmt.Errorf("read a program's words: %w", err)
		}
		to = append(to, v)
	}
	if len(to) == before {
		return nil, errors.New("read a program's words: it said nothing")
	}
	return to, nil
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}
