package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"leye/app/terminal/internal/identity"
	"leye/app/terminal/internal/kiosk"
)

var centralProgram = sync.OnceValues(func() (string, error) {
	path := filepath.Join(scratch, "central")
	cmd := exec.Command("go", "build", "-trimpath", "-tags", "no_emoji,no_metadata,no_animations,migrated_fynedo,rime", "-o", path, "leye/app/central/cmd/central")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build central: %w\n%s", err, out)
	}
	return path, nil
})

// district is a real central in a process of its own, with a door for terminals.
type district struct {
	t             *testing.T
	program, db   string
	open, address string // of people, of terminals
	root          string // file that terminals are handed
}

func startDistrict(t *testing.T) *district {
	t.Helper()
	program, err := centralProgram()
	fatal(t, err)
	d := &district{t: t, program: program, db: filepath.Join(t.TempDir(), "central.db")}
	cmd := exec.CommandContext(t.Context(), program, "serve", "--db", d.db, "--listen", "127.0.0.1:0", "--terminals", "127.0.0.1:0")
	out, err := cmd.StdoutPipe()
	fatal(t, err)
	fatal(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	lines := bufio.NewScanner(out)
	for d.address == "" && lines.Scan() {
		if _, open, found := strings.Cut(lines.Text(), " listens on "); found {
			d.open = strings.TrimSuffix(open, "/")
		}
		_, d.address, _ = strings.Cut(lines.Text(), "terminals come in at ")
	}
	d.address = strings.TrimSuffix(d.address, "/")
	d.root = filepath.Join(t.TempDir(), "root.pem")
	fatal(t, os.WriteFile(d.root, []byte(d.do("ca", "show")), 0o600))
	return d
}

// do runs the central's command line.
func (d *district) do(args ...string) string {
	d.t.Helper()
	cmd := exec.CommandContext(d.t.Context(), d.program, append(args, "--db", d.db)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		d.t.Fatalf("central %v: %v\n%s", args, err, out)
	}
	return string(out)
}

var codeShape = regexp.MustCompile(`code: (\S+)\n`)

func (d *district) code(terminal string) string {
	d.t.Helper()
	return codeShape.FindStringSubmatch(d.do("terminals", "add", terminal))[1]
}

func TestEnrolWithARealCentral(t *testing.T) {
	d := startDistrict(t)
	x := newTerminal(t, "[central]\nurl = \""+d.address+"\"\n")
	enrol := func(code string, more ...string) result {
		return call(t, append([]string{"enrol", "--config", x.config, "--code", code, "--root", d.root}, more...)...)
	}
	has := func(check string, s status, code kiosk.Code, says string) {
		t.Helper()
		found, _ := doctor(t, x.config)
		found.has(t, check, s, code, says)
	}
	has("identity", fail, kiosk.CodeNotEnrolled, "")
	enrol("22222-22222").want(t, exitNotReady, "the code is wrong", "try: ask for another: central terminals add PT01")
	enrol(d.code("PT02")).want(t, exitNotReady, "another terminal's")
	code := d.code("PT01")
	enrol(strings.ToLower(code)).want(t, exitOK, "terminal PT01 is enrolled until ")
	enrol(code).want(t, exitNotReady, "used")
	info, err := os.Stat(filepath.Join(x.dir, "state", identity.FileName))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	has("identity", ok, "", "as PT01 until ")
	has("central", ok, "", d.address+" answers")
	if list := d.do("terminals", "list"); !strings.Contains(list, "PT01") || !strings.Contains(list, "stands") {
		t.Errorf("list: %s", list)
	}
	d.do("terminals", "revoke", "PT01")
	has("central", fail, kiosk.CodeCentralRefused, "HTTP 403")
	enrol(d.code("PT01")).want(t, exitOK)
	has("central", ok, "", "")
}

func TestEnrolTrustsTheRootFileAlone(t *testing.T) {
	d, rogue := startDistrict(t), startDistrict(t)
	x := newTerminal(t, "")
	r := call(t, "enrol", "--config", x.config, "--central", rogue.address, "--code", rogue.code("PT01"), "--root", d.root)
	r.want(t, exitFailed, "certificate signed by unknown authority")
	if _, err := identity.Load(filepath.Join(x.dir, "state")); err == nil {
		t.Error("something was kept")
	}
	for says, args := range map[string][]string{
		"not an https address":  {"--central", d.open, "--code", "x", "--root", d.root},
		"--code and --root are": {"--central", d.address, "--root", d.root},
	} {
		call(t, append([]string{"enrol", "--config", x.config}, args...)...).want(t, exitUsage, says)
	}
	call(t, "enrol", "--config", x.config, "--central", d.address, "--code", "x", "--root", x.config).want(t, exitFailed, "read trust")
}
