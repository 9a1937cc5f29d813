package uplink_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"leye/app/proof/prooftest"
	"leye/app/terminal/internal/uplink"
)

// aCase is the contract's own example, further on.
const aCase = `{"number":"` + someNumber + `","reference":"PT01-1124-0007-3","applicationId":"` + someID + `","service":"jobseeker-registration",
	"state":"accepted","acceptedAt":"2026-11-24T09:30:02+08:00","due":"2026-12-08","desk":"就业服务窗口","applicant":"张*例","answers":{"name":"张*例"},
	"events":[{"at":"2026-11-24T09:30:02+08:00","event":"submit","state":"submitted"},{"at":"2026-11-25T10:00:00+08:00","event":"accept","state":"accepted"}]}`

const (
	noCase    = `{"status":404,"code":"case-not-found"}`
	tooOften  = `{"status":429,"code":"too-many-tries"}`
	queryCode = "402913"
)

func TestACaseIsAskedForAndTold(t *testing.T) {
	ca := prooftest.New(t)
	d := newDistrict(ca)
	d.answer = func(r *http.Request, _ []byte) (int, string) {
		if r.Method != http.MethodGet || r.URL.Path != "/v1/cases/"+someNumber || r.Header.Get("Query-Code") != queryCode {
			t.Errorf("%s %s, code %q", r.Method, r.URL.Path, r.Header.Get("Query-Code"))
		}
		return 200, aCase
	}
	c, err := d.listen(t, newBadge(t, ca), nil).Case(t.Context(), someNumber, queryCode)
	if err != nil {
		t.Fatal(err)
	}
	if c.Number != someNumber || c.Service != "jobseeker-registration" || c.State != "accepted" || c.Due != "2026-12-08" || c.Desk != "就业服务窗口" || c.Applicant != "张*例" {
		t.Error("the case is not what was told")
	}
	if len(c.Steps) != 2 || c.Steps[1].State != "accepted" || c.Steps[1].Event != "accept" || c.Steps[1].At.Format(time.DateOnly) != "2026-11-25" {
		t.Errorf("%d steps: %+v", len(c.Steps), c.Steps)
	}
}

// Only the central's own word says that there is no such case, or that it is closed.
func TestWhatIsSaidOfACase(t *testing.T) {
	ca, rogue := prooftest.New(t), prooftest.New(t)
	for name, tt := range map[string]struct {
		key    ed25519.PrivateKey
		answer func(*http.Request, []byte) (int, string)
		want   string
	}{
		"no such case":               {ca.Answers, answering(404, noCase), "no case"},
		"no such case, says another": {rogue.Answers, answering(404, noCase), "http_404"},
		"no such address":            {ca.Answers, answering(404, `{"status":404,"code":"not-found"}`), "http_404"},
		"closed":                     {ca.Answers, answering(429, tooOften), "closed"},
		"closed, says another":       {rogue.Answers, answering(429, tooOften), "http_429"},
		"too much to do":             {ca.Answers, answering(429, `{"status":429,"code":"overloaded"}`), "http_429"},
		"failing":                    {ca.Answers, answering(500, `{"status":500,"code":"internal"}`), "http_500"},
		"overloaded":                 {ca.Answers, answering(503, `{"status":503,"code":"overloaded"}`), "http_503"},
		"not welcome":                {ca.Answers, answering(403, `{"status":403,"code":"forbidden"}`), "http_403"},
		"no JSON":                    {ca.Answers, answering(200, "<html>"), "nonsense"},
		"nothing in it":              {ca.Answers, answering(200, "{}"), "nonsense"},
		"another case":               {ca.Answers, answering(200, strings.Replace(aCase, "0001-5", "0002-3", 1)), "nonsense"},
		"no day":                     {ca.Answers, answering(200, strings.Replace(aCase, "2026-12-08", "soon", 1)), "nonsense"},
		"said by another":            {rogue.Answers, answering(200, aCase), uplink.CodeUnsigned},
		"larger than any":            {ca.Answers, answering(200, aCase+strings.Repeat(" ", 2<<20)), "answer_too_large"},
	} {
		d := newDistrict(ca)
		d.key, d.answer = tt.key, tt.answer
		d.forge = func(h http.Header) { h.Set("Retry-After", "600") }
		u := d.listen(t, newBadge(t, ca), nil)
		_, err := u.Case(t.Context(), someNumber, queryCode)
		var closed *uplink.Closed
		got := codeOf(err)
		switch {
		case errors.Is(err, uplink.ErrNoCase):
			got = "no case"
		case errors.As(err, &closed):
			got = "closed"
		}
		if got != tt.want || got == "closed" && closed.For != 10*time.Minute {
			t.Errorf("%s: %v: %s, want %s", name, err, got, tt.want)
		}
		// Whoever guesses codes must not keep the queue from the central.
		overloaded := slices.Contains([]string{"http_429", "http_500", "http_503", uplink.CodeUnsigned}, got)
		if rests := u.Rest() > 0; rests != overloaded {
			t.Errorf("%s: the central is left alone: %v", name, rests)
		}
	}
}

// An error goes to the log, and the number of a case with it must not.
func TestAnErrorNamesNoCase(t *testing.T) {
	for name, dial := range map[string]func(context.Context, string, string) (net.Conn, error){
		"no line": func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("connection refused") },
		"hangs up": func(context.Context, string, string) (net.Conn, error) {
			here, there := net.Pipe()
			go answerWith(there, nil)
			return here, nil
		},
	} {
		u, err := uplink.New(uplink.Config{Base: "http://central.example", Dial: dial})
		if err != nil {
			t.Fatal(err)
		}
		_, err = u.Case(t.Context(), someNumber, queryCode)
		if code := codeOf(err); code != "no_connection" || strings.Contains(err.Error(), "0001") || strings.Contains(err.Error(), queryCode) {
			t.Errorf("%s: %s: %v", name, code, err)
		}
		if err := u.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Who asked for a case and went is not waited for, and says nothing of the line.
func TestACaseNobodyWaitsForIsLet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca := prooftest.New(t)
		d := newDistrict(ca)
		d.answer = func(r *http.Request, _ []byte) (int, string) {
			<-r.Context().Done()
			return 200, aCase
		}
		u := d.open(t, newBadge(t, ca), nil)
		for range 10 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			began := time.Now()
			_, err := u.Case(ctx, someNumber, queryCode)
			cancel()
			if took := time.Since(began); codeOf(err) != "timeout" || took != time.Second || u.Rest() != 0 {
				t.Fatalf("%v after %v, then left alone for %v", err, took, u.Rest())
			}
		}
	})
}
