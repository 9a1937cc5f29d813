package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
)

// errorsJudge lets one system call after another fail while applications are
// filed: the n-th of a kind, a few or all from the n-th on. After a failed sync
// nobody knows what is on the disk, so the power is cut too.
func errorsJudge() judge {
	return judge{
		name: "errors", what: "the n-th write, sync or truncation fails while applications are filed, then the power is cut",
		bad: "with something lost", of: "failures and cuts", try: tryErrors,
		worse: mutant{
			why:      "a failed commit is taken for a good one",
			edits:    []edit{{storeFile, "\terr = tx.Commit()\n", "\t_ = tx.Commit()\n\terr = nil\n"}},
			programs: []program{{pkg: "./app/terminal/cmd/filer"}},
		},
	}
}

// failure is a kind of call that fails, with about how many there are in a run.
type failure struct {
	calls, as string
	many      int
}

func tryErrors(ctx context.Context, t *trial) (n tally, err error) {
	if _, err := exec.LookPath("strace"); err != nil {
		return n, skipped{"strace is not installed"}
	}
	failures := []failure{{"fsync,fdatasync", "EIO", 36}, {"pwrite64", "ENOSPC", 240}, {"pwrite64", "EIO", 240}, {"ftruncate", "EIO", 3}}
	claimed, refused, failed := 0, 0, 0
	for i := range t.rounds(16, 400) {
		f := failures[i%len(failures)]
		when := f.when(t.rng.IntN(f.many)+1, i/len(failures))
		s, bad, err := t.failOnce(ctx, &n, f, when)
		if err != nil {
			return n, fmt.Errorf("%s %s at %s: %w", f.calls, f.as, when, err)
		}
		claimed, refused, failed = claimed+len(s.kept), refused+len(s.failed), failed+bad
	}
	if failed == 0 {
		return n, errors.New("no call has failed")
	}
	n.note("%d calls failed; %d applications were claimed, %d refused at first or for good", failed, claimed, refused)
	return n, nil
}

// when is one call, a few or all from the n-th on. Each thread of the program
// counts for itself, so that one can be more than one.
func (f failure) when(n, mode int) string {
	return [...]string{fmt.Sprint(n), fmt.Sprintf("%d..%d", n, n+2), fmt.Sprintf("%d+", n)}[mode%3]
}

// failOnce files a few on a new store while calls fail, looks at what is there,
// and at what a power cut after the failure would have left.
func (t *trial) failOnce(ctx context.Context, n *tally, f failure, when string) (s *said, failed int, err error) {
	s = newSaid()
	store := t.path("store")
	if err := os.RemoveAll(store); err != nil {
		return s, 0, err
	}
	steps, err := t.trace(ctx, s, store, []string{"--count", "10"}, "-e", fmt.Sprintf("inject=%s:error=%s:when=%s", f.calls, f.as, when))
	if err != nil {
		return s, 0, err
	}
	found, err := t.look(ctx, store)
	if err != nil {
		return s, 0, err
	}
	var one tally
	compareStore(&one, s.kept, found[0])
	n.of++
	if one.bad > 0 {
		n.fault("%s %s at %s: %s", f.calls, f.as, when, one.notes[0])
	}
	first := 0
	for i := len(steps) - 1; i >= 0; i-- {
		if steps[i].bad {
			first, failed = i, failed+1
		}
	}
	return s, failed, t.cuts(ctx, n, fmt.Sprintf("%s %s at %s: ", f.calls, f.as, when), steps, first, 4)
}
