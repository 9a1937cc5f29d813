package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"time"

	"leye/app/central/internal/authority"
	"leye/app/central/internal/enrolment"
	"leye/app/central/internal/intake"
	"leye/app/central/internal/ledger"
)

func terminals(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	return verbs{
		name: "terminals", takes: "list, or add, revoke, head, key, earlier or settle with ID", what: "a terminal's name", fits: intake.ValidTerminal,
		list: listTerminals, ofOne: map[string]verb{
			"add": addTerminal, "revoke": revokeTerminal, "head": printHead, "key": printHeadKey, "earlier": printEarlierHeads, "settle": settleHead,
		},
	}.run(ctx, args, stdout, stderr)
}

func addTerminal(ctx context.Context, l *ledger.Ledger, id string, stdout io.Writer) error {
	code, expires, err := enrolment.New(nil, l, nil).NewCode(ctx, id)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "code: %s\nfor terminal %s, once, until %s\n", code, id, when(expires))
	return err
}

func revokeTerminal(ctx context.Context, l *ledger.Ledger, id string, stdout io.Writer) error {
	n, err := l.Revoke(ctx, id)
	if err != nil {
		return err
	}
	if n == 0 {
		return fmt.Errorf("revoke %s: it has no certificate that stands: %w", id, ledger.ErrNotFound)
	}
	_, err = fmt.Fprintf(stdout, "terminal %s is revoked, certificates: %d\n", id, n)
	return err
}

func listTerminals(ctx context.Context, l *ledger.Ledger, _ string, stdout io.Writer) error {
	all, err := l.Certificates(ctx)
	if err != nil {
		return err
	}
	heads, err := l.JournalHeads(ctx)
	if err != nil {
		return err
	}
	journals := map[string]ledger.JournalHead{}
	for _, h := range heads {
		journals[h.Terminal] = h
	}
	w := newTable(stdout, "TERMINAL", "CERTIFICATE", "ISSUED", "ENDS", "SERIAL", "JOURNAL", "RESTARTS", "ALARM")
	for _, c := range all {
		h := journals[c.Terminal]
		w.row(c.Terminal, standing(c, time.Now()), when(c.IssuedAt), when(c.EndsAt), c.Serial, h.Seq, h.Generation, cmp.Or(string(h.Alarm), "none"))
	}
	return w.Flush()
}

func printHead(ctx context.Context, l *ledger.Ledger, id string, stdout io.Writer) error {
	h, err := l.JournalHead(ctx, id)
	if err == nil && h.Note == "" {
		err = ledger.ErrNotFound
	}
	if err != nil {
		return err
	}
	_, err = io.WriteString(stdout, h.Note)
	return err
}

func printHeadKey(ctx context.Context, l *ledger.Ledger, id string, stdout io.Writer) error {
	h, err := l.JournalHead(ctx, id)
	if err == nil && h.Key == "" {
		err = ledger.ErrNotFound
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(stdout, h.Key)
	return err
}

// printEarlierHeads prints the notes of journals that ended with a damaged store; of
// none it prints nothing.
func printEarlierHeads(ctx context.Context, l *ledger.Ledger, id string, stdout io.Writer) error {
	if _, err := l.JournalHead(ctx, id); err != nil {
		return err
	}
	heads, err := l.EarlierHeads(ctx, id)
	if err != nil {
		return err
	}
	for _, h := range heads {
		if _, err := io.WriteString(stdout, h.Note+"\n"); err != nil {
			return err
		}
	}
	return nil
}

func settleHead(ctx context.Context, l *ledger.Ledger, id string, stdout io.Writer) error {
	h, err := l.SettleHead(ctx, id)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "the next head of terminal %s counts from the start; keep what is forgotten here\nalarm: %s\n\n%s\n%s",
		id, cmp.Or(string(h.Alarm), "none"), h.Note, h.AlarmNote)
	return err
}

func standing(c ledger.Certificate, now time.Time) string {
	switch {
	case !c.RevokedAt.IsZero():
		return "revoked"
	case now.After(c.EndsAt):
		return "ended"
	}
	return "stands"
}

func certificateAuthority(args []string, stdout, stderr io.Writer) error {
	f := flag.NewFlagSet("ca", flag.ContinueOnError)
	db := f.String("db", "central.db", "")
	path := f.String("ca", "", "")
	words, err := parse(f, args, stderr)
	if err != nil {
		return err
	}
	if len(words) != 1 || words[0] != "show" && words[0] != "rotate" {
		return usage(stderr, "ca takes show or rotate")
	}
	dir := cmp.Or(*path, authority.Path(*db))
	if words[0] == "rotate" {
		kept, err := authority.Rotate(dir, nil)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(stdout, "the next root is the current one now; start the central again\nas it was: %s\n", kept)
		return err
	}
	ca, err := authority.Read(dir, nil)
	if err != nil {
		return err
	}
	text, err := ca.Trust().PEM()
	if err != nil {
		return err
	}
	_, err = io.WriteString(stdout, text)
	return err
}
