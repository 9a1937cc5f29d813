package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"leye/app/api"
	"leye/app/central/internal/intake"
	"leye/app/central/internal/server"
)

// taker is an intake made of a function.
type taker func(ctx context.Context, caller, id string, body []byte) (api.Acknowledgement, bool, error)

func (f taker) Take(ctx context.Context, caller, id string, body []byte) (api.Acknowledgement, bool, error) {
	return f(ctx, caller, id, body)
}

func (f taker) TakeSealed(ctx context.Context, caller, id string, body []byte) (api.Acknowledgement, bool, error) {
	return f(ctx, caller, id, body)
}

func put(t *testing.T, client *http.Client, url string) (int, http.Header, api.Problem) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "PUT", url+"/v1/applications/"+someID, strings.NewReader("{}"))
	fatal(t, err)
	r.Header.Set("Content-Type", "application/json")
	response, err := client.Do(r)
	fatal(t, err)
	defer response.Body.Close()
	var p api.Problem
	if response.StatusCode >= 400 {
		fatal(t, json.NewDecoder(response.Body).Decode(&p))
	}
	return response.StatusCode, response.Header, p
}

func TestOverload(t *testing.T) {
	inside, leave := make(chan struct{}), make(chan struct{})
	s := server.New(server.Config{AtOnce: 1, Intake: taker(func(context.Context, string, string, []byte) (api.Acknowledgement, bool, error) {
		inside <- struct{}{}
		<-leave
		return api.Acknowledgement{}, false, nil
	})})
	h := httptest.NewServer(s.Handler())
	defer h.Close()
	var wg sync.WaitGroup
	wg.Go(func() {
		if status, _, _ := put(t, h.Client(), h.URL); status != 201 {
			t.Errorf("the one inside: %d, want 201", status)
		}
	})
	<-inside
	status, header, p := put(t, h.Client(), h.URL)
	if status != 503 || header.Get("Retry-After") != "5" || p.Code != api.ProblemCodeOverloaded {
		t.Errorf("the one too many: %d, wait %q, %s", status, header.Get("Retry-After"), p.Code)
	}
	close(leave)
	wg.Wait()
}

// TestErrorsBecomeProblems also asks that neither answers nor an intruder's
// words reach the log.
func TestErrorsBecomeProblems(t *testing.T) {
	for name, tt := range map[string]struct {
		fails  func() error
		status int
		code   api.ProblemCode
	}{
		"panic":    {func() error { panic("张示例") }, 500, api.ProblemCodeInternal},
		"time out": {func() error { return context.DeadlineExceeded }, 503, api.ProblemCodeOverloaded},
		"disk":     {func() error { return errors.New("disk full") }, 500, api.ProblemCodeInternal},
		"refusal":  {func() error { return &intake.Refusal{Code: api.ProblemCodeConflict} }, 409, api.ProblemCodeConflict},
	} {
		var log bytes.Buffer
		s := server.New(server.Config{
			Log: slog.New(slog.NewTextHandler(&log, nil)),
			Intake: taker(func(context.Context, string, string, []byte) (api.Acknowledgement, bool, error) {
				return api.Acknowledgement{}, false, tt.fails()
			}),
		})
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPut, "/v1/applications/"+someID+"?name=张示例", strings.NewReader("{}"))
		r.Header.Set("Content-Type", "application/json")
		s.Handler().ServeHTTP(w, r)
		var p api.Problem
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != tt.status || p.Code != tt.code {
			t.Errorf("%s: %d %s, %v", name, w.Code, p.Code, err)
		}
		if strings.Contains(log.String(), "张示例") || strings.Contains(log.String(), someID) {
			t.Errorf("%s: the log tells on whom:\n%s", name, log.String())
		}
		if !strings.Contains(log.String(), `route="PUT /v1/applications/{id}"`) {
			t.Errorf("%s: the log does not name the route:\n%s", name, log.String())
		}
	}
}

func TestServeEndsGracefully(t *testing.T) {
	inside, leave := make(chan struct{}), make(chan struct{})
	s := server.New(server.Config{Intake: taker(func(context.Context, string, string, []byte) (api.Acknowledgement, bool, error) {
		close(inside)
		<-leave
		return api.Acknowledgement{}, false, nil
	})})
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	fatal(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l, nil) }()
	var wg sync.WaitGroup
	wg.Go(func() {
		if status, _, _ := put(t, http.DefaultClient, "http://"+l.Addr().String()); status != 201 {
			t.Errorf("the request under way: %d, want 201", status)
		}
	})
	<-inside
	cancel()
	close(leave)
	wg.Wait()
	if err := <-ended; err != nil {
		t.Errorf("serve: %v", err)
	}
	if _, err := new(net.Dialer).DialContext(t.Context(), "tcp", l.Addr().String()); err == nil {
		t.Error("somebody still listens")
	}
}
