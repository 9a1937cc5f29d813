// Package kiosk holds the terminal's own words: the resident in front of it, the
// application that is handed in, the reference and the acknowledgement that come
// back, and the codes that staff read out on the telephone.
//
// It imports nothing of the project and does nothing by itself.
package kiosk

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// ApplicationID is the idempotency key of one application for its whole life:
// 26 characters of base32, made before the first write.
type ApplicationID string

// Application is what a resident hands in.
type Application struct {
	ID               ApplicationID
	Service          string // id of the catalogue's service
	CatalogueVersion string
	Terminal         string
	Language         string // "zh" or "en"
	FiledAt          time.Time
	Reference        Reference       // the terminal's own number for it
	Answers          json.RawMessage // form answers by field key

	// OrderKey keeps the entries of one person and matter in turn; a keyed
	// hash (see package outbox), never the person's number. Empty: no order.
	OrderKey string
}

// String names the application and nobody.
func (a Application) String() string { return "application " + string(a.ID) + " for " + a.Service }

// Format writes String whatever the verb.
func (a Application) Format(f fmt.State, _ rune) { mask(f, a.String()) }

// MarshalJSON refuses: what is sent of an application is the contract's own type,
// and half of one must never be taken for it.
func (a Application) MarshalJSON() ([]byte, error) {
	return nil, errors.New("an application is sent as the contract writes it")
}

// LogValue is String.
func (a Application) LogValue() slog.Value { return slog.StringValue(a.String()) }

// Reference is the number that the terminal gives before the central has
// answered, for example "PT01-1124-0007-X"; its last character checks the rest.
type Reference string

// Acknowledgement is the central's word that it holds an application.
type Acknowledgement struct {
	ID         ApplicationID
	Number     string // case number
	QueryCode  string // six digits, printed only on the slip
	Digest     string // SHA-256, hex, of what the central took; see the contract
	AcceptedAt time.Time
	Due        string // the promised day as YYYY-MM-DD, or empty
	Desk       string // where the matter goes on
	Signature  string // of the central over all of it; empty in the clear
}

// String names the application: number and query code together open its case.
func (a Acknowledgement) String() string { return "acknowledgement of " + string(a.ID) }

// Format writes String whatever the verb. JSON is whole: it is kept until the
// entry goes.
func (a Acknowledgement) Format(f fmt.State, _ rune) { mask(f, a.String()) }

// LogValue is String.
func (a Acknowledgement) LogValue() slog.Value { return slog.StringValue(a.String()) }

// Case is what the central tells of a case to whoever has its number and query code:
// nothing of the answers, and the applicant's name masked.
type Case struct {
	Number     string
	Service    string // id of the catalogue's service
	State      string // of the service's case machine
	AcceptedAt time.Time
	Due        string // the promised day as YYYY-MM-DD, or empty
	Desk       string // where the matter goes on
	Applicant  string // masked, or empty
	Steps      []CaseStep
}

// CaseStep is one event of a case, and the state after it.
type CaseStep struct {
	At           time.Time
	Event, State string // of the service's case machine
}

// String names the matter and nobody.
func (c Case) String() string { return "case of " + c.Service }

// Format writes String whatever the verb.
func (c Case) Format(f fmt.State, _ rune) { mask(f, c.String()) }

// MarshalText is String.
func (c Case) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// LogValue is String.
func (c Case) LogValue() slog.Value { return slog.StringValue(c.String()) }

// SlipCode is what a slip's QR code says: the case number, or the terminal's
// reference while there is none, and the query code.
func SlipCode(number string, ref Reference, queryCode string) string {
	return "LEYE:" + cmp.Or(number, string(ref)) + ":" + queryCode
}
