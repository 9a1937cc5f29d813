package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"leye/app/api"
	"leye/app/central/internal/authority"
	"leye/app/central/internal/keyring"
	"leye/app/central/internal/ledger"
	"leye/app/envelope"
	"leye/app/proof"
)

// asProgram, in the environment, makes the test binary the program itself.
const asProgram = "CENTRAL_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// program is a running central in a process of its own.
type program struct {
	t        *testing.T
	cmd      *exec.Cmd
	url      string
	password string // printed at first start
}

var address = regexp.MustCompile(`^central \S+ listens on (http://127\.0\.0\.1:\d+)/$`)

func startProgram(t *testing.T, db string) *program {
	t.Helper()
	p := &program{t: t, cmd: exec.CommandContext(t.Context(), os.Args[0], "serve", "--db", db, "--listen", "127.0.0.1:0", "--centre-code", "107")}
	p.cmd.Env = append(os.Environ(), asProgram+"=1")
	out, err := p.cmd.StdoutPipe()
	fatal(t, err)
	_, statErr := os.Stat(db)
	fatal(t, p.cmd.Start())
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	lines := bufio.NewScanner(out)
	lines.Scan()
	found := address.FindStringSubmatch(lines.Text())
	if found == nil {
		t.Fatalf("first line is %q", lines.Text())
	}
	p.url = found[1]
	if statErr != nil {
		lines.Scan()
		_, p.password, _ = strings.Cut(lines.Text(), "(shown this once): ")
	}
	return p
}

func body(n int) (id string, b []byte) {
	id = fmt.Sprintf("%026d", n)
	return id, fmt.Appendf(nil, `{"id":%q,"service":"job-search","catalogueVersion":"any","terminal":"PT01","language":"zh",`+
		`"filedAt":"2026-11-24T11:59:00+08:00","reference":"PT01-1124-%04d-3","answers":{"kw":"电工"}}`, id, n)
}

// put files application n; acked is false when no whole answer came.
func (p *program) put(n int) (status int, ack api.Acknowledgement, acked bool) {
	id, b := body(n)
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodPut, p.url+"/v1/applications/"+id, bytes.NewReader(b))
	if err != nil {
		return 0, ack, false
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, ack, false
	}
	defer response.Body.Close()
	all, err := io.ReadAll(response.Body)
	if err != nil || json.Unmarshal(all, &ack) != nil {
		return response.StatusCode, ack, false
	}
	return response.StatusCode, ack, response.StatusCode < 300
}

// TestKilledDuringIntake kills the central while four terminals file, starts it
// again and sends everything again: what was acknowledged gives the same
// acknowledgement, what was not is filed once, and nothing is there twice.
func TestKilledDuringIntake(t *testing.T) {
	if testing.Short() {
		t.Skip("starts and kills processes")
	}
	db := filepath.Join(t.TempDir(), "central.db")
	acks := map[int]api.Acknowledgement{}
	var sent int
	for round := range 4 {
		p := startProgram(t, db)
		for n, before := range acks {
			if status, after, ok := p.put(n); !ok || status != 200 || after != before {
				t.Errorf("round %d: application %d was acknowledged and now answers %d %+v", round, n, status, after)
			}
		}
		for n := range sent {
			if _, ack, ok := p.put(n); ok {
				acks[n] = ack
			} else {
				t.Errorf("round %d: application %d is refused", round, n)
			}
		}
		sent = p.fileUntilKilled(acks, sent)
	}
	p := startProgram(t, db)
	for n := range sent {
		if _, _, ok := p.put(n); !ok {
			t.Errorf("application %d is refused", n)
		}
	}
	l, err := ledger.Open(t.Context(), db, ledger.Options{})
	fatal(t, err)
	defer l.Close()
	page, err := l.Cases(t.Context(), ledger.Query{})
	if err != nil || page.Total != sent {
		t.Errorf("%d cases for %d applications, %v", page.Total, sent, err)
	}
}

// fileUntilKilled has four senders file until some acknowledgements have come,
// kills the program under them and returns how many numbers were used.
func (p *program) fileUntilKilled(acks map[int]api.Acknowledgement, from int) int {
	const enough = 25
	var mu sync.Mutex
	var senders sync.WaitGroup
	next, got := from, 0
	for range 4 {
		senders.Go(func() {
			for {
				mu.Lock()
				n := next
				next++
				mu.Unlock()
				_, ack, ok := p.put(n)
				if !ok {
					return
				}
				mu.Lock()
				acks[n] = ack
				if got++; got == enough {
					_ = p.cmd.Process.Signal(syscall.SIGKILL)
				}
				mu.Unlock()
			}
		})
	}
	senders.Wait()
	_ = p.cmd.Wait() // killed, as intended
	return next
}

func TestSIGTERMEndsGracefully(t *testing.T) {
	db := filepath.Join(t.TempDir(), "central.db")
	p := startProgram(t, db)
	if len(p.password) < 20 {
		t.Errorf("first start printed the password %q", p.password)
	}
	if status, _, ok := p.put(1); !ok || status != 201 {
		t.Fatalf("filing: %d", status)
	}
	fatal(t, p.cmd.Process.Signal(syscall.SIGTERM))
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("ended with %v, want exit code 0", err)
	}
	if _, err := os.Stat(db + "-wal"); !os.IsNotExist(err) {
		t.Errorf("the write-ahead log was left behind: %v", err)
	}
	p = startProgram(t, db)
	fatal(t, p.cmd.Process.Signal(syscall.SIGTERM))
	fatal(t, p.cmd.Wait())
}

func command(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, &out, &errs)
	return code, out.String(), errs.String()
}

func TestCommandLine(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing.db")
	for _, tt := range []struct {
		args string
		code int
		says string
	}{
		{"help", exitOK, "Examples:"},
		{"--help", exitOK, "Exit codes"},
		{"serve --help", exitOK, "--insecure-any-address"},
		{"version", exitOK, "central "},
		{"", exitUsage, "no command"},
		{"dance", exitUsage, "no command"},
		{"serve --no-such-flag", exitUsage, "no-such-flag"},
		{"serve here", exitUsage, "takes no word"},
		{"serve --listen 8700", exitUsage, "address:port"},
		{"serve --listen 0.0.0.0:8700", exitUsage, "open to the network"},
		{"serve --listen :8700", exitUsage, "open to the network"},
		{"serve --listen [::]:8700", exitUsage, "open to the network"},
		{"serve --listen 192.0.2.1:8700 --tls-cert a --tls-key b", exitUsage, "open to the network"},
		{"serve --tls-cert a", exitUsage, "go together"},
		{"serve --listen 0.0.0.0:8700 --terminals 0.0.0.0:8701", exitUsage, "in the clear"},
		{"serve --terminals 8701", exitUsage, "address:port"},
		{"serve --name a/b", exitUsage, "not a host name"},
		{"serve --listen 192.0.2.1:8700 --tls-cert a --tls-key b --terminals 192.0.2.1:8701", exitFailed, "read certificate"},
		{"terminals", exitUsage, "takes list, or add"},
		{"terminals add ../x", exitUsage, "not a terminal's name"},
		{"terminals add PT01 --db " + missing, exitFailed, "open database"},
		{"ca", exitUsage, "show or rotate"},
		{"ca show --db " + missing, exitFailed, "no such file"},
		{"serve --centre-code 10 --db " + missing, exitFailed, "three digits"},
		{"serve --desk employment=", exitUsage, "no text"},
		{"case", exitUsage, "one case number"},
		{"case 107-180-261124-0002-4", exitUsage, "a digit of it is wrong"},
		{"case 107-180-261124-0002-5 --db " + missing, exitFailed, "open database"},
		{"open", exitUsage, "one file"},
		{"open " + missing + " --db " + missing, exitFailed, "no such file"},
		{"keys now", exitUsage, "takes no word"},
		{"keys --db " + missing, exitFailed, "no such file"},
		{"password --db " + missing, exitFailed, "open database"},
	} {
		code, out, errs := command(t, strings.Fields(tt.args)...)
		if code != tt.code || !strings.Contains(out+errs, tt.says) {
			t.Errorf("central %s: code %d, says %q; want %d and %q", tt.args, code, out+errs, tt.code, tt.says)
		}
		if _, err := os.Stat(missing); err == nil {
			t.Fatalf("central %s made a database", tt.args)
		}
	}
}

func TestCaseCommand(t *testing.T) {
	db := filepath.Join(t.TempDir(), "central.db")
	l, err := ledger.Open(t.Context(), db, ledger.Options{})
	fatal(t, err)
	c, _, err := l.File(context.Background(), ledger.Filing{
		ID: strings.Repeat("A", 26), Service: "skill-certificate-lookup", Applicant: "张示例", ApplicantMasked: "张*例",
		Event: "ask", State: "answered", Body: []byte(`{"answers":{"name":"张示例","cert_no":"S000"}}`),
	})
	fatal(t, err)
	fatal(t, l.Close())
	code, out, _ := command(t, "case", c.Number, "--db", db)
	if code != exitOK || strings.Contains(out, "张示例") || !strings.Contains(out, `"name": "张*例"`) {
		t.Errorf("case: %d %s", code, out)
	}
	code, out, _ = command(t, "case", "--db", db, "--show", strings.ReplaceAll(c.Number, "-", ""))
	var d document
	if err := json.Unmarshal([]byte(out), &d); err != nil || code != exitOK || d.Applicant != "张示例" {
		t.Errorf("case --show: %d %s, %v", code, out, err)
	}
	if len(d.Events) != 2 || d.Events[1].Event != "answers-shown" {
		t.Errorf("events %+v; want the look on record", d.Events)
	}
	other := ""
	for _, check := range "0123456789X" {
		if n, ok := ledger.ParseNumber("107-180-261124-0099-" + string(check)); ok {
			other = n
		}
	}
	if code, _, errs := command(t, "case", other, "--db", db); code != exitNotFound || !strings.Contains(errs, "no such case") {
		t.Errorf("unknown case: %d %s", code, errs)
	}
	if code, out, _ := command(t, "password", "--db", db); code != exitOK || !strings.Contains(out, "shown this once") {
		t.Errorf("password: %d %s", code, out)
	}
}

func TestDesks(t *testing.T) {
	d := desks{}
	for _, s := range []string{"综合窗口", "employment=就业窗口", "1号窗=综合"} {
		fatal(t, d.Set(s))
	}
	if d["employment"] != "就业窗口" || d[""] != "1号窗=综合" || len(d) != 2 {
		t.Errorf("desks %v", d)
	}
}

func TestOpenCommand(t *testing.T) {
	dir := t.TempDir()
	db, file := filepath.Join(dir, "central.db"), filepath.Join(dir, "sealed.json")
	key, _, err := keyring.Open(keyring.Path(db))
	fatal(t, err)
	h := envelope.Header{Suite: envelope.Leye1, ID: strings.Repeat("A", 26), Seq: 1, Schema: envelope.Schema}
	data, err := envelope.NewDataKey(h.Suite)
	fatal(t, err)
	inside, err := envelope.SealBody(h, data, []byte(`{"id":"`+h.ID+`","service":"skill-certificate-lookup","terminal":"PT01","answers":{"name":"张示例","cert_no":"S000"}}`))
	fatal(t, err)
	wrap, err := key.Public().Wrap(h, data)
	fatal(t, err)
	text, err := envelope.Envelope{Header: h, Key: key.Public().Fingerprint(), Wrap: wrap, Body: inside}.Encode()
	fatal(t, err)
	fatal(t, os.WriteFile(file, text, 0o600))
	code, out, _ := command(t, "open", file, "--db", db)
	if code != exitOK || strings.Contains(out, "张示例") || !strings.Contains(out, `"name": "张*例"`) || !strings.Contains(out, h.ID) {
		t.Errorf("open: %d %s", code, out)
	}
	if code, out, errs := command(t, "open", "--show", file, "--db", db); code != exitFailed || out != "" || !strings.Contains(errs, "put the look on record") {
		t.Errorf("open --show where nothing can be put on record: %d %s %s", code, out, errs)
	}
	l, err := ledger.Open(t.Context(), db, ledger.Options{})
	fatal(t, err)
	fatal(t, l.Close())
	if code, out, _ := command(t, "looks", "--db", db); code != exitOK || strings.Contains(out, h.ID) {
		t.Errorf("looks before: %d %s", code, out)
	}
	if code, out, _ := command(t, "open", "--show", file, "--db", db); code != exitOK || !strings.Contains(out, "张示例") {
		t.Errorf("open --show: %d %s", code, out)
	}
	if code, out, _ := command(t, "looks", "--db", db); code != exitOK || strings.Count(out, h.ID) != 1 || strings.Contains(out, "张") || !strings.Contains(out, envelope.Digest(inside)) {
		t.Errorf("looks: %d %s", code, out)
	}
	_, _, err = keyring.Open(filepath.Join(dir, "other.key"))
	fatal(t, err)
	code, out, errs := command(t, "open", file, "--seal-key", filepath.Join(dir, "other.key"))
	if code != exitFailed || out != "" || !strings.Contains(errs, "sealed to "+key.Public().Fingerprint().Short()) {
		t.Errorf("with another key: %d %s %s", code, out, errs)
	}
}

func TestKeysCommand(t *testing.T) {
	db := filepath.Join(t.TempDir(), "central.db")
	key, _, err := keyring.Open(keyring.Path(db))
	fatal(t, err)
	code, out, _ := command(t, "keys", "--db", db)
	want := fmt.Sprintf("fingerprint: %s\nseal_key = \"%s\"\ncurrent, since ", key.Public().Fingerprint().Short(), key.Public())
	if code != exitOK || !strings.HasPrefix(out, want) || !strings.HasSuffix(out, ", 0 days\n") {
		t.Errorf("keys: %d %q, want %q", code, out, want)
	}
	path := keyring.Path(db)
	text, err := os.ReadFile(path)
	fatal(t, err)
	_, block, _ := strings.Cut(string(text), "\n")
	fatal(t, os.WriteFile(path, []byte("since: 2026-05-01T08:00:00Z\n"+block), 0o600))
	if code, out, errs := command(t, "keys", "rotate", "--db", db); code != exitOK || !strings.Contains(out, "start the central again") {
		t.Errorf("keys rotate: %d %s", code, errs)
	}
	code, out, _ = command(t, "keys", "--db", db)
	older := "opens only: " + key.Public().Fingerprint().Short() + ", since 2026-05-01 16:00"
	if code != exitOK || strings.HasPrefix(out, want) || !strings.Contains(out, older) {
		t.Errorf("keys after it: %d %q, want %q", code, out, older)
	}
	if code, _, errs := command(t, "keys", "turn", "--db", db); code != exitUsage {
		t.Errorf("keys turn: %d %s", code, errs)
	}
}

func TestTerminalsCommand(t *testing.T) {
	db := filepath.Join(t.TempDir(), "central.db")
	l, err := ledger.Open(t.Context(), db, ledger.Options{})
	fatal(t, err)
	fatal(t, l.Close())
	code, out, _ := command(t, "terminals", "add", "PT01", "--db", db)
	if code != exitOK || !regexp.MustCompile(`^code: [2-9A-HJKMNP-Z]{5}-[2-9A-HJKMNP-Z]{5}\nfor terminal PT01, once, until `).MatchString(out) {
		t.Errorf("add: %d %s", code, out)
	}
	if code, _, errs := command(t, "terminals", "revoke", "PT01", "--db", db); code != exitNotFound || !strings.Contains(errs, "no such case, terminal") {
		t.Errorf("revoke nobody: %d %s", code, errs)
	}
	for _, what := range []string{"head", "key", "settle"} {
		if code, _, _ := command(t, "terminals", what, "PT01", "--db", db); code != exitNotFound {
			t.Errorf("%s of a terminal that was never heard of: %d", what, code)
		}
	}
	if code, out, _ := command(t, "terminals", "list", "--db", db); code != exitOK || !strings.HasPrefix(out, "TERMINAL") {
		t.Errorf("list: %d %s", code, out)
	}
	_, _, err = authority.Open(authority.Path(db), nil)
	fatal(t, err)
	code, before, _ := command(t, "ca", "show", "--db", db)
	if trust, err := proof.ParseTrust([]byte(before)); code != exitOK || err != nil || len(trust.Roots) != 2 {
		t.Errorf("ca show: %d %v", code, err)
	}
	if code, out, errs := command(t, "ca", "rotate", "--db", db); code != exitOK || !strings.Contains(out, "as it was: ") {
		t.Errorf("ca rotate: %d %s", code, errs)
	}
	if _, after, _ := command(t, "ca", "show", "--db", db); after == before || after == "" {
		t.Error("the roots are as before")
	}
	for _, name := range []string{"root.key", "next.key", "answers.key"} {
		if info, err := os.Stat(filepath.Join(authority.Path(db), name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEvacuationsCommand(t *testing.T) {
	db := filepath.Join(t.TempDir(), "central.db")
	l, err := ledger.Open(t.Context(), db, ledger.Options{})
	fatal(t, err)
	const id = "XCVZ7JEXN7M2WQ3SO4YFTRBLHA"
	_, err = l.Adopt(t.Context(), ledger.Evacuation{ID: id, Terminal: "PT01", Count: 2, MadeAt: time.Now()}, "PT02", []string{"A", "B"})
	fatal(t, errors.Join(err, l.Close()))
	if code, out, _ := command(t, "evacuations", "list", "--db", db); code != exitOK || !regexp.MustCompile(id+` +PT01 +PT02 +0/2 `).MatchString(out) {
		t.Errorf("list: %d %s", code, out)
	}
	if code, out, _ := command(t, "evacuations", "release", id, "--db", db); code != exitOK || !strings.Contains(out, "taken from terminal PT02") {
		t.Errorf("release: %d %s", code, out)
	}
	if code, _, errs := command(t, "evacuations", "release", id, "--db", db); code != exitFailed || !strings.Contains(errs, "nobody has adopted") {
		t.Errorf("released again: %d %s", code, errs)
	}
	if code, _, _ := command(t, "evacuations", "release", "none", "--db", db); code != exitNotFound {
		t.Errorf("unknown: %d", code)
	}
	for _, args := range [][]string{{}, {"sing"}, {"release"}, {"list", "x"}} {
		if code, _, _ := command(t, append([]string{"evacuations", "--db", db}, args...)...); code != exitUsage {
			t.Errorf("%v: %d", args, code)
		}
	}
}
