package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	_ "modernc.org/sqlite" // reads the central's file: what was kept offline has only a reference

	"leye/scripts/internal/devices"
	"leye/scripts/internal/paper"
)

// Central is the central API, by its URL.
type Central string

// get fetches the case as the slip's holder may see it.
func (c Central) get(ctx context.Context, p paper.Proof) ([]byte, error) {
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
func (l Ledger) find(ctx context.Context, reference string) (paper.Proof, error) {
	if reference == "" {
		return paper.Proof{}, errors.New("find case: the slip has no reference")
	}
	db, err := sql.Open("sqlite", "file:"+string(l)+"?mode=ro&_pragma=busy_timeout(5000)")
	if err != nil {
		return paper.Proof{}, fmt.Errorf("open the central's ledger: %w", err)
	}
	defer db.Close()
	ticker := time.NewTicker(500 * time.Millisecond)
	defer ticker.Stop()
	for {
		found, err := l.rows(ctx, db, reference)
		if err != nil {
			return paper.Proof{}, err
		}
		switch len(found) {
		case 0:
		case 1:
			return found[0], nil
		default:
			return paper.Proof{}, fmt.Errorf("reference %s stands %d times in the central", reference, len(found))
		}
		select {
		case <-ctx.Done():
			return paper.Proof{}, fmt.Errorf("reference %s has not reached the central: %w", reference, ctx.Err())
		case <-ticker.C:
		}
	}
}

// alone demands that one case stands in the ledger: looking it up has filed nothing.
func (l Ledger) alone(ctx context.Context) (err error) {
	db, err := sql.Open("sqlite", "file:"+string(l)+"?mode=ro&_pragma=busy_timeout(5000)")
	if err != nil {
		return fmt.Errorf("open the central's ledger: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var n int
	if err := db.QueryRowContext(ctx, `SELECT count(*) FROM case_file`).Scan(&n); err != nil {
		return fmt.Errorf("count cases: %w", err)
	}
	if n != 1 {
		return fmt.Errorf("count cases: %d stand in the ledger, and the look-up should have filed none", n)
	}
	return nil
}

func (l Ledger) rows(ctx context.Context, db *sql.DB, reference string) (found []paper.Proof, err error) {
	rows, err := db.QueryContext(ctx, `SELECT number, query_code FROM case_file WHERE reference = ?`, reference)
	if err != nil {
		return nil, fmt.Errorf("find case: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		p := paper.Proof{Reference: reference}
		if err := rows.Scan(&p.Number, &p.QueryCode); err != nil {
			return nil, fmt.Errorf("find case: %w", err)
		}
		found = append(found, p)
	}
	return found, rows.Err()
}
