package session_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"leye/app/catalogue"
	"leye/app/form"
	"leye/app/policy"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/privacy"
	"leye/app/terminal/internal/session"
	"leye/assets"
	"leye/devices/idcard"
	"leye/devices/printer"
	"leye/devices/scanner/scannertest"
)

// reader delivers the cards that a test lays down.
type reader struct {
	cards    chan idcard.Card
	told     atomic.Pointer[func(idcard.Progress)]
	expected atomic.Bool
}

// progress tells the session what the reader does.
func (r *reader) progress(p idcard.Progress) { (*r.told.Load())(p) }

func (r *reader) Read(ctx context.Context) (idcard.Card, error) {
	select {
	case c := <-r.cards:
		return c, nil
	case <-ctx.Done():
		return idcard.Card{}, ctx.Err()
	}
}
func (r *reader) Present(context.Context) (bool, error) { return false, nil }
func (r *reader) SetProgress(f func(idcard.Progress))   { r.told.Store(&f) }
func (r *reader) Expect(on bool)                        { r.expected.Store(on) }

// central plays queue and central: what Put and Wait answer.
type central struct {
	mu    sync.Mutex
	put   error
	wait  error
	tried []kiosk.ApplicationID
	kept  []kiosk.Application

	released []kiosk.ApplicationID

	ready  error
	told   kiosk.Case
	tell   error
	held   kiosk.State
	thinks time.Duration
	asked  []string
	let    atomic.Int32 // questions that nobody waited for
}

func (c *central) Put(_ context.Context, app *kiosk.Application) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tried = append(c.tried, app.ID)
	if c.put != nil {
		return c.put
	}
	app.Reference = "PT01-1123-0001-X"
	c.kept = append(c.kept, *app)
	return nil
}

func (c *central) Wait(ctx context.Context, id kiosk.ApplicationID) (kiosk.Acknowledgement, error) {
	if c.wait == nil {
		return kiosk.Acknowledgement{ID: id, Number: "N-1", QueryCode: "123456"}, nil
	}
	if errors.Is(c.wait, context.DeadlineExceeded) {
		<-ctx.Done()
	}
	return kiosk.Acknowledgement{}, c.wait
}
func (c *central) Release(ctx context.Context, id kiosk.ApplicationID) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.released = append(c.released, id)
	return ctx.Err()
}

// gone are those that were released.
func (c *central) gone() []kiosk.ApplicationID {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.released
}

// Case is what this central tells of every case, once it has thought about it.
func (c *central) Case(ctx context.Context, number, queryCode string) (kiosk.Case, error) {
	c.mu.Lock()
	c.asked = append(c.asked, number+" "+queryCode)
	c.mu.Unlock()
	select {
	case <-time.After(c.thinks):
		return c.told, c.tell
	case <-ctx.Done():
		c.let.Add(1)
		return kiosk.Case{}, ctx.Err()
	}
}

func (c *central) Held(context.Context, kiosk.Reference) (kiosk.State, error) { return c.held, c.tell }

func (c *central) Ready(context.Context) error { return c.ready }

type paper struct {
	proof printer.Proof
	err   error
	docs  int
	exit  atomic.Int32 // a printer.Exit

	short      bool
	unmeasured error
	notices    []string
	cases      []string
}

func (p *paper) Print(context.Context, session.Filing) (printer.Proof, error) {
	p.docs++
	return p.proof, p.err
}
func (p *paper) PrintNotice(_ context.Context, language string, r privacy.Read) (printer.Proof, error) {
	p.notices = append(p.notices, fmt.Sprint(language, r))
	return p.proof, p.err
}
func (p *paper) PrintCase(_ context.Context, language string, c session.Case) (printer.Proof, error) {
	p.cases = append(p.cases, language+" "+c.Number)
	return p.proof, p.err
}
func (p *paper) Status(context.Context) (printer.Status, error) {
	return printer.Status{Online: true, Paper: printer.PaperOK, Exit: printer.Exit(p.exit.Load())}, nil
}
func (p *paper) Fits(context.Context) (bool, error) { return !p.short, p.unmeasured }

// sample is a made-up resident's card.
var sample = idcard.Card{
	Kind: idcard.Resident, Name: "李试样", SexCode: "2", EthnicCode: "01", Number: "310101199203159026",
	Birth: idcard.Date{Year: 1992, Month: 3, Day: 15}, Address: "上海市黄浦区样例路100弄5号602室",
}

type stage struct {
	t       *testing.T
	s       *session.Session
	cfg     session.Config
	reader  *reader
	scanner *scannertest.Scanner
	central *central
	paper   *paper
	stop    func() // the session, as at a shutdown
}

// visit runs f with a session in virtual time.
func visit(t *testing.T, f func(v *stage)) {
	cat, err := catalogue.Load(assets.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	policies, err := policy.Load(assets.Policies())
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		v := &stage{t: t, reader: &reader{cards: make(chan idcard.Card)}, scanner: &scannertest.Scanner{}, central: &central{told: told}, paper: &paper{proof: printer.Printed}}
		v.cfg = session.Config{
			Terminal: "PT01", Catalogue: cat, Policies: policies, Reader: v.reader, Scanner: v.scanner, Submitter: v.central, Cases: v.central, Slips: v.paper,
		}
		v.s = session.New(v.cfg)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- v.s.Run(ctx) }()
		v.stop = sync.OnceFunc(func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
		f(v)
		v.stop()
		if st := v.s.State(); st.Resident != nil || st.Answers != nil || st.Filing != nil || st.Case != nil {
			t.Error("a stopped session still knows a resident")
		}
	})
}

func (v *stage) do(intents ...session.Intent) session.State {
	for _, i := range intents {
		v.s.Do(i)
		synctest.Wait()
	}
	return v.s.State()
}

func (v *stage) want(st session.State, stage session.Stage) {
	v.t.Helper()
	if st.Stage != stage {
		v.t.Fatalf("stage %s, want %s (problems %v)", st.Stage, stage, st.Problems)
	}
}

// anonymous goes to the check screen of a look-up without a card.
func (v *stage) anonymous() session.State {
	st := v.do(session.Start{}, session.ChooseService{Service: "job-search"}, session.Begin{})
	for range 20 {
		if st.Stage == session.Reviewing {
			return st
		}
		st = v.do(session.Next{})
	}
	v.t.Fatalf("stuck at %s %v", st.Stage, st.Problems)
	return st
}

func TestFiledIsSaidOnlyAfterItIsKept(t *testing.T) {
	for _, c := range []struct {
		name    string
		put     error
		wait    error
		stage   session.Stage
		outcome session.Outcome
	}{
		{"accepted", nil, nil, session.Filed, session.Accepted},
		{"line down", nil, context.DeadlineExceeded, session.Filed, session.Saved},
		{"refused", nil, &session.Refused{Reason: "refused_invalid"}, session.Filed, session.Parked},
		{"disk full", errors.New("no space"), nil, session.Reviewing, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			visit(t, func(v *stage) {
				v.central.put, v.central.wait = c.put, c.wait
				v.want(v.anonymous(), session.Reviewing)
				v.do(session.File{})
				time.Sleep(6 * time.Second)
				synctest.Wait()
				st := v.s.State()
				v.want(st, c.stage)
				if c.outcome == "" {
					if st.Fault == "" || st.Failures != 1 || st.Form == nil || v.paper.docs != 0 {
						t.Errorf("fault %q, form %v, %d slips", st.Fault, st.Form != nil, v.paper.docs)
					}
					return
				}
				if st.Filing.Outcome != c.outcome || v.paper.docs != 1 || len(v.central.kept) != 1 {
					t.Errorf("outcome %s, %d slips, %d kept", st.Filing.Outcome, v.paper.docs, len(v.central.kept))
				}
			})
		})
	}
}

func TestSameKeyWhenFilingIsTriedAgain(t *testing.T) {
	visit(t, func(v *stage) {
		v.anonymous()
		v.central.put = errors.New("no space")
		v.do(session.File{})
		v.central.put = nil
		st := v.do(session.File{})
		v.want(st, session.Filed)
		if tried := v.central.tried; len(tried) != 2 || tried[0] != tried[1] || !tried[0].Valid() {
			t.Errorf("identifiers %q", tried)
		}
	})
}

// Each way in which a visit ends releases what was tried in it, kept or not.
func TestTheEndOfAVisitReleasesWhatWasFiled(t *testing.T) {
	for name, end := range map[string]func(v *stage){
		"leaving": func(v *stage) { v.do(session.Leave{}) },
		"walking away": func(*stage) {
			time.Sleep(5 * time.Minute)
			synctest.Wait()
		},
		"shutting down": func(v *stage) { v.stop() },
	} {
		visit(t, func(v *stage) {
			v.anonymous()
			v.central.put = errors.New("no space")
			v.do(session.File{})
			v.central.put = nil
			v.want(v.do(session.File{}), session.Filed)
			if len(v.central.gone()) != 0 {
				t.Errorf("%s: released while the visit lasts", name)
			}
			end(v)
			if got := v.central.gone(); len(got) != 1 || got[0] != v.central.tried[0] {
				t.Errorf("%s: released %q, tried %q", name, got, v.central.tried)
			}
		})
	}
}

func TestCardIdentifiesAndPrefills(t *testing.T) {
	visit(t, func(v *stage) {
		st := v.do(session.Start{}, session.ChooseService{Service: "flexible-employment-registration"}, session.Begin{})
		v.want(st, session.Identify)
		v.reader.cards <- sample
		synctest.Wait()
		st = v.do(session.ConfirmIdentity{})
		v.want(st, session.Filling)
		if st.Questions[0].ID != form.ApplicantQuestion || st.Answers["name"].Text() != sample.Name || !st.Answers["id_no"].Prefilled() {
			t.Errorf("answers are not prefilled")
		}
		if raw, err := json.Marshal(st.Answers); err != nil || len(raw) < 50 {
			t.Errorf("%s %v", raw, err)
		}
	})
}

// TestTheReaderKnowsWhenTheScreenAsksForACard follows it through a visit.
func TestTheReaderKnowsWhenTheScreenAsksForACard(t *testing.T) {
	visit(t, func(v *stage) {
		expects := func(want bool) {
			t.Helper()
			if got := v.reader.expected.Load(); got != want {
				t.Errorf("at %s it expects a card: %v", v.s.State().Stage, got)
			}
		}
		expects(false)
		v.do(session.Start{}, session.ChooseService{Service: "flexible-employment-registration"})
		expects(false)
		v.want(v.do(session.Begin{}), session.Identify)
		expects(true)
		v.do(session.Back{})
		expects(false)
		v.do(session.Begin{})
		expects(true)
		v.reader.cards <- sample
		synctest.Wait()
		expects(false)
		v.do(session.Leave{}, session.ConfirmLeave{})
		expects(false)
	})
}

func TestAnotherPersonsCardChangesNothing(t *testing.T) {
	visit(t, func(v *stage) {
		v.do(session.Start{}, session.ChooseService{Service: "flexible-employment-registration"}, session.Begin{})
		v.reader.cards <- sample
		synctest.Wait()
		other := sample
		other.Name, other.Number = "欧阳宁", "310104198802299017"
		v.reader.cards <- other
		synctest.Wait()
		if st := v.s.State(); st.Resident.Name != sample.Name || st.Trouble != "card.other" {
			t.Errorf("resident changed or trouble %q", st.Trouble)
		}
	})
}

func TestDamagedCardIsRefused(t *testing.T) {
	visit(t, func(v *stage) {
		v.do(session.Start{}, session.ChooseService{Service: "flexible-employment-registration"}, session.Begin{})
		bad := sample
		bad.Issues = []string{idcard.IssueCheckDigit}
		v.reader.cards <- bad
		synctest.Wait()
		if st := v.s.State(); st.Resident != nil || st.Trouble != "card.damaged" {
			t.Errorf("resident %v, trouble %q", st.Resident != nil, st.Trouble)
		}
	})
}

func TestIdleAsksThenWipes(t *testing.T) {
	visit(t, func(v *stage) {
		v.do(session.Start{}, session.ChooseService{Service: "flexible-employment-registration"}, session.Begin{})
		v.reader.cards <- sample
		synctest.Wait()
		v.do(session.ConfirmIdentity{})
		time.Sleep(91 * time.Second)
		synctest.Wait()
		if st := v.s.State(); st.Overlay != session.StillThere || st.Resident == nil {
			t.Fatalf("overlay %q", st.Overlay)
		}
		if st := v.do(session.Touch{}); st.Overlay != session.NoOverlay {
			t.Fatalf("a touch does not extend")
		}
		time.Sleep(122 * time.Second)
		synctest.Wait()
		if st := v.s.State(); st.Resident != nil || st.Answers != nil || st.Stage != session.Ended {
			t.Errorf("not wiped: %s", st.Stage)
		}
		time.Sleep(15 * time.Second)
		synctest.Wait()
		v.want(v.s.State(), session.Idle)
	})
}

func TestBackLosesNoAnswer(t *testing.T) {
	visit(t, func(v *stage) {
		v.do(session.Start{}, session.ChooseService{Service: "job-search"}, session.Begin{})
		v.do(session.Answer{Field: "kw", Value: form.Text("电工")})
		st := v.do(session.Back{}, session.Begin{})
		v.want(st, session.Filling)
		if st.Answers["kw"].Text() != "电工" {
			t.Error("the answer is gone")
		}
	})
}

func TestPaperClaimsNoMoreThanItsProof(t *testing.T) {
	for _, c := range []struct {
		proof printer.Proof
		err   error
		want  session.PrintState
	}{
		{printer.Printed, nil, session.PrintDone}, {printer.Sent, nil, session.PrintSent},
		{printer.NotSent, errors.New("paper out"), session.PrintFailed}, {printer.InDoubt, errors.New("cable"), session.PrintDoubt},
	} {
		visit(t, func(v *stage) {
			v.paper.proof, v.paper.err = c.proof, c.err
			v.anonymous()
			if st := v.do(session.File{}); st.Print != c.want {
				t.Errorf("proof %d: %s, want %s", c.proof, st.Print, c.want)
			}
		})
	}
}

// coded is an error with a code of its own, as a store's.
type coded struct{ error }

func (coded) Code() kiosk.Code { return kiosk.CodeStoreFull }

// stopped is a printer that refuses, and says why.
func stopped(s printer.Status) error {
	return &printer.StatusError{Op: "start slip", Status: s, Err: printer.ErrNotReady}
}

func TestPaperIsPrintedAgainUnlessItCameOut(t *testing.T) {
	for _, c := range []struct {
		proof printer.Proof
		err   error
		again bool
		code  kiosk.Code
	}{
		{printer.NotSent, errors.New("glyphs are missing"), true, kiosk.CodePrinterFault},
		{printer.NotSent, fmt.Errorf("ask printer: %w", printer.ErrSilent), true, kiosk.CodePrinterOffline},
		{printer.NotSent, stopped(printer.Status{CoverOpen: true}), true, kiosk.CodeCoverOpen},
		{printer.NotSent, stopped(printer.Status{Paper: printer.PaperOut}), true, kiosk.CodePaperOut},
		{printer.NotSent, stopped(printer.Status{CutterError: true}), true, kiosk.CodePrinterFault},
		{printer.InDoubt, stopped(printer.Status{CoverOpen: true}), true, kiosk.CodeSlipInDoubt},
		{printer.NotSent, coded{errors.New("disk full")}, true, kiosk.CodeStoreFull},
		{printer.InDoubt, errors.New("cable"), true, kiosk.CodeSlipInDoubt},
		{printer.Sent, nil, false, ""}, {printer.Printed, nil, false, ""},
	} {
		visit(t, func(v *stage) {
			v.paper.proof, v.paper.err = c.proof, c.err
			v.anonymous()
			if st := v.do(session.File{}); st.Fault != c.code {
				t.Errorf("%v, %v: code %q", c.proof, c.err, st.Fault)
			}
			v.paper.proof, v.paper.err = printer.Printed, nil
			st := v.do(session.PrintAgain{})
			if again := v.paper.docs == 2; again != c.again || again && (st.Print != session.PrintDone || st.Fault != "") {
				t.Errorf("%v: %d slips, then %s %q", c.proof, v.paper.docs, st.Print, st.Fault)
			}
		})
	}
}

func TestShortPaperIsSaidBeforeAnythingIsAsked(t *testing.T) {
	for _, c := range []struct {
		short      bool
		unmeasured error
		want       bool
	}{{false, nil, false}, {true, nil, true}, {true, errors.New("no store"), false}} {
		visit(t, func(v *stage) {
			v.paper.short, v.paper.unmeasured = c.short, c.unmeasured
			st := v.do(session.Start{}, session.ChooseService{Service: "job-search"})
			if st.Checks.Short != c.want || !st.Checks.Known || !st.Checks.Keep {
				t.Errorf("%+v: checks %+v", c, st.Checks)
			}
			v.want(v.do(session.Begin{}), session.Filling) // it is said, not forbidden
		})
	}
}
