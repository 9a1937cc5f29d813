package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"leye/app/envelope"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/seal"
	"leye/app/terminal/internal/uplink"
)

// bare is what the relay is compared with: the same line, no queue.
func bare(ctx context.Context, o options, out io.Writer) error {
	if o.store == "" || o.count == 0 || o.sealTo == "" {
		return errUsage
	}
	entries, err := o.sealAll()
	if err != nil {
		return err
	}
	line, err := o.line()
	if err != nil {
		return err
	}
	began := time.Now()
	if err := errors.Join(sendAll(ctx, line, entries), line.Close()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "sent %d %d\n", len(entries), time.Since(began).Microseconds())
	return err
}

// sealAll makes the applications as the queue would hand them out.
func (o options) sealAll() ([]kiosk.Entry, error) {
	central, err := envelope.ParsePublicKey(o.sealTo)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.store, 0o700); err != nil {
		return nil, fmt.Errorf("make state directory: %w", err)
	}
	key, err := seal.OpenKey(o.store, seal.Options{Keep: seal.File})
	if err != nil {
		return nil, err
	}
	sealer := seal.New(key)
	sealer.SealTo(central)
	entries := make([]kiosk.Entry, o.count)
	for n := range entries {
		app := o.newApplication()
		if app.Reference, err = kiosk.NewReference(app.Terminal, app.FiledAt, n+1); err != nil {
			return nil, err
		}
		body, err := render(o.size)(app)
		if err != nil {
			return nil, err
		}
		r, err := sealer.Seal(string(app.ID), int64(n+1), body)
		if err != nil {
			return nil, err
		}
		entries[n] = kiosk.Entry{ID: app.ID, CentralKey: string(r.Central), Digest: envelope.Digest(r.Body)}
		if entries[n].Body, err = r.Envelope().Encode(); err != nil {
			return nil, err
		}
	}
	return entries, nil
}

func sendAll(ctx context.Context, line *uplink.Uplink, entries []kiosk.Entry) error {
	next := make(chan kiosk.Entry, len(entries))
	for _, e := range entries {
		next <- e
	}
	close(next)
	errs := make([]error, atOnce)
	var senders sync.WaitGroup
	for i := range errs {
		senders.Go(func() {
			for e := range next {
				ack, err := line.Send(ctx, e)
				if err == nil && ack.Digest != e.Digest {
					err = errors.New("the acknowledgement does not fit")
				}
				if err != nil {
					errs[i] = fmt.Errorf("send %s: %w", e.ID, err)
					return
				}
			}
		})
	}
	senders.Wait()
	return errors.Join(errs...)
}
