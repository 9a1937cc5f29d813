package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"leye/devices/idcard/samv"
	"leye/devices/lamp"
	"leye/devices/lamp/led"
	"leye/devices/printer"
	"leye/devices/printer/escpos"
	"leye/devices/printer/printertest"
	"leye/devices/scanner/engine"
	"leye/devices/scanner/scannertest"
)

// beDevsim makes the test's own binary the program: what the tests below run is all of
// it, flags, signals and exit codes.
const beDevsim = "LEYE_BE_DEVSIM"

func TestMain(m *testing.M) {
	if os.Getenv(beDevsim) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func command(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, os.Args[0], args...)
	c.Env = append(os.Environ(), beDevsim+"=1")
	return c
}

// devsim runs the program to its end.
func devsim(t *testing.T, args ...string) (out, complaint string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var stdout, stderr strings.Builder
	c := command(ctx, args...)
	c.Stdout, c.Stderr = &stdout, &stderr
	if err := c.Run(); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			t.Fatal(err)
		}
		code = exit.ExitCode()
	}
	return stdout.String(), stderr.String(), code
}

// start runs the program until the test ends it by a signal.
func start(t *testing.T, args ...string) (end func(os.Signal) error) {
	t.Helper()
	c := command(context.WithoutCancel(t.Context()), args...)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := false
	end = func(s os.Signal) error {
		ended = true
		if err := c.Process.Signal(s); err != nil {
			return err
		}
		return c.Wait()
	}
	t.Cleanup(func() {
		if !ended {
			_ = end(os.Kill)
		}
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "control http://127.0.0.1:") {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return end
		}
	}
	t.Fatal("devsim ended before its control was open")
	return nil
}

func TestDevicesAreThereAndGoWithTheProgram(t *testing.T) {
	for _, signal := range []os.Signal{os.Interrupt, os.Kill} {
		dir := filepath.Join(t.TempDir(), "not", "made", "yet")
		end := start(t, "--dir", dir, "--card", "resident_plain")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		reader, err := samv.Open(samv.Config{Port: filepath.Join(dir, "reader")})
		if err != nil {
			t.Fatal(err)
		}
		if card, err := reader.Read(ctx); err != nil || card.Kind != "resident" {
			t.Errorf("read: %v, %v", card, err)
		}
		light, err := led.Open(filepath.Join(dir, "lamp"))
		if err != nil {
			t.Fatal(err)
		}
		if err := light.Show(lamp.Blinking); err != nil {
			t.Errorf("lamp: %v", err)
		}
		if out, _, code := devsim(t, "ctl", "--dir", dir, "state"); code != 0 || !strings.Contains(out, `"shows":"blinking"`) {
			t.Errorf("state %d: %s", code, out)
		}
		if err := reader.Close(); err != nil {
			t.Error(err)
		}
		err = end(signal)
		left, _ := filepath.Glob(filepath.Join(dir, "*"))
		if signal == os.Interrupt {
			if err != nil || len(left) != 0 {
				t.Errorf("ended with %v and left %v", err, left)
			}
			continue
		}
		// One that was killed leaves its names; the next run takes them over.
		if len(left) != 5 {
			t.Errorf("killed, it left %v", left)
		}
		again := start(t, "--dir", dir)
		if out, complaint, code := devsim(t, "ctl", "--dir", dir, "state"); code != 0 || !strings.Contains(out, `"card":""`) {
			t.Errorf("second run: %d %s %s", code, out, complaint)
		}
		if err := again(os.Interrupt); err != nil {
			t.Error(err)
		}
	}
}

func TestHandsAtTheDevices(t *testing.T) {
	dir := t.TempDir()
	end := start(t, "--dir", dir)
	type state struct {
		Reader  struct{ Card, Line string }
		Printer struct {
			Line  string
			State struct{ Power, Paper, Cover string }
		}
		Scanner struct{ Line string }
	}
	for _, step := range []struct {
		words string
		ok    func(state) bool
	}{
		{"card lay hmt_macao", func(s state) bool { return s.Reader.Card == "hmt_macao" }},
		{"card pull", func(s state) bool { return s.Reader.Card == "hmt_macao" }},
		{"card take", func(s state) bool { return s.Reader.Card == "" }},
		{"card lay other", func(s state) bool { return s.Reader.Card == "other" }},
		{"paper near", func(s state) bool { return s.Printer.State.Paper == "near" }},
		{"paper out", func(s state) bool { return s.Printer.State.Paper == "out" }},
		{"paper in", func(s state) bool { return s.Printer.State.Paper == "ok" }},
		{"cover open", func(s state) bool { return s.Printer.State.Cover == "open" }},
		{"cover close", func(s state) bool { return s.Printer.State.Cover == "closed" }},
		{"power off", func(s state) bool { return s.Printer.State.Power == "off" }},
		{"power on", func(s state) bool { return s.Printer.State.Power == "on" }},
		{"noise reader 7", func(s state) bool { return s.Reader.Line == "noisy" }},
		{"noise reader 0", func(s state) bool { return s.Reader.Line == "good" }},
		{"noise printer 7", func(s state) bool { return s.Printer.Line == "noisy" }},
		{"noise printer 0", func(s state) bool { return s.Printer.Line == "good" }},
		{"silence reader on", func(s state) bool { return s.Reader.Line == "silent" }},
		{"silence reader off", func(s state) bool { return s.Reader.Line == "good" }},
		{"silence printer on", func(s state) bool { return s.Printer.Line == "silent" }},
		{"silence printer off", func(s state) bool { return s.Printer.Line == "good" }},
		{"noise scanner 7", func(s state) bool { return s.Scanner.Line == "noisy" && s.Reader.Line == "good" }},
		{"noise scanner 0", func(s state) bool { return s.Scanner.Line == "good" }},
		{"silence scanner on", func(s state) bool { return s.Scanner.Line == "silent" }},
		{"silence scanner off", func(s state) bool { return s.Scanner.Line == "good" }},
		{"scenario paper-out", func(s state) bool { return s.Printer.State.Paper == "out" }},
		{"mend paper-out", func(s state) bool { return s.Printer.State.Paper == "ok" }},
		{"take slip", func(s state) bool { return s.Printer.State.Power == "on" }},
		{"state", func(s state) bool { return s.Printer.State.Power == "on" }},
	} {
		out, complaint, code := devsim(t, append([]string{"ctl", "--dir", dir}, strings.Fields(step.words)...)...)
		var s state
		if err := json.Unmarshal([]byte(out), &s); err != nil || code != 0 || !step.ok(s) {
			t.Errorf("%s: %d %s%s %v", step.words, code, out, complaint, err)
		}
	}
	if out, _, code := devsim(t, "ctl", "--dir", dir, "cards"); code != 0 || !strings.Contains(out, "resident_plain") {
		t.Errorf("cards: %d %s", code, out)
	}
	if out, _, code := devsim(t, "ctl", "--dir", dir, "scenarios"); code != 0 || !strings.Contains(out, "cutter-error") {
		t.Errorf("scenarios: %d %s", code, out)
	}
	printSlip(t, dir)
	scanCodes(t, dir)
	if err := end(os.Interrupt); err != nil {
		t.Error(err)
	}
}

// printSlip prints over the line and finds the slip by ctl.
func printSlip(t *testing.T, dir string) {
	t.Helper()
	p, err := escpos.Open(escpos.Config{Port: filepath.Join(dir, "printer")})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	doc := printer.Document{Body: []printer.Block{printer.Line{Text: "受理回执"}}}
	if proof, err := p.Print(t.Context(), doc); err != nil || proof != printer.Printed {
		t.Fatalf("print: %v, %v", proof, err)
	}
	if out, _, code := devsim(t, "ctl", "--dir", dir, "slip"); code != 0 || out != printertest.Text(doc, 48) {
		t.Errorf("slip: %d %q", code, out)
	}
	if _, _, code := devsim(t, "ctl", "--dir", dir, "tear"); code != 0 {
		t.Errorf("tear: %d", code)
	}
	if out, _, code := devsim(t, "ctl", "--dir", dir, "slip"); code != 0 || out != "" {
		t.Errorf("slip after tearing: %d %q", code, out)
	}
}

// scanCodes holds codes up by ctl and reads them over the line.
func scanCodes(t *testing.T, dir string) {
	t.Helper()
	s, err := engine.Open(engine.Config{Port: filepath.Join(dir, "scanner"), Profile: "crlf"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := s.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	slip, binary := scannertest.Get("slip"), scannertest.Get("suishenma_binary")
	file := filepath.Join(t.TempDir(), "code")
	if err := os.WriteFile(file, binary.Raw, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		args []string
		want scannertest.Sample
	}{
		{[]string{string(slip.Raw)}, slip},
		{[]string{"--file", file}, binary},
		{[]string{"--fault", "duplicate", "--hex", fmt.Sprintf("%X", slip.Raw)}, slip},
		{[]string{"--fault", "split", "91310107MA1G00000Q"}, scannertest.Get("credit_code")},
	} {
		if out, complaint, code := devsim(t, append([]string{"ctl", "--dir", dir, "scan"}, step.args...)...); code != 0 || !strings.Contains(out, `"scanner"`) {
			t.Fatalf("scan %q: %d %s%s", step.args, code, out, complaint)
		}
		if c, err := s.Scan(ctx); err != nil || step.want.Differs(c) != "" {
			t.Errorf("scan %q: %v, %v", step.args, c, err)
		}
	}
}

func TestHelpAndExitCodes(t *testing.T) {
	nothing := t.TempDir()
	taken := t.TempDir()
	if err := os.WriteFile(filepath.Join(taken, "reader"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(taken, "reader")
	for _, tt := range []struct {
		args string
		code int
		says string
	}{
		{"--help", 0, ""},
		{"ctl --help", 0, ""},
		{"", 2, "usage"},
		{"--dir", 2, "usage"},
		{"--dir x y", 2, "usage"},
		{"--dir x --baud 0", 2, "usage"},
		{"--dir x --family star", 2, "usage"},
		{"--speed 3", 2, "speed"},
		{"ctl card take", 2, "--dir"},
		{"ctl --dir " + nothing, 2, "no such command"},
		{"ctl --dir " + nothing + " card", 2, "no such command"},
		{"ctl --dir " + nothing + " card lay", 2, "no such command"},
		{"ctl --dir " + nothing + " dance", 2, "dance"},
		{"--dir x --profile morse", 2, "usage"},
		{"ctl --dir " + nothing + " scan", 2, "scan needs one of"},
		{"ctl --dir " + nothing + " scan a b", 2, "scan needs one of"},
		{"ctl --dir " + nothing + " scan --hex 41 a", 2, "scan needs one of"},
		{"ctl --dir " + nothing + " scan --hex 4", 1, "read code"},
		{"ctl --dir " + nothing + " scan --file " + nothing + "/none", 1, "read code"},
		{"ctl --dir " + nothing + " scan --loud a", 2, "loud"},
		{"ctl --dir " + nothing + " scan a", 1, "is devsim running"},
		{"ctl --dir " + nothing + " card take", 1, "is devsim running"},
		{"--dir " + nothing + " --card nobody", 1, "nobody"},
		{"--dir " + nothing + " --control 0.0.0.0:0", 1, "loopback"},
		{"--dir " + taken, 1, "in the way"},
		{"--dir " + file + "/below", 1, "make folder"},
	} {
		out, complaint, code := devsim(t, strings.Fields(tt.args)...)
		if code != tt.code || !strings.Contains(complaint, tt.says) {
			t.Errorf("devsim %s: %d, %s", tt.args, code, complaint)
		}
		if (out == usage) != (tt.code == 0) || (complaint == "") != (tt.code == 0) {
			t.Errorf("devsim %s prints %q and complains %q", tt.args, out, complaint)
		}
	}
	if kept, err := os.ReadFile(file); err != nil || string(kept) != "mine" {
		t.Errorf("a file that was in the way: %q, %v", kept, err)
	}
	if left, _ := filepath.Glob(filepath.Join(nothing, "*")); len(left) != 0 {
		t.Errorf("failed starts left %v", left)
	}
}

func TestControlRefusesOverTheWire(t *testing.T) {
	dir := t.TempDir()
	end := start(t, "--dir", dir)
	for words, says := range map[string]string{"card lay nobody": "nobody", "noise reader loud": "whole number", "scan --fault ghost x": "no fault", "scenario flood": "no such scenario"} {
		out, complaint, code := devsim(t, append([]string{"ctl", "--dir", dir}, strings.Fields(words)...)...)
		if code != 1 || out != "" || !strings.Contains(complaint, says) {
			t.Errorf("%s: %d %s %s", words, code, out, complaint)
		}
	}
	if err := end(os.Interrupt); err != nil {
		t.Error(err)
	}
}

// TestHelpNamesEveryCommand holds help and commands together.
func TestHelpNamesEveryCommand(t *testing.T) {
	_, list, _ := strings.Cut(usage, "Commands of ctl")
	list, _, _ = strings.Cut(list, "Examples:")
	for _, d := range deeds {
		first, second, _ := strings.Cut(d.words, " ")
		second, _, _ = strings.Cut(second, " ")
		found := false
		for line := range strings.Lines(list) {
			words := strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" |\n", r) })
			found = found || len(words) > 1 && words[0] == first && (second == "" || strings.Contains(line, second))
		}
		if !found {
			t.Errorf("help does not know %q", d.words)
		}
	}
}

// TestReplayIsOneCommand reads the card of a trace from the program.
func TestReplayIsOneCommand(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "reader.trace")
	text := "> AA AA AA 96 69 00 03 11 FF ED\n< 5ms AA AA AA 96 69 00 04 00 00 90 94\n" +
		"> AA AA AA 96 69 00 03 12 FF EE\n< 5ms AA AA AA 96 69 00 14 00 00 90 05 00 01 00 05 25 35 01 39 30 00 00 15 CD 5B 07 19\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c := command(context.WithoutCancel(t.Context()), "replay", "--dir", dir, file)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || !strings.Contains(line, filepath.Join(dir, "reader")) {
		t.Fatalf("says %q, %v", line, err)
	}
	r, err := samv.Open(samv.Config{Port: filepath.Join(dir, "reader")})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if id, err := r.Module(ctx); err != nil || !strings.HasPrefix(id, "05.01-") {
		t.Errorf("%s, %v", id, err)
	}
	if err := errors.Join(c.Process.Signal(os.Interrupt), c.Wait()); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(filepath.Join(dir, "reader")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the name stays: %v", err)
	}
	if _, complaint, code := devsim(t, "replay", file+"-none"); code != 1 || !strings.Contains(complaint, "open trace") {
		t.Errorf("%d %s", code, complaint)
	}
	if _, _, code := devsim(t, "replay"); code != 2 {
		t.Errorf("no file: %d", code)
	}
}
