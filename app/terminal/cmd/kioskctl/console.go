package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// console is where a technician is guided. Everything is said in Chinese and in
// English: not every serial line shows both.
type console struct {
	lines <-chan string // closed at the end of the input; nil when nobody is asked
	out   io.Writer
}

// errNobody says that a question found nobody to answer it.
var errNobody = errors.New("nobody answers: run it at a console, or with --yes")

// newConsole reads from in what a technician types. A read from a keyboard cannot
// be broken off: its goroutine ends with the program.
func newConsole(ctx context.Context, in io.Reader, out io.Writer, yes bool) *console {
	c := &console{out: out}
	if yes {
		return c
	}
	lines := make(chan string)
	c.lines = lines
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(in); s.Scan(); {
			select {
			case lines <- strings.TrimSpace(s.Text()):
			case <-ctx.Done():
				return
			}
		}
	}()
	return c
}

// unattended reports whether nobody is asked.
func (c *console) unattended() bool { return c.lines == nil }

func (c *console) say(zh, en string) { fmt.Fprintf(c.out, "  %s\n  %s\n", zh, en) }

// ask waits for one of the letters; an empty line is the first of them.
func (c *console) ask(ctx context.Context, prompt, letters string) (byte, error) {
	for {
		fmt.Fprint(c.out, "  "+prompt+" > ")
		line, err := c.line(ctx)
		if err != nil {
			return 0, err
		}
		line = strings.ToLower(line)
		if line == "" {
			return letters[0], nil
		}
		if strings.IndexByte(letters, line[0]) >= 0 {
			return line[0], nil
		}
	}
}

func (c *console) line(ctx context.Context) (string, error) {
	select {
	case line, open := <-c.lines:
		if !open {
			return "", errNobody
		}
		return line, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// confirm asks what only eyes and ears can tell. Unattended it is taken for true,
// and the sheet says so.
func (c *console) confirm(ctx context.Context, zh, en string) (bool, error) {
	if c.unattended() {
		return true, nil
	}
	c.say(zh, en)
	answer, err := c.ask(ctx, "[y] 是 yes  [n] 否 no", "?yn")
	for err == nil && answer == '?' { // an empty line is no answer to this
		answer, err = c.ask(ctx, "[y] 是 yes  [n] 否 no", "?yn")
	}
	return answer == 'y', err
}

// reason asks why something is skipped until something is said.
func (c *console) reason(ctx context.Context) (string, error) {
	for {
		fmt.Fprint(c.out, "  跳过的原因 reason for skipping > ")
		if line, err := c.line(ctx); err != nil || line != "" {
			return line, err
		}
	}
}

// errSkipped says that staff ended a wait.
var errSkipped = errors.New("skipped by staff")

// during runs f, which ends with its context, until it is done or staff type s.
func (c *console) during(ctx context.Context, f func(context.Context) error) error {
	if c.unattended() {
		return f(ctx)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- f(ctx) }()
	lines := c.lines
	for {
		select {
		case err := <-done:
			return err
		case line, open := <-lines:
			if !open {
				lines = nil // nobody can end the wait; it ends by itself
			} else if strings.EqualFold(line, "s") {
				cancel()
				<-done
				return errSkipped
			}
		}
	}
}
