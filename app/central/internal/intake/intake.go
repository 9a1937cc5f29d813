// Package intake takes in applications: it reads what came, checks it against
// the catalogue and the form, works out what follows and has it filed.
//
// It knows nothing of HTTP and nothing of the database. It never logs; what it
// returns to be logged holds codes, never answers.
package intake

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"leye/app/api"
	"leye/app/casework"
	"leye/app/catalogue"
	"leye/app/central/internal/ledger"
	"leye/app/central/internal/mask"
	"leye/app/envelope"
	"leye/app/form"
)

// Catalogue is what is offered, as intake needs it.
type Catalogue interface {
	form.Source
	Version() string
	Services() []catalogue.Service
	Clock(id string) (catalogue.Clock, bool)
	Machine(id string) (catalogue.Machine, bool)
}

// Ledger keeps applications and their cases.
type Ledger interface {
	Home(ctx context.Context, sender, id string) (terminal string, err error)
	Filed(ctx context.Context, id, digest string) (ledger.Case, error)
	File(ctx context.Context, f ledger.Filing) (c ledger.Case, repeated bool, err error)
}

// Keys are the private keys that are held here.
type Keys interface {
	// Key is the one that a fingerprint names; nil when it is not held.
	Key(of envelope.Fingerprint) *envelope.PrivateKey
}

// Config says what an intake works with.
type Config struct {
	Catalogue Catalogue
	Ledger    Ledger
	Calendar  Calendar
	Keys      Keys              // open what comes sealed; nothing sealed is taken when nil
	Desks     map[string]string // where a matter goes on, by the service's category; "" for all others
	Now       func() time.Time  // time.Now when nil
}

// Refusal says why an application was not taken. Sending it again is no use.
type Refusal struct {
	Code     api.ProblemCode
	Detail   string // never holds an answer
	Problems []api.AnswerProblem
}

func (r *Refusal) Error() string { return "take application: " + string(r.Code) }

// Codes of the notes that intake itself makes; the others are codes of the form.
const (
	NoteCatalogue = "catalogue_version" // the terminal used another catalogue
	NoteUnknown   = "unknown_field"     // an answer that this catalogue does not ask for
	NoteClock     = "terminal_clock"    // filed at a time that cannot be right
)

// How far the terminal's clock may be from ours before it is not believed:
// ahead by a day, and behind by the longest time that a terminal was ever cut
// off from its central, with room to spare.
const (
	maxAhead  = 24 * time.Hour
	maxBehind = 90 * 24 * time.Hour
)

// Intake takes in applications; its methods may be called at the same time.
type Intake struct {
	catalogue Catalogue
	ledger    Ledger
	calendar  Calendar
	keys      Keys
	desks     map[string]string
	now       func() time.Time
	openings  map[string]opening // by service

	mu    sync.Mutex
	forms map[formKey]*form.Form
}

// opening is how a service's case begins.
type opening struct {
	event, state string
	clocks       []catalogue.Clock
}

type formKey struct {
	service string
	day     string
}

// maxForms bounds the memory for compiled forms: all services on several days.
const maxForms = 512

// New prepares an intake. A service whose cases cannot begin is an error.
func New(c Config) (*Intake, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	i := &Intake{
		catalogue: c.Catalogue, ledger: c.Ledger, calendar: c.Calendar, keys: c.Keys, desks: c.Desks, now: c.Now,
		openings: map[string]opening{}, forms: map[formKey]*form.Form{},
	}
	for _, s := range c.Catalogue.Services() {
		o, err := open(c.Catalogue, s)
		if err != nil {
			return nil, fmt.Errorf("prepare intake of %s: %w", s.ID, err)
		}
		if _, err := i.due(o.clocks, i.now()); err != nil {
			return nil, fmt.Errorf("prepare intake of %s: %w", s.ID, err)
		}
		i.openings[s.ID] = o
	}
	return i, nil
}

// open finds what filing brings about and which clocks it starts.
func open(c Catalogue, s catalogue.Service) (opening, error) {
	m, ok := c.Machine(s.StateMach)
	if !ok {
		return opening{}, fmt.Errorf("no state machine %q", s.StateMach)
	}
	event, state := casework.NewMachine(m).Filed()
	if state == "" {
		return opening{}, fmt.Errorf("state machine %s: nothing begins a case", m.ID)
	}
	var clocks []catalogue.Clock
	for _, id := range s.TimeLimits {
		clock, ok := c.Clock(id)
		if !ok {
			return opening{}, fmt.Errorf("no clock %q", id)
		}
		clocks = append(clocks, clock)
	}
	return opening{event: event, state: state, clocks: running(clocks)}, nil
}

// Take takes in the body that came for id. The same body again gives the same
// acknowledgement and repeated, whatever the catalogue says by then. An error is
// a *Refusal when the application is to blame, and otherwise the ledger's.
// Caller is the terminal that is known to have sent it, or empty when the
// transport does not say.
func (i *Intake) Take(ctx context.Context, caller, id string, body []byte) (ack api.Acknowledgement, repeated bool, err error) {
	digest := envelope.Digest(body)
	return i.take(ctx, caller, id, digest, func(home string) (ledger.Filing, error) { return i.examine(home, id, digest, body) })
}

// take answers for what is known by its digest, and files what examine makes of
// the rest. What another terminal has adopted is not the caller's any more, taken
// before or not: then home is the terminal that it was filed at.
func (i *Intake) take(ctx context.Context, caller, id, digest string, examine func(home string) (ledger.Filing, error)) (ack api.Acknowledgement, repeated bool, err error) {
	home, err := i.ledger.Home(ctx, caller, id)
	if err != nil {
		return api.Acknowledgement{}, false, refused(err)
	}
	c, err := i.ledger.Filed(ctx, id, digest)
	switch {
	case err == nil:
		return acknowledge(c), true, nil
	case !errors.Is(err, ledger.ErrNotFound):
		return api.Acknowledgement{}, false, refused(err)
	}
	f, err := examine(home)
	if err != nil {
		return api.Acknowledgement{}, false, err
	}
	f.Sender = caller
	c, repeated, err = i.ledger.File(ctx, f)
	if err != nil {
		return api.Acknowledgement{}, false, refused(err)
	}
	return acknowledge(c), repeated, nil
}

// refused makes a refusal of those of the ledger's errors that repeating cannot
// change.
func refused(err error) error {
	switch {
	case errors.Is(err, ledger.ErrConflict):
		return &Refusal{Code: api.ProblemCodeConflict}
	case errors.Is(err, ledger.ErrFenced):
		return &Refusal{Code: api.ProblemCodeFenced}
	}
	return err
}

func acknowledge(c ledger.Case) api.Acknowledgement {
	return api.Acknowledgement{
		Id: c.ApplicationID, Number: c.Number, QueryCode: c.QueryCode, Digest: c.Digest,
		AcceptedAt: c.AcceptedAt, Due: c.Due, Desk: c.Desk,
	}
}

// examine turns a body that came for the first time into a filing. Home is the
// terminal that it must be from, or empty when anybody may have sent it.
func (i *Intake) examine(home, id, digest string, body []byte) (ledger.Filing, error) {
	a, answers, err := decode(body)
	if err != nil {
		return ledger.Filing{}, &Refusal{Code: api.ProblemCodeMalformed, Detail: err.Error()}
	}
	if a.Id != id {
		return ledger.Filing{}, &Refusal{Code: api.ProblemCodeMalformed, Detail: "body: id is not the one in the address"}
	}
	if home != "" && a.Terminal != home {
		return ledger.Filing{}, &Refusal{Code: api.ProblemCodeForbidden}
	}
	service, ok := i.catalogue.Service(a.Service)
	if !ok {
		return ledger.Filing{}, &Refusal{Code: api.ProblemCodeUnknownService}
	}
	now := i.now().In(shanghai)
	day, notes := i.filingDay(a, now)
	f, err := i.form(service.ID, day)
	if err != nil {
		return ledger.Filing{}, err
	}
	found, refusal := i.check(f, a, answers)
	if refusal != nil {
		return ledger.Filing{}, refusal
	}
	o := i.openings[service.ID]
	due, err := i.due(o.clocks, now)
	if err != nil {
		return ledger.Filing{}, err
	}
	applicant, masked := applicant(service, answers)
	return ledger.Filing{
		ID: a.Id, Digest: digest, Body: body, Service: a.Service, Terminal: a.Terminal, Reference: a.Reference,
		Language: string(a.Language), CatalogueVersion: a.CatalogueVersion, FiledAt: a.FiledAt,
		Applicant: applicant, ApplicantMasked: masked, Event: o.event, State: o.state,
		Due: due, Desk: i.desk(service), Notes: append(notes, found...),
	}, nil
}

// filingDay is the day by which answers are judged: the resident's, not the
// day on which a terminal that was cut off could at last send them. A clock
// that cannot be right is not believed.
func (i *Intake) filingDay(a api.Application, now time.Time) (time.Time, []ledger.Note) {
	var notes []ledger.Note
	if a.CatalogueVersion != i.catalogue.Version() {
		notes = append(notes, ledger.Note{Row: -1, Code: NoteCatalogue})
	}
	if a.FiledAt.After(now.Add(maxAhead)) || a.FiledAt.Before(now.Add(-maxBehind)) {
		return now, append(notes, ledger.Note{Row: -1, Code: NoteClock})
	}
	return a.FiledAt.In(shanghai), notes
}

// check judges the answers. Soft problems, and answers that another version of
// the catalogue asked for, are noted for staff; the rest refuses.
func (i *Intake) check(f *form.Form, a api.Application, answers form.Answers) ([]ledger.Note, *Refusal) {
	var notes []ledger.Note
	var hard []api.AnswerProblem
	for _, p := range f.CheckAll(answers) {
		if p.Soft {
			notes = append(notes, ledger.Note{Field: p.Field, Row: p.Row, Code: p.Code})
			continue
		}
		hard = append(hard, api.AnswerProblem{Field: p.Field, Row: p.Row, Code: p.Code})
	}
	other := a.CatalogueVersion != i.catalogue.Version()
	for _, key := range unknown(f, answers) {
		if other {
			notes = append(notes, ledger.Note{Field: shorten(key), Row: -1, Code: NoteUnknown})
			continue
		}
		hard = append(hard, api.AnswerProblem{Field: shorten(key), Row: -1, Code: NoteUnknown})
	}
	if len(hard) > 0 {
		return nil, &Refusal{Code: api.ProblemCodeInvalidAnswers, Problems: hard}
	}
	return notes, nil
}

// unknown returns the keys of answers that the form does not ask for, in order;
// a key of a repeat's row as "repeat.key".
func unknown(f *form.Form, answers form.Answers) []string {
	asked := map[string]bool{}
	for _, d := range f.Fields() {
		asked[d.Key] = true
	}
	keys := map[string]bool{}
	for key, v := range answers {
		if !asked[key] {
			keys[key] = true
			continue
		}
		for _, row := range v.Rows() {
			for inner := range row {
				if _, ok := f.Field(key + "." + inner); !ok {
					keys[key+"."+inner] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(keys))
}

// form compiles a service's form for a day, or finds it compiled.
func (i *Intake) form(service string, day time.Time) (*form.Form, error) {
	key := formKey{service, day.Format(time.DateOnly)}
	i.mu.Lock()
	defer i.mu.Unlock()
	if f, ok := i.forms[key]; ok {
		return f, nil
	}
	f, err := form.Compile(i.catalogue, service, day)
	if err != nil {
		return nil, err
	}
	if len(i.forms) >= maxForms {
		clear(i.forms)
	}
	i.forms[key] = f
	return f, nil
}

// applicant says in whose name an application was filed: the person of the
// applicant group, else the employer. A tip-off that names its author in a
// field of its own has no applicant, so that the name is shown nowhere.
func applicant(s catalogue.Service, answers form.Answers) (name, masked string) {
	if slices.Contains(s.FieldGroups, "applicant") {
		name = answers["name"].Text()
		return name, mask.Name(name)
	}
	if slices.Contains(s.FieldGroups, "employer") {
		name = answers["emp_name"].Text()
	}
	return name, name
}

func (i *Intake) desk(s catalogue.Service) string {
	if desk, ok := i.desks[s.Category]; ok {
		return desk
	}
	return i.desks[""]
}

// shanghai is the zone of every day. It has had no summer time since 1991.
var shanghai = time.FixedZone("CST", 8*60*60)
