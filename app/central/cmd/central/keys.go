package main

import (
	"cmp"
	"flag"
	"fmt"
	"io"
	"time"

	"leye/app/central/internal/keyring"
)

// keys shows the public halves only, or puts another key in place.
func keys(args []string, stdout, stderr io.Writer) error {
	f := flag.NewFlagSet("keys", flag.ContinueOnError)
	db := f.String("db", "central.db", "")
	path := f.String("seal-key", "", "")
	words, err := parse(f, args, stderr)
	if err != nil {
		return err
	}
	at := cmp.Or(*path, keyring.Path(*db))
	switch {
	case len(words) == 0:
		return printKeys(at, stdout)
	case len(words) == 1 && words[0] == "rotate":
		return rotateKeys(at, stdout)
	}
	return usage(stderr, "keys takes no word %q", words[0])
}

// printKeys begins with what is short enough to compare on the telephone, and with
// what a terminal's configuration takes.
func printKeys(path string, stdout io.Writer) error {
	ring, err := keyring.Read(path)
	if err != nil {
		return err
	}
	public := ring.Public()
	_, err = fmt.Fprintf(stdout, "fingerprint: %s\nseal_key = %q\n%s\n", public.Fingerprint().Short(), public, aged("current", ring.Current()))
	for _, k := range ring.Older() {
		if err == nil {
			_, err = fmt.Fprintf(stdout, "%s, %s\n", aged("opens only: "+k.Key.Public().Fingerprint().Short(), k), k.Path)
		}
	}
	return err
}

func aged(what string, k keyring.Kept) string {
	return fmt.Sprintf("%s, since %s, %d days", what, k.Since.In(shanghai).Format(minute), int(time.Since(k.Since).Hours()/24))
}

func rotateKeys(path string, stdout io.Writer) error {
	ring, kept, err := keyring.Rotate(path, time.Now())
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "terminals are to seal to %s; start the central again, keep a copy of %s\nthe key before opens what they hold: %s\n",
		ring.Public().Fingerprint().Short(), path, kept)
	return err
}
