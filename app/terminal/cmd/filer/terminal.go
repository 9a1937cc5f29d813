package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"leye/app/api"
	"leye/app/envelope"
	"leye/app/terminal/internal/identity"
	"leye/app/terminal/internal/journal"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/outbox"
	"leye/app/terminal/internal/quarantine"
	"leye/app/terminal/internal/seal"
	"leye/app/terminal/internal/store"
	"leye/app/terminal/internal/uplink"
)

// terminal is the store with its queue and journal, opened as the kiosk does it.
type terminal struct {
	db      *store.Store
	queue   *outbox.Outbox
	journal *journal.Journal
}

// open opens them; sealTo is the central's public key, empty when none is known.
func open(ctx context.Context, dir, name, sealTo string) (*terminal, error) {
	if dir == "" {
		return nil, errUsage
	}
	db, err := quarantine.Open(ctx, filepath.Join(dir, store.FileName), quarantine.Options{})
	if err != nil {
		return nil, err
	}
	t := &terminal{db: db, journal: journal.New(db, journal.Options{})}
	if err := t.openQueue(ctx, dir, name, sealTo); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return t, nil
}

func (t *terminal) openQueue(ctx context.Context, dir, name, sealTo string) error {
	key, err := seal.OpenKey(dir, seal.Options{Keep: seal.File})
	if err != nil {
		return err
	}
	opt := outbox.Options{Terminal: name, Seal: seal.New(key), Journal: t.journal}
	t.queue, err = outbox.New(ctx, t.db, opt)
	if errors.Is(err, store.ErrDamaged) { // another file has taken its place
		t.queue, err = outbox.New(ctx, t.db, opt)
	}
	if err != nil || sealTo == "" {
		return err
	}
	central, err := envelope.ParsePublicKey(sealTo)
	if err != nil {
		return err
	}
	return t.queue.SealTo(ctx, central)
}

func (t *terminal) close() error { return t.db.Close() }

// line is in the clear unless the store has an identity, and rests for no time: a
// trial has none.
func (o options) line() (*uplink.Uplink, error) {
	c := uplink.Config{Base: o.central, Timeout: o.timeout, Rand: func() float64 { return 0 }}
	id, err := identity.Load(o.store)
	switch {
	case err == nil:
		c.Identity = id
	case !errors.Is(err, identity.ErrNone):
		return nil, err
	}
	return uplink.New(c)
}

func (o options) newApplication() kiosk.Application {
	return kiosk.Application{ID: kiosk.NewApplicationID(), Service: "market-lookup", Terminal: o.terminal, Language: "zh", FiledAt: time.Now()}
}

// tries is how often a resident touches before giving up.
const tries = 3

// file hands in one application under one identifier.
func (t *terminal) file(ctx context.Context, o options, out io.Writer) error {
	app := o.newApplication()
	if o.early {
		fmt.Fprintf(out, "kept %s - - 0\n", app.ID)
	}
	for range tries {
		began := time.Now()
		e, err := t.queue.File(ctx, app, render(o.size))
		took := time.Since(began).Microseconds()
		switch {
		case err == nil && o.early:
			return nil
		case err == nil:
			if _, err := fmt.Fprintf(out, "kept %s %s %s %d\n", e.ID, e.Reference, e.Digest, took); err != nil {
				return err
			}
			return t.leave(ctx, app.ID, out)
		}
		if _, err := fmt.Fprintf(out, "failed %s %s %v\n", app.ID, kind(err), err); err != nil {
			return err
		}
	}
	return nil
}

// leave ends the visit, as the screen does after the last page.
func (t *terminal) leave(ctx context.Context, id kiosk.ApplicationID, out io.Writer) error {
	if err := t.queue.Release(ctx, id); err != nil {
		_, err := fmt.Fprintf(out, "failed %s %s %v\n", id, kind(err), err)
		return err
	}
	return nil
}

// render makes bodies of at least size bytes. The filling repeats the identifier,
// so that a judge knows a whole body from any other.
func render(size int) func(kiosk.Application) ([]byte, error) {
	return func(app kiosk.Application) ([]byte, error) {
		answers, err := json.Marshal(map[string]string{"period": "q", "by": "town", "filling": strings.Repeat(string(app.ID), 1+size/len(app.ID))})
		if err != nil {
			return nil, err
		}
		return json.Marshal(api.Application{
			Id: string(app.ID), Service: app.Service, CatalogueVersion: "trial", Terminal: app.Terminal,
			Language: api.ApplicationLanguage(app.Language), FiledAt: app.FiledAt, Reference: string(app.Reference), Answers: answers,
		})
	}
}

// kind is one word for what the store says of a failure.
func kind(err error) string {
	for word, is := range map[string]error{"full": store.ErrFull, "damaged": store.ErrDamaged, "io": store.ErrIO, "busy": store.ErrBusy} {
		if errors.Is(err, is) {
			return word
		}
	}
	return "other"
}

// spoken is the queue that says what the central has accepted, and ends the task
// when nothing waits.
type spoken struct {
	*outbox.Outbox
	mu   sync.Mutex // of out
	out  io.Writer
	done func()
}

func (q *spoken) Accept(ctx context.Context, id kiosk.ApplicationID, ack kiosk.Acknowledgement) error {
	if err := q.Outbox.Accept(ctx, id, ack); err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	_, err := fmt.Fprintf(q.out, "accepted %s %s\n", id, ack.Number)
	return err
}

// Next is asked when nothing is due, which is when the queue may be empty.
func (q *spoken) Next(ctx context.Context) (time.Time, error) {
	if err := q.look(ctx); err != nil {
		return time.Time{}, err
	}
	return q.Outbox.Next(ctx)
}

func (q *spoken) look(ctx context.Context) error {
	n, err := q.Count(ctx)
	if err == nil && n.Waiting() == 0 {
		q.done()
	}
	return err
}
