package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"time"

	_ "modernc.org/sqlite" // reads the central's file: what was kept offline has only a reference

	"leye/scripts/internal/devices"
)

// Proof is what a slip lets its holder ask with.
type Proof struct {
	Number    string // case number, of the central
	QueryCode string
	Reference string // of the terminal
}

var (
	numberShape    = regexp.MustCompile(`\b\d{3}-\d{3}-\d{6}-\d{4,}-[\dX]\b`)
	referenceShape = regexp.MustCompile(`\b[A-Z]{2}\d{2,4}-\d{4}-\d{4,6}-[2-9A-HJKMNP-Z]\b`)
	codeShape      = regexp.MustCompile(`(?:查询码|[Qq]uery code)[^\d]{0,40}(\d{6})\b`)
)

// ReadSlip finds the number, the query code and the reference in a slip's text.
func ReadSlip(text string) Proof {
	p := Proof{Number: numberShape.FindString(text), Reference: referenceShape.FindString(text)}
	if m := codeShape.FindStringSubmatch(text); m != nil {
		p.QueryCode = m[1]
	}
	return p
}

// Central is the central API, by its URL.
type Central string

// get fetches the case as the slip's holder may see it.
func (c Central) get(ctx context.Context, p Proof) ([]byte, error) {
	if p.Number == "" || p.QueryCode == "" {
		return nil, fmt.Errorf("fetch case: the slip has number %q and query code %q", p.Number, p.QueryCode)
	}
	header := http.Header{"Query-Code": {p.QueryCode}}
	data, err := devices.Call(ctx, http.MethodGet, string(c)+"/v1/cases/"+url.PathEscape(p.Number), header)
	if err != nil {
		return nil, fmt.Errorf("fetch case: %w", err)
	}
	if !json.Valid(data) {
		return nil, errors.New("fetch case: the central's answer is no JSON")
	}
	return data, nil
}

// Ledger is the central's database file. The API answers only to a number, and
// what was kept while the central was away has none on paper.
type Ledger string

// find waits until the application with this reference stands in the ledger, and
// demands that it stands there once.
func (l Ledger) find(ctx context.Context, reference string) (Proof, error) {
	if reference == "" {
		return Proof{}, errors.New("find case: the slip has no reference")
	}
	db, err := sql.Open("sqlite", "file:"+string(l)+"?mode=ro&_pragma=busy_timeout(5000)")
	if err != nil {
		return Proof{}, fmt.Errorf("open the central's ledger: %w", err)
	}
	defer db.Close()
	ticker := time.NewTicker(500 * time.Millisecond)
	defer ticker.Stop()
	for {
		found, err := l.rows(ctx, db, reference)
		if err != nil {
			return Proof{}, err
		}
		switch len(found) {
		case 0:
		case 1:
			return found[0], nil
		default:
			return Proof{}, fmt.Errorf("reference %s stands %d times in the central", reference, len(found))
		}
		select {
		case <-ctx.Done():
			return Proof{}, fmt.Errorf("reference %s has not reached the central: %w", reference, ctx.Err())
		case <-ticker.C:
		}
	}
}

func (l Ledger) rows(ctx context.Context, db *sql.DB, reference string) (found []Proof, err error) {
	rows, err := db.QueryContext(ctx, `SELECT number, query_code FROM case_file WHERE reference = ?`, reference)
	if err != nil {
		return nil, fmt.Errorf("find case: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		p := Proof{Reference: reference}
		if err := rows.Scan(&p.Number, &p.QueryCode); err != nil {
			return nil, fmt.Errorf("find case: %w", err)
		}
		found = append(found, p)
	}
	return found, rows.Err()
}
