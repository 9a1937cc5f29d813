// Package catalogue is what the terminal offers: services with their fields,
// materials, code lists, clocks, case state machines and parameters by date.
//
// It reads and checks the declared files under assets/catalogue and knows
// nothing of forms on a screen, of cases or of people. Everything it returns is
// shared and must not be changed by the caller.
package catalogue

import "github.com/pelletier/go-toml/v2"

//go:generate go run ./schemagen ../../assets/schema

// Text is one thing said in the languages that every declared text has.
type Text struct {
	ZH string `toml:"zh"`
	EN string `toml:"en"`
}

// Confidence says how sure the declared fact is. Anything below [High] is shown
// to residents as "以窗口为准" (the counter decides), never as fact.
type Confidence string

// The scale of the district's own papers.
const (
	High       Confidence = "high"
	MediumHigh Confidence = "medium-high"
	Medium     Confidence = "medium"
	LowMedium  Confidence = "low-medium"
	Low        Confidence = "low"
)

// Kind is the family that a service belongs to.
type Kind string

// The six families of services.
const (
	Lookup        Kind = "lookup"
	Registration  Kind = "registration"
	Booking       Kind = "booking"
	Application   Kind = "application"
	Certification Kind = "certification"
	Complaint     Kind = "complaint"
)

// Service is one matter that a resident, an employer or staff can handle at the
// terminal.
type Service struct {
	ID string `toml:"id"`
	Text
	Summary     Text       `toml:"summary"` // one plain sentence: what it is
	Category    string     `toml:"category"`
	Kind        Kind       `toml:"kind"`
	PlanSection []string   `toml:"plan_section"`
	PlanTerms   []string   `toml:"plan_terms,omitempty"`
	Audience    []string   `toml:"audience"`
	Identity    []string   `toml:"identity"` // any one of these levels is enough
	FieldGroups []string   `toml:"field_groups"`
	StateMach   string     `toml:"state_machine"`
	TimeLimits  []string   `toml:"time_limits"` // ids of clocks
	Receipt     string     `toml:"receipt"`     // id of a receipt type
	Outcome     Text       `toml:"outcome"`
	FollowUp    []string   `toml:"follow_up,omitempty"`
	Confidence  Confidence `toml:"confidence"`
	Note        Text       `toml:"note,omitempty"`
	Basis       []Text     `toml:"basis,omitempty"` // laws and documents, their Chinese names in brackets in English
	Materials   []Material `toml:"materials,omitempty"`
	Fields      []Field    `toml:"fields,omitempty"` // those after the groups'
}

// Material is a paper or record that the matter needs.
type Material struct {
	Text
	Required bool       `toml:"required"`
	Obtain   string     `toml:"obtain"` // present, upload, shared or sign
	When     *Condition `toml:"when,omitempty"`
}

// FieldType is the kind of answer that a field takes.
type FieldType string

// The field types.
const (
	TypeText           FieldType = "text"
	TypeChoice         FieldType = "choice"
	TypeMultiChoice    FieldType = "multi-choice"
	TypeDate           FieldType = "date"
	TypeNumber         FieldType = "number"
	TypePhone          FieldType = "phone"
	TypeIDNumber       FieldType = "id-number"
	TypeAddress        FieldType = "address"
	TypeBankAccount    FieldType = "bank-account"
	TypeBoolean        FieldType = "boolean"
	TypeRepeat         FieldType = "repeat"
	TypeAttachmentNote FieldType = "attachment-note"
)

// Field is one question of a form.
type Field struct {
	Key string `toml:"key"`
	Text
	Type       FieldType   `toml:"type"`
	Required   bool        `toml:"required"`
	Sensitive  bool        `toml:"sensitive,omitempty"` // masked on screen and slip
	Prefill    string      `toml:"prefill,omitempty"`   // id-card, shared, case or computed
	OptionsRef string      `toml:"options_ref,omitempty"`
	Options    []Choice    `toml:"options,omitempty"`
	Constraint *Constraint `toml:"constraint,omitempty"`
	When       *Condition  `toml:"when,omitempty"`
	Help       Text        `toml:"help,omitempty"`
	Fields     []Field     `toml:"fields,omitempty"` // of one row, for TypeRepeat
}

// Choice is one option of a field or one row of a code list.
type Choice struct {
	Code string `toml:"code"`
	Text
}

// Constraint limits the answers that a field takes. Bounds are kept as declared
// text because they may name a parameter ("param:KEY"), a date word ("today-6m",
// "month-start") or another field ("field:KEY").
type Constraint struct {
	MinLen    *int     `toml:"min_len,omitempty"` // characters
	MaxLen    *int     `toml:"max_len,omitempty"`
	Pattern   string   `toml:"pattern,omitempty"` // RE2
	Check     string   `toml:"check,omitempty"`   // gb11643, uscc-gb32100 or luhn, with an optional "when"
	Min       string   `toml:"min,omitempty"`     // a decimal number or param:KEY
	Max       string   `toml:"max,omitempty"`
	Decimals  *int     `toml:"decimals,omitempty"`
	NotBefore string   `toml:"not_before,omitempty"`
	NotAfter  string   `toml:"not_after,omitempty"`
	MinItems  *int     `toml:"min_items,omitempty"`
	MaxItems  *int     `toml:"max_items,omitempty"`
	MustBe    *bool    `toml:"must_be,omitempty"`
	States    []string `toml:"states,omitempty"`
	Charset   string   `toml:"charset,omitempty"`
	Allow     string   `toml:"allow,omitempty"`
}

// Condition says when a field or a material is relevant. Exactly one of Field,
// All, Any and Not is set.
type Condition struct {
	Field string      `toml:"field,omitempty"`
	Op    string      `toml:"op,omitempty"` // eq ne in not_in gt gte lt lte present absent
	Value any         `toml:"value,omitempty"`
	All   []Condition `toml:"all,omitempty"`
	Any   []Condition `toml:"any,omitempty"`
	Not   *Condition  `toml:"not,omitempty"`
}

// Event is a life event: one tile of the home screen and the services behind
// it, most used first.
type Event struct {
	ID string `toml:"id"`
	Text
	Hint     Text     `toml:"hint"` // what is behind the tile, a few words
	Icon     string   `toml:"icon"`
	Order    int      `toml:"order"`
	Large    bool     `toml:"large"`    // one of the at most eight large tiles
	Audience []string `toml:"audience"` // only "staff": not on the residents' home
	Services []string `toml:"services"`
}

// Group is a run of fields that many services share, for example applicant.
type Group struct {
	ID string `toml:"id"`
	Text
	Fields []Field `toml:"fields"`
}

// CodeList is a declared list of choices. A runtime list is kept in the
// district's operating data and may be empty; see [Catalogue.Choices].
type CodeList struct {
	ID string `toml:"id"`
	Text
	Standard   string     `toml:"standard,omitempty"` // for example GB/T 2261.1
	Confidence Confidence `toml:"confidence,omitempty"`
	Note       string     `toml:"note,omitempty"`
	Source     string     `toml:"source,omitempty"` // "services": the rows are the services themselves
	Items      []Choice   `toml:"items,omitempty"`
}

// Unit is what a clock counts.
type Unit string

// The units of clocks.
const (
	WorkingDay  Unit = "working-day"
	CalendarDay Unit = "calendar-day"
	Month       Unit = "month"
	Year        Unit = "year"
	Hour        Unit = "hour"
)

// ClockKind says where a time limit comes from. A centre may edit targets and
// commitments, never statutory rows.
type ClockKind string

// The kinds of clocks.
const (
	Statutory   ClockKind = "statutory"
	PlanTarget  ClockKind = "plan-target"
	ClaimWindow ClockKind = "claim-window"
	Commitment  ClockKind = "commitment"
)

// Clock is a time limit from one event of a case to another.
type Clock struct {
	ID string `toml:"id"`
	Text
	From           string     `toml:"from"`
	To             string     `toml:"to"`
	Value          int        `toml:"value"`
	Unit           Unit       `toml:"unit"`
	Kind           ClockKind  `toml:"kind"`
	Bound          string     `toml:"bound"`             // who must act
	Minimum        bool       `toml:"minimum,omitempty"` // the act may not come before the end
	Basis          string     `toml:"basis,omitempty"`
	Confidence     Confidence `toml:"confidence"`
	Note           string     `toml:"note,omitempty"`
	SuspendedWhile []string   `toml:"suspended_while,omitempty"`
	Extension      *Extension `toml:"extension,omitempty"`
}

// Extension is by how much a clock may be prolonged, and who may do so. Without
// a value the new end is agreed case by case.
type Extension struct {
	Value int    `toml:"value,omitempty"`
	Unit  Unit   `toml:"unit"`
	By    string `toml:"by"`
}

// ClockFile is a file of clocks: one family, for example arbitration.
type ClockFile struct {
	Family string  `toml:"family"`
	Clocks []Clock `toml:"clocks"`
}

// Machine is a case's life: states and the transitions between them. A case
// begins in the first state.
type Machine struct {
	ID string `toml:"id"`
	Text
	States      []State      `toml:"states"`
	Events      []CaseEvent  `toml:"events"`
	Transitions []Transition `toml:"transitions"`
}

// State is one state of a case. A case may rest for good in an end.
type State struct {
	ID string `toml:"id"`
	Text
	End bool `toml:"end,omitempty"`
}

// CaseEvent is what moves a case, with the word on the button or in the history.
type CaseEvent struct {
	ID string `toml:"id"`
	Text
}

// Transition moves a case from a state to another when one of the actors
// brings about the event.
type Transition struct {
	From   string   `toml:"from"`
	Event  string   `toml:"event"`
	To     string   `toml:"to"`
	Actors []string `toml:"actors"`
}

// Receipt is a kind of slip and what it must contain.
type Receipt struct {
	ID string `toml:"id"`
	Text
	Contents []Text `toml:"contents"`
}

// Identity is a way to say who one is. Level is 0 none, 1 weak, 2 verified,
// 3 staff.
type Identity struct {
	ID string `toml:"id"`
	Text
	Level int `toml:"level"`
}

// Series is one parameter over time, rows by date. A series without rows is
// known by name only: its figure has not been confirmed.
type Series struct {
	Key string `toml:"key"`
	Text
	Basis      string     `toml:"basis,omitempty"`
	Confidence Confidence `toml:"confidence"`
	Review     string     `toml:"review"` // when the figure is looked at again
	Note       string     `toml:"note,omitempty"`
	Rows       []Row      `toml:"rows"`
}

// Row is the figure of a series from a day on, and up to and including To when
// that is set.
type Row struct {
	From  toml.LocalDate  `toml:"from"`
	To    *toml.LocalDate `toml:"to,omitempty"`
	Value any             `toml:"value"` // a TOML integer or float
}

// Parameter is a figure as it is valid on a day.
type Parameter struct {
	Key string
	Text
	Value      string // decimal text, for example "2740" or "0.5"
	From       string // YYYY-MM-DD
	To         string // the last day as YYYY-MM-DD, or empty
	Basis      string
	Confidence Confidence
	Note       string
}

// Uncertain tells whether a fact must be shown as "以窗口为准" and not as fact.
func Uncertain(c Confidence) bool { return c != High }
