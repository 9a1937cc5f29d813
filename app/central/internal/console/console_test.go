package console

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"leye/app/catalogue"
	"leye/app/central/internal/ledger"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, shanghai)

const password = "right-password"

// desk is a console over a real ledger, and a browser in front of it.
type desk struct {
	t       *testing.T
	url     string
	ledger  *ledger.Ledger
	browser *http.Client
	now     time.Time
}

func open(t *testing.T) *desk {
	t.Helper()
	d := &desk{t: t, now: noon}
	now := func() time.Time { return d.now }
	var err error
	d.ledger, err = ledger.Open(t.Context(), filepath.Join(t.TempDir(), "central.db"), ledger.Options{Now: now})
	fatal(t, err)
	// A hash of few rounds, so that the tests do not wait for the real number.
	hash, err := hashPassword(password, 2)
	fatal(t, err)
	fatal(t, d.ledger.Set(t.Context(), passwordSetting, hash))
	declared, err := catalogue.Load(os.DirFS("../../../../assets/catalogue"))
	fatal(t, err)
	c, err := New(Config{Ledger: d.ledger, Catalogue: declared, Version: "1.2.3", Centre: "000", Now: now})
	fatal(t, err)
	h := httptest.NewServer(c)
	t.Cleanup(func() {
		h.Close()
		fatal(t, d.ledger.Close())
	})
	d.url = h.URL
	d.browser = d.newBrowser()
	return d
}

func (d *desk) newBrowser() *http.Client {
	jar, err := cookiejar.New(nil)
	fatal(d.t, err)
	return &http.Client{Jar: jar}
}

func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (d *desk) read(response *http.Response, err error) (int, string) {
	d.t.Helper()
	fatal(d.t, err)
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	fatal(d.t, err)
	return response.StatusCode, string(page)
}

func (d *desk) get(path string) (int, string) { return d.read(d.ask(http.MethodGet, path, nil)) }

func (d *desk) post(path string, form url.Values) (int, string) {
	return d.read(d.ask(http.MethodPost, path, form))
}

// ask sends a form, or asks for a page where there is none.
func (d *desk) ask(method, path string, form url.Values) (*http.Response, error) {
	d.t.Helper()
	r, err := http.NewRequestWithContext(d.t.Context(), method, d.url+path, strings.NewReader(form.Encode()))
	fatal(d.t, err)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return d.browser.Do(r)
}

func (d *desk) login() {
	d.t.Helper()
	if status, page := d.post("/login", url.Values{"password": {password}}); status != 200 || !strings.Contains(page, "办件") {
		d.t.Fatalf("login: %d", status)
	}
}

// file puts a case of a made-up person into the ledger.
func (d *desk) file(n int) ledger.Case {
	d.t.Helper()
	c, _, err := d.ledger.File(context.Background(), ledger.Filing{
		ID: fmt.Sprintf("%026d", n), Digest: strings.Repeat("0", 64), Service: "hardship-recognition", Terminal: "PT01",
		Reference: fmt.Sprintf("PT01-1124-%04d-3", n), Language: "zh", FiledAt: noon, Applicant: "张示例", ApplicantMasked: "张*例",
		Event: "submit", State: "submitted", Due: "2026-12-08", Desk: "综合窗口",
		Body: []byte(`{"answers":{"name":"张示例","id_no":"310107199001010006","sex":"1","disabled":true,` +
			`"family":[{"n":"李样本<b>"}],"cat":"x","mystery":"老问题"}}`),
		Notes: []ledger.Note{{Field: "family.n", Row: 0, Code: "unknown_field"}},
	})
	fatal(d.t, err)
	return c
}

// TestPagesAreClosed asks every page for its content without logging in.
func TestPagesAreClosed(t *testing.T) {
	d := open(t)
	c := d.file(1)
	for _, path := range []string{"/", "/cases", "/cases/" + c.Number, "/terminals"} {
		status, page := d.get(path)
		if status != 200 || !strings.Contains(page, "type=\"password\"") || strings.Contains(page, c.Number+"\"") && !strings.Contains(path, c.Number) {
			t.Errorf("%s: %d without the login page", path, status)
		}
		if strings.Contains(page, "张") {
			t.Errorf("%s: shows an applicant", path)
		}
	}
	if _, page := d.post("/cases/"+c.Number, nil); strings.Contains(page, "张") {
		t.Error("answers shown without logging in")
	}
	events, err := d.ledger.Events(t.Context(), c.Number)
	if err != nil || len(events) != 1 {
		t.Errorf("%d events, %v; want the filing only", len(events), err)
	}
}

func TestLogin(t *testing.T) {
	d := open(t)
	if status, page := d.post("/login", url.Values{"password": {"wrong"}}); status != 401 || !strings.Contains(page, "密码不对") {
		t.Errorf("wrong password: %d", status)
	}
	d.login()
	if status, page := d.get("/terminals"); status != 200 || !strings.Contains(page, "还没有终端报到") {
		t.Errorf("inside: %d", status)
	}
	d.post("/logout", nil)
	if _, page := d.get("/terminals"); !strings.Contains(page, "type=\"password\"") {
		t.Error("still inside after logging out")
	}
	d.login()
	d.now = noon.Add(sessionTime)
	if _, page := d.get("/terminals"); !strings.Contains(page, "type=\"password\"") {
		t.Error("still inside after the session's end")
	}
}

func TestLogoutEndsTheSessionItself(t *testing.T) {
	d := open(t)
	d.login()
	u, err := url.Parse(d.url)
	fatal(t, err)
	kept := d.browser.Jar.Cookies(u)
	d.post("/logout", nil)
	d.browser.Jar.SetCookies(u, kept)
	if _, page := d.get("/terminals"); !strings.Contains(page, "type=\"password\"") {
		t.Error("a kept cookie opens the console after logging out")
	}
}

func TestWrongPasswordsCloseTheDoor(t *testing.T) {
	d := open(t)
	for i := range 10 {
		if status, _ := d.post("/login", url.Values{"password": {"wrong"}}); status != 401 {
			t.Fatalf("wrong password %d: %d, want 401", i, status)
		}
	}
	if status, _ := d.post("/login", url.Values{"password": {password}}); status != 429 {
		t.Errorf("right password after ten wrong ones: %d, want 429", status)
	}
	d.now = noon.Add(10 * time.Minute)
	d.login()
}

func TestCookieAndHeaders(t *testing.T) {
	d := open(t)
	d.browser.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err := d.ask(http.MethodPost, "/login", url.Values{"password": {password}, "to": {"/terminals"}})
	fatal(t, err)
	response.Body.Close()
	cookie := response.Header.Get("Set-Cookie")
	for _, want := range []string{"HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=28800"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("cookie without %s", want)
		}
	}
	if to := response.Header.Get("Location"); to != "/terminals" {
		t.Errorf("login leads to %s", to)
	}
	for header, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
	} {
		if got := response.Header.Get(header); !strings.Contains(got, want) {
			t.Errorf("%s is %q", header, got)
		}
	}
}

func TestOtherSitesMayNotPost(t *testing.T) {
	d := open(t)
	d.login()
	c := d.file(1)
	r, err := http.NewRequestWithContext(t.Context(), "POST", d.url+"/cases/"+c.Number, nil)
	fatal(t, err)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	if status, _ := d.read(d.browser.Do(r)); status != 403 {
		t.Errorf("a form of another site: %d, want 403", status)
	}
}

func TestLoginLeadsInsideOnly(t *testing.T) {
	for to, want := range map[string]string{
		"/terminals": "/terminals", "/cases?q=1": "/cases?q=1", "": "/cases", "https://example.com/": "/cases",
		"//example.com": "/cases", `/\example.com`: "/cases", "javascript:alert(1)": "/cases", "terminals": "/cases",
	} {
		if got := inside(to); got != want {
			t.Errorf("%q leads to %q, want %q", to, got, want)
		}
	}
}

func TestCasesPage(t *testing.T) {
	d := open(t)
	for i := range pageSize + 3 {
		d.file(i)
	}
	d.login()
	_, page := d.get("/cases")
	for _, want := range []string{"<strong>28</strong>", "张*例", "就业困难人员认定", "已提交", "2026-12-08", "剩 14 天", "更早"} {
		if !strings.Contains(page, want) {
			t.Errorf("the list does not show %s", want)
		}
	}
	if strings.Contains(page, "张示例") || strings.Count(page, `class="number"`) != pageSize {
		t.Errorf("the list shows a name, or %d cases instead of %d", strings.Count(page, `class="number"`), pageSize)
	}
	older := page[strings.Index(page, `href="/cases?before=`)+len(`href="`):]
	_, page = d.get(strings.ReplaceAll(older[:strings.Index(older, `"`)], "&amp;", "&"))
	if strings.Count(page, `class="number"`) != 3 || strings.Contains(page, "更早") {
		t.Errorf("the second page shows %d cases, want 3", strings.Count(page, `class="number"`))
	}
	for query, want := range map[string]int{
		"q=PT01-1124-0003-3": 1, "q=" + url.QueryEscape("张示例"): pageSize, "q=nobody": 0, "terminal=PT02": 0, "service=job-search": 0,
	} {
		if _, page := d.get("/cases?" + query); strings.Count(page, `class="number"`) != want {
			t.Errorf("%s finds %d, want %d", query, strings.Count(page, `class="number"`), want)
		}
	}
}

func TestCasePage(t *testing.T) {
	d := open(t)
	c := d.file(1)
	d.login()
	secrets := []string{"张示例", "310107199001010006", "李样本", "老问题"}
	status, page := d.get("/cases/" + c.Number)
	for _, secret := range secrets {
		if strings.Contains(page, secret) {
			t.Errorf("%d: the page shows %s before it is asked to", status, secret)
		}
	}
	for _, want := range []string{"张*例", "310107********0006", "男", "已登记", "显示完整信息", "本目录没有此项", "提交"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not show %s", want)
		}
	}
	status, page = d.post("/cases/"+c.Number, nil)
	for _, secret := range secrets {
		if !strings.Contains(page, secret) {
			t.Errorf("%d: the page does not show %s when asked to", status, secret)
		}
	}
	if strings.Contains(page, "<b>") {
		t.Error("an answer became markup")
	}
	events, err := d.ledger.Events(t.Context(), c.Number)
	if err != nil || len(events) != 2 || events[1].Event != AnswersShown || !events[1].Internal {
		t.Errorf("events %+v, %v; want the look on record", events, err)
	}
	if _, page := d.get("/cases/" + c.Number); strings.Contains(page, "张示例") || !strings.Contains(page, "查看完整信息") {
		t.Error("a fresh page shows the answers, or not the record of the look")
	}
	if status, _ := d.get("/cases/000-000-000000-0000-0"); status != 404 {
		t.Errorf("no such case: %d, want 404", status)
	}
	if status, _ := d.post("/cases/000-000-000000-0000-0", nil); status != 404 {
		t.Errorf("showing no such case: %d, want 404", status)
	}
}

func TestTerminalsPage(t *testing.T) {
	d := open(t)
	for id, beat := range map[string]ledger.Terminal{
		"PT01": {SeenAt: noon, SentAt: noon, PaperLeft: -1},
		"PT02": {SeenAt: noon.Add(-6 * time.Minute), SentAt: noon.Add(-13 * time.Minute), PaperLeft: 23_900, Queued: 2, OldestQueuedAt: noon.Add(-3 * time.Hour)},
		"PT03": {SeenAt: noon.Add(-50 * time.Hour), SentAt: noon.Add(-50 * time.Hour), CatalogueVersion: "older"},
	} {
		beat.ID, beat.Version = id, "1.0.0"
		fatal(t, d.ledger.Beat(t.Context(), beat))
	}
	d.login()
	_, page := d.get("/terminals")
	for _, want := range []string{"刚刚", "6 分钟前", "2 天前", "最早 3 小时前", "时钟慢 7 分 0 秒", "目录未更新", "约 23 米", `<td class="figure">—</td>`, `dot calm`, `dot soon`, `dot late`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not show %s", want)
		}
	}
}

func TestTone(t *testing.T) {
	faulty := []ledger.Condition{{Severity: "warning"}, {Severity: "error"}}
	for _, tt := range []struct {
		heard      string
		conditions []ledger.Condition
		want       string
	}{
		{"calm", nil, "calm"}, {"calm", faulty[:1], "soon"}, {"calm", faulty, "late"}, {"late", faulty[:1], "late"},
		{"calm", []ledger.Condition{{Severity: "info"}}, "calm"},
	} {
		if got := worst(tt.heard, tt.conditions); got != tt.want {
			t.Errorf("%s with %v is %s, want %s", tt.heard, tt.conditions, got, tt.want)
		}
	}
}

func TestDueOn(t *testing.T) {
	for _, tt := range []struct {
		day     string
		settled bool
		want    due
	}{
		{"", false, due{}},
		{"2026-11-23", false, due{"2026-11-23", "逾期 1 天", "late"}},
		{"2026-11-24", false, due{"2026-11-24", "今天到期", "soon"}},
		{"2026-11-27", false, due{"2026-11-27", "剩 3 天", "soon"}},
		{"2026-11-28", false, due{"2026-11-28", "剩 4 天", "calm"}},
		{"2026-11-23", true, due{"2026-11-23", "", ""}},
	} {
		if got := dueOn(tt.day, tt.settled, noon.Add(11*time.Hour)); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.day, got, tt.want)
		}
	}
}

func TestPasswords(t *testing.T) {
	d := open(t)
	fatal(t, d.ledger.OpenSession(t.Context(), "somebody", noon.Add(time.Hour)))
	fresh, err := ResetPassword(t.Context(), d.ledger)
	fatal(t, err)
	if again, err := FirstPassword(t.Context(), d.ledger); err != nil || again != "" {
		t.Errorf("a second first password: %q, %v", again, err)
	}
	stored, err := d.ledger.Setting(t.Context(), passwordSetting)
	fatal(t, err)
	if strings.Contains(stored, fresh) || !strings.Contains(stored, "$600000$") {
		t.Error("the stored password is not a hash of the usual strength")
	}
	for candidate, want := range map[string]bool{fresh: true, password: false, "": false} {
		if got, err := checkPassword(stored, candidate); err != nil || got != want {
			t.Errorf("password taken: %v, %v; want %v", got, err, want)
		}
	}
	if open, err := d.ledger.SessionOpen(t.Context(), "somebody"); err != nil || open {
		t.Errorf("a session outlived its password: %v, %v", open, err)
	}
	for _, broken := range []string{"", "plain", "pbkdf2-sha256$x$y$z", "argon2$1$2$3"} {
		if ok, err := checkPassword(broken, ""); ok || err == nil {
			t.Errorf("stored %q: %v, %v; want an error", broken, ok, err)
		}
	}
}

func TestAJournalInDoubtIsSeen(t *testing.T) {
	d := open(t)
	d.login()
	for _, id := range []string{"PT01", "PT02"} {
		fatal(t, d.ledger.Beat(t.Context(), ledger.Terminal{ID: id, SeenAt: noon, SentAt: noon, Version: "1"}))
		for _, seq := range []int64{7, 7} {
			_, err := d.ledger.Head(t.Context(), ledger.JournalHead{Terminal: id, Seq: seq, Hash: "aa", Note: "n", Key: "k"}, nil)
			fatal(t, err)
		}
	}
	if _, page := d.get("/terminals"); strings.Contains(page, "审计记录") {
		t.Error("an alarm about nothing")
	}
	news, err := d.ledger.Head(t.Context(), ledger.JournalHead{Terminal: "PT02", Seq: 3, Hash: "bb", Note: "m", Key: "k"}, nil)
	if err != nil || news != ledger.HeadLower {
		t.Fatalf("%q, %v", news, err)
	}
	if _, page := d.get("/terminals"); strings.Count(page, `class="tag error">审计记录变短`) != 1 {
		t.Errorf("no alarm on the page: %s", page)
	}
	words := map[string]ledger.HeadAlarm{alarmWords("of a later version"): ""}
	for _, alarm := range []ledger.HeadAlarm{
		ledger.HeadLower, ledger.HeadDifferent, ledger.HeadUnsigned, ledger.HeadMissing, ledger.HeadRestarted, ledger.HeadRewritten, ledger.HeadUnproven,
	} {
		if other, twice := words[alarmWords(alarm)]; twice {
			t.Errorf("%s reads like %q", alarm, other)
		}
		words[alarmWords(alarm)] = alarm
	}
}

func TestEvacuationsAreShown(t *testing.T) {
	d := open(t)
	d.login()
	if _, page := d.get("/terminals"); strings.Contains(page, "转出") {
		t.Error("evacuations are shown where there is none")
	}
	e := ledger.Evacuation{ID: "XCVZ7JEXN7M2WQ3SO4YFTRBLHA", Terminal: "PT01", Count: 2, Statement: "s", MadeAt: noon.Add(-time.Hour)}
	_, err := d.ledger.Adopt(t.Context(), e, "PT02", []string{"A", "B"})
	fatal(t, err)
	gone := ledger.Evacuation{ID: "YCVZ7JEXN7M2WQ3SO4YFTRBLHA", Terminal: "PT03", Count: 9, Statement: "s"}
	fatal(t, d.ledger.CancelEvacuation(t.Context(), gone))
	_, page := d.get("/terminals")
	for _, want := range []string{"转出的申请", e.ID, "PT02", "0 / 2", "11:00", "接收终端正在上传", gone.ID, "0 / 9", "已撤回"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not show %s: %s", want, page)
		}
	}
}

func TestWordsOfAnEvacuation(t *testing.T) {
	adopted := ledger.Evacuation{Count: 3, Adopter: "PT02", Held: 3}
	with := func(change func(*ledger.Evacuation)) ledger.Evacuation { e := adopted; change(&e); return e }
	for words, e := range map[string]ledger.Evacuation{
		"the adopter is sending":              adopted,
		"all has come":                        with(func(e *ledger.Evacuation) { e.Sent = 3 }),
		"others send the rest":                with(func(e *ledger.Evacuation) { e.Held, e.Sent = 1, 1 }),
		"released, waits for another adopter": with(func(e *ledger.Evacuation) { e.Adopter = "" }),
		"taken back, its own terminal sends":  with(func(e *ledger.Evacuation) { e.CancelledAt = noon }),
	} {
		if got := evacuationRows([]ledger.Evacuation{e})[0].Words.EN; got != words {
			t.Errorf("%+v: %s, want %s", e, got, words)
		}
	}
}
