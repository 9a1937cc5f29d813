package main

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"leye/app/api"
	"leye/app/catalogue"
	"leye/app/central/internal/keyring"
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

func printSealed(args []string, stdout, stderr io.Writer) error {
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
	key, err := keyring.Read(cmp.Or(*path, keyring.Path(*db)))
	if err != nil {
		return err
	}
	text, err := os.ReadFile(words[0])
	if err != nil {
		return fmt.Errorf("read sealed application: %w", err)
	}
	o, err := unseal(key, text, *show)
	if err != nil {
		return err
	}
	e := json.NewEncoder(stdout)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(o)
}

func unseal(key *envelope.PrivateKey, text []byte, show bool) (opened, error) {
	sealed, err := envelope.Decode(text)
	if err != nil {
		return opened{}, err
	}
	body, err := key.Open(sealed)
	if err != nil {
		return opened{}, fmt.Errorf("%w: sealed to %s, this is %s", err, sealed.Key.Short(), key.Public().Fingerprint().Short())
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
