package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"leye/app/proof"
	"leye/app/terminal/internal/identity"
	"leye/app/terminal/internal/journal"
	"leye/app/terminal/internal/store"
)

// Exit codes of audit verify alone; see [command.own].
const (
	exitBroken    = 3
	exitTruncated = 4
)

func auditVerifyCommand() command {
	return command{
		name:    "audit verify",
		summary: "prove that no line of the journal was changed, moved, taken out or cut off",
		about: "Without --file it reads this terminal's own journal; with it, what audit export wrote, on any machine.\n" +
			"The chain alone cannot show that the newest lines were cut off, nor that all was written anew: give it the\n" +
			"head that the central keeps (central terminals head ID) and the key that signed it (central terminals key\n" +
			"ID; on the terminal itself, its own when none is given). The code on a day's slip says a head too.",
		examples: []string{
			"audit verify",
			"audit verify --head PT01.note",
			"audit verify --file PT01.journal --head PT01.note --pub PT01+1d5a3c90+AUvx...",
		},
		exits: []int{exitFailed, exitBroken, exitTruncated},
		own: map[int]string{
			exitFailed:    "failed, or the head is of a journal that ended with a damaged store",
			exitBroken:    "broken: a line was changed, moved or taken out, or the head is another's",
			exitTruncated: "truncated: lines are gone from the end",
		},
		bind: func(f *flag.FlagSet) action {
			var configs files
			configs.bind(f)
			var a auditing
			f.StringVar(&a.file, "file", "", "exported journal, as a `FILE`; - for standard input")
			f.StringVar(&a.note, "head", "", "head that was given away, as a `FILE`")
			f.StringVar(&a.key, "pub", "", "public `KEY` that signed the head")
			return func(ctx context.Context, _ []string, s streams) error {
				known, err := a.known(configs)
				if err != nil {
					return err
				}
				now, err := a.verify(ctx, configs, s.in, journal.Head{Seq: known.Seq, Hash: known.Hash, Generation: known.Generation})
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(s.out, "ok, lines: %d, newest: %s\n%s\n", now.Seq, now.Hash, a.said(known))
				return err
			}
		},
	}
}

// auditing is what one verification goes by.
type auditing struct{ file, note, key string }

// known is the head that was given away, when one is named.
func (a auditing) known(configs files) (proof.Head, error) {
	switch {
	case a.note == "" && a.key != "":
		return proof.Head{}, wrongUsage("verify journal: --pub says who signed a head: give --head")
	case a.note == "":
		return proof.Head{}, nil
	case a.key == "" && a.file != "":
		return proof.Head{}, wrongUsage("verify journal: who signed the head? give --pub")
	}
	text, err := os.ReadFile(a.note)
	if err != nil {
		return proof.Head{}, fmt.Errorf("verify journal: %w", err)
	}
	if a.key == "" {
		if a.key, err = ownKey(configs); err != nil {
			return proof.Head{}, err
		}
	}
	head, err := proof.OpenHead(string(text), a.key)
	switch {
	case errors.Is(err, proof.ErrKey):
		return proof.Head{}, wrongUsage("verify journal: --pub: %w", err)
	case err != nil:
		return proof.Head{}, &failure{exitBroken, fmt.Errorf("verify journal: %w", err), ""}
	}
	return head, nil
}

func ownKey(configs files) (string, error) {
	cfg, err := configs.load()
	if err != nil {
		return "", err
	}
	id, err := identity.Load(cfg.Store.Dir)
	if err != nil {
		return "", &failure{exitFailed, fmt.Errorf("verify journal: %w", err), "give the key with --pub"}
	}
	_, key, err := proof.Holder(id.Certificate())
	if err != nil {
		return "", err
	}
	return proof.HeadKey(id.Name(), key)
}

func (a auditing) verify(ctx context.Context, configs files, in io.Reader, known journal.Head) (now journal.Head, err error) {
	switch a.file {
	case "":
		now, err = verifyOwn(ctx, configs, known)
	case "-":
		now, err = journal.VerifyExport(in, known)
	default:
		f, e := os.Open(a.file)
		if e != nil {
			return now, fmt.Errorf("verify journal: %w", e)
		}
		now, err = journal.VerifyExport(f, known)
		err = errors.Join(err, f.Close())
	}
	var broken *journal.Broken
	var truncated *journal.Truncated
	var restarted *journal.Restarted
	switch {
	case errors.As(err, &broken):
		return now, &failure{exitBroken, fmt.Errorf("verify journal: %w", err), ""}
	case errors.As(err, &truncated):
		return now, &failure{exitTruncated, fmt.Errorf("verify journal: %w", err), ""}
	case errors.As(err, &restarted):
		return now, &failure{exitFailed, fmt.Errorf("verify journal: %w", err), "kioskctl audit export --earlier, and verify that against the head"}
	case err != nil:
		return now, fmt.Errorf("verify journal: %w", err)
	}
	return now, nil
}

func verifyOwn(ctx context.Context, configs files, known journal.Head) (now journal.Head, err error) {
	err = withJournal(ctx, configs, func(j *journal.Journal) error {
		now, err = j.Verify(ctx, known)
		return err
	})
	return now, err
}

// withJournal opens this terminal's journal for reading.
func withJournal(ctx context.Context, configs files, f func(*journal.Journal) error) error {
	return withStore(ctx, configs, func(db *store.Store) error { return f(journal.New(db, journal.Options{})) })
}

// said tells what the result rests on.
func (a auditing) said(known proof.Head) string {
	if a.note == "" {
		return "by the chain alone: lines cut off from the end would not show"
	}
	return fmt.Sprintf("agrees with the head of terminal %s at line %d", known.Terminal, known.Seq)
}

func auditExportCommand() command {
	return command{
		name:    "audit export",
		summary: "print the journal, a line of JSON for each line, for audit verify --file",
		about: "It is printed as it lies, broken or not, and holds no personal data: applications are named by their\n" +
			"random keys. When a damaged store was exchanged for another the journal began anew: --earlier 0 prints\n" +
			"what could be read of the first one.",
		examples: []string{"audit export > PT01.journal", "audit export --earlier 0 > PT01.first.journal", "audit export --config terminal.toml | gzip > PT01.journal.gz"},
		exits:    []int{exitFailed},
		bind: func(f *flag.FlagSet) action {
			var configs files
			configs.bind(f)
			earlier := f.Int64("earlier", -1, "journal that ended with a damaged store, by its `NUMBER` from 0")
			return func(ctx context.Context, _ []string, s streams) error {
				return withJournal(ctx, configs, func(j *journal.Journal) error {
					if *earlier >= 0 {
						return j.ExportEarlier(ctx, *earlier, s.out)
					}
					return j.Export(ctx, s.out)
				})
			}
		},
	}
}
