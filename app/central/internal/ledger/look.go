package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Look is one application that was shown in full outside of any case.
type Look struct {
	At          time.Time
	Actor       string // of the operating system
	Application string // its id
	Terminal    string
	Reference   string
	Digest      string // of the sealed body, hex
}

// AddLook puts a look on record, at the ledger's time.
func (l *Ledger) AddLook(ctx context.Context, k Look) error {
	err := l.change(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO look (at, actor, application, terminal, reference, digest) VALUES ($1, $2, $3, $4, $5, $6)`,
			millis(l.now()), k.Actor, k.Application, k.Terminal, k.Reference, k.Digest)
		return err
	})
	if err != nil {
		return fmt.Errorf("record look: %w", err)
	}
	return nil
}

// Looks returns all, the newest first.
func (l *Ledger) Looks(ctx context.Context) ([]Look, error) {
	rows, err := l.db.read.QueryContext(ctx, `SELECT at, actor, application, terminal, reference, digest FROM look ORDER BY at DESC, application`)
	if err != nil {
		return nil, fmt.Errorf("list looks: %w", err)
	}
	return collect(rows, func(r row) (k Look, err error) {
		var at int64
		err = r.Scan(&at, &k.Actor, &k.Application, &k.Terminal, &k.Reference, &k.Digest)
		k.At = fromMillis(at)
		return k, err
	})
}
