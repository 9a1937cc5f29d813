package uplink_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"leye/app/api"
	"leye/app/proof"
	"leye/app/proof/prooftest"
	"leye/app/terminal/internal/clock"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/uplink"
)

// badge is an Identity in memory.
type badge struct {
	key   ed25519.PrivateKey
	cert  tls.Certificate
	trust proof.Trust
}

func newBadge(t *testing.T, ca *prooftest.CA) *badge {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	template.Subject.CommonName = "PT01"
	cert := ca.Sign(template, key.Public())
	return &badge{key, tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}, ca.Trust()}
}

func (b *badge) TLS(now func() time.Time) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: b.trust.Pool(), Time: now, Certificates: []tls.Certificate{b.cert}}
}
func (b *badge) Key() ed25519.PrivateKey { return b.key }
func (b *badge) Trust() proof.Trust      { return b.trust }

// wire joins an uplink and a server without the network, so that virtual time
// goes on while both wait.
type wire struct {
	conns chan net.Conn
	once  sync.Once
	shut  chan struct{}
}

func newWire() *wire { return &wire{conns: make(chan net.Conn), shut: make(chan struct{})} }

func (w *wire) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case w.conns <- there:
		return here, nil
	case <-w.shut:
		return nil, errors.New("connection refused")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (w *wire) Accept() (net.Conn, error) {
	select {
	case c := <-w.conns:
		return c, nil
	case <-w.shut:
		return nil, net.ErrClosed
	}
}
func (w *wire) Close() error   { w.once.Do(func() { close(w.shut) }); return nil }
func (w *wire) Addr() net.Addr { return &net.TCPAddr{} }

// district is a central of the test's making.
type district struct {
	server  tls.Certificate
	version uint16           // of TLS at most
	now     func() time.Time // its clock
	key     ed25519.PrivateKey
	answer  func(r *http.Request, body []byte) (int, string)
	forge   func(h http.Header) // after signing
	seen    atomic.Int64
}

// listen serves on this machine's network.
func (d *district) listen(t *testing.T, id uplink.Identity, c *clock.Clock) *uplink.Uplink {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return d.serve(t, l, func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, l.Addr().String())
	}, id, c)
}

// open serves at the other end of a wire.
func (d *district) open(t *testing.T, id uplink.Identity, c *clock.Clock) *uplink.Uplink {
	t.Helper()
	w := newWire()
	return d.serve(t, w, w.Dial, id, c)
}

func (d *district) serve(t *testing.T, l net.Listener, dial func(context.Context, string, string) (net.Conn, error), id uplink.Identity, c *clock.Clock) *uplink.Uplink {
	t.Helper()
	h := &http.Server{Handler: d, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	settings := &tls.Config{Certificates: []tls.Certificate{d.server}, MaxVersion: d.version, ClientAuth: tls.RequestClientCert, Time: d.now}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = h.Serve(tls.NewListener(l, settings))
	}()
	u, err := uplink.New(uplink.Config{Base: "https://central.example", Identity: id, Clock: c, Dial: dial})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = u.Close()
		_ = h.Close()
		<-ended
	})
	return u
}

// ServeHTTP checks the request's signature and time as a central must, and signs.
func (d *district) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.seen.Add(1)
	body, _ := io.ReadAll(r.Body)
	status, text := d.judge(r, body)
	digest := proof.ContentDigest([]byte(text))
	input, signature := proof.SignAnswer(d.key, proof.Answer{Status: status, Digest: digest, To: r.Header.Get(proof.SignatureField)}, d.now())
	h := w.Header()
	h.Set(proof.InputField, input)
	h.Set(proof.SignatureField, signature)
	h.Set("Content-Type", "application/json")
	if status >= 400 {
		h.Set("Content-Type", api.ProblemType)
	}
	if d.forge != nil {
		d.forge(h)
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

func (d *district) judge(r *http.Request, body []byte) (int, string) {
	_, key, err := proof.Holder(r.TLS.PeerCertificates[0])
	if err != nil {
		return 403, `{"status":403,"code":"forbidden"}`
	}
	p, err := proof.CheckRequest(key, proof.Request{Method: r.Method, Target: r.RequestURI, Digest: proof.ContentDigest(body)},
		r.Header.Get(proof.InputField), r.Header.Get(proof.SignatureField))
	switch {
	case err != nil:
		return 401, `{"status":401,"code":"unsigned"}`
	case p.Created.Sub(d.now()).Abs() > 5*time.Minute:
		return 401, `{"status":401,"code":"stale"}`
	}
	return d.answer(r, body)
}

func health(at time.Time) func(*http.Request, []byte) (int, string) {
	return func(*http.Request, []byte) (int, string) {
		text, _ := json.Marshal(api.Health{Status: "ok", Time: at})
		return 200, string(text)
	}
}

func newDistrict(ca *prooftest.CA) *district {
	return &district{server: ca.Server(), now: time.Now, key: ca.Answers, answer: health(time.Now())}
}

// TestWhomATerminalBelieves is the terminal's half of the matrix.
func TestWhomATerminalBelieves(t *testing.T) {
	ca, rogue := prooftest.New(t), prooftest.New(t)
	for name, tt := range map[string]struct {
		change func(*district)
		ahead  time.Duration // of the terminal's clock
		want   string
	}{
		"good":          {func(*district) {}, 0, "<nil>"},
		"rogue central": {func(d *district) { d.server = rogue.Server() }, 0, uplink.CodeUntrusted},
		"expired": {func(d *district) {
			d.server = ca.Server(func(c *x509.Certificate) { c.NotBefore = time.Now().Add(-2 * prooftest.Life) })
		}, 0, uplink.CodeUntrusted},
		"another's name": {func(d *district) {
			d.server = ca.Server(func(c *x509.Certificate) { c.DNSNames = []string{"other.example"} })
		}, 0, uplink.CodeUntrusted},
		"a terminal poses as one":  {func(d *district) { d.server = newBadge(t, ca).cert }, 0, uplink.CodeUntrusted},
		"clock ten years ahead":    {func(*district) {}, 10 * 365 * 24 * time.Hour, "<nil>"},
		"and a rogue central":      {func(d *district) { d.server = rogue.Server() }, 10 * 365 * 24 * time.Hour, uplink.CodeUntrusted},
		"and its time not signed":  {func(d *district) { d.key = rogue.Answers }, 10 * 365 * 24 * time.Hour, uplink.CodeUntrusted},
		"TLS 1.2":                  {func(d *district) { d.version = tls.VersionTLS12 }, 0, uplink.CodeUnwelcome},
		"answers not signed":       {func(d *district) { d.forge = func(h http.Header) { h.Del(proof.SignatureField) } }, 0, uplink.CodeUnsigned},
		"signed by another key":    {func(d *district) { d.key = rogue.Answers }, 0, uplink.CodeUnsigned},
		"a proxy's own error":      {func(d *district) { d.key, d.answer = rogue.Answers, says(502) }, 0, "http_502"},
		"a proxy's final no":       {func(d *district) { d.key, d.answer = rogue.Answers, says(409) }, 0, "http_409"},
		"the central's no":         {func(d *district) { d.answer = says(409) }, 0, "http_409"},
		"an answer to another":     {func(d *district) { d.forge = stale(d) }, 0, uplink.CodeUnsigned},
		"does not take the caller": {func(d *district) { d.answer = says(403) }, 0, "http_403"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDistrict(ca)
			tt.change(d)
			c := clock.New(time.Time{})
			c.Learn(time.Now().Add(tt.ahead))
			u := d.listen(t, newBadge(t, ca), c)
			_, err := u.Health(t.Context())
			if got := codeOf(err); got != tt.want {
				t.Errorf("%v: %s, want %s", err, got, tt.want)
			}
		})
	}
}

func says(status int) func(*http.Request, []byte) (int, string) {
	return func(*http.Request, []byte) (int, string) {
		return status, fmt.Sprintf(`{"status":%d,"code":"conflict"}`, status)
	}
}

// stale signs the right answer, to another request.
func stale(d *district) func(http.Header) {
	return func(h http.Header) {
		_, text := d.answer(nil, nil)
		input, signature := proof.SignAnswer(d.key, proof.Answer{Status: 200, Digest: proof.ContentDigest([]byte(text)), To: "terminal=:AAAA:"}, d.now())
		h.Set(proof.InputField, input)
		h.Set(proof.SignatureField, signature)
	}
}

// A final no parks an entry for good: it must be the central's own.
func TestOnlyTheCentralsOwnNoParks(t *testing.T) {
	ca, rogue := prooftest.New(t), prooftest.New(t)
	for name, tt := range map[string]struct {
		key  ed25519.PrivateKey
		want string
	}{"the central's": {ca.Answers, "conflict"}, "somebody's": {rogue.Answers, "http_409"}} {
		d := newDistrict(ca)
		d.key, d.answer = tt.key, says(409)
		_, err := d.listen(t, newBadge(t, ca), nil).Send(t.Context(), kiosk.Entry{ID: kiosk.ApplicationID(strings.Repeat("A", 26)), Body: []byte("{}")})
		if got := codeOf(err); got != tt.want {
			t.Errorf("%s: %v: %s, want %s", name, err, got, tt.want)
		}
	}
}

// TestAWrongClockIsSetRight starts a terminal whose machine believes that it is
// the year 2000.
func TestAWrongClockIsSetRight(t *testing.T) {
	built := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		floor  time.Time
		real   time.Time // by the central's clock, when the machine says 2000-01-01
		served [3]int    // requests that the central has seen after each one of the terminal
		want   string
	}{
		"battery empty":        {built, built.AddDate(0, 0, 20), [3]int{2, 3, 4}, "<nil>"},
		"an hour behind":       {time.Time{}, time.Date(2000, 1, 1, 1, 0, 0, 0, time.UTC), [3]int{2, 3, 4}, "<nil>"},
		"a day behind":         {time.Time{}, time.Date(2000, 1, 2, 0, 0, 0, 0, time.UTC), [3]int{2, 3, 4}, "<nil>"},
		"a day ahead":          {time.Time{}, time.Date(1999, 12, 31, 0, 0, 0, 0, time.UTC), [3]int{2, 3, 4}, "<nil>"},
		"half an hour ahead":   {time.Time{}, time.Date(1999, 12, 31, 23, 30, 0, 0, time.UTC), [3]int{2, 3, 4}, "<nil>"},
		"four minutes behind":  {time.Time{}, time.Date(2000, 1, 1, 0, 4, 0, 0, time.UTC), [3]int{1, 2, 3}, "<nil>"},
		"central before build": {built, built.Add(-time.Hour), [3]int{2, 4, 6}, "http_401"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ca := prooftest.New(t)
				ahead := time.Until(tt.real)
				d := newDistrict(ca)
				d.now = func() time.Time { return time.Now().Add(ahead) }
				around := func(c *x509.Certificate) {
					c.NotBefore, c.NotAfter = time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), tt.real.AddDate(0, 0, 90)
				}
				d.server = ca.Server(around)
				c := clock.New(tt.floor)
				u := d.open(t, newBadge(t, ca), c)
				for n, want := range tt.served {
					_, err := u.Health(t.Context())
					if got := codeOf(err); got != tt.want || int(d.seen.Load()) != want {
						t.Errorf("request %d: %v, the central saw %d, want %d", n, err, d.seen.Load(), want)
					}
				}
				if tt.want == "<nil>" && c.Now().Sub(d.now()).Abs() > 5*time.Minute {
					t.Errorf("the clock is at %v, the central's at %v", c.Now(), d.now())
				}
				_ = u.Close()
				synctest.Wait()
			})
		})
	}
}
