package printertest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"leye/devices/printer"
	"leye/devices/sim/paper"
)

const cutLine = paper.CutLine + "\n"

// Rig is a printer under test with the hand that can disturb it. A nil function
// is something that this device cannot be made to do; its cases are skipped.
type Rig struct {
	Printer printer.Printer
	Paper   func(printer.Supply)
	Cover   func(open bool)
	Power   func(on bool)
	// StopIn makes the paper end in a part of the next slip.
	StopIn func(part Part, d printer.Document)
	// Pieces returns what was cut off, as Text draws it.
	Pieces func() []string
}

// Sample is the document that the contract prints.
func Sample() printer.Document {
	return printer.Document{
		Body: []printer.Block{
			printer.Line{Text: "社区事务受理服务中心", Align: printer.Center, Double: true},
			printer.Line{Text: "受理回执 Receipt", Align: printer.Center, Bold: true},
			printer.Rule{},
			printer.Pair{Label: "事项", Value: "就业登记（灵活就业）"},
			printer.Pair{Label: "受理编号", Value: "SQ20261123-0310-000482", Bold: true},
			printer.Pair{Label: "办理人", Value: "张某某"},
			printer.Rule{},
			printer.Line{Text: "请妥善保管本回执，遗失可凭证件到窗口补打；无末尾二维码者无效。"},
			printer.Feed{Lines: 1},
		},
		Tail: []printer.Block{
			printer.QR{Data: "https://kiosk.example/q?n=SQ202611230310000482&s=1", Module: 5},
			printer.Line{Text: "第1次打印", Align: printer.Right},
			printer.Cut{},
		},
	}
}

const patience = time.Minute

// RunPrinter holds a printer to its contract. Each case opens its own.
func RunPrinter(t *testing.T, open func(t *testing.T) Rig) {
	cases := []struct {
		name string
		run  func(*testing.T, Rig)
	}{
		{"prints what it is given", prints},
		{"refuses without paper and sends nothing", refusesWithoutPaper},
		{"refuses with an open cover", refusesOpenCover},
		{"says when it does not answer", saysSilence},
		{"a stop in the body leaves no valid slip", stopsInBody},
		{"a stop in the tail is in doubt", stopsInTail},
		{"an ended context sends nothing", endedContext},
		{"two slips at the same time take turns", takesTurns},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			rig := open(t)
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			if _, err := rig.Printer.Status(ctx); err != nil {
				t.Fatalf("first status: %v", err)
			}
			c.run(t, rig)
		})
	}
}

func (r Rig) print(t *testing.T, d printer.Document) (printer.Proof, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	return r.Printer.Print(ctx, d)
}

// valid counts the pieces that carry the mark of a valid slip, its code.
func (r Rig) valid() int {
	n := 0
	for _, p := range r.Pieces() {
		n += strings.Count(p, "[QR ")
	}
	return n
}

// best is the strongest proof that a level allows.
func best(c printer.Capability) printer.Proof {
	switch {
	case c.Level >= 4:
		return printer.Printed
	case c.Level >= 2:
		return printer.Processed
	}
	return printer.Sent
}

func prints(t *testing.T, r Rig) {
	proof, err := r.print(t, Sample())
	if err != nil {
		t.Fatal(err)
	}
	c := r.Printer.Capability()
	if proof != best(c) {
		t.Errorf("proof %v at level %d, want %v", proof, c.Level, best(c))
	}
	if r.Printer.String() == "" || c.Columns < 16 || c.Dots < c.Columns {
		t.Errorf("%q has capability %+v", r.Printer, c)
	}
	if r.Pieces == nil {
		return
	}
	want, _, _ := strings.Cut(Text(Sample(), c.Columns), cutLine)
	if got := r.Pieces(); len(got) != 1 || got[0] != want {
		t.Errorf("paper: %q\nwant:  %q", got, want)
	}
}

func refuses(t *testing.T, r Rig, is func(printer.Status) bool) {
	t.Helper()
	s, err := r.Printer.Status(t.Context())
	if err != nil || s.Ready() || !is(s) {
		t.Errorf("status %v, %v", s, err)
	}
	proof, err := r.print(t, Sample())
	var fault *printer.StatusError
	if proof != printer.NotSent || !errors.Is(err, printer.ErrNotReady) || !errors.As(err, &fault) || !is(fault.Status) {
		t.Errorf("Print: %v, %v", proof, err)
	}
	if n := len(r.Pieces()); n != 0 {
		t.Errorf("%d pieces came out", n)
	}
}

func refusesWithoutPaper(t *testing.T, r Rig) {
	if r.Paper == nil {
		t.Skip("the paper cannot be taken out")
	}
	r.Paper(printer.PaperOut)
	refuses(t, r, func(s printer.Status) bool { return s.Paper == printer.PaperOut })
	r.Paper(printer.PaperNearEnd)
	if s, err := r.Printer.Status(t.Context()); err != nil || !s.Ready() || s.Paper != printer.PaperNearEnd {
		t.Errorf("near end: %v, %v", s, err)
	}
	prints(t, r)
}

func refusesOpenCover(t *testing.T, r Rig) {
	if r.Cover == nil {
		t.Skip("the cover cannot be opened")
	}
	r.Cover(true)
	refuses(t, r, func(s printer.Status) bool { return s.CoverOpen })
	r.Cover(false)
	prints(t, r)
}

func saysSilence(t *testing.T, r Rig) {
	if r.Power == nil {
		t.Skip("the power cannot be switched")
	}
	r.Power(false)
	if _, err := r.Printer.Status(t.Context()); !errors.Is(err, printer.ErrSilent) {
		t.Errorf("Status: %v", err)
	}
	if proof, err := r.print(t, Sample()); proof != printer.NotSent || !errors.Is(err, printer.ErrSilent) {
		t.Errorf("Print: %v, %v", proof, err)
	}
	r.Power(true)
	prints(t, r)
}

func (r Rig) stop(t *testing.T, part Part) (printer.Proof, error) {
	t.Helper()
	if r.StopIn == nil || r.Paper == nil {
		t.Skip("the paper cannot be made to end")
	}
	if r.Printer.Capability().Level < 2 {
		t.Skip("a printer without proofs")
	}
	r.StopIn(part, Sample())
	proof, err := r.print(t, Sample())
	var fault *printer.StatusError
	if !errors.Is(err, printer.ErrStopped) || !errors.As(err, &fault) || fault.Status.Paper != printer.PaperOut {
		t.Errorf("Print: %v, %v", proof, err)
	}
	r.Paper(printer.PaperOK)
	return proof, err
}

func stopsInBody(t *testing.T, r Rig) {
	if proof, err := r.stop(t, Body); proof != printer.NotSent {
		t.Errorf("proof %v, %v", proof, err)
	}
	if proof, err := r.print(t, Sample()); err != nil || proof != best(r.Printer.Capability()) {
		t.Fatalf("next slip: %v, %v", proof, err)
	}
	got := r.Pieces()
	if r.valid() != 1 || len(got) != 2 || !strings.Contains(got[0], "VOID") {
		t.Errorf("paper: %q", got)
	}
}

func stopsInTail(t *testing.T, r Rig) {
	if proof, err := r.stop(t, Tail); proof != printer.InDoubt {
		t.Errorf("proof %v, %v", proof, err)
	}
	if proof, err := r.print(t, Sample()); err != nil || proof != best(r.Printer.Capability()) {
		t.Fatalf("next slip: %v, %v", proof, err)
	}
	if got := r.Pieces(); len(got) != 2 || !strings.Contains(got[0], "VOID") || strings.Contains(got[1], "VOID") {
		t.Errorf("paper: %q", got)
	}
}

func endedContext(t *testing.T, r Rig) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if proof, err := r.Printer.Print(ctx, Sample()); proof != printer.NotSent || !errors.Is(err, context.Canceled) {
		t.Errorf("Print: %v, %v", proof, err)
	}
	if _, err := r.Printer.Status(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Status: %v", err)
	}
	if r.Pieces != nil && len(r.Pieces()) != 0 {
		t.Errorf("paper: %q", r.Pieces())
	}
}

func takesTurns(t *testing.T, r Rig) {
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			if _, err := r.print(t, Sample()); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	if r.Pieces == nil {
		return
	}
	if got := r.Pieces(); len(got) != 2 || got[0] != got[1] {
		t.Errorf("paper: %q", got)
	}
}
