package escpos_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"leye/devices/printer"
	"leye/devices/printer/escpos"
	"leye/devices/sim"
)

// arrivals notes when each byte has come over the wire.
type arrivals struct {
	bytes []byte
	at    []time.Time
}

func (a *arrivals) heard(b []byte) {
	for _, c := range b {
		a.bytes, a.at = append(a.bytes, c), append(a.at, time.Now())
	}
}

// lagging is a USB adapter that hands on what it hears every 16 ms, as the usual
// ones do.
type lagging struct{ escpos.Port }

func (l lagging) Read(ctx context.Context, p []byte) (int, error) {
	n, err := l.Port.Read(ctx, p)
	time.Sleep(16 * time.Millisecond)
	return n, err
}

// long is a document whose body takes many chunks.
func long(lines int) printer.Document {
	doc := of(1)
	for i := range lines {
		doc.Body = append(doc.Body, printer.Line{Text: fmt.Sprintf("第%d行：社区事务受理服务中心办理就业登记", i)})
	}
	return doc
}

// TestLineIsNeverIdleWithinABlock: from a body's first byte to its last it takes at
// most 1.02 of what the bytes take on the wire, status questions included.
func TestLineIsNeverIdleWithinABlock(t *testing.T) {
	for _, baud := range []int{9600, 19200, 38400, 57600, 115200} {
		for _, lines := range []int{0, 25} {
			synctest.Test(t, func(t *testing.T) {
				var seen arrivals
				b := onLine(t, sim.PrinterConfig{Baud: baud, Speed: 3000, Heard: seen.heard}, escpos.Config{}, func(p escpos.Port) escpos.Port { return lagging{p} })
				if _, err := b.Status(t.Context()); err != nil {
					t.Fatal(err)
				}
				if _, err := b.Print(t.Context(), long(lines)); err != nil {
					t.Fatal(err)
				}
				from := bytes.LastIndex(seen.bytes, []byte{0x1B, '@'})
				to := bytes.Index(seen.bytes, []byte("\x1D(H\x06\x0000B")) + 10
				// What came together with the first byte is behind the start.
				for seen.at[from+1].Equal(seen.at[from]) {
					from++
				}
				questions := bytes.Count(seen.bytes[from:to], []byte{0x10, 0x04, 0x01})
				wire := time.Duration(to-from-3*questions) * 10 * time.Second / time.Duration(baud)
				took := seen.at[to].Sub(seen.at[from])
				t.Logf("%6d baud, %4d bytes, %d questions: %v, %.3f of the floor", baud, to-from, questions, took.Round(time.Millisecond), took.Seconds()/wire.Seconds())
				if questions == 0 || took.Seconds() > 1.02*wire.Seconds() {
					t.Errorf("%d baud: %v for %d bytes, the floor is %v, %d questions", baud, took, to-from, wire, questions)
				}
			})
		}
	}
}

// TestPaperIsCountedWithinFivePercent prints a roll's worth, at times with a fault
// in the middle, and compares with what the paper moved.
func TestPaperIsCountedWithinFivePercent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := onCable(t, sim.PrinterConfig{Speed: 3000}, escpos.Config{Speed: 1500})
		rng := rand.New(rand.NewPCG(13, 14))
		stopped := 0
		for i := range 300 {
			if rng.IntN(25) == 0 {
				b.sim.PaperOutAt(rng.IntN(500))
			}
			if _, err := b.Print(t.Context(), of(i)); err != nil {
				stopped++
			}
			b.sim.CallOff()
			b.sim.SetPaper(sim.PaperOK)
			b.sim.TakePaper()
		}
		counted, moved := b.Fed(), b.sim.Moved()
		off := 100 * float64(counted-moved) / float64(moved)
		t.Logf("300 slips, %d stopped: counted %d mm, moved %d mm, %+.1f %%", stopped, counted, moved, off)
		if off < -5 || off > 5 || stopped == 0 {
			t.Errorf("counted %d mm, moved %d mm: %+.1f %%", counted, moved, off)
		}
	})
}

// BenchmarkBody is what a short slip costs from the call to the proof, in real
// time over a pseudo terminal, beside what its bytes take on the wire.
func BenchmarkBody(b *testing.B) {
	for _, baud := range []int{9600, 115200} {
		b.Run(fmt.Sprint(baud), func(b *testing.B) {
			dev := onPTY(b, sim.PrinterConfig{Baud: baud, Speed: 3000}, escpos.Config{Baud: baud, Speed: 1500})
			if _, err := dev.Status(b.Context()); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if _, err := dev.Print(b.Context(), of(1)); err != nil {
					b.Fatal(err)
				}
			}
			n := strings.Count(dev.sim.Text(), "[QR ")
			b.ReportMetric(float64(len(dev.sim.Raw()))/float64(max(n, 1))*10e9/float64(baud), "wire-ns/op")
		})
	}
}
