package sim_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"leye/devices/printer"
	"leye/devices/printer/escpos"
	"leye/devices/sim"
	"leye/devices/sim/paper"
)

// slip has what real ones have: a title, a name outside GB2312, pairs, a tail.
var slip = printer.Document{
	Body: []printer.Block{
		printer.Line{Text: "业务受理回执", Align: printer.Center, Bold: true, Double: true},
		printer.Pair{Label: "受理编号", Value: "SQ20261123-0310-000482"},
		printer.Pair{Label: "申请人", Value: "张䶮"},
	},
	Tail: []printer.Block{printer.QR{Data: "https://kiosk.example/q?n=482"}, printer.Cut{}},
}

// slipLines is what a person reads on it, white lines left out.
var slipLines = []string{
	"            业务受理回执",
	"受理编号  SQ20261123-0310-000482",
	"申请人    张䶮",
	"[QR https://kiosk.example/q?n=482]",
	paper.CutLine,
}

// plug joins the real driver and a simulated printer by a pseudo terminal.
func plug(t *testing.T, c sim.PrinterConfig) (*sim.Printer, *escpos.Printer) {
	t.Helper()
	line, err := sim.OpenPTY()
	if err != nil {
		t.Fatal(err)
	}
	c.Speed = 3000 // faster than the driver believes, so its limits hold
	device := sim.NewPrinter(c)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- device.Run(ctx, line) }()
	driver, err := escpos.Open(escpos.Config{
		Port: line.Path(),
		Timing: escpos.Timing{
			Queued: 200 * time.Millisecond,
			Margin: time.Second,
		},
		Speed: 600,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := driver.Close(); err != nil {
			t.Error(err)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return device, driver
}

func printed(p *sim.Printer) []string {
	var lines []string
	for line := range strings.Lines(p.Text()) {
		if line = strings.TrimRight(line, "\n"); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

func wantPaper(t *testing.T, p *sim.Printer, want []string) {
	t.Helper()
	if got := printed(p); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("paper:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestDriverPrintsOnTheSimulatedPaper(t *testing.T) {
	for level, want := range map[int]printer.Proof{1: printer.Sent, 2: printer.Processed, 3: printer.Processed, 4: printer.Printed} {
		device, driver := plug(t, sim.PrinterConfig{Level: level})
		proof, err := driver.Print(t.Context(), slip)
		if err != nil || proof != want {
			t.Errorf("level %d: %v, %v, want %v", level, proof, err, want)
		}
		if got := driver.Capability().Level; got != printer.Level(level) {
			t.Errorf("level %d: driver found %d", level, got)
		}
		if level > 1 { // below, nobody can tell the printer's font
			wantPaper(t, device, slipLines)
		}
	}
}

func TestNothingIsPrintedOnAPrinterThatIsNotReady(t *testing.T) {
	for name, fault := range map[string]func(*sim.Printer){
		"paper out":  func(p *sim.Printer) { p.SetPaper(sim.PaperOut) },
		"cover open": func(p *sim.Printer) { p.SetCover(true) },
		"cutter":     func(p *sim.Printer) { p.SetCutterError(true) },
	} {
		device, driver := plug(t, sim.PrinterConfig{})
		fault(device)
		proof, err := driver.Print(t.Context(), slip)
		if proof != printer.NotSent || !errors.Is(err, printer.ErrNotReady) {
			t.Errorf("%s: %v, %v", name, proof, err)
		}
		wantPaper(t, device, nil)
	}
}

func TestPrinterThatIsOffIsSilent(t *testing.T) {
	device, driver := plug(t, sim.PrinterConfig{})
	device.SetPower(false)
	proof, err := driver.Print(t.Context(), slip)
	if proof != printer.NotSent || !errors.Is(err, printer.ErrSilent) {
		t.Errorf("off: %v, %v", proof, err)
	}
	wantPaper(t, device, nil)
}

// TestPaperOutWithinASlip ends the roll at bytes of the body and of the tail: a
// slip is never claimed, and the next one on a new roll is the only whole one.
func TestPaperOutWithinASlip(t *testing.T) {
	body, whole := slipLength(t)
	for at, want := range map[int]printer.Proof{
		30:        printer.NotSent,
		body / 2:  printer.NotSent,
		body + 50: printer.InDoubt, // behind the 12 bytes of the questions before the tail
		whole - 9: printer.InDoubt,
	} {
		device, driver := plug(t, sim.PrinterConfig{})
		if _, err := driver.Status(t.Context()); err != nil { // probes
			t.Fatal(err)
		}
		device.PaperOutAt(at)
		proof, err := driver.Print(t.Context(), slip)
		if proof != want || !errors.Is(err, printer.ErrStopped) {
			t.Errorf("at byte %d of %d: %v, %v, want %v", at, whole, proof, err, want)
		}
		device.SetPaper(sim.PaperOK)
		device.TakePaper()
		if proof, err := driver.Print(t.Context(), slip); proof != printer.Printed || err != nil {
			t.Errorf("at byte %d: again on a new roll: %v, %v", at, proof, err)
		}
		text := strings.Join(printed(device), "\n")
		if strings.Count(text, "[QR") != 1 || !strings.HasSuffix(text, strings.Join(slipLines, "\n")) {
			t.Errorf("at byte %d: paper on the new roll:\n%s", at, text)
		}
		if !strings.Contains(text, "以上作废") {
			t.Errorf("at byte %d: the piece of the old slip is not voided:\n%s", at, text)
		}
	}
}

// slipLength is how many bytes of the slip are its body and how many are all.
func slipLength(t *testing.T) (body, whole int) {
	device, driver := plug(t, sim.PrinterConfig{})
	if _, err := driver.Status(t.Context()); err != nil {
		t.Fatal(err)
	}
	device.TakePaper()
	if _, err := driver.Print(t.Context(), slip); err != nil {
		t.Fatal(err)
	}
	raw := device.Raw()
	const request = "\x1D(H\x06\x0000B"
	i := bytes.Index(raw, []byte(request))
	if i < 0 {
		t.Fatalf("no process ID of a body in % X", raw)
	}
	return i + len(request) + 3, len(raw)
}
