package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"text/tabwriter"
	"time"

	"leye/app/terminal/internal/config"
	"leye/app/terminal/internal/kiosk"
	"leye/devices/idcard"
	"leye/devices/idcard/samv"
)

func readCardCommand() command {
	return command{
		name:    "read-card",
		summary: "wait for an identity card and print what it holds",
		about: "Personal data are masked, unless --show or --json asks for them. The keys of the JSON object are\n" +
			"those of the card's layout.",
		examples: []string{
			"read-card --port /dev/ttyUSB0",
			"read-card --config /etc/leye/kiosk.toml --timeout 30s --show",
			"read-card --port /dev/ttyS1 --driver tarm --baud 57600 --json",
		},
		exits: []int{exitFailed, exitDevice, exitNotReady},
		bind: func(f *flag.FlagSet) action {
			var d device
			d.bind(f)
			timeout := f.Duration("timeout", time.Minute, "longest `TIME` to wait for a card, such as 30s; 0 is for ever (1m)")
			asJSON := f.Bool("json", false, "print JSON, with personal data in full")
			show := f.Bool("show", false, "print personal data in full")
			return func(ctx context.Context, _ []string, s streams) error {
				card, err := d.readCard(ctx, *timeout, s.err)
				switch {
				case err != nil:
					return err
				case *asJSON:
					return writeJSON(s.out, card.Record())
				}
				return printCard(card, *show, s.out)
			}
		},
	}
}

func (d *device) readCard(ctx context.Context, timeout time.Duration, notes io.Writer) (card idcard.Card, err error) {
	cfg, err := d.settings()
	if err != nil {
		return card, err
	}
	line := d.over(cfg.Reader)
	reader, module, err := openReader(ctx, line)
	if err != nil {
		return card, deviceFailure(err)
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	fmt.Fprintf(notes, "module %s on %s; waiting for a card, Ctrl-C ends\n", module, line.Port)
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	card, err = reader.Read(ctx)
	return card, cardFailure(err, timeout)
}

// tries is how often a module is asked before its silence is believed: noise on
// the line may damage a question.
const tries = 2

// openReader opens a reader and asks for the number of its module.
func openReader(ctx context.Context, line config.Serial) (*samv.Reader, string, error) {
	if err := vacant(line.Port); err != nil {
		return nil, "", err
	}
	reader, err := samv.Open(samv.Config{Port: line.Port, Driver: line.Driver, Baud: line.Baud})
	if err != nil {
		return nil, "", err
	}
	var module string
	for range tries {
		if module, err = reader.Module(ctx); err == nil {
			return reader, module, nil
		}
		if ctx.Err() != nil || errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return nil, "", errors.Join(fmt.Errorf("ask card reader on %s: %w", line.Port, err), reader.Close())
}

// cardErrors are those about the card; all others are about the device.
var cardErrors = []error{idcard.ErrNoCard, idcard.ErrRemoved, idcard.ErrNotACard, idcard.ErrUnverified, idcard.ErrUnreadable}

func cardFailure(err error, timeout time.Duration) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.DeadlineExceeded):
		return &failure{exitNotReady, fmt.Errorf("read card: none was laid down within %v", timeout), "lay the card flat on the reader, or give a longer --timeout"}
	case slices.ContainsFunc(cardErrors, func(e error) bool { return errors.Is(err, e) }):
		return &failure{exitNotReady, err, "lay the card flat and still, without its sleeve, and read it again; then try another card"}
	}
	return deviceFailure(err)
}

// open are the keys of a record that name nobody.
var open = []string{
	"card_type", "type_marker", "valid_from", "valid_to", "long_term", "issue_count", "card_version",
	"renewal_count", "photo_len", "fingerprint_len", "issues",
}

// printCard prints a card for people. What is not known to be harmless is hidden.
func printCard(card idcard.Card, show bool, out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, m := range card.Record() {
		value := fmt.Sprint(m.Value)
		if !show {
			value = maskedMember(m, value)
		}
		if _, err := fmt.Fprintf(w, "%s\t%s\n", m.Key, value); err != nil {
			return err
		}
	}
	return w.Flush()
}

func maskedMember(m idcard.Member, value string) string {
	switch m.Key {
	case "name", "name_cn", "name_en":
		return kiosk.MaskName(value)
	case "id_number":
		return idcard.Number(value).String()
	}
	if value == "" || slices.Contains(open, m.Key) {
		return value
	}
	return hidden
}

// hidden stands for what is not shown.
const hidden = "****"
