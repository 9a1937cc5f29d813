package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"time"

	"leye/app/terminal/internal/journal"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/outbox"
	"leye/app/terminal/internal/store"
)

func outboxRetryCommand() command {
	return command{
		name: "outbox retry", words: "REFERENCE", most: 1,
		summary: "send an application again that the central had refused or fenced",
		about: "For a refusal whose cause has been put right, or a fence that the central has lifted. The kiosk may be\n" +
			"running: it sends the application within a minute, under the same identifier as before.",
		examples: []string{"outbox retry PT01-1124-0007-X"},
		exits:    []int{exitFailed, exitNotReady},
		bind: func(f *flag.FlagSet) action {
			var configs files
			configs.bind(f)
			return func(ctx context.Context, words []string, s streams) error {
				ref, err := referenceIn(words, "retry entry")
				if err != nil {
					return err
				}
				if err := retry(ctx, configs, ref); err != nil {
					return err
				}
				_, err = fmt.Fprintf(s.out, "%s will be sent again\n", ref)
				return err
			}
		},
	}
}

func retry(ctx context.Context, configs files, ref kiosk.Reference) (err error) {
	e, err := findEntry(ctx, configs, ref)
	if err != nil {
		return err
	}
	cfg, err := configs.load()
	if err != nil {
		return err
	}
	db, err := openStoreAs(ctx, cfg, store.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	err = outbox.Unpark(ctx, db, journal.New(db, journal.Options{}), time.Now(), e.ID)
	if errors.Is(err, outbox.ErrNotParked) {
		return &failure{exitNotReady, fmt.Errorf("retry entry: it is %s, nobody refused it", e.State), "kioskctl outbox show " + string(ref)}
	}
	return err
}
