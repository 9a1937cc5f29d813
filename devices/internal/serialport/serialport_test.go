package serialport_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/creack/pty"

	"leye/devices/internal/porttest"
	"leye/devices/internal/serialport"
)

var drivers = []string{serialport.DriverBugst, serialport.DriverTarm}

// line is a pseudo terminal: master plays the device, path is what is opened.
type line struct {
	master *os.File
	path   string
}

func newLine(t *testing.T) line {
	t.Helper()
	m, s, err := pty.Open()
	if err != nil {
		t.Skip("no pseudo terminals here:", err)
	}
	path := s.Name()
	t.Cleanup(func() { m.Close() })
	// Kept until the test's port is open: a master with no slave hangs up.
	t.Cleanup(func() { s.Close() })
	return line{m, path}
}

// unplug makes the peer go away. The slave kept by newLine does not matter: a
// hang-up is the master's end.
func (l line) unplug(t *testing.T) {
	t.Helper()
	if err := l.master.Close(); err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, l line, driver string) *serialport.Port {
	t.Helper()
	p, err := serialport.Open(serialport.Config{Path: l.path, Driver: driver})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// Both libraries keep the same contract on real terminals, directly and behind
// the line that re-opens itself.
func TestContractOverPseudoTerminals(t *testing.T) {
	for _, d := range drivers {
		t.Run(d, func(t *testing.T) {
			porttest.RunPort(t, func(t *testing.T) porttest.Rig {
				l := newLine(t)
				return porttest.Rig{Line: open(t, l, d), Device: l.master, Unplug: l.master.Close}
			})
		})
		t.Run(d+" re-opening", func(t *testing.T) {
			porttest.RunPort(t, func(t *testing.T) porttest.Rig {
				l := newLine(t)
				r := serialport.NewReopening(serialport.Config{Path: l.path, Driver: d})
				t.Cleanup(func() { r.Close() })
				if err := r.Ensure(t.Context()); err != nil {
					t.Fatal(err)
				}
				return porttest.Rig{Line: r, Device: l.master, Unplug: l.master.Close}
			})
		})
	}
}

func send(t *testing.T, w io.Writer, b []byte) {
	t.Helper()
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
}

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// TestALineIsHeldByOneProgram opens with each library what the other one holds,
// as root too, whom the kernel lets through TIOCEXCL.
func TestALineIsHeldByOneProgram(t *testing.T) {
	for _, first := range drivers {
		for _, second := range drivers {
			l := newLine(t)
			p, err := serialport.Open(serialport.Config{Path: l.path, Driver: first})
			if err != nil {
				t.Fatal(err)
			}
			if q, err := serialport.Open(serialport.Config{Path: l.path, Driver: second}); !errors.Is(err, serialport.ErrBusy) {
				t.Errorf("%s opened what %s holds: %v, %v", second, first, q, err)
			}
			if err := p.Close(); err != nil {
				t.Fatal(err)
			}
			q, err := serialport.Open(serialport.Config{Path: l.path, Driver: second})
			if err != nil {
				t.Fatalf("%s after %s: %v", second, first, err)
			}
			q.Close()
		}
	}
}

func TestOpenFaults(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "ttyNone")
	for _, d := range drivers {
		t.Run(d, func(t *testing.T) {
			_, err := serialport.Open(serialport.Config{Path: missing, Driver: d})
			if !errors.Is(err, fs.ErrNotExist) || bytes.Count([]byte(err.Error()), []byte(missing)) != 1 {
				t.Errorf("missing device: %v", err)
			}
			plain := filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(plain, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if p, err := serialport.Open(serialport.Config{Path: plain, Driver: d}); err == nil {
				p.Close()
				t.Error("a plain file was opened as a serial line")
			}
		})
	}
	if _, err := serialport.Open(serialport.Config{Path: missing, Driver: "other"}); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("unknown driver: %v", err)
	}
}

// A link stands for the device, as udev makes one: unplugging and plugging in is
// the same name pointing to another terminal.
func TestReopening(t *testing.T) {
	for _, d := range drivers {
		t.Run(d, func(t *testing.T) {
			link := filepath.Join(t.TempDir(), "reader")
			r := serialport.NewReopening(serialport.Config{Path: link, Driver: d})
			t.Cleanup(func() { r.Close() })
			ctx := within(t, 30*time.Second)

			if err := r.Ensure(ctx); !errors.Is(err, fs.ErrNotExist) {
				t.Fatalf("before it is plugged in: %v", err)
			}
			for round := range 2 {
				l := newLine(t)
				plugIn(t, l.path, link)
				if err := r.Ensure(ctx); err != nil {
					t.Fatalf("round %d: %v", round, err)
				}
				exchange(ctx, t, r, l)
				l.unplug(t)
				if _, err := r.Read(ctx, make([]byte, 8)); !errors.Is(err, serialport.ErrUnplugged) {
					t.Fatalf("round %d: read after the loss: %v", round, err)
				}
				if _, err := r.Write([]byte{1}); !errors.Is(err, serialport.ErrUnplugged) {
					t.Fatalf("round %d: write after the loss: %v", round, err)
				}
			}
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			if err := r.Ensure(ctx); !errors.Is(err, serialport.ErrClosed) {
				t.Errorf("after Close: %v", err)
			}
		})
	}
}

func plugIn(t *testing.T, device, link string) {
	t.Helper()
	os.Remove(link)
	if err := os.Symlink(device, link); err != nil {
		t.Fatal(err)
	}
}

func exchange(ctx context.Context, t *testing.T, r *serialport.Reopening, l line) {
	t.Helper()
	send(t, l.master, []byte{5})
	buf := make([]byte, 8)
	if n, err := r.Read(ctx, buf); err != nil || n != 1 || buf[0] != 5 {
		t.Fatalf("read %d bytes: %v", n, err)
	}
}

func BenchmarkEcho(b *testing.B) {
	for _, d := range drivers {
		b.Run(d, func(b *testing.B) {
			m, s, err := pty.Open()
			if err != nil {
				b.Skip(err)
			}
			defer m.Close()
			defer s.Close()
			p, err := serialport.Open(serialport.Config{Path: s.Name(), Driver: d})
			if err != nil {
				b.Fatal(err)
			}
			defer p.Close()
			buf := make([]byte, 3)
			for b.Loop() {
				if _, err := m.Write(buf); err != nil {
					b.Fatal(err)
				}
				if _, err := p.Read(b.Context(), buf); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
