package session_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"leye/app/form"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/session"
	"leye/assets"
	"leye/devices/printer"
)

const (
	someNumber = "000-417-261124-0001-5"
	someCode   = "402913"
)

// told is a made-up case, of which more papers are wanted.
var told = kiosk.Case{
	Number: someNumber, Service: "flexible-employment-registration", State: "supplement-noticed", Due: "2026-12-08", Desk: "就业服务窗口", Applicant: "李*样",
	Steps: []kiosk.CaseStep{
		{At: time.Date(2026, 11, 24, 9, 30, 2, 0, kiosk.China), Event: "submit", State: "submitted"},
		{At: time.Date(2026, 11, 25, 10, 0, 0, 0, kiosk.China), Event: "ask-supplement", State: "supplement-noticed"},
	},
}

// askFor answers the questions of the look-up.
func (v *stage) askFor(number, code string) session.State {
	v.t.Helper()
	st := v.do(session.Answer{Field: "case_no", Value: form.Text(number)}, session.Next{})
	if code == "" {
		return st
	}
	return v.do(session.Answer{Field: "code", Value: form.Text(code)}, session.Next{})
}

func TestACaseIsToldAndNothingIsKept(t *testing.T) {
	visit(t, func(v *stage) {
		v.lookUp()
		st := v.askFor(someNumber, someCode)
		v.want(st, session.CaseTold)
		c := st.Case
		if st.Told != session.ToldCase || c == nil {
			t.Fatalf("told %q, case %v", st.Told, c != nil)
		}
		if c.Number != someNumber || c.Matter.ZH != "灵活就业登记" || c.Stands.ZH != "已告知补正" || !c.Papers || c.Ended || c.Next() != "case.next.papers" {
			t.Errorf("the case is not in the catalogue's words: %q %q, papers %v, ended %v", c.Matter.ZH, c.Stands.ZH, c.Papers, c.Ended)
		}
		if len(c.Steps) != 2 || c.Steps[0].What.ZH != "已提交" || c.Due != told.Due || c.Applicant != told.Applicant || c.At.IsZero() {
			t.Errorf("%d steps, due %q", len(c.Steps), c.Due)
		}
		if len(v.central.kept)+len(v.central.tried)+v.paper.docs != 0 || v.do(session.File{}).Stage != session.CaseTold {
			t.Error("it was filed")
		}
		v.want(v.do(session.Finish{}), session.Idle)
		if st := v.s.State(); st.Case != nil || st.Told != "" || len(st.Answers) != 0 {
			t.Error("the next person sees it")
		}
	})
}

// Another catalogue than the central's, or a case that is over, is told as it is.
func TestACaseIsToldAsFarAsItIsKnown(t *testing.T) {
	for name, c := range map[string]struct {
		change         func(*kiosk.Case)
		matter, stands string
		next           string
		unsure         bool
	}{
		"over":            {func(c *kiosk.Case) { c.State = "registered" }, "灵活就业登记", "已登记", "case.next.ended", false},
		"under way":       {func(c *kiosk.Case) { c.State = "accepted" }, "灵活就业登记", "已受理", "case.next", false},
		"unknown state":   {func(c *kiosk.Case) { c.State = "dancing" }, "灵活就业登记", "", "case.next", true},
		"unknown service": {func(c *kiosk.Case) { c.Service = "of-tomorrow" }, "", "", "case.next", true},
		"unsure service":  {func(c *kiosk.Case) { c.Service, c.State = "hardship-flexible-subsidy", "accepted" }, "就业困难人员灵活就业社会保险费补贴", "已受理", "case.next", true},
	} {
		visit(t, func(v *stage) {
			c.change(&v.central.told)
			v.lookUp()
			got := v.askFor(someNumber, someCode).Case
			if got == nil || got.Matter.ZH != c.matter || got.Stands.ZH != c.stands || got.Next() != c.next || got.Unsure != c.unsure {
				t.Errorf("%s: %q at %q, next %s, unsure %v", name, got.Matter.ZH, got.Stands.ZH, got.Next(), got.Unsure)
			}
		})
	}
}

func TestWhatCannotBeToldIsSaidAndNothingIsLost(t *testing.T) {
	for _, c := range []struct {
		tell error
		told session.Told
		code kiosk.Code
	}{
		{session.ErrNoCase, session.ToldNone, ""},
		{fmt.Errorf("ask: %w", &session.Closed{For: 7 * time.Minute}), session.ToldClosed, ""},
		{coded{errors.New("no line")}, session.ToldNothing, kiosk.CodeStoreFull},
	} {
		visit(t, func(v *stage) {
			v.central.tell = c.tell
			v.lookUp()
			st := v.askFor(someNumber, someCode)
			v.want(st, session.CaseTold)
			if st.Told != c.told || st.Fault != c.code || st.Case != nil || (st.ClosedFor == 7*time.Minute) != (c.told == session.ToldClosed) {
				t.Errorf("%v: told %q, code %q, closed for %v", c.tell, st.Told, st.Fault, st.ClosedFor)
			}
			if st = v.do(session.PrintCase{}); len(v.paper.cases) != 0 {
				t.Error("nothing is printed of nothing")
			}
			// What was entered is there, and can be put right.
			v.central.tell = nil
			if c.told == session.ToldNothing {
				v.want(v.do(session.AskAgain{}), session.CaseTold)
			} else {
				st = v.do(session.AskAgain{}, session.Back{})
				v.holds(st, someNumber, someCode)
				if st.Question != 0 || st.Told != "" || st.Fault != "" {
					t.Errorf("at question %d, told %q, code %q", st.Question, st.Told, st.Fault)
				}
				v.want(v.do(session.Next{}, session.Next{}), session.CaseTold)
			}
			if st = v.s.State(); st.Told != session.ToldCase || len(v.central.asked) != 2 || v.central.asked[1] != someNumber+" "+someCode {
				t.Errorf("then told %q, asked %q", st.Told, v.central.asked)
			}
		})
	}
}

// Asking is seen at once, ends by itself, and is taken back by whoever asked.
func TestAskingIsBoundedAndTakenBack(t *testing.T) {
	visit(t, func(v *stage) {
		v.central.thinks = time.Hour
		v.lookUp()
		v.want(v.askFor(someNumber, someCode), session.AskingCase)
		time.Sleep(10*time.Second - time.Millisecond)
		synctest.Wait()
		v.want(v.s.State(), session.AskingCase)
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if st := v.s.State(); st.Told != session.ToldNothing || v.central.let.Load() != 1 {
			t.Errorf("after ten seconds told %q, %d let", st.Told, v.central.let.Load())
		}
		v.want(v.do(session.AskAgain{}), session.AskingCase)
		v.holds(v.do(session.Back{}), someNumber, someCode)
		if v.central.let.Load() != 2 {
			t.Error("what was taken back goes on")
		}
		// A late answer reaches no later question.
		v.central.thinks = 5 * time.Second
		v.do(session.Next{}, session.Next{}, session.Back{})
		time.Sleep(time.Minute)
		synctest.Wait()
		if st := v.s.State(); st.Stage != session.Filling || st.Told != "" || st.Case != nil {
			t.Errorf("at %s told %q", st.Stage, st.Told)
		}
	})
}

func TestTheEndOfAVisitEndsAsking(t *testing.T) {
	visit(t, func(v *stage) {
		v.central.thinks = time.Hour
		v.lookUp()
		v.want(v.askFor(someNumber, someCode), session.AskingCase)
		if st := v.do(session.Leave{}); st.Overlay != session.LeaveAsk {
			t.Errorf("overlay %q", st.Overlay)
		}
		v.want(v.do(session.ConfirmLeave{}), session.Idle)
		if v.central.let.Load() != 1 {
			t.Error("it is still asked")
		}
		v.do(session.Start{})
		time.Sleep(time.Minute)
		synctest.Wait()
		v.want(v.s.State(), session.Home)
	})
}

func TestACaseIsPrintedAndAnotherLookedUp(t *testing.T) {
	visit(t, func(v *stage) {
		v.lookUp()
		v.askFor(someNumber, someCode)
		v.paper.proof, v.paper.err = printer.NotSent, stopped(printer.Status{CoverOpen: true})
		if st := v.do(session.PrintCase{}); st.Print != session.PrintFailed || st.Fault != kiosk.CodeCoverOpen {
			t.Errorf("paper %s, code %q", st.Print, st.Fault)
		}
		v.paper.proof, v.paper.err = printer.Printed, nil
		if st := v.do(session.PrintCase{}); st.Print != session.PrintDone || st.Fault != "" || len(v.paper.cases) != 2 || v.paper.cases[1] != "zh "+someNumber {
			t.Errorf("paper %s, code %q, printed %q", st.Print, st.Fault, v.paper.cases)
		}
		st := v.do(session.AnotherCase{})
		v.holds(st, "", "")
		if st.Case != nil || st.Print != session.NotPrinting || st.Question != 0 {
			t.Errorf("the case before is still there: paper %s", st.Print)
		}
		v.askFor(someNumber, someCode)
		v.want(v.do(session.PrintCase{}, session.Leave{}), session.Ended) // which reminds of the paper
	})
}

// A slip that is held up while one case is told asks for its own.
func TestASlipLeadsFromCaseToCase(t *testing.T) {
	visit(t, func(v *stage) {
		v.lookUp()
		v.askFor("000-417-261124-0002-3", "111111")
		st := v.scan("slip")
		v.holds(st, someNumber, someCode)
		if st.Scan != session.ScanFilled || st.Case != nil {
			t.Errorf("says %q", st.Scan)
		}
	})
}

// What this terminal still holds it tells itself, without a query code.
func TestAReferenceIsAskedHere(t *testing.T) {
	ref, err := kiosk.NewReference("PT01", told.Steps[0].At, 7)
	if err != nil {
		t.Fatal(err)
	}
	for state, want := range map[kiosk.State]session.Told{
		kiosk.Pending: session.ToldWaiting, kiosk.InFlight: session.ToldWaiting, kiosk.Retry: session.ToldWaiting, kiosk.Accepted: session.ToldSent,
		kiosk.Parked: session.ToldRefused, kiosk.Evacuated: session.ToldElsewhere, "": session.ToldElsewhere,
	} {
		visit(t, func(v *stage) {
			v.central.held = state
			v.lookUp()
			st := v.askFor(string(ref), "")
			v.want(st, session.CaseTold)
			if st.Told != want || len(v.central.asked) != 0 {
				t.Errorf("%s: told %q, asked the central %q", state, st.Told, v.central.asked)
			}
		})
	}
	visit(t, func(v *stage) { // a wrong check character makes it no reference
		v.lookUp()
		v.want(v.askFor("PT01-1124-0007-4", ""), session.Filling)
	})
}

func TestALookUpNeedsNoRoomToKeepIt(t *testing.T) {
	visit(t, func(v *stage) {
		v.central.ready = errors.New("disk full")
		v.want(v.lookUp(), session.Filling)
		v.do(session.Back{}, session.Back{}, session.ChooseService{Service: "job-search"})
		v.want(v.do(session.Begin{}), session.Service)
	})
}

func TestALogNamesNoCase(t *testing.T) {
	visit(t, func(v *stage) {
		var log bytes.Buffer
		v.with(func(c *session.Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) }, func() {
			v.central.tell = coded{errors.New("no line")}
			v.lookUp()
			v.askFor(someNumber, someCode)
		})
		if said := log.String(); !strings.Contains(said, "look up case") || strings.Contains(said, "0001") || strings.Contains(said, someCode) {
			t.Errorf("logged %s", said)
		}
	})
}

func TestWhatIsToldHasWords(t *testing.T) {
	keys := []string{"asking.title", "asking.words", "case.next", "case.next.ended", "case.next.papers", "case.matter.unknown", "case.now.unknown", "case.step.unknown"}
	for _, told := range []session.Told{
		session.ToldNone, session.ToldClosed, session.ToldNothing, session.ToldWaiting, session.ToldSent, session.ToldRefused, session.ToldElsewhere,
	} {
		keys = append(keys, "case."+string(told)+".title", "case."+string(told)+".words")
	}
	for _, language := range []string{"zh", "en"} {
		data, err := fs.ReadFile(assets.Text(), language+".json")
		if err != nil {
			t.Fatal(err)
		}
		var words map[string]string
		if err := json.Unmarshal(data, &words); err != nil {
			t.Fatal(err)
		}
		for _, key := range keys {
			if words[key] == "" {
				t.Errorf("%s has no words for %s", language, key)
			}
		}
	}
}
