package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/outbox"
	"leye/app/terminal/internal/slip"
	"leye/app/terminal/internal/store"
)

// printed is what slips prints of one slip.
type printed struct {
	Reference kiosk.Reference     `json:"reference"` // "" when the entry is gone
	ID        kiosk.ApplicationID `json:"id"`
	Print     int                 `json:"print"` // from 1; a reprint from 2
	State     slip.State          `json:"state"`
	Running   bool                `json:"running"` // being printed, or cut off in it
	Level     int                 `json:"level"`   // what the printer could prove
	Length    int                 `json:"length"`  // mm
	At        time.Time           `json:"at"`
	Cause     string              `json:"cause"`
}

func slipsCommand() command {
	return command{
		name:    "slips",
		summary: "list what became of each slip's paper",
		about: "prepared: nothing valid came out. unknown: one may have come out, look at the paper exit. sent: no\n" +
			"fault was seen, the printer can say no more. confirmed: the printer said so, as far as its level goes.\n" +
			"taken, retracted: seen at its exit. Nothing that is listed names a person.",
		examples: []string{"slips", "slips --state unknown", "slips --json --config /etc/leye/kiosk.toml"},
		exits:    []int{exitFailed},
		bind: func(f *flag.FlagSet) action {
			var configs files
			configs.bind(f)
			state := f.String("state", "", "only those in this `STATE`")
			asJSON := f.Bool("json", false, "print JSON")
			return func(ctx context.Context, _ []string, s streams) error {
				if *state != "" && !slip.State(*state).Valid() {
					return wrongUsage("read arguments: --state %q is no state", *state)
				}
				list, err := listSlips(ctx, configs, slip.Filter{State: slip.State(*state)})
				if err != nil {
					return err
				}
				if *asJSON {
					return writeJSON(s.out, list)
				}
				return printSlips(list, s.out)
			}
		},
	}
}

func listSlips(ctx context.Context, configs files, filter slip.Filter) ([]printed, error) {
	list := []printed{}
	err := withStore(ctx, configs, func(db *store.Store) error {
		slips, err := slip.New(db, slip.Options{}).List(ctx, filter)
		if err != nil {
			return err
		}
		entries, err := outbox.NewReader(db, nil).List(ctx, outbox.Filter{})
		if err != nil {
			return err
		}
		references := map[kiosk.ApplicationID]kiosk.Reference{}
		for _, e := range entries {
			references[e.ID] = e.Reference
		}
		for _, s := range slips {
			list = append(list, printed{
				Reference: references[s.Entry], ID: s.Entry, Print: s.Print, State: s.State, Running: s.Running,
				Level: int(s.Level), Length: s.Length, At: s.ChangedAt.In(kiosk.China), Cause: s.Cause,
			})
		}
		return nil
	})
	return list, err
}

func printSlips(list []printed, out io.Writer) error {
	if len(list) == 0 {
		_, err := fmt.Fprintln(out, "no slip")
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "REFERENCE\tPRINT\tSTATE\tLEVEL\tMM\tAT\tNOTE")
	for _, s := range list {
		note := oneLine(s.Cause)
		if s.Running {
			note = "under way, or cut off in it"
		}
		fmt.Fprintf(w, "%s\t%d\t%s\t%d\t%d\t%s\t%s\n", s.Reference, s.Print, s.State, s.Level, s.Length, s.At.Format(minute), note)
	}
	return w.Flush()
}
