package server

import (
	"encoding/json"
	"errors"
	"net/http"

	"leye/app/api"
	"leye/app/central/internal/adoption"
	"leye/app/central/internal/intake"
	"leye/app/central/internal/ledger"
	"leye/app/envelope"
)

// AdoptEvacuation answers PUT /v1/evacuations/{id}/adoption.
func (s *Server) AdoptEvacuation(w http.ResponseWriter, r *http.Request, id api.EvacuationID, _ api.AdoptEvacuationParams) {
	var asked api.Adoption
	if !s.evacuation(w, r, &asked, "statement", "manifest") {
		return
	}
	to := callerName(r.Context())
	granted, err := s.adoption.Adopt(r.Context(), to, id, asked.Statement, asked.Manifest)
	if err != nil {
		s.unsettled(w, r, err)
		return
	}
	s.log.Info("evacuation adopted", "request", requestID(r.Context()), "evacuation", id, "from", granted.Terminal, "to", to, "elsewhere", len(granted.Elsewhere))
	send(w, http.StatusOK, api.Adopted{
		Id: id, Terminal: granted.Terminal, Key: granted.Key, Elsewhere: append([]api.ApplicationID{}, granted.Elsewhere...),
	})
}

// CancelEvacuation answers PUT /v1/evacuations/{id}/cancellation.
func (s *Server) CancelEvacuation(w http.ResponseWriter, r *http.Request, id api.EvacuationID, _ api.CancelEvacuationParams) {
	var asked api.Cancellation
	if !s.evacuation(w, r, &asked, "statement") {
		return
	}
	if err := s.adoption.Cancel(r.Context(), callerName(r.Context()), id, asked.Statement); err != nil {
		s.unsettled(w, r, err)
		return
	}
	s.log.Info("evacuation taken back", "request", requestID(r.Context()), "evacuation", id, "terminal", callerName(r.Context()))
	send(w, http.StatusOK, api.Cancelled{Id: id})
}

// evacuation reads a body with exactly these keys into to, or answers why not.
// Where terminals show no certificates nobody can be told from another.
func (s *Server) evacuation(w http.ResponseWriter, r *http.Request, to any, keys ...string) bool {
	if s.adoption == nil || callerName(r.Context()) == "" {
		refuse(w, r, api.ProblemCodeNotFound, "")
		return false
	}
	_, body, ok := s.body(w, r, plainType)
	if !ok {
		return false
	}
	err := intake.Strict(body, keys, keys)
	if err == nil && json.Unmarshal(body, to) != nil {
		err = errors.New("body: a value is not of the declared form")
	}
	if err != nil {
		refuse(w, r, api.ProblemCodeMalformed, err.Error())
	}
	return err == nil
}

// unsettled answers why an evacuation was neither adopted nor taken back.
func (s *Server) unsettled(w http.ResponseWriter, r *http.Request, err error) {
	adopted, by := errors.AsType[*ledger.Adopted](err)
	var code api.ProblemCode
	detail := ""
	switch {
	case by:
		code, detail = api.ProblemCodeAdopted, "adopted by terminal "+adopted.By
	case errors.Is(err, ledger.ErrCancelled):
		code = api.ProblemCodeCancelled
	case errors.Is(err, ledger.ErrConflict):
		code, detail = api.ProblemCodeConflict, "another evacuation has this id"
	case errors.Is(err, adoption.ErrStatement), errors.Is(err, adoption.ErrForeign):
		code, detail = api.ProblemCodeForbidden, err.Error()
	case errors.Is(err, adoption.ErrForm):
		code, detail = api.ProblemCodeMalformed, "body: the evacuation is not of the agreed form"
	case errors.Is(err, adoption.ErrKey):
		code = api.ProblemCodeUnknownKey
	case errors.Is(err, envelope.ErrSuite):
		code = api.ProblemCodeUnknownSuite
	case errors.Is(err, envelope.ErrUnreadable):
		code = api.ProblemCodeUnreadable
	default:
		s.failed(w, r, err)
		return
	}
	s.log.Warn("evacuation not settled", "request", requestID(r.Context()), "terminal", callerName(r.Context()), "code", code, "detail", detail)
	refuse(w, r, code, detail)
}
