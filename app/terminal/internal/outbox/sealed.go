package outbox

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"leye/app/envelope"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/seal"
	"leye/app/terminal/internal/store"
)

// recordColumns are those of a sealed body besides the entry's id. They stand
// last in the table, so that listing never reads a body's overflow pages.
const recordColumns = `coalesce(sealed_seq, seq), suite, schema, central_key, wrap_central, wrap_terminal, body`

func recordInto(r *seal.Record) []any {
	return []any{&r.Seq, &r.Suite, &r.Schema, &r.Central, &r.WrapCentral, &r.WrapTerminal, &r.Body}
}

func readRecord(ctx context.Context, tx *sql.Tx, id kiosk.ApplicationID) (seal.Record, error) {
	r := seal.Record{Header: envelope.Header{ID: string(id)}}
	err := tx.QueryRowContext(ctx, "SELECT "+recordColumns+" FROM outbox WHERE id = ?", string(id)).Scan(recordInto(&r)...)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrUnknown
	}
	return r, err
}

// parkReason is why an entry that cannot be opened has to wait for staff; empty
// for all other errors.
func parkReason(err error) kiosk.Reason {
	switch {
	case errors.Is(err, envelope.ErrSuite):
		return kiosk.UnknownSuite
	case errors.Is(err, envelope.ErrUnreadable):
		return kiosk.Unreadable
	}
	return ""
}

// releaseSQL ends what a visit held, for the rows of the condition behind it. The
// terminal's wrap stays where nobody else could open the body.
const releaseSQL = `UPDATE outbox SET held = 0, mark = NULL,
	wrap_terminal = CASE WHEN wrap_central IS NULL THEN wrap_terminal END WHERE `

// Release says that the visit in which an application was put is over: from now
// on the central alone can read it, at once or as soon as its key is known. An
// application that was never kept is no error.
func (o *Outbox) Release(ctx context.Context, id kiosk.ApplicationID) error {
	err := o.db.Tx(ctx, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, releaseSQL+"held = 1 AND id = ?", string(id))
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return err
		}
		return o.record(ctx, tx, o.opt.Now(), "entry.released", id, "")
	})
	if err == nil {
		err = o.quiet(ctx)
	}
	if err != nil {
		return fmt.Errorf("release entry: %w", err)
	}
	return nil
}

const centralKey = "central_key"

// Central is the key that entries are sealed to; zero when none was ever known.
func (r *Reader) Central(ctx context.Context) (envelope.PublicKey, error) {
	var key envelope.PublicKey
	err := r.db.View(ctx, func(tx *sql.Tx) error {
		var text []byte
		err := tx.QueryRowContext(ctx, "SELECT value FROM secret WHERE name = ?", centralKey).Scan(&text)
		if err != nil {
			return err
		}
		if key, err = envelope.ParsePublicKey(string(text)); err != nil {
			return store.Damaged(err)
		}
		return nil
	})
	if errors.Is(err, sql.ErrNoRows) {
		return envelope.PublicKey{}, nil
	}
	if err != nil {
		return envelope.PublicKey{}, fmt.Errorf("read the central's key: %w", err)
	}
	return key, nil
}

// Central is the key that entries are sealed to; zero when none was ever known. One
// that is lost with a damaged store is remembered as long as the program runs.
func (o *Outbox) Central(ctx context.Context) (envelope.PublicKey, error) {
	key, err := o.Reader.Central(ctx)
	if err == nil && key.Zero() {
		key = o.seal.Central()
	}
	return key, err
}

// Envelope reads an entry as the central can open it, wherever it was carried;
// [ErrUnknown] when there is none, or none that a central could open.
func (r *Reader) Envelope(ctx context.Context, id kiosk.ApplicationID) (envelope.Envelope, error) {
	var sealed seal.Record
	err := r.db.View(ctx, func(tx *sql.Tx) (err error) {
		sealed, err = readRecord(ctx, tx, id)
		return err
	})
	if err == nil && sealed.Central == "" {
		err = ErrUnknown
	}
	if err != nil {
		return envelope.Envelope{}, fmt.Errorf("read sealed entry: %w", err)
	}
	return sealed.Envelope(), nil
}

// SealTo keeps a central's key, seals everything to it from now on, and makes
// what only this terminal can open readable for the central too.
func (o *Outbox) SealTo(ctx context.Context, central envelope.PublicKey) error {
	if central == o.seal.Central() {
		return nil
	}
	return o.sealTo(ctx, central, Followed{})
}

// Followed says how a terminal came to the key that it seals to.
type Followed struct {
	Since time.Time // that the central vouches for; zero when it never did
	Named string    // what the configuration named then; it may be empty
}

// Follow is [Outbox.SealTo] for a key that the central vouches for. What is sealed
// to the one before is sent as it is: the central opens that too.
func (o *Outbox) Follow(ctx context.Context, central envelope.PublicKey, f Followed) error {
	return o.sealTo(ctx, central, f)
}

const followed = "central_followed"

// Followed is how the present key came about.
func (r *Reader) Followed(ctx context.Context) (f Followed, err error) {
	var text []byte
	err = r.db.View(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, "SELECT value FROM secret WHERE name = ?", followed).Scan(&text)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return f, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &f)
	}
	if err != nil {
		return f, fmt.Errorf("read how the central's key came: %w", err)
	}
	return f, nil
}

func (o *Outbox) sealTo(ctx context.Context, central envelope.PublicKey, f Followed) error {
	how, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("seal to the central's key: %w", err)
	}
	before := o.seal.Central()
	err = o.db.Tx(ctx, func(tx *sql.Tx) error {
		// Inside, because no other writer may seal between this and the wrapping.
		o.seal.SealTo(central)
		for name, value := range map[string][]byte{centralKey: []byte(central.String()), followed: how} {
			_, err := tx.ExecContext(ctx, `INSERT INTO secret (name, value) VALUES (?, ?)
				ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value)
			if err != nil {
				return err
			}
		}
		if !before.Zero() && before != central {
			if err := o.record(ctx, tx, o.opt.Now(), "seal_key.changed", "", string(central.Fingerprint()[:16])); err != nil {
				return err
			}
		}
		return o.rewrap(ctx, tx)
	})
	if err != nil {
		o.seal.SealTo(before)
		return fmt.Errorf("seal to the central's key: %w", err)
	}
	o.open.Store(false)
	o.nudge()
	return nil
}

// SendOpen says that the central takes no sealed applications: what was kept
// without its key may be sent as it is.
func (o *Outbox) SendOpen() {
	if !o.open.Swap(true) {
		o.nudge()
	}
}

func (o *Outbox) rewrap(ctx context.Context, tx *sql.Tx) error {
	waiting, err := ids(ctx, tx, "body IS NOT NULL AND wrap_central IS NULL AND in_open = 0")
	if err != nil {
		return err
	}
	for _, id := range waiting {
		if err := o.rewrapOne(ctx, tx, id); err != nil {
			return err
		}
	}
	return nil
}

// rewrapOne parks what does not open: nobody else will ever open it.
func (o *Outbox) rewrapOne(ctx context.Context, tx *sql.Tx, id kiosk.ApplicationID) error {
	r, err := readRecord(ctx, tx, id)
	if err != nil {
		return err
	}
	r, err = o.seal.Rewrap(r)
	if reason := parkReason(err); reason != "" {
		return o.parkIn(ctx, tx, id, reason)
	}
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE outbox SET central_key = ?2, wrap_central = ?3,
		wrap_terminal = CASE WHEN held = 1 THEN wrap_terminal END WHERE id = ?1`, string(id), string(r.Central), r.WrapCentral)
	return err
}

func ids(ctx context.Context, tx *sql.Tx, where string) (list []kiosk.ApplicationID, err error) {
	rows, err := tx.QueryContext(ctx, "SELECT id FROM outbox WHERE "+where+" ORDER BY seq")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id kiosk.ApplicationID
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		list = append(list, id)
	}
	return list, rows.Err()
}

// sealOld seals the bodies that a program before this one kept as they were, and
// overwrites them on the disk. What may have reached the central goes on in the
// open: it would not know the sealed one again.
func (o *Outbox) sealOld(ctx context.Context) error {
	var old []kiosk.ApplicationID
	err := o.db.Tx(ctx, func(tx *sql.Tx) (err error) {
		if old, err = ids(ctx, tx, "suite = '' AND body IS NOT NULL"); err != nil {
			return err
		}
		for _, id := range old {
			if err := o.sealOne(ctx, tx, id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || len(old) == 0 {
		return err
	}
	if err := o.db.Checkpoint(ctx); !errors.Is(err, store.ErrBusy) {
		return err
	}
	return nil // somebody looks at the file; the next quiet moment does it
}

func (o *Outbox) sealOne(ctx context.Context, tx *sql.Tx, id kiosk.ApplicationID) error {
	var seq, attempts int64
	var body []byte
	row := tx.QueryRowContext(ctx, "SELECT seq, attempts, body FROM outbox WHERE id = ?", string(id))
	if err := row.Scan(&seq, &attempts, &body); err != nil {
		return err
	}
	r, err := o.seal.Seal(string(id), seq, body)
	if err != nil {
		return err
	}
	open := attempts > 0
	if open {
		r.Central, r.WrapCentral = "", nil
	}
	if r.Central != "" {
		r.WrapTerminal = nil
	}
	_, err = tx.ExecContext(ctx, `UPDATE outbox SET suite = ?2, schema = ?3, digest = ?4, in_open = ?5,
		central_key = ?6, wrap_central = ?7, wrap_terminal = ?8, body = ?9 WHERE id = ?1`, string(id), string(r.Suite), r.Schema,
		envelope.Digest(r.Body), open, string(r.Central), r.WrapCentral, r.WrapTerminal, r.Body)
	return err
}
