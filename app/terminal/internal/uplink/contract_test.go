package uplink_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"leye/app/api"
	"leye/app/terminal/internal/relay"
	"leye/app/terminal/internal/uplink"
)

// between stands between an uplink and a judge of the contract: it asks for an
// answer of a status, and hears what the judge says of the request.
type between struct {
	status     string
	violations []string
	seen       []int
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
			if b.status != "" {
				r.Out.Header.Set("Prefer", "code="+b.status)
			}
		},
		ModifyResponse: func(r *http.Response) error {
			b.seen = append(b.seen, r.StatusCode)
			if v := r.Header.Get("Sl-Violations"); v != "" {
				b.violations = append(b.violations, r.Request.Method+" "+r.Request.URL.Path+": "+v)
			}
			return nil
		},
	}
	h := httptest.NewServer(proxy)
	t.Cleanup(h.Close)
	u, err := uplink.New(uplink.Config{Base: h.URL})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = u.Close() })
	return u
}

// declared are the statuses of the contract by path.
func declared(t *testing.T) map[string][]string {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("../../../api/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for path, item := range doc.Paths.Map() {
		for _, operation := range item.Operations() {
			for status := range operation.Responses.Map() {
				all[path] = append(all[path], status)
			}
		}
	}
	return all
}

// TestAnotherJudgesTheContract has a program that knows nothing but the contract
// judge each request of the terminal, and answer it with each status that is
// declared. scripts/judge runs it.
func TestAnotherJudgesTheContract(t *testing.T) {
	plain, sealed, _ := strings.Cut(os.Getenv("LEYE_JUDGE_CONTRACT"), " ")
	if plain == "" || sealed == "" {
		t.Skip("LEYE_JUDGE_CONTRACT names no judges for the plain and the sealed form; scripts/judge contract does")
	}
	forced := 0
	for path, statuses := range declared(t) {
		for i, c := range callsTo[path] {
			base := []string{plain, sealed}[i]
			for _, status := range statuses {
				b := &between{status: status}
				err := c(t.Context(), b.open(t, base))
				want, _ := strconv.Atoi(status)
				if forced++; len(b.violations) > 0 || len(b.seen) != 1 || b.seen[0] != want {
					t.Errorf("%s asked for %s: answered %v, violations %q", path, status, b.seen, b.violations)
				}
				var again *relay.Failure
				var no *relay.Rejected
				known := errors.As(err, &again) || errors.As(err, &no) || errors.Is(err, uplink.ErrCode)
				if fine := want < 300 || want == http.StatusNotModified; fine != (err == nil) || err != nil && !known {
					t.Errorf("%s: at %s the terminal says %v", path, status, err)
				}
			}
		}
	}
	if forced < 50 {
		t.Errorf("only %d answers were forced", forced)
	}
	t.Logf("%d answers forced", forced)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, plain+"/v1/terminals/PT01/heartbeat", strings.NewReader(`{"version":7}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if said := fmt.Sprint(resp.StatusCode, resp.Header.Get("Sl-Violations")); said == "200" {
		t.Error("control: the judge passes a heartbeat that the contract forbids")
	}
}

// TestAnotherJudgesTheCentral sends each call through a judge that stands before a
// real central and breaks off what the contract does not declare.
func TestAnotherJudgesTheCentral(t *testing.T) {
	base := os.Getenv("LEYE_JUDGE_CENTRAL")
	if base == "" {
		t.Skip("LEYE_JUDGE_CENTRAL names no judge; scripts/judge contract does")
	}
	for path, calls := range callsTo {
		b := &between{}
		err := calls[0](t.Context(), b.open(t, base))
		if len(b.seen) != 1 || b.seen[0] >= http.StatusInternalServerError || len(b.violations) > 0 {
			t.Errorf("%s: answered %v, violations %q, %v", path, b.seen, b.violations, err)
		}
	}
	// The control: nothing there is declared.
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/elsewhere", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if media := resp.Header.Get("Content-Type"); resp.StatusCode != http.StatusNotFound || !strings.HasPrefix(media, api.ProblemType) {
		t.Errorf("control: %d %s, want the judge's own no", resp.StatusCode, media)
	}
}
