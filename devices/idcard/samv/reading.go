package samv

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"time"

	"leye/devices/idcard"
)

// An exclusive-or lets one damaged answer in 256 through, so one reading is enough
// only while nothing speaks against it. After a fault on the line, and for a card
// whose own data contradict each other, two equal readings are needed.
const (
	doubtFor = 10 * time.Minute // after a fault; noise comes in showers
	passes   = 8                // of one card before it is given up
)

// errDiffers means that no two readings of a card were equal.
var errDiffers = errors.New("readings of one card differ")

// reading is one answer to 30 01.
type reading struct {
	card idcard.Card
	sum  [sha256.Size]byte // of all its bytes
}

// readCard reads the card that lies there, as often as it must be read.
func (r *Reader) readCard(ctx context.Context) (idcard.Card, error) {
	var last error
	for range passes {
		got, err := r.readOnce(ctx)
		switch {
		case err == nil && r.believes(got):
			return got.card, nil
		case err == nil:
			last = errDiffers
		case r.visit.served && isStatus(err, StatusNotFound):
			if err := r.findAgain(ctx, err); err != nil {
				return idcard.Card{}, err
			}
			continue
		case damaged(err) && (r.visit.found || r.visit.failed > 0):
			last = err
		default:
			return idcard.Card{}, err
		}
		r.visit.failed++
		r.log.Info("read card again", "reader", r.line.String(), "why", last)
	}
	return idcard.Card{}, last
}

// readOnce finds, selects and reads: all three for every reading.
func (r *Reader) readOnce(ctx context.Context) (reading, error) {
	r.visit.found = false
	if _, err := r.ask(ctx, find); err != nil {
		return reading{}, err
	}
	r.visit.found = true
	r.show(idcard.Reading)
	if _, err := r.ask(ctx, selectCard); err != nil {
		return reading{}, err
	}
	data, err := r.ask(ctx, readBase)
	r.visit.served = err == nil || !answered(err)
	if err != nil {
		return reading{}, err
	}
	defer clear(data)
	now := time.Now()
	card, err := Decode(data, false, idcard.DateOf(now))
	card.ReadAt = now
	return reading{card, sha256.Sum256(data)}, err
}

// findAgain makes a module that has served a card serve it once more. Many find a
// card again only after it was lifted, or after a reset. It returns notFound when
// the card is gone.
func (r *Reader) findAgain(ctx context.Context, notFound error) error {
	here, err := r.addedInformation(ctx)
	switch {
	case isStatus(err, statusCommandRefused): // find will tell, after the reset
	case damaged(err), errors.Is(err, errSilent):
		return nil // the next pass asks anew
	case err != nil:
		return err
	case !here:
		return notFound
	}
	r.visit.served = false
	return r.resetModule(ctx)
}

// believes reports whether a reading may be delivered, and keeps in mind one that
// may not yet.
func (r *Reader) believes(got reading) bool {
	if !r.doubtful() && !contradicts(got.card) || slices.Contains(r.visit.sums, got.sum) {
		return true
	}
	r.visit.sums = append(r.visit.sums, got.sum)
	return false
}

// doubtful reports that the line has damaged something not long ago.
func (r *Reader) doubtful() bool { return !r.noise.IsZero() && time.Since(r.noise) < doubtFor }

// contradicts reports flags that a damaged reading would leave, too. Characters
// without a code are no such flag: old cards have them.
func contradicts(c idcard.Card) bool {
	return slices.ContainsFunc(c.Issues, func(issue string) bool {
		return !strings.HasPrefix(issue, idcard.IssuePrivateUse) && issue != idcard.IssueNumberNation
	})
}
