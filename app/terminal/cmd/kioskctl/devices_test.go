package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"leye/app/terminal/internal/config"
	"leye/devices/ports"
	"leye/devices/sim"
)

func TestDevicesFindsTheReaderAndItsRate(t *testing.T) {
	line := serve(t, sim.NewReader(sim.ReaderConfig{Baud: 38400}).Run)
	r := call(t, "devices", "--ask", line.Path())
	r.want(t, exitOK, "card reader 05.01-20260101-0000012345-0123456789 answers at 38400 bit/s", fmt.Sprintf("port = %q", line.Path()), "baud = 38400")
	// What is printed is a configuration.
	_, toml, _ := strings.Cut(r.out, "bit/s:\n")
	cfg := config.Default()
	if err := cfg.Merge("printed", []byte(toml)); err != nil || cfg.Reader.Port != line.Path() || cfg.Reader.Baud != 38400 {
		t.Errorf("%+v, %v", cfg.Reader, err)
	}
}

// TestNothingIsWrittenToADeviceThatIsNotOurs names the printer's port by another
// name, and lists without being asked to ask.
func TestNothingIsWrittenToADeviceThatIsNotOurs(t *testing.T) {
	line, err := sim.OpenPTY()
	fatal(t, err)
	defer line.Close()
	dir := t.TempDir()
	link := filepath.Join(dir, "printer")
	fatal(t, os.Symlink(line.Path(), link))
	file := filepath.Join(dir, "kiosk.toml")
	fatal(t, os.WriteFile(file, fmt.Appendf(nil, "[reader]\nport = %q\n[printer]\nport = %q\n", filepath.Join(dir, "none"), link), 0o600))
	heard := make(chan int, 1)
	go func() {
		n, _ := line.Read(make([]byte, 64)) // until the end of the test
		heard <- n
	}()
	call(t, "devices", "--config", file, "--ask", line.Path()).want(t, exitNotReady, "not asked: "+line.Path()+" is the printer", "no port was asked")
	call(t, "devices", "--config", file, line.Path()).want(t, exitOK, "printer")
	call(t, "devices", "--config", file).want(t, exitOK)
	call(t, "devices", "--config", file, "--ask").want(t, exitNotReady, "none answers")
	fatal(t, line.Close())
	if n := <-heard; n > 0 {
		t.Errorf("%d bytes were written to the printer", n)
	}
}

func TestDevicesShowsTheNameThatStays(t *testing.T) {
	p := ports.Port{Path: "/dev/ttyUSB7", ByPath: "/dev/serial/by-path/pci-usb-0:2", Vendor: "1a86", Product: "7523", Serial: "A5", Name: "QinHeng"}
	cfg := config.Default()
	cfg.Reader.Port = "/dev/ttyUSB7"
	var out strings.Builder
	fatal(t, listing{cfg, chosenPorts([]ports.Port{p, {Path: "/dev/ttyS0"}}, []string{"1a86:*", "A5"})}.print(&out))
	if got := strings.Fields(strings.Split(out.String(), "\n")[1]); strings.Join(got, " ") != "/dev/ttyUSB7 1a86:7523 QinHeng A5 reader "+p.ByPath {
		t.Errorf("%q", out.String())
	}
	if strings.Contains(out.String(), "ttyS0") {
		t.Error("a port that no pattern names is listed")
	}
}

// TestAReaderIsFoundByTheNameThatStays reads over a link as udev makes it.
func TestAReaderIsFoundByTheNameThatStays(t *testing.T) {
	reader := sim.NewReader(sim.ReaderConfig{Find: time.Millisecond, Select: time.Millisecond, Read: time.Millisecond})
	fatal(t, reader.Lay("resident_plain"))
	line := serve(t, reader.Run)
	link := filepath.Join(t.TempDir(), "pci-0000:00:14.0-usb-0:2:1.0-port0")
	fatal(t, os.Symlink(line.Path(), link))
	file := filepath.Join(t.TempDir(), "kiosk.toml")
	fatal(t, os.WriteFile(file, fmt.Appendf(nil, "[reader]\nport = %q\n", link), 0o600))
	call(t, "read-card", "--config", file).want(t, exitOK, "resident", link)
}
