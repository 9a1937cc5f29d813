package server

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"time"

	"leye/app/api"
	"leye/app/proof"
)

// window is how far a request's time may be from ours, either way.
const window = 5 * time.Minute

// proven lets a request in only with a signature of the key that the caller's
// certificate holds, made now and seen for the first time; and signs every answer
// to a request that carries a signature at all, so that refusals and the time can
// be believed as well.
func (s *Server) proven(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		held := &held{ResponseWriter: w}
		if body, ok := whole(held, r); ok {
			s.judge(held, r, body, next)
		}
		s.sign(held, r.Header.Get(proof.SignatureField))
		held.release()
	})
}

func (s *Server) judge(w http.ResponseWriter, r *http.Request, body []byte, next http.Handler) {
	code, detail := s.doubt(r, body)
	if code == "" {
		next.ServeHTTP(w, r)
		return
	}
	s.log.Warn("request not proven", "request", requestID(r.Context()), "terminal", callerName(r.Context()), "code", code, "detail", detail)
	refuse(w, r, code, detail)
}

// whole reads a bounded body and puts it back, or answers why not.
func whole(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, api.MaxBody))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		refuse(w, r, api.ProblemCodeTooLarge, "The limit is 1048576 bytes.")
		return nil, false
	}
	if err != nil {
		refuse(w, r, api.ProblemCodeMalformed, "body: it did not come whole")
		return nil, false
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return body, true
}

// doubt says why a request is not taken for the caller's; nothing when it is.
func (s *Server) doubt(r *http.Request, body []byte) (code api.ProblemCode, detail string) {
	digest := r.Header.Get(proof.DigestField)
	if digest != "" && digest != proof.ContentDigest(body) {
		return api.ProblemCodeMalformed, "header Content-Digest does not fit the body"
	}
	_, key, err := proof.Holder(caller(r.Context()))
	if err != nil {
		return api.ProblemCodeUnsigned, err.Error()
	}
	p, err := proof.CheckRequest(key, proof.Request{Method: r.Method, Target: r.RequestURI, Digest: digest},
		r.Header.Get(proof.InputField), r.Header.Get(proof.SignatureField))
	if err != nil {
		return api.ProblemCodeUnsigned, err.Error()
	}
	// What was signed before this process began, or in the same second, may have
	// come to the one before.
	if off := s.now().Sub(p.Created); off.Abs() > window || !p.Created.After(s.begun) {
		return api.ProblemCodeStale, ""
	}
	if !s.nonces.First(p.KeyID+p.Nonce, p.Created.Add(window)) {
		return api.ProblemCodeReplayed, ""
	}
	return "", ""
}

// sign adds what proves an answer to a signed request.
func (s *Server) sign(h *held, to string) {
	digest := proof.ContentDigest(h.body.Bytes())
	h.Header().Set(proof.DigestField, digest)
	if to == "" || s.answersKey == nil {
		return
	}
	input, signature := proof.SignAnswer(s.answersKey, proof.Answer{Status: h.code(), Digest: digest, To: to}, s.now())
	h.Header().Set(proof.InputField, input)
	h.Header().Set(proof.SignatureField, signature)
}

// held keeps an answer back until it is signed.
type held struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (h *held) WriteHeader(status int) {
	if h.status == 0 {
		h.status = status
	}
}

func (h *held) Write(b []byte) (int, error) {
	h.WriteHeader(http.StatusOK)
	return h.body.Write(b)
}

func (h *held) code() int {
	if h.status == 0 {
		return http.StatusOK
	}
	return h.status
}

func (h *held) release() {
	h.ResponseWriter.WriteHeader(h.code())
	_, _ = h.ResponseWriter.Write(h.body.Bytes()) // the caller has gone; there is nobody to tell
}
