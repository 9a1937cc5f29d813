package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"time"

	"leye/app/envelope"
)

// liarJudge sends to centrals that answer wrongly. None of their answers may make
// the terminal delete anything, and the real central gets it all in the end.
func liarJudge() judge {
	return judge{
		name: "liar", what: "centrals that lie: wrong digest, wrong identifier, pages, endless and empty answers",
		bad: "deleted or lost", of: "sent", try: tryLiar,
		worse: mutant{
			why: "acknowledgements are not compared",
			edits: []edit{
				{"app/terminal/internal/relay/relay.go", `		return &Failure{Code: "wrong_acknowledgement", Err: err}` + "\n", ""},
				{"app/terminal/internal/outbox/lease.go", `			return fmt.Errorf("the acknowledgement does not fit the entry")` + "\n", ""},
			},
			programs: []program{{pkg: "./app/terminal/cmd/filer"}},
		},
	}
}

// ack is what an honest central answers.
type ack struct {
	ID         string    `json:"id"`
	Number     string    `json:"number"`
	QueryCode  string    `json:"queryCode"`
	Digest     string    `json:"digest"`
	AcceptedAt time.Time `json:"acceptedAt"`
	Due        string    `json:"due"`
	Desk       string    `json:"desk"`
}

// lies change an honest answer, or write another one.
func lies() map[string]func(w http.ResponseWriter, honest ack) {
	say := func(w http.ResponseWriter, a ack) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(a)
	}
	page := func(status int, kind, text string) func(http.ResponseWriter, ack) {
		return func(w http.ResponseWriter, _ ack) {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, text)
		}
	}
	return map[string]func(http.ResponseWriter, ack){
		"the digest of nothing": func(w http.ResponseWriter, a ack) { a.Digest = envelope.Digest(nil); say(w, a) },
		"no digest":             func(w http.ResponseWriter, a ack) { a.Digest = ""; say(w, a) },
		"another identifier":    func(w http.ResponseWriter, a ack) { a.ID = "AAAAAAAAAAAAAAAAAAAAAAAAAA"; say(w, a) },
		"no number":             func(w http.ResponseWriter, a ack) { a.Number = ""; say(w, a) },
		"no body":               page(http.StatusOK, "application/json", ""),
		"an empty object":       page(http.StatusOK, "application/json", "{}"),
		"a list":                page(http.StatusOK, "application/json", "[]"),
		"a portal's page":       page(http.StatusOK, "text/html", "<html>Please log in</html>"),
		"a proxy's 422":         page(http.StatusUnprocessableEntity, "text/html", "<html>422</html>"),
		"a proxy's 410":         page(http.StatusGone, "text/html", "<html>410</html>"),
		"a redirect": func(w http.ResponseWriter, _ ack) {
			w.Header().Set("Location", "http://127.0.0.1:1/")
			w.WriteHeader(http.StatusTemporaryRedirect)
		},
		"an endless answer": func(w http.ResponseWriter, _ ack) {
			_, _ = io.Copy(w, zeros{}) // until the terminal hangs up
		},
		"half an answer": func(w http.ResponseWriter, _ ack) {
			w.Header().Set("Content-Length", "400")
			_, _ = io.WriteString(w, `{"id":`)
		},
	}
}

func tryLiar(ctx context.Context, t *trial) (n tally, err error) {
	s := newSaid()
	asked := 0
	told := lies()
	for _, name := range slices.Sorted(maps.Keys(told)) {
		heard, err := t.sendToLiar(ctx, &n, s, name, told[name])
		if err != nil {
			return n, fmt.Errorf("%s: %w", name, err)
		}
		asked += heard
	}
	c, err := newCentral(ctx, t)
	if err != nil {
		return n, err
	}
	defer func() { err = errors.Join(err, c.kill()) }()
	if err := errors.Join(c.open(ctx), t.relay(ctx, s, t.path("store"), c.url(), nothing)); err != nil {
		return n, err
	}
	cases, err := t.compareBoth(ctx, &n, s, c)
	if err != nil {
		return n, err
	}
	n.note("%d lies told %d times, then %d cases in the real central", len(told), asked, len(cases))
	return n, nil
}

// sendToLiar files a few more and sends for a moment to a central with one lie;
// everything must still wait, whole.
func (t *trial) sendToLiar(ctx context.Context, n *tally, s *said, name string, lie func(http.ResponseWriter, ack)) (heard int, err error) {
	told := make(chan struct{}, 1000)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		sealed, err := envelope.Decode(body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		select {
		case told <- struct{}{}:
		default:
		}
		lie(w, ack{
			ID: path.Base(r.URL.Path), Number: "000-417-261124-0001-5", QueryCode: "123456",
			Digest: envelope.Digest(sealed.Body), AcceptedAt: time.Now(), Due: "2026-12-24", Desk: "综合窗口",
		})
	}))
	defer server.Close()
	if err := s.listen(t.filer(ctx, "file", t.path("store"), "--count", "5"), func(*process) error { return nil }); err != nil {
		return 0, err
	}
	moment, cancel := context.WithTimeout(ctx, 600*time.Millisecond)
	defer cancel()
	if err := t.relay(moment, s, t.path("store"), server.URL, nothing, "--lease", "400ms", "--timeout", "300ms"); err != nil {
		return 0, err
	}
	if len(told) == 0 {
		return 0, errors.New("nothing was sent")
	}
	found, err := t.look(ctx, t.path("store"))
	if err != nil {
		return 0, err
	}
	for _, e := range found[0].Entries {
		if e.State == "accepted" || e.State == "parked" || !e.Whole {
			n.fault("after %s %s is %s", name, e.ID, e.State)
		}
	}
	return len(told), nil
}
