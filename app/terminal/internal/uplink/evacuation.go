package uplink

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"leye/app/api"
	"leye/app/terminal/internal/relay"
)

// Unsettled is the central's no to an adoption, or to taking one's own evacuation
// back. Asking again is no use.
type Unsettled struct {
	Code   api.ProblemCode
	Detail string // for staff
}

func (e *Unsettled) Error() string {
	said := "the central refuses: " + string(e.Code)
	if e.Detail != "" {
		said += ", " + e.Detail
	}
	return said
}

// Adopt asks to send what another terminal was emptied of
// (PUT /v1/evacuations/{id}/adoption). Errors are *Unsettled and *relay.Failure.
func (u *Uplink) Adopt(ctx context.Context, id, statement string, manifest []byte) (a api.Adopted, err error) {
	req, err := api.NewAdoptEvacuationRequest(u.base, id, nil, api.Adoption{Statement: statement, Manifest: manifest})
	if err != nil {
		return a, &relay.Failure{Code: "request", Err: err}
	}
	// Each application that yet another terminal holds is named in the answer.
	if err := u.settle(ctx, req, api.MaxBody, &a); err != nil {
		return api.Adopted{}, err
	}
	if a.Id != id || a.Terminal == "" || len(a.Key) == 0 {
		return api.Adopted{}, &relay.Failure{Code: "nonsense", Err: errors.New("no adoption in it")}
	}
	return a, nil
}

// Cancel takes an evacuation of this terminal back
// (PUT /v1/evacuations/{id}/cancellation). Errors are those of [Uplink.Adopt].
func (u *Uplink) Cancel(ctx context.Context, id, statement string) error {
	req, err := api.NewCancelEvacuationRequest(u.base, id, nil, api.Cancellation{Statement: statement})
	if err != nil {
		return &relay.Failure{Code: "request", Err: err}
	}
	var c api.Cancelled
	if err := u.settle(ctx, req, mostAnswer, &c); err != nil {
		return err
	}
	if c.Id != id {
		return &relay.Failure{Code: "nonsense", Err: errors.New("no cancellation in it")}
	}
	return nil
}

// settle reads the central's word into to.
func (u *Uplink) settle(ctx context.Context, req *http.Request, most int64, to any) error {
	resp, answer, err := u.ask(ctx, req, most)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		p, ok := problem(resp, answer)
		if final := resp.StatusCode < http.StatusInternalServerError && !overloaded(resp.StatusCode); ok && final {
			no := &Unsettled{Code: p.Code}
			if p.Detail != nil {
				no.Detail = *p.Detail
			}
			return no
		}
		return refused(resp)
	}
	if err := json.Unmarshal(answer, to); err != nil {
		return &relay.Failure{Code: "nonsense", Err: err}
	}
	return nil
}
