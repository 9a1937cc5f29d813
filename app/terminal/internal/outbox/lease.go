package outbox

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"sync"
	"time"

	"leye/app/envelope"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/seal"
	"leye/app/terminal/internal/store"
)

// readySQL is the condition on an entry o that it may go. One with an older brother
// of the same order key on its way stays behind; a parked brother holds nobody up.
// What the central could not open waits for its key, unless it may go in the open
// (?3). What lies in the places up to ?4 is held.
const readySQL = `o.seq > ?4 AND (o.wrap_central IS NOT NULL OR o.in_open = 1 OR ?3)
	AND NOT EXISTS (SELECT 1 FROM outbox p WHERE p.order_key = o.order_key AND p.seq < o.seq AND p.due_at IS NOT NULL)
	ORDER BY o.due_at, o.seq LIMIT 1`

// The entry that waits longest goes first. An entry beyond the horizon (?2) is due
// too: the clock was set back since. Two searches, because one for both would sort
// all that wait.
const leaseSQL = `UPDATE outbox
SET state = 'in_flight', attempts = attempts + 1, due_at = ?5, changed_at = ?1, in_open = wrap_central IS NULL
WHERE seq = coalesce(
	(SELECT o.seq FROM outbox o WHERE o.due_at <= ?1 AND ` + readySQL + `),
	(SELECT o.seq FROM outbox o WHERE o.due_at > ?2 AND ` + readySQL + `))
RETURNING ` + columns + `, ` + recordColumns

// Lease takes the entry that is due longest and marks it as in flight until now +
// lease, before anything is sent: if the program dies in between, the entry comes
// up again when the lease is over. A power cut may undo that, since the disk is not
// waited for: then it comes up at once, and the central knows it again. False means that nothing is due: a quiet moment,
// which is used to make the next filing quick. An entry that does not open is
// parked, and the next one taken.
func (o *Outbox) Lease(ctx context.Context, now time.Time, lease time.Duration) (Entry, bool, error) {
	for {
		e, reason, err := o.leaseOne(ctx, now, lease)
		if errors.Is(err, ErrUnknown) {
			return Entry{}, false, o.quiet(ctx)
		}
		if err != nil {
			return Entry{}, false, fmt.Errorf("lease entry: %w", err)
		}
		if reason == "" {
			o.publish(e)
			return e, true, nil
		}
		if err := o.Park(ctx, e.ID, reason); err != nil {
			return Entry{}, false, err
		}
	}
}

// quiet does ahead what the next filing would have to do.
func (o *Outbox) quiet(ctx context.Context) error {
	return errors.Join(o.seal.Prepare(), o.db.Settle(ctx))
}

// leaseOne gives the reason, too, for which what it took cannot be sent.
func (o *Outbox) leaseOne(ctx context.Context, now time.Time, lease time.Duration) (e Entry, reason kiosk.Reason, err error) {
	err = o.db.Note(ctx, func(tx *sql.Tx) error {
		var r seal.Record
		row := tx.QueryRowContext(ctx, leaseSQL, now.UnixMilli(), now.Add(horizon).UnixMilli(), o.open.Load(), o.hold.places(now), now.Add(lease).UnixMilli())
		if e, err = scanEntry(row, recordInto(&r)...); err != nil {
			return err
		}
		r.ID = string(e.ID)
		if err = whole(e, r); err == nil {
			e.Body, err = o.wire(r)
		}
		if reason = parkReason(err); reason != "" {
			return nil
		}
		if err == nil && r.Central == "" {
			e.Digest = envelope.Digest(e.Body)
		}
		return err
	})
	return e, reason, err
}

// whole finds a body that the disk has changed before it is sent: nobody could open
// it.
func whole(e Entry, r seal.Record) error {
	if envelope.Digest(r.Body) != e.Digest {
		return fmt.Errorf("%w: its body does not fit its digest", envelope.ErrUnreadable)
	}
	return nil
}

// wire is what is sent: the envelope, or the application itself when there is no
// central's key.
func (o *Outbox) wire(r seal.Record) ([]byte, error) {
	if r.Central == "" {
		return o.seal.Open(r)
	}
	return r.Envelope().Encode()
}

// Accept keeps the central's acknowledgement and deletes the body and all that
// could open it. Accepting again changes nothing: the first acknowledgement stays.
// An acknowledgement with another key or digest is refused and nothing is deleted.
func (o *Outbox) Accept(ctx context.Context, id kiosk.ApplicationID, ack kiosk.Acknowledgement) error {
	return o.change(ctx, "accept entry", id, func(tx *sql.Tx, e Entry) error {
		if e.State == kiosk.Accepted {
			return errUnchanged
		}
		want, err := o.sentDigest(ctx, tx, e)
		if err != nil {
			return err
		}
		if ack.ID != id || ack.Digest != want || ack.Number == "" {
			return fmt.Errorf("the acknowledgement does not fit the entry")
		}
		ack.Digest = e.Digest // that of an open body could be guessed and is not kept
		text, err := json.Marshal(ack)
		if err != nil {
			return err
		}
		return o.set(ctx, tx, id, "entry.accepted", "", `state = 'accepted', due_at = NULL, order_key = NULL,
			body = NULL, wrap_central = NULL, wrap_terminal = NULL, central_key = '', code = '', reason = '', ack = ?3`, string(text))
	})
}

// sentDigest is what the acknowledgement of an entry must repeat.
func (o *Outbox) sentDigest(ctx context.Context, tx *sql.Tx, e Entry) (string, error) {
	if e.CentralKey != "" {
		return e.Digest, nil
	}
	r, err := readRecord(ctx, tx, e.ID)
	if err != nil {
		return "", err
	}
	body, err := o.seal.Open(r)
	if err != nil {
		return "", err
	}
	return envelope.Digest(body), nil
}

// Retry puts the entry back until at; code says what went wrong, without
// personal data.
func (o *Outbox) Retry(ctx context.Context, id kiosk.ApplicationID, at time.Time, code string) error {
	return o.change(ctx, "put entry back", id, func(tx *sql.Tx, e Entry) error {
		if e.State == kiosk.Evacuated {
			return errUnchanged // it was carried away while it was on its way
		}
		if final(e) {
			return ErrFinal
		}
		if latest := o.opt.Now().Add(horizon); at.After(latest) {
			at = latest
		}
		return o.set(ctx, tx, id, "entry.retry", code, `state = 'retry', code = ?3, due_at = ?4`, code, at.UnixMilli())
	})
}

// Park takes the entry out of the queue until staff look at it; its body is kept.
// One that is fenced is another terminal's now.
func (o *Outbox) Park(ctx context.Context, id kiosk.ApplicationID, reason kiosk.Reason) error {
	return o.change(ctx, "park entry", id, func(tx *sql.Tx, e Entry) error {
		if e.State == kiosk.Evacuated {
			return errUnchanged
		}
		if final(e) {
			return ErrFinal
		}
		return o.parkIn(ctx, tx, id, reason)
	})
}

func (o *Outbox) parkIn(ctx context.Context, tx *sql.Tx, id kiosk.ApplicationID, reason kiosk.Reason) error {
	event, state := "entry.parked", kiosk.Parked
	if reason == kiosk.Fenced {
		event, state = "entry.fenced", kiosk.Evacuated
	}
	return o.set(ctx, tx, id, event, string(reason), `state = ?4, due_at = NULL, reason = ?3`, string(reason), string(state))
}

// ErrNotParked is what [Unpark] says of an entry that nobody refused.
var ErrNotParked = errors.New("the entry is not parked")

// Unpark puts an entry that was parked or fenced back into the queue in db, for
// staff; the central may have changed its mind. The program
// that runs the queue may be at work: it finds the entry at its next look.
func Unpark(ctx context.Context, db *store.Store, j Journal, now time.Time, id kiosk.ApplicationID) error {
	err := db.Tx(ctx, func(tx *sql.Tx) error {
		e, err := readOne(ctx, tx, id)
		if err != nil {
			return err
		}
		if e.State != kiosk.Parked && e.Reason != kiosk.Fenced {
			return ErrNotParked
		}
		_, err = tx.ExecContext(ctx, "UPDATE outbox SET state = 'retry', reason = '', due_at = ?2, changed_at = ?2 WHERE id = ?1", string(id), now.UnixMilli())
		if err != nil {
			return err
		}
		return j.Add(ctx, tx, kiosk.Event{At: now, Name: "entry.unparked", Entry: id})
	})
	if err != nil {
		return fmt.Errorf("put entry back: %w", err)
	}
	return nil
}

// Next is when the next entry is due, which may be in the past; zero when none
// is on its way. Entries that wait for an older brother, or for the central's key,
// do not count.
func (o *Outbox) Next(ctx context.Context) (time.Time, error) {
	var at sql.NullInt64
	now := o.opt.Now()
	held := o.hold.places(now)
	err := o.db.View(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT coalesce(
			(SELECT ?1 FROM outbox o WHERE o.due_at > ?2 AND `+readySQL+`),
			(SELECT o.due_at FROM outbox o WHERE o.due_at <= ?2 AND `+readySQL+`))`,
			now.UnixMilli(), now.Add(horizon).UnixMilli(), o.open.Load(), held).Scan(&at)
	})
	if err != nil {
		return time.Time{}, fmt.Errorf("find the next entry: %w", err)
	}
	var next time.Time
	if at.Valid {
		next = time.UnixMilli(at.Int64)
	}
	if held != none {
		next = o.hold.before(next)
	}
	return next, nil
}

// hold keeps back what lay in the queue at some moment, for a time.
type hold struct {
	mu    sync.Mutex
	until time.Time
	last  int64 // place that is held
}

// Hold keeps back until a time what lies in the queue now; what is put from now on
// may go at once.
func (o *Outbox) Hold(until time.Time) {
	o.hold.mu.Lock()
	defer o.hold.mu.Unlock()
	o.hold.until, o.hold.last = until, o.last.Load()
}

// none is before all places; what came from another terminal has one below zero.
const none = math.MinInt64

// places is the last one that is held now, or none.
func (h *hold) places(now time.Time) int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !now.Before(h.until) || h.until.Sub(now) > horizon { // the clock was set back since
		return none
	}
	return h.last
}

// before is the earlier of a time and the end of the hold.
func (h *hold) before(next time.Time) time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	if next.IsZero() || h.until.Before(next) {
		return h.until
	}
	return next
}

// acceptedAt is when the central took an entry, in Unix seconds.
const acceptedAt = "unixepoch(json_extract(ack, '$.AcceptedAt'))"

// Purge deletes entries of which the central has said before the given time, by
// its own clock, that it, or another terminal, has them; it returns how many.
// Acknowledgements go with them. Where the central's time is not known, that of
// this machine counts. The journal says that it was done.
func (o *Outbox) Purge(ctx context.Context, before time.Time) (int64, error) {
	const old = `outbox WHERE (state = 'accepted' OR state = 'evacuated' AND reason = 'fenced')
		AND CASE WHEN ` + acceptedAt + ` > 0 THEN 1000 * ` + acceptedAt + ` ELSE changed_at END < ?`
	var n int64
	o.serials.mu.Lock()
	defer o.serials.mu.Unlock()
	err := o.db.Tx(ctx, func(tx *sql.Tx) error {
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM "+old, before.UnixMilli()).Scan(&n); err != nil || n == 0 {
			return err
		}
		if err := o.serials.write(ctx, tx); err != nil { // the newest may be among them
			return err
		}
		o.serials.forget()
		if _, err := tx.ExecContext(ctx, "DELETE FROM "+old, before.UnixMilli()); err != nil {
			return err
		}
		return o.record(ctx, tx, o.opt.Now(), "entries.purged", "", strconv.FormatInt(n, 10))
	})
	if err != nil {
		return 0, fmt.Errorf("purge entries: %w", err)
	}
	return n, nil
}

// Tidy overwrites on the disk what acceptance has deleted. It is for quiet
// moments; [store.ErrBusy] means try later.
func (o *Outbox) Tidy(ctx context.Context) error {
	if err := o.db.Checkpoint(ctx); err != nil {
		return fmt.Errorf("tidy outbox: %w", err)
	}
	return nil
}

func final(e Entry) bool {
	return e.State == kiosk.Accepted || e.State == kiosk.Parked || e.State == kiosk.Evacuated
}

// errUnchanged ends a change that has nothing to do.
var errUnchanged = errors.New("unchanged")

func (o *Outbox) change(ctx context.Context, what string, id kiosk.ApplicationID, f func(*sql.Tx, Entry) error) error {
	var after Entry
	err := o.db.Tx(ctx, func(tx *sql.Tx) error {
		e, err := readOne(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := f(tx, e); err != nil {
			return err
		}
		after, err = readOne(ctx, tx, id)
		return err
	})
	if errors.Is(err, errUnchanged) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	o.publish(after)
	return nil
}

// set updates one row and writes the journal; args begin at ?3.
func (o *Outbox) set(ctx context.Context, tx *sql.Tx, id kiosk.ApplicationID, event, code, columns string, args ...any) error {
	now := o.opt.Now()
	all := append([]any{string(id), now.UnixMilli()}, args...)
	if _, err := tx.ExecContext(ctx, "UPDATE outbox SET changed_at = ?2, "+columns+" WHERE id = ?1", all...); err != nil {
		return err
	}
	return o.record(ctx, tx, now, event, id, code)
}
