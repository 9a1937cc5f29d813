package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// evacuateJudge carries a terminal's queue to another one while terminals and
// central are killed, and revives the first from a copy of its disk: all comes into
// the central once, and the old one sends nothing that the other has adopted.
func evacuateJudge() judge {
	return judge{
		name: "evacuate", what: "a queue is carried to another terminal under kills, and both are revived",
		bad: "lost, doubled or sent by the old one after the fence", of: "kept", try: tryEvacuate,
		worse: mutant{
			why:      "the central has no fence",
			edits:    []edit{{"app/central/internal/ledger/evacuation.go", "\treturn \"\", ErrFenced\n", "\treturn origin, nil\n"}},
			programs: []program{{pkg: "./app/central/cmd/central"}},
		},
	}
}

func tryEvacuate(ctx context.Context, t *trial) (n tally, err error) {
	h, err := newHandover(ctx, t)
	if err != nil {
		return n, err
	}
	defer func() { err = errors.Join(err, h.central.kill()) }()
	for k := range t.rounds(3, 30) {
		if err := h.round(ctx, &n, k); err != nil {
			return n, fmt.Errorf("round %d: %w", k+1, err)
		}
	}
	return n, h.compare(ctx, &n)
}

// handover is a district with the terminal that fails and the one that takes over.
type handover struct {
	t          *trial
	central    *central
	old, other *said
	files      []string // that were adopted already
	kills      atomic.Int64
	fences     int // entries that the old one was kept from sending
	undone     int
}

const (
	oldName, otherName = "PT01", "PT02"
)

func newHandover(ctx context.Context, t *trial) (*handover, error) {
	c, err := newCentral(ctx, t)
	if err != nil {
		return nil, err
	}
	if c.door, err = freePort(ctx); err != nil {
		return nil, err
	}
	h := &handover{t: t, central: c, old: newSaid(), other: newSaid()}
	if err := c.open(ctx); err != nil {
		return nil, err
	}
	for _, name := range []string{oldName, otherName} {
		if err := h.enrol(ctx, name); err != nil {
			return nil, errors.Join(err, c.kill())
		}
	}
	err = errors.Join(h.file(ctx, oldName, h.old, 1), h.file(ctx, otherName, h.other, 1), os.Mkdir(t.path("stick"), 0o755))
	if err != nil {
		return nil, errors.Join(err, c.kill())
	}
	return h, nil
}

var codeShape = regexp.MustCompile(`code: (\S+)`)

// enrol makes a terminal known, as a technician does.
func (h *handover) enrol(ctx context.Context, name string) error {
	dir := h.t.path(name)
	config := fmt.Sprintf("[terminal]\nid = %q\n[central]\nurl = %q\ntimeout = \"2s\"\n[store]\ndir = %q\n", name, h.central.doorURL(), dir)
	if err := errors.Join(os.Mkdir(dir, 0o700), os.WriteFile(dir+".toml", []byte(config), 0o644)); err != nil {
		return err
	}
	root, err := exec.CommandContext(ctx, h.t.program("central"), "ca", "show", "--db", h.central.db).Output()
	if err != nil {
		return fmt.Errorf("ask for the roots: %w", err)
	}
	words, err := exec.CommandContext(ctx, h.t.program("central"), "terminals", "add", name, "--db", h.central.db).Output()
	code := codeShape.FindSubmatch(words)
	if err != nil || code == nil {
		return fmt.Errorf("ask for a code: %q, %w", words, err)
	}
	if err := os.WriteFile(h.t.path("root.pem"), root, 0o644); err != nil {
		return err
	}
	if exit, said := h.ctl(ctx, name, 0, "enrol", "--code", string(code[1]), "--root", h.t.path("root.pem")); exit != 0 {
		return fmt.Errorf("enrol %s: exit %d: %s", name, exit, said)
	}
	return nil
}

// killed is the exit code of a program that was ended suddenly.
const killed = -1

// ctl runs kioskctl for a terminal, and kills it after a while unless that is 0.
func (h *handover) ctl(ctx context.Context, name string, after time.Duration, args ...string) (exit int, said string) {
	cmd := exec.CommandContext(ctx, h.t.program("kioskctl"), append(args, "--config", h.t.path(name)+".toml")...)
	var words strings.Builder
	cmd.Stdout, cmd.Stderr = &words, &words
	p, err := launch(cmd)
	if err != nil {
		return killed, err.Error()
	}
	if after > 0 {
		timer := time.AfterFunc(after, func() { _ = p.kill() })
		defer timer.Stop()
	}
	<-p.done
	return cmd.ProcessState.ExitCode(), words.String()
}

// until runs kioskctl again and again, killed at moments that it does not know,
// until it ends by itself.
func (h *handover) until(ctx context.Context, name string, args ...string) (exit int, said string, err error) {
	for n := 0; n < 12; n++ {
		if err := h.central.open(ctx); err != nil {
			return 0, "", err
		}
		after := h.soon(120)
		if n > 3 {
			after = 0
		}
		exit, said = h.ctl(ctx, name, after, args...)
		if exit != killed && !strings.Contains(said, "nothing was changed: send") {
			return exit, said, nil
		}
		h.kills.Add(1)
	}
	return exit, said, fmt.Errorf("kioskctl %v does not end: %s", args, said)
}

func (h *handover) soon(ms int64) time.Duration {
	return time.Duration(1+h.t.rng.Int64N(ms)) * time.Millisecond
}

// round lets the terminal file, be emptied and come back.
func (h *handover) round(ctx context.Context, n *tally, k int) error {
	if err := h.central.open(ctx); err != nil {
		return err
	}
	dir, image := h.t.path(oldName), h.t.path("image")
	if err := h.file(ctx, oldName, h.old, 8); err != nil {
		return err
	}
	// Some of it is on its way, and the answers are lost.
	if k%2 == 0 {
		if err := h.relay(ctx, oldName, h.old, h.soon(150)); err != nil {
			return err
		}
	}
	if err := errors.Join(os.RemoveAll(image), os.CopyFS(image, os.DirFS(dir))); err != nil {
		return err
	}
	if exit, said, err := h.until(ctx, oldName, "evacuate", "--to", h.t.path("stick")); err != nil || exit != 0 && exit != 4 {
		return fmt.Errorf("evacuate: exit %d: %s, %w", exit, said, err)
	}
	if k%3 == 2 {
		return h.takeBack(ctx)
	}
	return h.adopt(ctx, n, k)
}

func (h *handover) file(ctx context.Context, name string, s *said, count int) error {
	cmd := h.t.filer(ctx, "file", h.t.path(name), "--terminal", name, "--count", fmt.Sprint(count))
	return s.listen(cmd, func(*process) error { return nil })
}

// takeBack has the old terminal send itself what nobody has adopted.
func (h *handover) takeBack(ctx context.Context) error {
	exit, said, err := h.until(ctx, oldName, "evacuate", "--undo")
	if err != nil || exit != 0 && exit != 4 {
		return fmt.Errorf("undo: exit %d: %s, %w", exit, said, err)
	}
	h.undone++
	if err := h.relay(ctx, oldName, h.old, 0); err != nil {
		return err
	}
	for _, file := range h.fresh() {
		exit, said, err := h.until(ctx, otherName, "adopt", file)
		// A file that was made just before a kill is no evacuation of the terminal's own
		// counting: it may be adopted, and then what it holds is the other's.
		if err != nil || exit != 0 && exit != 4 {
			return fmt.Errorf("adopt what was taken back: exit %d: %s, %w", exit, said, err)
		}
	}
	return h.relay(ctx, otherName, h.other, 0)
}

// adopt carries the files over and revives the old terminal from its copy: before,
// so that both send at once, and afterwards.
func (h *handover) adopt(ctx context.Context, n *tally, k int) error {
	if err := h.relay(ctx, oldName, h.old, 0); err != nil { // as it is, it has nothing to send
		return err
	}
	if err := h.revive(); err != nil {
		return err
	}
	race := make(chan error, 1)
	if k%3 == 0 {
		go func() { race <- h.relay(ctx, oldName, h.old, 80*time.Millisecond) }()
	} else {
		race <- nil
	}
	for _, file := range h.fresh() {
		stop := func() {}
		if k%3 == 1 {
			stop = h.killCentral()
		}
		exit, said, err := h.until(ctx, otherName, "adopt", file)
		stop()
		if err != nil || exit != 0 {
			return errors.Join(fmt.Errorf("adopt: exit %d: %s", exit, said), err, <-race)
		}
	}
	if err := <-race; err != nil {
		return err
	}
	before := len(h.old.accepted)
	if err := h.relay(ctx, otherName, h.other, h.soon(80)); err != nil { // killed while it drains
		return err
	}
	if err := h.relay(ctx, oldName, h.old, 0); err != nil {
		return err
	}
	for range len(h.old.accepted) - before {
		n.fault("the old terminal sent one after the fence")
	}
	return h.relay(ctx, otherName, h.other, 0)
}

// killCentral does it in a moment, and returns what waits until it is done, or will
// not be.
func (h *handover) killCentral() (stop func()) {
	running, done := h.central.running, make(chan struct{})
	timer := time.AfterFunc(h.soon(100), func() {
		defer close(done)
		h.kills.Add(1)
		_ = running.kill()
	})
	return func() {
		if !timer.Stop() {
			<-done
		}
	}
}

// revive puts the copy of the old terminal's disk in place of what it is by now.
func (h *handover) revive() error {
	dir := h.t.path(oldName)
	return errors.Join(os.RemoveAll(dir), os.CopyFS(dir, os.DirFS(h.t.path("image"))),
		os.Chmod(filepath.Join(dir, "identity.pem"), 0o600), os.Chmod(filepath.Join(dir, "terminal.key"), 0o600))
}

// fresh are the files that came onto the stick since it was asked last.
func (h *handover) fresh() (list []string) {
	all, _ := filepath.Glob(h.t.path("stick/*.leye")) // the pattern is right
	for _, file := range all {
		if !slices.Contains(h.files, file) {
			list, h.files = append(list, file), append(h.files, file)
		}
	}
	return list
}

// relay sends until nothing waits, or until it is killed.
func (h *handover) relay(ctx context.Context, name string, s *said, after time.Duration) error {
	if after == 0 {
		if err := h.central.open(ctx); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	cmd := h.t.filer(ctx, "relay", h.t.path(name), "--terminal", name, "--central", h.central.doorURL(), "--empty", "--lease", "600ms")
	if after > 0 {
		h.kills.Add(1)
		timer := time.AfterFunc(after, func() {
			if cmd.Process != nil {
				_ = cmd.Process.Kill()
			}
		})
		defer timer.Stop()
	}
	if err := s.listen(cmd, func(*process) error { return nil }); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s: not all was sent in a minute: %w", name, ctx.Err())
	}
	return nil
}

// compare demands that all that was kept is in the central once and whole, under
// the number that each terminal knows, that nothing waits, and that journals hold.
func (h *handover) compare(ctx context.Context, n *tally) error {
	found, err := h.t.look(ctx, h.t.path(oldName), h.t.path(otherName))
	if err != nil {
		return err
	}
	cases, err := h.central.all(ctx)
	if err != nil {
		return err
	}
	numbers := map[string]string{}
	for _, c := range cases {
		if numbers[c.id] != "" || !c.whole() {
			n.fault("%s stands in the central twice, or is not what was filed", c.reference)
		}
		numbers[c.id] = c.number
	}
	for _, s := range []*said{h.old, h.other} {
		n.of += len(s.kept)
		for id, c := range s.kept {
			if numbers[id] == "" {
				n.fault("%s is lost", c.reference)
			}
		}
	}
	for i, name := range []string{oldName, otherName} {
		h.compareTerminal(n, name, found[i], numbers)
	}
	n.note("%d kills, %d entries that the old terminal was kept from sending, %d evacuations taken back, %d files, %d cases", h.kills.Load(), h.fences, h.undone, len(h.files), len(cases))
	return nil
}

func (h *handover) compareTerminal(n *tally, name string, found seen, numbers map[string]string) {
	if found.Fault != "" || found.Journal != "" {
		n.fault("%s: %s %s", name, found.Fault, found.Journal)
	}
	for _, e := range found.Entries {
		switch {
		case e.State == "evacuated" && name == oldName:
			h.fences++
		case e.State != "accepted" || e.Number != numbers[e.ID]:
			n.fault("%s at %s is %s under %q, in the central under %q", e.Reference, name, e.State, e.Number, numbers[e.ID])
		}
		if !e.Whole {
			n.fault("%s at %s is not what was filed", e.Reference, name)
		}
	}
}
