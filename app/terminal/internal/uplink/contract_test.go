package uplink_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"leye/app/terminal/internal/uplink"
)

// violations are what a judge of the contract says of a request or an answer, as JSON.
const violations = "Sl-Violations"

// between stands between an uplink and a judge of the contract: it asks for an
// answer of a status, and hears what the judge says of the request.
type between struct {
	status string
	said   []string
	seen   []int
}

func (b *between) open(t *testing.T, base string) *uplink.Uplink {
	t.Helper()
	to, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Header.Set("Prefer", "code="+b.status)
		},
		ModifyResponse: func(r *http.Response) error {
			b.seen = append(b.seen, r.StatusCode)
			if v := r.Header.Get(violations); v != "" {
				b.said = append(b.said, v)
			}
			return nil
		},
	}
	h := httptest.NewServer(proxy)
	t.Cleanup(h.Close)
	return line(t, h.URL, nil)
}

// line is an uplink that ends with the test.
func line(t *testing.T, base string, id uplink.Identity) *uplink.Uplink {
	t.Helper()
	u, err := uplink.New(uplink.Config{Base: base, Identity: id})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = u.Close() })
	return u
}

// contract is what all that is said here is held to.
func contract(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("../../../api/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// TestAnotherJudgesTheContract has a program that knows nothing but the contract
// judge each request of the terminal, and answer it with each status that is
// declared. scripts/judge runs it.
func TestAnotherJudgesTheContract(t *testing.T) {
	base := os.Getenv("LEYE_JUDGE_CONTRACT")
	if base == "" {
		t.Skip("LEYE_JUDGE_CONTRACT names no judge; scripts/judge contract does")
	}
	operations, forced := 0, 0
	for path, item := range contract(t).Paths.Map() {
		calls := callsTo[path]
		if len(calls) == 0 {
			t.Errorf("no terminal calls %s", path)
		}
		for method, operation := range item.Operations() {
			operations++
			for status := range operation.Responses.Map() {
				for _, c := range calls {
					forced++
					force(t, method+" "+path, base, status, c)
				}
			}
		}
	}
	resp := ask(t, http.MethodPost, base+"/v1/terminals/PT01/heartbeat", `{"version":"1.0.0"}`, http.Header{"Content-Type": {"application/json"}})
	if said := resp.Header.Get(violations); !strings.Contains(said, "'sentAt'") {
		t.Errorf("control: the judge says %d %q of a heartbeat without its time", resp.StatusCode, said)
	}
	t.Logf("terminal: %d requests of %d operations, 0 violations; each declared status answered once and taken; control: a request without sentAt is found out", forced, operations)
}

// force makes a call that the judge is to answer with a status.
func force(t *testing.T, operation, base, status string, c func(context.Context, *uplink.Uplink) error) {
	t.Helper()
	b := &between{status: status}
	err := c(t.Context(), b.open(t, base))
	want, _ := strconv.Atoi(status)
	if len(b.said) > 0 || len(b.seen) != 1 || b.seen[0] != want {
		t.Errorf("%s asked for %s: answered %v, violations %q", operation, status, b.seen, b.said)
	}
	if fine := want < 300 || want == http.StatusNotModified; fine != (err == nil) || err != nil && !known(err) {
		t.Errorf("%s: at %s the terminal says %v", operation, status, err)
	}
}

// ask makes a request that need not be a terminal's, and reads its answer to the end.
func ask(t *testing.T, method, address, body string, header http.Header) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header, r.Close = header, true
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatal(err)
	}
	return resp
}
