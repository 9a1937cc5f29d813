package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"leye/app/terminal/internal/config"
	"leye/devices/scanner"
	"leye/devices/scanner/engine"
)

func scanCommand() command {
	return command{
		name:    "scan",
		summary: "wait for a code at the scanner and print what it is",
		about: "Kinds are slip, suishenma, credit_code and other; which is told by the code's own form, nothing is\n" +
			"verified. What it holds is masked, unless --show or --json asks for it.",
		examples: []string{
			"scan --port /dev/ttyUSB2",
			"scan --config /etc/leye/kiosk.toml --timeout 30s --show",
			"scan --port /dev/ttyACM0 --baud 9600 --profile crlf --json",
		},
		exits: []int{exitFailed, exitDevice, exitNotReady},
		bind: func(f *flag.FlagSet) action {
			var d device
			d.bind(f)
			profile := f.String("profile", "", "how the scanner ends a code, by `NAME`: "+strings.Join(engine.Profiles(), ", "))
			timeout := f.Duration("timeout", time.Minute, "longest `TIME` to wait for a code, such as 30s; 0 is for ever (1m)")
			asJSON := f.Bool("json", false, "print JSON, with all that the code holds")
			show := f.Bool("show", false, "print all that the code holds")
			return func(ctx context.Context, _ []string, s streams) error {
				code, err := d.scan(ctx, *profile, *timeout, s.err)
				switch {
				case err != nil:
					return err
				case *asJSON:
					return writeJSON(s.out, code.Record())
				}
				return printCode(code.Record(), *show, s.out)
			}
		},
	}
}

func (d *device) scan(ctx context.Context, profile string, timeout time.Duration, notes io.Writer) (code scanner.Code, err error) {
	if profile != "" && !slices.Contains(engine.Profiles(), profile) {
		return code, wrongUsage("read arguments: --profile %q is none of %s", profile, strings.Join(engine.Profiles(), ", "))
	}
	cfg, err := d.settings()
	if err != nil {
		return code, err
	}
	to := config.Scanner{Serial: d.over(cfg.Scanner.Serial), Profile: cmp.Or(profile, cfg.Scanner.Profile)}
	if to.Port == "" {
		return code, &failure{exitDevice, errors.New("open scanner: there is none in the configuration"), "name its port: kioskctl scan --port PORT"}
	}
	s, err := openScanner(ctx, to)
	if err != nil {
		return code, deviceFailure(err)
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	fmt.Fprintf(notes, "profile %s on %s; waiting for a code, Ctrl-C ends\n", to.Profile, to.Port)
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	code, err = s.Scan(ctx)
	if err == nil && code.Kind == scanner.Other && code.Text == "" {
		fmt.Fprintln(notes, "it is no text: what a scanner with another --baud sends looks so too")
	}
	return code, scanFailure(err, timeout)
}

func openScanner(ctx context.Context, to config.Scanner) (*engine.Scanner, error) {
	if err := vacant(to.Port); err != nil {
		return nil, err
	}
	s, err := engine.Open(engine.Config{Port: to.Port, Driver: to.Driver, Baud: to.Baud, Profile: to.Profile})
	if err != nil {
		return nil, err
	}
	if err := s.Ready(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func scanFailure(err error, timeout time.Duration) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.DeadlineExceeded):
		return &failure{exitNotReady, fmt.Errorf("scan: no code came within %v", timeout), "hold a code a hand's breadth away; is the scanner in continuous mode, and --baud its rate?"}
	case errors.Is(err, scanner.ErrUnreadable):
		return &failure{exitNotReady, err, "hold it up again; if it stays so, --baud or --profile is not what the scanner is set to"}
	}
	return deviceFailure(err)
}

// printCode prints a code for people. What it holds may open somebody's matters.
func printCode(r scanner.Record, show bool, out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "kind\t%s\nbytes\t%d\n", r.Kind, r.Bytes)
	if r.Text == "" {
		r.Text = r.Hex
	}
	for _, m := range [][2]string{{"holds", r.Text}, {"number", r.Number}, {"query_code", r.QueryCode}, {"credit_code", r.CreditCode}} {
		if m[1] != "" && !show {
			m[1] = hidden
		}
		if m[1] != "" {
			fmt.Fprintf(w, "%s\t%s\n", m[0], m[1])
		}
	}
	return w.Flush()
}
