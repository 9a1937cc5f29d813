package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"leye/app/terminal/internal/acceptance"
	"leye/app/terminal/internal/config"
	"leye/app/terminal/internal/kiosk"
	"leye/assets"
	"leye/devices/idcard/samv"
	"leye/devices/ports"
	"leye/devices/printer"
	"leye/devices/printer/dots"
	"leye/devices/scanner"
)

// fitted is what the configuration and the kernel say of a check's device.
func fitted(c acceptance.Check, cfg config.Config) []acceptance.Fact {
	var l acceptance.Line
	serial := func(s config.Serial) {
		if s.Port == "" {
			return
		}
		l.Add("port", s.Port)
		if s.Baud > 0 {
			l.Add("baud", fmt.Sprint(s.Baud))
		}
		l.Add("adapter", adapter(s.Port))
	}
	switch c {
	case acceptance.Reader:
		serial(cfg.Reader)
	case acceptance.Reader2:
		serial(cfg.Reader2)
	case acceptance.Printer:
		serial(cfg.Printer.Serial)
		l.Add("columns", fmt.Sprint(cfg.Printer.Columns))
		l.Add("font", cfg.Printer.Font)
	case acceptance.Scanner:
		serial(cfg.Scanner.Serial)
		if cfg.Scanner.Port != "" {
			l.Add("profile", cfg.Scanner.Profile)
		}
	}
	return l.Facts
}

// adapter is the USB adapter behind a port, as the kernel names it, or empty.
func adapter(port string) string {
	all, err := ports.List("/")
	if err != nil {
		return "" // a port without a name is still a port
	}
	for _, p := range all {
		if samePort(p.Path, port) {
			return strings.TrimSpace(strings.Join([]string{p.IDs(), p.Name, p.Serial}, " "))
		}
	}
	return ""
}

// reader has one card read and taken away. What stands on it is not looked at.
func (i *inspection) reader(ctx context.Context, to config.Serial, l *acceptance.Line) (err error) {
	if to.Baud == 0 {
		found, err := samv.Discover(ctx, []string{to.Port}, to.Driver)
		if len(found) == 0 {
			l.Fail("读卡器无应答", "the card reader does not answer", fmt.Sprint(err))
			return nil
		}
		to.Baud = found[0].Baud
		l.Add("baud", fmt.Sprint(to.Baud))
	}
	reader, module, err := openReader(ctx, to)
	if err != nil {
		l.Fail("读卡器无应答", "the card reader does not answer", err.Error())
		return nil
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	l.Add("module", module)
	i.at.say("请把身份证平放在读卡区。", "Lay the card flat on the reader.")
	err = i.at.during(ctx, func(ctx context.Context) error { return i.readOne(ctx, reader, l) })
	if err != nil || l.Result == acceptance.Failed {
		return err
	}
	i.at.say("已读取并核对，请把证件拿走。", "Read and checked; take the card away.")
	return i.at.during(ctx, func(ctx context.Context) error { return i.taken(ctx, reader, l) })
}

// readOne waits for a card and forgets it.
func (i *inspection) readOne(ctx context.Context, reader *samv.Reader, l *acceptance.Line) error {
	limit, cancel := context.WithTimeout(ctx, i.timeout)
	defer cancel()
	switch _, err := reader.Read(limit); {
	case err == nil:
		l.Add("card", "read, checked 已读取并核对")
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, context.DeadlineExceeded):
		l.Fail("没有等到身份证", "no card was laid down in time", fmt.Sprintf("within %v", i.timeout))
	default:
		l.Fail("身份证读不出", "the card could not be read", err.Error())
	}
	return nil
}

// glance is how often a device is asked whether something is gone.
const glance = 200 * time.Millisecond

func (i *inspection) taken(ctx context.Context, reader *samv.Reader, l *acceptance.Line) error {
	limit, cancel := context.WithTimeout(ctx, i.timeout)
	defer cancel()
	for {
		there, err := reader.Present(limit)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case limit.Err() != nil:
			l.Fail("拿走证件后读卡器仍说有卡", "the reader still says that a card is there", fmt.Sprintf("after %v", i.timeout))
			return nil
		case err != nil:
			l.Fail("读卡器中途断开", "the card reader was lost on the way", err.Error())
			return nil
		case !there:
			return nil
		}
		select {
		case <-limit.Done():
		case <-time.After(glance):
		}
	}
}

// printer prints a test slip and has a person look at it.
func (i *inspection) printer(ctx context.Context, l *acceptance.Line) error {
	i.code = ""
	var d diagnosis
	d.checkPrinter(ctx, i.cfg.Printer)
	for _, f := range d.Findings {
		if f.Status != ok && f.Code != kiosk.CodePaperNearEnd {
			l.Fail(cmp.Or(f.WhatZH, "打印机没有就绪"), "the printer is not ready", f.What)
			return nil
		}
	}
	code := "leye printer test " + strings.ToLower(rand.Text())
	proof, has, err := i.print(ctx, func(p config.Printer) printer.Document { return testSlip(p, time.Now(), code) })
	l.Add("model", has.Model)
	l.Add("level", fmt.Sprintf("%d/5", int(has.Level)))
	l.Add("proof", proof.String())
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		l.Fail("试印单没有印好", "the test slip was not printed", err.Error())
		return nil
	case proof < has.Level.Best():
		l.Fail("打印机没有确认试印单", "the printer did not confirm the test slip", fmt.Sprintf("%s, its level allows %s", proof, has.Level.Best()))
		return nil
	}
	i.code = code
	return i.lookAtSlip(ctx, l)
}

// print prints a document on the terminal's printer.
func (i *inspection) print(ctx context.Context, compose func(config.Printer) printer.Document) (proof printer.Proof, has printer.Capability, err error) {
	glyphs, err := dots.Open(assets.Dots())
	if err != nil {
		return proof, has, err
	}
	defer func() { err = errors.Join(err, glyphs.Close()) }()
	driver, err := openPrinter(i.cfg.Printer, glyphs, nil)
	if err != nil {
		return proof, has, err
	}
	defer func() { err = errors.Join(err, driver.Close()) }()
	proof, err = driver.Print(ctx, compose(i.cfg.Printer))
	return proof, driver.Capability(), err
}

// lookAtSlip asks what no printer can tell of itself.
func (i *inspection) lookAtSlip(ctx context.Context, l *acceptance.Line) error {
	questions := []struct{ ask, fault acceptance.Words }{
		{acceptance.Words{ZH: "最下面的标尺印满一行、没有折行吗？", EN: "Does the ruler fill one line, without wrapping?"}, acceptance.Words{ZH: "标尺折行或缺列", EN: "columns are missing or wrap"}},
		{acceptance.Words{ZH: "汉字、生僻字都清楚、没有空白吗？", EN: "Are all characters clear and none blank, the rare ones too?"}, acceptance.Words{ZH: "有字印不清或缺字", EN: "characters are missing or unclear"}},
		{acceptance.Words{ZH: "纸切断了吗？", EN: "Was the paper cut?"}, acceptance.Words{ZH: "切纸不好", EN: "the paper is not cut"}},
	}
	if i.cfg.Scanner.Port == "" {
		end := i.code[len(i.code)-4:]
		questions = append(questions, struct{ ask, fault acceptance.Words }{
			acceptance.Words{ZH: "用手机扫二维码，内容以 " + end + " 结尾吗？", EN: "Scan the code with a phone: does it end in " + end + "?"},
			acceptance.Words{ZH: "二维码扫不出", EN: "the code cannot be read"},
		})
	}
	for _, q := range questions {
		good, err := i.at.confirm(ctx, q.ask.ZH, q.ask.EN)
		if err != nil {
			return err
		}
		if !good {
			l.Fail(q.fault.ZH, q.fault.EN, "")
		}
	}
	i.seen(l)
	return nil
}

// scanner reads the code that the printer has printed.
func (i *inspection) scanner(ctx context.Context, l *acceptance.Line) (err error) {
	s, err := openScanner(ctx, i.cfg.Scanner)
	if err != nil {
		l.Fail("扫码器连接不上", "the scanner's port does not open", err.Error())
		return nil
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if i.code == "" {
		i.at.say("没有试印单，请扫任意一个二维码。", "There is no test slip: hold any code up.")
	} else {
		i.at.say("请把试印单上的二维码对准扫码口。", "Hold the test slip's code to the scanner.")
	}
	return i.at.during(ctx, func(ctx context.Context) error { return i.scanOne(ctx, s, l) })
}

func (i *inspection) scanOne(ctx context.Context, s scanner.Scanner, l *acceptance.Line) error {
	limit, cancel := context.WithTimeout(ctx, i.timeout)
	defer cancel()
	others := 0
	for {
		code, err := s.Scan(limit)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, context.DeadlineExceeded) && others > 0:
			l.Fail("扫到的不是试印单上的二维码", "what was scanned is not the test slip's code", fmt.Sprintf("other codes: %d", others))
			return nil
		case errors.Is(err, context.DeadlineExceeded):
			l.Fail("没有扫到二维码", "no code was scanned in time", fmt.Sprintf("within %v", i.timeout))
			return nil
		case errors.Is(err, scanner.ErrUnreadable):
			others++
		case err != nil:
			l.Fail("扫码器中途断开", "the scanner was lost on the way", err.Error())
			return nil
		case i.code == "":
			l.Add("loop", "another code 其他二维码")
			return nil
		case code.Text == i.code:
			l.Add("loop", "the test slip's code 试印单二维码")
			return nil
		default:
			others++
		}
	}
}
