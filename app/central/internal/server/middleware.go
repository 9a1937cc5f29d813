package server

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"
	"time"

	"leye/app/api"
	"leye/app/central/internal/enrolment"
)

type requestIDKey struct{}

func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

var fitRequestID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// named gives every request a name, the caller's own when it is fit for a log.
func named(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get("Request-Id")
		if !fitRequestID.MatchString(id) {
			var b [8]byte
			_, _ = rand.Read(b[:]) // never fails; it ends the program instead
			id = hex.EncodeToString(b[:])
		}
		w.Header().Set("Request-Id", id)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestIDKey{}, id)))
	})
}

// answer remembers what was answered, for the log and for recovery.
type answer struct {
	http.ResponseWriter
	status int
}

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController and http.MaxBytesReader reach the connection.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// watched logs each request by its route, never by its address, which holds
// case numbers and search words; and turns a panic into an answer.
func (s *Server) watched(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := s.now()
		a := &answer{ResponseWriter: w}
		defer func() {
			if p := recover(); p != nil {
				s.recovered(a, r, p)
			}
			s.log.LogAttrs(r.Context(), level(a.status), "request",
				slog.String("request", requestID(r.Context())), slog.String("route", r.Pattern),
				slog.Int("status", a.status), slog.Duration("took", s.now().Sub(began)))
		}()
		next.ServeHTTP(a, r)
	})
}

// recovered logs where the program broke. The panic's value is left out: it may
// quote what it choked on.
func (s *Server) recovered(a *answer, r *http.Request, p any) {
	if p == http.ErrAbortHandler {
		panic(p)
	}
	s.log.Error("handler panicked", "request", requestID(r.Context()), "stack", string(debug.Stack()))
	if a.status == 0 {
		refuse(a, r, api.ProblemCodeInternal, "")
	}
}

func level(status int) slog.Level {
	if status >= http.StatusInternalServerError {
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

// bounded takes so many requests at once and sends the rest away to come again.
func (s *Server) bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case s.places <- struct{}{}:
			defer func() { <-s.places }()
		default:
			refuseFor(w, r, api.ProblemCodeOverloaded, retryAfter)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// timed gives a request a time to end in.
func timed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), requestTime)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

const (
	retryAfter  = 5 * time.Second
	requestTime = 15 * time.Second
)

type callerKey struct{}

// caller is the terminal whose certificate the request came with; nil when the
// central asks for none.
func caller(ctx context.Context) *x509.Certificate {
	c, _ := ctx.Value(callerKey{}).(*x509.Certificate)
	return c
}

func callerName(ctx context.Context) string {
	if c := caller(ctx); c != nil {
		return c.Subject.CommonName
	}
	return ""
}

// open is the door for people. Where terminals have one of their own, nothing is
// handed in here.
func (s *Server) open(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.enrolment != nil && r.Method != http.MethodGet {
			refuse(w, r, api.ProblemCodeForbidden, "terminals have a door of their own")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// certified is the terminals' door. It sends away who shows no certificate, or
// one that was revoked, asked anew for each request: connections live long. Who
// enrols has none yet.
func (s *Server) certified(next http.Handler) http.Handler {
	proven := s.proven(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Pattern == enrolPattern {
			next.ServeHTTP(w, r)
			return
		}
		if r.TLS == nil || len(r.TLS.VerifiedChains) == 0 {
			refuse(w, r, api.ProblemCodeForbidden, "no certificate")
			return
		}
		cert := r.TLS.VerifiedChains[0][0]
		switch err := s.enrolment.Standing(r.Context(), cert); {
		case errors.Is(err, enrolment.ErrRevoked):
			s.log.Warn("revoked certificate", "request", requestID(r.Context()), "terminal", cert.Subject.CommonName)
			refuse(w, r, api.ProblemCodeForbidden, "the certificate is revoked")
		case err != nil:
			s.failed(w, r, err)
		default:
			proven.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, cert)))
		}
	})
}
