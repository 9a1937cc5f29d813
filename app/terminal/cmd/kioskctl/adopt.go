package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"leye/app/api"
	"leye/app/evacuation"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/outbox"
)

func adoptCommand() command {
	return command{
		name: "adopt", words: "FILE", most: 1,
		summary: "send what another terminal was evacuated of",
		about: "It asks the central, over this terminal's line, to let this terminal send the applications in FILE; from\n" +
			"then on nobody else can, the terminal that they are from included. They keep their references: slips stay\n" +
			"true. The kiosk may be running: it sends them within a minute. To run it again, after whatever end, is\n" +
			"harmless. A file that another terminal has adopted is refused; to hand on, evacuate that terminal.",
		examples: []string{"adopt /media/usb/PT01-20261125-XCVZ7JEX.leye"},
		exits:    []int{exitFailed, exitNotReady},
		own:      map[int]string{exitFailed: "failed, run it again", exitNotReady: "another terminal has adopted it, or it was taken back"},
		bind: func(f *flag.FlagSet) action {
			var configs files
			configs.bind(f)
			return func(ctx context.Context, words []string, s streams) error {
				if len(words) == 0 {
					return wrongUsage("adopt evacuation: no file named")
				}
				file, err := readEvacuation(words[0])
				if err != nil {
					return fmt.Errorf("adopt evacuation: %w", err)
				}
				return withTerminal(ctx, configs, func(t *evacuee) error { return t.adopt(ctx, file, s.out) })
			}
		},
	}
}

// readEvacuation reads a file that is no longer than one can be.
func readEvacuation(path string) (evacuation.File, error) {
	r, err := os.Open(filepath.Clean(path))
	if err != nil {
		return evacuation.File{}, err
	}
	data, err := io.ReadAll(io.LimitReader(r, evacuation.MostFile+1))
	if err = errors.Join(err, r.Close()); err != nil {
		return evacuation.File{}, err
	}
	return evacuation.Decode(data)
}

func (t *evacuee) adopt(ctx context.Context, file evacuation.File, out io.Writer) error {
	if err := t.mayAdopt(ctx, file); err != nil {
		return err
	}
	line, err := t.line()
	if err != nil {
		return err
	}
	granted, err := line.Adopt(ctx, file.ID, file.Statement, file.Manifest)
	if err = errors.Join(err, line.Close()); err != nil {
		return unsettled("adopt evacuation", err)
	}
	entries, err := entriesOf(file, granted)
	if err != nil {
		return fmt.Errorf("adopt evacuation: %w", err)
	}
	fresh, err := outbox.Adopt(ctx, t.db, t.journal, time.Now(), file.ID, granted.Terminal, entries)
	if err != nil {
		return &failure{exitFailed, err, "run it again: the central has given them to this terminal"}
	}
	_, err = fmt.Fprintf(out, "ok, applications of terminal %s in the queue here: %d, of them new: %d\n", granted.Terminal, len(entries), fresh)
	if n := len(granted.Elsewhere); err == nil && n > 0 {
		_, err = fmt.Fprintf(out, "another terminal sends: %d\n", n)
	}
	return err
}

// mayAdopt looks whether there is place for what is in a file, before the central
// gives it to this terminal alone.
func (t *evacuee) mayAdopt(ctx context.Context, file evacuation.File) error {
	own, err := t.queue.Evacuations(ctx)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(own, func(e outbox.Evacuation) bool { return e.ID == file.ID && e.UndoneAt.IsZero() }) {
		return &failure{exitNotReady, errors.New("adopt evacuation: this terminal itself was emptied into the file"), "kioskctl evacuate --undo"}
	}
	shut, err := t.queue.Retired(ctx)
	if err != nil {
		return err
	}
	if shut {
		return &failure{exitNotReady, errors.New("adopt evacuation: this terminal was evacuated itself"), "kioskctl evacuate --reopen"}
	}
	return t.db.Tx(ctx, func(tx *sql.Tx) error { return t.db.Room(ctx, tx) })
}

// entriesOf reads what the central lets this terminal send.
func entriesOf(file evacuation.File, granted api.Adopted) ([]outbox.Carried, error) {
	if granted.Terminal != file.Terminal {
		return nil, errors.New("the central speaks of another terminal")
	}
	entries, err := file.Open(granted.Key)
	if err != nil {
		return nil, err
	}
	elsewhere := map[string]bool{}
	for _, id := range granted.Elsewhere {
		elsewhere[id] = true
	}
	var list []outbox.Carried
	for _, e := range entries {
		if elsewhere[e.Sealed.ID] {
			continue
		}
		ref, err := kiosk.ParseReference(e.Reference)
		if err != nil || !kiosk.ApplicationID(e.Sealed.ID).Valid() || len(e.Service) > mostWord || len(e.Reason) > mostWord {
			return nil, evacuation.ErrForm
		}
		list = append(list, outbox.Carried{
			Entry: outbox.Entry{
				ID: kiosk.ApplicationID(e.Sealed.ID), Reference: ref, Service: e.Service,
				FiledAt: e.FiledAt, PromisedAt: e.PromisedAt, Reason: kiosk.Reason(e.Reason),
			},
			Order: e.Order, Sealed: e.Sealed,
		})
	}
	return list, nil
}

// mostWord is the longest name of a service or reason, in bytes, as in the contract.
const mostWord = 64
