package server

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"
	"time"

	"leye/app/api"
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

// caller returns the terminal that the certificate stands for: its common name.
// It is empty when the central asks for no certificates.
func (s *Server) caller(r *http.Request) (name string, ok bool) {
	if !s.certificates {
		return "", true
	}
	if r.TLS == nil || len(r.TLS.VerifiedChains) == 0 {
		return "", false
	}
	name = r.TLS.VerifiedChains[0][0].Subject.CommonName
	return name, name != ""
}

// certified sends away who shows no certificate, where one is asked for.
func (s *Server) certified(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, ok := s.caller(r); !ok {
			refuse(w, r, api.ProblemCodeForbidden, "")
			return
		}
		next.ServeHTTP(w, r)
	})
}
