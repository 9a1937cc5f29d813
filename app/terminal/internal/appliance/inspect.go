package appliance

import (
	"context"
	"sync/atomic"

	"leye/app/terminal/internal/store"
)

// inspection is the task that reads a store through which was too large for that
// at the start.
type inspection struct {
	db    *store.Store
	found atomic.Pointer[error]
}

func (i *inspection) String() string { return "inspection" }

// Run looks once.
func (i *inspection) Run(ctx context.Context) error {
	if !i.db.Checked() {
		if err := i.db.Check(ctx); err != nil && ctx.Err() == nil {
			i.found.Store(&err)
		}
	}
	<-ctx.Done()
	return nil
}

// fault is what was found; nil when nothing was, or not yet.
func (i *inspection) fault() error {
	if err := i.found.Load(); err != nil {
		return *err
	}
	return nil
}
