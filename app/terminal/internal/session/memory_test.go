package session_test

import (
	"testing"
	"testing/synctest"
	"time"

	"leye/app/form"
	"leye/app/terminal/internal/heaptest"
	"leye/app/terminal/internal/session"
)

// canary stands in everything that a resident of this test is or says.
const canary = "金丝雀七三九一"

// marked lays a card and answers, all marked, as far as the questions.
func (v *stage) marked() {
	v.t.Helper()
	card := sample
	text := func(s string) string { return canary + s }
	card.Name, card.Address = text("名"), text("路1号")
	st := v.do(session.Start{}, session.ChooseService{Service: "flexible-employment-registration"}, session.Begin{})
	v.want(st, session.Identify)
	v.reader.cards <- card
	synctest.Wait()
	v.do(session.ConfirmIdentity{}, session.Next{})
	v.do(session.Answer{Field: "place", Value: form.Text(text("弄2号"))}, session.Answer{Field: "content", Value: form.Text(text("送外卖"))})
}

// filedMarked is a whole visit without a card that is filed, with a marked answer.
func (v *stage) filedMarked() {
	v.t.Helper()
	v.do(session.Start{}, session.ChooseService{Service: "job-search"}, session.Begin{})
	st := v.do(session.Answer{Field: "kw", Value: form.Text(canary + string(rune('甲'+len(v.central.kept))))})
	for range 20 {
		if st.Stage == session.Reviewing {
			break
		}
		st = v.do(session.Next{})
	}
	v.want(v.do(session.File{}), session.Filed)
	v.central.kept = nil // the queue's matter
}

// lookedUp is a look-up that was told of a marked case, and printed.
func (v *stage) lookedUp() {
	v.t.Helper()
	v.central.told.Applicant, v.central.told.Desk = canary+string(rune('甲'+len(v.central.asked))), canary+"窗口"
	v.lookUp()
	v.want(v.askFor("000-417-261124-0001-5", "402913"), session.CaseTold)
	v.do(session.PrintCase{})
	v.central.told, v.central.asked, v.paper.cases = told, nil, nil // the central's matter
}

// However a visit ends, nothing of it stays in the session's memory.
func TestAWipedVisitIsGoneFromMemory(t *testing.T) {
	visit(t, func(v *stage) {
		leave := func() { v.do(session.Leave{}, session.ConfirmLeave{}) }
		expire := func() { time.Sleep(3 * time.Minute) }
		ways := []func(){
			func() { v.marked(); leave() },
			func() { v.marked(); expire() },
			func() { v.filedMarked(); leave() },
			func() { v.filedMarked(); expire() },
			func() { v.lookedUp(); leave() },
			func() { v.lookedUp(); expire() },
		}
		for n := range 200 {
			ways[n%len(ways)]()
			time.Sleep(time.Minute)
			synctest.Wait()
			v.want(v.s.State(), session.Idle)
		}
		if n := heaptest.Count(t, canary); n != 0 {
			t.Errorf("found %d times after 200 visits", n)
		}
		v.marked()
		n := heaptest.Count(t, canary)
		if n == 0 {
			t.Error("control: not found while a visit goes on")
		}
		t.Logf("0 times after 200 visits, %d times within one", n)
	})
}
