package uplink

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"leye/app/api"
	"leye/app/terminal/internal/relay"
)

// ErrCode says that the central does not take the one-time code.
var ErrCode = errors.New("the code is wrong, used, too old, or another terminal's")

// Enrol turns a one-time code into a terminal's first certificate
// (POST /v1/enrolments).
func (u *Uplink) Enrol(ctx context.Context, terminal, code, request string) (api.Certificate, error) {
	req, err := api.NewEnrolTerminalRequest(u.base, nil, api.Enrolment{Terminal: terminal, Code: code, Request: request})
	if err != nil {
		return api.Certificate{}, &relay.Failure{Code: "request", Err: err}
	}
	return u.certificate(ctx, req)
}

// Renew asks for a certificate that follows the present one
// (POST /v1/terminals/{id}/certificate).
func (u *Uplink) Renew(ctx context.Context, terminal, request string) (api.Certificate, error) {
	req, err := api.NewRenewCertificateRequest(u.base, terminal, nil, api.Renewal{Request: request})
	if err != nil {
		return api.Certificate{}, &relay.Failure{Code: "request", Err: err}
	}
	return u.certificate(ctx, req)
}

func (u *Uplink) certificate(ctx context.Context, req *http.Request) (c api.Certificate, err error) {
	resp, answer, err := u.ask(ctx, req, mostAnswer)
	if err != nil {
		return c, err
	}
	if resp.StatusCode != http.StatusCreated {
		if p, ok := problem(resp, answer); ok && p.Code == api.ProblemCodeWrongCode {
			return c, ErrCode
		}
		return c, refused(resp)
	}
	if json.Unmarshal(answer, &c) != nil || c.Certificate == "" {
		return c, &relay.Failure{Code: "nonsense", Err: errors.New("no certificate in it")}
	}
	return c, nil
}
