package session

import (
	"context"
	"errors"
	"strings"
	"time"

	"leye/app/catalogue"
	"leye/app/form"
	"leye/app/terminal/internal/kiosk"
	"leye/devices/idcard"
	"leye/devices/printer"
)

// visit holds what must end with the visit: its context stops every task that
// was started for it, and its results channel is forgotten with it, so a late
// answer can never reach the next person's screen.
type visit struct {
	ctx     context.Context
	end     context.CancelFunc
	results chan func()
	appID   kiosk.ApplicationID   // fixed at the first attempt to file, kept for the next
	filed   []kiosk.ApplicationID // all that were, or may have been, put
	looking time.Time             // since when a card is awaited
	slip    slipCode              // held up, and not asked for yet
	// stopAsking ends the look-up that is under way.
	stopAsking context.CancelFunc
	endedAt    time.Time
	asking     bool // the printer was asked whether the slip is still there
}

func newVisit(ctx context.Context) *visit {
	c, cancel := context.WithCancel(ctx)
	return &visit{ctx: c, end: cancel, results: make(chan func(), 8)}
}

// start runs work beside the visit and hands what it returns to the session's
// goroutine, unless the visit is over by then.
func (s *Session) start(work func(ctx context.Context) func()) {
	v := s.visit
	s.tasks.Go(func() {
		done := work(v.ctx)
		select {
		case v.results <- done:
		case <-v.ctx.Done():
		}
	})
}

// wipe ends the visit: nothing of the resident stays in the state, and what was
// started for the visit is stopped.
func (s *Session) wipe() {
	s.visit.end()
	s.release(s.visit.filed)
	s.set(func(st *State) {
		*st = State{
			Serial: st.Serial, Stage: Idle, Language: "zh", Reader: st.Reader, CardLeft: st.CardLeft, Scanner: st.Scanner, Shut: st.Shut,
		}
	})
	s.deadline, s.wiped = time.Time{}, s.now()
}

// longestRelease bounds the last writes for a visit while the terminal shuts down.
const longestRelease = 5 * time.Second

// release takes what was filed out of the terminal's own reach. What fails here is
// done at the next start.
func (s *Session) release(filed []kiosk.ApplicationID) {
	if len(filed) == 0 {
		return
	}
	s.tasks.Go(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), longestRelease)
		defer cancel()
		for _, id := range filed {
			if err := s.cfg.Submitter.Release(ctx, id); err != nil {
				s.cfg.Log.Warn("release application", "id", id, "err", err)
			}
		}
	})
}

// renew gives the next person a fresh visit.
func (s *Session) renew(ctx context.Context) { s.visit = newVisit(ctx) }

// touch moves the idle clock; every intent is a touch.
func (s *Session) touch() {
	if s.state.Stage == Idle || s.state.Stage == Ended {
		s.deadline = time.Time{}
		return
	}
	s.deadline = s.now().Add(s.cfg.Idle)
	if s.state.Overlay == StillThere {
		s.set(func(st *State) { st.Overlay = NoOverlay })
	}
}

// untilTick is how long the loop may sleep.
func (s *Session) untilTick() time.Duration {
	switch st := &s.state; {
	case st.Stage == Ended:
		return time.Second
	case st.Stage == Identify && !st.Slow:
		return max(0, s.visit.looking.Add(s.cfg.NoCard).Sub(s.now()))
	case st.Overlay == StillThere:
		return max(0, st.WipeAt.Sub(s.now()))
	case s.deadline.IsZero():
		return time.Hour
	default:
		return max(0, s.deadline.Sub(s.now()))
	}
}

func (s *Session) onTick() {
	now := s.now()
	st := &s.state
	switch {
	case st.Stage == Ended:
		s.tickEnded(now)
	case st.Stage == Identify && !st.Slow && !now.Before(s.visit.looking.Add(s.cfg.NoCard)):
		s.set(func(st *State) { st.Slow = true })
	case st.Stage == Submitting || st.Stage == AskingCase:
		s.deadline = now.Add(s.cfg.Idle) // the machine is working, not the person
	case st.Overlay == StillThere && !now.Before(st.WipeAt):
		s.leave()
	case !s.deadline.IsZero() && !now.Before(s.deadline):
		s.set(func(st *State) { st.Overlay, st.WipeAt = StillThere, now.Add(s.cfg.Warn) })
		s.deadline = time.Time{}
	}
}

// tickEnded returns to the idle screen once the farewell has been read and card
// and slip were taken.
func (s *Session) tickEnded(now time.Time) {
	s.askForSlip()
	if s.state.Locked() || s.state.SlipLeft || now.Before(s.visit.endedAt.Add(s.cfg.Farewell)) {
		return
	}
	s.set(func(st *State) { st.Stage = Idle })
}

// askForSlip finds out whether the slip lies at the exit. A printer that cannot
// tell, or does not answer, keeps nobody waiting.
func (s *Session) askForSlip() {
	if s.state.Print == NotPrinting || s.visit.asking {
		return
	}
	v := s.visit
	v.asking = true
	s.start(func(ctx context.Context) func() {
		status, err := s.cfg.Slips.Status(ctx)
		left := err == nil && status.Exit == printer.ExitSlip
		return func() {
			v.asking = false
			s.set(func(st *State) { st.SlipLeft = left })
		}
	})
}

// leave wipes and shows the farewell when somebody was identified or a card lies
// there, so that the card is not forgotten; else it returns to the idle screen.
func (s *Session) leave() {
	left := s.state.CardLeft || s.cardLies()
	printed := s.state.Print
	farewell := s.state.Resident != nil || s.state.Filing != nil || printed != NotPrinting || left
	language, elder, reach := s.state.Language, s.state.Elder, s.state.Reach
	s.wipe()
	s.renew(s.ctx)
	if farewell {
		s.visit.endedAt = s.now()
		s.set(func(st *State) {
			st.Stage, st.Language, st.Elder, st.Reach, st.Print, st.CardLeft = Ended, language, elder, reach, printed, left
		})
		s.askForSlip()
	}
}

func (s *Session) onCard(e cardEvent) {
	switch {
	case !e.read:
		s.onProgress(e.reader, e.progress)
		return
	case e.err != nil:
		s.onCardError(e.err)
		return
	case e.at.Before(s.wiped):
		s.set(func(st *State) { st.CardLeft = true }) // it was laid for the visit that is over
		return
	case s.state.CardLeft:
		s.set(func(st *State) { st.Trouble = "card.left" }) // the same one, found again
		return
	}
	r := residentOf(e.card)
	switch st := &s.state; {
	case st.Stage == Submitting || st.Stage == Filed:
		return // the paper on its way belongs to the person before
	case st.Resident != nil && st.Resident.Number != r.Number && st.Stage != Ended && st.Stage != Idle:
		s.set(func(st *State) { st.Trouble = "card.other" })
		return
	case damaged(e.card):
		s.set(func(st *State) { st.Trouble = "card.damaged" })
		return
	}
	if s.state.Stage == Idle || s.state.Stage == Ended {
		if s.state.Shut {
			return
		}
		s.begin()
	}
	s.touch()
	s.set(func(st *State) { st.Resident, st.Trouble, st.Slow, st.Scan = &r, "", false, "" })
}

func (s *Session) onProgress(reader int, p idcard.Progress) {
	s.beds[reader].tell(p)
	gone := !s.cardLies()
	s.set(func(st *State) {
		st.Reader = s.readersShow()
		switch {
		case p == idcard.Reading:
			st.Trouble = ""
		case p == idcard.Retry:
			st.Trouble = "card.retry"
		case gone:
			st.CardLeft = false
			if st.Trouble == "card.left" {
				st.Trouble = ""
			}
		}
	})
	if p == idcard.Reading && s.state.Stage == Idle {
		s.touch()
	}
}

// onCardError says what a person can do about a card. What is wrong with the
// device itself shows as the reader's state.
func (s *Session) onCardError(err error) {
	key := ""
	switch {
	case errors.Is(err, idcard.ErrNoCard):
		return
	case errors.Is(err, idcard.ErrRemoved):
		key = "card.removed"
	case errors.Is(err, idcard.ErrNotACard):
		key = "card.not_a_card"
	case errors.Is(err, idcard.ErrUnreadable), errors.Is(err, idcard.ErrUnverified):
		s.cfg.Log.Warn("read card", "err", err)
		key = "card.unreadable"
	default:
		s.cfg.Log.Warn("use card reader", "err", err)
		return
	}
	s.set(func(st *State) { st.Trouble = key })
}

// begin starts a visit at the home screen.
func (s *Session) begin() {
	s.visit.end()
	s.renew(s.ctx)
	s.set(func(st *State) { st.Stage, st.Overlay, st.Print, st.SlipLeft = Home, NoOverlay, NotPrinting, false })
	s.touch()
}

// damaged reports a card whose number fails its own check digit: one bit wrong
// would file the matter for another person.
func damaged(c idcard.Card) bool {
	for _, issue := range c.Issues {
		if issue == "id_number_check_digit" {
			return true
		}
	}
	return c.Number.Reveal() == ""
}

func residentOf(c idcard.Card) kiosk.Resident {
	kinds := map[idcard.Kind]string{
		idcard.Resident: "id-card", idcard.HKMTPermit: "hkmt-residence",
		idcard.Foreign2017: "foreign-pr", idcard.Foreign2023: "foreign-pr",
	}
	name := c.Name
	if name == "" {
		name = c.EnglishName
	}
	return kiosk.Resident{
		Name: name, Number: c.Number.Reveal(), DocKind: kinds[c.Kind], Sex: c.SexCode,
		Birth: c.Birth.String(), Ethnic: c.EthnicCode, Address: c.Address,
	}
}

func factsOf(r *kiosk.Resident) form.Facts {
	if r == nil {
		return form.Facts{}
	}
	return form.Facts{
		Name: r.Name, Number: r.Number, DocKind: r.DocKind, Sex: r.Sex,
		Birth: r.Birth, Ethnic: r.Ethnic, Address: r.Address,
	}
}

// needsCard reports whether a service asks who is there. Anonymous look-ups and
// those with a case number and code do not.
func needsCard(svc catalogue.Service) bool {
	for _, level := range svc.Identity {
		if level == "anonymous" || level == "case-code" {
			return false
		}
	}
	return true
}

// find returns the services whose words contain the query, in catalogue order.
func find(cat *catalogue.Catalogue, query string) []string {
	q := strings.ToLower(strings.TrimSpace(query))
	if q == "" {
		return nil
	}
	var ids []string
	for _, svc := range cat.Services() {
		words := strings.ToLower(svc.ZH + "\n" + svc.EN + "\n" + svc.Summary.ZH + "\n" + svc.Summary.EN + "\n" + strings.Join(svc.PlanTerms, "\n"))
		if strings.Contains(words, q) {
			ids = append(ids, svc.ID)
		}
	}
	return ids
}
