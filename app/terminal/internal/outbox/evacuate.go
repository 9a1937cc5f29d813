package outbox

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	"leye/app/envelope"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/seal"
	"leye/app/terminal/internal/store"
)

// Carried is an entry with what another terminal needs to send it.
type Carried struct {
	Entry
	Order  string // entries with the same are sent in turn; empty: in any order
	Sealed envelope.Envelope
}

// Evacuation is one file into which the queue was put, or the adoption of one.
type Evacuation struct {
	ID        string
	Count     int    // of applications in the file
	Statement string // as this terminal signed it
	File      string // its name
	At        time.Time
	UndoneAt  time.Time // zero: it was not taken back
	Closed    bool      // for its sake this terminal takes nothing new
}

// Errors that callers tell apart.
var (
	// ErrGrown says that more waits than is in the file.
	ErrGrown = errors.New("more has come since")
	// ErrNoEvacuation says that there is none to take back, or none that keeps the
	// terminal closed.
	ErrNoEvacuation = errors.New("there is no such evacuation")
)

// waits are the entries that can be carried away: on their way or refused, and
// readable for a central.
const waits = `state IN ('pending', 'in_flight', 'retry', 'parked') AND wrap_central IS NOT NULL`

// ToCarry reads what can be carried away, oldest first, as far as so many entries
// and bytes of bodies go, and reports whether that is all.
func (r *Reader) ToCarry(ctx context.Context, entries int, bytes int64) (list []Carried, whole bool, err error) {
	var all int
	err = r.db.View(ctx, func(tx *sql.Tx) error {
		if all, err = count(ctx, tx, waits); err != nil {
			return err
		}
		rows, err := tx.QueryContext(ctx, "SELECT "+columns+", coalesce(order_key, ''), "+recordColumns+" FROM outbox WHERE "+waits+" ORDER BY seq LIMIT ?", entries)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var c Carried
			var record seal.Record
			if c.Entry, err = scanEntry(rows, append([]any{&c.Order}, recordInto(&record)...)...); err != nil {
				return err
			}
			if bytes -= int64(len(record.Body)); bytes < 0 && len(list) > 0 {
				break
			}
			record.ID = string(c.ID)
			c.Sealed = record.Envelope()
			list = append(list, c)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, false, fmt.Errorf("read what waits: %w", err)
	}
	return list, len(list) == all, nil
}

// Evacuate marks the entries ids as carried away in the file of e: from now on they
// are not sent from here, and nothing new is taken. What was accepted meanwhile
// stays so. With whole set the file holds all, and [ErrGrown] says that by now it
// does not. The program that runs the queue may be at work.
func Evacuate(ctx context.Context, db *store.Store, j Journal, e Evacuation, ids []kiosk.ApplicationID, whole bool) (marked int, err error) {
	err = db.Tx(ctx, func(tx *sql.Tx) error {
		marked = 0
		for _, id := range ids {
			gone, err := affected(tx.ExecContext(ctx, "UPDATE outbox SET state = 'evacuated', due_at = NULL, left_by = ?2, changed_at = ?3 WHERE id = ?1 AND "+waits,
				string(id), e.ID, e.At.UnixMilli()))
			if err != nil {
				return err
			}
			if gone == 0 {
				continue
			}
			marked++
			if err := j.Add(ctx, tx, kiosk.Event{At: e.At, Name: "entry.evacuated", Entry: id, Code: e.ID}); err != nil {
				return err
			}
		}
		left, err := count(ctx, tx, waits)
		switch {
		case err != nil:
			return err
		case whole && left > 0:
			return ErrGrown
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO evacuation (id, applications, statement, file, made_at) VALUES (?, ?, ?, ?, ?)",
			e.ID, e.Count, e.Statement, e.File, e.At.UnixMilli())
		if err != nil {
			return err
		}
		return j.Add(ctx, tx, kiosk.Event{At: e.At, Name: "terminal.evacuated", Entry: kiosk.ApplicationID(e.ID), Code: strconv.Itoa(e.Count)})
	})
	if err != nil {
		return 0, fmt.Errorf("mark what was carried away: %w", err)
	}
	return marked, nil
}

// affected is how many rows a statement changed.
func affected(done sql.Result, err error) (int, error) {
	if err != nil {
		return 0, err
	}
	n, err := done.RowsAffected()
	return int(n), err
}

func count(ctx context.Context, tx *sql.Tx, where string) (n int, err error) {
	err = tx.QueryRowContext(ctx, "SELECT count(*) FROM outbox WHERE "+where).Scan(&n)
	return n, err
}

// TakeBack puts the entries of an evacuation back into the queue, as they were, once
// the central has cancelled it; and takes new ones again.
func TakeBack(ctx context.Context, db *store.Store, j Journal, now time.Time, id string) (n int, err error) {
	err = db.Tx(ctx, func(tx *sql.Tx) error {
		found, err := affected(tx.ExecContext(ctx, "UPDATE evacuation SET undone_at = ?2, closed = 0 WHERE id = ?1 AND undone_at IS NULL", id, now.UnixMilli()))
		switch {
		case err != nil:
			return err
		case found == 0:
			return ErrNoEvacuation
		}
		n, err = affected(tx.ExecContext(ctx, `UPDATE outbox SET changed_at = ?2, left_by = '',
			state = CASE WHEN reason <> '' THEN 'parked' WHEN attempts > 0 THEN 'retry' ELSE 'pending' END,
			due_at = CASE WHEN reason = '' THEN ?2 END
			WHERE left_by = ?1 AND state = 'evacuated' AND reason <> 'fenced'`, id, now.UnixMilli()))
		if err != nil {
			return err
		}
		return j.Add(ctx, tx, kiosk.Event{At: now, Name: "evacuation.undone", Entry: kiosk.ApplicationID(id), Code: strconv.Itoa(n)})
	})
	if err != nil {
		return 0, fmt.Errorf("take evacuation back: %w", err)
	}
	return n, nil
}

// Reopen takes applications again at a terminal that was evacuated; what was
// carried away stays so. [ErrNoEvacuation] says that it was open.
func Reopen(ctx context.Context, db *store.Store, j Journal, now time.Time) error {
	err := db.Tx(ctx, func(tx *sql.Tx) error {
		n, err := affected(tx.ExecContext(ctx, "UPDATE evacuation SET closed = 0 WHERE closed = 1"))
		switch {
		case err != nil:
			return err
		case n == 0:
			return ErrNoEvacuation
		}
		return j.Add(ctx, tx, kiosk.Event{At: now, Name: "terminal.reopened"})
	})
	if err != nil {
		return fmt.Errorf("reopen terminal: %w", err)
	}
	return nil
}

// Adopt puts entries into the queue that another terminal was emptied of, once the
// central has let this one send them. An entry that is here already stays as it is,
// unless it is one that left: then it has come back. It returns how many were new.
func Adopt(ctx context.Context, db *store.Store, j Journal, now time.Time, id, terminal string, entries []Carried) (fresh int, err error) {
	err = db.Tx(ctx, func(tx *sql.Tx) error {
		fresh = 0
		if err := inService(ctx, tx); err != nil {
			return err
		}
		if err := db.Room(ctx, tx); err != nil {
			return err
		}
		// Below all that are there, and in their own order.
		var place int64
		if err := tx.QueryRowContext(ctx, "SELECT min(coalesce(min(seq), 0), 0) - ? FROM outbox", len(entries)).Scan(&place); err != nil {
			return err
		}
		for i, e := range entries {
			taken, err := adopt(ctx, tx, now, id, place+int64(i), e)
			if err != nil {
				return err
			}
			if !taken {
				continue
			}
			fresh++
			if err := j.Add(ctx, tx, kiosk.Event{At: now, Name: "entry.adopted", Entry: e.ID, Code: id}); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO adoption (id, terminal, applications, adopted_at) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
			id, terminal, len(entries), now.UnixMilli())
		if err != nil {
			return err
		}
		return j.Add(ctx, tx, kiosk.Event{At: now, Name: "evacuation.adopted", Entry: kiosk.ApplicationID(id), Code: terminal})
	})
	if err != nil {
		return 0, fmt.Errorf("adopt entries: %w", err)
	}
	return fresh, nil
}

func adopt(ctx context.Context, tx *sql.Tx, now time.Time, id string, place int64, e Carried) (bool, error) {
	state, due := kiosk.Pending, sql.NullInt64{Int64: now.UnixMilli(), Valid: true}
	if e.Reason != "" {
		state, due = kiosk.Parked, sql.NullInt64{}
	}
	order := orderAfter(id, e.Order)
	n, err := affected(tx.ExecContext(ctx, `INSERT INTO outbox
		(seq, id, reference, service, state, due_at, filed_at, promised_at, changed_at, reason, digest, order_key,
		came_by, sealed_seq, suite, schema, central_key, wrap_central, body)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)
		ON CONFLICT (id) DO UPDATE SET state = excluded.state, due_at = excluded.due_at, reason = excluded.reason,
		changed_at = excluded.changed_at, left_by = '' WHERE outbox.state = 'evacuated'`,
		place, string(e.ID), string(e.Reference), e.Service, string(state), due, e.FiledAt.UnixMilli(), e.PromisedAt.UnixMilli(), now.UnixMilli(),
		string(e.Reason), envelope.Digest(e.Sealed.Body), sql.NullString{String: order, Valid: order != ""},
		id, e.Sealed.Seq, string(e.Sealed.Suite), e.Sealed.Schema, string(e.Sealed.Key), e.Sealed.Wrap, e.Sealed.Body))
	return n > 0, err
}

// orderAfter keeps the turns of what came in one evacuation, and mixes them with
// nobody's else.
func orderAfter(id, order string) string {
	if order == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(id + " " + order))
	return hex.EncodeToString(sum[:8])
}

// retired reports whether the terminal was evacuated and takes nothing.
func retired(ctx context.Context, tx *sql.Tx) (shut bool, err error) {
	err = tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM evacuation WHERE closed = 1)").Scan(&shut)
	return shut, err
}

// inService is [ErrRetired] at a terminal that was evacuated.
func inService(ctx context.Context, tx *sql.Tx) error {
	shut, err := retired(ctx, tx)
	if err == nil && shut {
		err = ErrRetired
	}
	return err
}

// Retired reports whether the terminal was evacuated and takes nothing until it is
// reopened.
func (r *Reader) Retired(ctx context.Context) (shut bool, err error) {
	err = r.db.View(ctx, func(tx *sql.Tx) (err error) {
		shut, err = retired(ctx, tx)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("look for evacuations: %w", err)
	}
	return shut, nil
}

// Evacuations lists the files that the queue was put into, newest first.
func (r *Reader) Evacuations(ctx context.Context) (list []Evacuation, err error) {
	err = r.db.View(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, "SELECT id, applications, statement, file, made_at, undone_at, closed FROM evacuation ORDER BY made_at DESC, id")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var e Evacuation
			var at int64
			var undone sql.NullInt64
			if err := rows.Scan(&e.ID, &e.Count, &e.Statement, &e.File, &at, &undone, &e.Closed); err != nil {
				return err
			}
			e.At = time.UnixMilli(at)
			if undone.Valid {
				e.UndoneAt = time.UnixMilli(undone.Int64)
			}
			list = append(list, e)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("list evacuations: %w", err)
	}
	return list, nil
}
