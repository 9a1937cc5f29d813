package server

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"

	"leye/app/api"
	"leye/app/central/internal/authority"
	"leye/app/central/internal/enrolment"
	"leye/app/central/internal/intake"
)

const enrolPattern = "POST /v1/enrolments"

// EnrolTerminal answers POST /v1/enrolments.
func (s *Server) EnrolTerminal(w http.ResponseWriter, r *http.Request, _ api.EnrolTerminalParams) {
	var e api.Enrolment
	request, ok := s.certificateRequest(w, r, &e, []string{"terminal", "code", "request"}, func() string { return e.Request })
	if !ok {
		return
	}
	if !intake.ValidTerminal(e.Terminal) {
		refuse(w, r, api.ProblemCodeMalformed, "body: terminal is not a terminal's name")
		return
	}
	cert, err := s.enrolment.Enrol(r.Context(), e.Terminal, e.Code, request)
	if err == nil {
		s.log.Info("terminal enrolled", "request", requestID(r.Context()), "terminal", e.Terminal, "serial", cert.SerialNumber.Text(16))
	}
	s.issued(w, r, cert, err)
}

// RenewCertificate answers POST /v1/terminals/{id}/certificate.
func (s *Server) RenewCertificate(w http.ResponseWriter, r *http.Request, id api.TerminalID, _ api.RenewCertificateParams) {
	if other(w, r, id) {
		return
	}
	var e api.Renewal
	request, ok := s.certificateRequest(w, r, &e, []string{"request"}, func() string { return e.Request })
	if !ok {
		return
	}
	cert, err := s.enrolment.Renew(r.Context(), caller(r.Context()), request)
	s.issued(w, r, cert, err)
}

// certificateRequest reads a body with exactly these keys into to, and the
// certificate request that text then gives, or answers why not.
func (s *Server) certificateRequest(w http.ResponseWriter, r *http.Request, to any, keys []string, text func() string) (*x509.CertificateRequest, bool) {
	if s.enrolment == nil {
		refuse(w, r, api.ProblemCodeNotFound, "")
		return nil, false
	}
	_, body, ok := s.body(w, r, plainType)
	if !ok {
		return nil, false
	}
	err := intake.Strict(body, keys, keys)
	if err == nil && json.Unmarshal(body, to) != nil {
		err = errors.New("body: a value is not of the declared form")
	}
	var request *x509.CertificateRequest
	if err == nil {
		request, err = authority.ParseRequest(text())
	}
	if err != nil {
		refuse(w, r, api.ProblemCodeMalformed, err.Error())
		return nil, false
	}
	return request, true
}

// issued answers with a certificate, or with why there is none.
func (s *Server) issued(w http.ResponseWriter, r *http.Request, cert *x509.Certificate, err error) {
	closed, tooMany := errors.AsType[*enrolment.Closed](err)
	switch {
	case tooMany:
		refuseFor(w, r, api.ProblemCodeTooManyTries, closed.Wait)
	case errors.Is(err, enrolment.ErrCode):
		s.log.Warn("wrong enrolment code", "request", requestID(r.Context()))
		refuse(w, r, api.ProblemCodeWrongCode, "")
	case errors.Is(err, enrolment.ErrRequest):
		refuse(w, r, api.ProblemCodeMalformed, "body: the certificate request is not this terminal's")
	case err != nil:
		s.failed(w, r, err)
	default:
		text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
		send(w, http.StatusCreated, api.Certificate{Certificate: string(text), Trust: s.trust})
	}
}
