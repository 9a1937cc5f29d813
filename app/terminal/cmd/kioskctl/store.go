package main

import (
	"bufio"
	"cmp"
	"context"
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

	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/quarantine"
	"leye/app/terminal/internal/store"
)

func storeListCommand() command {
	return command{
		name:    "store list",
		summary: "list the damaged state files that were set aside and what was salvaged of them",
		about: "A damaged state file is set aside by the kiosk itself, which goes on with a new one and takes into it\n" +
			"every row that is still what was kept. LEFT are rows that are not; MISSING are applications that only\n" +
			"the journal names. Their residents have to hand in again. Nothing that is listed names a person.",
		examples: []string{"store list", "store list --json --config /etc/leye/kiosk.toml"},
		exits:    []int{exitFailed},
		bind: func(f *flag.FlagSet) action {
			var configs files
			configs.bind(f)
			asJSON := f.Bool("json", false, "print JSON")
			return func(_ context.Context, _ []string, s streams) error {
				list, err := listQuarantine(configs)
				if err != nil {
					return err
				}
				if *asJSON {
					return writeJSON(s.out, list)
				}
				return printQuarantine(list, s.out)
			}
		},
	}
}

// aside is what store list prints of one damaged file.
type aside struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
	quarantine.Report
}

func listQuarantine(configs files) ([]aside, error) {
	cfg, err := configs.load()
	if err != nil {
		return nil, err
	}
	folders, err := quarantine.List(cfg.Store.Dir)
	if err != nil {
		return nil, storeFailure(err)
	}
	list := []aside{}
	for _, f := range folders {
		a := aside{Name: f.Name, Report: f.Report}
		for _, suffix := range []string{"", "-wal"} {
			info, err := os.Stat(filepath.Join(f.Path, store.FileName) + suffix)
			switch {
			case err == nil:
				a.Bytes += info.Size()
			case !errors.Is(err, fs.ErrNotExist):
				return nil, storeFailure(err)
			}
		}
		list = append(list, a)
	}
	return list, nil
}

func printQuarantine(list []aside, out io.Writer) error {
	if len(list) == 0 {
		_, err := fmt.Fprintln(out, "nothing was ever set aside")
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tAT\tBYTES\tTAKEN\tLEFT\tMISSING\tSTATE\tCAUSE")
	for _, a := range list {
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\t%d\t%s\t%s\n", a.Name, a.At.In(kiosk.China).Format(minute), a.Bytes,
			rows(a.Taken), rows(a.Left), len(a.Missing), a.state(), a.Cause)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, a := range list {
		for _, l := range a.Entries {
			fmt.Fprintf(out, "%s: not salvaged: application %s (%s): %s\n", a.Name, cmp.Or(l.Reference, "without a reference"), cmp.Or(l.ID, "no id"), l.Problem)
		}
		for _, id := range a.Missing {
			fmt.Fprintf(out, "%s: missing: application %s\n", a.Name, id)
		}
	}
	return nil
}

func (a aside) state() string {
	switch {
	case a.Discarded != nil:
		return "discarded"
	case a.Error != "":
		return "not salvaged: " + a.Error
	case !a.InPlace:
		return "unfinished: start the kiosk"
	}
	return "kept"
}

// rows writes counts by table in one word each.
func rows(n map[string]int) string {
	var words []string
	for _, table := range slices.Sorted(maps.Keys(n)) {
		words = append(words, fmt.Sprintf("%s:%d", table, n[table]))
	}
	return cmp.Or(strings.Join(words, ","), "none")
}

func storeSalvageCommand() command {
	return command{
		name: "store salvage", words: "NAME", most: 1,
		summary: "look once more for what can be salvaged of a damaged state file",
		about: "NAME is what store list shows, or its number. The kiosk may be running: what it has already stays as it\n" +
			"is, and what is found goes into its queue. It is sent under the same identifier as before, so that an\n" +
			"application that the central has by now stays one.",
		examples: []string{"store salvage 001-20261125T213000", "store salvage 1"},
		exits:    []int{exitFailed, exitNotReady},
		bind: func(f *flag.FlagSet) action {
			var configs files
			configs.bind(f)
			return func(ctx context.Context, words []string, s streams) error {
				f, err := findFolder(configs, words, "salvage store")
				if err != nil {
					return err
				}
				if f, err = salvage(ctx, configs, f); err != nil {
					return err
				}
				_, err = fmt.Fprintf(s.out, "%s: taken %s, left %s, missing %d\n", f.Name, rows(f.Taken), rows(f.Left), len(f.Missing))
				return err
			}
		},
	}
}

func salvage(ctx context.Context, configs files, f quarantine.Folder) (_ quarantine.Folder, err error) {
	cfg, err := configs.load()
	if err != nil {
		return f, err
	}
	db, err := openStoreAs(ctx, cfg, store.Options{})
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return quarantine.Salvage(ctx, db, f, time.Now())
}

func storeDiscardCommand() command {
	return command{
		name: "store discard", words: "NAME", most: 1,
		summary: "delete a damaged state file that was set aside, for good",
		about: "What was not salvaged of it is then gone. It asks first, and wants the name typed again, unless --yes is\n" +
			"given. A short report stays, because its number may not be given to another.",
		examples: []string{"store discard 001-20261125T213000", "store discard 1 --yes"},
		exits:    []int{exitFailed, exitNotReady},
		bind: func(f *flag.FlagSet) action {
			var configs files
			configs.bind(f)
			yes := f.Bool("yes", false, "do not ask")
			return func(_ context.Context, words []string, s streams) error {
				f, err := findFolder(configs, words, "discard store")
				if err != nil {
					return err
				}
				if !*yes {
					if err := confirm(f, s); err != nil {
						return err
					}
				}
				if err := quarantine.Discard(f, time.Now()); err != nil {
					return storeFailure(err)
				}
				_, err = fmt.Fprintf(s.out, "%s is discarded\n", f.Name)
				return err
			}
		},
	}
}

func confirm(f quarantine.Folder, s streams) error {
	fmt.Fprintf(s.err, "%s holds %d applications that were not salvaged, and %d are missing.\nType its name to delete it for good: ", f.Name, len(f.Entries), len(f.Missing))
	line, err := bufio.NewReader(s.in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("discard store: %w", err)
	}
	if strings.TrimSpace(line) != f.Name {
		return &failure{exitFailed, errors.New("discard store: the name was not typed, nothing is deleted"), ""}
	}
	return nil
}

// findFolder is the one that a command's words name; what names the deed in errors.
func findFolder(configs files, words []string, what string) (quarantine.Folder, error) {
	if len(words) == 0 {
		return quarantine.Folder{}, wrongUsage("%s: no name given", what)
	}
	cfg, err := configs.load()
	if err != nil {
		return quarantine.Folder{}, err
	}
	list, err := quarantine.List(cfg.Store.Dir)
	if err != nil {
		return quarantine.Folder{}, storeFailure(err)
	}
	i := slices.IndexFunc(list, func(f quarantine.Folder) bool {
		return (f.Name == words[0] || fmt.Sprint(f.Number) == strings.TrimLeft(words[0], "0")) && f.Discarded == nil
	})
	if i < 0 {
		return quarantine.Folder{}, &failure{exitNotReady, fmt.Errorf("%s: nothing that is set aside has the name %s", what, words[0]), "kioskctl store list"}
	}
	return list[i], nil
}
