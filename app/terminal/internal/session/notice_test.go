package session_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"leye/app/terminal/internal/session"
	"leye/devices/printer"
)

// The notice lies over any screen, tells what this visit has read so far, and
// gives the screen back as it was.
func TestTheNoticeLiesOverTheScreen(t *testing.T) {
	visit(t, func(v *stage) {
		if st := v.do(session.OpenNotice{}); st.Notice {
			t.Error("told to nobody")
		}
		v.do(session.Start{}, session.ChooseService{Service: "flexible-employment-registration"}, session.Begin{}, session.CallHelp{})
		st := v.do(session.OpenNotice{})
		if !st.Notice || st.Overlay != session.NoOverlay || st.Stage != session.Identify || st.Read().Card {
			t.Errorf("notice %v over %s, overlay %q, read %+v", st.Notice, st.Stage, st.Overlay, st.Read())
		}
		v.reader.cards <- sample
		synctest.Wait()
		if st = v.do(session.PrintNotice{}); !st.Read().Card || st.Read().Typed || st.NoticePrint != session.PrintDone {
			t.Errorf("read %+v, paper %q", st.Read(), st.NoticePrint)
		}
		if len(v.paper.notices) != 1 || v.paper.notices[0] != "zh{true false false}" || v.paper.docs != 0 {
			t.Errorf("printed %q and %d slips", v.paper.notices, v.paper.docs)
		}
		if st = v.do(session.Back{}); st.Notice || st.Stage != session.Identify {
			t.Errorf("back at %s, notice %v", st.Stage, st.Notice)
		}
		if st = v.do(session.PrintNotice{}); len(v.paper.notices) != 1 {
			t.Error("printed while it was not shown")
		}
		v.do(session.OpenNotice{})
		if st = v.do(session.ConfirmLeave{}); st.Notice || st.NoticePrint != session.NotPrinting {
			t.Error("the next person sees it")
		}
	})
}

func TestTheNoticeIsThereWithoutAPrinter(t *testing.T) {
	visit(t, func(v *stage) {
		v.paper.proof, v.paper.err = printer.NotSent, errors.New("no printer")
		v.want(v.anonymous(), session.Reviewing)
		st := v.do(session.OpenNotice{}, session.PrintNotice{})
		if !st.Notice || st.NoticePrint != session.PrintFailed || st.Fault != "" {
			t.Errorf("notice %v, paper %q, fault %q", st.Notice, st.NoticePrint, st.Fault)
		}
	})
}

// What was filed has its own paper: the notice changes nothing that is said of it.
func TestTheNoticeIsNoSlip(t *testing.T) {
	visit(t, func(v *stage) {
		v.anonymous()
		v.want(v.do(session.File{}), session.Filed)
		v.paper.proof, v.paper.err = printer.InDoubt, errors.New("paper jam")
		st := v.do(session.OpenNotice{}, session.PrintNotice{})
		if st.Print != session.PrintDone || st.NoticePrint != session.PrintDoubt || st.Fault != "" {
			t.Errorf("slip %q, notice %q, fault %q", st.Print, st.NoticePrint, st.Fault)
		}
	})
}
