package uplink

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"leye/app/api"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/relay"
)

// ErrNoCase says that no case has the number and the query code.
var ErrNoCase = errors.New("no case has this number and query code")

// Closed says that too many wrong query codes were tried: the case tells nothing for
// a while, not even to who has the right one.
type Closed struct{ For time.Duration }

func (e *Closed) Error() string {
	return fmt.Sprintf("the case is closed for %v after wrong codes", e.For)
}

// mostCase is the largest case that is read, in bytes: it carries what was handed in,
// of which nothing is taken on.
const mostCase = 2 * api.MaxBody

// Case asks for a case by its number and query code (GET /v1/cases/{number}). Errors
// are [ErrNoCase], *Closed and *relay.Failure; none names the case.
func (u *Uplink) Case(ctx context.Context, number, queryCode string) (kiosk.Case, error) {
	req, err := api.NewGetCaseRequest(u.base, number, &api.GetCaseParams{QueryCode: queryCode})
	if err != nil {
		return kiosk.Case{}, &relay.Failure{Code: "request", Err: errors.New("number or code cannot be asked for")}
	}
	resp, answer, err := u.ask(ctx, req, mostCase)
	if err != nil {
		return kiosk.Case{}, nameless(err)
	}
	return readCase(resp, answer, number)
}

// nameless leaves the address out of an error: a case's has its number.
func nameless(err error) error {
	var f *relay.Failure
	var at *url.Error
	if errors.As(err, &f) && errors.As(f.Err, &at) {
		return &relay.Failure{Code: f.Code, After: f.After, Err: at.Err}
	}
	return err
}

// readCase judges what was answered when that number was asked for.
func readCase(resp *http.Response, answer []byte, number string) (kiosk.Case, error) {
	p, told := problem(resp, answer)
	switch {
	case told && resp.StatusCode == http.StatusNotFound && p.Code == api.ProblemCodeCaseNotFound:
		return kiosk.Case{}, ErrNoCase
	case manyTries(resp, answer):
		return kiosk.Case{}, &Closed{For: retryAfter(resp.Header, time.Now())}
	case resp.StatusCode != http.StatusOK:
		return kiosk.Case{}, refused(resp)
	}
	var c api.Case
	if json.Unmarshal(answer, &c) != nil || compact(c.Number) != compact(number) || c.Service == "" || c.State == "" || !day(c.Due) {
		return kiosk.Case{}, &relay.Failure{Code: "nonsense", Err: errors.New("not this case in it")}
	}
	out := kiosk.Case{
		Number: c.Number, Service: c.Service, State: c.State, AcceptedAt: c.AcceptedAt, Due: c.Due, Desk: c.Desk, Applicant: c.Applicant,
	}
	for _, e := range c.Events {
		out.Steps = append(out.Steps, kiosk.CaseStep{At: e.At, Event: e.Event, State: e.State})
	}
	return out, nil
}

// compact is a number without what does not tell it from others.
func compact(number string) string {
	return strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(number))
}

// day reports whether a promised day is one, or none.
func day(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return s == "" || err == nil
}

// manyTries is the central's word that too many codes were tried for one thing: it
// is about that one, and nothing else need wait.
func manyTries(resp *http.Response, answer []byte) bool {
	p, ok := problem(resp, answer)
	return ok && resp.StatusCode == http.StatusTooManyRequests && p.Code == api.ProblemCodeTooManyTries
}
