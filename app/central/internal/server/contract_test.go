package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"leye/app/api"
	"leye/app/casework"
	"leye/app/catalogue"
	"leye/app/central/internal/intake"
	"leye/app/central/internal/keyring"
	"leye/app/central/internal/ledger"
	"leye/app/central/internal/server"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.FixedZone("CST", 8*60*60))

// hands is a clock that the test sets.
type hands struct {
	mu  sync.Mutex
	now time.Time
}

func (h *hands) read() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *hands) advance(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

// central is a real central on loopback with a real database.
type central struct {
	t       *testing.T
	url     string
	client  *http.Client
	api     *api.ClientWithResponses
	clock   *hands
	path    string
	version string // of the catalogue
	ledger  *ledger.Ledger
	key     *keyring.Ring
	stop    func()
}

func start(t *testing.T) *central {
	t.Helper()
	return startAt(t, filepath.Join(t.TempDir(), "central.db"), func(*server.Config) {})
}

func startAt(t *testing.T, path string, adapt func(*server.Config)) *central {
	t.Helper()
	c := &central{t: t, clock: &hands{now: noon}, path: path}
	var err error
	c.ledger, err = ledger.Open(t.Context(), path, ledger.Options{Centre: "107", Now: c.clock.read})
	fatal(t, err)
	assets := os.DirFS("../../../../assets/catalogue")
	cat, err := catalogue.Load(assets)
	fatal(t, err)
	c.version = cat.Version()
	days, err := casework.OpenCalendar(os.DirFS("../../../../assets/calendar"))
	fatal(t, err)
	c.key, _, err = keyring.Open(keyring.Path(path))
	fatal(t, err)
	in, err := intake.New(intake.Config{
		Catalogue: cat, Ledger: c.ledger, Calendar: days, Keys: c.key, Desks: map[string]string{"": "综合窗口"}, Now: c.clock.read,
	})
	fatal(t, err)
	catalogues, err := server.NewPack(assets)
	fatal(t, err)
	policies, err := server.NewPack(os.DirFS("testdata/policies"))
	fatal(t, err)
	config := server.Config{
		Intake: in, Ledger: c.ledger, Catalogue: cat, CataloguePack: catalogues, PoliciesPack: policies,
		SealKey: c.key.Public(), SealSince: c.key.Current().Since, Version: "1.2.3", Now: c.clock.read,
	}
	adapt(&config)
	h := httptest.NewServer(server.New(config).Handler())
	c.url, c.client = h.URL, &http.Client{Transport: judge(t)}
	c.api, err = api.NewClientWithResponses(h.URL, api.WithHTTPClient(c.client))
	fatal(t, err)
	c.stop = sync.OnceFunc(func() {
		h.Close()
		if err := c.ledger.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(c.stop)
	return c
}

func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// inspector holds every answer that passes through it to the contract.
type inspector struct {
	t      *testing.T
	router routers.Router
	line   http.RoundTripper
}

func judge(t *testing.T) http.RoundTripper {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("../../../api/openapi.yaml")
	fatal(t, err)
	doc.Servers = nil
	router, err := legacy.NewRouter(doc)
	fatal(t, err)
	return inspector{t, router, http.DefaultTransport}
}

func (i inspector) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := i.line.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	response.Body.Close()
	if err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	if err := i.inspect(r, response, body); err != nil {
		i.t.Errorf("%s %s answers %d against the contract: %v\n%.300s", r.Method, r.URL.Path, response.StatusCode, err, body)
	}
	return response, nil
}

func (i inspector) inspect(r *http.Request, response *http.Response, body []byte) error {
	plain := r.Clone(r.Context())
	plain.Body = nil
	route, parameters, err := i.router.FindRoute(plain)
	if err != nil {
		// Not of the contract; then at least a problem document.
		var p api.Problem
		if err := json.Unmarshal(body, &p); err != nil || p.Status != response.StatusCode || !p.Code.Valid() {
			return fmt.Errorf("no problem document: %w", err)
		}
		return nil
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: plain, PathParams: parameters, Route: route},
		Status:                 response.StatusCode,
		Header:                 response.Header,
		Options:                &openapi3filter.Options{IncludeResponseStatus: true},
	}
	input.SetBodyBytes(body)
	if response.StatusCode >= http.StatusBadRequest {
		if kind := response.Header.Get("Content-Type"); kind != api.ProblemType {
			return fmt.Errorf("an error of type %q", kind)
		}
	}
	return openapi3filter.ValidateResponse(r.Context(), input)
}

const someID = "01KQ3ZC8V5W0T6R2N9M4H7XJDA"

func (c *central) lookup(id string) []byte {
	return fmt.Appendf(nil, `{"id":%q,"service":"job-search","catalogueVersion":%q,"terminal":"PT01","language":"zh",`+
		`"filedAt":"2026-11-24T11:59:00+08:00","reference":"PT01-1124-0007-3","answers":{"kw":"电工"}}`, id, c.version)
}

func (c *central) put(id string, body []byte) *api.FileApplicationResponse {
	c.t.Helper()
	response, err := c.api.FileApplicationWithBodyWithResponse(context.Background(), id, nil, "application/json", bytes.NewReader(body))
	fatal(c.t, err)
	return response
}

func (c *central) filed(id string) api.Acknowledgement {
	c.t.Helper()
	response := c.put(id, c.lookup(id))
	if response.JSON201 == nil {
		c.t.Fatalf("status %d: %s", response.StatusCode(), response.Body)
	}
	return *response.JSON201
}

func (c *central) send(method, path, kind string, body io.Reader) (*http.Response, api.Problem) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, body)
	fatal(c.t, err)
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	response, err := c.client.Do(r)
	fatal(c.t, err)
	defer response.Body.Close()
	var p api.Problem
	if response.StatusCode >= 400 {
		fatal(c.t, json.NewDecoder(response.Body).Decode(&p))
	}
	return response, p
}

func TestFileTwice(t *testing.T) {
	c := start(t)
	first := c.filed(someID)
	again := c.put(someID, c.lookup(someID))
	if again.JSON200 == nil || *again.JSON200 != first {
		t.Errorf("again: %d %s", again.StatusCode(), again.Body)
	}
	if !strings.HasPrefix(first.Number, "107-") || first.Id != someID || !first.AcceptedAt.Equal(noon) || first.Desk != "综合窗口" {
		t.Errorf("acknowledgement %+v", first)
	}
	other := c.put(someID, bytes.Replace(c.lookup(someID), []byte(`"zh"`), []byte(`"en"`), 1))
	if p := other.ApplicationproblemJSON409; p == nil || p.Code != api.ProblemCodeConflict {
		t.Errorf("other body: %d %s", other.StatusCode(), other.Body)
	}
	space := c.put(someID, append(c.lookup(someID), ' '))
	if space.ApplicationproblemJSON409 == nil {
		t.Errorf("a space more is other bytes, yet the answer is %d", space.StatusCode())
	}
}

func TestFileInParallelThenAfterARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "central.db")
	c := startAt(t, path, func(*server.Config) {})
	const senders = 50
	acks := make([]api.Acknowledgement, senders)
	var created, repeated int
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range senders {
		wg.Go(func() {
			response := c.put(someID, c.lookup(someID))
			mu.Lock()
			defer mu.Unlock()
			switch {
			case response.JSON201 != nil:
				created++
				acks[i] = *response.JSON201
			case response.JSON200 != nil:
				repeated++
				acks[i] = *response.JSON200
			default:
				t.Errorf("status %d", response.StatusCode())
			}
		})
	}
	wg.Wait()
	if created != 1 || repeated != senders-1 {
		t.Errorf("%d created and %d repeated, want 1 and %d", created, repeated, senders-1)
	}
	for _, ack := range acks {
		if ack != acks[0] {
			t.Errorf("acknowledgements differ: %+v and %+v", ack, acks[0])
		}
	}
	c.stop()
	c = startAt(t, path, func(*server.Config) {})
	if after := c.put(someID, c.lookup(someID)); after.JSON200 == nil || *after.JSON200 != acks[0] {
		t.Errorf("after a restart: %d %s", after.StatusCode(), after.Body)
	}
}

func TestFileRefuses(t *testing.T) {
	c := start(t)
	right := string(c.lookup(someID))
	path := "/v1/applications/" + someID
	for _, tt := range []struct {
		name, method, path, kind, body string
		status                         int
		code                           api.ProblemCode
	}{
		{"half", "PUT", path, "application/json", right[:40], 400, api.ProblemCodeMalformed},
		{"other id in the address", "PUT", "/v1/applications/" + strings.Repeat("Z", 26), "application/json", right, 400, api.ProblemCodeMalformed},
		{"no type", "PUT", path, "", right, 415, api.ProblemCodeUnsupportedMediaType},
		{"form", "PUT", path, "application/x-www-form-urlencoded", right, 415, api.ProblemCodeUnsupportedMediaType},
		{"other charset", "PUT", path, "application/json; charset=gb18030", right, 415, api.ProblemCodeUnsupportedMediaType},
		{"too large", "PUT", path, "application/json", strings.Repeat(" ", api.MaxBody) + right, 413, api.ProblemCodeTooLarge},
		{"unknown service", "PUT", path, "application/json", strings.Replace(right, "job-search", "no-such", 1), 422, api.ProblemCodeUnknownService},
		{"wrong choice", "PUT", path, "application/json", strings.Replace(right, `"kw":"电工"`, `"occ":"moon"`, 1), 422, api.ProblemCodeInvalidAnswers},
		{"POST", "POST", path, "application/json", right, 405, api.ProblemCodeMethodNotAllowed},
		{"no such address", "GET", "/v1/nothing", "", "", 404, api.ProblemCodeNotFound},
		{"outside the contract", "GET", "/nothing", "", "", 404, api.ProblemCodeNotFound},
	} {
		if tt.status == 405 {
			// The contract names no such operation; the judge cannot find one.
			c.client = http.DefaultClient
		} else {
			c.client = &http.Client{Transport: judge(t)}
		}
		response, p := c.send(tt.method, tt.path, tt.kind, strings.NewReader(tt.body))
		if response.StatusCode != tt.status || p.Code != tt.code || p.Status != tt.status {
			t.Errorf("%s: %d %s, want %d %s", tt.name, response.StatusCode, p.Code, tt.status, tt.code)
		}
		if p.Instance == nil || !strings.HasSuffix(*p.Instance, response.Header.Get("Request-Id")) {
			t.Errorf("%s: the problem does not name the request", tt.name)
		}
	}
	if page, err := c.ledger.Cases(t.Context(), ledger.Query{}); err != nil || page.Total != 0 {
		t.Errorf("refused requests left %d cases, %v", page.Total, err)
	}
}

func TestInvalidAnswersAreNamed(t *testing.T) {
	c := start(t)
	_, p := c.send("PUT", "/v1/applications/"+someID, "application/json",
		strings.NewReader(strings.Replace(string(c.lookup(someID)), `"kw":"电工"`, `"occ":"moon"`, 1)))
	if p.Problems == nil || len(*p.Problems) != 1 || (*p.Problems)[0] != (api.AnswerProblem{Field: "occ", Row: -1, Code: "choice"}) {
		t.Errorf("problems %+v", p.Problems)
	}
}

func (c *central) read(number, code string) *api.GetCaseResponse {
	c.t.Helper()
	response, err := c.api.GetCaseWithResponse(context.Background(), number, &api.GetCaseParams{QueryCode: code})
	fatal(c.t, err)
	return response
}

func wrong(code string) string {
	last := (code[5]-'0'+1)%10 + '0'
	return code[:5] + string(last)
}

func TestReadCase(t *testing.T) {
	c := start(t)
	ack := c.filed(someID)
	fatal(t, c.ledger.Record(t.Context(), ack.Number, "answers-shown"))
	for _, number := range []string{ack.Number, strings.ReplaceAll(ack.Number, "-", "")} {
		response := c.read(number, ack.QueryCode)
		if response.JSON200 == nil {
			t.Fatalf("status %d: %s", response.StatusCode(), response.Body)
		}
		got := *response.JSON200
		if got.Number != ack.Number || got.State != "answered" || got.Applicant != "" || string(got.Answers) != `{"kw":"电工"}` {
			t.Errorf("case %+v", got)
		}
		if len(got.Events) != 1 || got.Events[0].Event != "ask" {
			t.Errorf("events %+v, want the filing and nothing of the staff's", got.Events)
		}
	}
	unknown := c.read("107-000-261124-0001-"+"0", ack.QueryCode)
	mistaken := c.read(ack.Number, wrong(ack.QueryCode))
	if unknown.StatusCode() != 404 || mistaken.StatusCode() != 404 {
		t.Errorf("unknown number %d, wrong code %d; want 404 for both", unknown.StatusCode(), mistaken.StatusCode())
	}
	if bad := c.read(ack.Number, "12a456"); bad.StatusCode() != 400 {
		t.Errorf("a code that is none: %d, want 400", bad.StatusCode())
	}
	if none, _ := c.send("GET", "/v1/cases/"+ack.Number, "", nil); none.StatusCode != 400 {
		t.Errorf("no code: %d, want 400", none.StatusCode)
	}
}

func TestReadCaseMasks(t *testing.T) {
	c := start(t)
	body := fmt.Appendf(nil, `{"id":%q,"service":"skill-certificate-lookup","catalogueVersion":%q,"terminal":"PT01","language":"zh",`+
		`"filedAt":"2026-11-24T11:59:00+08:00","reference":"PT01-1124-0007-3","answers":{"name":"张示例","id_doc":"id-card",`+
		`"id_no":"11010519491231002X","sex":"2","birth":"1949-12-31","hukou":"310107"}}`, someID, c.version)
	var hukou string
	for _, code := range c.codes("hukou") {
		hukou = code
	}
	body = bytes.Replace(body, []byte(`"310107"`), fmt.Appendf(nil, "%q", hukou), 1)
	response := c.put(someID, body)
	if response.JSON201 == nil {
		t.Fatalf("status %d: %s", response.StatusCode(), response.Body)
	}
	read := c.read(response.JSON201.Number, response.JSON201.QueryCode)
	if read.JSON200 == nil || read.JSON200.Applicant != "张*例" {
		t.Fatalf("case %s", read.Body)
	}
	for _, secret := range []string{"张示例", "11010519491231002X", "19491231", "1949-12-31"} {
		if bytes.Contains(read.Body, []byte(secret)) {
			t.Errorf("the answer holds %s", secret)
		}
	}
	if !bytes.Contains(read.Body, []byte("110105********002X")) {
		t.Errorf("no masked number in %s", read.Body)
	}
}

// codes returns the codes of a declared list.
func (c *central) codes(list string) []string {
	c.t.Helper()
	cat, err := catalogue.Load(os.DirFS("../../../../assets/catalogue"))
	fatal(c.t, err)
	l, ok := cat.CodeList(list)
	if !ok {
		c.t.Fatalf("no code list %s", list)
	}
	var codes []string
	for _, item := range l.Items {
		codes = append(codes, item.Code)
	}
	return codes
}

func TestWrongCodesCloseACase(t *testing.T) {
	c := start(t)
	ack, other := c.filed(someID), c.filed(strings.Repeat("B", 26))
	for i := range 10 {
		if got := c.read(ack.Number, wrong(ack.QueryCode)).StatusCode(); got != 404 {
			t.Fatalf("wrong code %d: %d, want 404", i, got)
		}
	}
	closed := c.read(ack.Number, ack.QueryCode)
	if closed.StatusCode() != 429 || closed.HTTPResponse.Header.Get("Retry-After") != "600" {
		t.Errorf("right code after ten wrong ones: %d, wait %s", closed.StatusCode(), closed.HTTPResponse.Header.Get("Retry-After"))
	}
	if got := c.read(other.Number, other.QueryCode).StatusCode(); got != 200 {
		t.Errorf("another case: %d, want 200", got)
	}
	c.clock.advance(10*time.Minute - time.Second)
	if got := c.read(ack.Number, ack.QueryCode).StatusCode(); got != 429 {
		t.Errorf("a second too early: %d, want 429", got)
	}
	c.clock.advance(time.Second)
	if got := c.read(ack.Number, ack.QueryCode).StatusCode(); got != 200 {
		t.Errorf("after ten minutes: %d, want 200", got)
	}
}

func TestUnknownNumbersCloseToo(t *testing.T) {
	c := start(t)
	number := "107-123-261124-0042-"
	for _, check := range "0123456789X" {
		if _, ok := ledger.ParseNumber(number + string(check)); ok {
			number += string(check)
			break
		}
	}
	for range 10 {
		c.read(number, "123456")
	}
	if got := c.read(number, "123456").StatusCode(); got != 429 {
		t.Errorf("an unknown number stays open (%d), which tells that it is unknown", got)
	}
}

func TestPacks(t *testing.T) {
	c := start(t)
	catalogues, err := c.api.GetCatalogueWithResponse(t.Context(), nil)
	fatal(t, err)
	policies, err := c.api.GetPoliciesWithResponse(t.Context(), nil)
	fatal(t, err)
	if catalogues.JSON200 == nil || catalogues.JSON200.Version != c.version || len(catalogues.JSON200.Files) < 90 {
		t.Fatalf("catalogue: %d %.200s", catalogues.StatusCode(), catalogues.Body)
	}
	if policies.JSON200 == nil || policies.JSON200.Files["one.toml"] != "zh = \"一\"\n" || policies.JSON200.Version == c.version {
		t.Fatalf("policies: %d %.200s", policies.StatusCode(), policies.Body)
	}
	tag := catalogues.HTTPResponse.Header.Get("ETag")
	for header, want := range map[string]int{
		tag: 304, "W/" + tag: 304, `"other", ` + tag: 304, "*": 304, `"other"`: 200, strings.Trim(tag, `"`): 200,
	} {
		response, err := c.api.GetCatalogueWithResponse(t.Context(), &api.GetCatalogueParams{IfNoneMatch: &header})
		fatal(t, err)
		if response.StatusCode() != want || want == 304 && len(response.Body) > 0 {
			t.Errorf("If-None-Match %s: %d with %d bytes, want %d", header, response.StatusCode(), len(response.Body), want)
		}
	}
}

func TestHeartbeat(t *testing.T) {
	c := start(t)
	queued, paper, text := 3, 4200, "纸将尽"
	beat := api.Heartbeat{
		SentAt: noon.Add(-time.Minute), Version: "1.0.0", Queued: &queued, PaperLeft: &paper,
		Conditions: &[]api.Condition{{Code: "P-021", Severity: "warning", Text: &text}},
	}
	response, err := c.api.SendHeartbeatWithResponse(t.Context(), "PT01", nil, beat)
	fatal(t, err)
	if response.JSON200 == nil || response.JSON200.CatalogueVersion != c.version || !response.JSON200.ReceivedAt.Equal(noon) {
		t.Fatalf("answer %d %s", response.StatusCode(), response.Body)
	}
	all, err := c.ledger.Terminals(t.Context())
	if err != nil || len(all) != 1 || all[0].Queued != 3 || all[0].PaperLeft != 4200 || !all[0].SeenAt.Equal(noon) || all[0].Conditions[0].Text != text {
		t.Errorf("terminals %+v, %v", all, err)
	}
	for name, body := range map[string]string{
		"nothing":       ``,
		"no time":       `{"version":"1"}`,
		"unknown key":   `{"sentAt":"2026-11-24T12:00:00Z","version":"1","more":1}`,
		"unknown inner": `{"sentAt":"2026-11-24T12:00:00Z","version":"1","conditions":[{"code":"a","severity":"info","more":1}]}`,
		"negative":      `{"sentAt":"2026-11-24T12:00:00Z","version":"1","queued":-1}`,
		"no paper":      `{"sentAt":"2026-11-24T12:00:00Z","version":"1","paperLeft":-1}`,
		"severity":      `{"sentAt":"2026-11-24T12:00:00Z","version":"1","conditions":[{"code":"a","severity":"loud"}]}`,
		"many":          `{"sentAt":"2026-11-24T12:00:00Z","version":"1","conditions":[` + strings.Repeat(`{"code":"a","severity":"info"},`, 64) + `{"code":"a","severity":"info"}]}`,
	} {
		if response, _ := c.send("POST", "/v1/terminals/PT01/heartbeat", "application/json", strings.NewReader(body)); response.StatusCode != 400 {
			t.Errorf("%s: %d, want 400", name, response.StatusCode)
		}
	}
	if response, _ := c.send("POST", "/v1/terminals/..%2f/heartbeat", "application/json", strings.NewReader(`{"sentAt":"2026-11-24T12:00:00Z","version":"1"}`)); response.StatusCode != 400 {
		t.Errorf("a name that is none: %d, want 400", response.StatusCode)
	}
}

func TestHealth(t *testing.T) {
	c := start(t)
	response, err := c.api.GetHealthWithResponse(t.Context(), nil)
	fatal(t, err)
	if response.JSON200 == nil || response.JSON200.Version != "1.2.3" {
		t.Errorf("health %d %s", response.StatusCode(), response.Body)
	}
	fatal(t, c.ledger.Close())
	sick, err := c.api.GetHealthWithResponse(t.Context(), nil)
	fatal(t, err)
	if sick.StatusCode() != 503 || sick.HTTPResponse.Header.Get("Retry-After") == "" {
		t.Errorf("without a database: %d", sick.StatusCode())
	}
	if failed := c.put(someID, c.lookup(someID)); failed.StatusCode() != 500 {
		t.Errorf("filing without a database: %d, want 500", failed.StatusCode())
	}
}

func TestRequestID(t *testing.T) {
	c := start(t)
	for sent, kept := range map[string]bool{"abc-123": true, "": false, "a b": false, strings.Repeat("a", 65): false} {
		r, err := http.NewRequestWithContext(t.Context(), "GET", c.url+"/v1/health", nil)
		fatal(t, err)
		r.Header.Set("Request-Id", sent)
		response, err := http.DefaultClient.Do(r)
		fatal(t, err)
		response.Body.Close()
		if got := response.Header.Get("Request-Id"); got == "" || (got == sent) != kept {
			t.Errorf("Request-Id %q became %q", sent, got)
		}
	}
}
