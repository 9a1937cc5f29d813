package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"leye/app/central/internal/ledger"
)

// evacuations does what its first word says, in an open ledger.
func evacuations(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	f := flag.NewFlagSet("evacuations", flag.ContinueOnError)
	db := f.String("db", "central.db", "")
	words, err := parse(f, args, stderr)
	if err != nil {
		return err
	}
	list, release := len(words) == 1 && words[0] == "list", len(words) == 2 && words[0] == "release"
	if !list && !release {
		return usage(stderr, "evacuations takes list, or release with an evacuation's id")
	}
	l, err := openExisting(ctx, *db)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	if list {
		return listEvacuations(ctx, l, stdout)
	}
	return releaseEvacuation(ctx, l, words[1], stdout)
}

func listEvacuations(ctx context.Context, l *ledger.Ledger, stdout io.Writer) error {
	all, err := l.Evacuations(ctx)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "EVACUATION\tFROM\tTO\tSENT\tEVACUATED\tADOPTED\tCANCELLED")
	for _, e := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\t%d/%d\t%s\t%s\t%s\n", e.ID, e.Terminal, cmp.Or(e.Adopter, "nobody"), e.Sent, e.Count,
			when(e.MadeAt), when(e.AdoptedAt), when(e.CancelledAt))
	}
	return w.Flush()
}

// when is a time as it is printed; a hyphen where there is none.
func when(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.In(shanghai).Format(minute)
}

func releaseEvacuation(ctx context.Context, l *ledger.Ledger, id string, stdout io.Writer) error {
	from, err := l.ReleaseEvacuation(ctx, id)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "evacuation %s is taken from terminal %s: another may adopt the file, and the terminal that was emptied may send again\n", id, from)
	return err
}
