package main

import (
	"context"
	"errors"
	"flag"
	"fmt"

	"leye/app/envelope"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/outbox"
)

func outboxExportCommand() command {
	return command{
		name: "outbox export", words: "REFERENCE", most: 1,
		summary: "print one application sealed as it lies, for the central to open",
		about: "For what the central refused, or cannot be reached with. On the central, central open reads what this\n" +
			"prints. Nobody else can, so it may be carried on any medium.",
		examples: []string{"outbox export PT01-1124-0007-X > PT01-1124-0007-X.json"},
		exits:    []int{exitFailed, exitNotReady},
		bind: func(f *flag.FlagSet) action {
			var configs files
			configs.bind(f)
			return func(ctx context.Context, words []string, s streams) error {
				ref, err := referenceIn(words, "export entry")
				if err != nil {
					return err
				}
				sealed, err := exported(ctx, configs, ref)
				if err != nil {
					return err
				}
				text, err := sealed.Encode()
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(s.out, "%s\n", text)
				return err
			}
		},
	}
}

func exported(ctx context.Context, configs files, ref kiosk.Reference) (sealed envelope.Envelope, err error) {
	e, err := findEntry(ctx, configs, ref)
	if err != nil {
		return sealed, err
	}
	if e.State == kiosk.Accepted || e.CentralKey == "" {
		return sealed, &failure{exitNotReady, fmt.Errorf("export entry: readable by %s", e.readers()), "kioskctl doctor"}
	}
	cfg, err := configs.load()
	if err != nil {
		return sealed, err
	}
	db, err := openStore(ctx, cfg)
	if err != nil {
		return sealed, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return outbox.NewReader(db, nil).Envelope(ctx, e.ID)
}
