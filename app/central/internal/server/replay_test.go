package server_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"leye/app/api"
	"leye/app/central/internal/ledger"
	"leye/app/central/internal/server"
	"leye/app/proof"
)

// captured is a request as it stood on the line.
type captured struct {
	method, path string
	header       http.Header
	body         []byte
}

// tap keeps what passes through it, under the signature.
type tap struct {
	http.RoundTripper
	kept *[]captured
}

func (l tap) RoundTrip(r *http.Request) (*http.Response, error) {
	copied, err := r.GetBody()
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(copied)
	if err != nil {
		return nil, err
	}
	*l.kept = append(*l.kept, captured{r.Method, r.URL.Path, r.Header.Clone(), body})
	return l.RoundTripper.RoundTrip(r)
}

// again sends a captured request once more, over TLS that shows a certificate:
// whoever sits between a terminal and its central has less.
func (g *gate) again(line http.RoundTripper, c captured) (int, api.Problem) {
	g.t.Helper()
	r, err := http.NewRequestWithContext(g.t.Context(), c.method, g.door+c.path, bytes.NewReader(c.body))
	fatal(g.t, err)
	r.Header = c.header.Clone()
	response, err := line.RoundTrip(r)
	fatal(g.t, err)
	defer response.Body.Close()
	var p api.Problem
	_ = json.NewDecoder(response.Body).Decode(&p)
	return response.StatusCode, p
}

func (g *gate) applied() (cases int, beats string) {
	g.t.Helper()
	page, err := g.ledger.Cases(g.t.Context(), ledger.Query{})
	fatal(g.t, err)
	all, err := g.ledger.Terminals(g.t.Context())
	fatal(g.t, err)
	return page.Total, fmt.Sprint(all)
}

// TestCapturedRequestsDoNothing captures what a terminal sends in a quarter of
// an hour and sends it again in a thousand ways.
func TestCapturedRequestsDoNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "central.db")
	g := startGateAt(t, path, nil)
	cert := g.enrol("PT01")
	var kept []captured
	client := g.client(cert)
	i := client.Transport.(inspector)
	signs := i.line.(signer)
	line := signs.RoundTripper.(*http.Transport)
	line.DisableKeepAlives = false
	signs.RoundTripper = tap{line, &kept}
	i.line = signs
	client.Transport = i
	for n := range 60 {
		g.clock.advance(15 * time.Second)
		id := fmt.Sprintf("%026d", n)
		if status, answer := g.file(client, id); status != 201 {
			t.Fatalf("file: %d %s", status, answer)
		}
		if status, answer := g.post(client, "/v1/terminals/PT01/heartbeat", api.Heartbeat{SentAt: g.clock.read(), Version: "1"}); status != 200 {
			t.Fatalf("beat: %d %s", status, answer)
		}
	}
	cases, beats := g.applied()
	seed := rand.New(rand.NewPCG(9, 421))
	refusals := map[api.ProblemCode]int{}
	for n := range 1000 {
		if n == 700 {
			g = restart(t, g, path)
		}
		c := kept[seed.IntN(len(kept))]
		alter(seed, n%5, &c, kept)
		status, p := g.again(line, c)
		refusals[p.Code]++
		if status < 400 {
			t.Errorf("%d: %s %s altered in way %d: %d", n, c.method, c.path, n%5, status)
		}
	}
	if after, beaten := g.applied(); after != cases || beaten != beats {
		t.Errorf("%d cases became %d, terminals %s became %s", cases, after, beats, beaten)
	}
	t.Logf("1,000 sent again, new applications 0, refused as %v", refusals)
	if refusals["replayed"] == 0 || refusals["stale"] == 0 || refusals["unsigned"] == 0 || refusals["malformed"] == 0 {
		t.Error("one of the checks was never the one to refuse")
	}
	client = g.client(cert)
	signs = client.Transport.(inspector).line.(signer)
	signs.now = func() time.Time { return noon.Add(16 * time.Minute) }
	client.Transport = signs
	if status, answer := g.do(client, "PUT", kept[0].path, bytes.Replace(kept[0].body, []byte(`"zh"`), []byte(`"en"`), 1)); status != 409 {
		t.Errorf("the same id with another body, rightly signed: %d %s", status, answer)
	}
}

// restart ends the central and starts another over the same files.
func restart(t *testing.T, g *gate, path string) *gate {
	t.Helper()
	now := g.clock.read()
	g.stop()
	return startGateAt(t, path, func(c *server.Config) { c.Now = func() time.Time { return now } })
}

// alter leaves a request as it was, or takes a part from another, changes its
// body with and without its digest, or its time.
func alter(seed *rand.Rand, way int, c *captured, kept []captured) {
	c.header = c.header.Clone()
	other := kept[seed.IntN(len(kept))]
	switch way {
	case 1:
		c.path = other.path + "x"[:seed.IntN(2)]
		if c.path == kept[0].path || other.path == c.path {
			c.method = map[string]string{"PUT": "POST", "POST": "PUT"}[c.method]
		}
	case 2:
		c.body = bytes.Replace(c.body, []byte("PT01"), []byte("PT02"), 1)
	case 3:
		c.body = append(bytes.Clone(c.body), ' ')
		c.header.Set(proof.DigestField, proof.ContentDigest(c.body))
	case 4:
		c.header.Set(proof.InputField, strings.Replace(c.header.Get(proof.InputField), "nonce=\"", "nonce=\"A", 1)[:len(c.header.Get(proof.InputField))])
	}
}

// TestWithoutTheProofTheyDo is the control: at a door that asks for none, what was
// captured is taken again.
func TestWithoutTheProofTheyDo(t *testing.T) {
	c := start(t)
	beat := []byte(`{"sentAt":"2026-11-24T12:00:00+08:00","version":"1"}`)
	seen := func() time.Time {
		if response, p := c.send("POST", "/v1/terminals/PT01/heartbeat", "application/json", bytes.NewReader(beat)); response.StatusCode != 200 {
			t.Fatalf("%d %s", response.StatusCode, p.Code)
		}
		all, err := c.ledger.Terminals(t.Context())
		fatal(t, err)
		return all[0].SeenAt
	}
	first := seen()
	c.clock.advance(time.Hour)
	if again := seen(); !again.After(first) {
		t.Error("the control does not discriminate")
	}
}

// TestAnswersAreSigned takes each kind of answer and holds it against the key.
func TestAnswersAreSigned(t *testing.T) {
	g := startGate(t)
	cert := g.enrol("PT01")
	client := g.client(cert)
	line := client.Transport.(inspector).line
	for name, tt := range map[string]struct {
		method, path, body string
		status             int
		when               time.Time
	}{
		"good":      {"PUT", "/v1/applications/" + someID, string(g.lookup(someID)), 201, g.clock.read()},
		"refused":   {"PUT", "/v1/applications/" + strings.Repeat("B", 26), "{}", 400, g.clock.read()},
		"too large": {"PUT", "/v1/applications/" + strings.Repeat("C", 26), strings.Repeat(" ", api.MaxBody+1), 413, g.clock.read()},
		"stale":     {"GET", "/v1/catalogue", "", 401, noon.Add(-time.Hour)},
		"ahead":     {"GET", "/v1/catalogue", "", 401, noon.Add(time.Hour)},
		"pack":      {"GET", "/v1/catalogue", "", 200, g.clock.read()},
		"forbidden": {"POST", "/v1/terminals/PT02/heartbeat", "{}", 403, g.clock.read()},
	} {
		s := line.(signer)
		s.now = func() time.Time { return tt.when }
		r, err := http.NewRequestWithContext(t.Context(), tt.method, g.door+tt.path, strings.NewReader(tt.body))
		fatal(t, err)
		r.Header.Set("Content-Type", "application/json")
		response, err := s.RoundTrip(r)
		fatal(t, err)
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		fatal(t, err)
		at, err := proof.CheckAnswer(g.ca.Trust().Keys, proof.Answer{
			Status: response.StatusCode, Digest: proof.ContentDigest(body), To: response.Request.Header.Get(proof.SignatureField),
		}, response.Header.Get(proof.InputField), response.Header.Get(proof.SignatureField))
		if err != nil || !at.Equal(g.clock.read()) || response.StatusCode != tt.status {
			t.Errorf("%s: %d signed at %v, %v", name, response.StatusCode, at, err)
		}
	}
}

func TestAcknowledgementsAreSignedAlike(t *testing.T) {
	g := startGate(t)
	client := g.client(g.enrol("PT01"))
	var acks [2]api.Acknowledgement
	for n, want := range []int{201, 200} {
		status, answer := g.file(client, someID)
		if fatal(t, json.Unmarshal(answer, &acks[n])); status != want {
			t.Fatalf("%d %s", status, answer)
		}
	}
	a := acks[0]
	vouched := proof.Acknowledgement{ID: a.Id, Number: a.Number, QueryCode: a.QueryCode, Digest: a.Digest, AcceptedAt: a.AcceptedAt, Due: a.Due, Desk: a.Desk}
	if err := vouched.Check(g.ca.Trust().Keys, a.Signature); err != nil || acks[1] != acks[0] {
		t.Errorf("%v, %+v", err, acks)
	}
}
