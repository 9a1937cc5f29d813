// Package seal keeps the terminal's own key and knows the central's: what is
// handed in gets a data key of its own, which is wrapped to the central and,
// until the visit ends, to this terminal.
//
// It writes no rows and sends nothing; what a wrap's end means for an entry is
// the outbox's matter, and which central to trust is decided where it is built.
package seal

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"sync"
	"time"

	"leye/app/envelope"
)

// Record is one sealed application with the wraps that still exist.
type Record struct {
	envelope.Header
	Body         []byte
	Central      envelope.Fingerprint // of the key that WrapCentral is for; "" without one
	WrapCentral  []byte               // nil as long as no central's key is known
	WrapTerminal []byte               // nil once this terminal may read it no more
}

// Envelope is what is sent of a record that the central can open.
func (r Record) Envelope() envelope.Envelope {
	return envelope.Envelope{Header: r.Header, Key: r.Central, Wrap: r.WrapCentral, Body: r.Body}
}

// Sealer seals with one terminal key to the central of the hour. Its methods may
// be called from any goroutine.
type Sealer struct {
	keep sync.RWMutex // held while own is in use
	own  *Key

	mu      sync.Mutex
	central envelope.PublicKey
	spare   *envelope.Wrapper // for the next record; nil when used up
}

// New gives a sealer that knows no central yet.
func New(own *Key) *Sealer { return &Sealer{own: own} }

// Renew uses another terminal key from now on and forgets the one before: what that
// wrapped opens no more.
func (s *Sealer) Renew(own *Key) error {
	s.keep.Lock()
	defer s.keep.Unlock()
	before := s.own
	s.own = own
	return before.Close()
}

// Own is the name of the terminal's key and since when it is in use.
func (s *Sealer) Own() (name string, made time.Time) {
	s.keep.RLock()
	defer s.keep.RUnlock()
	return s.own.Name, s.own.Made
}

// SealTo has everything from now on sealed to a central's key.
func (s *Sealer) SealTo(central envelope.PublicKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.central = central
}

// Central is the key of [Sealer.SealTo]; zero when none is known yet.
func (s *Sealer) Central() envelope.PublicKey {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.central
}

// Prepare does ahead what takes longest of the next [Sealer.Seal]. It is for quiet
// moments; without it sealing takes longer.
func (s *Sealer) Prepare() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.central.Zero() || s.spare != nil && s.spare.Key() == s.central {
		return nil
	}
	w, err := s.central.Prepare()
	s.spare = w
	return err
}

// wrapper is the prepared one for the central's key, or a new one; nil when no key
// is known.
func (s *Sealer) wrapper() (*envelope.Wrapper, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.spare
	s.spare = nil
	switch {
	case s.central.Zero():
		return nil, nil
	case w != nil && w.Key() == s.central:
		return w, nil
	}
	return s.central.Prepare()
}

// Seal seals the application id in the place seq of the queue: to this terminal,
// and to the central if its key is known.
func (s *Sealer) Seal(id string, seq int64, plain []byte) (Record, error) {
	s.keep.RLock()
	defer s.keep.RUnlock()
	r := Record{Header: envelope.Header{Suite: envelope.Leye1, ID: id, Seq: seq, Schema: envelope.Schema}}
	to, err := s.wrapper()
	if err != nil {
		return Record{}, err
	}
	if to != nil {
		r.Suite = to.Key().Suite()
	}
	key, err := envelope.NewDataKey(r.Suite)
	if err != nil {
		return Record{}, err
	}
	defer clear(key)
	if r.Body, err = envelope.SealBody(r.Header, key, plain); err != nil {
		return Record{}, err
	}
	if r.WrapTerminal, err = envelope.SealBody(r.Header, s.own.wrap, key); err != nil {
		return Record{}, err
	}
	return r, r.wrapFor(to, key)
}

func (r *Record) wrapFor(to *envelope.Wrapper, key []byte) (err error) {
	if to == nil {
		return nil
	}
	r.Central = to.Key().Fingerprint()
	r.WrapCentral, err = to.Wrap(r.Header, key)
	return err
}

// dataKey takes a record's key out of the terminal's wrap.
func (s *Sealer) dataKey(r Record) ([]byte, error) {
	s.keep.RLock()
	defer s.keep.RUnlock()
	key, err := envelope.OpenBody(r.Header, s.own.wrap, r.WrapTerminal)
	if err != nil {
		return nil, fmt.Errorf("open by the terminal's key: %w", err)
	}
	return key, nil
}

// Open gives back what was sealed, as long as the terminal's wrap exists. Errors
// are [envelope.ErrUnreadable] and [envelope.ErrSuite].
func (s *Sealer) Open(r Record) ([]byte, error) {
	key, err := s.dataKey(r)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	return envelope.OpenBody(r.Header, key, r.Body)
}

// Rewrap makes a record that only this terminal can read readable for the
// central too, once it is sure that it opens. Errors are those of [Sealer.Open].
func (s *Sealer) Rewrap(r Record) (Record, error) {
	key, err := s.dataKey(r)
	if err != nil {
		return Record{}, err
	}
	defer clear(key)
	if _, err := envelope.OpenBody(r.Header, key, r.Body); err != nil {
		return Record{}, err
	}
	to, err := s.wrapper()
	if err != nil {
		return Record{}, err
	}
	return r, r.wrapFor(to, key)
}

// Mark is a hash, under the terminal's key, of something that could be guessed:
// equal parts give equal marks, and without the key nobody can try.
func (s *Sealer) Mark(parts ...[]byte) []byte {
	s.keep.RLock()
	defer s.keep.RUnlock()
	h := hmac.New(sha256.New, s.own.mark)
	for _, p := range parts {
		fmt.Fprintf(h, "%d:", len(p))
		h.Write(p)
	}
	return h.Sum(nil)
}
