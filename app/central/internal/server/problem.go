package server

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"leye/app/api"
	"leye/app/central/internal/intake"
)

// problem is the fixed part of an answer that is no success.
type problem struct {
	status int
	title  string
}

var problems = map[api.ProblemCode]problem{
	api.ProblemCodeMalformed:            {http.StatusBadRequest, "The request does not follow the contract"},
	api.ProblemCodeUnsigned:             {http.StatusUnauthorized, "The request is not signed by this terminal"},
	api.ProblemCodeStale:                {http.StatusUnauthorized, "The request was signed at another time"},
	api.ProblemCodeReplayed:             {http.StatusUnauthorized, "The request came before"},
	api.ProblemCodeForbidden:            {http.StatusForbidden, "The certificate does not stand for this terminal"},
	api.ProblemCodeWrongCode:            {http.StatusForbidden, "The code does not enrol this terminal"},
	api.ProblemCodeNotFound:             {http.StatusNotFound, "There is nothing at this address"},
	api.ProblemCodeCaseNotFound:         {http.StatusNotFound, "No case has this number and query code"},
	api.ProblemCodeMethodNotAllowed:     {http.StatusMethodNotAllowed, "This address does not take this method"},
	api.ProblemCodeConflict:             {http.StatusConflict, "Another body was filed under this id"},
	api.ProblemCodeFenced:               {http.StatusConflict, "Another terminal has adopted the application"},
	api.ProblemCodeAdopted:              {http.StatusConflict, "Another terminal has adopted the evacuation"},
	api.ProblemCodeCancelled:            {http.StatusConflict, "The evacuation was taken back"},
	api.ProblemCodeTooLarge:             {http.StatusRequestEntityTooLarge, "The body is larger than the limit"},
	api.ProblemCodeUnsupportedMediaType: {http.StatusUnsupportedMediaType, "The body's declared type is not taken here"},
	api.ProblemCodeUnknownService:       {http.StatusUnprocessableEntity, "The service is not in the catalogue"},
	api.ProblemCodeInvalidAnswers:       {http.StatusUnprocessableEntity, "Answers do not fit the service's form"},
	api.ProblemCodeUnknownSuite:         {http.StatusUnprocessableEntity, "The cryptographic suite is not known here"},
	api.ProblemCodeUnknownKey:           {http.StatusMisdirectedRequest, "Sealed to a key that is not held here"},
	api.ProblemCodeUnreadable:           {http.StatusUnprocessableEntity, "What was sealed does not open"},
	api.ProblemCodeTooManyTries:         {http.StatusTooManyRequests, "Too many wrong codes"},
	api.ProblemCodeOverloaded:           {http.StatusServiceUnavailable, "The central has too much to do"},
	api.ProblemCodeInternal:             {http.StatusInternalServerError, "The central failed"},
}

func refuse(w http.ResponseWriter, r *http.Request, code api.ProblemCode, detail string) {
	write(w, r, &intake.Refusal{Code: code, Detail: detail})
}

// refuseFor answers with the seconds to wait, rounded up.
func refuseFor(w http.ResponseWriter, r *http.Request, code api.ProblemCode, wait time.Duration) {
	seconds := max(1, int((wait+time.Second-1)/time.Second))
	w.Header().Set("Retry-After", strconv.Itoa(seconds))
	refuse(w, r, code, "")
}

func write(w http.ResponseWriter, r *http.Request, refusal *intake.Refusal) {
	p := problems[refusal.Code]
	body := api.Problem{
		Type: "urn:leye:problem:" + string(refusal.Code), Title: p.title, Status: p.status, Code: refusal.Code,
	}
	if refusal.Detail != "" {
		body.Detail = &refusal.Detail
	}
	if id := requestID(r.Context()); id != "" {
		instance := "urn:leye:request:" + id
		body.Instance = &instance
	}
	if len(refusal.Problems) > 0 {
		body.Problems = &refusal.Problems
	}
	w.Header().Set("Content-Type", api.ProblemType)
	w.WriteHeader(p.status)
	_ = json.NewEncoder(w).Encode(body) // the caller has gone; there is nobody to tell
}
