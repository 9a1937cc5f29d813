package main

import (
	"cmp"
	"flag"
	"fmt"
	"io"

	"leye/app/central/internal/keyring"
)

// printKeys shows the public half only. The second line is what a terminal's
// configuration takes; the first is short enough to compare on the telephone.
func printKeys(args []string, stdout, stderr io.Writer) error {
	f := flag.NewFlagSet("keys", flag.ContinueOnError)
	db := f.String("db", "central.db", "")
	path := f.String("seal-key", "", "")
	words, err := parse(f, args, stderr)
	if err != nil {
		return err
	}
	if len(words) > 0 {
		return usage(stderr, "keys takes no word %q", words[0])
	}
	key, err := keyring.Read(cmp.Or(*path, keyring.Path(*db)))
	if err != nil {
		return err
	}
	public := key.Public()
	_, err = fmt.Fprintf(stdout, "fingerprint: %s\nseal_key = %q\n", public.Fingerprint().Short(), public)
	return err
}
