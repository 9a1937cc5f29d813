package idcardtest

import (
	"context"
	"sync"
	"time"

	"leye/devices/idcard"
)

// Reader is a reader in memory. Its zero value is empty; its methods may be called at
// the same time.
type Reader struct {
	mu       sync.Mutex
	lies     bool
	card     idcard.Card
	fault    error // what a reading of that which lies there gives instead of a card
	told     bool  // the card or the fault was delivered
	broken   []error
	closed   bool
	expected bool
	state    idcard.Progress
	progress func(idcard.Progress)
	change   chan struct{}
}

var _ idcard.Reader = (*Reader)(nil)

// Lay puts a card down; what lay there is taken away.
func (r *Reader) Lay(c idcard.Card) { r.put(true, c, nil) }

// LayOther puts something down that is no identity card.
func (r *Reader) LayOther() { r.put(true, idcard.Card{}, idcard.ErrNotACard) }

// Take takes away what lies there.
func (r *Reader) Take() { r.put(false, idcard.Card{}, nil) }

// Fail makes the device fail: the next Read or Present returns err, once.
func (r *Reader) Fail(err error) {
	r.update(func() { r.broken = append(r.broken, err) })
}

func (r *Reader) put(lies bool, c idcard.Card, fault error) {
	r.update(func() {
		r.lies, r.card, r.fault, r.told = lies, c, fault, false
		if !lies {
			r.show(idcard.Waiting)
		}
	})
}

// update changes the reader and wakes a blocked Read.
func (r *Reader) update(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f()
	if r.change != nil {
		close(r.change)
		r.change = nil
	}
}

// Read implements idcard.Reader.
func (r *Reader) Read(ctx context.Context) (idcard.Card, error) {
	for {
		card, change, err := r.look()
		if change == nil {
			return card, err
		}
		select {
		case <-ctx.Done():
			return idcard.Card{}, ctx.Err()
		case <-change:
		}
	}
}

// look returns what a Read gives now, or a channel that closes when that may change.
func (r *Reader) look() (idcard.Card, <-chan struct{}, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.device(); err != nil {
		return idcard.Card{}, nil, err
	}
	if !r.lies || r.told {
		if r.change == nil {
			r.change = make(chan struct{})
		}
		return idcard.Card{}, r.change, nil
	}
	r.told = true
	r.show(idcard.Reading)
	if r.fault != nil {
		return idcard.Card{}, nil, r.fault
	}
	card := r.card
	card.ReadAt = time.Now()
	return card, nil, nil
}

// device is what the device itself says first.
func (r *Reader) device() error {
	if r.closed {
		return idcard.ErrClosed
	}
	if len(r.broken) == 0 {
		if r.state == idcard.Offline {
			r.show(idcard.Waiting)
		}
		return nil
	}
	err := r.broken[0]
	r.broken = r.broken[1:]
	r.show(idcard.Offline)
	return err
}

// Present implements idcard.Reader.
func (r *Reader) Present(ctx context.Context) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return false, err
	}
	if err := r.device(); err != nil {
		return false, err
	}
	return r.lies && r.told && r.fault == nil, nil
}

// SetProgress implements idcard.Reader.
func (r *Reader) SetProgress(f func(idcard.Progress)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.progress = f
}

// Expect implements idcard.Reader.
func (r *Reader) Expect(on bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.expected = on
}

// Expected is what Expect said last.
func (r *Reader) Expected() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.expected
}

func (r *Reader) show(p idcard.Progress) {
	if p == r.state {
		return
	}
	r.state = p
	if r.progress != nil {
		r.progress(p)
	}
}

func (r *Reader) String() string { return "card reader in memory" }

// Close implements idcard.Reader.
func (r *Reader) Close() error {
	r.update(func() { r.closed = true })
	return nil
}
