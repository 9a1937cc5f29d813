package uplink

import (
	"context"
	"encoding/json"
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
