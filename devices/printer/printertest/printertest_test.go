package printertest_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"

	"leye/devices/printer"
	"leye/devices/printer/printertest"
)

func TestMemoryKeepsTheContract(t *testing.T) {
	for name, of := range map[string]struct {
		options printertest.Options
		proof   printer.Proof
	}{
		"proves printing":   {printertest.Options{}, printer.Printed},
		"proves processing": {printertest.Options{Level: 2}, printer.Processed},
		"proves nothing":    {printertest.Options{Silent: true}, printer.Sent},
		"narrow paper":      {printertest.Options{Columns: 32}, printer.Printed},
	} {
		t.Run(name, func(t *testing.T) {
			printertest.RunPrinter(t, func(*testing.T) printertest.Rig {
				p := printertest.New(of.options)
				return rig(p, p, of.proof)
			})
		})
	}
}

func rig(p printer.Printer, device *printertest.Printer, proof printer.Proof) printertest.Rig {
	status := printer.Status{Online: true, Paper: printer.PaperOK}
	return printertest.Rig{
		Printer: p,
		Proof:   proof,
		Paper: func(s printer.Supply) {
			status.Paper, status.Online = s, s != printer.PaperOut
			device.SetStatus(status)
		},
		Cover: func(open bool) {
			status.CoverOpen, status.Online = open, !open
			device.SetStatus(status)
		},
		Power: func(on bool) { device.SetMute(!on) },
		StopIn: func(part printertest.Part, by printertest.Fault) {
			device.StopIn(part, printer.Status{
				Paper:     map[bool]printer.Supply{true: printer.PaperOut, false: printer.PaperOK}[by == printertest.PaperEnds],
				CoverOpen: by == printertest.CoverOpens,
			})
		},
		Pieces: device.Pieces,
	}
}

// broken are printers that each break one promise.
var broken = map[string]func(*printertest.Printer) printer.Printer{
	"claims too much":     func(p *printertest.Printer) printer.Printer { return boaster{p} },
	"claims too little":   func(p *printertest.Printer) printer.Printer { return doubter{p} },
	"another document":    func(p *printertest.Printer) printer.Printer { return scribbler{p} },
	"prints twice":        func(p *printertest.Printer) printer.Printer { return stutterer{p} },
	"always ready":        func(p *printertest.Printer) printer.Printer { return optimist{p} },
	"deaf to context":     func(p *printertest.Printer) printer.Printer { return deaf{p} },
	"never closes":        func(p *printertest.Printer) printer.Printer { return open{p} },
	"hides what it knows": func(p *printertest.Printer) printer.Printer { return liar{p} },
}

type (
	boaster   struct{ *printertest.Printer }
	doubter   struct{ *printertest.Printer }
	scribbler struct{ *printertest.Printer }
	stutterer struct{ *printertest.Printer }
	optimist  struct{ *printertest.Printer }
	deaf      struct{ *printertest.Printer }
	open      struct{ *printertest.Printer }
	liar      struct{ *printertest.Printer }
)

func (p boaster) Print(ctx context.Context, d printer.Document) (printer.Proof, error) {
	_, err := p.Printer.Print(ctx, d)
	return printer.Printed, err
}

func (p doubter) Print(ctx context.Context, d printer.Document) (printer.Proof, error) {
	_, err := p.Printer.Print(ctx, d)
	return printer.InDoubt, err
}

func (p scribbler) Print(ctx context.Context, d printer.Document) (printer.Proof, error) {
	d.Body = append([]printer.Block{printer.Line{Text: "广告"}}, d.Body...)
	return p.Printer.Print(ctx, d)
}

func (p stutterer) Print(ctx context.Context, d printer.Document) (printer.Proof, error) {
	if proof, err := p.Printer.Print(ctx, d); err != nil {
		return proof, err
	}
	return p.Printer.Print(ctx, d)
}

func (p optimist) Status(ctx context.Context) (printer.Status, error) {
	_, err := p.Printer.Status(ctx)
	return printer.Status{Online: true, Paper: printer.PaperOK}, err
}

func (p deaf) Print(ctx context.Context, d printer.Document) (printer.Proof, error) {
	return p.Printer.Print(context.WithoutCancel(ctx), d)
}

func (open) Close() error { return nil }

func (p liar) Capability() printer.Capability {
	c := p.Printer.Capability()
	c.Level = 0
	return c
}

const brokenPrinter = "LEYE_BROKEN_PRINTER"

// TestSuiteFindsBrokenPrinters runs the suite on each of them in a process of its own,
// which must fail.
func TestSuiteFindsBrokenPrinters(t *testing.T) {
	if name := os.Getenv(brokenPrinter); name != "" {
		printertest.RunPrinter(t, func(*testing.T) printertest.Rig {
			p := printertest.New(printertest.Options{})
			return rig(broken[name](p), p, printer.Printed)
		})
		return
	}
	for name := range broken {
		self := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSuiteFindsBrokenPrinters$")
		self.Env = append(os.Environ(), brokenPrinter+"="+name)
		if out, err := self.CombinedOutput(); err == nil || !strings.Contains(string(out), "--- FAIL: TestSuiteFindsBrokenPrinters/") {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

func TestTextDrawsAsThePaperShows(t *testing.T) {
	got := printertest.Text(printertest.Sample(), 32)
	want := strings.Join([]string{
		"      社区事务受理服务中心",
		"        受理回执 Receipt",
		"--------------------------------",
		"事项      就业登记（灵活就业）",
		"受理编号  SQ20261123-0310-000482",
		"办理人    张某某",
		"--------------------------------",
		"请妥善保管本回执，遗失可凭证件到",
		"窗口补打；无末尾二维码者无效。",
		"",
		"[QR https://kiosk.example/q?n=SQ202611230310000482&s=1]",
		"                       第1次打印",
		"- - - - 8< - - - -",
		"",
	}, "\n")
	// The title is 40 columns wide when doubled: it takes two rows of 32.
	want = strings.Replace(want, "      社区事务受理服务中心", "社区事务受理服务\n            中心", 1)
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestPictureIsOneDotOnePixel(t *testing.T) {
	img, err := printertest.Picture(printertest.Sample(), 48, nil)
	if err != nil {
		t.Fatal(err)
	}
	if w := img.Bounds().Dx(); w != 576+2*32+2*28 {
		t.Errorf("%d pixels wide", w)
	}
	if _, err := printertest.Picture(printer.Document{Tail: []printer.Block{printer.QR{}}}, 48, nil); err == nil {
		t.Error("an empty code was drawn")
	}
}
