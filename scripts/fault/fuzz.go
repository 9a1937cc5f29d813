package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// fuzzJudge feeds what is made up to everything that reads bytes from outside.
// Inputs of interest stay in Go's build cache and are where the next run begins;
// one that fails is written to the package's testdata/fuzz, as Go does it.
func fuzzJudge() judge {
	return judge{
		name: "fuzz", what: "a minute of made-up input for each fuzz target of the module (1,000 inputs in a short run)",
		bad: "crashed or hung", of: "targets", try: tryFuzz, long: true,
		worse: mutant{
			why:   "a splitter that forgets where more than 1,000 bytes end",
			edits: []edit{{fuzzedFile, "copy(s.buf, s.buf[n:])", "copy(s.buf, s.buf[min(n, 1000):])"}},
		},
	}
}

const (
	fuzzedFile = "devices/internal/frame/frame.go"
	longestRun = time.Second // of one input
)

// fuzzed is a package with fuzz targets.
type fuzzed struct {
	ImportPath, Dir           string
	TestGoFiles, XTestGoFiles []string
}

func tryFuzz(ctx context.Context, t *trial) (n tally, err error) {
	all, err := t.fuzzedPackages(ctx)
	if err != nil {
		return n, err
	}
	cache, err := exec.CommandContext(ctx, "go", "env", "GOCACHE").Output()
	if err != nil {
		return n, fmt.Errorf("find Go's cache: %w", err)
	}
	f := fuzzing{trial: t, cache: filepath.Join(strings.TrimSpace(string(cache)), "fuzz")}
	for _, p := range all {
		if t.control && !strings.HasSuffix(p.ImportPath, path.Dir(fuzzedFile)) {
			continue
		}
		if err := f.try(ctx, p); err != nil {
			return n, fmt.Errorf("%s: %w", p.ImportPath, err)
		}
	}
	f.note("%d executions", f.executions)
	return f.tally, nil
}

// fuzzedPackages are those whose tests have a target.
func (t *trial) fuzzedPackages(ctx context.Context) (found []fuzzed, err error) {
	list := exec.CommandContext(ctx, "go", "list", "-tags", t.tags, "-json=ImportPath,Dir,TestGoFiles,XTestGoFiles", "./...")
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("list packages: %w", err)
	}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p fuzzed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return found, nil
		} else if err != nil {
			return nil, fmt.Errorf("list packages: %w", err)
		}
		if has, err := p.hasTarget(); err != nil {
			return nil, err
		} else if has {
			found = append(found, p)
		}
	}
}

func (p fuzzed) hasTarget() (bool, error) {
	for _, name := range slices.Concat(p.TestGoFiles, p.XTestGoFiles) {
		text, err := os.ReadFile(filepath.Join(p.Dir, name))
		if err != nil {
			return false, err
		}
		if bytes.Contains(text, []byte("testing.F)")) {
			return true, nil
		}
	}
	return false, nil
}

// fuzzing is one trial of all targets.
type fuzzing struct {
	*trial
	tally

	cache      string // folder of the inputs of interest
	executions int
}

func (f *fuzzing) try(ctx context.Context, p fuzzed) error {
	binary, err := filepath.Abs(f.path("fuzzed.test"))
	if err != nil {
		return err
	}
	args := []string{"test", "-c", "-fuzz=.", "-trimpath", "-tags", f.tags, "-o", binary}
	work, cache := p.Dir, filepath.Join(f.cache, p.ImportPath)
	if f.control { // what it finds stays here
		args = append(args, "-overlay", f.path("overlay.json"))
		work, cache = f.dir, f.path("cache")
	}
	if words, err := exec.CommandContext(ctx, "go", append(args, p.ImportPath)...).CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w\n%s", err, words)
	}
	list := exec.CommandContext(ctx, binary, "-test.list=^Fuzz")
	list.Dir = p.Dir
	names, err := list.Output()
	if err != nil {
		return fmt.Errorf("list targets: %w", err)
	}
	for name := range strings.FieldsSeq(string(names)) {
		f.of++
		if err := f.target(ctx, target{path.Base(p.ImportPath), name, binary, work, cache}); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// target is one to be fuzzed, in the folder where its testdata are.
type target struct{ pkg, name, binary, work, cache string }

func (g target) run(ctx context.Context, args ...string) (words string, took time.Duration, err error) {
	cmd := exec.CommandContext(ctx, g.binary, args...)
	cmd.Dir = g.work
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		return "", 0, err
	}
	return string(out), cmd.ProcessState.UserTime(), err
}

// lasts is for how long a target is fuzzed, as Go's flag has it.
func (f *fuzzing) lasts() string {
	switch {
	case f.control:
		return "30s"
	case f.short: // a number, since a busy machine may make none in a time
		return "1000x"
	}
	return "1m"
}

// target fuzzes one target. Go's fuzzer itself ends a worker that is silent for a
// second over one input, and calls it a failure.
func (f *fuzzing) target(ctx context.Context, g target) error {
	before, err := g.failing()
	if err != nil {
		return err
	}
	limit, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	words, _, failed := g.run(limit, "-test.run=^$", "-test.fuzz=^"+g.name+"$", "-test.fuzzcachedir="+g.cache,
		"-test.fuzztime="+f.lasts(), "-test.fuzzminimizetime=20x")
	if ctx.Err() != nil {
		return ctx.Err()
	}
	count := executed(words)
	f.executions += count
	if failed == nil && count > 0 {
		return nil
	}
	after, err := g.failing()
	if err != nil {
		return err
	}
	fresh := slices.DeleteFunc(after, func(name string) bool { return slices.Contains(before, name) })
	if len(fresh) == 0 && count > 0 && outOfTime(words) {
		return nil
	}
	if strings.Contains(words, "hung or terminated") && len(fresh) == 1 {
		if slow, err := g.slow(ctx, fresh[0]); err != nil || !slow {
			return err
		}
	}
	f.fault("%s %s, after %d executions: %s\n%s", g.pkg, g.name, count, strings.Join(fresh, " "), lastLines(words, 12))
	return nil
}

// outOfTime tells a run whose time was over from a failure: before Go 1.27 its fuzzer
// may take the end of its own time for one, and names no input then (go.dev/issue/75804).
func outOfTime(words string) bool {
	return strings.Contains(words, "\n    context deadline exceeded\n") && !strings.Contains(words, "Failing input")
}

var executions = regexp.MustCompile(`execs: (\d+)`)

// executed is how many executions the fuzzer counted last.
func executed(words string) int {
	found := executions.FindAllStringSubmatch(words, -1)
	if found == nil {
		return 0
	}
	count, err := strconv.Atoi(found[len(found)-1][1])
	if err != nil {
		return 0 // more than any run makes
	}
	return count
}

// failing are the inputs in testdata.
func (g target) failing() ([]string, error) {
	files, err := os.ReadDir(filepath.Join(g.work, "testdata/fuzz", g.name))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	var names []string
	for _, f := range files {
		names = append(names, f.Name())
	}
	return names, nil
}

// slow runs an input again over which a worker was silent. On a busy machine the
// worker may only have waited for its turn: then the input is nothing to keep.
func (g target) slow(ctx context.Context, input string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if _, took, err := g.run(ctx, "-test.run=^"+g.name+"$/^"+input+"$"); err != nil || took > longestRun {
		return true, nil
	}
	return false, os.Remove(filepath.Join(g.work, "testdata/fuzz", g.name, input))
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
