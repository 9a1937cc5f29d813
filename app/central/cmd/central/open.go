package main

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/user"
	"strconv"
	"time"

	"leye/app/api"
	"leye/app/catalogue"
	"leye/app/central/internal/keyring"
	"leye/app/central/internal/ledger"
	"leye/app/central/internal/mask"
	"leye/app/envelope"
	"leye/app/form"
	"leye/assets"
)

// opened is an application as `central open` prints it.
type opened struct {
	ApplicationID string       `json:"applicationId"`
	Service       string       `json:"service"`
	Terminal      string       `json:"terminal"`
	Reference     string       `json:"reference"`
	FiledAt       time.Time    `json:"filedAt"`
	Digest        string       `json:"digest"`
	Answers       form.Answers `json:"answers"`
}

func printSealed(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f := flag.NewFlagSet("open", flag.ContinueOnError)
	db := f.String("db", "central.db", "")
	path := f.String("seal-key", "", "")
	show := f.Bool("show", false, "")
	words, err := parse(f, args, stderr)
	if err != nil {
		return err
	}
	if len(words) != 1 {
		return usage(stderr, "open takes one file")
	}
	keys, err := keyring.Read(cmp.Or(*path, keyring.Path(*db)))
	if err != nil {
		return err
	}
	text, err := os.ReadFile(words[0])
	if err != nil {
		return fmt.Errorf("read sealed application: %w", err)
	}
	o, err := unseal(keys, text, *show)
	if err != nil {
		return err
	}
	if *show {
		if err := record(ctx, *db, o); err != nil {
			return err
		}
	}
	return printJSON(stdout, o)
}

// record puts the look where no later one can deny it, before anything is shown.
func record(ctx context.Context, db string, o opened) error {
	actor := "uid " + strconv.Itoa(os.Getuid()) // where it has no name
	if who, err := user.Current(); err == nil {
		actor = who.Username
	}
	err := inLedger(ctx, db, func(l *ledger.Ledger) error {
		return l.AddLook(ctx, ledger.Look{
			Actor: actor, Application: o.ApplicationID, Terminal: o.Terminal, Reference: o.Reference, Digest: o.Digest,
		})
	})
	if err != nil {
		return fmt.Errorf("put the look on record: %w", err)
	}
	return nil
}

func looks(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f := flag.NewFlagSet("looks", flag.ContinueOnError)
	db := f.String("db", "central.db", "")
	words, err := parse(f, args, stderr)
	if err != nil {
		return err
	}
	if len(words) > 0 {
		return usage(stderr, "looks takes no word %q", words[0])
	}
	return inLedger(ctx, *db, func(l *ledger.Ledger) error {
		all, err := l.Looks(ctx)
		if err != nil {
			return err
		}
		w := newTable(stdout, "AT", "BY", "TERMINAL", "REFERENCE", "APPLICATION", "DIGEST")
		for _, k := range all {
			w.row(when(k.At), k.Actor, k.Terminal, k.Reference, k.Application, k.Digest)
		}
		return w.Flush()
	})
}

func unseal(keys *keyring.Ring, text []byte, show bool) (opened, error) {
	sealed, err := envelope.Decode(text)
	if err != nil {
		return opened{}, err
	}
	key := keys.Key(sealed.Key)
	if key == nil {
		return opened{}, fmt.Errorf("%w: sealed to %s, this is %s", envelope.ErrUnreadable, sealed.Key.Short(), keys.Public().Fingerprint().Short())
	}
	body, err := key.Open(sealed)
	if err != nil {
		return opened{}, err
	}
	var a api.Application
	if json.Unmarshal(body, &a) != nil {
		return opened{}, fmt.Errorf("read sealed application: what is inside is none")
	}
	given, err := mask.Read(body)
	if err != nil {
		return opened{}, err
	}
	declared, err := catalogue.Load(assets.Catalogue())
	if err != nil {
		return opened{}, err
	}
	service, _ := declared.Service(a.Service)
	if given = mask.WithoutAuthor(service, given); !show {
		given = mask.Answers(declared.Fields(service), given)
	}
	return opened{a.Id, a.Service, a.Terminal, a.Reference, a.FiledAt, envelope.Digest(sealed.Body), given}, nil
}
