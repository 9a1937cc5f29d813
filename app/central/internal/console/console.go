// Package console is the central's web console for staff: cases, their answers
// and the terminals' last words, as plain pages that work without scripts.
//
// It shows and records who looked; moving a case on is not its matter yet.
package console

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"leye/app/catalogue"
	"leye/app/central/internal/ledger"
	"leye/app/central/internal/tries"
)

// Ledger is what the console reads, and the little that it writes.
type Ledger interface {
	Cases(ctx context.Context, q ledger.Query) (ledger.Page, error)
	Case(ctx context.Context, number string) (ledger.Case, error)
	Body(ctx context.Context, number string) ([]byte, error)
	Events(ctx context.Context, number string) ([]ledger.Event, error)
	Notes(ctx context.Context, number string) ([]ledger.Note, error)
	Record(ctx context.Context, number, event string) error
	Terminals(ctx context.Context) ([]ledger.Terminal, error)
	JournalHeads(ctx context.Context) ([]ledger.JournalHead, error)
	Evacuations(ctx context.Context) ([]ledger.Evacuation, error)
	Setting(ctx context.Context, name string) (string, error)
	Set(ctx context.Context, name, value string) error
	OpenSession(ctx context.Context, token string, expires time.Time) error
	SessionOpen(ctx context.Context, token string) (bool, error)
	CloseSession(ctx context.Context, token string) error
	CloseSessions(ctx context.Context) error
}

// Catalogue gives ids their words.
type Catalogue interface {
	Version() string
	Services() []catalogue.Service
	Service(id string) (catalogue.Service, bool)
	Machine(id string) (catalogue.Machine, bool)
	Fields(s catalogue.Service) []catalogue.Field
	Choices(f catalogue.Field) []catalogue.Choice
}

// Config says what a console works with.
type Config struct {
	Ledger    Ledger
	Catalogue Catalogue
	Version   string           // of the program
	Centre    string           // centre code, shown in the head
	Now       func() time.Time // time.Now when nil
	Log       *slog.Logger     // nothing is logged when nil
}

//go:embed page/*.html page/style.css
var pages embed.FS

// AnswersShown is the event that is recorded when staff look behind the masks.
const AnswersShown = "answers-shown"

const (
	cookieName  = "leye_console"
	sessionTime = 8 * time.Hour // a day at work
	maxForm     = 16 << 10
)

// Console answers requests for its pages; it may be called at the same time.
type Console struct {
	ledger    Ledger
	catalogue Catalogue
	version   string
	centre    string
	now       func() time.Time
	log       *slog.Logger
	guesses   *tries.Counter
	templates map[string]*template.Template
	handler   http.Handler
}

// New returns a console that is ready to answer.
func New(c Config) (*Console, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	o := &Console{
		ledger: c.Ledger, catalogue: c.Catalogue, version: c.Version, centre: c.Centre, now: c.Now, log: c.Log,
		guesses:   tries.New(tries.Limit{Wrong: 10, For: 10 * time.Minute, Now: c.Now}),
		templates: map[string]*template.Template{},
	}
	for _, name := range []string{"login", "cases", "case", "terminals", "error"} {
		t, err := template.New("frame.html").ParseFS(pages, "page/frame.html", "page/"+name+".html")
		if err != nil {
			return nil, fmt.Errorf("read page: %w", err)
		}
		o.templates[name] = t
	}
	o.handler = guarded(o.routes())
	return o, nil
}

// ServeHTTP answers one request.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) { c.handler.ServeHTTP(w, r) }

func (c *Console) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /style.css", serveStyle)
	mux.HandleFunc("GET /login", c.showLogin)
	mux.HandleFunc("POST /login", c.login)
	mux.HandleFunc("POST /logout", c.logout)
	mux.Handle("GET /cases", c.private(c.showCases))
	mux.Handle("GET /cases/{number}", c.private(c.showCase))
	mux.Handle("POST /cases/{number}", c.private(c.showAnswers))
	mux.Handle("GET /terminals", c.private(c.showTerminals))
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/cases", http.StatusSeeOther)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { c.fail(w, r, http.StatusNotFound) })
	return mux
}

// guarded lets the browser load nothing but our style, frame us nowhere and
// keep no page with personal data; and refuses forms sent from other sites.
func guarded(next http.Handler) http.Handler {
	next = http.NewCrossOriginProtection().Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy",
			"default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		if r.Body != nil {
			r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		}
		next.ServeHTTP(w, r)
	})
}

func serveStyle(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "max-age=300")
	http.ServeFileFS(w, r, pages, "page/style.css")
}

// frame is what every page shows round its content.
type frame struct {
	Title, English string
	Here           string // the tab that is open
	Inside         bool   // somebody is logged in
	Centre         string
	Version        string
	Now            time.Time
	Page           any
}

func (c *Console) render(w http.ResponseWriter, status int, name string, f frame) {
	f.Centre, f.Version, f.Now = c.centre, c.version, c.now().In(shanghai)
	var page bytes.Buffer
	if err := c.templates[name].Execute(&page, f); err != nil {
		c.log.Error("page failed", "page", name, "error", err)
		http.Error(w, "页面出错 The page failed.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes()) // the browser has gone; there is nobody to tell
}

// sorry is the content of the page for errors.
type sorry struct{ ZH, EN string }

func (c *Console) fail(w http.ResponseWriter, r *http.Request, status int) {
	words := map[int]sorry{
		http.StatusNotFound:        {"没有这个页面或办件", "There is no such page or case."},
		http.StatusTooManyRequests: {"密码输错次数过多，请十分钟后再试", "Too many wrong passwords. Try again in ten minutes."},
	}
	text, ok := words[status]
	if !ok {
		text = sorry{"系统出错，请稍后再试", "The central failed. Try again later."}
	}
	_, inside := c.session(r)
	c.render(w, status, "error", frame{Title: "出错", English: "Error", Inside: inside, Page: text})
}

func (c *Console) failed(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, ledger.ErrNotFound) {
		c.fail(w, r, http.StatusNotFound)
		return
	}
	c.log.Error("page failed", "route", r.Pattern, "error", err)
	c.fail(w, r, http.StatusInternalServerError)
}

// private shows a page only to who is logged in.
func (c *Console) private(page http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, ok := c.session(r); !ok {
			to := "/login"
			if r.Method == http.MethodGet && r.URL.Path != "/cases" {
				to += "?to=" + url.QueryEscape(r.URL.RequestURI())
			}
			http.Redirect(w, r, to, http.StatusSeeOther)
			return
		}
		page(w, r)
	})
}

// session returns the hash of the cookie that the request carries, and whether
// its session is open. Only the hash is stored, so a copy of the database does
// not open the console.
func (c *Console) session(r *http.Request) (hash string, open bool) {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return "", false
	}
	sum := sha256.Sum256([]byte(cookie.Value))
	hash = hex.EncodeToString(sum[:])
	open, err = c.ledger.SessionOpen(r.Context(), hash)
	if err != nil {
		c.log.Error("session not read", "error", err)
		return "", false
	}
	return hash, open
}

// loginForm is the content of the login page.
type loginForm struct {
	To    string
	Wrong bool
}

func (c *Console) showLogin(w http.ResponseWriter, r *http.Request) {
	c.renderLogin(w, http.StatusOK, loginForm{To: inside(r.FormValue("to"))})
}

func (c *Console) renderLogin(w http.ResponseWriter, status int, f loginForm) {
	c.render(w, status, "login", frame{Title: "登录", English: "Log in", Page: f})
}

// inside lets a login lead on only to a page of this console.
func inside(to string) string {
	u, err := url.Parse(to)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.Contains(to, `\`) {
		return "/cases"
	}
	return to
}

func (c *Console) login(w http.ResponseWriter, r *http.Request) {
	from, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		from = r.RemoteAddr
	}
	if _, ok := c.guesses.Begin(from); !ok {
		c.fail(w, r, http.StatusTooManyRequests)
		return
	}
	stored, err := c.ledger.Setting(r.Context(), passwordSetting)
	if err != nil {
		c.failed(w, r, err)
		return
	}
	right, err := checkPassword(stored, strings.TrimSpace(r.PostFormValue("password")))
	if err != nil {
		c.failed(w, r, err)
		return
	}
	if !right {
		c.log.Warn("wrong console password")
		c.renderLogin(w, http.StatusUnauthorized, loginForm{To: inside(r.PostFormValue("to")), Wrong: true})
		return
	}
	c.guesses.Right(from)
	c.admit(w, r)
}

// admit opens a session and leads on.
func (c *Console) admit(w http.ResponseWriter, r *http.Request) {
	token := rand.Text()
	sum := sha256.Sum256([]byte(token))
	if err := c.ledger.OpenSession(r.Context(), hex.EncodeToString(sum[:]), c.now().Add(sessionTime)); err != nil {
		c.failed(w, r, err)
		return
	}
	http.SetCookie(w, c.cookie(r, token, int(sessionTime.Seconds())))
	http.Redirect(w, r, inside(r.PostFormValue("to")), http.StatusSeeOther)
}

func (c *Console) cookie(r *http.Request, value string, age int) *http.Cookie {
	return &http.Cookie{
		Name: cookieName, Value: value, Path: "/", MaxAge: age,
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil,
	}
}

func (c *Console) logout(w http.ResponseWriter, r *http.Request) {
	if hash, open := c.session(r); open {
		if err := c.ledger.CloseSession(r.Context(), hash); err != nil {
			c.failed(w, r, err)
			return
		}
	}
	http.SetCookie(w, c.cookie(r, "", -1))
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

// shanghai is the zone of every time on the pages.
var shanghai = time.FixedZone("CST", 8*60*60)
