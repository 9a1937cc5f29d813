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
	// Proof is the strongest that this device can give; NotSent where nobody
	// knows.
	Proof printer.Proof
	Paper func(printer.Supply)
	Cover func(open bool)
	Power func(on bool)
	// StopIn makes a fault happen in a part of the next slip.
	StopIn func(part Part, by Fault)
	// Pieces returns what was cut off, as Text draws it.
	Pieces func() []string
}

// Fault is what stops a slip.
type Fault int

// The faults that a hand can mend.
const (
	PaperEnds Fault = iota
	CoverOpens
)

func (f Fault) String() string { return [...]string{"paper end", "open cover"}[f] }

// in reports whether the device says so.
func (f Fault) in(s printer.Status) bool {
	if f == CoverOpens {
		return s.CoverOpen
	}
	return s.Paper == printer.PaperOut
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
	type test struct {
		name string
		run  func(*testing.T, Rig)
	}
	cases := []test{
		{"prints what it is given", prints},
		{"refuses without paper and sends nothing", refusesWithoutPaper},
		{"refuses with an open cover", refusesOpenCover},
		{"says when it does not answer", saysSilence},
		{"an ended context sends nothing", endedContext},
		{"two slips at the same time take turns", takesTurns},
		{"says that it is closed", closes},
	}
	for _, by := range []Fault{PaperEnds, CoverOpens} {
		cases = append(cases,
			test{by.String() + " in the body leaves no valid slip", func(t *testing.T, r Rig) { stopsInBody(t, r, by) }},
			test{by.String() + " in the tail is in doubt", func(t *testing.T, r Rig) { stopsInTail(t, r, by) }})
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

// paper wants exactly so many whole samples on the paper, and nothing else.
func (r Rig) paper(t *testing.T, slips int) {
	t.Helper()
	if r.Pieces == nil {
		return
	}
	want, _, _ := strings.Cut(Text(Sample(), r.Printer.Capability().Columns), cutLine)
	got := r.Pieces()
	if len(got) != slips {
		t.Errorf("%d pieces, want %d: %q", len(got), slips, got)
	}
	for _, piece := range got {
		if piece != want {
			t.Errorf("paper: %q\nwant:  %q", piece, want)
		}
	}
}

func prints(t *testing.T, r Rig) {
	t.Helper()
	proof, err := r.print(t, Sample())
	if err != nil {
		t.Fatal(err)
	}
	c := r.Printer.Capability()
	if proof != c.Level.Best() || r.Proof != printer.NotSent && proof != r.Proof {
		t.Errorf("proof %v at level %d, want %v", proof, c.Level, r.Proof)
	}
	if r.Printer.String() == "" || c.Columns < 16 || c.Dots < c.Columns {
		t.Errorf("%q has capability %+v", r.Printer, c)
	}
	r.paper(t, 1)
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
	r.paper(t, 0)
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

func (r Rig) stop(t *testing.T, part Part, by Fault) (printer.Proof, error) {
	t.Helper()
	if r.StopIn == nil || r.Paper == nil || r.Cover == nil || r.Pieces == nil {
		t.Skip("a slip cannot be stopped")
	}
	if r.Printer.Capability().Level < 2 {
		t.Skip("a printer without proofs")
	}
	r.StopIn(part, by)
	proof, err := r.print(t, Sample())
	var fault *printer.StatusError
	if !errors.Is(err, printer.ErrStopped) || !errors.As(err, &fault) || !by.in(fault.Status) {
		t.Errorf("Print: %v, %v", proof, err)
	}
	if by == CoverOpens {
		r.Cover(false)
	} else {
		r.Paper(printer.PaperOK)
	}
	return proof, err
}

// voided wants the stopped piece marked as such and a whole slip behind it.
func (r Rig) voided(t *testing.T) {
	t.Helper()
	if proof, err := r.print(t, Sample()); err != nil || proof != r.Printer.Capability().Level.Best() {
		t.Fatalf("next slip: %v, %v", proof, err)
	}
	want, _, _ := strings.Cut(Text(Sample(), r.Printer.Capability().Columns), cutLine)
	if got := r.Pieces(); len(got) != 2 || !strings.Contains(got[0], "VOID") || got[1] != want {
		t.Errorf("paper: %q", got)
	}
}

func stopsInBody(t *testing.T, r Rig, by Fault) {
	if proof, err := r.stop(t, Body, by); proof != printer.NotSent {
		t.Errorf("proof %v, %v", proof, err)
	}
	if n := r.valid(); n != 0 {
		t.Errorf("%d valid slips although none was claimed", n)
	}
	r.voided(t)
	if n := r.valid(); n != 1 {
		t.Errorf("%d valid slips", n)
	}
}

func stopsInTail(t *testing.T, r Rig, by Fault) {
	if proof, err := r.stop(t, Tail, by); proof != printer.InDoubt {
		t.Errorf("proof %v, %v", proof, err)
	}
	r.voided(t)
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
	r.paper(t, 0)
	prints(t, r)
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
	r.paper(t, 2)
}

func closes(t *testing.T, r Rig) {
	for range 2 {
		if err := r.Printer.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	if proof, err := r.Printer.Print(t.Context(), Sample()); proof != printer.NotSent || !errors.Is(err, printer.ErrClosed) {
		t.Errorf("Print: %v, %v", proof, err)
	}
	if _, err := r.Printer.Status(t.Context()); !errors.Is(err, printer.ErrClosed) {
		t.Errorf("Status: %v", err)
	}
	r.paper(t, 0)
}
