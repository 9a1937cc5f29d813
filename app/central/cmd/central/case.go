package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"time"

	"leye/app/catalogue"
	"leye/app/central/internal/console"
	"leye/app/central/internal/ledger"
	"leye/app/central/internal/mask"
	"leye/app/form"
	"leye/assets"
)

// document is a case as `central case` prints it.
type document struct {
	Number        string       `json:"number"`
	ApplicationID string       `json:"applicationId"`
	Service       string       `json:"service"`
	Terminal      string       `json:"terminal"`
	Reference     string       `json:"reference"`
	State         string       `json:"state"`
	Applicant     string       `json:"applicant"`
	AcceptedAt    time.Time    `json:"acceptedAt"`
	Due           string       `json:"due"`
	Desk          string       `json:"desk"`
	Digest        string       `json:"digest"`
	Answers       form.Answers `json:"answers"`
	Events        []event      `json:"events"`
	Notes         []note       `json:"notes"`
}

type event struct {
	At       time.Time `json:"at"`
	Event    string    `json:"event"`
	State    string    `json:"state"`
	Actor    string    `json:"actor"`
	Internal bool      `json:"internal"`
}

type note struct {
	Field string `json:"field"`
	Row   int    `json:"row"`
	Code  string `json:"code"`
}

func printCase(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f := flag.NewFlagSet("case", flag.ContinueOnError)
	db := f.String("db", "central.db", "")
	show := f.Bool("show", false, "")
	words, err := parse(f, args, stderr)
	if err != nil {
		return err
	}
	if len(words) != 1 {
		return usage(stderr, "case takes one case number")
	}
	number, ok := ledger.ParseNumber(words[0])
	if !ok {
		return usage(stderr, "%q is not a case number, or a digit of it is wrong", words[0])
	}
	return inLedger(ctx, *db, func(l *ledger.Ledger) error {
		d, err := read(ctx, l, number, *show)
		if err != nil {
			return err
		}
		return printJSON(stdout, d)
	})
}

func printJSON(stdout io.Writer, v any) error {
	e := json.NewEncoder(stdout)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// read collects a case. Showing personal answers in full is put on record first.
func read(ctx context.Context, l *ledger.Ledger, number string, show bool) (document, error) {
	c, err := l.Case(ctx, number)
	if err != nil {
		return document{}, err
	}
	d := document{
		Number: c.Number, ApplicationID: c.ApplicationID, Service: c.Service, Terminal: c.Terminal,
		Reference: c.Reference, State: c.State, Applicant: c.ApplicantMasked, AcceptedAt: c.AcceptedAt,
		Due: c.Due, Desk: c.Desk, Digest: c.Digest, Events: []event{}, Notes: []note{},
	}
	if show {
		if err := l.Record(ctx, number, console.AnswersShown); err != nil {
			return document{}, err
		}
		d.Applicant = c.Applicant
	}
	if d.Answers, err = answers(ctx, l, c, show); err != nil {
		return document{}, err
	}
	events, err := l.Events(ctx, number)
	if err != nil {
		return document{}, err
	}
	for _, e := range events {
		d.Events = append(d.Events, event(e))
	}
	notes, err := l.Notes(ctx, number)
	if err != nil {
		return document{}, err
	}
	for _, n := range notes {
		d.Notes = append(d.Notes, note(n))
	}
	return d, nil
}

func answers(ctx context.Context, l *ledger.Ledger, c ledger.Case, show bool) (form.Answers, error) {
	body, err := l.Body(ctx, c.Number)
	if err != nil {
		return nil, err
	}
	given, err := mask.Read(body)
	if err != nil {
		return nil, err
	}
	declared, err := catalogue.Load(assets.Catalogue())
	if err != nil {
		return nil, err
	}
	service, _ := declared.Service(c.Service)
	if given = mask.WithoutAuthor(service, given); show {
		return given, nil
	}
	return mask.Answers(declared.Fields(service), given), nil
}

func newPassword(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f := flag.NewFlagSet("password", flag.ContinueOnError)
	db := f.String("db", "central.db", "")
	words, err := parse(f, args, stderr)
	if err != nil {
		return err
	}
	if len(words) > 0 {
		return usage(stderr, "password takes no word %q", words[0])
	}
	return inLedger(ctx, *db, func(l *ledger.Ledger) error {
		password, err := console.ResetPassword(ctx, l)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(stdout, "console password (shown this once):", password)
		return err
	})
}
