// Package uplink speaks the central's published contract over HTTP for the
// relay: one request, one bounded answer, and what it means.
package uplink

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"leye/app/api"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/relay"
)

// mostAnswer is the largest answer that is read, in bytes: an acknowledgement
// has a few hundred.
const mostAnswer = 64 << 10

// Sender sends by the published contract (PUT /v1/applications/{id}).
type Sender struct {
	base   string
	client *http.Client
}

// New makes a Sender to the central at base; timeout bounds one request with
// its answer.
func New(base string, timeout time.Duration) (*Sender, error) {
	if _, err := api.NewClient(base); err != nil {
		return nil, fmt.Errorf("open central: %w", err)
	}
	return &Sender{base: base, client: &http.Client{
		Timeout: timeout,
		// A redirect would carry personal data to a place nobody configured.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Send puts a body under its identifier.
func (s *Sender) Send(ctx context.Context, id kiosk.ApplicationID, body []byte) (kiosk.Acknowledgement, error) {
	var ack kiosk.Acknowledgement
	req, err := api.NewFileApplicationRequestWithBody(s.base, string(id), nil, "application/json", bytes.NewReader(body))
	if err != nil {
		return ack, &relay.Failure{Code: "request", Err: err}
	}
	resp, err := s.client.Do(req.WithContext(ctx))
	if err != nil {
		return ack, failed(err)
	}
	answer, err := io.ReadAll(io.LimitReader(resp.Body, mostAnswer+1))
	err = errors.Join(err, resp.Body.Close())
	switch {
	case err != nil:
		return ack, failed(err)
	case len(answer) > mostAnswer:
		return ack, &relay.Failure{Code: "answer_too_large", Err: fmt.Errorf("more than %d bytes", mostAnswer)}
	}
	return judge(resp, answer)
}

func failed(err error) error {
	var timeout interface{ Timeout() bool }
	if errors.As(err, &timeout) && timeout.Timeout() {
		return &relay.Failure{Code: "timeout", Err: err}
	}
	return &relay.Failure{Code: "no_connection", Err: err}
}

// rejections are the statuses that repeating cannot change.
var rejections = map[int]kiosk.Reason{
	http.StatusConflict:              kiosk.Conflict,
	http.StatusUnprocessableEntity:   kiosk.RefusedInvalid,
	http.StatusGone:                  kiosk.Gone,
	http.StatusRequestEntityTooLarge: kiosk.TooLarge,
	http.StatusBadRequest:            kiosk.Refused,
}

// isProblem holds an answer against RFC 9457 and the status it came with.
func isProblem(resp *http.Response, answer []byte) bool {
	media, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	var p api.Problem
	return err == nil && media == api.ProblemType && json.Unmarshal(answer, &p) == nil && p.Status == resp.StatusCode
}

// judge reads an answer. A refusal counts only when it is a problem of the
// contract: a proxy's error page is not the central's word.
func judge(resp *http.Response, answer []byte) (kiosk.Acknowledgement, error) {
	var ack kiosk.Acknowledgement
	switch resp.StatusCode {
	case http.StatusOK, http.StatusCreated:
		var a api.Acknowledgement
		if err := json.Unmarshal(answer, &a); err != nil {
			return ack, &relay.Failure{Code: "nonsense", Err: err}
		}
		return kiosk.Acknowledgement{
			ID: kiosk.ApplicationID(a.Id), Number: a.Number, QueryCode: a.QueryCode, Digest: a.Digest,
			AcceptedAt: a.AcceptedAt, Due: a.Due, Desk: a.Desk,
		}, nil
	}
	reason, final := rejections[resp.StatusCode]
	if final && isProblem(resp, answer) {
		return ack, &relay.Rejected{Reason: reason}
	}
	after, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
	return ack, &relay.Failure{
		Code: "http_" + strconv.Itoa(resp.StatusCode), After: time.Duration(max(0, min(after, 3600))) * time.Second,
		Err: fmt.Errorf("central answered %s", resp.Status),
	}
}
