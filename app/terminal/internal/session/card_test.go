package session_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"leye/app/terminal/internal/session"
	"leye/devices/idcard"
	"leye/devices/idcard/idcardtest"
	"leye/devices/printer"
)

// withReader runs f with a session over a reader in memory that tells what lies
// on it.
func withReader(t *testing.T, f func(v *stage, r *idcardtest.Reader)) {
	t.Helper()
	r := new(idcardtest.Reader)
	withReaders(t, r, nil, func(v *stage) { f(v, r) })
}

func withReaders(t *testing.T, first, second session.CardReader, f func(v *stage)) {
	t.Helper()
	visit(t, func(v *stage) {
		v.with(func(c *session.Config) { c.Reader, c.Reader2 = first, second }, func() { f(v) })
	})
}

// with runs f with a session of other settings.
func (v *stage) with(change func(*session.Config), f func()) {
	v.t.Helper()
	synctest.Wait() // the session of every visit runs, unused
	cfg := v.cfg
	change(&cfg)
	s := session.New(cfg)
	ctx, cancel := context.WithCancel(v.t.Context())
	done := make(chan error)
	go func() { done <- s.Run(ctx) }()
	v.s = s
	synctest.Wait()
	f()
	cancel()
	if err := <-done; err != nil {
		v.t.Error(err)
	}
}

// settled waits until nothing moves.
func (v *stage) settled(d time.Duration) session.State {
	time.Sleep(d)
	synctest.Wait()
	return v.s.State()
}

var other = idcard.Card{Kind: idcard.Resident, Name: "欧阳宁", Number: "310104198802299017"}

func TestACardThatIsLeftLocksTheNextVisit(t *testing.T) {
	withReader(t, func(v *stage, r *idcardtest.Reader) {
		r.Lay(sample)
		v.want(v.settled(0), session.Home)
		st := v.do(session.Leave{}, session.ConfirmLeave{})
		v.want(st, session.Ended)
		if !st.CardLeft || !st.Locked() || st.Resident != nil {
			t.Fatalf("left %v, resident %v", st.CardLeft, st.Resident != nil)
		}
		v.want(v.settled(time.Hour), session.Ended)
		v.want(v.do(session.Start{}), session.Ended)
		v.want(v.do(session.Leave{}), session.Ended)
		r.Take()
		if st := v.settled(0); st.CardLeft {
			t.Error("the card was taken and nobody noticed")
		}
		v.want(v.settled(2*time.Second), session.Idle)
		v.want(v.do(session.Start{}), session.Home)
	})
}

// TestEitherOfTwoReadersServes lays cards on both, and lets one fail.
func TestEitherOfTwoReadersServes(t *testing.T) {
	first, second := new(idcardtest.Reader), new(idcardtest.Reader)
	withReaders(t, first, second, func(v *stage) {
		second.Lay(sample)
		if st := v.settled(0); st.Resident == nil || st.Resident.Name != sample.Name || st.Reader != idcard.Reading {
			t.Fatalf("the second reader serves nobody: %s, %v", st.Stage, st.Reader)
		}
		first.Lay(other)
		if st := v.settled(0); st.Resident.Name != sample.Name || st.Trouble != "card.other" {
			t.Errorf("another person's card: trouble %q", st.Trouble)
		}
		v.want(v.do(session.Leave{}, session.ConfirmLeave{}), session.Ended)
		first.Take()
		if st := v.settled(0); !st.Locked() {
			t.Error("one of two cards was taken, and nobody waits for the other")
		}
		second.Take()
		v.want(v.settled(15*time.Second), session.Idle)
		second.Fail(context.DeadlineExceeded)
		first.Lay(other)
		if st := v.settled(0); st.Resident == nil || st.Resident.Name != other.Name || st.Reader == idcard.Offline {
			t.Errorf("the first reader serves nobody while the second is silent: %v", st.Reader)
		}
		first.Fail(context.DeadlineExceeded)
		first.Take()
		second.Fail(context.DeadlineExceeded)
		if st := v.settled(0); st.Reader != idcard.Offline {
			t.Errorf("both are silent: %v", st.Reader)
		}
	})
}

func TestACardTakenInTimeLocksNobody(t *testing.T) {
	withReader(t, func(v *stage, r *idcardtest.Reader) {
		r.Lay(sample)
		v.want(v.settled(0), session.Home)
		r.Take()
		v.settled(0)
		st := v.do(session.Leave{}, session.ConfirmLeave{})
		v.want(st, session.Ended)
		if st.CardLeft {
			t.Error("a card that was taken is missed")
		}
		v.want(v.do(session.Start{}), session.Home)
	})
}

func TestASilentReaderLocksNobodyOut(t *testing.T) {
	withReader(t, func(v *stage, r *idcardtest.Reader) {
		r.Lay(sample)
		v.settled(0)
		v.do(session.Leave{}, session.ConfirmLeave{})
		r.Fail(context.DeadlineExceeded)
		if st := v.settled(0); st.Reader != idcard.Offline {
			t.Fatalf("reader %v", st.Reader)
		}
		v.want(v.do(session.Start{}), session.Home)
	})
}

// TestALeftCardIsNobodysNextCard lets the reader find the card that was left once
// more, as after a fault of its cable.
func TestALeftCardIsNobodysNextCard(t *testing.T) {
	visit(t, func(v *stage) {
		v.do(session.Start{}, session.ChooseService{Service: "flexible-employment-registration"}, session.Begin{})
		v.reader.progress(idcard.Reading)
		v.reader.cards <- sample
		synctest.Wait()
		v.want(v.do(session.ConfirmLeave{}), session.Ended)
		for _, p := range []idcard.Progress{idcard.Offline, idcard.Reading} {
			v.reader.progress(p)
		}
		v.reader.cards <- sample
		if st := v.settled(0); st.Resident != nil || st.Stage != session.Ended || !st.Locked() {
			t.Errorf("stage %s, resident %v", st.Stage, st.Resident != nil)
		}
		v.reader.progress(idcard.Waiting)
		v.reader.cards <- other
		if st := v.settled(0); st.Resident == nil || st.Resident.Name != other.Name || st.Stage != session.Home {
			t.Errorf("the next person is not served: %s", st.Stage)
		}
	})
}

func TestACodeOpensNoVisitBesideALeftCard(t *testing.T) {
	visit(t, func(v *stage) {
		v.do(session.Start{})
		v.reader.progress(idcard.Reading)
		v.reader.cards <- sample
		v.settled(0)
		v.want(v.do(session.ConfirmLeave{}), session.Ended)
		v.want(v.scan("slip"), session.Ended)
		v.reader.progress(idcard.Waiting)
		if st := v.scan("slip"); st.Stage == session.Ended {
			t.Error("the code opens nothing after the card was taken")
		}
	})
}

// TestACardReadBeforeTheWipeIsNotTheNextPersons ends a visit while a reading is on
// its way to a session that is busy drawing.
func TestACardReadBeforeTheWipeIsNotTheNextPersons(t *testing.T) {
	for range 20 { // the session takes what waits for it in any order
		synctest.Test(t, func(t *testing.T) {
			r := &reader{cards: make(chan idcard.Card)}
			s := session.New(session.Config{Terminal: "PT01", Reader: r})
			gate := make(chan struct{}, 1)
			gate <- struct{}{}
			s.Listen(func(session.State) { <-gate; gate <- struct{}{} })
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error)
			go func() { done <- s.Run(ctx) }()
			synctest.Wait()
			s.Do(session.Start{})
			synctest.Wait()
			<-gate
			s.Do(session.Touch{})
			synctest.Wait() // it draws, and hears nothing
			r.progress(idcard.Reading)
			r.cards <- sample
			synctest.Wait()
			time.Sleep(time.Millisecond)
			s.Do(session.ConfirmLeave{})
			gate <- struct{}{}
			synctest.Wait()
			if st := s.State(); st.Resident != nil || !st.Locked() || st.Stage != session.Ended && st.Stage != session.Idle {
				t.Errorf("stage %s, resident %v, card left %v", st.Stage, st.Resident != nil, st.CardLeft)
			}
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
}

func TestTheEndWaitsForTheSlip(t *testing.T) {
	visit(t, func(v *stage) {
		v.paper.exit.Store(int32(printer.ExitSlip))
		v.anonymous()
		v.want(v.do(session.File{}), session.Filed)
		v.want(v.do(session.Finish{}), session.Ended)
		st := v.settled(time.Minute)
		v.want(st, session.Ended)
		if !st.SlipLeft {
			t.Error("nobody is told of the slip")
		}
		v.paper.exit.Store(int32(printer.ExitEmpty))
		v.want(v.settled(3*time.Second), session.Idle)
	})
}

func TestADeviceFaultIsNotTheCardsFault(t *testing.T) {
	withReader(t, func(v *stage, r *idcardtest.Reader) {
		v.do(session.Start{}, session.ChooseService{Service: "flexible-employment-registration"}, session.Begin{})
		r.Fail(context.DeadlineExceeded)
		if st := v.settled(0); st.Reader != idcard.Offline || st.Trouble != "" {
			t.Errorf("reader %v, trouble %q", st.Reader, st.Trouble)
		}
	})
}

// TestEachStateOfTheReaderIsShownAtOnce counts the time between what the reader
// tells and what the screen is told: none.
func TestEachStateOfTheReaderIsShownAtOnce(t *testing.T) {
	visit(t, func(v *stage) {
		v.settled(0)
		for _, p := range []idcard.Progress{idcard.Reading, idcard.Retry, idcard.Reading, idcard.Offline, idcard.Waiting} {
			start := time.Now()
			v.reader.progress(p)
			synctest.Wait()
			if st := v.s.State(); st.Reader != p || time.Since(start) != 0 {
				t.Errorf("%v is shown as %v after %v", p, st.Reader, time.Since(start))
			}
		}
	})
}

// BenchmarkReaderStateReachesTheScreen is the way of one state from the reader to
// whoever draws; 50 ms are allowed for.
func BenchmarkReaderStateReachesTheScreen(b *testing.B) {
	r := &reader{cards: make(chan idcard.Card)}
	s := session.New(session.Config{Terminal: "PT01", Reader: r})
	shown := make(chan idcard.Progress, 1)
	last := idcard.Waiting
	s.Listen(func(st session.State) {
		if st.Reader != last {
			last = st.Reader
			shown <- st.Reader
		}
	})
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error)
	go func() { done <- s.Run(ctx) }()
	for r.told.Load() == nil {
		time.Sleep(time.Millisecond)
	}
	var worst time.Duration
	next := idcard.Reading
	for b.Loop() {
		start := time.Now()
		r.progress(next)
		<-shown
		worst = max(worst, time.Since(start))
		next = idcard.Reading - next // Waiting and Reading in turn
	}
	b.ReportMetric(float64(worst.Microseconds()), "worst-µs")
	cancel()
	if err := <-done; err != nil {
		b.Error(err)
	}
}
