package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"
)

// fullJudge fills a small disk with applications. What does not fit must be
// refused and kept nowhere, what was kept must still be sent, and then there is
// room again; also when others have filled the disk to its last byte.
func fullJudge() judge {
	return judge{
		name: "full", what: "the disk is full, of applications and of other things",
		bad: "lost, half kept or not to be sent", of: "claimed", try: tryFull,
		worse: mutant{
			why:      "no room is kept back",
			edits:    []edit{{storeFile, "opt.Reserve = 8 << 20", "opt.Reserve = 1"}},
			programs: []program{{pkg: "./app/terminal/cmd/filer"}},
		},
	}
}

const (
	diskSize = "size=24m" // three times the room that a terminal keeps back
	bodySize = "20000"
	again    = 200 // are filed when all has been sent
	most     = 2 * time.Minute
)

func tryFull(ctx context.Context, t *trial) (n tally, err error) {
	disk := t.path("disk")
	if err := os.MkdirAll(disk, 0o700); err != nil {
		return n, err
	}
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, diskSize); err != nil {
		return n, skipped{fmt.Sprintf("mount a small disk: %v", err)}
	}
	defer func() { err = errors.Join(err, syscall.Unmount(disk, 0)) }()
	c, err := newCentral(ctx, t)
	if err != nil {
		return n, err
	}
	defer func() { err = errors.Join(err, c.kill()) }()
	if err := c.open(ctx); err != nil {
		return n, err
	}
	s := newSaid()
	if err := t.crowd(ctx, &n, s, disk); err != nil {
		return n, err
	}
	return n, t.fill(ctx, &n, s, disk, c)
}

// crowd lets other things take the disk to its last byte while the queue is
// short, and takes them away again.
func (t *trial) crowd(ctx context.Context, n *tally, s *said, disk string) error {
	store := disk + "/store"
	if err := t.fileSome(ctx, s, store, 20); err != nil {
		return err
	}
	ballast, err := os.Create(disk + "/ballast")
	if err != nil {
		return err
	}
	_, err = io.Copy(ballast, zeros{})
	if !errors.Is(err, syscall.ENOSPC) {
		return errors.Join(fmt.Errorf("fill the disk: %w", err), ballast.Close())
	}
	before := len(s.kept)
	if err := errors.Join(ballast.Close(), t.fileSome(ctx, s, store, 10)); err != nil {
		return err
	}
	n.note("with no byte free %d of 10 were taken", len(s.kept)-before)
	return os.Remove(disk + "/ballast")
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// fill files more than fits, sends it all and files again.
func (t *trial) fill(ctx context.Context, n *tally, s *said, disk string, c *central) error {
	store := disk + "/store"
	if err := t.fileSome(ctx, s, store, 1200); err != nil {
		return err
	}
	fitted, refused := len(s.kept), len(s.failed)
	if refused == 0 {
		return errors.New("the disk was never full")
	}
	ctxRelay, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	if err := t.relay(ctxRelay, s, store, c.url(), nothing); err != nil {
		return err
	}
	before := len(s.kept)
	if err := t.fileSome(ctx, s, store, again); err != nil {
		return err
	}
	if taken := len(s.kept) - before; taken < again {
		n.fault("after all was sent only %d of %d are taken", taken, again)
	}
	if err := t.relay(ctxRelay, s, store, c.url(), nothing); err != nil {
		return err
	}
	found, err := t.look(ctx, store)
	if err != nil {
		return err
	}
	cases, err := c.all(ctx)
	if err != nil {
		return err
	}
	compareStore(n, s.kept, found[0])
	compareAccepted(n, s, found[0], cases)
	if half := len(found[0].Entries) - len(s.kept); half != 0 {
		n.fault("%d are kept that were refused", half)
	}
	n.note("%d fitted, %d were refused, %d cases", fitted, refused, len(cases))
	return nil
}

func (t *trial) fileSome(ctx context.Context, s *said, store string, count int) error {
	return s.listen(t.filer(ctx, "file", store, "--count", fmt.Sprint(count), "--size", bodySize), func(*process) error { return nil })
}
