package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// killJudge kills a program that files without pause: what it had called kept
// must be there, once.
func killJudge() judge {
	return judge{
		name: "kill", what: "a program that files without pause is killed, again and again",
		bad: "lost or doubled", of: "claimed", try: tryKill,
		worse: mutant{why: "claims before the commit"},
	}
}

func tryKill(ctx context.Context, t *trial) (n tally, err error) {
	s := newSaid()
	kills := t.rounds(20, 200)
	for range kills {
		args := []string{}
		if t.control {
			args = append(args, "--early")
		}
		if err := s.listen(t.filer(ctx, "file", t.path("store"), args...), killSoon(t)); err != nil {
			return n, err
		}
	}
	found, err := t.look(ctx, t.path("store"))
	if err != nil {
		return n, err
	}
	compareStore(&n, s.kept, found[0])
	n.note("%d kills, %d kept without a claim, %d lines of the journal hold", kills, len(found[0].Entries)-len(s.kept), found[0].Lines)
	return n, nil
}

// killSoon kills at a moment that the program does not know, after its first
// word.
func killSoon(t *trial) func(*process) error {
	begun := false
	return func(p *process) error {
		if !begun {
			begun = true
			time.AfterFunc(time.Duration(t.rng.Int64N(int64(150*time.Millisecond))), func() { _ = p.kill() })
		}
		return nil
	}
}

// drainJudge kills terminal and central by turns while the queue empties itself:
// every application must end as accepted, under one case.
func drainJudge() judge {
	return judge{
		name: "drain", what: "terminal and central are killed by turns while the queue empties itself",
		bad: "lost or doubled", of: "accepted", try: tryDrain,
		worse: forgetful(),
	}
}

// forgetful is a central that does not know an application again.
func forgetful() mutant {
	const file = "app/central/internal/intake/intake.go"
	return mutant{
		why: "the central opens a case for each request",
		edits: []edit{
			{file, "c, err := i.ledger.Filed(ctx, id, digest)", "c, err := ledger.Case{}, error(ledger.ErrNotFound)"},
			{file, "\tc, repeated, err = i.ledger.File(ctx, f)\n", "\tf.ID += fmt.Sprint(time.Now().UnixNano())\n\tc, repeated, err = i.ledger.File(ctx, f)\n\tc.ApplicationID = id\n"},
		},
		programs: []program{{pkg: "./app/central/cmd/central"}},
	}
}

func tryDrain(ctx context.Context, t *trial) (n tally, err error) {
	c, err := newCentral(ctx, t)
	if err != nil {
		return n, err
	}
	defer func() { err = errors.Join(err, c.kill()) }()
	s := newSaid()
	kills := t.rounds(20, 200)
	for k := range kills {
		if err := t.drainOnce(ctx, s, c, k); err != nil {
			return n, fmt.Errorf("kill %d: %w", k+1, err)
		}
	}
	if err := c.open(ctx); err != nil {
		return n, err
	}
	if err := t.relay(ctx, s, t.path("store"), c.url(), nothing); err != nil {
		return n, err
	}
	cases, err := t.compareBoth(ctx, &n, s, c)
	if err != nil {
		return n, err
	}
	n.note("%d kills of terminal or central, %d cases", kills, len(cases))
	return n, nil
}

// compareBoth compares what was said with the terminal's store and the central's
// cases, once all has been sent.
func (t *trial) compareBoth(ctx context.Context, n *tally, s *said, c *central) ([]held, error) {
	found, err := t.look(ctx, t.path("store"))
	if err != nil {
		return nil, err
	}
	cases, err := c.all(ctx)
	if err != nil {
		return nil, err
	}
	compareStore(n, s.kept, found[0])
	compareAccepted(n, s, found[0], cases)
	return cases, nil
}

// compareAccepted demands that all has been accepted, under the number that was
// said, and that the central has it whole and once.
func compareAccepted(n *tally, s *said, found seen, cases []held) {
	all := []kept{}
	for _, e := range found.Entries {
		all = append(all, kept{Reference: e.Reference, ID: e.ID, State: e.State, Number: e.Number})
		if number := s.accepted[e.ID]; e.State != "accepted" || number != "" && number != e.Number {
			n.fault("%s is %s under %q, was said to be accepted under %q", e.ID, e.State, e.Number, number)
		}
	}
	compareCases(n, all, cases)
	for _, c := range cases {
		if !c.whole() {
			n.fault("%s stands in the central and is not what was filed", c.reference)
		}
	}
}

// drainOnce files a few, lets them be sent and kills one side at it: two of three
// times the terminal.
func (t *trial) drainOnce(ctx context.Context, s *said, c *central, k int) error {
	if err := c.open(ctx); err != nil {
		return err
	}
	if err := s.listen(t.filer(ctx, "file", t.path("store"), "--count", "15"), func(*process) error { return nil }); err != nil {
		return err
	}
	return t.relay(ctx, s, t.path("store"), c.url(), func(p *process) {
		time.Sleep(time.Duration(t.rng.Int64N(int64(100 * time.Millisecond))))
		if k%3 == 0 {
			_ = c.kill()
			time.Sleep(50 * time.Millisecond)
		}
		_ = p.kill()
	})
}

func nothing(*process) {}

// relay sends until the queue is empty. What happens to the terminal meanwhile
// begins with its first success and has ended when relay returns.
func (t *trial) relay(ctx context.Context, s *said, store, url string, meanwhile func(*process), args ...string) error {
	args = append([]string{"--central", url, "--empty"}, args...)
	var beside sync.WaitGroup
	defer beside.Wait()
	begun := false
	return s.listen(t.filer(ctx, "relay", store, args...), func(p *process) error {
		if !begun {
			begun = true
			beside.Go(func() { meanwhile(p) })
		}
		return nil
	})
}
