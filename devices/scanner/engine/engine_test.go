package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"rsc.io/qr"

	"leye/devices/internal/porttest"
	"leye/devices/internal/serialport"
	"leye/devices/scanner"
	"leye/devices/scanner/scannertest"
	"leye/devices/sim"
)

// cord is a line in memory that is always there.
type cord struct{ *sim.Cable }

func (cord) Ensure(ctx context.Context) error { return ctx.Err() }
func (cord) Drop() error                      { return nil }
func (cord) String() string                   { return "test cord" }

// onCord joins driver and simulated scanner.
func onCord(t *testing.T, device *sim.Scanner, c Config) *Scanner {
	t.Helper()
	cable := sim.NewCable()
	s, err := newScanner(cord{cable}, c)
	if err != nil {
		t.Fatal(err)
	}
	var run sync.WaitGroup
	run.Go(func() { _ = device.Run(context.Background(), cable.Device()) })
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		run.Wait()
	})
	return s
}

func rig(t *testing.T, s *Scanner, device *sim.Scanner, window time.Duration) scannertest.Rig {
	t.Helper()
	if err := s.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	show := func(raw []byte, fault sim.ScanFault) {
		if err := device.Show(raw, fault); err != nil {
			t.Error(err)
		}
	}
	torn := func() { show(scannertest.Get("slip").Raw, sim.ScanTorn) }
	if s.split.bare { // what has no end is a code; only too much is none
		torn = func() { show(bytes.Repeat([]byte("x"), scanner.MaxSize+10), "") }
	}
	return scannertest.Rig{Scanner: s, Show: func(raw []byte) { show(raw, "") }, ShowTorn: torn, Window: window}
}

func TestContractOnASimulatedClock(t *testing.T) {
	for _, name := range Profiles() {
		for _, baud := range []int{9600, 115200} {
			t.Run(fmt.Sprint(name, " ", baud), func(t *testing.T) {
				scannertest.RunScannerInBubble(t, func(t *testing.T) scannertest.Rig {
					device := sim.NewScanner(sim.ScannerConfig{Baud: baud, Packets: name == "packet"})
					return rig(t, onCord(t, device, Config{Profile: name}), device, scanner.Window)
				})
			})
		}
	}
}

func TestContractOverPseudoTerminals(t *testing.T) {
	for _, c := range []Config{
		{Driver: serialport.DriverBugst, Profile: "auto"},
		{Driver: serialport.DriverTarm, Profile: "crlf"},
	} {
		t.Run(c.Driver+" "+c.Profile, func(t *testing.T) {
			t.Parallel()
			scannertest.RunScanner(t, func(t *testing.T) scannertest.Rig {
				device := sim.NewScanner(sim.ScannerConfig{Decode: 150 * time.Millisecond})
				c := c
				c.Port = plug(t, device).Path()
				passed := new(atomic.Int64)
				c.Now = func() time.Time { return time.Unix(0, passed.Load()) }
				s, err := Open(c)
				if err != nil {
					t.Fatal(err)
				}
				r := rig(t, s, device, scanner.Window)
				r.Loose, r.Pass = true, func(d time.Duration) { passed.Add(int64(d)) }
				return r
			})
		})
	}
}

// plug gives the simulated scanner a pseudo terminal.
func plug(t *testing.T, device *sim.Scanner) *sim.PTY {
	t.Helper()
	pty, err := sim.OpenPTY()
	if err != nil {
		t.Skip(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var run sync.WaitGroup
	run.Go(func() { _ = device.Run(ctx, pty) })
	t.Cleanup(func() {
		cancel()
		run.Wait()
	})
	return pty
}

// TestRealScanner holds a device on the desk to the same contract. It draws each
// code for a person to hold before the scanner; run it with -v.
func TestRealScanner(t *testing.T) {
	port := os.Getenv("KIOSK_SCANNER_PORT")
	if port == "" {
		t.Skip("KIOSK_SCANNER_PORT names no scanner")
	}
	scannertest.RunScanner(t, func(t *testing.T) scannertest.Rig {
		s, err := Open(Config{Port: port, Profile: os.Getenv("KIOSK_SCANNER_PROFILE")})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		return scannertest.Rig{Scanner: s, Show: draw, Window: scanner.Window, Hand: true, TextOnly: true}
	})
}

// draw draws a code with two squares in each character, dark on light.
func draw(raw []byte) {
	code, err := qr.Encode(string(raw), qr.L)
	if err != nil {
		panic(err)
	}
	var b strings.Builder
	for y := -4; y < code.Size+4; y += 2 {
		b.WriteString("\x1b[30;107m")
		for x := -4; x < code.Size+4; x++ {
			switch up, down := code.Black(x, y), code.Black(x, y+1); {
			case up && down:
				b.WriteString("█")
			case up:
				b.WriteString("▀")
			case down:
				b.WriteString("▄")
			default:
				b.WriteByte(' ')
			}
		}
		b.WriteString("\x1b[0m\n")
	}
	fmt.Printf("Hold this code before the scanner:\n%s", b.String())
}

// TestPlayback plays what scanners send, as written down in testdata. Behind each
// name of a sample stands what a Scan must give.
func TestPlayback(t *testing.T) {
	for name, want := range map[string][]string{
		"crlf":   {"slip", "slip_saved", "credit_code", "unreadable", "other_binary"},
		"auto":   {"slip", "slip_saved", "credit_code", "other_binary"},
		"packet": {"slip", "slip_saved", "credit_code", "unreadable", "other_binary"},
	} {
		t.Run(name, func(t *testing.T) {
			script, err := os.ReadFile(filepath.Join("testdata", name+".txt"))
			if err != nil {
				t.Fatal(err)
			}
			steps, err := porttest.Parse(bytes.NewReader(script))
			if err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) { play(t, name, steps, want) })
		})
	}
}

func play(t *testing.T, name string, steps []porttest.Step, want []string) {
	t.Helper()
	s, err := newScanner(porttest.New(t, steps...), Config{Profile: name})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, sample := range want {
		c, err := s.Scan(ctx)
		if sample == "unreadable" {
			if !errors.Is(err, scanner.ErrUnreadable) {
				t.Errorf("%s: %v, %v", sample, c, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v", sample, err)
		}
		if difference := scannertest.Get(sample).Differs(c); difference != "" {
			t.Errorf("%s: %s", sample, difference)
		}
	}
	if c, err := s.Scan(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("after the script: %v, %v", c, err)
	}
}

func TestFaultsOfTheLine(t *testing.T) {
	for _, name := range Profiles() {
		for _, fault := range sim.ScanFaults() {
			for _, sample := range []string{"slip", "suishenma_binary"} {
				t.Run(fmt.Sprint(name, " ", fault, " ", sample), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { disturb(t, name, fault, scannertest.Get(sample)) })
				})
			}
		}
	}
}

// disturb shows a code with a fault, then another one without.
func disturb(t *testing.T, profile string, fault sim.ScanFault, sample scannertest.Sample) {
	t.Helper()
	device := sim.NewScanner(sim.ScannerConfig{Packets: profile == "packet"})
	s := onCord(t, device, Config{Profile: profile})
	if err := s.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	next := scannertest.Get("credit_code")
	if err := device.Show(sample.Raw, fault); err != nil {
		t.Fatal(err)
	}
	var got []string
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	time.AfterFunc(10*time.Second, func() { _ = device.Show(next.Raw, "") })
	for len(got) < 9 {
		c, err := s.Scan(ctx)
		switch {
		case errors.Is(err, scanner.ErrUnreadable):
			got = append(got, "unreadable")
		case err != nil:
			t.Fatalf("after %v: %v", got, err)
		case sample.Differs(c) == "":
			got = append(got, "sample")
		case next.Differs(c) == "":
			if want := expected(profile, fault); !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
			return
		default:
			got = append(got, "something else")
		}
	}
	t.Errorf("got %v", got)
}

// expected is what a fault makes of a code. Without marks of its own, "auto" cannot
// tell half a code from a whole one.
func expected(profile string, fault sim.ScanFault) []string {
	switch {
	case fault == sim.ScanTorn && profile == "auto":
		return []string{"something else"}
	case fault == sim.ScanTorn:
		return []string{"unreadable"}
	case fault == sim.ScanGarbage && profile == "auto":
		return []string{"something else", "sample"}
	case fault == sim.ScanGarbage:
		return []string{"unreadable", "sample"}
	}
	return []string{"sample"}
}

// TestScannerIsPulledAndPluggedIn follows a link, as udev makes it, to one pseudo
// terminal after another.
func TestScannerIsPulledAndPluggedIn(t *testing.T) {
	for _, driver := range []string{serialport.DriverBugst, serialport.DriverTarm} {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			link := filepath.Join(t.TempDir(), "scanner")
			s, err := Open(Config{Port: link, Driver: driver})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			var mu sync.Mutex
			var told []scanner.Progress
			s.SetProgress(func(p scanner.Progress) {
				mu.Lock()
				defer mu.Unlock()
				told = append(told, p)
			})
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if c, err := s.Scan(ctx); !errors.Is(err, fs.ErrNotExist) {
				t.Fatalf("before it is plugged in: %v, %v", c, err)
			}
			for _, name := range []string{"slip", "suishenma_binary"} {
				device := sim.NewScanner(sim.ScannerConfig{})
				pty := plug(t, device)
				os.Remove(link)
				if err := os.Symlink(pty.Path(), link); err != nil {
					t.Fatal(err)
				}
				if err := s.Ready(ctx); err != nil {
					t.Fatal(err)
				}
				if err := device.Show(scannertest.Get(name).Raw, ""); err != nil {
					t.Fatal(err)
				}
				if c, err := s.Scan(ctx); err != nil || scannertest.Get(name).Differs(c) != "" {
					t.Errorf("%s: %v, %v", name, c, err)
				}
				if err := pty.Close(); err != nil {
					t.Fatal(err)
				}
				if c, err := s.Scan(ctx); !errors.Is(err, serialport.ErrUnplugged) {
					t.Errorf("pulled: %v, %v", c, err)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			round := []scanner.Progress{scanner.Offline, scanner.Waiting, scanner.Receiving, scanner.Waiting}
			if want := append(append(slices.Clone(round), round...), scanner.Offline); !slices.Equal(told, want) {
				t.Errorf("told %v, want %v", told, want)
			}
		})
	}
}

func TestWhatCameBeforeItListensIsNobodys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		port := porttest.Serve(t, func([]byte) []porttest.Reply { return nil })
		port.Arrive([]byte("LEYE:000-417-261124-0001-5:402913\r\n"))
		s, err := newScanner(port, Config{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		time.AfterFunc(time.Second, func() { port.Arrive([]byte("LEYE:PT01-1124-0007-3:\r\n")) })
		if c, err := s.Scan(ctx); err != nil || scannertest.Get("slip_saved").Differs(c) != "" {
			t.Errorf("%v, %v", c, err)
		}
		port.Unplug()
		if c, err := s.Scan(ctx); !errors.Is(err, serialport.ErrUnplugged) || s.shown != scanner.Offline {
			t.Errorf("pulled: %v, %v", c, err)
		}
		time.AfterFunc(time.Second, func() { port.Arrive([]byte("91310107MA1G00000Q\r\n")) })
		if c, err := s.Scan(ctx); err != nil || scannertest.Get("credit_code").Differs(c) != "" || port.Opened() != 2 {
			t.Errorf("plugged in: %v, %v", c, err)
		}
	})
}

func TestWindowGoesByTheGivenClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
		port := porttest.Serve(t, func([]byte) []porttest.Reply { return nil })
		s, err := newScanner(port, Config{Now: func() time.Time { return now }, Window: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		scan := func() error {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			port.Arrive([]byte("91310107MA1G00000Q\r\n"))
			_, err := s.Scan(ctx)
			return err
		}
		if err := s.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := scan(); err != nil {
			t.Error(err)
		}
		now = now.Add(59 * time.Second)
		if err := scan(); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("within the window: %v", err)
		}
		now = now.Add(time.Minute)
		if err := scan(); err != nil {
			t.Errorf("after the window: %v", err)
		}
	})
}

func TestTwoWhoScanShareTheCodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		device := sim.NewScanner(sim.ScannerConfig{})
		s := onCord(t, device, Config{})
		if err := s.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 2)
		for range 2 {
			go func() {
				_, err := s.Scan(t.Context())
				done <- err
			}()
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := s.Scan(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a third one: %v", err)
		}
		for _, name := range []string{"slip", "credit_code"} {
			if err := device.Show(scannertest.Get(name).Raw, ""); err != nil {
				t.Error(err)
			}
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	})
}

func TestOpenRefuses(t *testing.T) {
	for _, c := range []Config{{}, {Port: "x", Profile: "morse"}} {
		if _, err := Open(c); err == nil || !strings.HasPrefix(err.Error(), "open scanner: ") {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
