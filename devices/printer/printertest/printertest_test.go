package printertest_test

import (
	"strings"
	"testing"

	"leye/devices/printer"
	"leye/devices/printer/printertest"
)

func TestMemoryKeepsTheContract(t *testing.T) {
	for name, o := range map[string]printertest.Options{
		"proves printing":   {},
		"proves processing": {Level: 2},
		"proves nothing":    {Silent: true},
		"narrow paper":      {Columns: 32},
	} {
		t.Run(name, func(t *testing.T) {
			printertest.RunPrinter(t, func(*testing.T) printertest.Rig { return rig(printertest.New(o)) })
		})
	}
}

func rig(p *printertest.Printer) printertest.Rig {
	status := printer.Status{Online: true, Paper: printer.PaperOK}
	return printertest.Rig{
		Printer: p,
		Paper: func(s printer.Supply) {
			status.Paper, status.Online = s, s != printer.PaperOut
			p.SetStatus(status)
		},
		Cover: func(open bool) {
			status.CoverOpen, status.Online = open, !open
			p.SetStatus(status)
		},
		Power: func(on bool) { p.SetMute(!on) },
		StopIn: func(part printertest.Part, _ printer.Document) {
			p.StopIn(part, printer.Status{Paper: printer.PaperOut})
		},
		Pieces: p.Pieces,
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
