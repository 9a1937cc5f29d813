package main

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"leye/app/api"
	"leye/app/envelope"
	"leye/app/terminal/internal/config"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/outbox"
	"leye/app/terminal/internal/seal"
	"leye/app/terminal/internal/slip"
	"leye/app/terminal/internal/store"
	"leye/devices/printer"
	"leye/devices/sim"
)

// central answers as the contract says, with a clock that is ahead.
func central(t *testing.T, ahead time.Duration) *httptest.Server {
	t.Helper()
	b, err := thisBuild()
	fatal(t, err)
	return answering(t, http.StatusOK, func() any {
		return api.Health{Status: api.HealthStatusOk, Version: "1.2.3", CatalogueVersion: b.Catalogue, PoliciesVersion: "x", Time: time.Now().Add(ahead), SealKey: told(t)}
	})
}

// told is the seal key as a central tells it.
func told(t *testing.T) *api.SealKey {
	t.Helper()
	key, err := envelope.ParsePublicKey(centralKey)
	fatal(t, err)
	return &api.SealKey{Suite: string(key.Suite()), Key: key.Bytes(), Fingerprint: string(key.Fingerprint())}
}

func answering(t *testing.T, status int, body func() any) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/health" {
			t.Errorf("asked for %s", r.URL.Path)
		}
		w.WriteHeader(status)
		if err := json.NewEncoder(w).Encode(body()); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// whole is a terminal where all is well, with its devices.
type whole struct {
	terminal
	reader  *sim.Reader
	readers string // the reader's port: a link, as udev makes it
	printer *sim.Printer
	scanner string // its port
}

func newWhole(t *testing.T, url string) whole {
	t.Helper()
	reader, line := plugReader(t, "")
	printer, printers := plugPrinter(t, sim.PrinterConfig{})
	_, scanners := plugScanner(t, sim.ScannerConfig{})
	links := t.TempDir()
	readers, scanner := filepath.Join(links, "leye-reader"), filepath.Join(links, "leye-scanner")
	fatal(t, os.Symlink(line.Path(), readers))
	fatal(t, os.Symlink(scanners.Path(), scanner))
	lamp, err := sim.NewLamp(filepath.Join(links, "leye-card"))
	fatal(t, err)
	x := newTerminal(t, fmt.Sprintf("[reader]\nport = %q\n[printer]\nport = %q\n[scanner]\nport = %q\n[light]\nled = %q\n[sound]\nvolume = 0\n[central]\nurl = %q\nseal_key = %q\n", readers, printers.Path(), scanner, lamp.Path(), url, centralKey))
	x.sealTo(centralKey)
	return whole{x, reader, readers, printer, scanner}
}

func doctor(t *testing.T, config string) (diagnosis, result) {
	t.Helper()
	r := call(t, "doctor", "--json", "--config", config)
	var d diagnosis
	if err := json.Unmarshal([]byte(r.out), &d); err != nil {
		t.Fatalf("%v: %s", err, r)
	}
	return d, r
}

// has looks for a finding.
func (d diagnosis) has(t *testing.T, check string, s status, code kiosk.Code, says string) {
	t.Helper()
	for _, f := range d.Findings {
		if f.Check == check && f.Status == s && f.Code == code && strings.Contains(f.What, says) {
			if s == fail && (f.Next == "" || f.NextZH == "" || f.WhatZH == "") {
				t.Errorf("%s leaves staff without words: %+v", code, f)
			}
			return
		}
	}
	t.Errorf("no finding %s %s %s %q among %+v", check, s, code, says, d.Findings)
}

func TestDoctorMissesLampAndSound(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	x := newTerminal(t, fmt.Sprintf("[light]\nled = %q\n[sound]\nvolume = 60\n", filepath.Join(t.TempDir(), "none")))
	d, _ := doctor(t, x.config)
	d.has(t, "light", warn, kiosk.CodeLightFailing, "no such file or directory")
	d.has(t, "sound", warn, kiosk.CodeSoundFailing, `"aplay": executable file not found`)
}

func TestDoctorFindsAllInOrder(t *testing.T) {
	x := newWhole(t, central(t, 0).URL)
	x.put("document-reprint", answered)
	r := execute(t, "doctor", "--config", x.config)
	r.want(t, exitOK, "STATUS", "module 05.01-20260101-0000012345-0123456789 answers", "SIM-80 is ready", "proof level 4 of 5: it confirms that a slip was printed", "how much is left is not known", "waiting 1, parked 0, the oldest since ", "PT01: warn, failed: 0, warnings: ") // how many depends on the machine too
	d, _ := doctor(t, x.config)
	d.has(t, "key", ok, "", "weaker than a TPM")
	d.has(t, "seal", ok, "", "eedd 883d a0a9 4515, as the configuration names it")
	for _, check := range []string{"config", "catalogue", "store", "queue", "journal", "memory", "key", "seal", "paper", "disk", "reader", "printer", "scanner", "light", "sound", "central", "clock"} {
		d.has(t, check, ok, "", "")
	}
	d.has(t, "identity", warn, "", "in the clear")
	d.has(t, "acceptance", warn, "", "no acceptance sheet")
	if len(d.Findings) != 19 || d.Terminal != "PT01" || d.Status != warn {
		t.Errorf("%+v", d)
	}
}

func TestDoctorNamesWhatIsWrong(t *testing.T) {
	well := central(t, 0).URL
	for name, tt := range map[string]struct {
		url    string
		harm   func(*testing.T, whole)
		check  string
		status status
		code   kiosk.Code
		says   string
	}{
		"no state file":  {well, func(t *testing.T, x whole) { fatal(t, os.RemoveAll(x.dir+"/state")) }, "store", warn, "", "there is no state file"},
		"damaged file":   {well, func(t *testing.T, x whole) { fatal(t, os.WriteFile(x.file(), []byte("hello"), 0o600)) }, "store", fail, kiosk.CodeStoreDamaged, "damaged"},
		"damaged inside": {well, damageInside, "store", fail, kiosk.CodeStoreDamaged, "check store"},
		"parked":         {well, func(_ *testing.T, x whole) { x.park(x.put("document-reprint", answered)) }, "queue", warn, kiosk.CodeEntryParked, "parked 1"},
		"late":           {well, late, "queue", fail, kiosk.CodeEntryLate, "late 1, waiting 1"},
		"broken journal": {well, breakJournal, "journal", fail, kiosk.CodeJournalBroken, "line 2"},
		"slip in doubt": {well, func(_ *testing.T, x whole) {
			x.printed(kiosk.NewApplicationID(), &slip.Outcome{Proof: printer.InDoubt, Level: 4})
		}, "paper", warn, kiosk.CodeSlipInDoubt, "slips in doubt: 1"},
		"roll at its end": {well, func(_ *testing.T, x whole) {
			x.printed(kiosk.NewApplicationID(), &slip.Outcome{Proof: printer.Printed, Level: 4, Length: 79_900})
		}, "paper", warn, kiosk.CodePaperNearEnd, "0.1 of 80 m are left"},
		"silent reader":     {well, func(_ *testing.T, x whole) { x.reader.Silence(true) }, "reader", fail, kiosk.CodeReaderOffline, "does not answer"},
		"unplugged reader":  {well, func(t *testing.T, x whole) { fatal(t, os.Remove(x.readers)) }, "reader", fail, kiosk.CodeReaderOffline, "no such file"},
		"reader in use":     {well, takeReader, "reader", warn, "", "not asked: "},
		"printer off":       {well, func(_ *testing.T, x whole) { x.printer.SetPower(false) }, "printer", fail, kiosk.CodePrinterOffline, "does not answer"},
		"paper out":         {well, func(_ *testing.T, x whole) { x.printer.SetPaper(sim.PaperOut) }, "printer", fail, kiosk.CodePaperOut, ""},
		"paper near end":    {well, func(_ *testing.T, x whole) { x.printer.SetPaper(sim.PaperNear) }, "printer", warn, kiosk.CodePaperNearEnd, ""},
		"cover open":        {well, func(_ *testing.T, x whole) { x.printer.SetCover(true) }, "printer", fail, kiosk.CodeCoverOpen, ""},
		"knife":             {well, func(_ *testing.T, x whole) { x.printer.SetCutterError(true) }, "printer", fail, kiosk.CodePrinterFault, "cutter error"},
		"unplugged scanner": {well, func(t *testing.T, x whole) { fatal(t, os.Remove(x.scanner)) }, "scanner", warn, kiosk.CodeScannerOffline, "no such file"},
		"scanner in use":    {well, func(t *testing.T, x whole) { take(t, x.scanner) }, "scanner", warn, "", "not asked: "},
		"other clock":       {central(t, time.Hour).URL, nil, "clock", fail, kiosk.CodeClockWrong, "1h0m0s off the central's"},
		"exposed key":       {well, func(t *testing.T, x whole) { fatal(t, os.Chmod(filepath.Dir(x.file())+"/"+seal.FileName, 0o644)) }, "key", fail, "", "others may read"},
		"no central's key":  {well, forgetCentral, "seal", warn, "", "this terminal alone can read"},
		"first contact":     {well, nameNoKey, "seal", warn, "", "at first contact"},
		"key named since":   {"http://127.0.0.1:1", func(_ *testing.T, x whole) { x.sealTo(otherKey) }, "seal", warn, "", "the configuration names eedd 883d a0a9 4515"},
		"other seal key": {answering(t, 200, func() any {
			return api.Health{Status: "ok", Time: time.Now(), SealKey: &api.SealKey{Suite: "leye-1", Fingerprint: strings.Repeat("0", 64)}}
		}).URL, nil, "seal", fail, kiosk.CodeOtherSealKey, "it tells 0000 0000 0000 0000, trusted is eedd"},
		"no seal key any more": {answering(t, 200, func() any { return api.Health{Status: "ok", Time: time.Now()} }).URL,
			nil, "seal", fail, kiosk.CodeOtherSealKey, "it tells none"},
		"other catalogue": {answering(t, 200, func() any {
			return api.Health{Status: "ok", CatalogueVersion: "other", Time: time.Now(), SealKey: told(t)}
		}).URL,
			nil, "central", warn, "", "offers catalogue other"},
		"central fails":   {answering(t, 500, func() any { return nil }).URL, nil, "central", warn, kiosk.CodeCentralFailing, "HTTP 500"},
		"central refuses": {answering(t, 403, func() any { return nil }).URL, nil, "central", fail, kiosk.CodeCentralRefused, "HTTP 403"},
		"another program": {answering(t, 200, func() any { return "hello" }).URL, nil, "central", warn, kiosk.CodeCentralFailing, "not a central"},
		"no line":         {"http://127.0.0.1:1", nil, "central", warn, kiosk.CodeLineDown, "refused"},
	} {
		t.Run(name, func(t *testing.T) {
			x := newWhole(t, tt.url)
			x.put("document-reprint", answered)
			if tt.harm != nil {
				tt.harm(t, x)
			}
			d, r := doctor(t, x.config)
			d.has(t, tt.check, tt.status, tt.code, tt.says)
			if (d.Status == fail) != (r.code == exitFailed) || d.Status == ok {
				t.Errorf("status %s, exit code %d", d.Status, r.code)
			}
			if want := map[status]int{warn: exitOK, fail: exitFailed}[tt.status]; r.code != want {
				t.Errorf("exit code %d, want %d", r.code, want)
			}
		})
	}
}

// otherKey is a central's whose private half nobody has.
const otherKey = "leye-1:CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

func forgetCentral(t *testing.T, x whole) {
	t.Helper()
	x.with(func(db *store.Store, _ *outbox.Outbox) {
		fatal(t, db.Tx(t.Context(), func(tx *sql.Tx) error {
			_, err := tx.Exec("DELETE FROM secret WHERE name = 'central_key'")
			return err
		}))
	})
}

func nameNoKey(t *testing.T, x whole) {
	t.Helper()
	text, err := os.ReadFile(x.config)
	fatal(t, err)
	fatal(t, os.WriteFile(x.config, []byte(strings.Replace(string(text), centralKey, "", 1)), 0o600))
}

func damageInside(t *testing.T, x whole) {
	t.Helper()
	var page int
	x.with(func(db *store.Store, _ *outbox.Outbox) {
		fatal(t, db.View(t.Context(), func(tx *sql.Tx) error {
			return tx.QueryRow("SELECT rootpage FROM sqlite_schema WHERE name = 'journal'").Scan(&page)
		}))
	})
	content, err := os.ReadFile(x.file())
	fatal(t, err)
	copy(content[(page-1)*4096:], strings.Repeat("\xff", 4096))
	fatal(t, os.WriteFile(x.file(), content, 0o600))
}

func late(t *testing.T, x whole) {
	t.Helper()
	x.with(func(db *store.Store, _ *outbox.Outbox) {
		queue, err := outbox.New(t.Context(), db, outbox.Options{Terminal: "PT01", Seal: x.sealer(), Now: func() time.Time { return time.Now().Add(-48 * time.Hour) }})
		fatal(t, err)
		e := x.waiting(queue)
		fatal(t, queue.Accept(t.Context(), e.ID, kiosk.Acknowledgement{ID: e.ID, Digest: e.Digest, Number: "000-180-261124-0001-5"}))
		fatal(t, queue.Put(t.Context(), kiosk.Application{ID: kiosk.NewApplicationID(), Service: "document-reprint"}, []byte(answered)))
	})
}

func (x whole) waiting(queue *outbox.Outbox) outbox.Entry {
	x.t.Helper()
	list, err := queue.List(x.t.Context(), outbox.Filter{})
	fatal(x.t, err)
	return list[0]
}

func breakJournal(t *testing.T, x whole) {
	t.Helper()
	x.put("document-reprint", answered)
	x.with(func(db *store.Store, _ *outbox.Outbox) { tamper(t, db) })
}

func takeReader(t *testing.T, x whole) {
	t.Helper()
	take(t, x.readers)
}

// take has a port for itself, as the kiosk does.
func take(t *testing.T, port string) {
	t.Helper()
	fd, err := unix.Open(port, unix.O_RDWR|unix.O_NOCTTY, 0)
	fatal(t, err)
	fatal(t, unix.IoctlSetInt(fd, unix.TIOCEXCL, 0))
	t.Cleanup(func() { fatal(t, unix.Close(fd)) })
}

func TestDoctorWithAFaultyConfiguration(t *testing.T) {
	x := newTerminal(t, "colour = 1\n")
	d, r := doctor(t, x.config)
	d.has(t, "config", fail, kiosk.CodeConfigInvalid, x.config+":3: store.colour: unknown key")
	d.has(t, "catalogue", ok, "", "")
	d.has(t, "rest", warn, "", "not looked at")
	if r.code != exitFailed || d.Terminal != "" {
		t.Errorf("%s", r)
	}
	call(t, "doctor", "--config", x.config).want(t, exitFailed, "K-501", "terminal: fail, failed: 1, warnings: 1", "error: look at terminal: faults found: 1")
}

func TestDoctorSaysWhatKeepsTheKey(t *testing.T) {
	for _, tt := range []struct {
		file   string
		keep   string
		tpm    bool
		status status
		says   string
	}{
		{`{"kind":"file"}`, "auto", false, ok, "weaker than a TPM"},
		{`{"kind":"file"}`, "file", true, ok, "weaker than a TPM"},
		{`{"kind":"file"}`, "auto", true, warn, "there is a TPM"},
		{`{"kind":"tpm"}`, "auto", true, ok, "by this machine's TPM alone"},
		{"", "auto", true, warn, "no terminal's key yet"},
	} {
		dir := t.TempDir()
		if tt.file != "" {
			fatal(t, os.WriteFile(filepath.Join(dir, seal.FileName), []byte(tt.file), 0o600))
		}
		var d diagnosis
		d.checkKey(config.Store{Dir: dir, Key: tt.keep}, tt.tpm)
		d.has(t, "key", tt.status, "", tt.says)
	}
}
