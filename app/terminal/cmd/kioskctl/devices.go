package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"leye/app/terminal/internal/config"
	"leye/devices/idcard/samv"
	"leye/devices/ports"
)

func devicesCommand() command {
	return command{
		name: "devices", words: "[PATTERN...]", most: 64,
		summary: "list the serial ports, and find the card reader",
		about: "Listing opens no port. The last column is the name to write into kiosk.toml: it stays when the machine\n" +
			"starts anew. A pattern is a path or its last part, with * and ?, the USB ids or the serial number.\n" +
			"--ask sends a question to the ports that the patterns name, or without one to the reader's own, at\n" +
			"each rate; never to a port that the configuration gives to another device.",
		examples: []string{
			"devices",
			"devices --ask 1a86:7523",
			"devices --ask '/dev/serial/by-id/usb-QinHeng*' ttyS1",
		},
		exits: []int{exitFailed, exitNotReady},
		bind: func(f *flag.FlagSet) action {
			var configs files
			configs.bind(f)
			ask := f.Bool("ask", false, "ask whether a card reader is there")
			return func(ctx context.Context, words []string, s streams) error {
				cfg, err := configs.load()
				if err != nil {
					return err
				}
				all, err := ports.List("/")
				if err != nil {
					return err
				}
				l := listing{cfg: cfg, ports: chosenPorts(all, words)}
				if err := l.print(s.out); err != nil || !*ask {
					return err
				}
				return l.ask(ctx, len(words) > 0, s)
			}
		},
	}
}

// chosenPorts are those that the patterns name; without patterns all. A path that is
// in no list of the kernel's is taken as it is.
func chosenPorts(all []ports.Port, patterns []string) []ports.Port {
	if len(patterns) == 0 {
		return all
	}
	var chosen []ports.Port
	for _, p := range all {
		if slices.ContainsFunc(patterns, p.Matches) {
			chosen = append(chosen, p)
		}
	}
	for _, pattern := range patterns {
		if filepath.IsAbs(pattern) && !strings.ContainsAny(pattern, "*?[") && !slices.ContainsFunc(chosen, func(p ports.Port) bool { return p.Matches(pattern) }) {
			chosen = append(chosen, ports.Port{Path: pattern})
		}
	}
	return chosen
}

// listing is some ports and what the configuration has them for.
type listing struct {
	cfg   config.Config
	ports []ports.Port
}

// use is the section of the configuration that names the port, or empty.
func (l listing) use(p ports.Port) string {
	for _, d := range []struct{ section, port string }{{"reader", l.cfg.Reader.Port}, {"reader2", l.cfg.Reader2.Port}, {"printer", l.cfg.Printer.Port}, {"scanner", l.cfg.Scanner.Port}} {
		if d.port != "" && samePort(p.Path, d.port) {
			return d.section
		}
	}
	return ""
}

// samePort reports whether two names lead to one device file.
func samePort(a, b string) bool { return realPort(a) == realPort(b) }

func realPort(name string) string {
	if to, err := filepath.EvalSymlinks(name); err == nil {
		return to
	}
	return name
}

func (l listing) print(out io.Writer) error {
	if len(l.ports) == 0 {
		_, err := fmt.Fprintln(out, "no serial port")
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "PORT\tUSB\tADAPTER\tUSED AS\tNAME THAT STAYS")
	for _, p := range l.ports {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", p.Path, cmp.Or(p.IDs(), "-"), cmp.Or(strings.TrimSpace(p.Name+" "+p.Serial), "-"), cmp.Or(l.use(p), "-"), p.Stable())
	}
	return w.Flush()
}

// ask asks the named ports, or the reader's own.
func (l listing) ask(ctx context.Context, named bool, s streams) error {
	asked := []string{l.cfg.Reader.Port}
	if named {
		asked = nil
		for _, p := range l.ports {
			if use := l.use(p); use != "" && !strings.HasPrefix(use, "reader") {
				fmt.Fprintf(s.err, "not asked: %s is the %s\n", p.Path, use)
				continue
			}
			asked = append(asked, p.Path)
		}
	}
	found, err := samv.Discover(ctx, asked, l.cfg.Reader.Driver)
	for _, f := range found {
		if _, err := fmt.Fprintf(s.out, "\ncard reader %s answers at %d bit/s:\n[reader]\nport = %q\nbaud = %d\n", f.Module, f.Baud, l.stable(f.Port), f.Baud); err != nil {
			return err
		}
	}
	if len(found) == 0 {
		return &failure{exitNotReady, fmt.Errorf("find card reader: none answers (%w)", cmp.Or(err, errNotAsked)), "check the reader's power and cable, and name its port"}
	}
	return nil
}

// errNotAsked says that there was no port to ask.
var errNotAsked = fmt.Errorf("no port was asked")

// stable is the name that stays of a port.
func (l listing) stable(path string) string {
	for _, p := range l.ports {
		if p.Path == path {
			return p.Stable()
		}
	}
	return path
}
