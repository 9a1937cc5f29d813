package server

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"time"

	"leye/app/api"
	"leye/app/central/internal/intake"
	"leye/app/central/internal/ledger"
	"leye/app/central/internal/mask"
	"leye/app/envelope"
	"leye/app/proof"
)

var _ api.ServerInterface = (*Server)(nil)

// FileApplication answers PUT /v1/applications/{id}.
func (s *Server) FileApplication(w http.ResponseWriter, r *http.Request, id api.ApplicationID, _ api.FileApplicationParams) {
	kind, body, ok := s.body(w, r, plainType, envelope.MediaType)
	if !ok {
		return
	}
	take := s.intake.Take
	if kind == envelope.MediaType {
		take = s.intake.TakeSealed
	}
	ack, repeated, err := take(r.Context(), callerName(r.Context()), id, body)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	s.vouch(&ack)
	status := http.StatusOK
	if !repeated {
		status = http.StatusCreated
		w.Header().Set("Location", "/v1/cases/"+ack.Number)
	}
	send(w, status, ack)
}

// vouch signs an acknowledgement, the same one always alike.
func (s *Server) vouch(a *api.Acknowledgement) {
	if s.answersKey != nil {
		a.Signature = proof.Acknowledgement{
			ID: a.Id, Number: a.Number, QueryCode: a.QueryCode, Digest: a.Digest, AcceptedAt: a.AcceptedAt, Due: a.Due, Desk: a.Desk,
		}.Sign(s.answersKey)
	}
}

const plainType = "application/json"

// body reads a bounded body of one of the media types, or answers why not.
func (s *Server) body(w http.ResponseWriter, r *http.Request, types ...string) (kind string, body []byte, ok bool) {
	kind, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset, named := parameters["charset"]
	if err != nil || !slices.Contains(types, kind) || named && charset != "utf-8" || r.Header.Get("Content-Encoding") != "" {
		refuse(w, r, api.ProblemCodeUnsupportedMediaType, "")
		return "", nil, false
	}
	body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, api.MaxBody))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		refuse(w, r, api.ProblemCodeTooLarge, "The limit is 1048576 bytes.")
		return "", nil, false
	}
	if err != nil {
		refuse(w, r, api.ProblemCodeMalformed, "body: it did not come whole")
		return "", nil, false
	}
	return kind, body, true
}

// failed answers an error of intake or ledger. Running out of time means too
// much to do; anything else is ours and goes to the log.
func (s *Server) failed(w http.ResponseWriter, r *http.Request, err error) {
	if refusal, ok := errors.AsType[*intake.Refusal](err); ok {
		write(w, r, refusal)
		return
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		refuseFor(w, r, api.ProblemCodeOverloaded, retryAfter)
		return
	}
	s.log.Error("request failed", "request", requestID(r.Context()), "error", err)
	refuse(w, r, api.ProblemCodeInternal, "")
}

func send(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the caller has gone; there is nobody to tell
}

var sixDigits = regexp.MustCompile(`^[0-9]{6}$`)

// GetCase answers GET /v1/cases/{number}. An unknown number takes the same way
// as a known one, so that the answers tell nobody which numbers exist.
func (s *Server) GetCase(w http.ResponseWriter, r *http.Request, typed api.CaseNumber, p api.GetCaseParams) {
	if !sixDigits.MatchString(p.QueryCode) {
		refuse(w, r, api.ProblemCodeMalformed, "header Query-Code is not six digits")
		return
	}
	number, ok := ledger.ParseNumber(typed)
	if !ok {
		refuse(w, r, api.ProblemCodeCaseNotFound, "")
		return
	}
	if wait, ok := s.guesses.Begin(number); !ok {
		refuseFor(w, r, api.ProblemCodeTooManyTries, wait)
		return
	}
	c, err := s.ledger.Case(r.Context(), number)
	if err != nil && !errors.Is(err, ledger.ErrNotFound) {
		s.failed(w, r, err)
		return
	}
	if subtle.ConstantTimeCompare([]byte(c.QueryCode), []byte(p.QueryCode)) != 1 {
		refuse(w, r, api.ProblemCodeCaseNotFound, "")
		return
	}
	s.guesses.Right(number)
	out, err := s.readCase(r.Context(), c)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	send(w, http.StatusOK, out)
}

// readCase puts a case in the words of the contract, personal answers masked
// and without what is for staff.
func (s *Server) readCase(ctx context.Context, c ledger.Case) (api.Case, error) {
	body, err := s.ledger.Body(ctx, c.Number)
	if err != nil {
		return api.Case{}, err
	}
	given, err := mask.Read(body)
	if err != nil {
		return api.Case{}, err
	}
	service, _ := s.catalogue.Service(c.Service)
	masked := mask.Answers(s.catalogue.Fields(service), mask.WithoutAuthor(service, given))
	answers, err := json.Marshal(masked)
	if err != nil {
		return api.Case{}, fmt.Errorf("write answers: %w", err)
	}
	events, err := s.ledger.Events(ctx, c.Number)
	if err != nil {
		return api.Case{}, err
	}
	out := api.Case{
		Number: c.Number, Reference: c.Reference, ApplicationId: c.ApplicationID, Service: c.Service, State: c.State,
		AcceptedAt: c.AcceptedAt, Due: c.Due, Desk: c.Desk, Applicant: c.ApplicantMasked, Answers: answers,
		Events: []api.CaseEvent{},
	}
	for _, e := range events {
		if !e.Internal {
			out.Events = append(out.Events, api.CaseEvent{At: e.At, Event: e.Event, State: e.State})
		}
	}
	return out, nil
}

// GetCatalogue answers GET /v1/catalogue.
func (s *Server) GetCatalogue(w http.ResponseWriter, _ *http.Request, p api.GetCatalogueParams) {
	s.packs.catalogue.send(w, p.IfNoneMatch)
}

// GetPolicies answers GET /v1/policies.
func (s *Server) GetPolicies(w http.ResponseWriter, _ *http.Request, p api.GetPoliciesParams) {
	s.packs.policies.send(w, p.IfNoneMatch)
}

// SendHeartbeat answers POST /v1/terminals/{id}/heartbeat.
func (s *Server) SendHeartbeat(w http.ResponseWriter, r *http.Request, id api.TerminalID, _ api.SendHeartbeatParams) {
	if other(w, r, id) {
		return
	}
	_, body, ok := s.body(w, r, plainType)
	if !ok {
		return
	}
	beat, reach, err := decodeHeartbeat(id, body)
	if err != nil {
		refuse(w, r, api.ProblemCodeMalformed, err.Error())
		return
	}
	beat.SeenAt = s.now()
	if err := s.ledger.Beat(r.Context(), beat); err != nil {
		s.failed(w, r, err)
		return
	}
	answer := api.HeartbeatAnswer{
		ReceivedAt: beat.SeenAt, CatalogueVersion: s.packs.catalogue.version, PoliciesVersion: s.packs.policies.version,
		SealKey: s.sealKey,
	}
	if err := s.head(r, id, reach, &answer); err != nil {
		s.failed(w, r, err)
		return
	}
	send(w, http.StatusOK, answer)
}

// other refuses a request in another terminal's name, and reports whether it did.
func other(w http.ResponseWriter, r *http.Request, id string) bool {
	name := callerName(r.Context())
	if name == "" || name == id {
		return false
	}
	refuse(w, r, api.ProblemCodeForbidden, "")
	return true
}

var (
	heartbeatKeys = []string{
		"sentAt", "version", "catalogueVersion", "policiesVersion", "queued", "parked", "oldestQueuedAt", "conditions", "journalHead", "paperLeft",
		"journalLines",
	}
	heartbeatRequired = heartbeatKeys[:2]
)

func decodeHeartbeat(id string, body []byte) (t ledger.Terminal, j reach, err error) {
	if !intake.ValidTerminal(id) {
		return t, j, errors.New("the address does not hold a terminal's name")
	}
	if err := intake.Strict(body, heartbeatKeys, heartbeatRequired); err != nil {
		return t, j, err
	}
	var h api.Heartbeat
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&h); err != nil {
		return t, j, errors.New("body: a value is not of the declared form")
	}
	t = ledger.Terminal{
		ID: id, SentAt: h.SentAt, Version: h.Version, CatalogueVersion: value(h.CatalogueVersion),
		PoliciesVersion: value(h.PoliciesVersion), Queued: value(h.Queued), Parked: value(h.Parked),
		OldestQueuedAt: value(h.OldestQueuedAt), PaperLeft: -1,
	}
	if h.PaperLeft != nil {
		if t.PaperLeft = *h.PaperLeft; t.PaperLeft < 0 {
			return t, j, errors.New("body: the paper that is left is below zero")
		}
	}
	for _, c := range value(h.Conditions) {
		t.Conditions = append(t.Conditions, ledger.Condition{Code: c.Code, Severity: string(c.Severity), Text: value(c.Text)})
	}
	if j, err = readReach(h); err != nil {
		return t, j, err
	}
	return t, j, plausible(t)
}

func plausible(t ledger.Terminal) error {
	const most = 64
	switch {
	case t.SentAt.IsZero():
		return errors.New("body: sentAt is empty")
	case len(t.Version) > 64 || len(t.CatalogueVersion) > 128 || len(t.PoliciesVersion) > 128:
		return errors.New("body: a version is too long")
	case t.Queued < 0 || t.Parked < 0:
		return errors.New("body: a count is below zero")
	case len(t.Conditions) > most:
		return errors.New("body: too many conditions")
	}
	for _, c := range t.Conditions {
		if c.Code == "" || len(c.Code) > 32 || len([]rune(c.Text)) > 200 || !api.ConditionSeverity(c.Severity).Valid() {
			return errors.New("body: a condition is not of the declared form")
		}
	}
	return nil
}

func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// GetHealth answers GET /v1/health: well means that the database answered.
func (s *Server) GetHealth(w http.ResponseWriter, r *http.Request, _ api.GetHealthParams) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	if err := s.ledger.Ping(ctx); err != nil {
		s.log.Error("database does not answer", "request", requestID(r.Context()), "error", err)
		refuseFor(w, r, api.ProblemCodeOverloaded, retryAfter)
		return
	}
	send(w, http.StatusOK, api.Health{
		Status: api.HealthStatusOk, Version: s.version, Time: s.now(), SealKey: s.sealKey,
		CatalogueVersion: s.packs.catalogue.version, PoliciesVersion: s.packs.policies.version,
	})
}
