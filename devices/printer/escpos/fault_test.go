package escpos_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"leye/devices/printer"
	"leye/devices/printer/escpos"
	"leye/devices/printer/printertest"
	"leye/devices/sim"
	"leye/devices/sim/paper"
)

// withinSlip are the scenarios that can be timed to a byte.
func withinSlip() []sim.Scenario {
	var list []sim.Scenario
	for _, s := range sim.Scenarios() {
		if s.WithinSlip() {
			list = append(list, s)
		}
	}
	return list
}

// step is 1 for the level that proves printing: every byte.
func step(level int) int {
	switch {
	case testing.Short():
		return 23
	case level == 4:
		return 1
	}
	return 7
}

// TestFaultsAtEveryByte is the heart of it: wherever a slip is interrupted, the
// claim is true, and a slip that may be printed again has not come out.
func TestFaultsAtEveryByte(t *testing.T) {
	for _, level := range []int{4, 2} {
		for _, fault := range withinSlip() {
			t.Run(fmt.Sprintf("%s at level %d", fault.Name, level), func(t *testing.T) {
				t.Parallel()
				claims := map[printer.Proof]int{}
				best := printer.Level(level).Best()
				for at := 0; at < 2000; at += step(level) {
					proof, met := oneFault(t, level, at, fault)
					claims[proof]++
					if !met || t.Failed() {
						break
					}
				}
				t.Logf("claims: %v", claims)
				if harmless := fault.Name == "paper-near-end"; harmless != (claims[printer.NotSent] == 0) || harmless != (claims[printer.InDoubt] == 0) || claims[best] == 0 {
					t.Errorf("the faults did not meet both blocks: %v", claims)
				}
			})
		}
	}
}

// oneFault lets a fault happen at a byte of a slip; met is false when it came
// behind the last one.
func oneFault(t *testing.T, level, at int, fault sim.Scenario) (proof printer.Proof, met bool) {
	synctest.Test(t, func(t *testing.T) {
		b := onCable(t, sim.PrinterConfig{Level: level}, escpos.Config{})
		if _, err := b.Status(t.Context()); err != nil {
			t.Fatal(err)
		}
		whole, best := printertest.Text(printertest.Sample(), 48), printer.Level(level).Best()
		fault.At(b.sim, at)
		var err error
		proof, err = b.Print(t.Context(), printertest.Sample())
		met = b.sim.State() != quiet(level, b.sim.State()) || b.sim.Line() != "good"
		if (proof == best) != (err == nil) {
			t.Fatalf("byte %d: %v with %v", at, proof, err)
		}
		if proof == best {
			if b.sim.Text() != whole {
				t.Fatalf("byte %d: wrongly confirmed: %v with %q on the paper", at, proof, b.sim.Text())
			}
			return
		}
		fault.End(sim.Desk{Printer: b.sim})
		time.Sleep(time.Minute) // ghosts would come out now
		n := b.valid()
		if n > 1 || proof == printer.NotSent && n != 0 {
			t.Fatalf("byte %d: claimed %v with %d valid slips on the paper", at, proof, n)
		}
		again, err := b.Print(t.Context(), printertest.Sample())
		if again != best || err != nil {
			t.Fatalf("byte %d: after mending %v, %v", at, again, err)
		}
		if b.valid() != n+1 || !strings.HasSuffix(b.sim.Text(), whole) {
			t.Fatalf("byte %d: %d valid slips after printing again, %d before: %q", at, b.valid(), n, b.sim.Text())
		}
		if pieces := b.pieces(); len(pieces) > 1 && !strings.Contains(strings.Join(pieces[:len(pieces)-1], ""), "作废") {
			t.Fatalf("byte %d: the rest is not voided: %q", at, pieces)
		}
	})
	return proof, met
}

// quiet is the state of a printer to which nothing has happened.
func quiet(level int, now sim.PrinterState) sim.PrinterState {
	return sim.PrinterState{Power: "on", Paper: "ok", Cover: "closed", Head: "ok", Cutter: "ok", Level: level, Slips: now.Slips, Bytes: now.Bytes, Queued: now.Queued}
}

// TestPlugPulledAtEveryByte ends the line, as a USB adapter does; the printer
// still prints what it holds, and the claim must know that.
func TestPlugPulledAtEveryByte(t *testing.T) {
	claims := map[printer.Proof]int{}
	const look = 12 // bytes: a line that is lost before is opened again in time
	for at := look; claims[printer.Printed] == 0; at += step(4) {
		synctest.Test(t, func(t *testing.T) {
			b := onCable(t, sim.PrinterConfig{}, escpos.Config{})
			if _, err := b.Status(t.Context()); err != nil {
				t.Fatal(err)
			}
			b.sim.UnplugAt(at)
			proof, err := b.Print(t.Context(), printertest.Sample())
			claims[proof]++
			b.sim.CallOff()
			time.Sleep(time.Minute)
			n := b.valid()
			if (err == nil) != (proof == printer.Printed) || proof == printer.NotSent && n > 0 || proof == printer.Printed && n != 1 {
				t.Fatalf("byte %d: %v, %v with %d valid slips", at, proof, err, n)
			}
			if again, err := b.Print(t.Context(), printertest.Sample()); again != printer.Printed || err != nil {
				t.Fatalf("byte %d: again %v, %v", at, again, err)
			}
		})
		if t.Failed() {
			return
		}
	}
	t.Logf("claims: %v", claims)
	if claims[printer.NotSent] == 0 || claims[printer.InDoubt] == 0 {
		t.Errorf("the losses did not meet both blocks: %v", claims)
	}
}

// naive takes a written byte for a printed one: the driver that most programs have.
type naive struct {
	sim   *sim.Printer
	cable *sim.Cable
}

// onNaive runs f with it.
func onNaive(t *testing.T, f func(t *testing.T, n naive)) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		n := naive{sim.NewPrinter(sim.PrinterConfig{}), sim.NewCable()}
		var run sync.WaitGroup
		run.Go(func() { _ = n.sim.Run(ctx, n.cable.Device()) })
		f(t, n)
		cancel()
		run.Wait()
	})
}

func (n naive) print(t *testing.T, doc printer.Document) (claimed bool) {
	t.Helper()
	slip := encode(t, doc)
	if _, err := n.cable.Write(slip); err != nil {
		t.Fatal(err)
	}
	time.Sleep(5 * time.Second)
	return true
}

func encode(t testing.TB, doc printer.Document) []byte {
	t.Helper()
	e := escpos.NewEncoder(escpos.Profile{Charset: escpos.GB18030})
	var slip escpos.Encoded
	e.Setup(&slip)
	if err := errors.Join(e.Encode(&slip, doc.Body), e.Encode(&slip, doc.Tail)); err != nil {
		t.Fatal(err)
	}
	return slip.Buffer
}

// TestWritingIsNoProof is the control: the same faults at bytes all over a slip
// make a driver wrong that trusts the write.
func TestWritingIsNoProof(t *testing.T) {
	length := len(encode(t, printertest.Sample()))
	for _, fault := range withinSlip() {
		if fault.Name == "paper-near-end" {
			continue
		}
		wrong, tried := 0, 0
		for at := 1; at < length; at += 37 {
			onNaive(t, func(t *testing.T, n naive) {
				fault.At(n.sim, at)
				tried++
				if n.print(t, printertest.Sample()) && !strings.Contains(n.sim.Text(), paper.CutLine) {
					wrong++
				}
			})
		}
		t.Logf("%s: of %d interrupted slips the naive driver confirms %d wrongly", fault.Name, tried, wrong)
		if wrong < tried*9/10 {
			t.Errorf("%s: the control shows nothing: %d wrong of %d", fault.Name, wrong, tried)
		}
	}
}

// TestWritingAgainPrintsTwice: who sees that nothing came and prints again gets
// two when the roll is changed.
func TestWritingAgainPrintsTwice(t *testing.T) {
	twice, tried := 0, 0
	for at := 1; at < len(encode(t, printertest.Sample())); at += 37 {
		onNaive(t, func(t *testing.T, n naive) {
			n.sim.PaperOutAt(at)
			n.print(t, printertest.Sample())
			n.print(t, printertest.Sample())
			n.sim.SetPaper(sim.PaperOK)
			time.Sleep(10 * time.Second)
			tried++
			if strings.Count(n.sim.Text(), "[QR ") > 1 {
				twice++
			}
		})
	}
	if twice < tried*9/10 {
		t.Errorf("the control shows nothing: %d of %d came twice", twice, tried)
	}
}

// of is a resident's slip, told from all others by its number.
func of(resident int) printer.Document {
	doc := printertest.Sample()
	mark := fmt.Sprintf("NO%06d", resident)
	doc.Body = append([]printer.Block{printer.Pair{Label: "办理人", Value: mark}}, doc.Body...)
	doc.Body = append(doc.Body, printer.Line{Text: mark})
	doc.Tail = append([]printer.Block{printer.QR{Data: "LEYE:" + mark}, printer.Line{Text: mark}}, doc.Tail[1:]...)
	return doc
}

// refills is how many rolls are changed.
func refills() int {
	if testing.Short() {
		return 60
	}
	return 1000
}

// TestNothingStaleAfterARefill ends the roll somewhere in a slip, has at times the
// program restarted or the printer switched off before it is changed, and looks at
// the new paper: nothing on it is an earlier resident's.
func TestNothingStaleAfterARefill(t *testing.T) {
	leaks := 0
	t.Run("real", func(t *testing.T) { leaks = manyRefills(t, refills(), func(p escpos.Port) escpos.Port { return p }) })
	if leaks > 0 {
		t.Errorf("%d of %d refills show a slip of before", leaks, refills())
	}
	// The control clears nothing.
	t.Run("control", func(t *testing.T) { leaks = manyRefills(t, 50, func(p escpos.Port) escpos.Port { return keeps{p} }) })
	t.Logf("a driver that clears nothing leaks at %d of 50 refills", leaks)
	if leaks < 10 {
		t.Errorf("the control shows nothing: %d leaks", leaks)
	}
}

// keeps never tells the printer to throw anything away.
type keeps struct{ escpos.Port }

func (k keeps) Write(b []byte) (int, error) {
	if len(b) > 1 && b[0] == 0x10 && (b[1] == 0x14 || b[1] == 0x05) {
		return len(b), nil
	}
	return k.Port.Write(b)
}

func manyRefills(t *testing.T, n int, over func(escpos.Port) escpos.Port) (leaks int) {
	synctest.Test(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(7, 8))
		dev := sim.NewPrinter(sim.PrinterConfig{Speed: 3000})
		ctx, cancel := context.WithCancel(context.Background())
		var lines sync.WaitGroup
		open := func(void bool) *escpos.Printer {
			p, err := escpos.Open(escpos.Config{Speed: 1500, Void: void, Dial: func() (escpos.Port, error) {
				cable := sim.NewCable()
				lines.Go(func() { _ = dev.Run(ctx, cable.Device()) })
				return over(cable), nil
			}})
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		p := open(false)
		for i := range n {
			p = refill(t, rng, dev, p, i, open)
			if staleOn(dev.Text()) {
				leaks++
			}
			dev.TakePaper()
		}
		_ = p.Close()
		cancel()
		lines.Wait()
	})
	return leaks
}

// refill is one roll's end and the next slip after it.
func refill(t *testing.T, rng *rand.Rand, dev *sim.Printer, p *escpos.Printer, i int, open func(bool) *escpos.Printer) *escpos.Printer {
	ctx := t.Context()
	_, _ = p.Status(ctx)
	dev.PaperOutAt(rng.IntN(600))
	switch rng.IntN(4) {
	case 0: // the program is killed in the slip, and started again before or after the refill
		short, cancel := context.WithTimeout(ctx, time.Duration(rng.IntN(300))*time.Millisecond)
		_, _ = p.Print(short, of(i))
		cancel()
		_ = p.Close()
		p = open(true)
		_, _ = p.Status(ctx)
	case 1: // the printer is switched off and on
		_, _ = p.Print(ctx, of(i))
		dev.SetPower(false)
		dev.SetPower(true)
	default:
		_, _ = p.Print(ctx, of(i))
	}
	dev.CallOff()
	dev.SetPaper(sim.PaperOut) // if it did not end yet
	dev.TakePaper()
	dev.SetPaper(sim.PaperOK)
	time.Sleep(20 * time.Second)
	proof, err := p.Print(ctx, of(i+refills()*2))
	if proof != printer.Printed && !strings.Contains(dev.Text(), "NO") {
		t.Errorf("refill %d: %v, %v", i, proof, err)
	}
	return p
}

// staleOn reports whether the paper names another than the one that was printed
// on it.
func staleOn(text string) bool {
	marks := map[string]bool{}
	for rest := text; ; {
		i := strings.Index(rest, "NO")
		if i < 0 {
			return len(marks) > 1
		}
		marks[rest[i:i+8]] = true
		rest = rest[i+8:]
	}
}
