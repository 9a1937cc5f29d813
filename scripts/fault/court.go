package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"leye/app/envelope"
)

// judge is one way to harm the product. Its trial is held on the product, where
// nothing bad may be counted, and on the control, where something must.
type judge struct {
	name    string
	what    string // a line for the list
	bad, of string // what is counted, such as "lost" of "claimed"
	worse   mutant // the control
	long    bool   // takes minutes however small its figures: not held in a short run of all
	try     func(ctx context.Context, t *trial) (tally, error)
}

// tally is what came of a trial.
type tally struct {
	bad, of int
	notes   []string
}

func (n *tally) note(format string, args ...any) {
	n.notes = append(n.notes, fmt.Sprintf(format, args...))
}

// fault counts something bad and says what, as long as there are few.
func (n *tally) fault(format string, args ...any) {
	n.bad++
	if n.bad <= 5 {
		n.note("  "+format, args...)
	}
}

// skipped says that this machine cannot hold a trial, and why.
type skipped struct{ why string }

func (s skipped) Error() string { return s.why }

// court is where trials are held.
type court struct {
	bin, dir   string
	tags, link string // with which the product was built
	short      bool
	seed       uint64
}

// trial is one of the two trials of a judge.
type trial struct {
	court
	control  bool
	programs string // folder of the control's own programs
	rng      *rand.Rand
	key      *envelope.PrivateKey // of the central
}

// rounds is how often something is tried: in a short run, and in a whole one.
// The control needs no more than a short run to be found out.
func (t *trial) rounds(short, all int) int {
	if t.short || t.control {
		return short
	}
	return all
}

// program is the path of a program, the control's if it has one of its own.
func (t *trial) program(name string) string {
	own := filepath.Join(t.programs, name)
	if _, err := os.Stat(own); t.control && err == nil {
		return own
	}
	return filepath.Join(t.bin, name)
}

func (t *trial) path(name string) string { return filepath.Join(t.dir, name) }

// hear holds the trials and prints a line for each judge.
func (c court) hear(ctx context.Context, judges []judge, out io.Writer) error {
	fmt.Fprintf(out, "seed %d\n", c.seed)
	failed := false
	for _, j := range judges {
		began := time.Now()
		line, holds, err := c.judge(ctx, j)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		var skip skipped
		switch {
		case errors.As(err, &skip):
			line = "SKIPPED: " + skip.why
		case err != nil:
			line, failed = "FAILED: "+err.Error(), true
		case !holds:
			line, failed = "FAILED: "+line, true
		}
		fmt.Fprintf(out, "%-8s  %s  (%.0f s)\n", j.name, line, time.Since(began).Seconds())
	}
	if failed {
		return errFailed
	}
	return nil
}

// judge holds both trials. Without anything tried there is no verdict.
func (c court) judge(ctx context.Context, j judge) (line string, holds bool, err error) {
	product, err := c.try(ctx, j, false, 0)
	if err != nil {
		return "", false, err
	}
	control, err := c.tryControl(ctx, j)
	if err != nil {
		return "", false, fmt.Errorf("control: %w", err)
	}
	line = fmt.Sprintf("%d %s of %d %s; control (%s): %d of %d", product.bad, j.bad, product.of, j.of, j.worse.why, control.bad, control.of)
	for _, note := range product.notes {
		line += "\n            " + note
	}
	return line, product.bad == 0 && product.of > 0 && control.bad > 0, nil
}

// mostControls is how often a control is tried that nobody has found out yet: what
// harms it is drawn by lot, and a short run has few lots.
const mostControls = 5

func (c court) tryControl(ctx context.Context, j judge) (sum tally, err error) {
	for again := uint64(0); again < mostControls && sum.bad == 0; again++ {
		one, err := c.try(ctx, j, true, again)
		if err != nil {
			return sum, err
		}
		sum.bad, sum.of = sum.bad+one.bad, sum.of+one.of
	}
	return sum, nil
}

// try holds one trial; the same court draws other lots when it tries again.
func (c court) try(ctx context.Context, j judge, control bool, again uint64) (tally, error) {
	name := j.name
	if control {
		name += "-control"
	}
	t := &trial{court: c, control: control, rng: rand.New(rand.NewPCG(c.seed, uint64(len(name))+again<<32))}
	t.dir = filepath.Join(c.dir, name)
	t.programs = filepath.Join(t.dir, "bin")
	if err := os.RemoveAll(t.dir); err != nil {
		return tally{}, err
	}
	if err := os.MkdirAll(t.dir, 0o755); err != nil {
		return tally{}, err
	}
	key, err := envelope.NewPrivateKey()
	if err != nil {
		return tally{}, err
	}
	t.key = key
	if control {
		if err := j.worse.build(ctx, t); err != nil {
			return tally{}, err
		}
	}
	return j.try(ctx, t)
}
