package session

import (
	"fmt"
	"io"
	"log/slog"
	"time"

	"leye/app/form"
	"leye/app/policy"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/privacy"
	"leye/devices/idcard"
	"leye/devices/printer"
)

// Stage is where a visit stands.
type Stage string

// The stages, in the order of a visit.
const (
	Idle         Stage = "idle"
	Home         Stage = "home"
	Browse       Stage = "event"  // the services of a life event, or found ones
	Search       Stage = "search" // for a service
	Service      Stage = "service"
	Identify     Stage = "identify"
	Filling      Stage = "question"
	Row          Stage = "repeat" // one row of a repeat field
	Reviewing    Stage = "check"
	Submitting   Stage = "filing"
	Filed        Stage = "filed"
	Ended        Stage = "end"
	PolicySearch Stage = "policy-search"
	PolicyText   Stage = "policy"
	AskingCase   Stage = "asking" // the central, how far a case has come
	CaseTold     Stage = "case"   // what came of that
)

// Overlay is what lies over the stage's screen.
type Overlay string

// The overlays.
const (
	NoOverlay  Overlay = ""
	HelpCall   Overlay = "help"
	LeaveAsk   Overlay = "leave"
	StillThere Overlay = "still-there"
)

// State is a snapshot of the visit: all that a screen needs to draw itself.
type State struct {
	Serial   int // rises with each change
	Stage    Stage
	Overlay  Overlay
	WipeAt   time.Time // when StillThere ends the visit
	Language string    // "zh" or "en"
	Elder    bool
	Reach    bool // all controls in the lower band

	Event   string // chosen life event
	Query   string // typed into the search
	Found   []string
	Service string
	Checks  Checks

	Reader   idcard.Progress
	Trouble  string // text key about the card, or empty
	Slow     bool   // no reading for a while: offer staff
	Shut     bool   // out of service: no visit begins
	CardLeft bool   // the card of a visit that is over lies on the reader
	SlipLeft bool   // its slip lies at the paper's exit, where the printer can tell
	Scanner  bool   // codes can be scanned
	Scan     string // text key about the last code held up, or empty
	Scans    int    // codes of this visit that something was said about
	Resident *kiosk.Resident

	Form      *form.Form
	Answers   form.Answers
	Questions []form.Question
	Question  int
	Problems  map[string]form.Problem
	Returning bool // a change made from the check screen
	RowField  string
	RowIndex  int
	RowNew    bool
	RowDraft  form.Answers

	Category string
	Hits     []policy.Hit
	Policy   string // id of the policy being read

	Told      Told
	Case      *Case         // when a case was told
	ClosedFor time.Duration // when it is closed; 0: nobody says how long

	Notice      bool // what is told of personal data lies over the stage's screen
	NoticePrint PrintState

	Filing *Filing
	Print  PrintState
	Fault  kiosk.Code // what staff read out; empty when all is well

	Failures int // filings of this visit that could not be kept
}

// Locked reports that nobody can begin: the card of the person before lies on the
// reader, and what is read now could be theirs. A reader that went silent locks
// nobody out.
func (st State) Locked() bool { return st.CardLeft && st.Reader != idcard.Offline }

// Open reports that a visit can begin.
func (st State) Open() bool { return !st.Shut && !st.Locked() }

// AsksForCard reports that the screen asks for a card, and none was read yet.
func (st State) AsksForCard() bool { return st.Stage == Identify && st.Resident == nil }

// String says where the visit stands, and nothing of who is there.
func (st State) String() string { return "visit at " + string(st.Stage) }

// Format writes String whatever the verb.
func (st State) Format(f fmt.State, _ rune) { mask(f, st.String()) }

// MarshalText is String.
func (st State) MarshalText() ([]byte, error) { return []byte(st.String()), nil }

// LogValue is String.
func (st State) LogValue() slog.Value { return slog.StringValue(st.String()) }

// mask writes what stands for a value; the error of a print is the printer's own.
func mask(f fmt.State, words string) { _, _ = io.WriteString(f, words) }

// Read is from where this visit has taken something of a person.
func (st State) Read() privacy.Read {
	r := privacy.Read{Card: st.Resident != nil, Code: st.Scans > 0}
	for _, v := range st.Answers {
		r.Typed = r.Typed || !v.Prefilled()
	}
	return r
}

// Checks is what the service page says before anything is asked.
type Checks struct {
	Printer printer.Status
	Short   bool // the roll may end within the slip
	Known   bool // the printer has been asked
	Reader  bool
	Line    bool
	Keep    bool // another application can be kept
}

// Outcome is what became of an application that was kept. The three are told
// apart on the screen and on paper at first sight. What could not be kept has no
// outcome: the person stays on the screen with every answer, and nothing is
// claimed.
type Outcome string

// The outcomes.
const (
	Accepted Outcome = "accepted" // the central holds it and gave a number
	Saved    Outcome = "saved"    // safe on this terminal, sent when the line is back
	Parked   Outcome = "parked"   // refused by the central; kept here until staff look at it
)

// Filing is one act of handing in: what the filed screen and the slip say.
type Filing struct {
	Outcome  Outcome
	App      kiosk.Application
	Ack      kiosk.Acknowledgement // when Accepted
	Resident *kiosk.Resident       // nil for anonymous matters
	Form     *form.Form
	Answers  form.Answers
	Policy   string // id of the policy text to print, or empty
	Code     kiosk.Code
	At       time.Time
}

// String names the application and nobody.
func (f Filing) String() string { return string(f.Outcome) + " " + f.App.String() }

// Format writes String whatever the verb.
func (f Filing) Format(to fmt.State, _ rune) { mask(to, f.String()) }

// MarshalText is String.
func (f Filing) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// LogValue is String.
func (f Filing) LogValue() slog.Value { return slog.StringValue(f.String()) }

// PrintState is what is known of the slip's paper.
type PrintState string

// The paper's states; PrintDoubt means that something may have come out.
const (
	NotPrinting PrintState = ""
	Printing    PrintState = "printing"
	PrintDone   PrintState = "printed"
	PrintSent   PrintState = "sent" // no fault seen, not confirmed by the device
	PrintDoubt  PrintState = "in-doubt"
	PrintFailed PrintState = "not-printed"
)
