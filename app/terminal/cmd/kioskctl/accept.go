package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"

	"leye/app/terminal/internal/acceptance"
	"leye/app/terminal/internal/config"
	"leye/app/terminal/internal/kiosk"
)

func acceptCommand() command {
	return command{
		name:    "devices accept",
		summary: "check a terminal for its handing over, and sign and print the sheet (验收单)",
		about: "It guides through card reader, printer, scanner, touch screen, display, sound, clock, network, key and\n" +
			"store, one plain step at a time; s skips a step, with a reason, b goes back, r does it again. Of a card it\n" +
			"keeps only that it was read. A terminal is accepted when nothing failed and nothing that it cannot do\n" +
			"without was skipped. The sheet goes signed into " + acceptance.FileName + " in the state directory, to --out, and onto\n" +
			"paper with the same code; the journal names it, and doctor says what has changed since.\n" +
			"\n" +
			"End the kiosk first and start it again afterwards: two programs cannot have the devices. For touch screen\n" +
			"and display the program kiosk draws on DISPLAY (:0 when not set).\n" +
			"\n" +
			"--yes asks nobody: what only eyes and ears can tell is taken for good, and the sheet says so. --only tries\n" +
			"some of the checks and keeps nothing. CHECKS are some of " + strings.Join(checkNames()[:6], ",") + ",\n" +
			strings.Join(checkNames()[6:], ",") + ". --verify reads a sheet on any machine; --root is what central ca show\n" +
			"prints, the terminal's own when it is left out.",
		examples: []string{
			"devices accept --staff A1024 --out PT01.json",
			"devices accept --staff A1024 --skip scanner --reason 'comes next week'",
			"devices accept --only reader,printer",
			"devices accept --staff A1024 --yes --skip touch,display --reason 'no screen yet'",
			"devices accept --verify PT01.json --root root.pem --code 3f38-5f0b-d61d",
		},
		exits: []int{exitFailed, exitDevice},
		own: map[int]string{
			exitOK: "accepted; with --only, nothing failed; with --verify, genuine", exitFailed: "not accepted; with --only, something failed; with --verify, not genuine",
			exitDevice: "another program, most likely the kiosk, has the devices",
		},
		bind: func(f *flag.FlagSet) action {
			var configs files
			configs.bind(f)
			var a accepting
			a.bind(f)
			var v verifying
			v.bind(f)
			return func(ctx context.Context, _ []string, s streams) error {
				if v.file != "" {
					return v.run(configs, s.out)
				}
				if v.root != "" || v.code != "" {
					return wrongUsage("read arguments: --root and --code belong to --verify")
				}
				return a.run(ctx, configs, s)
			}
		},
	}
}

// accepting are the flags of one acceptance.
type accepting struct {
	staff, only, skip, reason, out, kiosk string
	yes                                   bool
	timeout                               time.Duration
}

func (a *accepting) bind(f *flag.FlagSet) {
	f.StringVar(&a.staff, "staff", "", "staff `NUMBER` of the technician; asked for when it is missing")
	f.StringVar(&a.only, "only", "", "try these `CHECKS` alone and keep nothing")
	f.StringVar(&a.skip, "skip", "", "`CHECKS` to leave out, with --reason")
	f.StringVar(&a.reason, "reason", "", "why they are left out, as a `TEXT`")
	f.BoolVar(&a.yes, "yes", false, "ask nobody")
	f.StringVar(&a.out, "out", "", "`FILE` that gets the signed sheet too; its text goes beside it as .txt")
	f.DurationVar(&a.timeout, "timeout", time.Minute, "longest `TIME` to wait for a card or a code (1m)")
	f.StringVar(&a.kiosk, "kiosk", "", "`PROGRAM` that draws on the screen (kiosk beside kioskctl)")
}

func checkNames() []string {
	var all []string
	for _, c := range acceptance.Checks() {
		all = append(all, string(c))
	}
	return all
}

// parseChecks reads checks by name, parted by commas.
func parseChecks(name, text string) ([]acceptance.Check, error) {
	var list []acceptance.Check
	for word := range strings.SplitSeq(text, ",") {
		switch c := acceptance.Check(strings.TrimSpace(word)); {
		case c == "":
		case !slices.Contains(acceptance.Checks(), c):
			return nil, wrongUsage("read arguments: %s %q is none of %s", name, word, strings.Join(checkNames(), ", "))
		default:
			list = append(list, c)
		}
	}
	return list, nil
}

func (a *accepting) run(ctx context.Context, configs files, s streams) error {
	only, err := parseChecks("--only", a.only)
	if err != nil {
		return err
	}
	skip, err := parseChecks("--skip", a.skip)
	switch {
	case err != nil:
		return err
	case len(skip) > 0 && strings.TrimSpace(a.reason) == "":
		return wrongUsage("read arguments: --skip needs a --reason")
	case a.timeout <= 0:
		return wrongUsage("read arguments: --timeout %v is no time", a.timeout)
	case a.staff != "" && !acceptance.StaffNumber(a.staff), a.staff == "" && a.yes && a.only == "":
		return wrongUsage("read arguments: --staff %q is no staff number: up to 12 letters, digits and hyphens", a.staff)
	}
	cfg, err := configs.load()
	if err != nil {
		return err
	}
	i := &inspection{cfg: cfg, configs: configs.chosen(), timeout: a.timeout, kiosk: a.kiosk, root: "/", at: newConsole(ctx, s.in, s.err, a.yes)}
	i.skip = map[acceptance.Check]string{}
	for _, c := range skip {
		i.skip[c] = a.reason
	}
	i.choose(only)
	if err := i.vacant(); err != nil {
		return err
	}
	if a.only != "" {
		return i.try(ctx, s)
	}
	return a.accept(ctx, i, s)
}

// accept goes through all and keeps what came of it.
func (a *accepting) accept(ctx context.Context, i *inspection, s streams) error {
	sheet := acceptance.Sheet{Terminal: i.cfg.Terminal.ID, Centre: i.cfg.Terminal.CentreZH, Staff: a.staff, Began: now(), Program: kiosk.Version()}
	for sheet.Staff == "" {
		fmt.Fprint(s.err, "  安装人员工号 staff number > ")
		line, err := i.at.line(ctx)
		if err != nil {
			return fmt.Errorf("accept terminal: %w", err)
		}
		if acceptance.StaffNumber(line) {
			sheet.Staff = line
		}
	}
	lines, err := i.all(ctx)
	if err != nil {
		return fmt.Errorf("accept terminal: %w", err)
	}
	sheet.Lines, sheet.Ended = lines, now()
	file, err := i.finish(ctx, sheet, a.out)
	if err != nil {
		return fmt.Errorf("accept terminal: %w", err)
	}
	if _, err := fmt.Fprint(s.out, file.Page()); err != nil {
		return err
	}
	if !file.Accepted {
		return &failure{exitFailed, errors.New("accept terminal: it is not accepted"), "put right what failed and run it again"}
	}
	return nil
}

// now is the time as a sheet has it: to the second, in China.
func now() time.Time { return time.Now().In(kiosk.China).Truncate(time.Second) }

// try goes through some checks and says what came of them.
func (i *inspection) try(ctx context.Context, s streams) error {
	lines, err := i.all(ctx)
	if err != nil {
		return fmt.Errorf("try terminal: %w", err)
	}
	failed := 0
	for _, l := range lines {
		if l.Result == acceptance.Failed {
			failed++
		}
		if _, err := fmt.Fprintln(s.out, brief(l)); err != nil {
			return err
		}
	}
	if failed > 0 {
		return fmt.Errorf("try terminal: failed: %d", failed)
	}
	return nil
}

// brief is a check on one line.
func brief(l acceptance.Line) string {
	text := fmt.Sprintf("%s\t%s", l.Check, l.Result)
	for _, more := range []string{l.Reason.EN, l.Detail, l.Measured()} {
		if more != "" {
			text += "\t" + oneLine(more)
		}
	}
	return text
}

// inspection is one going through a terminal.
type inspection struct {
	cfg     config.Config
	configs []string
	timeout time.Duration
	kiosk   string // program that draws on the screen; "" for the one beside
	root    string // of the files of the machine, "/"
	at      *console
	skip    map[acceptance.Check]string // reasons
	steps   []inspectionStep
	code    string // that stands on the test slip; "" when none was printed
}

// inspectionStep is one check: what the technician does, and what is done.
type inspectionStep struct {
	check acceptance.Check
	guide acceptance.Words // empty when nobody need do anything
	run   func(context.Context, *acceptance.Line) error
}

// choose takes the steps of some checks, or of all.
func (i *inspection) choose(only []acceptance.Check) {
	reader := func(line config.Serial) func(context.Context, *acceptance.Line) error {
		return func(ctx context.Context, l *acceptance.Line) error { return i.reader(ctx, line, l) }
	}
	lay := acceptance.Words{ZH: "准备一张身份证，先不要放上去。", EN: "Have an identity card at hand, but not on the reader yet."}
	all := []inspectionStep{
		{acceptance.Reader, lay, reader(i.cfg.Reader)},
		{acceptance.Reader2, lay, reader(i.cfg.Reader2)},
		{acceptance.Printer, acceptance.Words{ZH: "装好纸，合上盖；会印一张试印单，请留着。", EN: "Put paper in and close the cover; a test slip is printed, keep it."}, i.printer},
		{acceptance.Scanner, acceptance.Words{ZH: "准备把试印单上的二维码对准扫码口。", EN: "Be ready to hold the test slip's code to the scanner."}, i.scanner},
		{acceptance.Touch, acceptance.Words{ZH: "到终端屏幕前，按屏幕上的提示点。", EN: "Go to the terminal's screen and touch what it shows."}, i.touch},
		{acceptance.Display, acceptance.Words{ZH: "看终端屏幕，每点一下换一种颜色，最后回答两个问题。", EN: "Look at the screen; each touch shows the next colour, then answer two questions."}, i.display},
		{acceptance.Sound, acceptance.Words{ZH: "会放提示音，接着说一句话，请听。", EN: "Listen: tones are played, then a sentence."}, i.sound},
		{check: acceptance.Clock, run: i.clock},
		{check: acceptance.Network, run: i.network},
		{check: acceptance.Key, run: i.key},
		{check: acceptance.Store, run: i.store},
	}
	for _, step := range all {
		if len(only) == 0 || slices.Contains(only, step.check) {
			i.steps = append(i.steps, step)
		}
	}
}

// port is that of a check's device, or empty.
func (i *inspection) port(c acceptance.Check) string {
	switch c {
	case acceptance.Reader:
		return i.cfg.Reader.Port
	case acceptance.Reader2:
		return i.cfg.Reader2.Port
	case acceptance.Printer:
		return i.cfg.Printer.Port
	case acceptance.Scanner:
		return i.cfg.Scanner.Port
	}
	return ""
}

// vacant reports that another program has one of the devices, before a technician
// has spent time.
func (i *inspection) vacant() error {
	for _, step := range i.steps {
		if port := i.port(step.check); port != "" && i.skip[step.check] == "" {
			if err := vacant(port); errors.Is(err, errTaken) {
				return deviceFailure(fmt.Errorf("accept terminal: %w", err))
			}
		}
	}
	return nil
}

// errLeft says that staff ended it.
var errLeft = errors.New("ended by staff before all was checked; nothing is kept")

// all goes through the steps, forth and back as staff want it.
func (i *inspection) all(ctx context.Context) ([]acceptance.Line, error) {
	lines := make([]acceptance.Line, len(i.steps))
	for n := 0; n < len(i.steps); {
		var verb byte
		var err error
		if lines[n], verb, err = i.step(ctx, n); err != nil {
			return nil, err
		}
		switch verb {
		case 'b':
			n = max(0, n-1)
		case 'n':
			n++
		}
	}
	return lines, nil
}

// step does one check and says how to go on: n next, b back, r again.
func (i *inspection) step(ctx context.Context, n int) (line acceptance.Line, verb byte, err error) {
	step := i.steps[n]
	name := step.check.Name()
	fmt.Fprintf(i.at.out, "[%d/%d] %s %s\n", n+1, len(i.steps), name.ZH, name.EN)
	line = acceptance.Line{Check: step.check, Result: acceptance.Passed, Facts: fitted(step.check, i.cfg)}
	if reason := i.skip[step.check]; reason != "" {
		return i.skipped(line, reason), 'n', nil
	}
	if i.missing(step.check) {
		line.Result = acceptance.NotFitted
		return line, 'n', i.tell(line)
	}
	if verb, err := i.begin(ctx, step); err != nil || verb == 'b' {
		return line, verb, err
	} else if verb == 's' {
		return i.skipByStaff(ctx, line)
	}
	switch err := step.run(ctx, &line); {
	case errors.Is(err, errSkipped):
		return i.skipByStaff(ctx, line)
	case ctx.Err() != nil:
		return line, 0, ctx.Err()
	case err != nil:
		return line, 0, err
	}
	if err := i.tell(line); err != nil || line.Result != acceptance.Failed || i.at.unattended() {
		return line, 'n', err
	}
	verb, err = i.at.ask(ctx, "[Enter] 记为不通过 keep  [r] 重做 again  [s] 跳过 skip  [b] 上一项 back", "nrsb")
	if err == nil && verb == 's' {
		return i.skipByStaff(ctx, line)
	}
	return line, verb, err
}

// missing reports whether the terminal has none of it.
func (i *inspection) missing(c acceptance.Check) bool {
	return !c.Mandatory() && (c == acceptance.Sound && i.card() == "" || c != acceptance.Sound && i.port(c) == "")
}

// begin tells staff what to do and waits until they are ready.
func (i *inspection) begin(ctx context.Context, step inspectionStep) (byte, error) {
	if step.guide.ZH == "" {
		return 'n', nil
	}
	i.at.say(step.guide.ZH, step.guide.EN)
	if i.at.unattended() {
		return 'n', nil
	}
	verb, err := i.at.ask(ctx, "[Enter] 开始 begin  [s] 跳过 skip  [b] 上一项 back  [q] 结束 end", "nsbq")
	if verb == 'q' {
		return 0, errLeft
	}
	return verb, err
}

func (i *inspection) skipByStaff(ctx context.Context, line acceptance.Line) (acceptance.Line, byte, error) {
	reason, err := i.at.reason(ctx)
	if err != nil {
		return line, 0, err
	}
	return i.skipped(line, reason), 'n', nil
}

// longestReason is what fits on two lines of paper, in characters.
const longestReason = 48

func (i *inspection) skipped(line acceptance.Line, reason string) acceptance.Line {
	if all := []rune(strings.TrimSpace(reason)); len(all) > longestReason {
		reason = string(all[:longestReason])
	}
	reason = strings.TrimSpace(reason)
	return acceptance.Line{Check: line.Check, Result: acceptance.Skipped, Reason: acceptance.Words{ZH: reason, EN: reason}, Facts: fitted(line.Check, i.cfg)}
}

// tell says what came of a check.
func (i *inspection) tell(l acceptance.Line) error {
	r := l.Result.Words()
	_, err := fmt.Fprintf(i.at.out, "  %s %s\n", r.ZH, r.EN)
	for _, more := range l.Says() {
		if err == nil {
			_, err = fmt.Fprintf(i.at.out, "  %s\n", more)
		}
	}
	return err
}

// seen notes who has confirmed what eyes and ears can tell.
func (i *inspection) seen(l *acceptance.Line) {
	by := "staff 安装人员"
	if i.at.unattended() {
		by = "nobody, --yes 未经人工确认"
	}
	l.Add("confirmed", by)
}
