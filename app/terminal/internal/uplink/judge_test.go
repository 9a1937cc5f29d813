package uplink

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"leye/app/api"
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
		case errors.As(err, &no) && (rejections[status] != no.Reason || !isProblem(resp, answer)):
			t.Errorf("status %d parks as %s", status, no.Reason)
		case errors.As(err, &again) && (again.After < 0 || again.After > time.Hour):
			t.Errorf("pause %v", again.After)
		}
	})
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
		if got := isProblem(resp, []byte(c.body)); got != c.want {
			t.Errorf("%s %s: %v", c.media, c.body, got)
		}
	}
}
