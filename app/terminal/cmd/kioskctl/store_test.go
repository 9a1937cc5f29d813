package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"leye/app/terminal/internal/quarantine"
)

// setAside has the terminal's store damaged and set aside, with one application that
// waits in it.
func (x terminal) setAside() {
	x.t.Helper()
	x.put("document-reprint", answered)
	content, err := os.ReadFile(x.file())
	fatal(x.t, err)
	content[18] = 9
	fatal(x.t, os.WriteFile(x.file(), content, 0o600))
	db, err := quarantine.Open(x.t.Context(), x.file(), quarantine.Options{})
	fatal(x.t, err)
	fatal(x.t, db.Close())
}

func TestStoreCommands(t *testing.T) {
	x := newTerminal(t, "")
	call(t, "store", "list", "--config", x.config).want(t, exitOK, "nothing was ever set aside")
	call(t, "store", "salvage", "1", "--config", x.config).want(t, exitNotReady)
	x.setAside()
	call(t, "store", "list", "--config", x.config).want(t, exitOK, "001-", "outbox:1", "kept", "its versions is")
	call(t, "outbox", "list", "--config", x.config).want(t, exitOK, "pending")
	call(t, "store", "salvage", "001", "--config", x.config).want(t, exitOK, "left none, missing 0")
	call(t, "store", "salvage", "--config", x.config).want(t, exitUsage)
	d, _ := doctor(t, x.config)
	d.has(t, "quarantine", warn, "K-407", "set aside 1, applications not salvaged 0")

	call(t, "store", "discard", "1", "--config", x.config).want(t, exitFailed)
	left, err := filepath.Glob(filepath.Join(filepath.Dir(x.file()), quarantine.DirName, "001-*", "kiosk.db"))
	if err != nil || len(left) != 1 {
		t.Errorf("deleted without a word: %v, %v", left, err)
	}
	name := filepath.Base(filepath.Dir(left[0]))
	callIn(t, strings.NewReader(name+"\n"), "store", "discard", "1", "--config", x.config).want(t, exitOK, name+" is discarded")
	call(t, "store", "list", "--config", x.config).want(t, exitOK, "discarded")
	call(t, "store", "discard", name, "--yes", "--config", x.config).want(t, exitNotReady)
}
