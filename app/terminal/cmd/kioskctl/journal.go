package main

import (
	"context"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"strconv"
	"strings"

	"leye/app/terminal/internal/journal"
)

func journalVerifyCommand() command {
	return command{
		name:    "journal verify",
		summary: "prove that no line of the journal was changed, moved or taken out",
		about: "That the newest lines were cut off shows only against a head that was noted before: give it with\n" +
			"--known. What is printed is the head of today.",
		examples: []string{"journal verify", "journal verify --known 1042:HASH"},
		exits:    []int{exitFailed},
		bind: func(f *flag.FlagSet) action {
			var configs files
			configs.bind(f)
			var known head
			f.Var(&known, "known", "`HEAD` of an earlier time, as this command printed it")
			return func(ctx context.Context, _ []string, s streams) error {
				now, err := verify(ctx, configs, journal.Head(known))
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(s.out, "ok, lines: %d\nhead: %s\n", now.Seq, (*head)(&now))
				return err
			}
		},
	}
}

func verify(ctx context.Context, configs files, known journal.Head) (now journal.Head, err error) {
	cfg, err := configs.load()
	if err != nil {
		return now, err
	}
	db, err := openStore(ctx, cfg)
	if err != nil {
		return now, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	now, err = journal.New(db, journal.Options{}).Verify(ctx, known)
	if err != nil {
		return now, fmt.Errorf("verify journal: %w", err)
	}
	return now, nil
}

// head is a journal.Head as one word: SEQ:HASH.
type head journal.Head

func (h *head) String() string {
	if h.Hash == "" {
		return ""
	}
	return fmt.Sprintf("%d:%s", h.Seq, h.Hash)
}

// Set reads what String wrote.
func (h *head) Set(s string) error {
	seq, hash, _ := strings.Cut(s, ":")
	n, err := strconv.ParseInt(seq, 10, 64)
	if sum, e := hex.DecodeString(hash); err != nil || e != nil || n < 1 || len(sum) != 32 {
		return errors.New("want SEQ:HASH")
	}
	*h = head{n, strings.ToLower(hash)}
	return nil
}
