package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"leye/app/form"
	"leye/app/terminal/internal/config"
	"leye/app/terminal/internal/journal"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/outbox"
	"leye/app/terminal/internal/store"
)

// entry is what outbox commands print of one entry.
type entry struct {
	Reference  kiosk.Reference     `json:"reference"`
	ID         kiosk.ApplicationID `json:"id"`
	Service    string              `json:"service"`
	State      kiosk.State         `json:"state"`
	Attempts   int                 `json:"attempts"`
	FiledAt    time.Time           `json:"filedAt"`
	PromisedAt time.Time           `json:"promisedAt"`
	Late       bool                `json:"late"`
	DueAt      *time.Time          `json:"dueAt"` // next attempt; null when there is none
	ChangedAt  time.Time           `json:"changedAt"`
	LastError  string              `json:"lastError"`
	ParkReason kiosk.Reason        `json:"parkReason"`
	Digest     string              `json:"digest"`
	Number     string              `json:"number"` // case number of an accepted one
}

func entryOf(e outbox.Entry, now time.Time) entry {
	out := entry{
		Reference: e.Reference, ID: e.ID, Service: e.Service, State: e.State, Attempts: e.Attempts,
		FiledAt: e.FiledAt.In(kiosk.China), PromisedAt: e.PromisedAt.In(kiosk.China), Late: e.Late(now),
		ChangedAt: e.ChangedAt.In(kiosk.China), LastError: e.Code, ParkReason: e.Reason, Digest: e.Digest,
	}
	if !e.DueAt.IsZero() {
		due := e.DueAt.In(kiosk.China)
		out.DueAt = &due
	}
	if e.Ack != nil {
		out.Number = e.Ack.Number
	}
	return out
}

func (e entry) note() string {
	var notes []string
	if e.Late {
		notes = append(notes, "late")
	}
	for _, s := range []string{string(e.ParkReason), e.LastError, e.Number} {
		if s != "" {
			notes = append(notes, s)
		}
	}
	return strings.Join(notes, ", ")
}

func outboxListCommand() command {
	return command{
		name:     "outbox list",
		summary:  "list the applications that the central does not have yet",
		about:    "Nothing that is listed names a person.",
		examples: []string{"outbox list", "outbox list --all --json --config /etc/leye/kiosk.toml"},
		exits:    []int{exitFailed},
		bind: func(f *flag.FlagSet) action {
			var configs files
			configs.bind(f)
			all := f.Bool("all", false, "those that the central has accepted too")
			asJSON := f.Bool("json", false, "print JSON")
			return func(ctx context.Context, _ []string, s streams) error {
				var filter outbox.Filter
				if !*all {
					filter.States = []kiosk.State{kiosk.Pending, kiosk.InFlight, kiosk.Retry, kiosk.Parked}
				}
				entries, err := listEntries(ctx, configs, filter)
				if err != nil {
					return err
				}
				if *asJSON {
					return writeJSON(s.out, entries)
				}
				return printEntries(entries, s.out)
			}
		},
	}
}

func listEntries(ctx context.Context, configs files, filter outbox.Filter) (entries []entry, err error) {
	cfg, err := configs.load()
	if err != nil {
		return nil, err
	}
	db, err := openStore(ctx, cfg, true)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	list, err := outbox.NewReader(db, nil).List(ctx, filter)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	entries = []entry{}
	for _, e := range list {
		entries = append(entries, entryOf(e, now))
	}
	return entries, nil
}

// openStore opens a file that is there: a slip in its path must not make one.
func openStore(ctx context.Context, cfg config.Config, readOnly bool) (*store.Store, error) {
	path := filepath.Join(cfg.Store.Dir, store.FileName)
	if _, err := os.Stat(path); err != nil {
		return nil, storeFailure(fmt.Errorf("open store: %w", err))
	}
	db, err := store.Open(ctx, path, store.Options{ReadOnly: readOnly})
	return db, storeFailure(err)
}

func storeFailure(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return &failure{exitFailed, err, "name the kiosk's configuration with --config; the kiosk makes the file when it starts"}
	case errors.Is(err, fs.ErrPermission), errors.Is(err, store.ErrIO):
		return &failure{exitFailed, err, "run this as the kiosk's user"}
	case errors.Is(err, store.ErrDamaged):
		return &failure{exitFailed, err, "take the terminal out of use, keep the file and run kioskctl doctor"}
	}
	return err
}

const minute = "2006-01-02 15:04"

func printEntries(entries []entry, out io.Writer) error {
	if len(entries) == 0 {
		_, err := fmt.Fprintln(out, "no entry")
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "REFERENCE\tSTATE\tTRIES\tFILED\tPROMISED\tSERVICE\tNOTE")
	for _, e := range entries {
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\t%s\t%s\n", e.Reference, e.State, e.Attempts,
			e.FiledAt.Format(minute), e.PromisedAt.Format(minute), e.Service, e.note())
	}
	return w.Flush()
}

func outboxShowCommand() command {
	return command{
		name: "outbox show", words: "REFERENCE", most: 1,
		summary: "print one application that waits, with its answers masked",
		about: "REFERENCE is what the slip shows. --show prints personal answers in full and puts the look into the\n" +
			"journal. Who made a tip-off is never shown.",
		examples: []string{"outbox show PT01-1124-0007-X", "outbox show PT01-1124-0007-X --show --json"},
		exits:    []int{exitFailed, exitNotReady},
		bind: func(f *flag.FlagSet) action {
			var configs files
			configs.bind(f)
			asJSON := f.Bool("json", false, "print JSON")
			show := f.Bool("show", false, "print personal answers in full; the look is put on record")
			return func(ctx context.Context, words []string, s streams) error {
				if len(words) == 0 {
					return wrongUsage("show entry: no reference given")
				}
				ref, err := kiosk.ParseReference(words[0])
				if err != nil {
					return wrongUsage("show entry: %w", err)
				}
				d, err := showEntry(ctx, configs, ref, *show)
				if err != nil {
					return err
				}
				if *asJSON {
					return writeJSON(s.out, d)
				}
				return d.print(s.out)
			}
		},
	}
}

// document is one entry with what was answered.
type document struct {
	entry
	Answers form.Answers `json:"answers"` // null when the central has them
}

func showEntry(ctx context.Context, configs files, ref kiosk.Reference, show bool) (d document, err error) {
	cfg, err := configs.load()
	if err != nil {
		return d, err
	}
	db, err := openStore(ctx, cfg, !show)
	if err != nil {
		return d, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	e, err := findEntry(ctx, outbox.NewReader(db, nil), ref)
	if err != nil {
		return d, err
	}
	if show {
		look := kiosk.Event{Name: "entry.shown", Entry: e.ID}
		if err := journal.New(db, journal.Options{}).Append(ctx, look); err != nil {
			return d, fmt.Errorf("put the look on record: %w", err)
		}
	}
	d.entry = entryOf(e, time.Now())
	if e.Body == nil {
		return d, nil
	}
	d.Answers, err = answersOf(e, show)
	return d, err
}

func findEntry(ctx context.Context, queue *outbox.Reader, ref kiosk.Reference) (outbox.Entry, error) {
	list, err := queue.List(ctx, outbox.Filter{})
	if err != nil {
		return outbox.Entry{}, err
	}
	i := slices.IndexFunc(list, func(e outbox.Entry) bool { return e.Reference == ref })
	if i < 0 {
		return outbox.Entry{}, &failure{exitNotReady, fmt.Errorf("find entry: there is none with the reference %s", ref), "kioskctl outbox list --all"}
	}
	return queue.Get(ctx, list[i].ID)
}

func (d document) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	due := "none"
	if d.DueAt != nil {
		due = d.DueAt.Format(minute)
	}
	for _, row := range [][2]string{
		{"reference", string(d.Reference)}, {"service", d.Service}, {"state", string(d.State)},
		{"tries", fmt.Sprint(d.Attempts)}, {"filed", d.FiledAt.Format(minute)},
		{"promised", d.PromisedAt.Format(minute)}, {"late", fmt.Sprint(d.Late)}, {"next try", due},
		{"last error", cmp.Or(d.LastError, "none")}, {"park reason", cmp.Or(string(d.ParkReason), "none")},
		{"case number", cmp.Or(d.Number, "none")}, {"id", string(d.ID)},
	} {
		fmt.Fprintf(w, "%s\t%s\n", row[0], row[1])
	}
	for _, key := range slices.Sorted(maps.Keys(d.Answers)) {
		value, err := json.Marshal(d.Answers[key])
		if err != nil {
			return fmt.Errorf("print answer: %w", err)
		}
		fmt.Fprintf(w, "answer %s\t%s\n", key, value)
	}
	return w.Flush()
}
