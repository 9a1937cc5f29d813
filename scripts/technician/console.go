package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// console is what the technician reads and types.
type console struct {
	o     options
	t     trouble
	in    io.Writer
	heard strings.Builder
}

// follow reads until the program ends, does what it says and answers what it asks.
func (c *console) follow(ctx context.Context, notes io.Reader) error {
	r := bufio.NewReader(notes)
	line := ""
	for {
		b, err := r.ReadByte()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read console: %w", err)
		}
		c.heard.WriteByte(b)
		line += string([]byte{b})
		switch {
		case b == '\n':
			if err := c.see(ctx, line); err != nil {
				return err
			}
			line = ""
		case strings.HasSuffix(line, " > "):
			answer := "\n"
			if strings.Contains(line, "[y]") {
				answer = "y\n"
			}
			if _, err := io.WriteString(c.in, answer); err != nil {
				return fmt.Errorf("answer console: %w", err)
			}
			line = ""
		}
	}
}

func (c *console) see(ctx context.Context, line string) error {
	for says, do := range c.t.react {
		if strings.Contains(line, says) {
			return do(ctx, c.o)
		}
	}
	switch {
	case strings.Contains(line, "Lay the card flat"):
		return c.o.devices.LayCard(ctx, "resident_plain")
	case strings.Contains(line, "take the card away"):
		return c.o.devices.TakeCard(ctx)
	case strings.Contains(line, "Hold the test slip's code"):
		return c.holdSlip(ctx)
	case strings.Contains(line, "hold any code up"):
		return c.o.devices.Scan(ctx, "anything")
	}
	return nil
}

var qr = regexp.MustCompile(`\[QR ([^\]]*)\]`)

// holdSlip holds the newest slip's code to the scanner.
func (c *console) holdSlip(ctx context.Context) error {
	text, err := c.o.devices.Slip(ctx)
	if err != nil {
		return err
	}
	all := qr.FindAllStringSubmatch(text, -1)
	if len(all) == 0 {
		return errors.New("there is no code on the paper")
	}
	return c.o.devices.Scan(ctx, all[len(all)-1][1])
}
