package uplink_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"leye/app/api"
	"leye/app/envelope"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/relay"
	"leye/app/terminal/internal/uplink"
)

// TestWhatACentralMayAnswer runs the sender against real servers that misbehave.
func TestWhatACentralMayAnswer(t *testing.T) {
	problem := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", api.ProblemType)
			w.WriteHeader(status)
			fmt.Fprintf(w, `{"status":%d}`, status)
		}
	}
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
		want    string
	}{
		{"nonsense", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }, "nonsense"},
		{"empty", func(http.ResponseWriter, *http.Request) {}, "nonsense"},
		{"server error", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, "http_500"},
		{"redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}, "http_307"},
		{"proxy's own 422", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(422) }, "http_422"},
		{"a key that is not held", problem(421), "http_421"},
		{"conflict", problem(409), "conflict"},
		{"invalid", problem(422), "refused_invalid"},
		{"half an answer", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "500")
			fmt.Fprint(w, `{"id":`)
		}, "no_connection"},
		{"endless", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.CopyN(w, zeros{}, 1<<20) // the terminal hangs up before
		}, "answer_too_large"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := httptest.NewServer(c.handler)
			defer server.Close()
			s, err := uplink.New(uplink.Config{Base: server.URL, Timeout: 5 * time.Second})
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.Send(t.Context(), kiosk.Entry{ID: "A", Body: []byte("{}")})
			if got := codeOf(err); got != c.want {
				t.Errorf("%v: %s, want %s", err, got, c.want)
			}
		})
	}
}

func TestTheFormIsSaid(t *testing.T) {
	var media string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { media = r.Header.Get("Content-Type") }))
	defer server.Close()
	s, err := uplink.New(uplink.Config{Base: server.URL, Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"": "application/json", "3f2a": envelope.MediaType} {
		_, _ = s.Send(t.Context(), kiosk.Entry{ID: "A", CentralKey: key, Body: []byte("{}")})
		if media != want {
			t.Errorf("key %q: sent as %s", key, media)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func codeOf(err error) string {
	var no *relay.Rejected
	var unsettled *uplink.Unsettled
	var f *relay.Failure
	switch {
	case errors.As(err, &no):
		return string(no.Reason)
	case errors.As(err, &unsettled):
		return string(unsettled.Code)
	case errors.As(err, &f):
		return f.Code
	}
	return fmt.Sprint(err)
}
