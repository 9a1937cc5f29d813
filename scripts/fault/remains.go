package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"leye/scripts/internal/probe"
)

// remainsJudge lets residents come and go and ends the kiosk in every way. All that
// it can write to, its store, logs, temporary and home folders, cores, is one disk
// image, which is then searched as a thief would: also where files have been
// deleted, and in the file system's own journal. What the central keeps is not the
// terminal's and is not searched; neither is swap, which is no file of the kiosk's.
func remainsJudge() judge {
	return judge{
		name: "remains", what: "all that a kiosk can write to is searched, as a disk image, for what residents told",
		bad: "found", of: "forms of what residents told", try: tryRemains, long: true,
		worse: mutant{
			why: "answers pass through a temporary file that is deleted at once",
			edits: []edit{
				{submitFile, "\t\"fmt\"\n", "\t\"fmt\"\n\t\"os\"\n"},
				{
					submitFile, "\tentry, err := s.queue.File(ctx, *app, render)\n", `
	if f, err := os.CreateTemp("", "answers"); err == nil {
		_, _ = f.Write(app.Answers)
		_, _, _ = f.Sync(), f.Close(), os.Remove(f.Name())
	}
	entry, err := s.queue.File(ctx, *app, render)
`,
				},
			},
			programs: []program{{pkg: "./app/terminal/cmd/kiosk", tag: "probe"}},
		},
	}
}

//go:embed remains.toml
var remainsVisit string

//go:embed world.sh
var worldScript []byte

// ending is one way in which a kiosk's day ends.
type ending struct {
	what    string
	signal  syscall.Signal
	until   string // the visit stops at this screen; empty: it is made whole
	offline bool   // the central is away for the visit
}

func endings() []ending {
	return []ending{
		{what: "stopped", signal: syscall.SIGTERM},
		{what: "crashed within a visit", signal: syscall.SIGABRT, until: "check"},
		{what: "killed", signal: syscall.SIGKILL},
		{what: "killed within a visit", signal: syscall.SIGKILL, until: "check"},
		{what: "killed while the central is away", signal: syscall.SIGKILL, offline: true},
		{what: "crashed", signal: syscall.SIGABRT},
	}
}

// The people of the simulated reader's cards who come by turns.
type person struct{ card, name, number, address string }

func people() []person {
	return []person{
		{"resident_plain", "李试样", "310101199203159026", "上海市黄浦区样例路100弄5号602室"},
		{"resident_ext_b_name", "欧阳𠮷宁", "310104198802299017", "上海市徐汇区测试路123弄4号501室"},
	}
}

// world is a terminal that stands on one disk image.
type world struct {
	terminal
	image, root string
	facts       []fact
	needles     []needle
	found       map[needle]bool
}

// fact is something that a resident told, or a card did.
type fact struct {
	what, text string
	filed      bool // must have reached the central
}

func tryRemains(ctx context.Context, t *trial) (n tally, err error) {
	w := &world{terminal: terminal{trial: t}, image: t.path("disk.img"), root: t.path("disk"), found: map[needle]bool{}}
	if err := w.mount(ctx); err != nil {
		return n, err
	}
	defer func() { err = errors.Join(err, w.close(), syscall.Unmount(w.root, syscall.MNT_DETACH)) }()
	if err := w.prepare(ctx); err != nil {
		return n, err
	}
	if err := w.configure(); err != nil {
		return n, err
	}
	var ways []string
	for day := range t.rounds(1, 9) {
		end := endings()[day%len(endings())]
		if err := w.day(ctx, day, end); err != nil {
			return n, fmt.Errorf("day %d, %s: %w", day+1, end.what, err)
		}
		if day < len(endings()) {
			ways = append(ways, end.what)
		}
	}
	if err := w.lastDay(ctx); err != nil {
		return n, err
	}
	w.of = len(w.needles)
	w.note("%d facts; searched after the kiosk was %s", len(w.facts), strings.Join(ways, ", "))
	return w.tally, nil
}

// imageSize has room for a core; most of it is never written.
const imageSize = 1 << 30

// mount makes the disk. Its journal takes all data, not only names as usual, so that
// more of what was ever written remains to be found.
func (w *world) mount(ctx context.Context) error {
	f, err := os.Create(w.image)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Truncate(imageSize), f.Close(), os.Mkdir(w.root, 0o755)); err != nil {
		return err
	}
	if words, err := exec.CommandContext(ctx, "mkfs.ext4", "-q", "-F", "-E", "nodiscard", w.image).CombinedOutput(); err != nil {
		return fmt.Errorf("make a file system: %w\n%s", err, words)
	}
	if words, err := exec.CommandContext(ctx, "mount", "-o", "loop,data=journal,commit=1", w.image, w.root).CombinedOutput(); err != nil {
		return skipped{fmt.Sprintf("mount a disk image: %v: %s", err, words)}
	}
	for _, folder := range []string{"usr", "etc", "opt", "srv", "dev", "proc", "sys", "shm", "tmp", "run", "log", "home/.cache", "var/tmp", "var/lib"} {
		if err := os.MkdirAll(filepath.Join(w.root, folder), 0o777); err != nil {
			return err
		}
	}
	for _, name := range []string{"bin", "lib", "lib64", "sbin"} {
		if err := os.Symlink("usr/"+name, filepath.Join(w.root, name)); err != nil {
			return err
		}
	}
	return os.WriteFile(w.path("world.sh"), worldScript, 0o644)
}

func (w *world) configure() error {
	b := w.display.Bounds()
	text := fmt.Sprintf("[display]\nwidth = %d\nheight = %d\nfullscreen = true\n[reader]\nport = \"/srv/reader\"\n[printer]\nport = \"/srv/printer\"\n[central]\nurl = %q\n[store]\ndir = \"/var/lib/leye\"\nkey = \"file\"\n", b.Dx(), b.Dy(), w.central.url())
	return os.WriteFile(filepath.Join(w.root, "kiosk.toml"), []byte(text), 0o644)
}

func (w *world) socket() probe.Socket { return probe.Socket(filepath.Join(w.root, "run/probe.sock")) }

// open starts the kiosk in its world; it writes its log there too.
func (w *world) open(ctx context.Context) error {
	if err := os.Remove(string(w.socket())); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	log, err := os.OpenFile(filepath.Join(w.root, "log/kiosk.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	program := w.program("probe/kiosk")
	if w.control {
		program = w.program("kiosk")
	}
	cmd := exec.CommandContext(ctx, "unshare", "--mount", "sh", w.path("world.sh"), w.root, filepath.Dir(program), w.path("devices"), "/opt/kiosk", "--config", "/kiosk.toml")
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/home", "LANG=C.UTF-8", "GOTRACEBACK=crash", "KIOSK_PROBE=/run/probe.sock", "DISPLAY=" + os.Getenv("DISPLAY")}
	cmd.Stdout, cmd.Stderr = log, log
	if w.running, err = launch(cmd); err != nil {
		return err
	}
	return w.running.await(ctx, 60*time.Second, "the first screen", func() bool {
		view, err := w.socket().Look(ctx)
		return err == nil && view.Screen != ""
	})
}

// day is a start, one visit and one end, and the search after it.
func (w *world) day(ctx context.Context, day int, end ending) error {
	if err := w.central.open(ctx); err != nil {
		return err
	}
	if end.offline {
		if err := w.central.kill(); err != nil {
			return err
		}
	}
	if err := errors.Join(w.open(ctx), w.devices.TakeCard(ctx), w.devices.Tear(ctx)); err != nil {
		return err
	}
	if err := w.visit(ctx, day, end); err != nil {
		return err
	}
	if err := w.running.end(end.signal); err != nil {
		return err
	}
	w.running = nil
	return w.search(end.what)
}

// visit plays a visit in which every free text is one of its own.
func (w *world) visit(ctx context.Context, day int, end ending) error {
	who := people()[day%len(people())]
	some := func() string { return fmt.Sprint(100000 + w.rng.IntN(900000)) }
	mobile, home, platform, place, content := "13912"+some(), some(), some(), some(), some()
	told := map[string]string{
		"name": who.name, "number": who.number, "hukou_addr": who.address, "mobile": mobile, "live_addr": "长寿路" + home + "号",
		"platform": "送餐平台" + platform, "place": "长寿路" + place, "content": "送外卖" + content,
	}
	for _, what := range slices.Sorted(maps.Keys(told)) {
		w.tell(fact{what, told[what], end.until == ""})
	}
	declared := strings.NewReplacer("{card}", who.card, "{mobile}", mobile, "{home}", home, "{platform}", platform, "{place}", place, "{content}", content).Replace(remainsVisit)
	if err := os.WriteFile(w.path("visit.toml"), []byte(declared), 0o644); err != nil {
		return err
	}
	args := []string{"play", "--visit", w.path("visit.toml"), "--out", w.path("played"), "--probe", string(w.socket()), "--devices", string(w.devices)}
	if end.until != "" {
		args = append(args, "--until", end.until)
	}
	if end.offline {
		args = append(args, "--offline")
	}
	if words, err := exec.CommandContext(ctx, w.program("visit"), args...).CombinedOutput(); err != nil {
		return fmt.Errorf("play a visit: %w\n%s", err, words)
	}
	return nil
}

// tell remembers what a resident told, once.
func (w *world) tell(f fact) {
	for i := range w.facts {
		if w.facts[i].text == f.text {
			w.facts[i].filed = w.facts[i].filed || f.filed
			return
		}
	}
	w.facts = append(w.facts, f)
	w.needles = append(w.needles, forms(f.what, f.text)...)
}

// search looks through the whole image, when all is on it.
func (w *world) search(when string) error {
	syscall.Sync()
	h := newHaystack(w.needles)
	found, err := h.findIn(w.image)
	if err != nil {
		return err
	}
	for n, at := range found {
		if w.found[n] {
			continue
		}
		w.found[n] = true
		where, err := w.where(n)
		if err != nil {
			return err
		}
		w.fault("%s, at byte %d of the image, in %s, after the kiosk was %s", n.what, at, where, when)
	}
	return nil
}

// where names the files that hold a needle.
func (w *world) where(n needle) (string, error) {
	h := newHaystack([]needle{n})
	var names []string
	err := filepath.WalkDir(w.root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		found, err := h.findIn(path)
		if len(found) > 0 {
			names = append(names, strings.TrimPrefix(path, w.root))
		}
		return err
	})
	if len(names) == 0 {
		return "no file: a deleted one, or the file system's journal", err
	}
	return strings.Join(names, " "), err
}

// lastDay sends what waits, stops the kiosk and searches once more. What has been
// filed must have reached the central: otherwise nobody told it.
func (w *world) lastDay(ctx context.Context) error {
	if err := errors.Join(w.central.open(ctx), w.open(ctx)); err != nil {
		return err
	}
	var missing []string
	var failed error
	err := w.running.await(ctx, 3*time.Minute, "everything to reach the central", func() bool {
		missing, failed = w.missing(ctx)
		return failed != nil || len(missing) == 0
	})
	if err := errors.Join(err, failed); err != nil {
		return fmt.Errorf("%w: without %v", err, missing)
	}
	if err := w.running.stop(); err != nil {
		return err
	}
	w.running = nil
	return w.search("stopped for the last time")
}

// missing names what was filed and is in no case of the central.
func (w *world) missing(ctx context.Context) (list []string, err error) {
	cases, err := w.central.all(ctx)
	if err != nil {
		return nil, err
	}
	for _, f := range w.facts {
		if f.filed && !slices.ContainsFunc(cases, func(c held) bool { return strings.Contains(c.body, f.text) }) {
			list = append(list, f.what)
		}
	}
	return list, nil
}
