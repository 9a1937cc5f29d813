package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Terminal is the last that was heard of one terminal.
type Terminal struct {
	ID               string
	SeenAt           time.Time // the central's clock
	SentAt           time.Time // the terminal's clock
	Version          string
	CatalogueVersion string
	PoliciesVersion  string
	Queued           int
	Parked           int
	OldestQueuedAt   time.Time // zero when nothing waits
	PaperLeft        int       // on the printer's roll, mm; -1 when it is not known
	Conditions       []Condition
}

// Condition is one thing that is wrong with a terminal.
type Condition struct {
	Code     string `json:"code"`
	Severity string `json:"severity"` // info, warning or error
	Text     string `json:"text"`
}

// Beat records a terminal's heartbeat in place of the one before.
func (l *Ledger) Beat(ctx context.Context, t Terminal) error {
	conditions, err := json.Marshal(t.Conditions)
	if err != nil {
		return fmt.Errorf("record heartbeat: %w", err)
	}
	err = l.change(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO terminal (id, seen_at, sent_at, version, catalogue_version,
			policies_version, queued, parked, oldest_queued_at, conditions, paper_left)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
			ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at, sent_at = excluded.sent_at,
			version = excluded.version, catalogue_version = excluded.catalogue_version,
			policies_version = excluded.policies_version, queued = excluded.queued, parked = excluded.parked,
			oldest_queued_at = excluded.oldest_queued_at, conditions = excluded.conditions,
			paper_left = excluded.paper_left`,
			t.ID, millis(t.SeenAt), millis(t.SentAt), t.Version, t.CatalogueVersion, t.PoliciesVersion,
			t.Queued, t.Parked, millis(t.OldestQueuedAt), string(conditions), t.PaperLeft)
		return err
	})
	if err != nil {
		return fmt.Errorf("record heartbeat: %w", err)
	}
	return nil
}

// Terminals returns every terminal that was ever heard of, by id.
func (l *Ledger) Terminals(ctx context.Context) ([]Terminal, error) {
	rows, err := l.db.read.QueryContext(ctx, `SELECT id, seen_at, sent_at, version, catalogue_version,
		policies_version, queued, parked, oldest_queued_at, conditions, paper_left FROM terminal ORDER BY id`)
	if err != nil {
		return nil, fmt.Errorf("list terminals: %w", err)
	}
	all, err := collect(rows, scanTerminal)
	if err != nil {
		return nil, fmt.Errorf("list terminals: %w", err)
	}
	return all, nil
}

func scanTerminal(r row) (Terminal, error) {
	var t Terminal
	var seen, sent, oldest int64
	var conditions string
	if err := r.Scan(&t.ID, &seen, &sent, &t.Version, &t.CatalogueVersion, &t.PoliciesVersion,
		&t.Queued, &t.Parked, &oldest, &conditions, &t.PaperLeft); err != nil {
		return Terminal{}, err
	}
	t.SeenAt, t.SentAt, t.OldestQueuedAt = fromMillis(seen), fromMillis(sent), fromMillis(oldest)
	return t, json.Unmarshal([]byte(conditions), &t.Conditions)
}

// Setting returns a stored setting, or ErrNotFound.
func (l *Ledger) Setting(ctx context.Context, name string) (string, error) {
	var value string
	err := l.db.read.QueryRowContext(ctx, `SELECT value FROM setting WHERE name = $1`, name).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return "", fmt.Errorf("read setting %s: %w", name, err)
	}
	return value, nil
}

// Set stores a setting in place of the one before.
func (l *Ledger) Set(ctx context.Context, name, value string) error {
	err := l.change(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO setting (name, value) VALUES ($1, $2)
			ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value)
		return err
	})
	if err != nil {
		return fmt.Errorf("store setting %s: %w", name, err)
	}
	return nil
}

// OpenSession stores the hash of a console session's cookie and forgets those
// that have ended.
func (l *Ledger) OpenSession(ctx context.Context, token string, expires time.Time) error {
	err := l.change(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM console_session WHERE expires_at <= $1`, millis(l.now())); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO console_session (token, expires_at) VALUES ($1, $2)`, token, millis(expires))
		return err
	})
	if err != nil {
		return fmt.Errorf("open session: %w", err)
	}
	return nil
}

// SessionOpen reports whether the hash belongs to a session that has not ended.
func (l *Ledger) SessionOpen(ctx context.Context, token string) (bool, error) {
	var n int
	err := l.db.read.QueryRowContext(ctx, `SELECT COUNT(*) FROM console_session WHERE token = $1 AND expires_at > $2`,
		token, millis(l.now())).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("find session: %w", err)
	}
	return n == 1, nil
}

// CloseSession ends a console session.
func (l *Ledger) CloseSession(ctx context.Context, token string) error {
	err := l.change(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM console_session WHERE token = $1`, token)
		return err
	})
	if err != nil {
		return fmt.Errorf("close session: %w", err)
	}
	return nil
}

// CloseSessions ends every console session.
func (l *Ledger) CloseSessions(ctx context.Context) error {
	err := l.change(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM console_session`)
		return err
	})
	if err != nil {
		return fmt.Errorf("close sessions: %w", err)
	}
	return nil
}
