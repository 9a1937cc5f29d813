package samv

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"leye/devices/idcard"
)

// rates are those a module can be set to, the usual one first. It keeps its rate
// when the power goes, so a module that is silent may only have been left at
// another one (protocol section 2).
var rates = []int{115200, 57600, 38400, 19200, 9600}

// findRate tries the rates until the module answers, beginning with the one that
// worked last. Any whole answer will do, a refusal too: it was understood.
func (r *Reader) findRate(ctx context.Context) error {
	last := r.baud
	others := slices.DeleteFunc(slices.Clone(rates), func(baud int) bool { return baud == last })
	for _, baud := range append([]int{last}, others...) {
		if err := r.line.SetBaud(baud); err != nil {
			return fmt.Errorf("find rate of card reader: %w", err)
		}
		r.baud = baud
		_, err := r.askOnce(ctx, samStatus)
		switch {
		case answered(err):
			r.rated = true
			r.log.Info("card reader answers", "reader", r.line.String(), "baud", baud)
			return outOfService(err)
		case !errors.Is(err, errSilent) && !damaged(err):
			return fmt.Errorf("find rate of card reader: %w", err)
		}
	}
	r.show(idcard.Offline)
	err := fmt.Errorf("find rate of card reader: %w at any of %v bit/s", errSilent, rates)
	return errors.Join(err, r.drop())
}
