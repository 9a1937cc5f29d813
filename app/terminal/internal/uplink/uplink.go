// Package uplink speaks the central's published contract over HTTP: one request,
// one bounded answer, and what it means for the task that asked.
//
// It repeats nothing and keeps nothing.
package uplink

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"

	"leye/app/api"
	"leye/app/proof"
	"leye/app/terminal/internal/clock"
	"leye/app/terminal/internal/relay"
)

// Identity is who the terminal is to the central.
type Identity interface {
	TLS(now func() time.Time) *tls.Config
	Key() ed25519.PrivateKey // nil: there is none yet, and nothing can be asked
	Trust() proof.Trust
}

// Config is what an Uplink works with.
type Config struct {
	Base    string        // address of the central
	Timeout time.Duration // of one request with its answer; 30 s when 0

	// Identity signs requests and says whose answers count; nil: nothing is
	// signed and every answer counts.
	Identity Identity
	Trust    proof.Trust  // whom to believe for TLS without an Identity; nobody when empty
	Clock    *clock.Clock // corrected by what the central signs; nil: the machine's

	Dial func(ctx context.Context, network, address string) (net.Conn, error) // nil: the network
	Rand func() float64                                                       // in [0, 1), for the jitter; nil: math/rand
}

// tls is for one connection: certificate and roots change while the terminal runs.
func (c Config) tls(now func() time.Time) *tls.Config {
	if c.Identity != nil {
		return c.Identity.TLS(now)
	}
	return &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: c.Trust.Pool(), Time: now}
}

// How long the parts of a request may take: a central that is there answers each
// in a fraction, and a whole one that drips is cut off by the time of all.
const (
	connectTime = 5 * time.Second
	tlsTime     = 5 * time.Second
	headerTime  = 10 * time.Second
	requestTime = 30 * time.Second
)

// Uplink is the line to one central. Its methods may be called from any
// goroutine; their errors are *relay.Failure, and what else the method names.
type Uplink struct {
	base    string
	cfg     Config
	client  *http.Client
	breaker *breaker
}

// New makes an Uplink.
func New(c Config) (*Uplink, error) {
	if _, err := api.NewClient(c.Base); err != nil {
		return nil, fmt.Errorf("open central: %w", err)
	}
	if c.Timeout == 0 {
		c.Timeout = requestTime
	}
	if c.Dial == nil {
		c.Dial = (&net.Dialer{KeepAlive: 30 * time.Second}).DialContext
	}
	if c.Clock == nil {
		c.Clock = clock.New(time.Time{})
	}
	return &Uplink{base: c.Base, cfg: c, breaker: newBreaker(c.Rand), client: c.client(c.Clock.Now)}, nil
}

// client holds certificates against what now says.
func (c Config) client(now func() time.Time) *http.Client {
	dialTLS := func(ctx context.Context, network, address string) (net.Conn, error) {
		return c.dialTLS(ctx, network, address, c.tls(now))
	}
	return &http.Client{
		Timeout: c.Timeout,
		// A redirect would carry personal data to a place nobody configured.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		// Of its own: no proxy from the environment may come between, and few
		// connections, since one task sends a few entries at a time.
		Transport: &http.Transport{
			DialContext: c.dial, DialTLSContext: dialTLS, ResponseHeaderTimeout: headerTime,
			MaxIdleConnsPerHost: 6, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 16 << 10,
		},
	}
}

func (c Config) dial(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	return c.Dial(ctx, network, address)
}

func (c Config) dialTLS(ctx context.Context, network, address string, settings *tls.Config) (net.Conn, error) {
	plain, err := c.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if settings.ServerName, _, err = net.SplitHostPort(address); err != nil {
		return nil, errors.Join(err, plain.Close())
	}
	conn := tls.Client(plain, settings)
	ctx, cancel := context.WithTimeout(ctx, tlsTime)
	defer cancel()
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(err, plain.Close())
	}
	return conn, nil
}

// Close drops the connections that wait for the next request.
func (u *Uplink) Close() error {
	u.client.CloseIdleConnections()
	return nil
}

// CodeResting is the failure of a request that was not made: the host is left
// alone for now.
const CodeResting = "line_rests"

// Rest is how long the central is to be left alone; requests until then fail
// without being made.
func (u *Uplink) Rest() time.Duration { return u.breaker.rest() }

// ask makes a request, unless the host rests, and reads at most that many bytes
// of its answer.
func (u *Uplink) ask(ctx context.Context, req *http.Request, most int64) (*http.Response, []byte, error) {
	if wait, ok := u.breaker.enter(); !ok {
		return nil, nil, &relay.Failure{Code: CodeResting, After: wait, Err: errors.New("the central is left alone after failures")}
	}
	resp, answer, err := u.exchange(ctx, req, most)
	switch {
	case ctx.Err() != nil && err != nil:
		u.breaker.abandon()
	case resp == nil:
		u.breaker.leave(err != nil, 0)
	default:
		// An answer that is nobody's word is as bad as none.
		failed := overloaded(resp.StatusCode) || err != nil && resp.StatusCode < http.StatusBadRequest
		if err == nil && manyTries(resp, answer) {
			failed = false
		}
		u.breaker.leave(failed, retryAfter(resp.Header, time.Now()))
	}
	return resp, answer, err
}

// overloaded are the statuses that say to come again, not that something is wrong
// with the request (RFC 9110 section 15, RFC 8470, RFC 6585).
func overloaded(status int) bool {
	return status >= http.StatusInternalServerError || slices.Contains([]int{
		http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests,
	}, status)
}

// exchange asks once more when only the machine's clock was in the way, and the
// central has told the time.
func (u *Uplink) exchange(ctx context.Context, req *http.Request, most int64) (*http.Response, []byte, error) {
	resp, answer, err := u.once(ctx, u.client, req, most)
	if u.cfg.Identity == nil || !u.told(ctx, resp, answer, err) {
		return resp, answer, err
	}
	if req.GetBody != nil {
		if req.Body, err = req.GetBody(); err != nil {
			return nil, nil, &relay.Failure{Code: "request", Err: err}
		}
	}
	return u.once(ctx, u.client, req, most)
}

// told reports whether the central has just told a time that it missed: in its
// answer to what was signed at another one, or when it is asked because its
// certificate seems to be over.
func (u *Uplink) told(ctx context.Context, resp *http.Response, answer []byte, err error) bool {
	if of := outOfWindow(err); of != nil {
		return u.askTime(ctx, of) == nil
	}
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		return false
	}
	p, ok := problem(resp, answer)
	return ok && p.Code == api.ProblemCodeStale
}

func (u *Uplink) once(ctx context.Context, client *http.Client, req *http.Request, most int64) (*http.Response, []byte, error) {
	if err := u.sign(req); err != nil {
		return nil, nil, &relay.Failure{Code: "request", Err: err}
	}
	resp, err := client.Do(req.WithContext(ctx))
	if err != nil {
		return nil, nil, failed(err)
	}
	answer, err := io.ReadAll(io.LimitReader(resp.Body, most+1))
	err = errors.Join(err, resp.Body.Close())
	switch {
	case err != nil:
		return nil, nil, failed(err)
	case int64(len(answer)) > most:
		return nil, nil, &relay.Failure{Code: "answer_too_large", Err: fmt.Errorf("more than %d bytes", most)}
	}
	return resp, answer, u.believe(req, resp, answer)
}

func failed(err error) error {
	var timeout interface{ Timeout() bool }
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout() {
		return &relay.Failure{Code: "timeout", Err: err}
	}
	var untrusted *tls.CertificateVerificationError
	var alert *net.OpError
	switch {
	case errors.As(err, &untrusted):
		return &relay.Failure{Code: CodeUntrusted, Err: err}
	case errors.As(err, &alert) && alert.Op == "remote error": // as crypto/tls names an alert of the other side
		return &relay.Failure{Code: CodeUnwelcome, Err: err}
	}
	return &relay.Failure{Code: "no_connection", Err: err}
}

// Codes of failures that say more than that there is no line.
const (
	CodeUntrusted = "central_untrusted" // what answers is no central under the pinned roots, or a clock is wrong
	CodeUnwelcome = "tls_refused"       // the central would not take the certificate
)

// refused is an answer that is neither a success nor the central's final no.
func refused(resp *http.Response) error {
	return &relay.Failure{
		Code: "http_" + strconv.Itoa(resp.StatusCode), After: retryAfter(resp.Header, time.Now()),
		Err: fmt.Errorf("it answers with HTTP %d", resp.StatusCode),
	}
}

// longestPause that a central may ask for.
const longestPause = time.Hour

// retryAfter reads the pause in both forms of RFC 9110 section 10.2.3. A date is
// held against the central's own clock, where the answer tells it.
func retryAfter(h http.Header, now time.Time) time.Duration {
	value := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil {
		seconds = max(0, min(seconds, int(longestPause/time.Second)))
		return time.Duration(seconds) * time.Second
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	if theirs, err := http.ParseTime(h.Get("Date")); err == nil {
		now = theirs
	}
	return max(0, min(at.Sub(now), longestPause))
}
