// Package outbox is the durable queue between the resident and the central: what
// it has put is not lost by a crash, a full disk or a power cut, and is handed
// to the relay again and again until the central's word is kept.
//
// Bodies lie sealed (package seal). The terminal's own wrap ends with the visit,
// both end with the central's word, and then nobody can read what was here.
//
// It does not send anything; see package relay.
package outbox

import (
	"context"
	"crypto/hmac"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"leye/app/envelope"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/seal"
	"leye/app/terminal/internal/store"
)

// Errors that callers tell apart.
var (
	ErrUnknown   = errors.New("no such entry")
	ErrDifferent = errors.New("the key is taken by another body")
	ErrFinal     = errors.New("the entry is already final")
	ErrRetired   = errors.New("this terminal was evacuated and takes nothing until staff let it")
)

// Entry is one application in the queue.
type Entry = kiosk.Entry

// Journal takes the record of each change, in the same transaction.
type Journal interface {
	Add(ctx context.Context, tx *sql.Tx, e kiosk.Event) error
}

// Options for [New].
type Options struct {
	Terminal string       // names the references; "KT00" when empty
	Seal     *seal.Sealer // must be there
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
	opt   Options
	seal  *seal.Sealer
	open  atomic.Bool   // entries may be sent unsealed
	last  atomic.Int64  // place that was taken last, by an entry or by one that was not kept
	epoch atomic.Int64  // of the store that last was found in, plus one
	wake  chan struct{} // holds one token while something new is due

	serials serials
	hold    hold

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
	if opt.Seal == nil {
		return nil, errors.New("open outbox: no key to seal with")
	}
	if opt.Promise == 0 {
		opt.Promise = 24 * time.Hour
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	o := &Outbox{
		Reader: NewReader(db, opt.Now), opt: opt, seal: opt.Seal,
		wake:     make(chan struct{}, 1),
		watchers: map[kiosk.ApplicationID]map[*watcher]struct{}{},
	}
	if err := o.prepare(ctx); err != nil {
		return nil, fmt.Errorf("open outbox: %w", err)
	}
	return o, nil
}

// prepare takes up the central's key that was known before, seals what an older
// program left and ends what visits of an earlier run still held.
func (o *Outbox) prepare(ctx context.Context) error {
	central, err := o.Central(ctx)
	if err != nil {
		return err
	}
	if !central.Zero() {
		o.seal.SealTo(central)
	}
	if err := o.sealOld(ctx); err != nil {
		return fmt.Errorf("seal what an older program kept: %w", err)
	}
	return o.db.Tx(ctx, func(tx *sql.Tx) error {
		if err := o.noteKey(ctx, tx); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, releaseSQL+"held = 1")
		return err
	})
}

// OrderKey is what [kiosk.Application.OrderKey] takes: entries of the same person
// and matter are sent in turn. It is so short that hundreds of a district's people
// share each, and names nobody even to who has the terminal's key; two who meet
// by chance only wait for each other. It is erased with the body.
func (o *Outbox) OrderKey(person, matter string) string {
	return hex.EncodeToString(o.seal.Mark([]byte("order"), []byte(person), []byte(matter))[:2])
}

// Put keeps app under its key with exactly these bytes to send, sealed. When it
// returns nil the entry survives a power cut. The same key with the same body
// again does nothing; with another body, or after [Outbox.Release], it is
// [ErrDifferent]. A full disk is [store.ErrFull], and then nothing was kept.
func (o *Outbox) Put(ctx context.Context, app kiosk.Application, body []byte) error {
	_, err := o.File(ctx, app, func(kiosk.Application) ([]byte, error) { return body, nil })
	return err
}

// File is [Put] for an application whose body must name its own reference: when
// app.Reference is empty the next one is taken in the same transaction, and
// render makes the body of the application that carries it. On a repeated key
// render gets the reference and the filing time of the first: a second attempt after
// an unknown outcome is the same application, though it comes later.
func (o *Outbox) File(ctx context.Context, app kiosk.Application, render func(kiosk.Application) ([]byte, error)) (Entry, error) {
	if !app.ID.Valid() {
		return Entry{}, fmt.Errorf("put entry: key of %d characters is not an application's", len(app.ID))
	}
	e, err := o.keep(ctx, app, render)
	if errors.Is(err, errTaken) || errors.Is(err, store.ErrFull) || errors.Is(err, ErrRetired) {
		again, e2 := o.again(ctx, app, render)
		if !errors.Is(e2, ErrUnknown) {
			e, err = again, e2
		}
	} else if err == nil {
		o.publish(e)
		o.nudge()
	}
	if err != nil {
		return Entry{}, fmt.Errorf("put entry: %w", err)
	}
	return e, nil
}

// errTaken says that there is an entry with this key.
var errTaken = errors.New("the key is taken")

// keep makes the entry, as if its key were new.
func (o *Outbox) keep(ctx context.Context, app kiosk.Application, render func(kiosk.Application) ([]byte, error)) (e Entry, err error) {
	o.serials.mu.Lock()
	defer o.serials.mu.Unlock()
	err = o.db.Tx(ctx, func(tx *sql.Tx) error {
		if err := o.db.Room(ctx, tx); err != nil {
			return err
		}
		e, err = o.insert(ctx, tx, app, render)
		return err
	})
	if err != nil {
		o.serials.forget()
	}
	return e, err
}

// again is the entry that is there, if the body is the same.
func (o *Outbox) again(ctx context.Context, app kiosk.Application, render func(kiosk.Application) ([]byte, error)) (e Entry, err error) {
	err = o.db.Tx(ctx, func(tx *sql.Tx) error { // which trusts nothing after a fault
		if e, err = readOne(ctx, tx, app.ID); err != nil {
			return err
		}
		return o.sameBody(ctx, tx, e, app, render)
	})
	return e, err
}

// Ready reports whether another application could be put: errors are [ErrRetired],
// [store.ErrFull] and the store's.
func (o *Outbox) Ready(ctx context.Context) error {
	err := o.db.Tx(ctx, func(tx *sql.Tx) error { return o.mayTake(ctx, tx) })
	if err != nil {
		return fmt.Errorf("look for room: %w", err)
	}
	return nil
}

// mayTake reports whether something new may be taken.
func (o *Outbox) mayTake(ctx context.Context, tx *sql.Tx) error {
	if err := inService(ctx, tx); err != nil {
		return err
	}
	return o.db.Room(ctx, tx)
}

func (o *Outbox) sameBody(ctx context.Context, tx *sql.Tx, e Entry, app kiosk.Application, render func(kiosk.Application) ([]byte, error)) error {
	if app.Reference == "" {
		app.Reference = e.Reference
	}
	app.FiledAt = e.FiledAt.In(app.FiledAt.Location())
	body, err := render(app)
	if err != nil {
		return err
	}
	var mark []byte
	if err := tx.QueryRowContext(ctx, "SELECT mark FROM outbox WHERE id = ?", string(e.ID)).Scan(&mark); err != nil {
		return err
	}
	if !hmac.Equal(mark, o.mark(body)) {
		return ErrDifferent
	}
	return nil
}

// mark tells bodies apart; a plain hash of one could be guessed.
func (o *Outbox) mark(body []byte) []byte { return o.seal.Mark([]byte("body"), body) }

func (o *Outbox) insert(ctx context.Context, tx *sql.Tx, app kiosk.Application, render func(kiosk.Application) ([]byte, error)) (Entry, error) {
	now := o.opt.Now()
	if app.FiledAt.IsZero() {
		app.FiledAt = now
	}
	app.FiledAt = app.FiledAt.Truncate(time.Millisecond) // as it is kept
	// The place is bound to the sealed body, so it must be known before the row is.
	seq, err := o.place(ctx, tx)
	if err != nil {
		return Entry{}, err
	}
	if err := o.refer(ctx, tx, &app); err != nil {
		return Entry{}, err
	}
	body, err := render(app)
	if err != nil {
		return Entry{}, fmt.Errorf("write the body: %w", err)
	}
	r, err := o.seal.Seal(string(app.ID), seq, body)
	if err != nil {
		return Entry{}, fmt.Errorf("seal the body: %w", err)
	}
	e := Entry{
		ID: app.ID, Reference: app.Reference, Service: app.Service, State: kiosk.Pending,
		DueAt: now, FiledAt: app.FiledAt, PromisedAt: now.Add(o.opt.Promise), ChangedAt: now,
		Digest: envelope.Digest(r.Body), CentralKey: string(r.Central), Readable: true,
	}
	done, err := tx.ExecContext(ctx, `INSERT INTO outbox
		(seq, id, reference, service, state, due_at, filed_at, promised_at, changed_at, digest, order_key,
		held, mark, suite, schema, central_key, wrap_central, wrap_terminal, body)
		SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?
		WHERE NOT EXISTS (SELECT 1 FROM evacuation WHERE closed = 1) ON CONFLICT (id) DO NOTHING`,
		seq, string(e.ID), string(e.Reference), e.Service, string(e.State), e.DueAt.UnixMilli(), e.FiledAt.UnixMilli(),
		e.PromisedAt.UnixMilli(), now.UnixMilli(), e.Digest,
		sql.NullString{String: app.OrderKey, Valid: app.OrderKey != ""},
		o.mark(body), string(r.Suite), r.Schema, string(r.Central), r.WrapCentral, r.WrapTerminal, r.Body)
	if err != nil {
		return Entry{}, err
	}
	n, err := done.RowsAffected()
	if err == nil && n == 0 {
		if err = inService(ctx, tx); err == nil {
			err = errTaken
		}
	}
	if err != nil {
		return Entry{}, err
	}
	return e, o.record(ctx, tx, now, "entry.put", e.ID, "")
}

// refer gives an application its reference, unless it has one; then the newest
// entry says nothing of the day's count.
func (o *Outbox) refer(ctx context.Context, tx *sql.Tx, app *kiosk.Application) (err error) {
	if app.Reference != "" {
		err = o.serials.write(ctx, tx)
		o.serials.forget()
		return err
	}
	app.Reference, err = o.serials.next(ctx, tx, o.opt.Terminal, app.FiledAt)
	return err
}

func (o *Outbox) record(ctx context.Context, tx *sql.Tx, at time.Time, event string, id kiosk.ApplicationID, code string) error {
	if o.opt.Journal == nil {
		return nil
	}
	return o.opt.Journal.Add(ctx, tx, kiosk.Event{At: at, Name: event, Entry: id, Code: code})
}
