package appliance

import (
	"context"
	"log/slog"
	"time"

	"leye/app/api"
	"leye/app/envelope"
)

// sealing is what trust needs of the outbox.
type sealing interface {
	Central(ctx context.Context) (envelope.PublicKey, error)
	SealTo(ctx context.Context, central envelope.PublicKey) error
	SendOpen()
}

// trust decides which central's key applications are sealed to: the one that the
// configuration names, else the first that the central told, for good.
type trust struct {
	queue sealing
	log   *slog.Logger
}

// begin seals to the key that the configuration names, if it does, before
// anything is filed.
func (t trust) begin(ctx context.Context, named string) error {
	if named == "" {
		return nil
	}
	key, err := envelope.ParsePublicKey(named)
	if err != nil {
		return err
	}
	return t.queue.SealTo(ctx, key)
}

// longestSealing bounds making what waits readable for a new key.
const longestSealing = time.Minute

// heard takes the key that came with an answer of the central, nil when it has
// none, and reports whether it is not the trusted one. Nothing is sent in the open
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
	if !trusted.Zero() {
		return key != trusted
	}
	if err := t.queue.SealTo(ctx, key); err != nil {
		t.log.Error("take the central's seal key", "err", err)
		return false
	}
	t.log.Info("seal to the key that the central told at first contact", "fingerprint", key.Fingerprint().Short())
	return false
}
