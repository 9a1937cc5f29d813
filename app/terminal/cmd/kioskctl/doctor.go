package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"text/tabwriter"
	"time"

	"leye/app/envelope"
	"leye/app/terminal/internal/acceptance"
	"leye/app/terminal/internal/config"
	"leye/app/terminal/internal/health"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/outbox"
	"leye/assets"
)

func doctorCommand() command {
	return command{
		name:    "doctor",
		summary: "look at everything that the kiosk needs and say what to do",
		about: "It looks at the configuration, the state file, the queue, the journal, the keys, where memory may go, the\n" +
			"catalogue, card reader, printer and scanner, the central, the clock, and what has changed since the terminal\n" +
			"was accepted. It prints nothing on paper and changes nothing. Devices that the kiosk has in use are left\n" +
			"alone. Warnings do not change the exit code.",
		examples: []string{"doctor", "doctor --config district.toml --config terminal.toml --json"},
		exits:    []int{exitFailed},
		bind: func(f *flag.FlagSet) action {
			var configs files
			configs.bind(f)
			asJSON := f.Bool("json", false, "print JSON")
			return func(ctx context.Context, _ []string, s streams) error {
				d := diagnose(ctx, configs.chosen(), s.system)
				if ctx.Err() != nil {
					return ctx.Err()
				}
				write := d.print
				if *asJSON {
					write = func(out io.Writer) error { return writeJSON(out, d) }
				}
				if err := write(s.out); err != nil {
					return err
				}
				if d.Status == fail {
					return fmt.Errorf("look at terminal: faults found: %d", d.count(fail))
				}
				return nil
			}
		},
	}
}

// status is how a finding turned out.
type status string

const (
	ok   status = "ok"
	warn status = "warn"
	fail status = "fail"
)

// finding is one thing that was looked at.
type finding struct {
	Check  string     `json:"check"`
	Status status     `json:"status"`
	Code   kiosk.Code `json:"code"` // "" when it is not a declared condition
	What   string     `json:"what"`
	WhatZH string     `json:"whatZh"`
	Next   string     `json:"next"`
	NextZH string     `json:"nextZh"`
}

// diagnosis is all findings.
type diagnosis struct {
	Terminal string    `json:"terminal"` // "" without a usable configuration
	At       time.Time `json:"at"`
	Status   status    `json:"status"` // the worst
	Findings []finding `json:"findings"`

	trusted  envelope.PublicKey                     // the central's, as the kiosk trusts it; zero when it knows none
	found    map[acceptance.Check]map[string]string // what devices say of themselves, by the names of facts
	followed outbox.Followed                        // how it came to that
}

func diagnose(ctx context.Context, configs []string, system fs.FS) diagnosis {
	d := diagnosis{At: time.Now().In(kiosk.China), Status: ok}
	cfg, faulty := d.checkConfig(configs)
	d.checkDeclared()
	d.checkMemory(system)
	if faulty {
		d.add(finding{Check: "rest", Status: warn, What: "not looked at: where things are stands in the configuration"})
	} else {
		d.Terminal = cfg.Terminal.ID
		d.checkHere(ctx, cfg)
		d.checkClock(d.checkCentral(ctx, cfg.Central, d.checkIdentity(cfg)))
		d.checkAcceptance(cfg)
	}
	switch {
	case d.count(fail) > 0:
		d.Status = fail
	case d.count(warn) > 0:
		d.Status = warn
	}
	return d
}

// checkHere looks at what can be looked at without a line.
func (d *diagnosis) checkHere(ctx context.Context, cfg config.Config) {
	d.checkStore(ctx, cfg)
	d.checkReader(ctx, acceptance.Reader, cfg.Reader)
	if cfg.Reader2.Port != "" {
		d.checkReader(ctx, acceptance.Reader2, cfg.Reader2)
	}
	d.checkPrinter(ctx, cfg.Printer)
	d.checkScanner(ctx, cfg.Scanner)
	d.checkLight(cfg.Light)
	d.checkSound(ctx, cfg.Sound)
}

func (d *diagnosis) add(f finding) { d.Findings = append(d.Findings, f) }

// find keeps what a device says of itself.
func (d *diagnosis) find(c acceptance.Check, fact, value string) {
	if d.found == nil {
		d.found = map[acceptance.Check]map[string]string{}
	}
	if d.found[c] == nil {
		d.found[c] = map[string]string{}
	}
	d.found[c][fact] = value
}

func (d *diagnosis) good(check, format string, args ...any) {
	d.add(finding{Check: check, Status: ok, What: fmt.Sprintf(format, args...)})
}

// condition adds a declared condition with what was seen of it.
func (d *diagnosis) condition(check string, code kiosk.Code, seen string) {
	c, _ := health.Of(code) // all are declared, a test holds it
	f := finding{
		Check: check, Status: warn, Code: code, What: c.Text.EN, WhatZH: c.Text.ZH, Next: c.Next.EN, NextZH: c.Next.ZH,
	}
	if c.Severity == health.Error {
		f.Status = fail
	}
	if seen != "" {
		f.What += ": " + seen
	}
	d.add(f)
}

func (d *diagnosis) count(s status) int {
	n := 0
	for _, f := range d.Findings {
		if f.Status == s {
			n++
		}
	}
	return n
}

func (d diagnosis) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "STATUS\tCHECK\tCODE\tFINDING")
	for _, f := range d.Findings {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", f.Status, f.Check, f.Code, oneLine(f.What))
		if f.WhatZH != "" {
			fmt.Fprintf(w, "\t\t\t%s\n", f.WhatZH)
		}
		if f.Next != "" {
			fmt.Fprintf(w, "\t\t\ttry: %s\n", f.Next)
		}
		if f.NextZH != "" {
			fmt.Fprintf(w, "\t\t\t%s\n", f.NextZH)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\n%s: %s, failed: %d, warnings: %d, at %s\n", cmp.Or(d.Terminal, "terminal"), d.Status,
		d.count(fail), d.count(warn), d.At.Format("2006-01-02 15:04:05"))
	return err
}

// oneLine keeps the table's rows whole; joined errors have several lines.
func oneLine(s string) string { return strings.ReplaceAll(s, "\n", "; ") }

func (d *diagnosis) checkConfig(paths []string) (config.Config, bool) {
	faults := configFaults(paths)
	for _, fault := range faults {
		d.condition("config", kiosk.CodeConfigInvalid, fault.Error())
	}
	if len(faults) > 0 {
		return config.Config{}, true
	}
	cfg, err := config.Load(paths...)
	if err != nil { // the files have changed since
		d.condition("config", kiosk.CodeConfigInvalid, err.Error())
		return cfg, true
	}
	d.good("config", "%s read, this is terminal %s", cmp.Or(strings.Join(paths, ", "), "built-in values"), cfg.Terminal.ID)
	return cfg, false
}

func (d *diagnosis) checkDeclared() {
	faults := declaredFaults("catalogue", assets.Catalogue(), "policies", assets.Policies())
	for _, fault := range faults {
		d.condition("catalogue", kiosk.CodeCatalogueWrong, fault.Error())
	}
	if len(faults) > 0 {
		return
	}
	b, err := thisBuild()
	if err != nil {
		d.condition("catalogue", kiosk.CodeCatalogueWrong, err.Error())
		return
	}
	d.good("catalogue", "services and policies load, catalogue %s", b.Catalogue)
}

// unasked adds what could not be looked at because the kiosk is at work, and
// reports whether that is why.
func (d *diagnosis) unasked(check string, err error) bool {
	if !errors.Is(err, errTaken) {
		return false
	}
	d.add(finding{Check: check, Status: warn, What: "not asked: " + err.Error(), Next: portHint(err)})
	return true
}
