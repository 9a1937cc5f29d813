package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"leye/scripts/internal/peak"
)

// backlogJudge lets many applications wait: filing, starting and sending may not
// become slow by it.
func backlogJudge() judge {
	return judge{
		name: "backlog", what: "100,000 applications wait (2,000 in a short run)",
		bad: "over", of: "limits", try: tryBacklog,
		worse: mutant{
			why: "the queue finds nothing by its indexes",
			edits: []edit{
				{leaseFile, "WHERE o.due_at <= ?1", "WHERE +o.due_at <= ?1"},
				{leaseFile, "p.order_key = o.order_key", "+p.order_key = o.order_key"},
			},
			programs: []program{{pkg: "./app/terminal/cmd/filer"}},
		},
	}
}

const leaseFile = "app/terminal/internal/outbox/lease.go"

// The limits. What filing costs beside an empty queue in the same minutes is
// scripts/bench's matter; here a resident must not wait.
const (
	mostFiling  = 50 * time.Millisecond // at the 99th percentile
	mostSending = 4.0                   // times one application's time in a short queue
	mostStart   = 2 * time.Second
	mostMemory  = 128 // MiB above that of a relay with nothing to send
	sample      = 500 // applications
)

func tryBacklog(ctx context.Context, t *trial) (n tally, err error) {
	c, err := newCentral(ctx, t)
	if err != nil {
		return n, err
	}
	defer func() { err = errors.Join(err, c.kill()) }()
	if err := c.open(ctx); err != nil {
		return n, err
	}
	_, idle, err := t.sendAndTime(ctx, c)
	if err != nil {
		return n, err
	}
	if _, err := t.fileAndTime(ctx, sample); err != nil {
		return n, err
	}
	sending, _, err := t.sendAndTime(ctx, c)
	if err != nil {
		return n, err
	}
	if _, err := t.fileAndTime(ctx, t.rounds(2000, 100_000)); err != nil {
		return n, err
	}
	filing, err := t.fileAndTime(ctx, sample)
	if err != nil {
		return n, err
	}
	found, err := t.look(ctx, t.path("store"))
	if err != nil {
		return n, err
	}
	if found[0].Fault != "" {
		return n, fmt.Errorf("the store does not open: %s", found[0].Fault)
	}
	manySending, memory, err := t.sendAndTime(ctx, c)
	if err != nil {
		return n, err
	}
	limit := func(what string, value, most float64) {
		if n.of++; value > most {
			n.bad++
		}
		n.note("%-28s %8.1f  limit %.1f", what, value, most)
	}
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	limit("filing p99 [ms]", ms(filing), ms(mostFiling))
	limit("sending one [ms]", ms(manySending), mostSending*ms(sending))
	limit("opening the store [ms]", ms(time.Duration(found[0].Opened)*time.Microsecond), ms(mostStart))
	limit("memory above idle [MiB]", memory-idle, mostMemory)
	return n, nil
}

// fileAndTime files so many and returns the 99th percentile of their times.
func (t *trial) fileAndTime(ctx context.Context, count int) (time.Duration, error) {
	s := newSaid()
	err := s.listen(t.filer(ctx, "file", t.path("store"), "--count", fmt.Sprint(count)), func(*process) error { return nil })
	if err != nil {
		return 0, err
	}
	var took []time.Duration
	for _, c := range s.kept {
		took = append(took, c.took)
	}
	if len(took) < count {
		return 0, fmt.Errorf("only %d of %d were kept", len(took), count)
	}
	slices.Sort(took)
	return took[len(took)*99/100], nil
}

// sendAndTime sends all that waits, the control for a moment only, and returns the
// time for each and the most memory that the program had, in MiB.
func (t *trial) sendAndTime(ctx context.Context, c *central) (each time.Duration, memory float64, err error) {
	limit := time.Hour
	if t.control {
		limit = 10 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	s := newSaid()
	cmd := t.filer(ctx, "relay", t.path("store"), "--central", c.url(), "--empty")
	var looking sync.WaitGroup
	began := time.Now()
	err = listenFrom(cmd, func(p *process) {
		looking.Go(func() { memory = peak.Of(p.cmd.Process.Pid, p.done) })
	}, func(line string, _ *process) error { return s.take(line) })
	took := time.Since(began)
	looking.Wait()
	return took / time.Duration(max(1, len(s.accepted))), memory, err
}
