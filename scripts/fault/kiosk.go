package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"leye/scripts/internal/devices"
	"leye/scripts/internal/paper"
	"leye/scripts/internal/probe"
	"leye/scripts/internal/x11"
)

// kioskJudge kills the whole terminal after the last touch of a visit. What its
// screen or its paper had called saved or accepted by then must be kept, once,
// when it starts again, and must reach the central, once.
func kioskJudge() judge {
	return judge{
		name: "kiosk", what: "the running kiosk is killed at any moment after the touch that files",
		bad: "lost or doubled", of: "claimed on screen or paper", try: tryKiosk,
		worse: mutant{
			why: "the screen says saved two seconds before the commit",
			edits: []edit{
				{submitFile, "\t\"fmt\"\n", "\t\"fmt\"\n\t\"time\"\n"},
				{
					submitFile, "\tentry, err := s.queue.File(ctx, *app, render)\n", `
	early := *app
	early.Reference, _ = kiosk.NewReference(app.Terminal, time.Now(), 1+int(time.Now().UnixMilli()%9999))
	go func() { time.Sleep(2 * time.Second); _, _ = s.queue.File(context.WithoutCancel(ctx), early, render) }()
	entry, err := outbox.Entry{Reference: early.Reference}, error(nil)
`,
				},
			},
			programs: []program{{pkg: "./app/terminal/cmd/kiosk", tag: "probe"}},
		},
	}
}

const submitFile = "app/terminal/internal/appliance/submit.go"

// terminal is a kiosk with its devices and central, and what it has claimed.
type terminal struct {
	*trial
	tally
	display *x11.Display
	central *central
	devices devices.Control
	running *process // the kiosk

	simulated *process // the devices

	claims map[string]bool // case number or reference to: seen kept
	filed  int             // touches that file
}

func tryKiosk(ctx context.Context, t *trial) (n tally, err error) {
	k := &terminal{trial: t, claims: map[string]bool{}}
	defer func() { err = errors.Join(err, k.close()) }()
	if err := k.prepare(ctx); err != nil {
		return n, err
	}
	if err := k.configure(); err != nil {
		return n, err
	}
	rounds := t.rounds(5, 100)
	for round := range rounds {
		if t.control && k.bad > 0 {
			break
		}
		if err := k.round(ctx, round); err != nil {
			return n, fmt.Errorf("round %d: %w", round+1, err)
		}
	}
	if err := k.end(ctx); err != nil {
		return n, err
	}
	k.of = len(k.claims)
	k.note("%d kills", rounds)
	return k.tally, nil
}

// prepare has a display, a central that is not open yet, and devices.
func (k *terminal) prepare(ctx context.Context) (err error) {
	if k.display, err = x11.Open(""); err != nil {
		return err
	}
	if k.central, err = newCentral(ctx, k.trial); err != nil {
		return err
	}
	k.simulated, err = k.start(k.program("devsim"), "--dir", k.path("devices"), "--control", "127.0.0.1:0")
	if err != nil {
		return err
	}
	return k.simulated.await(ctx, 20*time.Second, "the devices", func() bool {
		address, err := os.ReadFile(k.path("devices/control"))
		k.devices = devices.Control(strings.TrimSpace(string(address)))
		return err == nil && k.devices != ""
	})
}

// close ends what prepare and the trial have begun.
func (k *terminal) close() error {
	err := k.kill()
	if k.central != nil {
		err = errors.Join(err, k.central.kill())
	}
	if k.simulated != nil {
		err = errors.Join(err, k.simulated.stop())
	}
	if k.display != nil {
		k.display.Close()
	}
	return err
}

func (k *terminal) configure() error {
	b := k.display.Bounds()
	text := fmt.Sprintf(`[terminal]
id = "PT01"
[display]
width = %d
height = %d
fullscreen = true
[reader]
port = %q
[printer]
port = %q
[central]
url = %q
spread = "1ms"
[store]
dir = %q
[visit]
wait_for_central = "400ms"
`, b.Dx(), b.Dy(), k.path("devices/reader"), k.path("devices/printer"), k.central.url(), k.path("store"))
	return os.WriteFile(k.path("kiosk.toml"), []byte(text), 0o644)
}

func (k *terminal) socket() probe.Socket { return probe.Socket(k.path("probe.sock")) }

// open starts the kiosk and holds what it has kept against what was claimed.
func (k *terminal) open(ctx context.Context) error {
	if err := os.Remove(string(k.socket())); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.Setenv("KIOSK_PROBE", string(k.socket())); err != nil {
		return err
	}
	program := k.program("kiosk")
	if !k.control {
		program = k.program("probe/kiosk")
	}
	var err error
	if k.running, err = k.start(program, "--config", k.path("kiosk.toml")); err != nil {
		return err
	}
	err = k.running.await(ctx, 60*time.Second, "the first screen", func() bool {
		view, err := k.socket().Look(ctx)
		return err == nil && view.Screen != ""
	})
	if err != nil {
		return err
	}
	return k.compare(ctx)
}

func (k *terminal) kill() error {
	if k.running == nil {
		return nil
	}
	err := k.running.kill()
	k.running = nil
	return err
}

// round is one visit up to its last touch, and the end of the program after it.
func (k *terminal) round(ctx context.Context, n int) error {
	if n%2 == 0 {
		if err := k.central.open(ctx); err != nil {
			return err
		}
	} else if err := k.central.kill(); err != nil {
		return err
	}
	if err := k.open(ctx); err != nil {
		return err
	}
	if err := k.devices.Tear(ctx); err != nil {
		return err
	}
	play := exec.CommandContext(ctx, k.program("visit"), "play", "--visit", "scripts/fault/shortest.toml",
		"--probe", string(k.socket()), "--devices", string(k.devices), "--until", "check")
	if words, err := play.CombinedOutput(); err != nil {
		return fmt.Errorf("play a visit: %w\n%s", err, words)
	}
	if err := k.touchAndKill(ctx, n); err != nil {
		return err
	}
	slip, err := k.devices.Slip(ctx)
	k.claim(slip)
	return err
}

// touchAndKill files and kills. A third of the kills come while the entry is
// being written or on its way, the others while it is shown and printed.
func (k *terminal) touchAndKill(ctx context.Context, n int) error {
	view, err := k.socket().Look(ctx)
	if err != nil {
		return err
	}
	submit, ok := view.Control("submit")
	if !ok {
		return fmt.Errorf("there is nothing to file with on screen %s", view.Screen)
	}
	after := time.Duration(k.rng.Int64N(int64(250 * time.Millisecond)))
	if n%3 != 0 {
		after += 250*time.Millisecond + 6*after
	}
	k.filed++
	if err := k.display.Tap(int(submit.X+submit.W/2), int(submit.Y+submit.H/2)); err != nil {
		return err
	}
	watching, cancel := context.WithTimeout(ctx, after)
	defer cancel()
	for watching.Err() == nil {
		if view, err := k.socket().Look(watching); err == nil && view.Screen == "filed" {
			k.claim(strings.Join(view.Texts, "\n"))
		}
	}
	return k.kill()
}

func (k *terminal) claim(text string) {
	proof := paper.Read(text)
	for _, s := range []string{proof.Number, proof.Reference} {
		if s != "" {
			if _, known := k.claims[s]; !known {
				k.claims[s] = false
			}
		}
	}
}

// kept is an entry as kioskctl lists it.
type kept struct {
	Reference, ID, State, Digest, Number string
}

func (k *terminal) list(ctx context.Context, more ...string) ([]kept, error) {
	args := append([]string{"outbox", "list", "--json", "--config", k.path("kiosk.toml")}, more...)
	words, err := exec.CommandContext(ctx, k.program("kioskctl"), args...).Output()
	if err != nil {
		return nil, fmt.Errorf("list what is kept: %w", err)
	}
	var list []kept
	if err := json.Unmarshal(words, &list); err != nil {
		return nil, fmt.Errorf("list what is kept: %w", err)
	}
	return list, nil
}

// compare holds what is kept against the claims; each claim is judged once, at
// the first start after it.
func (k *terminal) compare(ctx context.Context) error {
	list, err := k.list(ctx, "--all")
	if err != nil {
		return err
	}
	times := map[string]int{}
	for _, e := range list {
		times[e.Reference]++
		if e.Number != "" {
			times[e.Number]++
		}
	}
	for c, judged := range k.claims {
		if !judged && times[c] != 1 {
			k.fault("%s was claimed and is kept %d times", c, times[c])
		}
		k.claims[c] = true
	}
	if len(list) > k.filed {
		k.fault("%d applications are kept of %d that were filed", len(list), k.filed)
	}
	return nil
}

// end lets the terminal send everything and holds the central's cases against
// what is kept.
func (k *terminal) end(ctx context.Context) error {
	if err := errors.Join(k.central.open(ctx), k.open(ctx)); err != nil {
		return err
	}
	if k.control {
		return nil // found out already; what was in flight takes a minute to come up again
	}
	var failed error
	err := k.running.await(ctx, 3*time.Minute, "the queue to be empty", func() bool {
		var waiting []kept
		waiting, failed = k.list(ctx)
		return failed != nil || len(waiting) == 0
	})
	if err := errors.Join(err, failed); err != nil {
		return err
	}
	all, err := k.list(ctx, "--all")
	if err != nil {
		return err
	}
	cases, err := k.central.all(ctx)
	if err != nil {
		return err
	}
	compareCases(&k.tally, all, cases)
	k.note("%d kept at the end, %d cases in the central", len(all), len(cases))
	return nil
}

// compareCases demands that the central has what the terminal says it has, once,
// and nothing else.
func compareCases(n *tally, all []kept, cases []held) {
	byReference := map[string][]held{}
	for _, c := range cases {
		byReference[c.reference] = append(byReference[c.reference], c)
	}
	for _, e := range all {
		found := byReference[e.Reference]
		delete(byReference, e.Reference)
		if len(found) != 1 || found[0].number != e.Number {
			n.fault("%s is %s and stands %d times in the central", e.Reference, e.State, len(found))
		}
	}
	for reference := range byReference {
		n.fault("%s stands in the central and is unknown here", reference)
	}
}
