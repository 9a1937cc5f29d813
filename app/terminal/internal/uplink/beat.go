package uplink

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"leye/app/api"
	"leye/app/terminal/internal/relay"
)

// Beat says how the terminal is (POST /v1/terminals/{id}/heartbeat).
func (u *Uplink) Beat(ctx context.Context, terminal string, beat api.Heartbeat) (api.HeartbeatAnswer, error) {
	var a api.HeartbeatAnswer
	req, err := api.NewSendHeartbeatRequest(u.base, terminal, nil, beat)
	if err != nil {
		return a, &relay.Failure{Code: "request", Err: err}
	}
	resp, answer, err := u.ask(ctx, req, mostAnswer)
	switch {
	case err != nil:
		return a, err
	case resp.StatusCode != http.StatusOK:
		return a, refused(resp)
	}
	if err := json.Unmarshal(answer, &a); err != nil {
		return a, &relay.Failure{Code: "nonsense", Err: err}
	}
	return a, nil
}

// errNonsense is an answer that is not the contract's.
var errNonsense = errors.New("what answers is not a central of this contract")

// Health asks whether the central can take applications (GET /v1/health).
func (u *Uplink) Health(ctx context.Context) (h api.Health, err error) {
	req, err := api.NewGetHealthRequest(u.base, nil)
	if err != nil {
		return h, &relay.Failure{Code: "request", Err: err}
	}
	resp, answer, err := u.ask(ctx, req, mostAnswer)
	switch {
	case err != nil:
		return h, err
	case resp.StatusCode != http.StatusOK:
		return h, refused(resp)
	}
	if json.Unmarshal(answer, &h) != nil || !h.Status.Valid() || h.Time.IsZero() {
		return h, &relay.Failure{Code: "nonsense", Err: errNonsense}
	}
	return h, nil
}
