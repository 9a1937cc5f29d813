// Package privacy is what is kept of a person, where, and until when: one table,
// from which the sweeper takes its days, and slip and screen what they tell.
//
// It deletes nothing itself and holds no words; those stand in assets/text.
package privacy

import (
	"strconv"
	"time"
)

// Days that an accepted application's reference may stay, and those that are
// built in. Storage is to be as short as the purpose allows (个人信息保护法, art 19).
const (
	DefaultDays = 30
	LeastDays   = 1
	MostDays    = 365
)

// Kind is one kind of what is kept.
type Kind string

// The kinds.
const (
	Visit       Kind = "visit"       // card and answers while they are worked on
	Application Kind = "application" // handed in, sealed to the central
	Refused     Kind = "refused"     // one that the central did not take, sealed
	Reference   Kind = "reference"   // that one was accepted: numbers and times
	Record      Kind = "record"      // journal and slips: random keys and times
	Case        Kind = "case"        // at the central
	Paper       Kind = "paper"       // the slip
)

// Place is where it lies.
type Place string

// The places.
const (
	Memory   Place = "memory" // of the terminal, never on its disk
	Terminal Place = "terminal"
	Central  Place = "central"
	Hands    Place = "hands" // of the resident
)

// End is what ends its keeping.
type End string

// The ends.
const (
	VisitOver    End = "visit"
	Acknowledged End = "acknowledged" // the central's word that it holds it
	Settled      End = "settled"      // by staff, together with the resident
	Archived     End = "archived"     // the rules for archives say
	Disposed     End = "disposed"     // with the machine; nothing in it is anybody's
	Own          End = "own"          // as the resident likes
)

// Row says of one kind where it lies and until when.
type Row struct {
	Kind  Kind
	Place Place
	Until End
	Days  int // after the end; 0: at once
}

// Table is what is kept. KeepDays is how long a reference stays.
type Table struct{ KeepDays int }

// Rows are all kinds, in the order of a visit.
func (t Table) Rows() []Row {
	return []Row{
		{Visit, Memory, VisitOver, 0},
		{Application, Terminal, Acknowledged, 0},
		{Refused, Terminal, Settled, 0},
		{Reference, Terminal, Acknowledged, t.KeepDays},
		{Record, Terminal, Disposed, 0},
		{Case, Central, Archived, 0},
		{Paper, Hands, Own, 0},
	}
}

// Row is that of a kind.
func (t Table) Row(k Kind) Row {
	for _, r := range t.Rows() {
		if r.Kind == k {
			return r
		}
	}
	return Row{}
}

// Sweep is when an application must have been accepted at the latest for its
// reference to go by now.
func (t Table) Sweep(now time.Time) time.Time { return now.AddDate(0, 0, -t.Row(Reference).Days) }

// Read is from where a visit has taken something of a person.
type Read struct{ Card, Code, Typed bool }

// Say gives the words of a key in the visit's language; a name and its value
// follow each other in args.
type Say func(key string, args ...string) string

// Section is one piece of what is told.
type Section struct {
	Title string
	Lines []string
}

// Asked is whom to ask.
type Asked struct{ Desk, Phone string }

// Tell is what the law has a person told (个人信息保护法, art 17): what was read,
// why, where it goes, until when it stays, what they may ask for and of whom. It
// names kinds of data and holds none.
func (t Table) Tell(r Read, to Asked, say Say) []Section {
	kept := make([]string, 0, len(t.Rows())+1)
	for _, row := range t.Rows() {
		kept = append(kept, row.tell(say))
	}
	return []Section{
		{say("privacy.read"), []string{
			told("card", r.Card, say), told("code", r.Code, say), told("typed", r.Typed, say), say("privacy.read.never"),
		}},
		{say("privacy.why"), []string{say("privacy.why.use"), say("privacy.why.law"), say("privacy.why.sensitive")}},
		{say("privacy.where"), []string{say("privacy.where.central")}},
		{say("privacy.kept"), append(kept, say("privacy.kept.law"))},
		{say("privacy.rights"), []string{
			say("privacy.rights.law"), say("privacy.rights.ask", "desk", to.Desk, "phone", to.Phone),
		}},
	}
}

func told(source string, yes bool, say Say) string {
	this := say("privacy.read.no")
	if yes {
		this = say("privacy.read.yes")
	}
	return say("privacy.read."+source, "this", this)
}

func (r Row) tell(say Say) string {
	key := "privacy.until." + string(r.Until)
	if r.Days > 0 {
		key += ".days"
	}
	return say("privacy.kept.line", "what", say("privacy.kept."+string(r.Kind)), "until", say(key, "days", strconv.Itoa(r.Days)))
}
