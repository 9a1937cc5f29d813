// Package adoption decides who may send the applications that a failing terminal
// was emptied of: the terminal that adopts them, and then no other.
//
// It knows nothing of HTTP, and takes in no application; see package intake.
package adoption

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"

	"leye/app/central/internal/ledger"
	"leye/app/envelope"
	"leye/app/evacuation"
	"leye/app/proof"
)

// Errors that callers act on, besides the ledger's and the opener's.
var (
	// ErrForm says that what came is not of the agreed form.
	ErrForm = errors.New("it is not of the agreed form")
	// ErrStatement says that a statement is not signed by whom it names.
	ErrStatement = errors.New("the statement is not signed by the terminal that it names")
	// ErrKey says that a list is sealed to a key that is not held here.
	ErrKey = errors.New("it is sealed to a key that is not held here")
	// ErrForeign says that a terminal takes back what another was emptied of.
	ErrForeign = errors.New("another terminal was emptied")
)

// Ledger remembers who holds what.
type Ledger interface {
	TerminalKeys(ctx context.Context, terminal string) ([]string, error)
	Adopt(ctx context.Context, e ledger.Evacuation, to string, ids []string) (elsewhere []string, err error)
	CancelEvacuation(ctx context.Context, e ledger.Evacuation) error
}

// Key is the central's seal keys: the current one and those before it.
type Key interface {
	evacuation.Opener
	// Key is the one that a fingerprint names; nil when it is not held.
	Key(of envelope.Fingerprint) *envelope.PrivateKey
}

// Office answers terminals that adopt; its methods may be called at the same time.
type Office struct {
	ledger Ledger
	key    Key
}

// New returns an Office that opens lists with the central's key.
func New(l Ledger, key Key) *Office { return &Office{l, key} }

// Granted is what a terminal may send now.
type Granted struct {
	Terminal  string   // that was emptied
	Key       []byte   // opens the file's entries
	Elsewhere []string // applications in it that yet another terminal holds
}

// Adopt gives the terminal to the applications of the evacuation id. The same
// again gives the same. Errors are ErrForm, ErrStatement, ErrKey, those of
// [evacuation.OpenManifest] and of [ledger.Ledger.Adopt].
func (o *Office) Adopt(ctx context.Context, to, id, statement string, manifest []byte) (Granted, error) {
	said, err := o.believed(ctx, id, statement)
	if err != nil {
		return Granted{}, err
	}
	m, err := evacuation.OpenManifest(o.key, said, manifest)
	switch {
	case errors.Is(err, evacuation.ErrForm):
		return Granted{}, fmt.Errorf("%w: %w", ErrForm, err)
	case errors.Is(err, envelope.ErrUnreadable) && !o.held(manifest):
		return Granted{}, ErrKey
	case err != nil:
		return Granted{}, err
	}
	e := record(said, statement)
	e.MadeAt = m.At
	elsewhere, err := o.ledger.Adopt(ctx, e, to, m.IDs)
	if err != nil {
		return Granted{}, err
	}
	return Granted{said.Terminal, m.Key, elsewhere}, nil
}

// held reports whether a list is sealed to the key that is held here.
func (o *Office) held(manifest []byte) bool {
	e, err := envelope.Decode(manifest)
	return err == nil && o.key.Key(e.Key) != nil
}

// Cancel has nobody adopt the evacuation id any more, for the terminal that was
// emptied. Errors are ErrForm, ErrStatement, ErrForeign and those of
// [ledger.Ledger.CancelEvacuation].
func (o *Office) Cancel(ctx context.Context, terminal, id, statement string) error {
	said, err := o.believed(ctx, id, statement)
	if err != nil {
		return err
	}
	if said.Terminal != terminal {
		return ErrForeign
	}
	return o.ledger.CancelEvacuation(ctx, record(said, statement))
}

func record(said proof.Evacuation, statement string) ledger.Evacuation {
	return ledger.Evacuation{ID: said.ID, Terminal: said.Terminal, Count: said.Count, Statement: statement}
}

// believed reads a statement and holds it against its signature. A certificate may
// have ended or been revoked since: a terminal that is given up is both, and the
// applications in its file are still residents'.
func (o *Office) believed(ctx context.Context, id, statement string) (proof.Evacuation, error) {
	said, err := proof.ParseEvacuation(statement)
	if err != nil {
		return said, fmt.Errorf("%w: %w", ErrForm, err)
	}
	if said.ID != id {
		return said, fmt.Errorf("%w: id is not the one in the address", ErrForm)
	}
	texts, err := o.ledger.TerminalKeys(ctx, said.Terminal)
	if err != nil {
		return said, err
	}
	keys := make([]ed25519.PublicKey, len(texts))
	for i, text := range texts {
		if keys[i], err = base64.StdEncoding.DecodeString(text); err != nil || len(keys[i]) != ed25519.PublicKeySize {
			return said, fmt.Errorf("read key of terminal %s: it is not one of Ed25519", said.Terminal)
		}
	}
	if said.Check(statement, keys) != nil {
		return said, ErrStatement
	}
	return said, nil
}
