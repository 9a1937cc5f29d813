// Package uplink speaks the central's published contract over HTTP: one request,
// one bounded answer, and what it means for the task that asked.
//
// It repeats nothing and keeps nothing.
package uplink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"leye/app/api"
	"leye/app/terminal/internal/relay"
)

// Uplink is the line to one central. Its methods may be called from any
// goroutine; their errors are *relay.Failure, and from Send also *relay.Rejected.
type Uplink struct {
	base   string
	client *http.Client
}

// New makes an Uplink to the central at base; timeout bounds one request with
// its answer.
func New(base string, timeout time.Duration) (*Uplink, error) {
	if _, err := api.NewClient(base); err != nil {
		return nil, fmt.Errorf("open central: %w", err)
	}
	return &Uplink{base: base, client: &http.Client{
		Timeout: timeout,
		// A redirect would carry personal data to a place nobody configured.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		// Of its own: no proxy from the environment may come between, and few
		// connections, since one task sends one entry at a time.
		Transport: &http.Transport{
			DialContext:         (&net.Dialer{Timeout: timeout / 2, KeepAlive: 30 * time.Second}).DialContext,
			TLSHandshakeTimeout: timeout / 2, MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute,
			MaxResponseHeaderBytes: 16 << 10,
		},
	}}, nil
}

// Close drops the connections that wait for the next request.
func (u *Uplink) Close() error {
	u.client.CloseIdleConnections()
	return nil
}

// ask sends a request and reads at most that many bytes of its answer.
func (u *Uplink) ask(ctx context.Context, req *http.Request, most int64) (*http.Response, []byte, error) {
	resp, err := u.client.Do(req.WithContext(ctx))
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
	return resp, answer, nil
}

func failed(err error) error {
	var timeout interface{ Timeout() bool }
	if errors.As(err, &timeout) && timeout.Timeout() {
		return &relay.Failure{Code: "timeout", Err: err}
	}
	return &relay.Failure{Code: "no_connection", Err: err}
}

// refused is an answer that is neither a success nor the central's final no.
func refused(resp *http.Response) error {
	return &relay.Failure{
		Code: "http_" + strconv.Itoa(resp.StatusCode), After: retryAfter(resp.Header, time.Now()),
		Err: fmt.Errorf("central answered %d", resp.StatusCode),
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
