package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"leye/app/terminal/internal/config"
)

func TestHelpIsAsWritten(t *testing.T) {
	names := []string{""}
	for _, c := range commands() {
		names = append(names, c.name)
	}
	for _, name := range names {
		args := append(strings.Fields(name), "--help")
		r := call(t, args...)
		if r.code != exitOK || r.err != "" {
			t.Errorf("%v: %s", args, r)
		}
		file := filepath.Join("testdata", "help", strings.ReplaceAll(name, " ", "-")+".txt")
		if name == "" {
			file = filepath.Join("testdata", "help", "kioskctl.txt")
		}
		if *update {
			fatal(t, os.WriteFile(file, []byte(r.out), 0o600))
		}
		want, err := os.ReadFile(file)
		fatal(t, err)
		if r.out != string(want) {
			t.Errorf("%s has changed; run the test with -update and look at the difference:\n%s", file, r.out)
		}
		for line := range strings.Lines(r.out) {
			if len(line) > 121 {
				t.Errorf("%s: line too long: %s", file, line)
			}
		}
		if again := call(t, append([]string{"help"}, strings.Fields(name)...)...); again.out != r.out {
			t.Errorf("help %s says something else", name)
		}
	}
}

func TestCommandLine(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty.toml")
	fatal(t, os.WriteFile(empty, nil, 0o600))
	away := filepath.Join(dir, "away")
	elsewhere := filepath.Join(dir, "elsewhere.toml")
	fatal(t, os.WriteFile(elsewhere, []byte("[store]\ndir = \""+dir+"\"\n"), 0o600))
	for _, tt := range []struct {
		args string
		code int
		says string
	}{
		{"", exitUsage, "no command given"},
		{"dance", exitUsage, `no command "dance"`},
		{"outbox", exitUsage, `no command "outbox"`},
		{"outbox dance", exitUsage, `no command "outbox dance"`},
		{"help dance", exitUsage, `no command "dance"`},
		{"doctor --loud", exitUsage, "try: kioskctl doctor --help"},
		{"doctor now", exitUsage, `one word too many: "now"`},
		{"version --json extra", exitUsage, "one word too many"},
		{"read-card --timeout soon", exitUsage, "timeout"},
		{"read-card --driver usb --port x", exitUsage, "not bugst or tarm"},
		{"read-card --baud -1 --port x", exitUsage, "no rate"},
		{"read-card --port " + away, exitDevice, "open port " + away + ": no such file"},
		{"read-card --port " + empty, exitDevice, "not a serial port"},
		{"read-card --config " + away, exitFailed, "load configuration"},
		{"scan --profile morse --port x", exitUsage, "none of auto, crlf, packet"},
		{"scan --port " + away, exitDevice, "open port " + away + ": no such file"},
		{"scan --port " + empty, exitDevice, "not a serial port"},
		{"print --port x", exitUsage, "no file named"},
		{"print --port x a b", exitUsage, "one word too many"},
		{"print --port x " + away, exitFailed, "read text: open"},
		{"print --port x " + empty, exitFailed, "is empty"},
		{"print --port " + away + " " + elsewhere, exitDevice, "no such file"},
		{"print-test --columns 200", exitUsage, "not 16 to 64"},
		{"print-test --font big5", exitUsage, "not auto, gb2312"},
		{"print-test --port " + away, exitDevice, "try: plug the device in"},
		{"outbox list --config " + elsewhere, exitFailed, "try: name the kiosk's configuration"},
		{"outbox show", exitUsage, "no reference given"},
		{"outbox show PT01-1124-0007-2", exitUsage, "check character"},
		{"outbox export", exitUsage, "no reference given"},
		{"outbox export PT01-1124-0007-2", exitUsage, "check character"},
		{"audit verify --pub x", exitUsage, "give --head"},
		{"audit verify --file " + empty + " --head " + empty, exitUsage, "give --pub"},
		{"audit verify --file " + empty + " --head " + empty + " --pub x", exitUsage, "not a key for journal heads"},
		{"audit verify --file " + away, exitFailed, "no such file"},
		{"audit verify --config " + elsewhere, exitFailed, "no such file"},
		{"audit export --config " + elsewhere, exitFailed, "no such file"},
		{"catalogue check " + away, exitFailed, "no such file"},
		{"catalogue check", exitOK, "no fault found"},
		{"config check", exitUsage, "no file named"},
		{"config check " + empty, exitOK, "no fault found"},
		{"config check " + away, exitFailed, "faults found: 1"},
		{"version", exitOK, "contract   " + contractVersion},
	} {
		r := call(t, strings.Fields(tt.args)...)
		r.want(t, tt.code, tt.says)
		if r.code == exitOK == strings.Contains(r.err, "error: ") {
			t.Errorf("kioskctl %s: %s", tt.args, r)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 2 {
		t.Errorf("a look has made files: %v, %v", left, err)
	}
}

func TestEndedWhileItWaits(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var errs strings.Builder
	never := neverReads{}
	if code := run(ctx, []string{"print", "--port", "x", "-"}, streams{never, &errs, &errs, nil}); code != exitInterrupted || errs.String() != "interrupted\n" {
		t.Errorf("code %d, says %q", code, errs.String())
	}
}

// neverReads is a keyboard at which nobody sits.
type neverReads struct{}

func (neverReads) Read([]byte) (int, error) { select {} }

func TestVersions(t *testing.T) {
	var b build
	r := call(t, "version", "--json")
	if err := json.Unmarshal([]byte(r.out), &b); err != nil || b.Version == "" || len(b.Catalogue) != 12 || b.Go == "" {
		t.Errorf("%s, %v", r, err)
	}
	data, err := os.ReadFile("../../../api/openapi.yaml")
	fatal(t, err)
	if !strings.Contains(string(data), "\n  version: "+contractVersion+"\n") {
		t.Errorf("the contract in app/api has another version than %s", contractVersion)
	}
}

func TestConfigFaultsNameFileLineAndKey(t *testing.T) {
	dir := t.TempDir()
	first, second := filepath.Join(dir, "first.toml"), filepath.Join(dir, "second.toml")
	fatal(t, os.WriteFile(first, []byte("[terminal]\nid = \"PT02\"\ncolour = 1\n"), 0o600))
	fatal(t, os.WriteFile(second, []byte("[reader]\nbaud = 1200\n[visit]\nidle = \"soon\"\n"), 0o600))
	r := call(t, "config", "check", first, second)
	r.want(t, exitFailed, "error: check configuration: faults found: 3")
	lines := strings.Split(r.out, "\n")
	for i, want := range []string{first + ":3: terminal.colour: ", second + ":2: reader.baud: ", second + ":4: visit.idle: "} {
		if i >= len(lines) || !strings.HasPrefix(lines[i], want) {
			t.Errorf("line %d, want %q: %s", i, want, r)
		}
	}
	call(t, "config", "show", "--config", first).want(t, exitFailed, first+":3: terminal.colour: ", "try: kioskctl config check "+first)
}

func TestConfigShowCanBeReadAgain(t *testing.T) {
	const own = "terminal.id = \"KT0207\"\nterminal.centre_zh = \"样例 \\\"中心\\\" \\\\\"\ncentral.timeout = \"2500ms\"\nprinter.baud = 9600\ndisplay.fullscreen = false\n"
	dir := t.TempDir()
	given, shown := filepath.Join(dir, "given.toml"), filepath.Join(dir, "shown.toml")
	fatal(t, os.WriteFile(given, []byte(own), 0o600))
	r := call(t, "config", "show", "--config", given)
	r.want(t, exitOK, "[central]", "KT0207")
	fatal(t, os.WriteFile(shown, []byte(r.out), 0o600))
	want, err := config.Load(given)
	fatal(t, err)
	if got, err := config.Load(shown); err != nil || got != want {
		t.Errorf("read again: %+v, %v\nwant %+v", got, err, want)
	}
	reference, err := os.ReadFile("../../../../packaging/kiosk.toml")
	fatal(t, err)
	for line := range strings.Lines(string(reference)) {
		if key, _, found := strings.Cut(line, " = "); found && !strings.HasPrefix(line, "#") && !strings.Contains(r.out, "\n"+key+" = ") {
			t.Errorf("%s is not shown", key)
		}
	}
}

func TestCatalogueFaultsNameFileLineAndKey(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		fatal(t, os.MkdirAll(filepath.Dir(path), 0o700))
		fatal(t, os.WriteFile(path, []byte(text), 0o600))
	}
	write("catalogue/codes/sex.toml", "id = \"sex\"\ncolour = 1\n")
	write("catalogue/dances/waltz.toml", "id = \"waltz\"\n")
	write("policies/pension.toml", "id = \"pension\"\ntitel = \"x\"\n")
	write("policies/leave.toml", "id = \"leave\"\ntitle = { zh = \"休假\", en = \"Leave\" }\nsummary = { zh = \"休假\" }\n"+
		"[[figures]]\nlabel = { zh = \"最长\",\n  en = \"\" }\nvalue = \"5\"\n")
	r := call(t, "catalogue", "check", dir)
	r.want(t, exitFailed,
		filepath.Join(dir, "catalogue")+"/codes/sex.toml:2: colour: ",
		filepath.Join(dir, "catalogue")+"/dances/waltz.toml:1: no such folder",
		filepath.Join(dir, "policies")+"/pension.toml:2: titel: unknown key",
		filepath.Join(dir, "policies")+"/leave.toml:3: summary.en: no English text",
		filepath.Join(dir, "policies")+"/leave.toml:6: figures.label.en: no English text")
	r = call(t, "catalogue", "check", filepath.Join(dir, "catalogue"))
	r.want(t, exitFailed, "/codes/sex.toml:2: colour: ")
	if strings.Contains(r.out, "pension") {
		t.Errorf("looked beyond its folder: %s", r)
	}
	call(t, "catalogue", "check", "../../../../assets").want(t, exitOK, "no fault found")
}

func FuzzReadText(f *testing.F) {
	f.Add([]byte("受理回执\n\tSQ2026\r\n"))
	f.Add([]byte("\xEF\xBB\xBFa\xFF"))
	f.Fuzz(func(t *testing.T, data []byte) {
		text, err := readText(t.Context(), "-", strings.NewReader(string(data)))
		if err != nil {
			return
		}
		if len(text) > len(data) || strings.TrimSpace(text) == "" {
			t.Errorf("read %q out of %q", text, data)
		}
		if d := textDocument(text); len(d.Body) != strings.Count(text, "\n")+1 || len(d.Tail) != 1 {
			t.Errorf("%d blocks of %q", len(d.Body), text)
		}
	})
}
