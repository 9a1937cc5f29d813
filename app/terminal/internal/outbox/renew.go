package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/seal"
)

// RenewKey puts another terminal key in the place of the present one, unless an
// entry still needs that: for its wrap, to know a second attempt again, or for its
// place in a person's order. fresh makes the key durable and may return it beside
// an error; then it is in use all the same.
//
// A power cut at any moment leaves one key that opens all there is to open: the
// queue needed none when the file changed. The journal's line, if it was cut off,
// is made up for by the next [New].
func (o *Outbox) RenewKey(ctx context.Context, fresh func() (*seal.Key, error)) (renewed bool, err error) {
	var left error
	err = o.db.Tx(ctx, func(tx *sql.Tx) error {
		var needed bool
		err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM outbox
			WHERE wrap_terminal IS NOT NULL OR mark IS NOT NULL OR order_key IS NOT NULL AND due_at IS NOT NULL)`).Scan(&needed)
		if err != nil || needed {
			return err
		}
		// Inside, because no other writer may seal between the question and the key.
		k, err := fresh()
		if k == nil {
			return err
		}
		renewed = true
		left = errors.Join(err, o.seal.Renew(k))
		return o.noteKey(ctx, tx)
	})
	if err = errors.Join(err, left); err != nil {
		return renewed, fmt.Errorf("renew the terminal's key: %w", err)
	}
	return renewed, nil
}

const terminalKey = "terminal_key"

// noteKey puts on record that the terminal's key is another than before. Its name
// tells nothing of it.
func (o *Outbox) noteKey(ctx context.Context, tx *sql.Tx) error {
	name, _ := o.seal.Own()
	var known []byte
	err := tx.QueryRowContext(ctx, "SELECT value FROM secret WHERE name = ?", terminalKey).Scan(&known)
	switch {
	case err != nil && !errors.Is(err, sql.ErrNoRows):
		return err
	case string(known) == name:
		return nil
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO secret (name, value) VALUES (?, ?)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`, terminalKey, []byte(name))
	if err != nil {
		return err
	}
	if known == nil {
		return nil // the first that is ever seen is not another
	}
	return o.record(ctx, tx, o.opt.Now(), "key.changed", kiosk.ApplicationID(""), name)
}
