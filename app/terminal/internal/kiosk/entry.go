package kiosk

import (
	"fmt"
	"log/slog"
	"time"
)

// State is where an outbox entry stands.
type State string

// The states of an entry. Accepted, Parked and Evacuated are final for the relay;
// staff may put the last two back.
const (
	Pending  State = "pending"   // never sent
	InFlight State = "in_flight" // leased for a sending that may have happened
	Retry    State = "retry"     // sent or tried, to be sent again
	Accepted State = "accepted"  // acknowledged; the body is gone
	Parked   State = "parked"    // refused for good, waits for staff

	Evacuated State = "evacuated" // another terminal sends it, or may
)

// Reason says why an entry was parked.
type Reason string

// The reasons.
const (
	RefusedInvalid Reason = "refused_invalid" // the central found faults in the answers
	Conflict       Reason = "conflict"        // same key, another body
	Gone           Reason = "gone"            // the service is no longer offered
	TooLarge       Reason = "too_large"
	UnknownSuite   Reason = "unknown_suite" // sealed with algorithms that are not known
	Unreadable     Reason = "unreadable"    // what was sealed does not open
	Refused        Reason = "refused"       // any other refusal that repeating cannot change
	Fenced         Reason = "fenced"        // another terminal has adopted it; the entry is evacuated, not parked
)

// Entry is one application in the outbox.
type Entry struct {
	ID         ApplicationID
	Reference  Reference
	Service    string
	State      State
	Attempts   int       // sendings begun
	DueAt      time.Time // next attempt, or end of the lease; zero when final
	FiledAt    time.Time
	PromisedAt time.Time // latest time at which it should be accepted
	ChangedAt  time.Time
	Code       string // of the last failed attempt, such as "timeout" or "http_500"
	Reason     Reason // of a parked entry, or Fenced
	LeftBy     string // the evacuation that it has left with; empty: none
	CameBy     string // the evacuation that it came with; empty: it was filed here
	Digest     string // SHA-256, hex, of the sealed body; from a lease, what the acknowledgement must repeat
	CentralKey string // fingerprint of the central's key that opens it; empty: no central can
	Readable   bool   // this terminal can still open it
	Body       []byte `json:"-"` // what is sent, only from a lease: an envelope, or the application itself when no central's key is known
	Ack        *Acknowledgement
}

// String names the entry and says how it stands.
func (e Entry) String() string {
	return "entry " + string(e.ID) + " for " + e.Service + ", " + string(e.State)
}

// Format writes String whatever the verb: the body may be an application as it is.
func (e Entry) Format(f fmt.State, _ rune) { mask(f, e.String()) }

// LogValue is String.
func (e Entry) LogValue() slog.Value { return slog.StringValue(e.String()) }

// Ahead is how far in the future an entry may have been filed. One from farther
// off was filed while the clock was wrong, and how long it waits is not known.
const Ahead = 2 * time.Hour

// Late reports whether the entry is still on its way from here after its promised
// time, or nobody knows for how long.
func (e Entry) Late(now time.Time) bool {
	return e.State != Accepted && e.State != Evacuated && (now.After(e.PromisedAt) || e.FiledAt.After(now.Add(Ahead)))
}

// Event is one line of the journal. It names no person.
type Event struct {
	At    time.Time // zero: the journal's clock
	Name  string    // such as "entry.put"
	Entry ApplicationID
	Code  string
}
