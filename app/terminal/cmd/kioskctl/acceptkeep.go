package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"leye/app/proof"
	"leye/app/terminal/internal/acceptance"
	"leye/app/terminal/internal/config"
	"leye/app/terminal/internal/identity"
	"leye/app/terminal/internal/journal"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/seal"
	"leye/app/terminal/internal/store"
	"leye/devices/printer"
)

// finish signs, keeps and prints a sheet, and has the journal name it. Paper comes
// after the file: only what is kept may be on paper. A sheet that could not be
// printed becomes another, that says so and has another code.
func (i *inspection) finish(ctx context.Context, sheet acceptance.Sheet, out string) (acceptance.File, error) {
	file, err := i.keep(sheet, out)
	if err != nil {
		return file, err
	}
	if l, _ := sheet.Line(acceptance.Printer); l.Result == acceptance.Passed {
		if cause := i.onPaper(ctx, file); cause != nil {
			fmt.Fprintf(i.at.out, "  验收单没有印出来 the sheet was not printed: %s\n", oneLine(cause.Error()))
			if file, err = i.keep(unprinted(sheet, cause), out); err != nil {
				return file, err
			}
		}
	} else {
		i.at.say("打印机没有通过，不印验收单。", "The printer did not pass: there is no paper.")
	}
	return file, i.record(ctx, file)
}

// keep makes the file of a sheet and has it in its places.
func (i *inspection) keep(sheet acceptance.Sheet, out string) (acceptance.File, error) {
	file, err := acceptance.NewFile(sheet)
	if err != nil {
		return file, err
	}
	switch id, err := identity.Load(i.cfg.Store.Dir); {
	case err == nil && id.Name() == sheet.Terminal:
		if file.Statement, err = file.Sign(id.Key(), id.Certificate()); err != nil {
			return file, err
		}
	case err != nil && !errors.Is(err, identity.ErrNone):
		return file, err
	default:
		i.at.say("终端尚未登记，验收单没有签名。", "The terminal is not enrolled: nobody has signed the sheet.")
	}
	paths := []string{filepath.Join(i.cfg.Store.Dir, acceptance.FileName)}
	if out != "" {
		paths = append(paths, out)
	}
	for _, path := range paths {
		if err := file.Save(path); err != nil {
			return file, err
		}
	}
	if out == "" {
		return file, nil
	}
	page := strings.TrimSuffix(out, filepath.Ext(out)) + ".txt"
	if err := os.WriteFile(page, []byte(file.Page()), 0o644); err != nil {
		return file, fmt.Errorf("keep page: %w", err)
	}
	return file, nil
}

func (i *inspection) onPaper(ctx context.Context, file acceptance.File) error {
	proof, has, err := i.print(ctx, func(config.Printer) printer.Document { return file.Document() })
	if err == nil && proof < has.Level.Best() {
		err = fmt.Errorf("print sheet: %s, the printer's level allows %s", proof, has.Level.Best())
	}
	return err
}

// unprinted is a sheet after its paper has failed.
func unprinted(s acceptance.Sheet, cause error) acceptance.Sheet {
	lines := make([]acceptance.Line, len(s.Lines))
	copy(lines, s.Lines)
	for n := range lines {
		if lines[n].Check == acceptance.Printer {
			lines[n].Fail("验收单没有印出来", "the sheet itself was not printed", cause.Error())
		}
	}
	s.Lines, s.Ended = lines, now()
	return s
}

// Events of the journal; their code is the digest of the sheet.
const (
	eventAccepted    = "terminal.accepted"
	eventNotAccepted = "terminal.not_accepted"
)

// record has the journal name the sheet. A terminal without a state file has no
// journal, and its sheet says so.
func (i *inspection) record(ctx context.Context, file acceptance.File) (err error) {
	if _, err := os.Stat(filepath.Join(i.cfg.Store.Dir, store.FileName)); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	db, err := openStoreAs(ctx, i.cfg, store.Options{})
	if err != nil {
		return fmt.Errorf("keep audit record: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	event := kiosk.Event{At: time.Now(), Name: eventNotAccepted, Code: file.Digest()}
	if file.Accepted {
		event.Name = eventAccepted
	}
	if err := journal.New(db, journal.Options{}).Append(ctx, event); err != nil {
		return fmt.Errorf("keep audit record: %w", err)
	}
	return nil
}

// keyKind is what keeps the terminal's key, in words; empty when there is none.
func keyKind(c config.Store) (string, error) {
	switch held, err := seal.Look(c.Dir); {
	case err != nil:
		return "", err
	case held.Kind == seal.TPM:
		return "TPM", nil
	case held.Kind == seal.File:
		return "file 文件", nil
	}
	return "", nil
}

// checkAcceptance says when the terminal was handed over and what has changed
// since.
func (d *diagnosis) checkAcceptance(cfg config.Config) {
	file, err := acceptance.Load(cfg.Store.Dir)
	const again, againZH = "go through it: kioskctl devices accept", "运行 kioskctl devices accept 验收"
	caution := func(en, zh string) {
		d.add(finding{Check: "acceptance", Status: warn, What: en, WhatZH: zh, Next: again, NextZH: againZH})
	}
	switch {
	case errors.Is(err, os.ErrNotExist):
		caution("this terminal has no acceptance sheet", "终端还没有验收单")
		return
	case err != nil:
		caution(err.Error(), "验收单读不出")
		return
	}
	seen := fmt.Sprintf("at %s by staff %s, code %s", file.Ended.In(kiosk.China).Format(minute), file.Staff, file.Code())
	if err := genuine(file, cfg.Store.Dir); err != nil {
		caution(fmt.Sprintf("the sheet %s is not this terminal's: %v", seen, err), "验收单签名不符")
		return
	}
	if !file.Accepted {
		caution("not accepted "+seen, "上次验收不合格")
		return
	}
	if changed := d.changedSince(file, cfg); len(changed) > 0 {
		caution("accepted "+seen+"; changed since: "+strings.Join(changed, "; "), "验收后设备有变动")
		return
	}
	d.good("acceptance", "accepted %s, nothing has changed since", seen)
}

// genuine holds a sheet of this terminal against its own identity.
func genuine(file acceptance.File, dir string) error {
	id, err := identity.Load(dir)
	if err != nil {
		return err
	}
	if file.Terminal != id.Name() {
		return fmt.Errorf("it is of terminal %s", file.Terminal)
	}
	return vouched(file, id.Trust())
}

// vouched reports whether a root stands behind the signature, and the signature
// behind what the sheet says of the terminal.
func vouched(file acceptance.File, trust proof.Trust) error {
	cert, err := file.Check()
	if err != nil {
		return err
	}
	if cert.Subject.CommonName != file.Terminal {
		return fmt.Errorf("terminal %s has signed the sheet of %s", cert.Subject.CommonName, file.Terminal)
	}
	return trust.Vouch(cert)
}

// changedSince compares what was fitted with what is.
func (d *diagnosis) changedSince(file acceptance.File, cfg config.Config) []string {
	var changed []string
	for _, l := range file.Lines {
		if l.Result != acceptance.Passed {
			continue
		}
		is := acceptance.Line{Facts: fitted(l.Check, cfg)}
		for name, value := range d.found[l.Check] {
			is.Add(name, value)
		}
		for _, f := range l.Facts {
			if now := is.Fact(f.Name); now != "" && now != f.Value {
				changed = append(changed, fmt.Sprintf("%s %s is %s, was %s", l.Check, f.Name, now, f.Value))
			}
		}
	}
	return changed
}
