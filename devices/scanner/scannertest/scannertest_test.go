package scannertest_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"leye/devices/scanner"
	"leye/devices/scanner/scannertest"
)

func rig(s scanner.Scanner, m *scannertest.Scanner) scannertest.Rig {
	return scannertest.Rig{Scanner: s, Show: m.Show, ShowTorn: m.ShowTorn, Window: scanner.Window}
}

func TestMemoryKeepsTheContract(t *testing.T) {
	scannertest.RunScannerInBubble(t, func(*testing.T) scannertest.Rig {
		s := new(scannertest.Scanner)
		return rig(s, s)
	})
}

func TestSamplesAreApart(t *testing.T) {
	names, kinds := map[string]bool{}, map[scanner.Kind]bool{}
	for _, s := range scannertest.Samples() {
		for _, other := range scannertest.Samples() {
			if same := s.Differs(scanner.Parse(other.Raw)) == ""; same != (s.Name == other.Name) {
				t.Errorf("%s is taken for %s: %v", other.Name, s.Name, same)
			}
		}
		for i := 15; i < len(s.Raw); i += 16 {
			if s.Raw[i] == '\r' || s.Raw[i] == '\n' {
				t.Errorf("%s has a line end before a pause of the simulated line", s.Name)
			}
		}
		names[s.Name], kinds[s.Kind] = true, true
		if len(s.Raw) > scanner.MaxSize {
			t.Errorf("%s is too long", s.Name)
		}
	}
	if len(names) != len(scannertest.Samples()) || len(kinds) != 4 {
		t.Errorf("%d names, %d kinds", len(names), len(kinds))
	}
	for _, b := range []byte{0, '\r', '\n', 0x11, 0x13} {
		if !bytes.Contains(scannertest.Get("suishenma_binary").Raw, []byte{b}) {
			t.Errorf("the binary code does not hold %02X", b)
		}
	}
}

func TestFaultOfTheDevicePasses(t *testing.T) {
	var s scannertest.Scanner
	var told []scanner.Progress
	s.SetProgress(func(p scanner.Progress) { told = append(told, p) })
	pulled := errors.New("pulled out")
	s.Fail(pulled)
	if _, err := s.Scan(t.Context()); !errors.Is(err, pulled) {
		t.Errorf("scan: %v", err)
	}
	s.Show(scannertest.Get("slip").Raw)
	if _, err := s.Scan(t.Context()); err != nil {
		t.Errorf("scan: %v", err)
	}
	if want := []scanner.Progress{scanner.Offline, scanner.Receiving, scanner.Waiting}; !slices.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
}

// broken are scanners that each break one promise.
var broken = map[string]func(*scannertest.Scanner) scanner.Scanner{
	"cuts at a line end": func(s *scannertest.Scanner) scanner.Scanner { return cuts{s} },
	"drops control":      func(s *scannertest.Scanner) scanner.Scanner { return drops{s} },
	"deaf to context":    func(s *scannertest.Scanner) scanner.Scanner { return deaf{s} },
	"silent about state": func(s *scannertest.Scanner) scanner.Scanner { return silent{s} },
	"never the same":     func(s *scannertest.Scanner) scanner.Scanner { return &never{Scanner: s} },
	"hides what is torn": func(s *scannertest.Scanner) scanner.Scanner { return hides{s} },
}

type (
	cuts   struct{ *scannertest.Scanner }
	drops  struct{ *scannertest.Scanner }
	deaf   struct{ *scannertest.Scanner }
	silent struct{ *scannertest.Scanner }
	hides  struct{ *scannertest.Scanner }
	never  struct {
		*scannertest.Scanner
		seen [][]byte
	}
)

func (s cuts) Scan(ctx context.Context) (scanner.Code, error) {
	c, err := s.Scanner.Scan(ctx)
	raw, _, _ := bytes.Cut(c.Raw, []byte("\r"))
	return scanner.Parse(raw), err
}

func (s drops) Scan(ctx context.Context) (scanner.Code, error) {
	c, err := s.Scanner.Scan(ctx)
	return scanner.Parse(bytes.ReplaceAll(c.Raw, []byte{0}, nil)), err
}

func (s deaf) Scan(ctx context.Context) (scanner.Code, error) {
	c, err := s.Scanner.Scan(ctx)
	if ctx.Err() != nil {
		err = nil
	}
	return c, err
}

func (silent) SetProgress(func(scanner.Progress)) {}

func (s hides) Scan(ctx context.Context) (scanner.Code, error) {
	for {
		if c, err := s.Scanner.Scan(ctx); !errors.Is(err, scanner.ErrUnreadable) {
			return c, err
		}
	}
}

func (s *never) Scan(ctx context.Context) (scanner.Code, error) {
	for {
		c, err := s.Scanner.Scan(ctx)
		known := slices.ContainsFunc(s.seen, func(raw []byte) bool { return bytes.Equal(raw, c.Raw) })
		if err != nil || !known {
			s.seen = append(s.seen, c.Raw)
			return c, err
		}
	}
}

const brokenScanner = "LEYE_BROKEN_SCANNER"

// TestSuiteFindsBrokenScanners runs the suite on each of them in a process of its
// own, which must fail.
func TestSuiteFindsBrokenScanners(t *testing.T) {
	if name := os.Getenv(brokenScanner); name != "" {
		scannertest.RunScannerInBubble(t, func(*testing.T) scannertest.Rig {
			s := new(scannertest.Scanner)
			return rig(broken[name](s), s)
		})
		return
	}
	for name := range broken {
		self := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSuiteFindsBrokenScanners$")
		self.Env = append(os.Environ(), brokenScanner+"="+name)
		if out, err := self.CombinedOutput(); err == nil || !strings.Contains(string(out), "--- FAIL: TestSuiteFindsBrokenScanners/") {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}
