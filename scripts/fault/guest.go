package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// guestJudge cuts the power of a whole machine, at random moments of its life: a
// kernel, ext4 and the product's own store, queue and journal on a drive that
// forgets what was not flushed. When the power is back, the file system must be
// whole, everything claimed kept, and what waits is sent without a hand.
func guestJudge() judge {
	return judge{
		name: "guest", what: "the power of a virtual machine is cut; its drive forgets what was not flushed",
		bad: "with something lost or damaged", of: "cuts", try: tryGuest, long: true,
		worse: mutant{
			why:      "synchronous = NORMAL",
			edits:    []edit{{storeFile, "synchronous(FULL)", "synchronous(NORMAL)"}},
			programs: []program{{pkg: "./app/terminal/cmd/filer", static: true}},
		},
	}
}

//go:embed guest.init
var guestInit []byte

const (
	driveSize   = 64 << 20
	cutsOfOne   = 10               // drive, before the next guest gets a new one
	longestLife = 15 * time.Minute // on a busy machine without hardware for guests
)

// The guest's modules, in the order in which guest.init loads them.
var modules = []string{"virtio_ring", "virtio", "virtio_mmio", "virtio_blk", "virtio_console", "failover", "net_failover", "virtio_net"}

// guest is a machine with one drive, in all its lives.
type guest struct {
	*trial
	drive   *drive
	central *central
	said    *said
	found   seen // at the last start

	cuts, filing, unflushed, claimed int
	pending                          int // cuts that have not been judged
	lost                             tally
}

func tryGuest(ctx context.Context, t *trial) (n tally, err error) {
	if err := t.prepareGuest(ctx); err != nil {
		return n, err
	}
	left := t.rounds(2*cutsOfOne/5, 10*cutsOfOne)
	var guests []*guest
	for ; left > 0; left -= cutsOfOne {
		g, err := t.newGuest(ctx, len(guests), min(left, cutsOfOne))
		if err != nil {
			return n, err
		}
		guests = append(guests, g)
	}
	err = atOnce(guests, 2, func(g *guest) error { return g.run(ctx) })
	filing, unflushed, claimed := 0, 0, 0
	for _, g := range guests {
		n.of, n.bad, n.notes = n.of+g.lost.of, n.bad+g.lost.bad, append(n.notes, g.lost.notes...)
		filing, unflushed, claimed = filing+g.filing, unflushed+g.unflushed, claimed+g.claimed
	}
	n.note("%d guests, %d claimed; %d cuts came while filing, the others while starting and sending; %d writes were not flushed", len(guests), claimed, filing, unflushed)
	return n, err
}

// atOnce does something to each, so many at a time.
func atOnce[T any](list []T, most int, do func(T) error) error {
	errs := make([]error, len(list))
	room := make(chan struct{}, most)
	var all sync.WaitGroup
	for i, one := range list {
		room <- struct{}{}
		all.Go(func() {
			errs[i] = do(one)
			<-room
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// prepareGuest makes what every guest starts from: its first programs and an empty
// file system.
func (t *trial) prepareGuest(ctx context.Context) error {
	from := filepath.Join(t.bin, "guest")
	if _, err := os.Stat(filepath.Join(from, "vmlinuz")); err != nil {
		return skipped{"there is no kernel for a guest on this machine"}
	}
	filer := filepath.Join(from, "filer")
	if t.control {
		filer = t.program("filer")
	}
	var a initramfs
	for _, name := range []string{"bin", "lib", "dev", "proc", "sys", "etc", "tmp", "state"} {
		a.folder(name)
	}
	a.add("init", fileMode, guestInit)
	programs := map[string]string{"bin/busybox": "/bin/busybox", "bin/e2fsck": "/sbin/e2fsck.static", "bin/filer": filer}
	for _, m := range modules {
		programs["lib/"+m+".ko"] = filepath.Join(from, m+".ko")
	}
	for name, path := range programs {
		if err := a.program(name, path); err != nil {
			return err
		}
	}
	if err := a.write(t.path("initramfs")); err != nil {
		return err
	}
	empty := t.path("empty.img")
	if err := os.WriteFile(empty, make([]byte, driveSize), 0o644); err != nil {
		return err
	}
	if words, err := exec.CommandContext(ctx, "mkfs.ext4", "-q", "-F", empty).CombinedOutput(); err != nil {
		return fmt.Errorf("make a file system: %w\n%s", err, words)
	}
	return nil
}

// newGuest gives a guest its drive, its central and its share of the trial's luck.
func (t *trial) newGuest(ctx context.Context, number, cuts int) (*guest, error) {
	own := *t
	own.dir = t.path(fmt.Sprint("guest-", number))
	own.rng = rand.New(rand.NewPCG(t.rng.Uint64(), uint64(number)))
	if err := os.MkdirAll(own.dir, 0o755); err != nil {
		return nil, err
	}
	image, err := os.ReadFile(t.path("empty.img"))
	if err != nil {
		return nil, err
	}
	g := &guest{trial: &own, drive: newDrive(image), said: newSaid(), cuts: cuts}
	g.central, err = newCentral(ctx, &own)
	return g, err
}

// run lives as often as the power is cut, and once more.
func (g *guest) run(ctx context.Context) (err error) {
	if err := g.central.open(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.central.kill()) }()
	for n := range g.cuts {
		if err := g.live(ctx, false); err != nil {
			return fmt.Errorf("life %d of %s: %w", n+1, filepath.Base(g.dir), err)
		}
	}
	if err := g.live(ctx, true); err != nil {
		return fmt.Errorf("last life of %s: %w", filepath.Base(g.dir), err)
	}
	g.claimed += len(g.said.kept)
	if g.control {
		return nil // what it lost leaves the central with cases of nobody
	}
	cases, err := g.central.all(ctx)
	if err != nil {
		return err
	}
	compareAccepted(&g.lost, g.said, g.found, cases)
	return nil
}

// qemu starts where the processor can be any: slow, and the same everywhere. The
// clock's speed is told because a busy host makes the kernel measure it wrongly.
func (g *guest) qemu(ctx context.Context, last bool) *exec.Cmd {
	_, port, _ := strings.Cut(g.central.address, ":")
	line := "console=ttyS0 quiet panic=-1 random.trust_cpu=on tsc_early_khz=1000000 lpj=4000000 no_timer_check" +
		" leye_central=http://10.0.2.2:" + port + " leye_seal_to=" + g.key.Public().String() +
		fmt.Sprintf(" leye_file=--size,%d", g.rng.IntN(4000))
	if last {
		line += " leye_last"
	}
	dir := g.trial.dir
	return exec.CommandContext(ctx, "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
		"-M", "microvm,rtc=on", "-accel", "tcg", "-cpu", "max", "-m", "192",
		"-kernel", filepath.Join(g.bin, "guest", "vmlinuz"), "-initrd", filepath.Join(filepath.Dir(dir), "initramfs"), "-append", line,
		"-chardev", "file,id=console,append=on,path="+g.path("console"), "-serial", "chardev:console",
		"-blockdev", "driver=nbd,node-name=drive,server.type=unix,server.path="+g.path("drive"), "-device", "virtio-blk-device,drive=drive",
		"-chardev", "file,id=words,path=/dev/fd/1", "-device", "virtio-serial-device", "-device", "virtserialport,chardev=words",
		"-netdev", "user,id=net", "-device", "virtio-net-device,netdev=net")
}

// live is the time from power to no power. The last life ends by itself.
func (g *guest) live(ctx context.Context, last bool) error {
	ctx, cancel := context.WithTimeout(ctx, longestLife)
	defer cancel()
	unplug, err := g.drive.plug(ctx, g.path("drive"))
	if err != nil {
		return err
	}
	l := life{guest: g, last: last, early: g.rng.IntN(5) == 0}
	if err := errors.Join(listen(g.qemu(ctx, last), l.hear), unplug()); err != nil {
		return err
	}
	if !g.drive.dead() && !l.cut && !l.ended {
		return fmt.Errorf("it fell silent after %.60q, see %s", l.word, g.path("console"))
	}
	if !last {
		g.pending++
		g.unflushed += g.drive.cut(g.rng)
		if !l.early {
			g.filing++
		}
	}
	return nil
}

// life is what one power brings.
type life struct {
	*guest
	last       bool
	early      bool   // cut while starting and sending, not only when something is claimed
	word       string // said last
	claims     int
	cut, ended bool
	harm       tally
}

// hear takes a line of guest.init or of the filer.
func (l *life) hear(line string, p *process) error {
	l.word = line
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "disk":
		return l.checked(rest, p)
	case "found":
		return l.look(rest)
	case "end":
		l.ended = true
		return p.kill()
	case "ended":
		return fmt.Errorf("the filer has ended by itself: %s", rest)
	}
	if err := l.said.take(line); err != nil {
		return err
	}
	if word == "kept" {
		l.claims++
		return l.hasClaimed(p)
	}
	return nil
}

// mostClaims end a life whose drive is asked for little, as the control's.
const mostClaims = 30

// hasClaimed lets the power go a while after the first claim.
func (l *life) hasClaimed(p *process) error {
	if l.claims > mostClaims {
		l.cut = true
		return p.kill()
	}
	l.plan(p)
	return nil
}

// plan lets the power go with one of the next requests to the drive: some hundreds
// are made while starting, and about eight for each application.
func (l *life) plan(p *process) {
	if !l.last {
		l.drive.goAfter(1+l.rng.IntN(200), func() { _ = p.kill() })
	}
}

// checked judges what e2fsck says. With -p it replays the file system's journal, as
// machines do when they start, and nothing else may be left to repair.
func (l *life) checked(words string, p *process) error {
	var option string
	var code int
	if _, err := fmt.Sscan(words, &option, &code); err != nil {
		return fmt.Errorf("read what e2fsck said: %q: %w", words, err)
	}
	if code != 0 {
		l.harm.fault("e2fsck %s ends with %d", option, code)
	}
	if l.early && option == "-fn" {
		l.plan(p)
	}
	return nil
}

// look holds what is there against what was claimed before the power went.
func (l *life) look(words string) error {
	l.found = seen{}
	if err := json.Unmarshal([]byte(words), &l.found); err != nil {
		return fmt.Errorf("read what the guest found: %w", err)
	}
	compareStore(&l.harm, l.said.kept, l.found)
	l.lost.of += l.pending
	if l.harm.bad > 0 {
		l.lost.fault("%s, %d claimed: %s", filepath.Base(l.trial.dir), len(l.said.kept), strings.TrimSpace(l.harm.notes[0]))
		l.claimed += len(l.said.kept)
		l.guest.said = newSaid() // each loss is counted once
	}
	l.pending, l.harm = 0, tally{}
	return nil
}
