package intake

import (
	"context"
	"errors"

	"leye/app/api"
	"leye/app/central/internal/ledger"
	"leye/app/envelope"
)

// TakeSealed is [Intake.Take] for an application that came sealed. It is the
// same application as long as the sealed body is the same; that one is known
// already is said before it is opened, so that a lost key does not undo what was
// acknowledged.
func (i *Intake) TakeSealed(ctx context.Context, caller, id string, body []byte) (ack api.Acknowledgement, repeated bool, err error) {
	e, err := decodeSealed(id, body)
	if err != nil {
		return api.Acknowledgement{}, false, &Refusal{Code: api.ProblemCodeMalformed, Detail: err.Error()}
	}
	digest := envelope.Digest(e.Body)
	return i.take(ctx, caller, id, digest, func(home string) (ledger.Filing, error) {
		plain, err := i.open(e)
		if err != nil {
			return ledger.Filing{}, err
		}
		return i.examine(home, id, digest, plain)
	})
}

func decodeSealed(id string, body []byte) (envelope.Envelope, error) {
	keys := envelope.Keys()
	if err := Strict(body, keys, keys); err != nil {
		return envelope.Envelope{}, err
	}
	e, err := envelope.Decode(body)
	switch {
	case err != nil:
		return e, err
	case e.ID != id:
		return e, errors.New("body: id is not the one in the address")
	case e.Schema != envelope.Schema:
		return e, errors.New("body: schema is not one that is taken here")
	}
	return e, nil
}

// open gives back what was sealed, or a *Refusal. A key that is not held may be
// put back, so that is told apart from what will never open.
func (i *Intake) open(e envelope.Envelope) ([]byte, error) {
	if i.keys == nil {
		return nil, &Refusal{Code: api.ProblemCodeUnknownKey}
	}
	key := i.keys.Key(e.Key)
	switch {
	case !envelope.Known(e.Suite):
		return nil, &Refusal{Code: api.ProblemCodeUnknownSuite}
	case key == nil:
		return nil, &Refusal{Code: api.ProblemCodeUnknownKey}
	}
	plain, err := key.Open(e)
	switch {
	case err == nil:
		return plain, nil
	case errors.Is(err, envelope.ErrSuite):
		return nil, &Refusal{Code: api.ProblemCodeUnknownSuite}
	}
	return nil, &Refusal{Code: api.ProblemCodeUnreadable}
}
