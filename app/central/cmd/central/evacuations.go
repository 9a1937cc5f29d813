package main

import (
	"cmp"
	"context"
	"fmt"
	"io"

	"leye/app/central/internal/ledger"
)

func evacuations(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	return verbs{
		name: "evacuations", takes: "list, or release with an evacuation's id",
		list: listEvacuations, ofOne: map[string]verb{"release": releaseEvacuation},
	}.run(ctx, args, stdout, stderr)
}

func listEvacuations(ctx context.Context, l *ledger.Ledger, _ string, stdout io.Writer) error {
	all, err := l.Evacuations(ctx)
	if err != nil {
		return err
	}
	w := newTable(stdout, "EVACUATION", "FROM", "TO", "SENT", "EVACUATED", "ADOPTED", "CANCELLED")
	for _, e := range all {
		w.row(e.ID, e.Terminal, cmp.Or(e.Adopter, "nobody"), fmt.Sprintf("%d/%d", e.Sent, e.Count), when(e.MadeAt), when(e.AdoptedAt), when(e.CancelledAt))
	}
	return w.Flush()
}

func releaseEvacuation(ctx context.Context, l *ledger.Ledger, id string, stdout io.Writer) error {
	from, err := l.ReleaseEvacuation(ctx, id)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "evacuation %s is taken from terminal %s: another may adopt the file, and the terminal that was emptied may send again\n", id, from)
	return err
}
