package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"leye/app/terminal/internal/acceptance"
	"leye/app/terminal/internal/config"
	"leye/app/terminal/internal/kiosk"
	"leye/assets"
	"leye/devices/lamp/led"
	"leye/devices/printer"
	"leye/devices/speaker/aplay"
)

func (d *diagnosis) checkReader(ctx context.Context, as acceptance.Check, line config.Serial) {
	reader, module, err := openReader(ctx, line)
	switch {
	case err == nil:
		err = reader.Close()
	case d.unasked("reader", err):
		return
	}
	if err != nil {
		d.condition("reader", kiosk.CodeReaderOffline, err.Error())
		return
	}
	d.find(as, "module", module)
	d.good("reader", "module %s answers on %s", module, line.Port)
}

func (d *diagnosis) checkScanner(ctx context.Context, to config.Scanner) {
	if to.Port == "" {
		d.good("scanner", "there is none in the configuration")
		return
	}
	s, err := openScanner(ctx, to)
	switch {
	case err == nil:
		err = s.Close()
	case d.unasked("scanner", err):
		return
	}
	if err != nil {
		d.condition("scanner", kiosk.CodeScannerOffline, err.Error())
		return
	}
	d.good("scanner", "port %s opens, profile %s; a scanner is silent until a code is held to it: kioskctl scan", to.Port, to.Profile)
}

// checkLight leaves the lamp as it is: the kiosk may be at work.
func (d *diagnosis) checkLight(to config.Light) {
	if to.LED == "" {
		d.good("light", "there is none in the configuration")
		return
	}
	l, err := led.Open(to.LED)
	if err == nil {
		err = l.Ready()
	}
	if err != nil {
		d.condition("light", kiosk.CodeLightFailing, err.Error())
		return
	}
	d.good("light", "%s can be lit", to.LED)
}

// newPlayer is the kiosk's own, with its sentences.
func newPlayer(to config.Sound) *aplay.Player {
	return aplay.New(aplay.Config{Device: to.Device, Volume: to.Volume, Sentences: assets.Voice(), Recordings: to.Recordings})
}

// checkSound plays a moment of silence, and reads what is to be spoken.
func (d *diagnosis) checkSound(ctx context.Context, to config.Sound) {
	if to.Volume == 0 {
		d.good("sound", "it is switched off in the configuration")
		return
	}
	if err := newPlayer(to).Ready(ctx); err != nil {
		d.condition("sound", kiosk.CodeSoundFailing, err.Error())
		return
	}
	d.good("sound", "%s takes a sound, at %d per cent", cmp.Or(to.Device, "the system's sound card"), to.Volume)
}

func (d *diagnosis) checkPrinter(ctx context.Context, to config.Printer) {
	driver, err := openPrinter(to, nil, nil)
	if d.unasked("printer", err) {
		return
	}
	var s printer.Status
	var has printer.Capability
	if err == nil {
		s, err = driver.Status(ctx)
		has = driver.Capability()
		err = errors.Join(err, driver.Close())
	}
	if err != nil {
		d.condition("printer", kiosk.CodePrinterOffline, err.Error())
		return
	}
	d.find(acceptance.Printer, "model", has.Model)
	d.find(acceptance.Printer, "level", fmt.Sprintf("%d/5", int(has.Level)))
	d.judgePrinter(to.Port, s, has)
}

func (d *diagnosis) judgePrinter(port string, s printer.Status, has printer.Capability) {
	before := len(d.Findings)
	for _, c := range []struct {
		is   bool
		code kiosk.Code
		seen string
	}{
		{s.Paper == printer.PaperOut, kiosk.CodePaperOut, ""},
		{s.Paper == printer.PaperNearEnd, kiosk.CodePaperNearEnd, ""},
		{s.CoverOpen, kiosk.CodeCoverOpen, ""},
		{s.CutterError || s.HeadHot || s.Jam || s.Unrecoverable, kiosk.CodePrinterFault, s.String()},
	} {
		if c.is {
			d.condition("printer", c.code, c.seen)
		}
	}
	if len(d.Findings) > before {
		return
	}
	if !s.Ready() {
		d.add(finding{Check: "printer", Status: warn, What: "not ready: " + s.String(), Next: "take the slip away, or press the feed button"})
		return
	}
	model := strings.TrimSpace(cmp.Or(has.Model, "a printer of unknown model"))
	d.good("printer", "%s is ready on %s, proof level %d of 5: %s", model, port, int(has.Level), has.Level)
}
