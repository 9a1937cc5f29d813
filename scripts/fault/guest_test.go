package main

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A life whose words a test says; the power never goes.
func newLife(t *testing.T) *life {
	t.Helper()
	return &life{last: true, guest: &guest{
		trial: &trial{court: court{dir: t.TempDir()}}, drive: newDrive(nil), said: newSaid(), pending: 1,
	}}
}

func TestALifeIsJudgedByWhatTheGuestSays(t *testing.T) {
	const whole = `found {"entries":[{"id":"A","reference":"r1","state":"pending","digest":"d1","whole":true}]}`
	for name, c := range map[string]struct {
		lines []string
		bad   int
	}{
		"whole":           {[]string{"disk -p 0", "disk -fn 0", whole}, 0},
		"repaired":        {[]string{"disk -p 1", "disk -fn 0", whole}, 1},
		"damaged":         {[]string{"disk -p 0", "disk -fn 4", whole}, 1},
		"lost":            {[]string{"disk -p 0", "disk -fn 0", `found {"entries":null}`}, 1},
		"does not open":   {[]string{"disk -p 0", "disk -fn 0", `found {"fault":"damaged"}`}, 1},
		"all bad is once": {[]string{"disk -p 8", "disk -fn 8", `found {"fault":"damaged"}`}, 1},
	} {
		l := newLife(t)
		l.said.kept["A"] = claim{"r1", "d1", 0}
		for _, line := range c.lines {
			if err := l.hear(line, nil); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if l.lost.of != 1 || l.lost.bad != c.bad || l.pending != 0 {
			t.Errorf("%s: %d of %d, %q", name, l.lost.bad, l.lost.of, l.lost.notes)
		}
	}
}

func TestAGuestThatSaysNonsenseStopsTheTrial(t *testing.T) {
	for _, line := range []string{"found {", "disk -p", "ended 1", "panic: no"} {
		if err := newLife(t).hear(line, nil); err == nil {
			t.Errorf("%q is taken", line)
		}
	}
}

// Every module and every program that guest.init names is put into the archive.
func TestTheGuestsFirstProgramFindsItsModules(t *testing.T) {
	if !strings.Contains(string(guestInit), "for m in "+strings.Join(modules, " ")+"; do") {
		t.Error("guest.init loads other modules")
	}
	if words, err := exec.CommandContext(t.Context(), "sh", "-n", "guest.init").CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, words)
	}
	if words, err := exec.CommandContext(t.Context(), "sh", "-n", "world.sh").CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, words)
	}
}

func TestTheFirstFileSystemIsOneThatCpioReads(t *testing.T) {
	var a initramfs
	a.folder("bin")
	a.add("init", fileMode, []byte("#!/bin/sh"))
	if err := a.write(filepath.Join(t.TempDir(), "it")); err != nil {
		t.Fatal(err)
	}
	if a.Len()%4 != 0 || !bytes.HasPrefix(a.Bytes(), []byte("070701000000010000"+"41ed")) || !bytes.Contains(a.Bytes(), []byte("init\x00")) || !bytes.HasSuffix(bytes.TrimRight(a.Bytes(), "\x00"), []byte("TRAILER!!!")) {
		t.Errorf("%q", a.Bytes())
	}
	tool := "cpio"
	args := []string{"-t"}
	if _, err := exec.LookPath(tool); err != nil {
		tool, args = "busybox", []string{"cpio", "-t"}
	}
	if _, err := exec.LookPath(tool); err != nil {
		return // what it looks like was compared above
	}
	cmd := exec.CommandContext(t.Context(), tool, args...)
	cmd.Stdin = bytes.NewReader(a.Bytes())
	if words, err := cmd.Output(); err != nil || string(words) != "bin\ninit\n" {
		t.Errorf("%s reads %q, %v", tool, words, err)
	}
}
