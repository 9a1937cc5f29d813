package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"leye/app/terminal/internal/config"
	"leye/devices/idcard/idcardtest"
	"leye/devices/printer/printertest"
	"leye/devices/scanner"
	"leye/devices/scanner/scannertest"
	"leye/devices/sim"
)

// plugReader serves a quick reader, with a card on it when one is named.
func plugReader(t *testing.T, card string) (*sim.Reader, *sim.PTY) {
	t.Helper()
	r := sim.NewReader(sim.ReaderConfig{Find: time.Millisecond, Select: time.Millisecond, Read: time.Millisecond})
	if card != "" {
		fatal(t, r.Lay(card))
	}
	return r, serve(t, r.Run)
}

func plugPrinter(t *testing.T, c sim.PrinterConfig) (*sim.Printer, *sim.PTY) {
	t.Helper()
	c.Speed = 3000 // faster than the driver believes, so its limits hold
	p := sim.NewPrinter(c)
	return p, serve(t, p.Run)
}

func TestEveryCardIsReadAsItsVectorSays(t *testing.T) {
	kinds := map[any]bool{}
	for _, c := range idcardtest.Load().Cards {
		if c.Command != "3001" {
			continue
		}
		kinds[c.Expect["card_type"]] = true
		for _, driver := range []string{"bugst", "tarm"} {
			t.Run(c.Name+" "+driver, func(t *testing.T) {
				_, line := plugReader(t, c.Name)
				r := execute(t, "read-card", "--port", line.Path(), "--driver", driver, "--json")
				r.want(t, exitOK, "waiting for a card")
				var got map[string]any
				if err := json.Unmarshal([]byte(r.out), &got); err != nil || !reflect.DeepEqual(got, c.Expect) {
					t.Errorf("%v: read %v\nwant %v", err, got, c.Expect)
				}
			})
		}
	}
	if len(kinds) != 4 {
		t.Errorf("card layouts read: %v", kinds)
	}
}

func TestReadCardShowsNobodyUnasked(t *testing.T) {
	for _, name := range []string{"resident_plain", "foreign_2023_split_name_prev", "hmt_hongkong"} {
		expect := idcardtest.Load().Card(name).Expect
		_, line := plugReader(t, name)
		masked := execute(t, "read-card", "--port", line.Path())
		_, line = plugReader(t, name)
		shown := execute(t, "read-card", "--port", line.Path(), "--show")
		masked.want(t, exitOK, "card_type", expect["card_type"].(string), "****")
		for _, key := range []string{"name", "name_cn", "name_en", "id_number", "birth_date", "address", "pass_number", "previous_number", "photo_sha256"} {
			value, _ := expect[key].(string)
			if value == "" {
				continue
			}
			if strings.Contains(masked.out+masked.err, value) {
				t.Errorf("%s of %s is shown unasked", key, name)
			}
			if !strings.Contains(shown.out, value) {
				t.Errorf("%s of %s is not shown when asked for", key, name)
			}
		}
	}
}

func TestReaderThatDoesNotServe(t *testing.T) {
	silent, line := plugReader(t, "resident_plain")
	silent.Silence(true)
	execute(t, "read-card", "--port", line.Path(), "--baud", "9600").want(t, exitDevice, "ask card reader on "+line.Path(), "does not answer", "try: check the device's power")

	_, line = plugReader(t, "")
	execute(t, "read-card", "--port", line.Path(), "--timeout", "1ms").want(t, exitNotReady, "none was laid down within 1ms", "try: lay the card flat")

}

func TestCardThatCannotBeRead(t *testing.T) {
	_, line := plugReader(t, sim.OtherCard)
	execute(t, "read-card", "--port", line.Path()).want(t, exitNotReady, "error: read card: not an identity card", "try: lay the card flat")

	reader, line := plugReader(t, "resident_plain")
	reader.TakeWhileRead()
	execute(t, "read-card", "--port", line.Path()).want(t, exitNotReady, "error: read card: card removed while being read")
}

// waiting starts read-card and returns when it waits for a card.
func waiting(t *testing.T, line *sim.PTY) (end func(*testing.T) result, interrupt func()) {
	t.Helper()
	cmd := program(t, "read-card", "--port", line.Path())
	notes, err := cmd.StderrPipe()
	fatal(t, err)
	fatal(t, cmd.Start())
	lines := bufio.NewReader(notes)
	if first, err := lines.ReadString('\n'); err != nil || !strings.Contains(first, "waiting for a card") {
		t.Fatalf("first line %q, %v", first, err)
	}
	end = func(t *testing.T) result {
		t.Helper()
		rest, err := io.ReadAll(lines)
		fatal(t, err)
		_ = cmd.Wait() // its code is looked at
		return result{code: cmd.ProcessState.ExitCode(), err: string(rest)}
	}
	return end, func() { fatal(t, cmd.Process.Signal(syscall.SIGINT)) }
}

// plugScanner serves a scanner that has a code before it.
func plugScanner(t *testing.T, c sim.ScannerConfig) (*sim.Scanner, *sim.PTY) {
	t.Helper()
	s := sim.NewScanner(c)
	return s, serve(t, s.Run)
}

// scanning starts scan, waits until it listens, and holds a code up.
func scanning(t *testing.T, device *sim.Scanner, line *sim.PTY, code []byte, fault sim.ScanFault, args ...string) result {
	t.Helper()
	cmd := program(t, append([]string{"scan", "--port", line.Path()}, args...)...)
	var out bytes.Buffer
	cmd.Stdout = &out
	notes, err := cmd.StderrPipe()
	fatal(t, err)
	fatal(t, cmd.Start())
	lines := bufio.NewReader(notes)
	first, err := lines.ReadString('\n')
	fatal(t, err)
	fatal(t, device.Show(code, fault))
	rest, err := io.ReadAll(lines)
	fatal(t, err)
	_ = cmd.Wait() // its code is looked at
	return result{cmd.ProcessState.ExitCode(), out.String(), first + string(rest)}
}

func TestEveryCodeIsScanned(t *testing.T) {
	for _, s := range scannertest.Samples() {
		t.Run(s.Name, func(t *testing.T) {
			profile := "auto"
			if s.Kind == scanner.Suishenma {
				profile = "packet"
			}
			device, line := plugScanner(t, sim.ScannerConfig{Packets: profile == "packet"})
			r := scanning(t, device, line, s.Raw, "", "--profile", profile, "--json")
			r.want(t, exitOK, "profile "+profile, "waiting for a code")
			var got scanner.Record
			if err := json.Unmarshal([]byte(r.out), &got); err != nil || !reflect.DeepEqual(got, scanner.Parse(s.Raw).Record()) {
				t.Errorf("%v: %s", err, r)
			}
		})
	}
}

func TestScanShowsNothingUnasked(t *testing.T) {
	for _, name := range []string{"slip", "suishenma", "suishenma_binary", "credit_code_labelled"} {
		s := scannertest.Get(name)
		device, line := plugScanner(t, sim.ScannerConfig{})
		masked := scanning(t, device, line, s.Raw, "")
		shown := scanning(t, device, line, s.Raw, "", "--show")
		masked.want(t, exitOK, string(s.Kind), "****")
		record := scanner.Parse(s.Raw).Record()
		holds := cmp.Or(record.Text, record.Hex)
		for _, part := range []string{holds, s.Number, s.Query, s.CreditCode} {
			if part == "" {
				continue
			}
			if strings.Contains(masked.out+masked.err, part) {
				t.Errorf("%s shows what it holds unasked", name)
			}
			if !strings.Contains(shown.out, part) {
				t.Errorf("%s does not show what it holds when asked", name)
			}
		}
	}
}

func TestScannerThatDoesNotServe(t *testing.T) {
	device, line := plugScanner(t, sim.ScannerConfig{})
	execute(t, "scan", "--port", line.Path(), "--timeout", "1ms").want(t, exitNotReady, "no code came within 1ms", "try: hold a code")
	scanning(t, device, line, scannertest.Get("slip").Raw, sim.ScanGarbage).want(t, exitOK, "another --baud")
	// What it sends of the slip itself comes after the program has ended.
	device, line = plugScanner(t, sim.ScannerConfig{})
	scanning(t, device, line, scannertest.Get("slip").Raw, sim.ScanTorn, "--profile", "crlf").want(t, exitNotReady, "code cannot be read", "broken off after", "try: hold it up again")
	call(t, "scan", "--config", newTerminal(t, "").config).want(t, exitDevice, "there is none in the configuration", "try: name its port")
}

func TestPlugPulledWhileWaiting(t *testing.T) {
	_, line := plugReader(t, "")
	end, _ := waiting(t, line)
	fatal(t, line.Close())
	end(t).want(t, exitDevice, "device unplugged")
}

func TestCtrlCEndsTheWait(t *testing.T) {
	_, line := plugReader(t, "")
	end, interrupt := waiting(t, line)
	interrupt()
	if r := end(t); r.code != exitInterrupted || r.err != "interrupted\n" {
		t.Errorf("after Ctrl-C: %s", r)
	}
}

// TestTakenPortIsLeftAlone: also as root, whom the kernel would let in.
func TestTakenPortIsLeftAlone(t *testing.T) {
	_, line := plugReader(t, "resident_plain")
	fd, err := unix.Open(line.Path(), unix.O_RDWR|unix.O_NOCTTY, 0)
	fatal(t, err)
	defer func() { fatal(t, unix.Close(fd)) }()
	fatal(t, unix.IoctlSetInt(fd, unix.TIOCEXCL, 0))
	execute(t, "read-card", "--port", line.Path()).want(t, exitDevice, "another program has the port open", "try: end the kiosk program first")
	fatal(t, unix.IoctlSetInt(fd, unix.TIOCNXCL, 0))
	execute(t, "read-card", "--port", line.Path()).want(t, exitOK, "resident")
}

func TestPrintSaysWhatIsProved(t *testing.T) {
	notice := filepath.Join(t.TempDir(), "notice.txt")
	fatal(t, os.WriteFile(notice, []byte("今日停电通知\n\tRoom 3, 14:00\n"), 0o600))
	for level, says := range map[int]string{1: "sent: ", 2: "processed: ", 4: "printed: "} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			device, line := plugPrinter(t, sim.PrinterConfig{Level: level})
			execute(t, "print", "--port", line.Path(), notice).want(t, exitOK, says)
			for _, want := range []string{"今日停电通知", "    Room 3, 14:00"} {
				if level > 1 && !strings.Contains(device.Text(), want) { // below, nobody can tell the printer's font
					t.Errorf("no %q on the paper:\n%s", want, device.Text())
				}
			}
		})
	}
}

func TestPrinterThatIsNotReady(t *testing.T) {
	for name, tt := range map[string]struct {
		harm func(*sim.Printer)
		code int
		says []string
	}{
		"off":        {func(p *sim.Printer) { p.SetPower(false) }, exitDevice, []string{"printer does not answer", "try: check the device's power"}},
		"paper out":  {func(p *sim.Printer) { p.SetPaper(sim.PaperOut) }, exitNotReady, []string{"paper out", "try: put the printer in order"}},
		"cover open": {func(p *sim.Printer) { p.SetCover(true) }, exitNotReady, []string{"cover open"}},
		"paper ends": {func(p *sim.Printer) { p.PaperOutAt(300) }, exitNotReady, []string{"paper out"}},
	} {
		t.Run(name, func(t *testing.T) {
			device, line := plugPrinter(t, sim.PrinterConfig{})
			tt.harm(device)
			execute(t, "print-test", "--port", line.Path()).want(t, tt.code, append(tt.says, "not sent: no valid slip came out")...)
		})
	}
}

func TestPrintTestShowsAll(t *testing.T) {
	device, line := plugPrinter(t, sim.PrinterConfig{})
	r := execute(t, "print-test", "--port", line.Path())
	r.want(t, exitOK, "printed: the printer confirmed", "SIM-80", "level 4")
	for _, want := range []string{"打印测试", "Printer test", "0123456789", "[QR leye printer test ", "䶮", line.Path(), strings.Repeat("-", 48), "\n" + ruler(48) + "\n"} {
		if !strings.Contains(device.Text(), want) {
			t.Errorf("no %q on the slip:\n%s", want, device.Text())
		}
	}
	if device.State().Slips != 1 {
		t.Errorf("%d slips were cut off", device.State().Slips)
	}
}

func TestTestSlipIsAsDrawn(t *testing.T) {
	at := time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC)
	for _, columns := range []int{32, 48} {
		p := config.Printer{Serial: config.Serial{Port: "/dev/leye-printer", Driver: "bugst", Baud: 115200}, Columns: columns, Font: "auto"}
		got := printertest.Text(testSlip(p, at, ""), columns)
		file := filepath.Join("testdata", fmt.Sprintf("slip%d.txt", columns))
		if *update {
			fatal(t, os.WriteFile(file, []byte(got), 0o600))
		}
		want, err := os.ReadFile(file)
		fatal(t, err)
		if got != string(want) {
			t.Errorf("slip of %d columns:\n%s\nwant\n%s", columns, got, want)
		}
	}
}

func TestTextThatCannotBePrinted(t *testing.T) {
	for text, says := range map[string]string{
		"a\nb\xFF\n":                         "-:2: not UTF-8",
		" \n\n":                              "- is empty",
		strings.Repeat("字", longestText/3+1): "longer than 65536 bytes",
	} {
		callIn(t, strings.NewReader(text), "print", "--port", "x", "-").want(t, exitFailed, says)
	}
}
