package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"leye/app/central/internal/ledger"
)

// inLedger does something in the ledger of a database that is there: a slip in its
// path must not make a new one.
func inLedger(ctx context.Context, db string, do func(l *ledger.Ledger) error) (err error) {
	if _, err := os.Stat(db); err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	l, err := ledger.Open(ctx, db, ledger.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	return do(l)
}

// verbs are the words that a command about many things of a ledger takes.
type verbs struct {
	name  string
	takes string // for whoever gives it others
	list  verb   // all of them
	ofOne map[string]verb
	what  string               // one is named by
	fits  func(id string) bool // whether that can be such a name; nil: whatever is there
}

type verb func(ctx context.Context, l *ledger.Ledger, id string, stdout io.Writer) error

func (v verbs) run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f := flag.NewFlagSet(v.name, flag.ContinueOnError)
	db := f.String("db", "central.db", "")
	words, err := parse(f, args, stderr)
	if err != nil {
		return err
	}
	do, id := v.list, ""
	switch {
	case len(words) == 1 && words[0] == "list":
	case len(words) != 2 || v.ofOne[words[0]] == nil:
		return usage(stderr, "%s takes %s", v.name, v.takes)
	case v.fits != nil && !v.fits(words[1]):
		return usage(stderr, "%q is not %s", words[1], v.what)
	default:
		do, id = v.ofOne[words[0]], words[1]
	}
	return inLedger(ctx, *db, func(l *ledger.Ledger) error { return do(ctx, l, id, stdout) })
}

// table is printed with its columns below each other, when it is flushed.
type table struct{ *tabwriter.Writer }

func newTable(stdout io.Writer, heads ...any) table {
	t := table{tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)}
	t.row(heads...)
	return t
}

func (t table) row(cells ...any) {
	fmt.Fprintf(t, strings.Repeat("%v\t", len(cells)-1)+"%v\n", cells...)
}

const minute = "2006-01-02 15:04"

// shanghai is the zone of every time that is printed.
var shanghai = time.FixedZone("CST", 8*60*60)

// when is a time as it is printed; a hyphen where there is none.
func when(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.In(shanghai).Format(minute)
}
