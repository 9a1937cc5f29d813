package samv

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"leye/devices/idcard"
)

// lying is what lies on the reader, as far as the driver is done with it.
type lying int

const (
	nothing   lying = iota // or a card still to be read
	delivered              // a card that Read returned
	rejected               // something that is no identity card
)

// presentation is what happened since something was laid down.
type presentation struct {
	found  bool                // the module found a card in this pass
	served bool                // the module has answered 30 01 and may not find the card again
	failed int                 // readings that came to nothing
	sums   [][sha256.Size]byte // of readings that wait for an equal one
	// Where 30 03 cannot tell, find does: see gone.
	noExtra bool
	missed  int
	since   time.Time // of the first of them
}

// A card counts as gone after so many failed finds over so long a time (protocol
// section 4.5): a single one happens while it lies still.
const (
	goneFinds = 3
	goneAfter = 800 * time.Millisecond
)

// hold waits until what lies there is gone.
func (r *Reader) hold(ctx context.Context) error {
	here, err := r.present(ctx)
	if err != nil {
		return r.failure(ctx, err)
	}
	if !here {
		r.lifted()
	}
	return nil
}

func (r *Reader) lifted() {
	r.lies, r.visit = nothing, presentation{noExtra: r.visit.noExtra}
	r.show(idcard.Waiting)
}

// Present reports whether the card delivered last still lies on the reader.
func (r *Reader) Present(ctx context.Context) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.ended(ctx.Err()); err != nil {
		return false, err
	}
	if r.lies != delivered {
		return false, nil
	}
	if err := r.open(ctx); err != nil {
		return false, r.ended(err)
	}
	here, err := r.present(ctx)
	if err == nil && !here {
		r.lifted()
	}
	return here, r.ended(err)
}

// present asks whether what lies there is still the same. 30 03 proves it for a
// card that was read; where the module refuses it, and for what is no card,
// failed finds do.
func (r *Reader) present(ctx context.Context) (bool, error) {
	if r.lies == delivered && !r.visit.noExtra {
		here, err := r.addedInformation(ctx)
		if !isStatus(err, statusCommandRefused) {
			return here, err
		}
		r.visit.noExtra = true
	}
	_, err := r.ask(ctx, find)
	switch {
	case isStatus(err, StatusNotFound):
		return !r.gone(), nil
	case isStatus(err, StatusWrongCard):
		err = nil // the same answer again is no news
	}
	r.visit.missed = 0
	return true, err
}

// addedInformation asks for 30 03, which only the card that was read last can
// answer: it has some, or says that it has none.
func (r *Reader) addedInformation(ctx context.Context) (bool, error) {
	data, err := r.ask(ctx, readExtra)
	clear(data)
	switch {
	case err == nil, isStatus(err, StatusNoItem):
		return true, nil
	case isStatus(err, statusCommandRefused) || !answered(err):
		return true, err
	}
	return false, nil
}

func (r *Reader) gone() bool {
	if r.visit.missed == 0 {
		r.visit.since = time.Now()
	}
	r.visit.missed++
	return r.visit.missed >= goneFinds && time.Since(r.visit.since) >= goneAfter
}

// triesPerCard is how often the module may give a card up before the person hears
// of it.
const triesPerCard = 3

// failure decides whether a failed pass is worth an error to the caller or only
// another pass.
func (r *Reader) failure(ctx context.Context, err error) error {
	var status *StatusError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &status):
		return r.refused(status)
	case damaged(err) && r.visit.failed > 0:
		r.visit.failed = 0
		r.show(idcard.Retry)
		return fmt.Errorf("read card: %w: %w", idcard.ErrUnreadable, err)
	case damaged(err), errors.Is(err, errSilent):
		return r.unanswered(err)
	}
	// Nothing is shown of it yet: a plug that slipped may be in again at the next
	// attempt to open.
	return errors.Join(fmt.Errorf("read card: %w", err), r.drop())
}

// unanswered counts what went without a usable answer; the module is reset after
// some.
func (r *Reader) unanswered(err error) error {
	if r.silent++; r.silent < silences {
		return nil
	}
	r.restart = true
	r.show(idcard.Offline)
	return fmt.Errorf("read card: %w", err)
}

// refused is the answer to a status that is no success.
func (r *Reader) refused(err *StatusError) error {
	switch err.Status {
	case StatusNotFound:
		return r.nothingThere()
	case StatusWrongCard:
		r.lies, r.visit = rejected, presentation{noExtra: r.visit.noExtra}
		return fmt.Errorf("read card: %w", idcard.ErrNotACard)
	case StatusSelfTest, StatusNotAuthorised:
		r.show(idcard.Offline)
		return fmt.Errorf("card reader out of service: %w", err)
	}
	r.restart = err.Status.hangs()
	r.visit.failed++
	r.show(idcard.Retry)
	if r.visit.failed%triesPerCard != 0 {
		r.log.Info("read card again", "reader", r.line.String(), "try", r.visit.failed, "err", err)
		return nil
	}
	if err.Status.unverified() {
		return fmt.Errorf("read card: %w: %w", idcard.ErrUnverified, err)
	}
	return fmt.Errorf("read card: %w: %w", idcard.ErrUnreadable, err)
}

// nothingThere is the usual answer of an empty reader; after a failed reading it
// means that the card was taken too early.
func (r *Reader) nothingThere() error {
	failed := r.visit.failed
	r.lifted()
	if failed > 0 {
		return fmt.Errorf("read card: %w", idcard.ErrRemoved)
	}
	return nil
}
