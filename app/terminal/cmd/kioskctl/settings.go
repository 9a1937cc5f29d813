package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"leye/app/terminal/internal/config"
)

// usualConfig is read when no file is named and this one is there.
const usualConfig = "/etc/leye/kiosk.toml"

// files collects repeated --config flags.
type files []string

func (f *files) String() string     { return strings.Join(*f, ",") }
func (f *files) Set(s string) error { *f = append(*f, s); return nil }

func (f *files) bind(set *flag.FlagSet) {
	set.Var(f, "config", "configuration `FILE`, repeatable, each over the ones before ("+usualConfig+" if there)")
}

// chosen are the files to read; none means what is built in.
func (f files) chosen() []string {
	if len(f) > 0 {
		return f
	}
	if _, err := os.Stat(usualConfig); err == nil {
		return []string{usualConfig}
	}
	return nil
}

func (f files) load() (config.Config, error) {
	cfg, err := config.Load(f.chosen()...)
	if err != nil {
		return cfg, &failure{exitFailed, fmt.Errorf("load configuration: %w", err), "kioskctl config check " + strings.Join(f.chosen(), " ")}
	}
	return cfg, nil
}

func configCheckCommand() command {
	return command{
		name: "config check", words: "FILE...", most: 64,
		summary:  "name every fault of configuration files",
		about:    "The files are laid over what is built in, in their order, as the kiosk does it. Each fault is\nprinted as file:line: key: what is wrong.",
		examples: []string{"config check /etc/leye/kiosk.toml", "config check district.toml terminal.toml"},
		exits:    []int{exitFailed},
		bind: func(*flag.FlagSet) action {
			return func(_ context.Context, words []string, s streams) error {
				if len(words) == 0 {
					return wrongUsage("check configuration: no file named")
				}
				return printFaults("check configuration", configFaults(words), s.out)
			}
		},
	}
}

// configFaults reads files as config.Load does, but goes on after a fault.
func configFaults(paths []string) []error {
	var faults []error
	cfg := config.Default()
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err == nil {
			err = cfg.Merge(path, data)
		}
		faults = append(faults, split(err)...)
	}
	return faults
}

// split takes joined errors apart.
func split(err error) []error {
	var joined interface{ Unwrap() []error }
	switch {
	case err == nil:
		return nil
	case errors.As(err, &joined):
		return joined.Unwrap()
	}
	return []error{err}
}

// printFaults prints each fault on a line that editors can jump to.
func printFaults(what string, faults []error, out io.Writer) error {
	if len(faults) == 0 {
		_, err := fmt.Fprintln(out, "no fault found")
		return err
	}
	for _, fault := range faults {
		if _, err := fmt.Fprintln(out, fault); err != nil {
			return err
		}
	}
	return fmt.Errorf("%s: faults found: %d", what, len(faults))
}

func configShowCommand() command {
	return command{
		name:     "config show",
		summary:  "print the values in force, as a configuration file",
		examples: []string{"config show", "config show --config district.toml --config terminal.toml"},
		exits:    []int{exitFailed},
		bind: func(f *flag.FlagSet) action {
			var configs files
			configs.bind(f)
			return func(_ context.Context, _ []string, s streams) error {
				cfg, err := configs.load()
				if err != nil {
					return err
				}
				_, err = io.WriteString(s.out, asTOML(cfg))
				return err
			}
		},
	}
}

// asTOML writes every key; reading it again gives the same configuration.
func asTOML(c config.Config) string {
	var b strings.Builder
	section := func(name string) { fmt.Fprintf(&b, "[%s]\n", name) }
	text := func(key string, value any) { fmt.Fprintf(&b, "%s = %q\n", key, fmt.Sprint(value)) }
	plain := func(key string, value any) { fmt.Fprintf(&b, "%s = %v\n", key, value) }
	serial := func(name string, s config.Serial) {
		section(name)
		text("port", s.Port)
		text("driver", s.Driver)
		plain("baud", s.Baud)
	}
	section("terminal")
	text("id", c.Terminal.ID)
	text("town_code", c.Terminal.TownCode)
	text("centre_zh", c.Terminal.CentreZH)
	text("centre_en", c.Terminal.CentreEN)
	text("desk_zh", c.Terminal.DeskZH)
	text("desk_en", c.Terminal.DeskEN)
	text("phone", c.Terminal.Phone)
	text("closes", c.Terminal.Closes)
	section("display")
	plain("width", c.Display.Width)
	plain("height", c.Display.Height)
	plain("fullscreen", c.Display.Fullscreen)
	serial("reader", c.Reader)
	serial("reader2", c.Reader2)
	serial("printer", c.Printer.Serial)
	plain("columns", c.Printer.Columns)
	text("font", c.Printer.Font)
	text("family", c.Printer.Family)
	plain("roll", c.Printer.Roll)
	serial("scanner", c.Scanner.Serial)
	text("profile", c.Scanner.Profile)
	section("light")
	text("led", c.Light.LED)
	section("sound")
	plain("volume", c.Sound.Volume)
	text("device", c.Sound.Device)
	text("recordings", c.Sound.Recordings)
	section("central")
	text("url", c.Central.URL)
	text("timeout", c.Central.Timeout)
	text("spread", c.Central.Spread)
	text("seal_key", c.Central.SealKey)
	section("store")
	text("dir", c.Store.Dir)
	text("key", c.Store.Key)
	plain("keep_days", c.Store.KeepDays)
	section("visit")
	text("idle", c.Visit.Idle)
	text("warn", c.Visit.Warn)
	text("wait_for_central", c.Visit.WaitForCentral)
	text("farewell", c.Visit.Farewell)
	text("no_card", c.Visit.NoCard)
	return b.String()
}
