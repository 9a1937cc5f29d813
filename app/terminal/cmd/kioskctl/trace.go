package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"leye/app/terminal/internal/config"
	"leye/devices/idcard/samv"
)

func traceCommand() command {
	return command{
		name:    "trace",
		summary: "write down what passes between terminal and card reader",
		about: "Lay cards on the reader meanwhile. The file holds every byte and its time; in the place of a card's\n" +
			"text, photo and address stand those of a made-up card, so the file may be sent. devsim replay plays it\n" +
			"back. End the kiosk program first.",
		examples: []string{
			"trace --port /dev/ttyUSB0 --out reader.trace",
			"trace --config /etc/leye/kiosk.toml --out reader.trace --for 5m",
		},
		exits: []int{exitFailed, exitDevice},
		bind: func(f *flag.FlagSet) action {
			var d device
			d.bind(f)
			out := f.String("out", "", "`FILE` to write; what it held is lost")
			length := f.Duration("for", time.Minute, "`TIME` to trace, such as 5m; Ctrl-C ends it sooner (1m)")
			return func(ctx context.Context, _ []string, s streams) error {
				if *out == "" {
					return wrongUsage("trace card reader: no --out file named")
				}
				cfg, err := d.settings()
				if err != nil {
					return err
				}
				return traceReader(ctx, d.over(cfg.Reader), *out, *length, s.err)
			}
		},
	}
}

// traceReader drives a reader as the kiosk does, whether it answers or not.
func traceReader(ctx context.Context, line config.Serial, path string, length time.Duration, notes io.Writer) (err error) {
	if err := vacant(line.Port); err != nil {
		return deviceFailure(err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("trace card reader: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if _, err := fmt.Fprintf(file, "# card reader on %s, driver %s, %s\n", line.Port, line.Driver, time.Now().Format(time.RFC3339)); err != nil {
		return fmt.Errorf("trace card reader: %w", err)
	}
	reader, err := samv.Open(samv.Config{Port: line.Port, Driver: line.Driver, Baud: line.Baud, Trace: file})
	if err != nil {
		return deviceFailure(err)
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	limit, cancel := context.WithTimeout(ctx, length)
	defer cancel()
	fmt.Fprintf(notes, "tracing %s for %v, Ctrl-C ends\n", line.Port, length)
	if module, err := reader.Module(limit); err != nil {
		fmt.Fprintln(notes, "noted:", err)
	} else {
		fmt.Fprintln(notes, "noted: module", module, "answers")
	}
	for limit.Err() == nil {
		switch card, err := reader.Read(limit); {
		case limit.Err() != nil:
		case err != nil:
			fmt.Fprintln(notes, "noted:", err)
		default:
			fmt.Fprintf(notes, "noted: a %s card was read\n", card.Kind)
		}
	}
	fmt.Fprintf(notes, "written to %s; play it back: devsim replay %s\n", path, path)
	return nil
}
