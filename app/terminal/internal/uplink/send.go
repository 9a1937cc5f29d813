package uplink

import (
	"bytes"
	"context"
	"encoding/json"
	"mime"
	"net/http"

	"leye/app/api"
	"leye/app/envelope"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/relay"
)

// mostAnswer is the largest answer to an application or a heartbeat that is
// read, in bytes: they have a few hundred.
const mostAnswer = 64 << 10

// Send puts an entry's body under its identifier (PUT /v1/applications/{id}):
// sealed, if a central's key opens it, and else in the open. Errors are *relay.Failure
// and *relay.Rejected.
func (u *Uplink) Send(ctx context.Context, e kiosk.Entry) (kiosk.Acknowledgement, error) {
	media := "application/json"
	if e.CentralKey != "" {
		media = envelope.MediaType
	}
	req, err := api.NewFileApplicationRequestWithBody(u.base, string(e.ID), nil, media, bytes.NewReader(e.Body))
	if err != nil {
		return kiosk.Acknowledgement{}, &relay.Failure{Code: "request", Err: err}
	}
	resp, answer, err := u.ask(ctx, req, mostAnswer)
	if err != nil {
		return kiosk.Acknowledgement{}, err
	}
	return judge(resp, answer)
}

// rejections are the statuses that repeating cannot change.
var rejections = map[int]kiosk.Reason{
	http.StatusConflict:              kiosk.Conflict,
	http.StatusUnprocessableEntity:   kiosk.RefusedInvalid,
	http.StatusGone:                  kiosk.Gone,
	http.StatusRequestEntityTooLarge: kiosk.TooLarge,
	http.StatusBadRequest:            kiosk.Refused,
}

// finer are the problems that say more than their status.
var finer = map[api.ProblemCode]kiosk.Reason{
	api.ProblemCodeUnknownService: kiosk.Gone,
	api.ProblemCodeUnknownSuite:   kiosk.UnknownSuite,
	api.ProblemCodeUnreadable:     kiosk.Unreadable,
	api.ProblemCodeFenced:         kiosk.Fenced,
}

// problem holds an answer against RFC 9457 and the status it came with.
func problem(resp *http.Response, answer []byte) (p api.Problem, ok bool) {
	media, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	ok = err == nil && media == api.ProblemType && json.Unmarshal(answer, &p) == nil && p.Status == resp.StatusCode
	return p, ok
}

// rejection is the central's final no, if this is one. It counts only when it is
// a problem of the contract: a proxy's error page is not the central's word.
func rejection(resp *http.Response, answer []byte) (kiosk.Reason, bool) {
	reason, final := rejections[resp.StatusCode]
	p, ok := problem(resp, answer)
	if !final || !ok {
		return "", false
	}
	if r, finer := finer[p.Code]; finer {
		reason = r
	}
	return reason, true
}

func judge(resp *http.Response, answer []byte) (kiosk.Acknowledgement, error) {
	if resp.StatusCode == http.StatusOK || resp.StatusCode == http.StatusCreated {
		var a api.Acknowledgement
		if err := json.Unmarshal(answer, &a); err != nil {
			return kiosk.Acknowledgement{}, &relay.Failure{Code: "nonsense", Err: err}
		}
		return kiosk.Acknowledgement{
			ID: kiosk.ApplicationID(a.Id), Number: a.Number, QueryCode: a.QueryCode, Digest: a.Digest,
			AcceptedAt: a.AcceptedAt, Due: a.Due, Desk: a.Desk, Signature: a.Signature,
		}, nil
	}
	if reason, final := rejection(resp, answer); final {
		return kiosk.Acknowledgement{}, &relay.Rejected{Reason: reason}
	}
	return kiosk.Acknowledgement{}, refused(resp)
}
