package outbox

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"regexp"

	"leye/app/envelope"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/store"
)

// Ranges of places and of a day's serials that each generation of a store has for
// itself, and the last generation that a reference of six digits has room for.
const (
	placesEach     = 1_000_000_000
	serialsEach    = 10_000
	lastGeneration = 98
)

// Intact reports what is wrong with a row of the outbox that was read out of a
// damaged file. What its columns may hold is for the table to say.
func Intact(r store.Row) error {
	if !kiosk.ApplicationID(r.Text("id")).Valid() {
		return errors.New("its key is not an application's")
	}
	if _, err := kiosk.ParseReference(r.Text("reference")); err != nil {
		return err
	}
	if body := r.Blob("body"); body != nil && envelope.Digest(body) != r.Text("digest") {
		return errors.New("its body does not fit its digest")
	}
	if text := r.Text("ack"); text != "" {
		var ack kiosk.Acknowledgement
		if err := json.Unmarshal([]byte(text), &ack); err != nil || string(ack.ID) != r.Text("id") || ack.Number == "" || ack.Digest != r.Text("digest") {
			return errors.New("its acknowledgement does not fit it")
		}
	}
	return nil
}

// IntactSecret is [Intact] for a row of the secrets.
func IntactSecret(r store.Row) error {
	if r.Text("name") != centralKey {
		return nil
	}
	_, err := envelope.ParsePublicKey(string(r.Blob("value")))
	return err
}

// place takes the next place in the queue. It is not given again even if the entry
// is not kept, and no generation of the store gives one of another.
func (o *Outbox) place(ctx context.Context, tx *sql.Tx) (int64, error) {
	epoch := o.db.Epoch() + 1 // 0: never looked
	if o.epoch.Load() != epoch {
		o.serials.forget()
		if err := o.resume(ctx, tx); err != nil {
			return 0, err
		}
		o.epoch.Store(epoch)
	}
	return o.last.Add(1), nil
}

// resume goes on in a store that was opened, or exchanged for a damaged one.
func (o *Outbox) resume(ctx context.Context, tx *sql.Tx) error {
	var last int64
	if err := tx.QueryRowContext(ctx, "SELECT coalesce(max(seq), 0) FROM outbox").Scan(&last); err != nil {
		return err
	}
	n, err := store.Generation(ctx, tx)
	if err != nil {
		return err
	}
	o.last.Store(max(o.last.Load(), last, n*placesEach))
	central := o.seal.Central()
	if central.Zero() {
		return nil
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO secret (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING", centralKey, []byte(central.String()))
	return err
}

// ErrOtherRange says that a row is no serial of the generation, and is not needed.
var ErrOtherRange = errors.New("it is of another generation")

var day = regexp.MustCompile(`^[01][0-9][0-3][0-9]$`)

// IntactSerial is [Intact] for a row of the serials, in a store of the given
// generation.
func IntactSerial(r store.Row, generation int64) error {
	if n := r.Int("n"); !day.MatchString(r.Text("day")) || n <= serialsEach*min(generation, lastGeneration) || n >= serialsEach*(lastGeneration+1) {
		return ErrOtherRange
	}
	return nil
}
