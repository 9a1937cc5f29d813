package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"leye/app/envelope"
	"leye/app/terminal/internal/config"
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
	Number     string              `json:"number"`       // case number of an accepted one
	CentralKey string              `json:"centralKey"`   // fingerprint of the central's key that opens it; "" when none does
	Readable   bool                `json:"readableHere"` // this terminal's key opens it still
	LeftBy     string              `json:"leftBy"`       // the evacuation that it has left with
	CameBy     string              `json:"cameBy"`       // the evacuation that it came with
}

func entryOf(e outbox.Entry, now time.Time) entry {
	out := entry{
		Reference: e.Reference, ID: e.ID, Service: e.Service, State: e.State, Attempts: e.Attempts,
		FiledAt: e.FiledAt.In(kiosk.China), PromisedAt: e.PromisedAt.In(kiosk.China), Late: e.Late(now),
		ChangedAt: e.ChangedAt.In(kiosk.China), LastError: e.Code, ParkReason: e.Reason, Digest: e.Digest,
		CentralKey: e.CentralKey, Readable: e.Readable, LeftBy: e.LeftBy, CameBy: e.CameBy,
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
	if e.LeftBy != "" {
		notes = append(notes, "in file "+e.LeftBy[:min(len(e.LeftBy), 8)])
	}
	if e.CameBy != "" {
		notes = append(notes, "adopted")
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
		name:    "outbox list",
		summary: "list the applications that the central does not have yet",
		about: "Nothing that is listed names a person. Those that are evacuated are another terminal's to send: they are in\n" +
			"a file that kioskctl evacuate made, or the central says so (fenced).",
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
					filter.States = []kiosk.State{kiosk.Pending, kiosk.InFlight, kiosk.Retry, kiosk.Parked, kiosk.Evacuated}
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

func listEntries(ctx context.Context, configs files, filter outbox.Filter) ([]entry, error) {
	entries := []entry{}
	err := withStore(ctx, configs, func(db *store.Store) error {
		list, err := outbox.NewReader(db, nil).List(ctx, filter)
		now := time.Now()
		for _, e := range list {
			entries = append(entries, entryOf(e, now))
		}
		return err
	})
	return entries, err
}

// withStore opens this terminal's store for reading.
func withStore(ctx context.Context, configs files, f func(*store.Store) error) (err error) {
	cfg, err := configs.load()
	if err != nil {
		return err
	}
	db, err := openStore(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return f(db)
}

// openStore opens a file that is there: a slip in its path must not make one.
func openStore(ctx context.Context, cfg config.Config) (*store.Store, error) {
	return openStoreAs(ctx, cfg, store.Options{ReadOnly: true})
}

func openStoreAs(ctx context.Context, cfg config.Config, opt store.Options) (*store.Store, error) {
	path := filepath.Join(cfg.Store.Dir, store.FileName)
	if _, err := os.Stat(path); err != nil {
		return nil, storeFailure(fmt.Errorf("open store: %w", err))
	}
	db, err := store.Open(ctx, path, opt)
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
		return &failure{exitFailed, err, "start the kiosk again: it sets the file aside and makes another; delete nothing"}
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
		summary: "print how one application stands and who can still read it",
		about: "REFERENCE is what the slip shows. What was answered is sealed and never printed: after the visit the\n" +
			"central alone can read it.",
		examples: []string{"outbox show PT01-1124-0007-X", "outbox show PT01-1124-0007-X --json"},
		exits:    []int{exitFailed, exitNotReady},
		bind: func(f *flag.FlagSet) action {
			var configs files
			configs.bind(f)
			asJSON := f.Bool("json", false, "print JSON")
			return func(ctx context.Context, words []string, s streams) error {
				ref, err := referenceIn(words, "show entry")
				if err != nil {
					return err
				}
				e, err := findEntry(ctx, configs, ref)
				if err != nil {
					return err
				}
				if *asJSON {
					return writeJSON(s.out, e)
				}
				return e.print(s.out)
			}
		},
	}
}

// referenceIn is the reference that a command's words give; what names the deed in
// errors.
func referenceIn(words []string, what string) (kiosk.Reference, error) {
	if len(words) == 0 {
		return "", wrongUsage("%s: no reference given", what)
	}
	ref, err := kiosk.ParseReference(words[0])
	if err != nil {
		return "", wrongUsage("%s: %w", what, err)
	}
	return ref, nil
}

func findEntry(ctx context.Context, configs files, ref kiosk.Reference) (entry, error) {
	entries, err := listEntries(ctx, configs, outbox.Filter{})
	if err != nil {
		return entry{}, err
	}
	i := slices.IndexFunc(entries, func(e entry) bool { return e.Reference == ref })
	if i < 0 {
		return entry{}, &failure{exitNotReady, fmt.Errorf("find entry: there is none with the reference %s", ref), "kioskctl outbox list --all"}
	}
	return entries[i], nil
}

// readers says in words who can open an entry.
func (e entry) readers() string {
	central := "the central with key " + envelope.Fingerprint(e.CentralKey).Short()
	switch {
	case e.State == kiosk.Accepted:
		return "nobody here: the central has it"
	case e.CentralKey == "":
		return "this terminal alone, until it knows a central's key"
	case e.Readable:
		return central + ", and this terminal while the visit lasts"
	}
	return central + " alone"
}

func (e entry) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	due := "none"
	if e.DueAt != nil {
		due = e.DueAt.Format(minute)
	}
	for _, row := range [][2]string{
		{"reference", string(e.Reference)}, {"service", e.Service}, {"state", string(e.State)},
		{"tries", fmt.Sprint(e.Attempts)}, {"filed", e.FiledAt.Format(minute)},
		{"promised", e.PromisedAt.Format(minute)}, {"late", fmt.Sprint(e.Late)}, {"next try", due},
		{"last error", cmp.Or(e.LastError, "none")}, {"park reason", cmp.Or(string(e.ParkReason), "none")},
		{"case number", cmp.Or(e.Number, "none")}, {"id", string(e.ID)},
		{"left with", cmp.Or(e.LeftBy, "none")}, {"came with", cmp.Or(e.CameBy, "none")},
		{"readable by", e.readers()},
	} {
		fmt.Fprintf(w, "%s\t%s\n", row[0], row[1])
	}
	return w.Flush()
}
