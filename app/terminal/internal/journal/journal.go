// Package journal keeps the record of what the terminal did: an append-only
// table whose lines are chained by hashes, so that a change, a gap or a swap is
// found. It holds no personal data: an entry is named by its random key.
//
// The chain alone cannot show that the newest lines were cut off, nor that lines were
// written anew with all that follow; that is seen by comparing with a [Head] that was
// given away before. The central keeps the highest one of the heartbeats, and is shown
// the lines since with each.
//
// When a damaged store was exchanged for another a new chain begins, whose first
// line says so, and the generation in the head says that it is another: the lines
// before, as far as they could be read, are kept beside it.
package journal

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"leye/app/proof"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/store"
)

// Journal writes to and reads from the table in one store.
type Journal struct {
	db  *store.Store
	now func() time.Time

	// What Add wrote last, touched only inside writing transactions, of which
	// there is one at a time. It is a guess at where the journal ends: the
	// transaction may have been undone, or another program gone on.
	seq  int64
	hash []byte
}

// Options for [New]; the zero value is right for the terminal.
type Options struct {
	Now func() time.Time
}

// New gives the journal that lies in db.
func New(db *store.Store, opt Options) *Journal {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	return &Journal{db: db, now: opt.Now}
}

// Head names the newest line.
type Head struct {
	Seq        int64
	Hash       string // SHA-256, hex; empty when there is no line
	Generation int64  // of the store: how many damaged ones there were before
}

// Line is one record.
type Line struct {
	Seq   int64
	At    time.Time
	Event string
	Entry kiosk.ApplicationID
	Code  string
	Hash  string
}

// Add appends inside a transaction of the caller, so that a change and its
// record are kept together or not at all.
func (j *Journal) Add(ctx context.Context, tx *sql.Tx, e kiosk.Event) error {
	if e.At.IsZero() {
		e.At = j.now()
	}
	added, err := j.follow(ctx, tx, e)
	if err == nil && !added {
		if err := j.end(ctx, tx); err != nil {
			return fmt.Errorf("read the journal's head: %w", err)
		}
		added, err = j.follow(ctx, tx, e)
	}
	if err == nil && !added {
		err = errors.New("the line does not follow the newest")
	}
	if err != nil {
		return fmt.Errorf("append to the journal: %w", err)
	}
	return nil
}

// follow appends if the journal ends where it is thought to end.
func (j *Journal) follow(ctx context.Context, tx *sql.Tx, e kiosk.Event) (bool, error) {
	seq, hash := j.seq+1, sum(j.seq+1, e, j.hash)
	done, err := tx.ExecContext(ctx, `INSERT OR IGNORE INTO journal (seq, at, event, entry, code, prev, hash)
		VALUES (?1, ?2, ?3, ?4, ?5, CASE WHEN ?1 = 1 THEN x'' ELSE (SELECT hash FROM journal WHERE seq = ?1 - 1 AND hash = ?6) END, ?7)`,
		seq, e.At.UnixMilli(), e.Name, string(e.Entry), e.Code, j.hash, hash)
	if err != nil {
		return false, err
	}
	n, err := done.RowsAffected()
	if err == nil && n == 1 {
		j.seq, j.hash = seq, hash
	}
	return n == 1, err
}

// end looks where the journal ends.
func (j *Journal) end(ctx context.Context, tx *sql.Tx) error {
	j.seq, j.hash = 0, nil
	err := tx.QueryRowContext(ctx, "SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1").Scan(&j.seq, &j.hash)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return err
}

// Append adds one event in a transaction of its own.
func (j *Journal) Append(ctx context.Context, e kiosk.Event) error {
	return j.db.Tx(ctx, func(tx *sql.Tx) error { return j.Add(ctx, tx, e) })
}

// sum is the hash of the line that follows one with the hash prev.
func sum(seq int64, e kiosk.Event, prev []byte) []byte {
	return proof.Line{At: e.At.UnixMilli(), Event: e.Name, Entry: string(e.Entry), Code: e.Code}.Sum(seq, prev)
}

// Head reads the newest line's name.
func (j *Journal) Head(ctx context.Context) (Head, error) {
	var head Head
	err := j.db.View(ctx, func(tx *sql.Tx) (err error) {
		head, err = newest(ctx, tx)
		return err
	})
	if err != nil {
		return Head{}, fmt.Errorf("read the journal's head: %w", err)
	}
	return head, nil
}

func newest(ctx context.Context, tx *sql.Tx) (Head, error) {
	n, err := store.Generation(ctx, tx)
	if err != nil {
		return Head{}, err
	}
	head := Head{Generation: n}
	var hash []byte
	err = tx.QueryRowContext(ctx, "SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1").Scan(&head.Seq, &hash)
	if errors.Is(err, sql.ErrNoRows) {
		return head, nil
	}
	head.Hash = hex.EncodeToString(hash)
	return head, err
}

// Tally counts the lines since a moment by their events, and names the newest line
// of all, both as of one instant.
func (j *Journal) Tally(ctx context.Context, since time.Time) (events map[string]int, head Head, err error) {
	events = map[string]int{}
	err = j.db.View(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, "SELECT event, count(*) FROM journal WHERE at >= ? GROUP BY event", since.UnixMilli())
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var event string
			var n int
			if err := rows.Scan(&event, &n); err != nil {
				return err
			}
			events[event] = n
		}
		if err := rows.Err(); err != nil {
			return err
		}
		head, err = newest(ctx, tx)
		return err
	})
	if err != nil {
		return nil, Head{}, fmt.Errorf("tally the journal: %w", err)
	}
	return events, head, nil
}

// Verify reads the whole journal and returns its head, or a [*Broken]. With a
// known head that was taken earlier it also finds lines that were rewritten since,
// and lines that were cut off: a [*Truncated]. Of a journal that ended with a damaged
// store a head says nothing about this one: a [*Restarted]. The zero Head asks for
// nothing more than the chain.
func (j *Journal) Verify(ctx context.Context, known Head) (Head, error) {
	c := chain{known: known}
	var generation int64
	if known.Seq > 0 {
		now, err := j.Head(ctx)
		if err != nil {
			return Head{}, err
		}
		if generation = now.Generation; generation != known.Generation {
			c.known = Head{}
		}
	}
	err := j.each(ctx, c.add)
	c.head.Generation = generation
	switch {
	case err != nil:
		return c.head, err
	case generation != known.Generation:
		return c.head, &Restarted{generation, known.Generation}
	}
	return c.head, c.end()
}

// Intact reports what is wrong with a line that was read out of a damaged file.
// Whether lines are missing beside it, the chain says when all are there.
func Intact(r store.Row) error {
	e := kiosk.Event{At: time.UnixMilli(r.Int("at")), Name: r.Text("event"), Entry: kiosk.ApplicationID(r.Text("entry")), Code: r.Text("code")}
	if !bytes.Equal(sum(r.Int("seq"), e, r.Blob("prev")), r.Blob("hash")) {
		return errors.New("its content does not fit its hash")
	}
	return nil
}

// Lines calls f for each line, oldest first, until it returns an error.
func (j *Journal) Lines(ctx context.Context, f func(Line) error) error {
	return j.each(ctx, func(l Line, _, _ []byte) error { return f(l) })
}

const columns = "SELECT seq, at, event, entry, code, prev, hash FROM "

func (j *Journal) each(ctx context.Context, f func(l Line, prev, hash []byte) error) error {
	return j.eachOf(ctx, f, columns+"journal ORDER BY seq")
}

// eachEarlier is each for a journal that ended with a damaged store, as far as it
// could be read.
func (j *Journal) eachEarlier(ctx context.Context, generation int64, f func(l Line, prev, hash []byte) error) error {
	return j.eachOf(ctx, f, columns+"journal_earlier WHERE generation = ? ORDER BY seq", generation)
}

func (j *Journal) eachOf(ctx context.Context, f func(l Line, prev, hash []byte) error, query string, args ...any) error {
	return j.db.View(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, query, args...)
		if err != nil {
			return fmt.Errorf("read the journal: %w", err)
		}
		defer rows.Close()
		for rows.Next() {
			var l Line
			var at int64
			var prev, hash []byte
			if err := rows.Scan(&l.Seq, &at, &l.Event, &l.Entry, &l.Code, &prev, &hash); err != nil {
				return fmt.Errorf("read the journal: %w", err)
			}
			l.At, l.Hash = time.UnixMilli(at), hex.EncodeToString(hash)
			if err := f(l, prev, hash); err != nil {
				return err
			}
		}
		return rows.Err()
	})
}
