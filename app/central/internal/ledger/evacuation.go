package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Evacuation is what is known of the applications that one terminal was emptied
// of in one file.
type Evacuation struct {
	ID          string
	Terminal    string // that was emptied
	Count       int    // of applications in the file
	Statement   string // as the terminal signed it
	MadeAt      time.Time
	Adopter     string // the terminal that sends them; empty: none may
	AdoptedAt   time.Time
	CancelledAt time.Time // zero: it was not taken back

	Held int // of them the adopter may still, or did, send; others hold the rest
	Sent int // of those held have come
}

// Errors that callers act on.
var (
	// ErrFenced says that another terminal holds an application.
	ErrFenced = errors.New("another terminal holds the application")
	// ErrCancelled says that an evacuation was taken back.
	ErrCancelled = errors.New("the evacuation was taken back")
	// ErrNotAdopted says that nobody has adopted an evacuation.
	ErrNotAdopted = errors.New("nobody has adopted the evacuation")
)

// Adopted says that another terminal has adopted an evacuation.
type Adopted struct{ By string }

func (a *Adopted) Error() string { return "terminal " + a.By + " has adopted the evacuation" }

// Adopt lets the terminal to send the applications ids of the evacuation e, and
// nobody else. Again it changes nothing. Those that another terminal holds stay
// there and are returned. Errors are ErrCancelled, *Adopted, and ErrConflict when
// another evacuation has the same name.
func (l *Ledger) Adopt(ctx context.Context, e Evacuation, to string, ids []string) (elsewhere []string, err error) {
	err = l.change(ctx, func(tx *sql.Tx) error {
		if err := adoptable(ctx, tx, e, to); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO evacuation
			(id, terminal, applications, statement, made_at, adopter, adopted_at, cancelled_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, 0)
			ON CONFLICT (id) DO UPDATE SET adopter = excluded.adopter, adopted_at = excluded.adopted_at
			WHERE evacuation.adopter = ''`,
			e.ID, e.Terminal, e.Count, e.Statement, millis(e.MadeAt), to, millis(l.now()))
		if err != nil {
			return err
		}
		elsewhere, err = fence(ctx, tx, e, to, ids)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("adopt evacuation: %w", err)
	}
	return elsewhere, nil
}

// adoptable says whether a terminal may have an evacuation, new or known.
func adoptable(ctx context.Context, tx *sql.Tx, e Evacuation, to string) error {
	known, err := evacuation(ctx, tx, e.ID)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil
	case err != nil:
		return err
	case known.Statement != e.Statement:
		return ErrConflict
	case !known.CancelledAt.IsZero():
		return ErrCancelled
	case known.Adopter != "" && known.Adopter != to:
		return &Adopted{known.Adopter}
	}
	return nil
}

// fence gives the applications to the adopter: those that nobody held, that the
// emptied terminal or the adopter itself held, and that this very evacuation had
// given away before.
func fence(ctx context.Context, tx *sql.Tx, e Evacuation, to string, ids []string) (elsewhere []string, err error) {
	give, err := tx.PrepareContext(ctx, `INSERT INTO fence (application, origin, holder, evacuation)
		VALUES ($1, $2, $3, $4)
		ON CONFLICT (application) DO UPDATE SET holder = excluded.holder, evacuation = excluded.evacuation
		WHERE fence.holder IN ($2, $3) OR fence.evacuation = $4 OR fence.holder = '' AND fence.origin = $2`)
	if err != nil {
		return nil, err
	}
	defer give.Close()
	for _, id := range ids {
		done, err := give.ExecContext(ctx, id, e.Terminal, to, e.ID)
		if err != nil {
			return nil, err
		}
		switch n, err := done.RowsAffected(); {
		case err != nil:
			return nil, err
		case n == 0:
			elsewhere = append(elsewhere, id)
		}
	}
	return elsewhere, nil
}

// CancelEvacuation has nobody adopt the evacuation e any more. Again it changes
// nothing. Errors are *Adopted and ErrConflict, as of [Ledger.Adopt].
func (l *Ledger) CancelEvacuation(ctx context.Context, e Evacuation) error {
	err := l.change(ctx, func(tx *sql.Tx) error {
		switch err := adoptable(ctx, tx, e, ""); {
		case errors.Is(err, ErrCancelled):
			return nil
		case err != nil:
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO evacuation
			(id, terminal, applications, statement, made_at, adopter, adopted_at, cancelled_at)
			VALUES ($1, $2, $3, $4, 0, '', 0, $5)
			ON CONFLICT (id) DO UPDATE SET cancelled_at = excluded.cancelled_at`,
			e.ID, e.Terminal, e.Count, e.Statement, millis(l.now()))
		return err
	})
	if err != nil {
		return fmt.Errorf("cancel evacuation: %w", err)
	}
	return nil
}

// ReleaseEvacuation takes an evacuation from the terminal that has adopted it, for
// when that one is lost too: another may adopt the file, and the terminal that was
// emptied may send again. It returns from whom it was taken; errors are ErrNotFound
// and ErrNotAdopted.
func (l *Ledger) ReleaseEvacuation(ctx context.Context, id string) (from string, err error) {
	err = l.change(ctx, func(tx *sql.Tx) error {
		known, err := evacuation(ctx, tx, id)
		switch {
		case err != nil:
			return err
		case known.Adopter == "":
			return ErrNotAdopted
		}
		from = known.Adopter
		if _, err := tx.ExecContext(ctx, `UPDATE evacuation SET adopter = '', adopted_at = 0 WHERE id = $1`, id); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE fence SET holder = '' WHERE evacuation = $1`, id)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("release evacuation: %w", err)
	}
	return from, nil
}

const evacuationColumns = `id, terminal, applications, statement, made_at, adopter, adopted_at, cancelled_at`

func scanEvacuation(r row, more ...any) (Evacuation, error) {
	var e Evacuation
	var made, adopted, cancelled int64
	err := r.Scan(append([]any{&e.ID, &e.Terminal, &e.Count, &e.Statement, &made, &e.Adopter, &adopted, &cancelled}, more...)...)
	e.MadeAt, e.AdoptedAt, e.CancelledAt = fromMillis(made), fromMillis(adopted), fromMillis(cancelled)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	return e, err
}

func evacuation(ctx context.Context, q querier, id string) (Evacuation, error) {
	return scanEvacuation(q.QueryRowContext(ctx, `SELECT `+evacuationColumns+` FROM evacuation WHERE id = $1`, id))
}

// Evacuations returns all that were adopted or taken back, newest first.
func (l *Ledger) Evacuations(ctx context.Context) ([]Evacuation, error) {
	rows, err := l.db.read.QueryContext(ctx, `SELECT `+evacuationColumns+`,
		(SELECT COUNT(*) FROM fence f WHERE f.evacuation = e.id),
		(SELECT COUNT(*) FROM fence f JOIN application a ON a.id = f.application WHERE f.evacuation = e.id)
		FROM evacuation e ORDER BY adopted_at + cancelled_at DESC, id`)
	if err != nil {
		return nil, fmt.Errorf("list evacuations: %w", err)
	}
	return collect(rows, func(r row) (Evacuation, error) {
		var held, sent int
		e, err := scanEvacuation(r, &held, &sent)
		e.Held, e.Sent = held, sent
		return e, err
	})
}

// Home returns the terminal whose application id is when sender sends it: its own,
// or the one that it was adopted from. ErrFenced says that another terminal holds
// it.
func (l *Ledger) Home(ctx context.Context, sender, id string) (string, error) {
	at, err := home(ctx, l.db.read, sender, id)
	if err != nil {
		return "", fmt.Errorf("find holder: %w", err)
	}
	return at, nil
}

func home(ctx context.Context, q querier, sender, id string) (string, error) {
	var origin, holder string
	err := q.QueryRowContext(ctx, `SELECT origin, holder FROM fence WHERE application = $1`, id).Scan(&origin, &holder)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return sender, nil
	case err != nil:
		return "", err
	case holder == sender, holder == "" && origin == sender:
		return origin, nil
	}
	return "", ErrFenced
}

// TerminalKeys returns every public key that a terminal was ever certified for, in
// base64, newest first.
func (l *Ledger) TerminalKeys(ctx context.Context, terminal string) ([]string, error) {
	rows, err := l.db.read.QueryContext(ctx, `SELECT key FROM certificate WHERE terminal = $1 GROUP BY key ORDER BY MAX(issued_at) DESC`, terminal)
	if err != nil {
		return nil, fmt.Errorf("find terminal's keys: %w", err)
	}
	return collect(rows, func(r row) (key string, err error) {
		err = r.Scan(&key)
		return key, err
	})
}
