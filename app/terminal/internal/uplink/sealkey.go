package uplink

import (
	"fmt"
	"time"

	"leye/app/api"
	"leye/app/proof"
)

// SealKeySince is since when the central vouches for a key that it told; an error
// when it does not. Without an Identity nobody can vouch for anything.
func (u *Uplink) SealKeySince(told api.SealKey) (time.Time, error) {
	if u.cfg.Identity == nil || told.Since == nil || told.Signature == nil {
		return time.Time{}, fmt.Errorf("check seal key: %w", proof.ErrUnsigned)
	}
	claim := proof.SealKey{Suite: told.Suite, Key: told.Key, Since: *told.Since}
	if err := claim.Check(u.cfg.Identity.Trust().Keys, *told.Signature); err != nil {
		return time.Time{}, fmt.Errorf("check seal key: %w", err)
	}
	return told.Since.UTC().Truncate(time.Second), nil
}
