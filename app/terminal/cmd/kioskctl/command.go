package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
)

// Exit codes, the same for every command but where it says otherwise.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitDevice      = 3
	exitNotReady    = 4
	exitInterrupted = 130
)

var exits = map[int]string{
	exitOK:          "done, nothing wrong",
	exitFailed:      "failed, or faults were found",
	exitUsage:       "wrong usage",
	exitDevice:      "the port is missing or taken, or the device does not answer",
	exitNotReady:    "not there or not ready: no card or code, unreadable, paper out, no such entry",
	exitInterrupted: "ended by Ctrl-C",
}

// streams are where a command reads and writes: results on out, all else on err.
// system is the root of the machine's files, for what is looked up there.
type streams struct {
	in       io.Reader
	out, err io.Writer
	system   fs.FS
}

// action does what the flags and words say.
type action func(ctx context.Context, words []string, s streams) error

// command is one thing that kioskctl does. Its help is made of the same flags
// that it takes.
type command struct {
	name     string // one or two words
	words    string // what stands behind the flags in the usage line
	most     int    // how many of these there may be
	summary  string
	about    string // may be empty
	examples []string
	exits    []int          // besides done, usage and interrupted
	own      map[int]string // what exit codes mean here, where that differs
	bind     func(*flag.FlagSet) action
}

func commands() []command {
	return []command{
		doctorCommand(), enrolCommand(), acceptCommand(), devicesCommand(), readCardCommand(), traceCommand(), scanCommand(), printCommand(), printTestCommand(),
		outboxListCommand(), outboxShowCommand(), outboxExportCommand(), outboxRetryCommand(), evacuateCommand(), adoptCommand(), slipsCommand(), storeListCommand(), storeSalvageCommand(), storeDiscardCommand(), auditVerifyCommand(), auditExportCommand(),
		catalogueCheckCommand(), configCheckCommand(), configShowCommand(), versionCommand(),
	}
}

// failure is an error that knows its exit code and what may help.
type failure struct {
	code int
	err  error
	hint string
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

func wrongUsage(format string, args ...any) error {
	return &failure{exitUsage, fmt.Errorf(format, args...), ""}
}

// run does what the arguments say and returns the exit code.
func run(ctx context.Context, args []string, s streams) int {
	if len(args) > 0 && slices.Contains([]string{"help", "--help", "-h"}, args[0]) {
		return report(ctx, printHelp(args[1:], s.out), "", s)
	}
	c, rest, err := choose(args)
	if err != nil {
		return report(ctx, err, "", s)
	}
	return report(ctx, c.run(ctx, rest, s), c.name, s)
}

// choose finds the command that args begin with.
func choose(args []string) (command, []string, error) {
	for _, c := range commands() {
		name := strings.Fields(c.name)
		if len(args) >= len(name) && slices.Equal(args[:len(name)], name) {
			return c, args[len(name):], nil
		}
	}
	if len(args) == 0 {
		return command{}, nil, wrongUsage("read arguments: no command given")
	}
	return command{}, nil, wrongUsage("read arguments: there is no command %q", strings.Join(args[:min(len(args), 2)], " "))
}

func (c command) run(ctx context.Context, args []string, s streams) error {
	f, act := c.flags()
	words, err := parse(f, args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		_, err = io.WriteString(s.out, c.help())
		return err
	case err != nil:
		return wrongUsage("read arguments: %w", err)
	case len(words) > c.most:
		return wrongUsage("read arguments: one word too many: %q", words[c.most])
	}
	return act(ctx, words, s)
}

func (c command) flags() (*flag.FlagSet, action) {
	f := flag.NewFlagSet(c.name, flag.ContinueOnError)
	f.SetOutput(io.Discard) // what is wrong is said once, by report
	return f, c.bind(f)
}

// parse reads flags before and after the words and returns the words.
func parse(f *flag.FlagSet, args []string) ([]string, error) {
	var words []string
	for {
		if err := f.Parse(args); err != nil {
			return nil, err
		}
		if args = f.Args(); len(args) == 0 {
			return words, nil
		}
		words, args = append(words, args[0]), args[1:]
	}
}

// report tells what went wrong and returns the exit code.
func report(ctx context.Context, err error, name string, s streams) int {
	var f *failure
	code, hint := exitFailed, ""
	if errors.As(err, &f) {
		code, hint = f.code, f.hint
	}
	switch {
	case err == nil:
		return exitOK
	case ctx.Err() != nil:
		fmt.Fprintln(s.err, "interrupted")
		return exitInterrupted
	case code == exitUsage && hint == "":
		hint = strings.TrimSpace("kioskctl "+name) + " --help"
	}
	fmt.Fprintln(s.err, "error:", err)
	if hint != "" {
		fmt.Fprintln(s.err, "try:", hint)
	}
	return code
}

func printHelp(words []string, out io.Writer) error {
	if len(words) == 0 {
		_, err := io.WriteString(out, overview())
		return err
	}
	c, _, err := choose(words)
	if err != nil {
		return err
	}
	_, err = io.WriteString(out, c.help())
	return err
}

func overview() string {
	var b strings.Builder
	b.WriteString("kioskctl looks after a terminal: its files, its queue, its devices and its line.\n\nUsage:\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "  kioskctl %-16s %s\n", c.name, c.summary)
	}
	b.WriteString("\nkioskctl COMMAND --help says more about each.\n\nExamples:\n" +
		"  kioskctl doctor\n" +
		"  kioskctl read-card --port /dev/ttyUSB0\n" +
		"  kioskctl outbox list --config /etc/leye/kiosk.toml\n\n")
	exitHelp(&b, nil, exitOK, exitFailed, exitUsage, exitDevice, exitNotReady, exitInterrupted)
	b.WriteString("audit verify has its own: 3 broken, 4 truncated\n")
	return b.String()
}

func (c command) help() string {
	var b strings.Builder
	fmt.Fprintf(&b, "kioskctl %s: %s.\n", c.name, c.summary)
	if c.about != "" {
		b.WriteString("\n" + c.about + "\n")
	}
	f, _ := c.flags()
	usage, flags := "", flagHelp(f)
	if flags != "" {
		usage = " [flags]"
	}
	if c.words != "" {
		usage += " " + c.words
	}
	fmt.Fprintf(&b, "\nUsage:\n  kioskctl %s%s\n", c.name, usage)
	if flags != "" {
		b.WriteString("\nFlags:\n" + flags)
	}
	b.WriteString("\nExamples:\n")
	for _, e := range c.examples {
		b.WriteString("  kioskctl " + e + "\n")
	}
	b.WriteString("\n")
	codes := append([]int{exitOK, exitUsage, exitInterrupted}, c.exits...)
	slices.Sort(codes)
	exitHelp(&b, c.own, codes...)
	return b.String()
}

func flagHelp(f *flag.FlagSet) string {
	var b strings.Builder
	f.VisitAll(func(f *flag.Flag) {
		value, text := flag.UnquoteUsage(f)
		fmt.Fprintf(&b, "  %-20s %s\n", strings.TrimSpace("--"+f.Name+" "+value), text)
	})
	return b.String()
}

func exitHelp(b *strings.Builder, own map[int]string, codes ...int) {
	b.WriteString("Exit codes:\n")
	for _, code := range codes {
		fmt.Fprintf(b, "  %-4d %s\n", code, cmp.Or(own[code], exits[code]))
	}
}
