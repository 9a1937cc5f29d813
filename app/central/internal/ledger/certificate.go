package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Certificate is one that was given to a terminal.
type Certificate struct {
	Serial    string // hex
	Terminal  string
	Key       string // the public key, base64 of its bytes
	IssuedAt  time.Time
	EndsAt    time.Time
	RevokedAt time.Time // zero: it was not
}

// AddCode keeps the hash of a one-time code for a terminal; codes that it had
// before are no longer good.
func (l *Ledger) AddCode(ctx context.Context, terminal, hash string, expires time.Time) error {
	err := l.change(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM enrolment_code WHERE terminal = $1 OR expires_at <= $2`,
			terminal, millis(l.now())); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO enrolment_code (hash, terminal, expires_at, used_at) VALUES ($1, $2, $3, 0)`,
			hash, terminal, millis(expires))
		return err
	})
	if err != nil {
		return fmt.Errorf("keep code: %w", err)
	}
	return nil
}

// Enrol uses up the code of a terminal, revokes the certificates that it had and
// keeps the one that issue makes, all or nothing. ErrNotFound says that the code
// is not good for this terminal now.
func (l *Ledger) Enrol(ctx context.Context, terminal, hash string, issue func() (Certificate, error)) error {
	err := l.change(ctx, func(tx *sql.Tx) error {
		now := millis(l.now())
		done, err := tx.ExecContext(ctx, `UPDATE enrolment_code SET used_at = $1
			WHERE hash = $2 AND terminal = $3 AND used_at = 0 AND expires_at > $1`, now, hash, terminal)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n != 1 {
			return errors.Join(ErrNotFound, err)
		}
		c, err := issue()
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, revokeSQL, terminal, now); err != nil {
			return err
		}
		return insertCertificate(ctx, tx, c)
	})
	if err != nil {
		return fmt.Errorf("enrol terminal: %w", err)
	}
	return nil
}

const revokeSQL = `UPDATE certificate SET revoked_at = $2 WHERE terminal = $1 AND revoked_at = 0`

func insertCertificate(ctx context.Context, tx *sql.Tx, c Certificate) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO certificate (serial, terminal, key, issued_at, ends_at, revoked_at)
		VALUES ($1, $2, $3, $4, $5, 0)`, c.Serial, c.Terminal, c.Key, millis(c.IssuedAt), millis(c.EndsAt))
	return err
}

// AddCertificate keeps one that follows another.
func (l *Ledger) AddCertificate(ctx context.Context, c Certificate) error {
	if err := l.change(ctx, func(tx *sql.Tx) error { return insertCertificate(ctx, tx, c) }); err != nil {
		return fmt.Errorf("keep certificate: %w", err)
	}
	return nil
}

const certificateColumns = `serial, terminal, key, issued_at, ends_at, revoked_at`

func scanCertificate(r row) (Certificate, error) {
	var c Certificate
	var issued, ends, revoked int64
	err := r.Scan(&c.Serial, &c.Terminal, &c.Key, &issued, &ends, &revoked)
	c.IssuedAt, c.EndsAt, c.RevokedAt = fromMillis(issued), fromMillis(ends), fromMillis(revoked)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	return c, err
}

// Certificate returns the one with this serial, or ErrNotFound.
func (l *Ledger) Certificate(ctx context.Context, serial string) (Certificate, error) {
	c, err := scanCertificate(l.db.read.QueryRowContext(ctx, `SELECT `+certificateColumns+` FROM certificate WHERE serial = $1`, serial))
	if err != nil {
		return Certificate{}, fmt.Errorf("find certificate: %w", err)
	}
	return c, nil
}

// Certificates returns the newest of each terminal, by terminal.
func (l *Ledger) Certificates(ctx context.Context) ([]Certificate, error) {
	rows, err := l.db.read.QueryContext(ctx, `SELECT `+certificateColumns+` FROM certificate c WHERE NOT EXISTS
		(SELECT 1 FROM certificate d WHERE d.terminal = c.terminal
		AND (d.issued_at > c.issued_at OR d.issued_at = c.issued_at AND d.serial > c.serial)) ORDER BY terminal`)
	if err != nil {
		return nil, fmt.Errorf("list certificates: %w", err)
	}
	return collect(rows, scanCertificate)
}

// Revoke takes every certificate and code from a terminal and returns how many
// certificates that were.
func (l *Ledger) Revoke(ctx context.Context, terminal string) (n int64, err error) {
	err = l.change(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM enrolment_code WHERE terminal = $1`, terminal); err != nil {
			return err
		}
		done, err := tx.ExecContext(ctx, revokeSQL, terminal, millis(l.now()))
		if err != nil {
			return err
		}
		n, err = done.RowsAffected()
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("revoke certificates: %w", err)
	}
	return n, nil
}
