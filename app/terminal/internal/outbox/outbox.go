// Package outbox is the durable queue between the resident and the central: what
// it has put is not lost by a crash, a full disk or a power cut, and is handed
// to the relay again and again until the central's word is kept.
//
// It does not send anything; see package relay.
package outbox

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/store"
)

// Errors that callers tell apart.
var (
	ErrUnknown   = errors.New("no such entry")
	ErrDifferent = errors.New("the key is taken by another body")
	ErrFinal     = errors.New("the entry is already final")
)

// Entry is one application in the queue.
type Entry = kiosk.Entry

// Journal takes the record of each change, in the same transaction.
type Journal interface {
	Add(ctx context.Context, tx *sql.Tx, e kiosk.Event) error
}

// Options for [New].
type Options struct {
	Terminal string // names the references; "KT00" when empty
	Journal  Journal
	Promise  time.Duration // how long an entry may be on its way; 0: 24 h
	Now      func() time.Time
}

// horizon is farther away than any time that the queue itself sets. An entry
// that is due beyond it was stamped by a clock that has since been set back.
const horizon = 2 * time.Hour

// Outbox is the queue in one store. Its methods may be called from any goroutine.
type Outbox struct {
	*Reader
	opt  Options
	key  []byte        // of the order keys
	wake chan struct{} // holds one token while something new is due

	mu       sync.Mutex
	watchers map[kiosk.ApplicationID]map[*watcher]struct{}
}

// New gives the queue that lies in db.
func New(ctx context.Context, db *store.Store, opt Options) (*Outbox, error) {
	if opt.Terminal == "" {
		opt.Terminal = "KT00"
	}
	if !kiosk.ValidTerminal(opt.Terminal) {
		return nil, fmt.Errorf("open outbox: terminal %q is not two letters and two to four digits", opt.Terminal)
	}
	if opt.Promise == 0 {
		opt.Promise = 24 * time.Hour
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	o := &Outbox{
		Reader: NewReader(db, opt.Now), opt: opt,
		wake:     make(chan struct{}, 1),
		watchers: map[kiosk.ApplicationID]map[*watcher]struct{}{},
	}
	if err := o.loadKey(ctx); err != nil {
		return nil, fmt.Errorf("open outbox: %w", err)
	}
	return o, nil
}

func (o *Outbox) loadKey(ctx context.Context) error {
	return o.db.Tx(ctx, func(tx *sql.Tx) error {
		fresh := make([]byte, 32)
		rand.Read(fresh)
		_, err := tx.ExecContext(ctx, "INSERT INTO secret (name, value) VALUES ('order_key', ?) ON CONFLICT DO NOTHING", fresh)
		if err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, "SELECT value FROM secret WHERE name = 'order_key'").Scan(&o.key)
	})
}

// OrderKey is what [kiosk.Application.OrderKey] takes: entries of the same person
// and matter are sent in turn. The hash is keyed with a secret of this file and
// is erased with the body, because a plain hash of an identity number can be
// guessed.
func (o *Outbox) OrderKey(person, matter string) string {
	h := hmac.New(sha256.New, o.key)
	fmt.Fprintf(h, "%d:%s%s", len(person), person, matter)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Digest is the hex SHA-256 of a body: what an acknowledgement must repeat.
func Digest(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// Put keeps app under its key with exactly these bytes to send. When it returns
// nil the entry survives a power cut. The same key with the same body again does
// nothing; with another body it is [ErrDifferent]. A full disk is
// [store.ErrFull], and then nothing was kept.
func (o *Outbox) Put(ctx context.Context, app kiosk.Application, body []byte) error {
	_, err := o.File(ctx, app, func(kiosk.Application) ([]byte, error) { return body, nil })
	return err
}

// File is [Put] for an application whose body must name its own reference: when
// app.Reference is empty the next one is taken in the same transaction, and
// render makes the body of the application that carries it. On a repeated key
// render gets the reference of the first time.
func (o *Outbox) File(ctx context.Context, app kiosk.Application, render func(kiosk.Application) ([]byte, error)) (Entry, error) {
	if !app.ID.Valid() {
		return Entry{}, fmt.Errorf("put entry: key of %d characters is not an application's", len(app.ID))
	}
	var e Entry
	var fresh bool
	err := o.db.Tx(ctx, func(tx *sql.Tx) (err error) {
		e, err = readOne(ctx, tx, app.ID)
		if err == nil {
			return sameBody(e, app, render)
		}
		if !errors.Is(err, ErrUnknown) {
			return err
		}
		if err := o.db.Room(ctx, tx); err != nil {
			return err
		}
		fresh = true
		e, err = o.insert(ctx, tx, app, render)
		return err
	})
	if err != nil {
		return Entry{}, fmt.Errorf("put entry: %w", err)
	}
	if fresh {
		o.publish(e)
		o.nudge()
	}
	e.Body = nil
	return e, nil
}

func sameBody(e Entry, app kiosk.Application, render func(kiosk.Application) ([]byte, error)) error {
	if app.Reference == "" {
		app.Reference = e.Reference
	}
	body, err := render(app)
	if err != nil {
		return err
	}
	if Digest(body) != e.Digest {
		return ErrDifferent
	}
	return nil
}

func (o *Outbox) insert(ctx context.Context, tx *sql.Tx, app kiosk.Application, render func(kiosk.Application) ([]byte, error)) (Entry, error) {
	now := o.opt.Now()
	if app.FiledAt.IsZero() {
		app.FiledAt = now
	}
	if app.Reference == "" {
		ref, err := o.NextReference(ctx, tx, app.FiledAt)
		if err != nil {
			return Entry{}, err
		}
		app.Reference = ref
	}
	body, err := render(app)
	if err != nil {
		return Entry{}, fmt.Errorf("write the body: %w", err)
	}
	e := Entry{
		ID: app.ID, Reference: app.Reference, Service: app.Service, State: kiosk.Pending,
		DueAt: now, FiledAt: app.FiledAt, PromisedAt: now.Add(o.opt.Promise), ChangedAt: now,
		Digest: Digest(body),
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO outbox
		(id, reference, service, state, due_at, filed_at, promised_at, changed_at, digest, order_key, body)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		string(e.ID), string(e.Reference), e.Service, string(e.State), e.DueAt.UnixMilli(), e.FiledAt.UnixMilli(),
		e.PromisedAt.UnixMilli(), now.UnixMilli(), e.Digest,
		sql.NullString{String: app.OrderKey, Valid: app.OrderKey != ""}, body)
	if err != nil {
		return Entry{}, err
	}
	return e, o.record(ctx, tx, now, "entry.put", e.ID, "")
}

// NextReference takes the next reference of the day of at inside tx. It is not
// given to anybody else even if the entry is removed later; when tx does not
// commit it was never taken.
func (o *Outbox) NextReference(ctx context.Context, tx *sql.Tx, at time.Time) (kiosk.Reference, error) {
	var n int
	row := tx.QueryRowContext(ctx, `INSERT INTO reference_serial (day, n) VALUES (?, 1)
		ON CONFLICT (day) DO UPDATE SET n = n + 1 RETURNING n`, at.In(kiosk.China).Format("0102"))
	if err := row.Scan(&n); err != nil {
		return "", fmt.Errorf("take a reference: %w", err)
	}
	return kiosk.NewReference(o.opt.Terminal, at, n)
}

func (o *Outbox) record(ctx context.Context, tx *sql.Tx, at time.Time, event string, id kiosk.ApplicationID, code string) error {
	if o.opt.Journal == nil {
		return nil
	}
	return o.opt.Journal.Add(ctx, tx, kiosk.Event{At: at, Name: event, Entry: id, Code: code})
}
