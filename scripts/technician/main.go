// Command technician stands in front of a terminal while kioskctl devices accept
// runs: it answers the console, lays cards, holds codes up and touches what it
// sees on the X display. It never calls into either program. Then it holds the
// sheet against what it knows to be wrong.
//
//	technician --case NAME --kioskctl FILE --kiosk FILE --config FILE --state DIR --devices URL --out DIR
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"leye/scripts/internal/devices"
	"leye/scripts/internal/x11"
)

type options struct {
	name, kioskctl, kiosk, config, state, out, display, root string
	devices                                                  devices.Control
}

func main() {
	var o options
	flag.StringVar(&o.name, "case", "good", "`NAME` of what is wrong: "+strings.Join(names(), ", "))
	flag.StringVar(&o.kioskctl, "kioskctl", "kioskctl", "`PROGRAM`")
	flag.StringVar(&o.kiosk, "kiosk", "kiosk", "`PROGRAM`")
	flag.StringVar(&o.config, "config", "", "the terminal's configuration `FILE`")
	flag.StringVar(&o.state, "state", "", "`folder` with the simulated devices' ports")
	flag.StringVar(&o.root, "root", "", "`FILE` with the central's roots")
	flag.StringVar(&o.out, "out", ".", "`folder` for sheet, paper and console")
	flag.StringVar(&o.display, "display", os.Getenv("DISPLAY"), "X `display` of the terminal")
	control := flag.String("devices", "", "`URL` of the simulated devices' control")
	flag.Parse()
	o.devices = devices.Control(*control)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "technician: %s: %v\n", o.name, err)
		os.Exit(1)
	}
}

// trouble is one thing that is wrong with a terminal.
type trouble struct {
	name   string
	begin  func(ctx context.Context, o options) error
	end    func(ctx context.Context, o options) error
	dead   int                 // number of the dot that feels nothing; 0: none
	fails  string              // the one check that fails; "" when none
	reason string              // of it
	react  map[string]reaction // in place of what a technician does
}

type reaction func(ctx context.Context, o options) error

func supply(state string) reaction {
	return func(ctx context.Context, o options) error { return o.devices.Supply(ctx, state) }
}

func troubles() []trouble {
	scanner := func(o options) string { return filepath.Join(o.state, "devices", "scanner") }
	return []trouble{
		{name: "good"},
		{
			name: "scanner-unplugged", fails: "scanner", reason: "the scanner's port does not open",
			begin: func(_ context.Context, o options) error { return os.Rename(scanner(o), scanner(o)+".out") },
			end:   func(_ context.Context, o options) error { return os.Rename(scanner(o)+".out", scanner(o)) },
		},
		{name: "no-paper", fails: "printer", reason: "the printer is not ready", begin: supply("out"), end: supply("ok")},
		{
			name: "paper-ends", fails: "printer", reason: "the sheet itself was not printed", end: supply("ok"),
			react: map[string]reaction{"[11/11]": supply("out")},
		},
		{name: "dead-dot", dead: 40, fails: "touch", reason: "dots that feel nothing, column/row: 1/8"},
		{
			name: "silent-reader", fails: "reader", reason: "the card reader does not answer",
			begin: func(ctx context.Context, o options) error { return o.devices.Silence(ctx, "reader", true) },
			end:   func(ctx context.Context, o options) error { return o.devices.Silence(ctx, "reader", false) },
		},
	}
}

func names() []string {
	var all []string
	for _, t := range troubles() {
		all = append(all, t.name)
	}
	return all
}

func run(ctx context.Context, o options) (err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	n := slices.Index(names(), o.name)
	if n < 0 {
		return errors.New("there is no such case")
	}
	t := troubles()[n]
	if t.begin != nil {
		if err := t.begin(ctx, o); err != nil {
			return err
		}
	}
	if t.end != nil {
		defer func() { err = errors.Join(err, t.end(context.WithoutCancel(ctx), o)) }()
	}
	if err := o.devices.Tear(ctx); err != nil {
		return err
	}
	code, err := o.work(ctx, t)
	if err != nil {
		return err
	}
	return o.judge(ctx, t, code)
}

// sheetFile is where kioskctl leaves the sheet.
func (o options) sheetFile() string { return filepath.Join(o.out, o.name+".json") }

// work has the terminal accepted and returns the exit code.
func (o options) work(ctx context.Context, t trouble) (int, error) {
	display, err := x11.Open(o.display)
	if err != nil {
		return 0, err
	}
	defer display.Close()
	cmd := exec.CommandContext(ctx, o.kioskctl, "devices", "accept", "--config", o.config, "--kiosk", o.kiosk, "--staff", "A1024", "--timeout", "5s", "--out", o.sheetFile())
	cmd.Env = append(os.Environ(), "TZ=Asia/Shanghai", "DISPLAY="+o.display)
	in, err := cmd.StdinPipe()
	if err != nil {
		return 0, err
	}
	notes, err := cmd.StderrPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	hand, lift := context.WithCancel(ctx)
	eye := &eye{display: display, dead: t.dead, shot: filepath.Join(o.out, o.name)}
	touched := make(chan error, 1)
	go func() { touched <- eye.watch(hand) }()
	c := console{o: o, t: t, in: in}
	err = c.follow(ctx, notes)
	lift()
	err = errors.Join(err, <-touched)
	if wait := cmd.Wait(); cmd.ProcessState == nil {
		return 0, errors.Join(err, wait)
	}
	return cmd.ProcessState.ExitCode(), errors.Join(err, os.WriteFile(filepath.Join(o.out, o.name+".console"), []byte(c.heard.String()), 0o644))
}

// sheet is what is read of the file; the whole form is the terminal's business.
type sheet struct {
	Content struct {
		Accepted bool `json:"accepted"`
		Lines    []struct {
			Check  string            `json:"check"`
			Result string            `json:"result"`
			Reason map[string]string `json:"reason"`
		} `json:"lines"`
	} `json:"content"`
}

var codeShape = regexp.MustCompile(`核对码 +([0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4})`)

// judge holds the sheet, the exit code and the paper against what was wrong.
func (o options) judge(ctx context.Context, t trouble, exit int) error {
	text, err := os.ReadFile(o.sheetFile())
	if err != nil {
		return err
	}
	var s sheet
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	if good := t.fails == ""; s.Content.Accepted != good || (exit == 0) != good || len(s.Content.Lines) != 11 {
		return fmt.Errorf("accepted %v, exit code %d, lines %d", s.Content.Accepted, exit, len(s.Content.Lines))
	}
	for _, l := range s.Content.Lines {
		failed := l.Result == "failed"
		if failed != (l.Check == t.fails) || failed && !strings.Contains(l.Reason["en"], t.reason) {
			return fmt.Errorf("%s is %s: %s", l.Check, l.Result, l.Reason["en"])
		}
	}
	return o.judgePaper(ctx, t)
}

// judgePaper verifies the file as a stranger would, with the code of the paper.
func (o options) judgePaper(ctx context.Context, t trouble) error {
	for _, kind := range []string{"txt", "png"} {
		data, err := o.devices.Paper(ctx, kind)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(o.out, o.name+"-paper."+kind), data, 0o644); err != nil {
			return err
		}
	}
	words, err := o.devices.Slip(ctx)
	if err != nil {
		return err
	}
	args := []string{"devices", "accept", "--verify", o.sheetFile(), "--root", o.root}
	m := codeShape.FindStringSubmatch(words)
	switch {
	case (m == nil) != (t.fails == "printer"):
		return fmt.Errorf("the paper claims %v", m)
	case m != nil:
		args = append(args, "--code", m[1])
	}
	if out, err := exec.CommandContext(ctx, o.kioskctl, args...).CombinedOutput(); err != nil || !bytes.Contains(out, []byte("genuine")) {
		return fmt.Errorf("verify sheet: %w: %s", err, out)
	}
	fmt.Printf("%-18s %s\n", o.name, map[bool]string{true: "accepted", false: "not accepted: " + t.fails + ", " + t.reason}[t.fails == ""])
	return nil
}
