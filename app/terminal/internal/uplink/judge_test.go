package uplink

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"leye/app/api"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/relay"
)

// FuzzJudge holds that nothing but a problem document of the contract parks an
// entry, whatever else the line brings.
func FuzzJudge(f *testing.F) {
	f.Add(201, "application/json", []byte(`{"id":"A","number":"1"}`))
	f.Add(422, api.ProblemType+"; charset=utf-8", []byte(`{"status":422,"code":"invalid-answers"}`))
	f.Add(409, "text/html", []byte("<html>"))
	f.Fuzz(func(t *testing.T, status int, media string, answer []byte) {
		resp := &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {media}, "Retry-After": {string(answer)}}}
		_, err := judge(resp, answer)
		var no *relay.Rejected
		var again *relay.Failure
		switch {
		case err == nil && status != 200 && status != 201:
			t.Errorf("status %d taken as an acknowledgement", status)
		case errors.As(err, &no) && !parks(resp, answer, no.Reason):
			t.Errorf("status %d parks as %s", status, no.Reason)
		case errors.As(err, &again) && (again.After < 0 || again.After > time.Hour):
			t.Errorf("pause %v", again.After)
		}
	})
}

func parks(resp *http.Response, answer []byte, reason kiosk.Reason) bool {
	p, ok := problem(resp, answer)
	told := finer[p.Code] != "" && reason == finer[p.Code]
	return ok && rejections[resp.StatusCode] != "" && (told || reason == rejections[resp.StatusCode])
}

// FuzzReadCase holds that whatever the line brings, a case is told only when it is the
// one that was asked for, and denied or closed only by a problem of the contract.
func FuzzReadCase(f *testing.F) {
	const number = "000-417-261124-0001-5"
	f.Add(200, "application/json", []byte(`{"number":"000417261124 00015","service":"job-search","state":"answered","due":"2026-12-08","events":[{}]}`))
	f.Add(404, api.ProblemType, []byte(`{"status":404,"code":"case-not-found"}`))
	f.Add(429, api.ProblemType, []byte(`{"status":429,"code":"too-many-tries"}`))
	f.Add(503, "text/html", []byte("<html>"))
	f.Fuzz(func(t *testing.T, status int, media string, answer []byte) {
		resp := &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {media}, "Retry-After": {string(answer)}}}
		c, err := readCase(resp, answer, number)
		p, told := problem(resp, answer)
		var closed *Closed
		var again *relay.Failure
		switch {
		case err == nil:
			if status != http.StatusOK || compact(c.Number) != compact(number) || c.Service == "" || c.State == "" || !day(c.Due) {
				t.Errorf("status %d taken as a case", status)
			}
		case errors.Is(err, ErrNoCase):
			if !told || status != http.StatusNotFound || p.Code != api.ProblemCodeCaseNotFound {
				t.Errorf("status %d denies the case", status)
			}
		case errors.As(err, &closed):
			if !told || status != http.StatusTooManyRequests || closed.For < 0 || closed.For > longestPause {
				t.Errorf("status %d closes the case for %v", status, closed.For)
			}
		case !errors.As(err, &again) || again.After < 0 || again.After > longestPause:
			t.Errorf("no task knows this failure: %v", err)
		}
	})
}

func TestProblemsSayMoreThanTheirStatus(t *testing.T) {
	resp := &http.Response{StatusCode: 422, Header: http.Header{"Content-Type": {api.ProblemType}}}
	for code, want := range map[string]kiosk.Reason{
		"unknown-service": kiosk.Gone, "invalid-answers": kiosk.RefusedInvalid, "unknown-suite": kiosk.UnknownSuite, "unreadable": kiosk.Unreadable,
	} {
		_, err := judge(resp, []byte(`{"status":422,"code":"`+code+`"}`))
		var no *relay.Rejected
		if !errors.As(err, &no) || no.Reason != want {
			t.Errorf("%s: %v, want %s", code, err, want)
		}
	}
}

func TestRetryAfterInBothForms(t *testing.T) {
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	later := now.Add(90 * time.Second).Format(http.TimeFormat)
	for _, c := range []struct {
		value, date string
		want        time.Duration
	}{
		{"", "", 0}, {"7", "", 7 * time.Second}, {"-7", "", 0}, {"999999999", "", time.Hour}, {"soon", "", 0},
		{later, "", 90 * time.Second},
		{later, now.Add(time.Minute).Format(http.TimeFormat), 30 * time.Second},
		{now.Add(-time.Hour).Format(http.TimeFormat), "", 0},
	} {
		h := http.Header{"Retry-After": {c.value}, "Date": {c.date}}
		if got := retryAfter(h, now); got != c.want {
			t.Errorf("%q at %q: %v, want %v", c.value, c.date, got, c.want)
		}
	}
}

func TestProblemDocumentsCount(t *testing.T) {
	for _, c := range []struct {
		media, body string
		want        bool
	}{
		{api.ProblemType, `{"status":409}`, true},
		{api.ProblemType + "; charset=utf-8", `{"status":409}`, true},
		{api.ProblemType, `{"status":500}`, false},
		{api.ProblemType, `true`, false},
		{"application/json", `{"status":409}`, false},
	} {
		resp := &http.Response{StatusCode: 409, Header: http.Header{"Content-Type": {c.media}}}
		if _, got := problem(resp, []byte(c.body)); got != c.want {
			t.Errorf("%s %s: %v", c.media, c.body, got)
		}
	}
}
