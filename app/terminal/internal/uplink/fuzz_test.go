package uplink_test

import (
	"bufio"
	"context"
	"errors"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"leye/app/api"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/policysync"
	"leye/app/terminal/internal/relay"
	"leye/app/terminal/internal/uplink"
)

// FuzzAnswer lets each call meet what is no central at all: whatever comes back is
// the contract's answer or a failure of the kinds that tasks know.
func FuzzAnswer(f *testing.F) {
	const head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	f.Add(uint8(0), []byte(head+"\r\n"+`{"id":"A","number":"1","digest":"00"}`))
	f.Add(uint8(1), []byte(head+"\r\n"+`{"number":"`+someNumber+`","service":"job-search","state":"answered","due":"","events":[{"event":"ask","state":"answered"}]}`))
	f.Add(uint8(1), []byte("HTTP/1.1 429 x\r\nRetry-After: 600\r\nContent-Type: application/problem+json\r\n\r\n"+`{"status":429,"code":"too-many-tries"}`))
	f.Add(uint8(9), []byte(head+"\r\n"+`{"receivedAt":"2026-11-24T09:00:00Z","catalogueVersion":"1"}`))
	f.Add(uint8(9), []byte(head+"\r\n"+`{"receivedAt":"2026-11-24T09:00:00Z","journalKept":{"generation":-1,"seq":9223372036854775807},"journalAlarm":"x"}`))
	f.Add(uint8(6), []byte(head+"\r\n"+`{"status":"ok","time":"2026-11-24T09:00:00Z"}`))
	f.Add(uint8(2), []byte(head+"ETag: \"x\"\r\n\r\n"+`{"version":"1","files":{"a.toml":"a = 1"}}`))
	f.Add(uint8(3), []byte("HTTP/1.1 201 Created\r\n\r\n"+`{"certificate":"-----BEGIN","trust":""}`))
	f.Add(uint8(0), []byte("HTTP/1.1 422 x\r\nContent-Type: application/problem+json\r\n\r\n"+`{"status":422,"code":"invalid-answers"}`))
	f.Add(uint8(6), []byte("HTTP/1.1 503 x\r\nRetry-After: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n"))
	f.Add(uint8(9), []byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n"))
	f.Add(uint8(6), []byte("\x00\xff"))
	f.Add(uint8(4), []byte(head+"\r\n"+`{"id":"`+someEvacuation+`","terminal":"PT01","key":"AAAA"}`))
	f.Add(uint8(5), []byte("HTTP/1.1 409 x\r\nContent-Type: application/problem+json\r\n\r\n"+`{"status":409,"code":"conflict"}`))
	paths := slices.Sorted(maps.Keys(callsTo))
	f.Fuzz(func(t *testing.T, call uint8, raw []byte) {
		u, err := uplink.New(uplink.Config{Base: "http://central.example", Dial: func(context.Context, string, string) (net.Conn, error) {
			here, there := net.Pipe()
			go answerWith(there, raw)
			return here, nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		defer u.Close()
		err = callsTo[paths[int(call)%len(paths)]][0](t.Context(), u)
		if err != nil && !known(err) {
			t.Fatalf("no task knows this failure: %v", err)
		}
	})
}

// known reports whether the tasks know this failure.
func known(err error) bool {
	var again *relay.Failure
	var no *relay.Rejected
	var unsettled *uplink.Unsettled
	var closed *uplink.Closed
	return errors.As(err, &again) || errors.As(err, &no) || errors.As(err, &unsettled) || errors.As(err, &closed) ||
		errors.Is(err, uplink.ErrCode) || errors.Is(err, uplink.ErrNoCase)
}

// callsTo are the calls that an Uplink makes, by the contract's paths.
var callsTo = map[string][]func(ctx context.Context, u *uplink.Uplink) error{
	"/v1/applications/{id}": {func(ctx context.Context, u *uplink.Uplink) error {
		_, err := u.Send(ctx, kiosk.Entry{ID: someID, Body: []byte(application)})
		return err
	}, func(ctx context.Context, u *uplink.Uplink) error {
		_, err := u.Send(ctx, kiosk.Entry{ID: someID, Body: []byte(sealed), CentralKey: strings.Repeat("0", 64)})
		return err
	}},
	"/v1/cases/{number}": {func(ctx context.Context, u *uplink.Uplink) error {
		_, err := u.Case(ctx, someNumber, "402913")
		return err
	}},
	"/v1/terminals/{id}/heartbeat": {func(ctx context.Context, u *uplink.Uplink) error {
		_, err := u.Beat(ctx, "PT01", api.Heartbeat{SentAt: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC), Version: "1.0.0"})
		return err
	}},
	"/v1/health": {func(ctx context.Context, u *uplink.Uplink) error {
		_, err := u.Health(ctx)
		return err
	}},
	"/v1/catalogue": {fetches(policysync.Catalogue)},
	"/v1/policies":  {fetches(policysync.Policies)},
	"/v1/enrolments": {func(ctx context.Context, u *uplink.Uplink) error {
		_, err := u.Enrol(ctx, "PT01", "ABCD-EFGH-JKMN", certificateRequest)
		return err
	}},
	"/v1/terminals/{id}/certificate": {func(ctx context.Context, u *uplink.Uplink) error {
		_, err := u.Renew(ctx, "PT01", certificateRequest)
		return err
	}},
	"/v1/evacuations/{id}/adoption": {func(ctx context.Context, u *uplink.Uplink) error {
		_, err := u.Adopt(ctx, someEvacuation, "statement", []byte(manifest))
		return err
	}},
	"/v1/evacuations/{id}/cancellation": {func(ctx context.Context, u *uplink.Uplink) error {
		return u.Cancel(ctx, someEvacuation, "statement")
	}},
}

func fetches(name policysync.Name) func(ctx context.Context, u *uplink.Uplink) error {
	return func(ctx context.Context, u *uplink.Uplink) error {
		_, err := u.Fetch(ctx, name, `"x"`)
		return err
	}
}

const (
	someID         = "01KQ3ZC8V5W0T6R2N9M4H7XJDA"
	someNumber     = "000-417-261124-0001-5"
	someEvacuation = "XCVZ7JEXN7M2WQ3SO4YFTRBLHA"
	application    = `{"id":"` + someID + `","service":"job-search","catalogueVersion":"1","terminal":"PT01","language":"zh",` +
		`"filedAt":"2026-11-24T09:00:00+08:00","reference":"PT01-1124-0007-3","answers":{"period":"q"}}`
	certificateRequest = "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"
)

var (
	sealed   = envelopeOf("a", someID)
	manifest = envelopeOf("evacuation-manifest-1", someEvacuation)
)

// envelopeOf has the form of one and is sealed to nobody.
func envelopeOf(schema, id string) string {
	return `{"suite":"leye-1","schema":"` + schema + `","id":"` + id + `","seq":1,"key":"` + strings.Repeat("0", 64) + `","wrap":"AAAA","body":"AAAA"}`
}

// answerWith reads one request and answers it with raw, then hangs up.
func answerWith(c net.Conn, raw []byte) {
	defer c.Close()
	r, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		return
	}
	_ = r.Body.Close()
	_, _ = c.Write(raw)
}
