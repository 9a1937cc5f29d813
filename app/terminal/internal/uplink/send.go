package uplink

import (
	"bytes"
	"context"
	"encoding/json"
	"mime"
	"net/http"

	"leye/app/api"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/relay"
)

// mostAnswer is the largest answer to an application or a heartbeat that is
// read, in bytes: they have a few hundred.
const mostAnswer = 64 << 10

// Send puts a body under its identifier (PUT /v1/applications/{id}).
func (u *Uplink) Send(ctx context.Context, id kiosk.ApplicationID, body []byte) (kiosk.Acknowledgement, error) {
	req, err := api.NewFileApplicationRequestWithBody(u.base, string(id), nil, "application/json", bytes.NewReader(body))
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
	if p.Code == api.ProblemCodeUnknownService {
		reason = kiosk.Gone
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
			AcceptedAt: a.AcceptedAt, Due: a.Due, Desk: a.Desk,
		}, nil
	}
	if reason, final := rejection(resp, answer); final {
		return kiosk.Acknowledgement{}, &relay.Rejected{Reason: reason}
	}
	return kiosk.Acknowledgement{}, refused(resp)
}
