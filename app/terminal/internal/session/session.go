// Package session is one resident's visit as a state machine: idle, home,
// service, identify, questions, review, filed, end, and wiped.
//
// It decides what may happen next and when a visit ends. It draws nothing,
// opens no port and writes no file: card reader, scanner, queue and printer are
// interfaces that whoever builds a Session hands in.
package session

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"leye/app/catalogue"
	"leye/app/policy"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/privacy"
	"leye/devices/idcard"
	"leye/devices/printer"
	"leye/devices/scanner"
)

// CardReader delivers the cards that are laid on the terminal.
type CardReader interface {
	Read(ctx context.Context) (idcard.Card, error)
	Present(ctx context.Context) (bool, error)
	SetProgress(func(idcard.Progress))
	// Expect says whether the screen asks for a card now.
	Expect(on bool)
}

// Submitter keeps applications and tells what became of them.
type Submitter interface {
	// Put returns only when the application is safe on disk. It fills in the
	// reference.
	Put(ctx context.Context, app *kiosk.Application) error
	// Wait returns the acknowledgement, a *Refused, or ctx's error when the
	// central has not answered yet.
	Wait(ctx context.Context, id kiosk.ApplicationID) (kiosk.Acknowledgement, error)
	// Release says that the visit is over in which an application was put: the
	// terminal need not read it any more.
	Release(ctx context.Context, id kiosk.ApplicationID) error
	// Ready reports whether another application can be kept.
	Ready(ctx context.Context) error
}

// SlipPrinter puts what was filed on paper and keeps what is known of it.
type SlipPrinter interface {
	// Print prints the slip of f, marked as a reprint where an earlier one may be
	// about, and says how much of it is proved.
	Print(ctx context.Context, f Filing) (printer.Proof, error)
	// PrintCase prints how far a case has come, in a language.
	PrintCase(ctx context.Context, language string, c Case) (printer.Proof, error)
	// PrintNotice prints what is told of personal data, in a language.
	PrintNotice(ctx context.Context, language string, read privacy.Read) (printer.Proof, error)
	Status(ctx context.Context) (printer.Status, error)
	// Fits reports whether the roll has room for one more slip, as far as is known.
	Fits(ctx context.Context) (bool, error)
}

// Refused is the central's final no to an application.
type Refused struct{ Reason string }

func (r *Refused) Error() string { return "application refused: " + r.Reason }

// Config is what a Session works with. Zero durations mean the defaults.
type Config struct {
	Terminal  string
	Catalogue *catalogue.Catalogue
	Policies  *policy.Library
	Reader    CardReader
	Reader2   CardReader  // nil where there is only one
	Scanner   CodeScanner // nil: there is none
	Submitter Submitter
	Cases     Cases
	Slips     SlipPrinter
	Log       *slog.Logger

	Idle           time.Duration // without a touch before asking, default 90 s
	Warn           time.Duration // of asking before the wipe, default 30 s
	WaitForCentral time.Duration // for a number before the slip says "saved", default 5 s
	WaitForCase    time.Duration // for what a look-up asks, default 10 s
	Farewell       time.Duration // that the end screen stays, default 12 s
	NoCard         time.Duration // without a reading before staff is offered, default 20 s
	Location       *time.Location
}

// Session is the visit of whoever stands in front of the terminal; one after
// another. Run drives it; Do and State may be called from any goroutine.
type Session struct {
	cfg     Config
	intents chan Intent
	cards   chan cardEvent
	scans   chan scanEvent
	service chan bool // whether visits may begin

	mu        sync.Mutex
	state     State
	listeners []func(State)

	// Owned by the goroutine of Run.
	ctx      context.Context // of Run: outlives each visit
	visit    *visit
	deadline time.Time
	wiped    time.Time // when the last visit ended
	beds     [2]bed
	tasks    sync.WaitGroup

	expecting bool // a card
}

type cardEvent struct {
	reader   int // which one
	card     idcard.Card
	progress idcard.Progress
	err      error
	read     bool
	at       time.Time // when the reader delivered it
}

// New returns a Session in its idle state.
func New(cfg Config) *Session {
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	def(&cfg.Idle, 90*time.Second)
	def(&cfg.Warn, 30*time.Second)
	def(&cfg.WaitForCentral, 5*time.Second)
	def(&cfg.WaitForCase, 10*time.Second)
	def(&cfg.Farewell, 12*time.Second)
	def(&cfg.NoCard, 20*time.Second)
	if cfg.Location == nil {
		cfg.Location = time.FixedZone("CST", 8*3600) // Shanghai has no summer time
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Session{cfg: cfg, intents: make(chan Intent, 64), cards: make(chan cardEvent, 16), scans: make(chan scanEvent, 16), service: make(chan bool, 1)}
	s.visit = newVisit(context.Background())
	s.state = State{Stage: Idle, Language: "zh", Scanner: cfg.Scanner != nil}
	return s
}

func (s *Session) String() string { return "session" }

// Do hands an intent to the session. It never blocks for long: intents beyond
// the buffer of a person's fastest tapping are dropped.
func (s *Session) Do(i Intent) {
	select {
	case s.intents <- i:
	default:
		s.cfg.Log.Warn("drop intent", "why", "the session is busy")
	}
}

// Serve takes the terminal out of service, or back into it: the visit under way
// ends as it would, and no other begins. Whoever finds out tells it again and again;
// one call that meets another may be lost.
func (s *Session) Serve(on bool) {
	if s.State().Shut != on {
		return
	}
	select {
	case s.service <- on:
	default:
	}
}

// State returns the present state. Its maps and slices must not be changed.
func (s *Session) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

// Listen calls f, from the goroutine of Run, with each new state. Call it
// before Run.
func (s *Session) Listen(f func(State)) { s.listeners = append(s.listeners, f) }

// Run drives the session until ctx ends, and wipes it then.
func (s *Session) Run(ctx context.Context) error {
	s.ctx = ctx
	s.renew(ctx)
	for i, r := range []CardReader{s.cfg.Reader, s.cfg.Reader2} {
		if r == nil {
			continue
		}
		s.beds[i].there = true
		r.SetProgress(func(p idcard.Progress) { s.sendCard(ctx, cardEvent{reader: i, progress: p}) })
		s.tasks.Go(func() { s.readCards(ctx, i, r) })
	}
	if s.cfg.Scanner != nil {
		s.cfg.Scanner.SetProgress(func(p scanner.Progress) { s.sendScan(ctx, scanEvent{progress: p}) })
		s.tasks.Go(func() { s.scanCodes(ctx) })
	}
	defer s.tasks.Wait()
	defer s.wipe()
	s.publish()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		timer.Reset(s.untilTick())
		select {
		case <-ctx.Done():
			return nil
		case i := <-s.intents:
			s.touch()
			from, scans := s.at(), s.state.Scans
			i.apply(s)
			s.forgetScan(from, scans)
		case e := <-s.cards:
			s.onCard(e)
		case e := <-s.scans:
			s.onScan(e)
		case f := <-s.visit.results:
			f()
		case on := <-s.service:
			s.set(func(st *State) { st.Shut = !on })
		case <-timer.C:
			s.onTick()
		}
		s.publish()
	}
}

func (s *Session) sendCard(ctx context.Context, e cardEvent) {
	select {
	case s.cards <- e:
	case <-ctx.Done():
	}
}

func (s *Session) readCards(ctx context.Context, i int, r CardReader) {
	for ctx.Err() == nil {
		card, err := r.Read(ctx)
		if ctx.Err() != nil {
			return
		}
		s.sendCard(ctx, cardEvent{reader: i, card: card, err: err, read: true, at: s.now()})
		if err != nil && !errors.Is(err, idcard.ErrNoCard) && !errors.Is(err, idcard.ErrRemoved) && !errors.Is(err, idcard.ErrNotACard) {
			pause(ctx, time.Second) // a broken device must not spin
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// set changes the published state; only the goroutine of Run calls it.
func (s *Session) set(f func(*State)) {
	s.mu.Lock()
	f(&s.state)
	s.mu.Unlock()
}

func (s *Session) publish() {
	s.expect(s.state.AsksForCard())
	s.mu.Lock()
	s.state.Serial++
	st := s.state
	s.mu.Unlock()
	for _, f := range s.listeners {
		f(st)
	}
}

// expect tells the readers when the screen begins or ends to ask for a card.
func (s *Session) expect(on bool) {
	if on == s.expecting {
		return
	}
	s.expecting = on
	for _, r := range []CardReader{s.cfg.Reader, s.cfg.Reader2} {
		if r != nil {
			r.Expect(on)
		}
	}
}

func (s *Session) now() time.Time { return time.Now().In(s.cfg.Location) }
