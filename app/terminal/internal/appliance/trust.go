package appliance

import (
	"context"
	"log/slog"
	"time"

	"leye/app/api"
	"leye/app/envelope"
	"leye/app/terminal/internal/outbox"
)

// sealing is what trust needs of the outbox.
type sealing interface {
	Central(ctx context.Context) (envelope.PublicKey, error)
	Followed(ctx context.Context) (outbox.Followed, error)
	SealTo(ctx context.Context, central envelope.PublicKey) error
	Follow(ctx context.Context, central envelope.PublicKey, f outbox.Followed) error
	SendOpen()
}

// trust decides which central's key applications are sealed to: the one that the
// configuration names, else the first that the central told, and from there on each
// later one that the central vouches for with the key that the terminal was enrolled
// with. It never goes back.
type trust struct {
	queue sealing
	named string                                    // by the configuration; empty: none
	since func(told api.SealKey) (time.Time, error) // that the central vouches for; nil: it cannot
	log   *slog.Logger
}

// begin seals to the key that the configuration names, if it does, before
// anything is filed. A later one that was followed from that name stays.
func (t trust) begin(ctx context.Context) error {
	if t.named == "" {
		return nil
	}
	key, err := envelope.ParsePublicKey(t.named)
	if err != nil {
		return err
	}
	f, err := t.queue.Followed(ctx)
	if err != nil || !f.Since.IsZero() && f.Named == t.named {
		return err
	}
	return t.queue.SealTo(ctx, key)
}

// longestSealing bounds making what waits readable for a new key.
const longestSealing = time.Minute

// heard takes the key that came with an answer of the central, nil when it has
// none, and reports whether it is not one to trust. Nothing is sent in the open
// any more once a key is trusted, whatever the central says.
func (t trust) heard(told *api.SealKey) (other bool) {
	ctx, cancel := context.WithTimeout(context.Background(), longestSealing)
	defer cancel()
	trusted, err := t.queue.Central(ctx)
	switch {
	case err != nil:
		t.log.Error("look up the central's seal key", "err", err)
		return false
	case told == nil && trusted.Zero():
		t.queue.SendOpen()
		return false
	case told == nil:
		return true
	}
	key, err := envelope.NewPublicKey(envelope.Suite(told.Suite), told.Key)
	if err != nil {
		t.log.Error("take the central's seal key", "err", err)
		return !trusted.Zero()
	}
	other, err = t.take(ctx, key, trusted, t.vouched(*told))
	if err != nil {
		t.log.Error("take the central's seal key", "err", err)
	}
	return other
}

// vouched is zero when nobody vouches for a key.
func (t trust) vouched(told api.SealKey) time.Time {
	if t.since == nil {
		return time.Time{}
	}
	at, err := t.since(told)
	if err != nil {
		return time.Time{}
	}
	return at
}

func (t trust) take(ctx context.Context, key, trusted envelope.PublicKey, since time.Time) (other bool, err error) {
	f, err := t.queue.Followed(ctx)
	if err != nil {
		return false, err
	}
	later := since.After(f.Since)
	// Of a named key that the central never spoke of nobody knows whether another is later.
	undated := t.named != "" && f.Since.IsZero()
	switch {
	case key == trusted && !later:
		return false, nil
	case key != trusted && !trusted.Zero() && (!later || undated):
		return true, nil
	}
	if err := t.queue.Follow(ctx, key, outbox.Followed{Since: since, Named: t.named}); err != nil {
		return false, err
	}
	switch {
	case trusted.Zero():
		t.log.Info("seal to the key that the central told at first contact", "fingerprint", key.Fingerprint().Short())
	case key != trusted:
		t.log.Info("follow the central to its new seal key", "fingerprint", key.Fingerprint().Short(), "since", since)
	}
	return false, nil
}
