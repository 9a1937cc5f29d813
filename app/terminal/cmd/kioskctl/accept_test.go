package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"leye/app/terminal/internal/acceptance"
	"leye/app/terminal/internal/config"
	"leye/app/terminal/internal/panel"
	"leye/assets"
	"leye/devices/idcard/idcardtest"
	"leye/devices/sim"
	"leye/devices/speaker"
)

// site is a terminal as a technician finds it: enrolled at a real central, with
// devices on pseudo terminals and a program that stands for the screen.
type site struct {
	whole
	*district
	codes *sim.Scanner
	kiosk string // program
	zone  string // of the machine
}

func newSite(t *testing.T) *site {
	t.Helper()
	d := startDistrict(t)
	x := newWhole(t, d.address)
	codes, line := plugScanner(t, sim.ScannerConfig{})
	fatal(t, os.Remove(x.scanner))
	fatal(t, os.Symlink(line.Path(), x.scanner))
	call(t, "enrol", "--config", x.config, "--code", d.code("PT01"), "--root", d.root).want(t, exitOK)
	s := &site{x, d, codes, filepath.Join(t.TempDir(), "kiosk"), "Asia/Shanghai"}
	s.screen(goodTouch(), goodDisplay())
	return s
}

func goodTouch() panel.Result {
	return panel.Result{Version: 1, Part: panel.Touch, Width: 1080, Height: 1920, Columns: 5, Rows: 8, Touched: 40, Farthest: 6, Missed: []panel.Cell{}, Off: []panel.Cell{}, MissedEdges: []string{}}
}

func goodDisplay() panel.Result {
	return panel.Result{Version: 1, Part: panel.Display, Width: 1080, Height: 1920, Even: true, Bright: true, Missed: []panel.Cell{}, Off: []panel.Cell{}, MissedEdges: []string{}}
}

// screen has trials of the screen end so.
func (s *site) screen(touch, display panel.Result) {
	s.whole.t.Helper()
	script := "#!/bin/sh\ncase $2 in\n"
	for _, r := range []panel.Result{touch, display} {
		text, err := json.Marshal(r)
		fatal(s.whole.t, err)
		script += fmt.Sprintf("%s) echo '%s' ;;\n", r.Part, text)
	}
	fatal(s.whole.t, os.WriteFile(s.kiosk, []byte(script+"esac\n"), 0o700))
}

// technician does what the console says, and answers it.
type technician struct {
	site    *site
	answers map[string][]string // to prompts that hold the key, one after the other; else Enter, and yes
	react   map[string]func()   // beside what any technician does
	heard   strings.Builder
}

var qrs = regexp.MustCompile(`\[QR ([^\]]*)\]`)

// lastCode is what the newest code on the paper holds.
func (s *site) lastCode() []byte {
	all := qrs.FindAllStringSubmatch(s.printer.Text(), -1)
	return []byte(all[len(all)-1][1])
}

func (p *technician) see(line string) {
	for says, do := range p.react {
		if strings.Contains(line, says) {
			do()
			return
		}
	}
	switch t := p.site.whole.t; {
	case strings.Contains(line, "Lay the card flat"):
		fatal(t, p.site.reader.Lay("resident_plain"))
	case strings.Contains(line, "take the card away"):
		p.site.reader.Take()
	case strings.Contains(line, "Hold the test slip's code"):
		fatal(t, p.site.codes.Show(p.site.lastCode(), ""))
	case strings.Contains(line, "hold any code up"):
		fatal(t, p.site.codes.Show([]byte("anything"), ""))
	}
}

func (p *technician) answer(prompt string) string {
	for key, answers := range p.answers {
		if strings.Contains(prompt, key) && len(answers) > 0 {
			p.answers[key] = answers[1:]
			return answers[0]
		}
	}
	if strings.Contains(prompt, "[y]") {
		return "y"
	}
	return ""
}

// work runs devices accept and stands in front of the terminal meanwhile.
func (p *technician) work(t *testing.T, args ...string) result {
	t.Helper()
	cmd := program(t, append([]string{"devices", "accept", "--config", p.site.config, "--kiosk", p.site.kiosk}, args...)...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Env = &out, append(os.Environ(), "TZ="+p.site.zone)
	in, err := cmd.StdinPipe()
	fatal(t, err)
	notes, err := cmd.StderrPipe()
	fatal(t, err)
	fatal(t, cmd.Start())
	last, one := "", make([]byte, 1)
	for {
		if _, err := notes.Read(one); err != nil {
			break
		}
		p.heard.Write(one)
		switch last += string(one); {
		case one[0] == '\n':
			p.see(last)
			last = ""
		case strings.HasSuffix(last, " > "):
			_, err := io.WriteString(in, p.answer(last)+"\n")
			fatal(t, err)
			last = ""
		}
	}
	_ = cmd.Wait() // its code is looked at
	return result{cmd.ProcessState.ExitCode(), out.String(), p.heard.String()}
}

func (s *site) sheet(t *testing.T) acceptance.File {
	t.Helper()
	f, err := acceptance.Load(filepath.Dir(s.file()))
	fatal(t, err)
	return f
}

func TestATerminalIsHandedOver(t *testing.T) {
	s := newSite(t)
	out := filepath.Join(t.TempDir(), "PT01.json")
	p := &technician{site: s, answers: map[string][]string{"staff number": {"310101199001010016", "A1024"}}}
	r := p.work(t, "--out", out)
	r.want(t, exitOK, "验收合格  accepted", "Read and checked; take the card away", "scanner: 通过 passed", "1/11", "11/11")
	file := s.sheet(t)
	for c, facts := range map[acceptance.Check][]string{
		acceptance.Reader: {"module", "card", "port"}, acceptance.Printer: {"model", "level", "columns", "confirmed"}, acceptance.Scanner: {"loop", "profile"},
		acceptance.Touch: {"dots", "farthest", "ghosts"}, acceptance.Display: {"size"}, acceptance.Clock: {"offset", "zone", "rtc"},
		acceptance.Network: {"tcp", "tls", "enrolled", "round_trip", "heartbeat"}, acceptance.Key: {"kept"}, acceptance.Store: {"sync", "free", "days"},
	} {
		l, _ := file.Line(c)
		for _, name := range facts {
			if l.Result != acceptance.Passed || l.Fact(name) == "" {
				t.Errorf("%s: no %s in %+v", c, name, l)
			}
		}
	}
	if l, _ := file.Line(acceptance.Network); !strings.HasPrefix(l.Fact("tls"), "1.3") {
		t.Errorf("%+v", l)
	}
	if file.Staff != "A1024" || !file.Accepted {
		t.Errorf("%+v", file.Sheet)
	}
	if paper := s.printer.Text(); !strings.Contains(paper, file.Code()) || !strings.Contains(paper, "[QR "+file.QR()+"]") || !strings.Contains(paper, "文件由本终端签名") || s.printer.State().Slips != 2 {
		t.Errorf("paper of code %s:\n%s", file.Code(), paper)
	}
	if !slices.Contains(s.events(), eventAccepted) {
		t.Errorf("the journal names %v", s.events())
	}
	kept, err := os.ReadFile(out)
	fatal(t, err)
	for _, text := range []string{string(kept), r.out, r.err, s.printer.Text()} {
		for key, value := range idcardtest.Load().Card("resident_plain").Expect {
			if v, ok := value.(string); ok && (key == "name" || key == "id_number" || key == "address" || key == "birth_date") && strings.Contains(text, v) {
				t.Errorf("the card's %s is kept or shown", key)
			}
		}
	}
	elsewhere := newTerminal(t, "")
	verify := func(more ...string) result {
		return call(t, append([]string{"devices", "accept", "--config", elsewhere.config, "--verify", out}, more...)...)
	}
	verify("--root", s.root, "--code", file.Code()).want(t, exitOK, "genuine 签名有效: signed by terminal PT01", "accepted")
	verify().want(t, exitFailed, "not enrolled", "try: name the root of its central with --root")
	verify("--root", startDistrict(t).root).want(t, exitFailed, "no root that is known")
	verify("--root", s.root, "--code", "0000-0000-0000").want(t, exitFailed, "the paper belongs to another file")
	fatal(t, os.WriteFile(out, bytes.Replace(kept, []byte("A1024"), []byte("A1025"), 1), 0o600))
	verify("--root", s.root).want(t, exitFailed, "the signature does not fit")

	moved := newTerminal(t, "[terminal]\nid = \"PT02\"\n[central]\nurl = \""+s.address+"\"\n")
	call(t, "enrol", "--config", moved.config, "--code", s.district.code("PT02"), "--root", s.root).want(t, exitOK)
	fatal(t, os.WriteFile(filepath.Join(moved.dir, "state", acceptance.FileName), kept, 0o600))
	d, _ := doctor(t, moved.config)
	d.has(t, "acceptance", warn, "", "is not this terminal's: it is of terminal PT01")

	d, _ = doctor(t, s.config)
	d.has(t, "acceptance", ok, "", "accepted at "+file.Ended.Format(minute)+" by staff A1024, code "+file.Code())
	text, err := os.ReadFile(s.config)
	fatal(t, err)
	fatal(t, os.WriteFile(s.config, bytes.Replace(text, []byte("[scanner]\n"), []byte("[scanner]\nprofile = \"crlf\"\n"), 1), 0o600))
	d, _ = doctor(t, s.config)
	d.has(t, "acceptance", warn, "", "changed since: scanner profile is crlf, was auto")
}

func TestASheetTellsExactlyWhatFailed(t *testing.T) {
	dead := goodTouch()
	dead.Touched, dead.Missed = 39, []panel.Cell{{Column: 5, Row: 8}}
	off := goodTouch()
	off.Off, off.Farthest = []panel.Cell{{Column: 1, Row: 1}}, 60
	edge := goodTouch()
	edge.MissedEdges = []string{"left"}
	ghosts := goodTouch()
	ghosts.Ghosts = 3
	left := goodTouch()
	left.Ended = panel.Nobody
	small := goodDisplay()
	small.Width = 1024
	spots := goodDisplay()
	spots.Even = false
	for name, tt := range map[string]struct {
		harm   func(t *testing.T, s *site, p *technician)
		check  acceptance.Check
		reason string
		others []acceptance.Check // that fail with it
	}{
		"unplugged scanner": {func(t *testing.T, s *site, _ *technician) { fatal(t, os.Remove(s.scanner)) }, acceptance.Scanner, "the scanner's port does not open", nil},
		"another code": {func(t *testing.T, s *site, p *technician) {
			p.react["Hold the test slip's code"] = func() { fatal(t, s.codes.Show([]byte("leye printer test of yesterday"), "")) }
		}, acceptance.Scanner, "not the test slip's code", nil},
		"no code": {func(_ *testing.T, _ *site, p *technician) {
			p.react["Hold the test slip's code"] = func() {}
		}, acceptance.Scanner, "no code was scanned in time", nil},
		"printer without paper":  {func(_ *testing.T, s *site, _ *technician) { s.printer.SetPaper(sim.PaperOut) }, acceptance.Printer, "the printer is not ready", nil},
		"printer off":            {func(_ *testing.T, s *site, _ *technician) { s.printer.SetPower(false) }, acceptance.Printer, "the printer is not ready", nil},
		"paper ends in the slip": {func(_ *testing.T, s *site, _ *technician) { s.printer.PaperOutAt(300) }, acceptance.Printer, "the test slip was not printed", nil},
		"paper ends in the sheet": {func(_ *testing.T, s *site, p *technician) {
			p.react["[11/11]"] = func() { s.printer.SetPaper(sim.PaperOut) }
		}, acceptance.Printer, "the sheet itself was not printed", nil},
		"silent reader": {func(_ *testing.T, s *site, _ *technician) { s.reader.Silence(true) }, acceptance.Reader, "the card reader does not answer", nil},
		"no card": {func(_ *testing.T, _ *site, p *technician) {
			p.react["Lay the card flat"] = func() {}
		}, acceptance.Reader, "no card was laid down in time", nil},
		"card that stays": {func(_ *testing.T, _ *site, p *technician) {
			p.react["take the card away"] = func() {}
		}, acceptance.Reader, "still says that a card is there", nil},
		"dead cell":      {func(_ *testing.T, s *site, _ *technician) { s.screen(dead, goodDisplay()) }, acceptance.Touch, "dots that feel nothing, column/row: 5/8", nil},
		"touch beside":   {func(_ *testing.T, s *site, _ *technician) { s.screen(off, goodDisplay()) }, acceptance.Touch, "more than 44 px beside, column/row: 1/1", nil},
		"dead edge":      {func(_ *testing.T, s *site, _ *technician) { s.screen(edge, goodDisplay()) }, acceptance.Touch, "edges that feel nothing: left", nil},
		"ghosts":         {func(_ *testing.T, s *site, _ *technician) { s.screen(ghosts, goodDisplay()) }, acceptance.Touch, "touches that nobody makes", nil},
		"nobody touches": {func(_ *testing.T, s *site, _ *technician) { s.screen(left, goodDisplay()) }, acceptance.Touch, "was not gone through", nil},
		"small window":   {func(_ *testing.T, s *site, _ *technician) { s.screen(goodTouch(), small) }, acceptance.Display, "the window is 1024x1920, the configuration says 1080x1920", nil},
		"dead points":    {func(_ *testing.T, s *site, _ *technician) { s.screen(goodTouch(), spots) }, acceptance.Display, "points are dead", nil},
		"no screen": {func(t *testing.T, s *site, _ *technician) {
			fatal(t, os.WriteFile(s.kiosk, []byte("#!/bin/sh\necho cannot open display >&2\nexit 1\n"), 0o700))
		}, acceptance.Touch, "nothing can be drawn", []acceptance.Check{acceptance.Display}},
		"other zone": {func(_ *testing.T, s *site, _ *technician) { s.zone = "UTC" }, acceptance.Clock, "the time zone", nil},
		"not enrolled": {func(_ *testing.T, s *site, _ *technician) {
			fatal(s.whole.t, os.Remove(filepath.Join(s.dir, "state", "identity.pem")))
		}, acceptance.Network, "Next", []acceptance.Check{acceptance.Clock}},
		"no central":       {func(t *testing.T, s *site, _ *technician) { s.elsewhere(t, "https://127.0.0.1:1") }, acceptance.Network, "cannot be connected to", []acceptance.Check{acceptance.Clock}},
		"no such name":     {func(t *testing.T, s *site, _ *technician) { s.elsewhere(t, "https://central.invalid:1") }, acceptance.Network, "name cannot be resolved", []acceptance.Check{acceptance.Clock}},
		"another central":  {func(t *testing.T, s *site, _ *technician) { s.elsewhere(t, startDistrict(t).address) }, acceptance.Network, "do not accept each other", []acceptance.Check{acceptance.Clock}},
		"in the clear":     {func(t *testing.T, s *site, _ *technician) { s.elsewhere(t, s.open) }, acceptance.Network, "in the clear", []acceptance.Check{acceptance.Clock}},
		"no central's key": {func(t *testing.T, s *site, _ *technician) { forgetCentral(t, s.whole) }, acceptance.Key, "no central's key is known", nil},
		"broken journal": {func(t *testing.T, s *site, _ *technician) {
			s.put("document-reprint", answered)
			breakJournal(t, s.whole)
		}, acceptance.Store, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			p := &technician{site: s, react: map[string]func(){}}
			tt.harm(t, s, p)
			timeout := "30s" // nothing that comes is late, on the busiest machine
			if slices.Contains([]string{"no code", "another code", "no card", "card that stays"}, name) {
				timeout = "3s"
			}
			r := p.work(t, "--yes", "--staff", "A1024", "--timeout", timeout)
			r.want(t, exitFailed, "验收不合格  not accepted", "try: put right what failed")
			file := s.sheet(t)
			for _, l := range file.Lines {
				want := l.Check == tt.check || slices.Contains(tt.others, l.Check)
				if (l.Result == acceptance.Failed) != want {
					t.Errorf("%+v", l)
				}
				if l.Check == tt.check && tt.reason != "Next" && !strings.Contains(l.Reason.EN, tt.reason) {
					t.Errorf("%s says %q: %+v", l.Check, l.Reason.EN, l)
				}
			}
			if !slices.Contains(s.events(), eventNotAccepted) || file.Signed() != (name != "not enrolled") {
				t.Errorf("journal %v, signed %v", s.events(), file.Signed())
			}
			onPaper := strings.Contains(s.printer.Text(), "验收不合格")
			if onPaper == (tt.check == acceptance.Printer) || onPaper && !strings.Contains(s.printer.Text(), file.Code()) {
				t.Errorf("paper of code %s:\n%s", file.Code(), s.printer.Text())
			}
			if d, _ := doctor(t, s.config); name != "not enrolled" && name != "another central" && name != "in the clear" {
				d.has(t, "acceptance", warn, "", "not accepted at ")
			}
		})
	}
}

// elsewhere has the terminal look for its central at another address.
func (s *site) elsewhere(t *testing.T, address string) {
	t.Helper()
	text, err := os.ReadFile(s.config)
	fatal(t, err)
	fatal(t, os.WriteFile(s.config, bytes.ReplaceAll(text, []byte(s.address), []byte(address)), 0o600))
}

func TestStaffSkipGoBackAndDoAgain(t *testing.T) {
	s := newSite(t)
	dead := goodTouch()
	dead.Touched, dead.Missed = 39, []panel.Cell{{Column: 5, Row: 8}}
	s.screen(dead, goodDisplay())
	tries := 0
	p := &technician{site: s, answers: map[string][]string{
		"begin":  {"", "", "s", "", "", "b", "", ""}, // reader, printer, scanner skipped, touch, display: back, touch, display
		"reason": {"", "the scanner comes next week"},
		"keep":   {"r", "", "b"},
		"[y]":    {"", "y"},
	}, react: map[string]func(){"feel nothing": func() {
		if tries++; tries == 1 {
			s.screen(goodTouch(), goodDisplay())
		}
	}}}
	r := p.work(t, "--staff", "A1024")
	r.want(t, exitOK, "the scanner comes next week", "accepted")
	l, _ := s.sheet(t).Line(acceptance.Scanner)
	if l.Result != acceptance.Skipped || l.Reason.ZH != "the scanner comes next week" || tries != 1 {
		t.Errorf("%+v, tries %d", l, tries)
	}

	p = &technician{site: s, answers: map[string][]string{"begin": {"", "", "", "q"}, "[y]": {"n", "y", "y"}, "keep": {"s"}, "reason": {"it wraps"}}}
	p.work(t, "--staff", "A1024").want(t, exitFailed, "columns are missing", "ended by staff")
	if f := s.sheet(t); !f.Accepted {
		t.Error("what was ended was kept")
	}
}

func TestAcceptForScripts(t *testing.T) {
	s := newSite(t)
	p := &technician{site: s}
	p.work(t, "--staff", "A1024", "--yes", "--skip", "touch,display", "--reason", "no screen yet").want(t, exitFailed, "no screen yet")
	l, _ := s.sheet(t).Line(acceptance.Printer)
	if l.Fact("confirmed") != "nobody, --yes 未经人工确认" {
		t.Errorf("%+v", l)
	}
	before := s.sheet(t).Digest()
	p = &technician{site: s}
	r := p.work(t, "--yes", "--only", "reader,printer")
	r.want(t, exitOK, "reader\tpassed", "printer\tpassed")
	s.printer.SetPaper(sim.PaperOut)
	p = &technician{site: s}
	p.work(t, "--yes", "--only", "printer").want(t, exitFailed, "printer\tfailed\tthe printer is not ready")
	if s.sheet(t).Digest() != before {
		t.Error("a trial was kept")
	}
	takeReader(t, s.whole)
	execute(t, "devices", "accept", "--config", s.config, "--staff", "A1", "--yes").want(t, exitDevice, "another program has the port open", "try: end the kiosk program first")
	for says, args := range map[string][]string{
		"is none of reader, reader2": {"--only", "smell"}, "needs a --reason": {"--skip", "touch"}, "--skip \"x\"": {"--skip", "x", "--reason", "y"},
		"is no staff number": {"--yes"}, "310101199001010016": {"--staff", "310101199001010016"}, "is no time": {"--timeout", "0s", "--staff", "1"}, "belong to --verify": {"--code", "1"},
	} {
		call(t, append([]string{"devices", "accept", "--config", s.config}, args...)...).want(t, exitUsage, says)
	}
	call(t, "devices", "accept", "--config", newTerminal(t, "").config).want(t, exitFailed, "nobody answers: run it at a console, or with --yes")
}

// TestSoundIsPlayed has ALSA's player stand in for the loudspeaker.
func TestSoundIsPlayed(t *testing.T) {
	root := t.TempDir()
	i := &inspection{root: root, cfg: config.Default(), at: newConsole(t.Context(), nil, io.Discard, true)}
	if !i.missing(acceptance.Sound) {
		t.Error("there is a sound card where there is none")
	}
	fatal(t, os.MkdirAll(filepath.Join(root, "proc/asound"), 0o700))
	cards := filepath.Join(root, "proc/asound/cards")
	fatal(t, os.WriteFile(cards, []byte("--- no soundcards ---\n"), 0o600))
	if !i.missing(acceptance.Sound) {
		t.Error("there is a sound card where the kernel says that there is none")
	}
	fatal(t, os.WriteFile(cards, []byte(" 0 [PCH            ]: HDA-Intel - HDA Intel PCH\n                      HDA Intel PCH at 0xf7f10000 irq 30\n"), 0o600))
	play := func(script string) acceptance.Line {
		t.Helper()
		bin := t.TempDir()
		if script != "" {
			fatal(t, os.WriteFile(filepath.Join(bin, "aplay"), []byte("#!/bin/sh\n"+script), 0o700))
		}
		t.Setenv("PATH", bin)
		l := acceptance.Line{Check: acceptance.Sound, Result: acceptance.Passed}
		fatal(t, i.sound(context.Background(), &l))
		return l
	}
	heard := filepath.Join(root, "heard")
	if l := play("exec /bin/cat >>" + heard); l.Result != acceptance.Passed || l.Fact("adapter") != "HDA-Intel - HDA Intel PCH" || l.Fact("voice") != "card-left.zh, 60 %" {
		t.Errorf("%+v", l)
	}
	file, err := assets.Voice().Open("card-left.zh.wav")
	fatal(t, err)
	sentence, err := speaker.ReadClip(file)
	fatal(t, err)
	want := append(speaker.Strike(speaker.CardLeft("zh").Tones).Wave(60), sentence.Wave(60)...)
	if got, err := os.ReadFile(heard); err != nil || !bytes.Equal(got, want) {
		t.Errorf("heard %d bytes of %d, %v", len(got), len(want), err)
	}
	i.cfg.Sound.Volume, i.cfg.Sound.Device = 0, "hw:7"
	if l := play(`[ "$*" = "-q -t wav -D hw:7" ] || exit 1; exec /bin/cat >/dev/null`); l.Result != acceptance.Passed || l.Fact("voice") != "card-left.zh, 60 %" {
		t.Errorf("switched off: %+v", l)
	}
	i.cfg.Sound.Recordings = root
	fatal(t, os.WriteFile(filepath.Join(root, "card-left.zh.wav"), []byte("ID3"), 0o600))
	if l := play("exec /bin/cat >/dev/null"); l.Result != acceptance.Failed || !strings.Contains(l.Detail, "card-left.zh.wav") {
		t.Errorf("a recording that is none: %+v", l)
	}
	if l := play("echo 'audio open error: Device or resource busy' >&2; exit 1"); l.Result != acceptance.Failed || !strings.Contains(l.Detail, "busy") {
		t.Errorf("%+v", l)
	}
	if l := play(""); l.Result != acceptance.Failed {
		t.Errorf("without a player: %+v", l)
	}
}

func TestHardwareClock(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "sys/class/rtc/rtc0")
	fatal(t, os.MkdirAll(dir, 0o700))
	i := &inspection{root: root}
	for text, want := range map[string]acceptance.Result{fmt.Sprintln(now().Unix()): acceptance.Passed, "946684800\n": acceptance.Failed, "x": acceptance.Failed} {
		fatal(t, os.WriteFile(filepath.Join(dir, "since_epoch"), []byte(text), 0o600))
		l := acceptance.Line{Check: acceptance.Clock, Result: acceptance.Passed}
		if i.hardwareClock(&l); l.Result != want {
			t.Errorf("%q: %+v", text, l)
		}
	}
}
