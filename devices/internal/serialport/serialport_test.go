package serialport

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
)

var drivers = []string{DriverBugst, DriverTarm}

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

func eachDriver(t *testing.T, f func(t *testing.T, l line, p *Port)) {
	for _, d := range drivers {
		t.Run(d, func(t *testing.T) {
			l := newLine(t)
			p, err := Open(Config{Path: l.path, Driver: d})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { p.Close() })
			f(t, l, p)
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

func readN(t *testing.T, p *Port, n int) []byte {
	t.Helper()
	ctx := within(t, 10*time.Second)
	var got []byte
	buf := make([]byte, 64)
	for len(got) < n {
		k, err := p.Read(ctx, buf)
		if err != nil {
			t.Fatalf("after %d of %d bytes: %v", len(got), n, err)
		}
		got = append(got, buf[:k]...)
	}
	return got
}

// everyByte holds all values: a line discipline left on would change some of
// them (CR, XON, EOF, ...).
func everyByte() []byte {
	b := make([]byte, 256)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}

func TestBytesPassUnchanged(t *testing.T) {
	eachDriver(t, func(t *testing.T, l line, p *Port) {
		want := everyByte()
		send(t, l.master, want)
		if got := readN(t, p, len(want)); !bytes.Equal(got, want) {
			t.Errorf("read % X", got)
		}
		send(t, p, want)
		got := make([]byte, len(want))
		if _, err := io.ReadFull(l.master, got); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("the device received % X", got)
		}
	})
}

func TestReadEndsWithItsContext(t *testing.T) {
	eachDriver(t, func(t *testing.T, l line, p *Port) {
		if _, err := p.Read(within(t, 30*time.Millisecond), make([]byte, 8)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("silent line: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			_, err := p.Read(ctx, make([]byte, 8))
			done <- err
		}()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
		send(t, l.master, []byte{7})
		if got := readN(t, p, 1); got[0] != 7 {
			t.Errorf("the port is unusable after a time-out: % X", got)
		}
	})
}

// A silent line must not look like a lost one, however long it lasts.
func TestSilenceIsNoHangUp(t *testing.T) {
	eachDriver(t, func(t *testing.T, _ line, p *Port) {
		if _, err := p.Read(within(t, 6*slice), make([]byte, 8)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

func TestUnplugged(t *testing.T) {
	eachDriver(t, func(t *testing.T, l line, p *Port) {
		l.unplug(t)
		for range 3 {
			if _, err := p.Read(within(t, 10*time.Second), make([]byte, 8)); !errors.Is(err, ErrUnplugged) {
				t.Errorf("read: %v", err)
			}
		}
		if _, err := p.Write([]byte{1}); !errors.Is(err, ErrUnplugged) {
			t.Errorf("write: %v", err)
		}
		if err := p.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
}

func TestUnpluggedWhileReading(t *testing.T) {
	eachDriver(t, func(t *testing.T, l line, p *Port) {
		done := make(chan error, 1)
		ctx := within(t, 10*time.Second)
		go func() {
			_, err := p.Read(ctx, make([]byte, 8))
			done <- err
		}()
		l.unplug(t)
		if err := <-done; !errors.Is(err, ErrUnplugged) {
			t.Errorf("got %v", err)
		}
	})
}

func TestCloseEndsABlockedRead(t *testing.T) {
	eachDriver(t, func(t *testing.T, _ line, p *Port) {
		done := make(chan error, 1)
		go func() {
			_, err := p.Read(t.Context(), make([]byte, 8))
			done <- err
		}()
		if err := p.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if err := <-done; !errors.Is(err, ErrClosed) {
			t.Errorf("read: %v", err)
		}
		if err := p.Close(); err != nil {
			t.Errorf("second close: %v", err)
		}
		if _, err := p.Write([]byte{1}); !errors.Is(err, ErrClosed) {
			t.Errorf("write: %v", err)
		}
		if err := p.Discard(); !errors.Is(err, ErrClosed) {
			t.Errorf("discard: %v", err)
		}
		if err := p.SetBaud(9600); !errors.Is(err, ErrClosed) {
			t.Errorf("set rate: %v", err)
		}
	})
}

func TestDiscardDropsInputAndKeepsOutput(t *testing.T) {
	eachDriver(t, func(t *testing.T, l line, p *Port) {
		send(t, p, []byte("out"))
		send(t, l.master, []byte("stale!"))
		readN(t, p, 1) // proves that the stale bytes have come through
		if err := p.Discard(); err != nil {
			t.Fatal(err)
		}
		send(t, l.master, []byte("fresh"))
		if got := readN(t, p, 5); string(got) != "fresh" {
			t.Errorf("read %q", got)
		}
		got := make([]byte, 3)
		if _, err := io.ReadFull(l.master, got); err != nil || string(got) != "out" {
			t.Errorf("the device received %q, %v", got, err)
		}
	})
}

func TestSetBaud(t *testing.T) {
	eachDriver(t, func(t *testing.T, l line, p *Port) {
		for _, baud := range []int{9600, 19200, 38400, 57600, 115200} {
			if err := p.SetBaud(baud); err != nil {
				t.Fatalf("%d: %v", baud, err)
			}
			send(t, l.master, []byte{byte(baud)})
			if got := readN(t, p, 1); got[0] != byte(baud) {
				t.Errorf("%d: read % X", baud, got)
			}
		}
	})
}

func TestOpenFaults(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "ttyNone")
	for _, d := range drivers {
		t.Run(d, func(t *testing.T) {
			_, err := Open(Config{Path: missing, Driver: d})
			if !errors.Is(err, fs.ErrNotExist) || bytes.Count([]byte(err.Error()), []byte(missing)) != 1 {
				t.Errorf("missing device: %v", err)
			}
			plain := filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(plain, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if p, err := Open(Config{Path: plain, Driver: d}); err == nil {
				p.Close()
				t.Error("a plain file was opened as a serial line")
			}
		})
	}
	if _, err := Open(Config{Path: missing, Driver: "other"}); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("unknown driver: %v", err)
	}
}

// A link stands for the device, as udev makes one: unplugging and plugging in is
// the same name pointing to another terminal.
func TestReopening(t *testing.T) {
	for _, d := range drivers {
		t.Run(d, func(t *testing.T) {
			link := filepath.Join(t.TempDir(), "reader")
			r := NewReopening(Config{Path: link, Driver: d})
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
				if _, err := r.Read(ctx, make([]byte, 8)); !errors.Is(err, ErrUnplugged) {
					t.Fatalf("round %d: read after the loss: %v", round, err)
				}
				if _, err := r.Write([]byte{1}); !errors.Is(err, ErrUnplugged) {
					t.Fatalf("round %d: write after the loss: %v", round, err)
				}
			}
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			if err := r.Ensure(ctx); !errors.Is(err, ErrClosed) {
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

func exchange(ctx context.Context, t *testing.T, r *Reopening, l line) {
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
			p, err := Open(Config{Path: s.Name(), Driver: d})
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
