package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Filing is an application that was found right, and what it opens.
type Filing struct {
	ID               string // idempotency key
	Digest           string // SHA-256 of Body, hex
	Body             []byte `json:"-"` // exactly the bytes that came
	Sender           string // the terminal that sent it; empty when the transport does not say
	Service          string
	Terminal         string
	Reference        string
	Language         string
	CatalogueVersion string
	FiledAt          time.Time
	Applicant        string // full name, or empty when nobody is named
	ApplicantMasked  string
	Event            string // event of the case machine that opened the case
	State            string // the state after it
	Due              string // YYYY-MM-DD or empty
	Desk             string
	Notes            []Note
}

// Note is something about an application that staff should look at.
type Note struct {
	Field string // key of the field, or empty
	Row   int    // row of a repeat; -1 outside
	Code  string
}

// Case is one case as it stands.
type Case struct {
	Number          string
	ApplicationID   string
	Service         string
	Terminal        string
	Reference       string
	QueryCode       string
	State           string
	Applicant       string // full name; never leaves the process unmasked by itself
	ApplicantMasked string
	AcceptedAt      time.Time
	Due             string
	Desk            string
	Digest          string // of the application's body
}

// Event is one thing that happened to a case.
type Event struct {
	At       time.Time
	Event    string
	State    string // the state after it
	Actor    string // terminal, staff or system
	Internal bool   // for staff only
}

const caseColumns = `c.number, c.application_id, c.service, c.terminal, c.reference, c.query_code, c.state,
	c.applicant, c.applicant_masked, c.accepted_at, c.due, c.desk, a.digest`

const fromCases = ` FROM case_file c JOIN application a ON a.id = c.application_id `

type row interface{ Scan(...any) error }

func scanCase(r row) (Case, error) {
	var c Case
	var accepted int64
	err := r.Scan(&c.Number, &c.ApplicationID, &c.Service, &c.Terminal, &c.Reference, &c.QueryCode, &c.State,
		&c.Applicant, &c.ApplicantMasked, &accepted, &c.Due, &c.Desk, &c.Digest)
	c.AcceptedAt = fromMillis(accepted)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	return c, err
}

// File records f and opens its case, in one transaction that is on disk when
// File returns. When the same body was filed under the same id before, it
// returns that case and repeated; when another body was, ErrConflict, and when
// another terminal holds it, ErrFenced.
func (l *Ledger) File(ctx context.Context, f Filing) (c Case, repeated bool, err error) {
	code, err := queryCode()
	if err != nil {
		return Case{}, false, fmt.Errorf("file application: %w", err)
	}
	err = l.change(ctx, func(tx *sql.Tx) error {
		now := l.now()
		if _, err := home(ctx, tx, f.Sender, f.ID); err != nil {
			return err
		}
		first, err := insertApplication(ctx, tx, f, now)
		if err != nil {
			return err
		}
		if !first {
			repeated = true
			c, err = filed(ctx, tx, f.ID, f.Digest)
			return err
		}
		c, err = l.openCase(ctx, tx, f, code, now)
		return err
	})
	if err != nil {
		return Case{}, false, fmt.Errorf("file application: %w", err)
	}
	return c, repeated, nil
}

// Filed returns the case of the application with this id, ErrNotFound when
// there is none yet and ErrConflict when its body had another digest.
func (l *Ledger) Filed(ctx context.Context, id, digest string) (Case, error) {
	c, err := filed(ctx, l.db.read, id, digest)
	if err != nil {
		return Case{}, fmt.Errorf("find application: %w", err)
	}
	return c, nil
}

type querier interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
}

func filed(ctx context.Context, q querier, id, digest string) (Case, error) {
	c, err := scanCase(q.QueryRowContext(ctx, `SELECT `+caseColumns+fromCases+`WHERE a.id = $1`, id))
	if err != nil {
		return Case{}, err
	}
	if c.Digest != digest {
		return Case{}, ErrConflict
	}
	return c, nil
}

func insertApplication(ctx context.Context, tx *sql.Tx, f Filing, now time.Time) (first bool, err error) {
	done, err := tx.ExecContext(ctx, `INSERT INTO application
		(id, digest, body, language, catalogue_version, filed_at, received_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING`,
		f.ID, f.Digest, string(f.Body), f.Language, f.CatalogueVersion, millis(f.FiledAt), millis(now))
	if err != nil {
		return false, err
	}
	n, err := done.RowsAffected()
	return n == 1, err
}

func (l *Ledger) openCase(ctx context.Context, tx *sql.Tx, f Filing, code string, now time.Time) (Case, error) {
	prefix := numberPrefix(l.centre, f.Service, now)
	var serial int
	if err := tx.QueryRowContext(ctx, `INSERT INTO serial (prefix, last) VALUES ($1, 1)
		ON CONFLICT (prefix) DO UPDATE SET last = serial.last + 1 RETURNING last`, prefix).Scan(&serial); err != nil {
		return Case{}, err
	}
	c := Case{
		Number: number(prefix, serial), ApplicationID: f.ID, Service: f.Service, Terminal: f.Terminal,
		Reference: f.Reference, QueryCode: code, State: f.State, Applicant: f.Applicant,
		ApplicantMasked: f.ApplicantMasked, AcceptedAt: fromMillis(millis(now)), Due: f.Due, Desk: f.Desk, Digest: f.Digest,
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO case_file
		(number, application_id, service, terminal, reference, query_code, state, applicant, applicant_masked,
		accepted_at, due, desk) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		c.Number, c.ApplicationID, c.Service, c.Terminal, c.Reference, c.QueryCode, c.State, c.Applicant,
		c.ApplicantMasked, millis(now), c.Due, c.Desk); err != nil {
		return Case{}, err
	}
	for i, n := range f.Notes {
		if _, err := tx.ExecContext(ctx, `INSERT INTO case_note (number, seq, field, line, code)
			VALUES ($1, $2, $3, $4, $5)`, c.Number, i, n.Field, n.Row, n.Code); err != nil {
			return Case{}, err
		}
	}
	return c, insertEvent(ctx, tx, c.Number, Event{At: now, Event: f.Event, State: f.State, Actor: "terminal"})
}

func insertEvent(ctx context.Context, tx *sql.Tx, number string, e Event) error {
	internal := 0
	if e.Internal {
		internal = 1
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO case_event (number, seq, at, event, state, actor, internal)
		VALUES ($1, (SELECT COUNT(*) FROM case_event WHERE number = $1), $2, $3, $4, $5, $6)`,
		number, millis(e.At), e.Event, e.State, e.Actor, internal)
	return err
}

// Case returns the case with this number, or ErrNotFound.
func (l *Ledger) Case(ctx context.Context, number string) (Case, error) {
	c, err := scanCase(l.db.read.QueryRowContext(ctx, `SELECT `+caseColumns+fromCases+`WHERE c.number = $1`, number))
	if err != nil {
		return Case{}, fmt.Errorf("find case: %w", err)
	}
	return c, nil
}

// Body returns the application behind a case as it came.
func (l *Ledger) Body(ctx context.Context, number string) ([]byte, error) {
	var body string
	err := l.db.read.QueryRowContext(ctx, `SELECT a.body`+fromCases+`WHERE c.number = $1`, number).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read application: %w", err)
	}
	return []byte(body), nil
}

// Events returns what happened to a case, oldest first.
func (l *Ledger) Events(ctx context.Context, number string) ([]Event, error) {
	rows, err := l.db.read.QueryContext(ctx, `SELECT at, event, state, actor, internal FROM case_event
		WHERE number = $1 ORDER BY seq`, number)
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	return collect(rows, func(r row) (Event, error) {
		var e Event
		var at int64
		var internal int
		err := r.Scan(&at, &e.Event, &e.State, &e.Actor, &internal)
		e.At, e.Internal = fromMillis(at), internal != 0
		return e, err
	})
}

// Notes returns what intake noted about a case.
func (l *Ledger) Notes(ctx context.Context, number string) ([]Note, error) {
	rows, err := l.db.read.QueryContext(ctx, `SELECT field, line, code FROM case_note WHERE number = $1 ORDER BY seq`, number)
	if err != nil {
		return nil, fmt.Errorf("read notes: %w", err)
	}
	return collect(rows, func(r row) (Note, error) {
		var n Note
		err := r.Scan(&n.Field, &n.Row, &n.Code)
		return n, err
	})
}

// Record adds an event that staff caused and that leaves the case's state as it
// is, such as looking at masked answers.
func (l *Ledger) Record(ctx context.Context, number, event string) error {
	err := l.change(ctx, func(tx *sql.Tx) error {
		var state string
		err := tx.QueryRowContext(ctx, `SELECT state FROM case_file WHERE number = $1`, number).Scan(&state)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrNotFound
		}
		if err != nil {
			return err
		}
		return insertEvent(ctx, tx, number, Event{At: l.now(), Event: event, State: state, Actor: "staff", Internal: true})
	})
	if err != nil {
		return fmt.Errorf("record event: %w", err)
	}
	return nil
}

// Query chooses cases for a list, newest first.
type Query struct {
	Search   string // number or its start, reference, or an applicant's whole name
	Service  string // id, or empty for all
	Terminal string // id, or empty for all
	Before   string // number of the last case of the page before
	Limit    int    // 1 to 200; 50 when 0
}

// Page is one page of cases.
type Page struct {
	Cases []Case
	Next  string // Before of the next page, or empty
	Total int    // cases that the query chooses, on all pages
}

// Cases returns one page of the cases that q chooses.
func (l *Ledger) Cases(ctx context.Context, q Query) (Page, error) {
	if q.Limit <= 0 || q.Limit > 200 {
		q.Limit = 50
	}
	where, args := q.where()
	var page Page
	if err := l.db.read.QueryRowContext(ctx, `SELECT COUNT(*) FROM case_file c`+where, args...).Scan(&page.Total); err != nil {
		return Page{}, fmt.Errorf("list cases: %w", err)
	}
	if q.Before != "" {
		args = append(args, q.Before)
		where = and(where, fmt.Sprintf(`(c.accepted_at, c.number) < (SELECT b.accepted_at, b.number FROM case_file b
			WHERE b.number = $%d)`, len(args)))
	}
	rows, err := l.db.read.QueryContext(ctx, `SELECT `+caseColumns+fromCases+where+
		fmt.Sprintf(` ORDER BY c.accepted_at DESC, c.number DESC LIMIT %d`, q.Limit+1), args...)
	if err != nil {
		return Page{}, fmt.Errorf("list cases: %w", err)
	}
	page.Cases, err = collect(rows, scanCase)
	if err != nil {
		return Page{}, fmt.Errorf("list cases: %w", err)
	}
	if len(page.Cases) > q.Limit {
		page.Cases = page.Cases[:q.Limit]
		page.Next = page.Cases[q.Limit-1].Number
	}
	return page, nil
}

// where builds the condition; every value goes through a parameter.
func (q Query) where() (string, []any) {
	var where string
	var args []any
	if s := strings.TrimSpace(q.Search); s != "" {
		if n, ok := ParseNumber(s); ok {
			s = n
		}
		args = append(args, escapeLike(s)+"%", s)
		where = and(where, `(c.number LIKE $1 ESCAPE '\' OR c.reference = $2 OR c.application_id = $2 OR c.applicant = $2)`)
	}
	if q.Service != "" {
		args = append(args, q.Service)
		where = and(where, fmt.Sprintf(`c.service = $%d`, len(args)))
	}
	if q.Terminal != "" {
		args = append(args, q.Terminal)
		where = and(where, fmt.Sprintf(`c.terminal = $%d`, len(args)))
	}
	return where, args
}

func and(where, condition string) string {
	if where == "" {
		return " WHERE " + condition
	}
	return where + " AND " + condition
}

func escapeLike(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}

// collect scans all rows and closes them.
func collect[T any](rows *sql.Rows, scan func(row) (T, error)) ([]T, error) {
	defer rows.Close()
	var all []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, rows.Err()
}
