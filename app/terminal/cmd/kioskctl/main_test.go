package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"leye/devices/sim"
)

var update = flag.Bool("update", false, "write the golden files anew")

var scratch string // of all tests, for the compiled program

func TestMain(m *testing.M) {
	var err error
	if scratch, err = os.MkdirTemp("", "kioskctl"); err != nil {
		panic(err)
	}
	code := m.Run()
	if err := os.RemoveAll(scratch); err != nil {
		panic(err)
	}
	os.Exit(code)
}

// compiled builds the program once, as it is shipped: without C.
var compiled = sync.OnceValues(func() (string, error) {
	path := filepath.Join(scratch, "kioskctl")
	cmd := exec.Command("go", "build", "-trimpath", "-tags", "no_emoji,no_metadata,no_animations,migrated_fynedo,rime", "-o", path, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return path, nil
})

func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// program is the compiled kioskctl with arguments, not started.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	path, err := compiled()
	fatal(t, err)
	return exec.CommandContext(t.Context(), path, args...)
}

// result is what a run left behind.
type result struct {
	code     int
	out, err string
}

func (r result) String() string {
	return fmt.Sprintf("exit %d\nout: %s\nerr: %s", r.code, r.out, r.err)
}

// execute runs the compiled program to its end.
func execute(t *testing.T, args ...string) result {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := program(t, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return result{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// call runs a command in this process.
func call(t *testing.T, args ...string) result {
	t.Helper()
	return callIn(t, strings.NewReader(""), args...)
}

// machine is one without swap, whatever the one that runs the tests has.
var machine = fstest.MapFS{"proc/swaps": {Data: []byte("Filename Type Size Used Priority\n")}}

func callIn(t *testing.T, in io.Reader, args ...string) result {
	t.Helper()
	var out, errs bytes.Buffer
	code := run(t.Context(), args, streams{in, &out, &errs, machine})
	return result{code, out.String(), errs.String()}
}

func (r result) want(t *testing.T, code int, says ...string) {
	t.Helper()
	if r.code != code {
		t.Errorf("want exit code %d: %s", code, r)
	}
	for _, s := range says {
		if !strings.Contains(r.out+r.err, s) {
			t.Errorf("want %q: %s", s, r)
		}
	}
}

// serve runs a simulated device on a pseudo terminal of its own.
func serve(t *testing.T, run func(context.Context, io.ReadWriteCloser) error) *sim.PTY {
	t.Helper()
	line, err := sim.OpenPTY()
	fatal(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = run(ctx, line) // a test may pull the plug
	}()
	t.Cleanup(func() { cancel(); <-done })
	return line
}
