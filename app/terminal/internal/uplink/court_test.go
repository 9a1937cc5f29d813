package uplink_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"leye/app/proof"
	"leye/app/terminal/internal/identity"
)

// court has a judge of the contract between terminals and a real central. The judge
// hands a request on to the court's own door, where it goes to the central with the
// certificate of its sender. The judge writes JSON anew, and what is signed are bytes:
// beside what the judge sees, each side gets those of the other.
type court struct {
	t              *testing.T
	judge, central *url.URL
	router         routers.Router // of the contract

	mu        sync.Mutex
	exchanges []*exchange
	forge     func(answer []byte) []byte // of what the judge sees; nil: it sees the truth
	found     []string                   // against what should be without fault
	answered  map[string]int             // answers by operation and status
}

// exchange is a request with its answer, on their way through the judge.
type exchange struct {
	line            *http.Client // to the central
	right           bool         // the request is without fault
	request, answer []byte
}

// place tells which exchange comes out of the judge.
const place = "Exchange"

// convene listens at the door that the judge was told.
func convene(t *testing.T, judge, door, central string) *court {
	t.Helper()
	c := &court{t: t, answered: map[string]int{}}
	var err error
	c.judge, err = url.Parse(judge)
	fatal(t, err)
	c.central, err = url.Parse(central)
	fatal(t, err)
	doc := contract(t)
	doc.Servers = nil
	c.router, err = legacy.NewRouter(doc)
	fatal(t, err)
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", door)
	fatal(t, err)
	h := httptest.NewUnstartedServer(http.HandlerFunc(c.carry))
	fatal(t, h.Listener.Close())
	h.Listener = l
	h.Start()
	t.Cleanup(h.Close)
	return c
}

func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// open returns an address that leads to the central through the judge, for one
// sender. What is right must be without fault, whatever the central says to it.
func (c *court) open(settings *tls.Config, right bool) string {
	line := &http.Client{Transport: &http.Transport{TLSClientConfig: settings}}
	h := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			e := &exchange{line: line, right: right}
			body, err := io.ReadAll(r.In.Body)
			if err != nil {
				c.t.Error(err)
			}
			e.request = body
			r.SetURL(c.judge)
			r.Out.Body = io.NopCloser(bytes.NewReader(body))
			r.Out.Header.Set(place, strconv.Itoa(c.add(e)))
		},
		ModifyResponse: c.hear,
	})
	c.t.Cleanup(func() {
		h.Close()
		line.CloseIdleConnections()
	})
	return h.URL
}

func (c *court) add(e *exchange) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.exchanges = append(c.exchanges, e)
	return len(c.exchanges) - 1
}

func (c *court) at(h http.Header) *exchange {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, err := strconv.Atoi(h.Get(place))
	if err != nil || n < 0 || n >= len(c.exchanges) {
		c.t.Errorf("the judge makes up exchange %q", h.Get(place))
		return &exchange{line: http.DefaultClient}
	}
	return c.exchanges[n]
}

// carry takes what comes out of the judge to the central.
func (c *court) carry(w http.ResponseWriter, r *http.Request) {
	e := c.at(r.Header)
	out, err := http.NewRequestWithContext(r.Context(), r.Method, c.central.JoinPath(r.URL.Path).String(), bytes.NewReader(e.request))
	if err != nil {
		c.t.Error(err)
		return
	}
	out.Header = r.Header.Clone()
	out.Header.Del(place)
	resp, err := e.line.Do(out)
	if err != nil {
		c.t.Error(err)
		return
	}
	defer resp.Body.Close()
	if e.answer, err = io.ReadAll(resp.Body); err != nil {
		c.t.Error(err)
	}
	shown := e.answer
	if c.forge != nil {
		shown = c.forge(shown)
	}
	for key, values := range resp.Header {
		w.Header()[key] = values
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(shown)))
	w.WriteHeader(resp.StatusCode)
	_, _ = w.Write(shown) // the judge has gone; its answer says so
}

// violation is what the judge says, as it says it.
type violation struct {
	Location []string `json:"location"` // request or response first
	Message  string   `json:"message"`
}

// hear takes down what the judge found, and puts the central's own bytes back.
func (c *court) hear(r *http.Response) error {
	e := c.at(r.Request.Header)
	var said []violation
	if text := r.Header.Get(violations); text != "" {
		if err := json.Unmarshal([]byte(text), &said); err != nil {
			return fmt.Errorf("read violations: %w", err)
		}
	}
	r.Body = io.NopCloser(bytes.NewReader(e.answer))
	r.ContentLength = int64(len(e.answer))
	r.Header.Set("Content-Length", strconv.Itoa(len(e.answer)))
	plain := r.Request.Clone(r.Request.Context())
	plain.Body = nil
	route, _, err := c.router.FindRoute(plain)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	operation := fmt.Sprintf("%s %s %d", route.Method, route.Path, r.StatusCode)
	c.answered[operation]++
	for _, v := range said {
		// A wrong request is wrong on purpose, but then the central must find it so.
		if wrong := v.Location[0] == "request" && !e.right && r.StatusCode >= http.StatusBadRequest; !wrong {
			c.found = append(c.found, operation+": "+strings.Join(v.Location, " ")+": "+v.Message)
		}
	}
	return nil
}

// verdict is what was found since the last one.
func (c *court) verdict() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	found := c.found
	c.found = nil
	return found
}

// signed are the headers of a request that a terminal makes now.
func signed(id *identity.Identity, method, target, body string) http.Header {
	var nonce [16]byte
	rand.Read(nonce[:])
	digest := proof.ContentDigest([]byte(body))
	input, signature := proof.SignRequest(id.Key(), proof.Request{Method: method, Target: target, Digest: digest}, proof.Params{
		Created: time.Now(), Nonce: base64.RawURLEncoding.EncodeToString(nonce[:]),
		KeyID: proof.Fingerprint(id.Key().Public().(ed25519.PublicKey)),
	})
	h := http.Header{}
	h.Set(proof.DigestField, digest)
	h.Set(proof.InputField, input)
	h.Set(proof.SignatureField, signature)
	return h
}
