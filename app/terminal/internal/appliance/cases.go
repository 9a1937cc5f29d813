package appliance

import (
	"context"
	"errors"
	"slices"
	"strings"

	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/outbox"
	"leye/app/terminal/internal/relay"
	"leye/app/terminal/internal/session"
	"leye/app/terminal/internal/uplink"
)

// cases asks the central how far a case has come, and the queue about what it does not
// have yet.
type cases struct {
	line  *uplink.Uplink
	queue *outbox.Outbox
}

// Case is the session's.
func (c cases) Case(ctx context.Context, number, queryCode string) (kiosk.Case, error) {
	got, err := c.line.Case(ctx, number, queryCode)
	var closed *uplink.Closed
	switch {
	case errors.Is(err, uplink.ErrNoCase):
		return kiosk.Case{}, session.ErrNoCase
	case errors.As(err, &closed):
		return kiosk.Case{}, &session.Closed{For: closed.For}
	case err != nil:
		return kiosk.Case{}, &failure{lineCode(err), err}
	}
	return got, nil
}

// Held is the session's.
func (c cases) Held(ctx context.Context, ref kiosk.Reference) (kiosk.State, error) {
	found, err := c.queue.List(ctx, outbox.Filter{Reference: ref, Limit: 1})
	if err != nil {
		return "", &failure{storeCode(err), err}
	}
	if len(found) == 0 {
		return "", nil
	}
	return found[0].State, nil
}

// lineCode is what staff are told of a request that failed.
func lineCode(err error) kiosk.Code {
	var f *relay.Failure
	switch {
	case !errors.As(err, &f):
		return kiosk.CodeLineDown
	case slices.Contains([]string{"http_401", "http_403", uplink.CodeUnwelcome}, f.Code):
		return kiosk.CodeCentralRefused
	case f.Code == uplink.CodeUntrusted || f.Code == uplink.CodeUnsigned:
		return kiosk.CodeUntrusted
	case strings.HasPrefix(f.Code, "http_"):
		return kiosk.CodeCentralFailing
	}
	return kiosk.CodeLineDown
}
