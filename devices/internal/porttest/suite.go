package porttest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"time"

	"leye/devices/internal/serialport"
)

// Line is what drivers use of an open serial line.
type Line interface {
	Read(ctx context.Context, b []byte) (int, error)
	Write(b []byte) (int, error)
	Discard() error
	SetBaud(baud int) error
	Close() error
	String() string
}

// Rig is a line under test with the device at its other end.
type Rig struct {
	Line   Line
	Device io.ReadWriter
	Unplug func() error // the device goes away
}

// RunPort holds a serial line to its contract. Each case opens its own.
func RunPort(t *testing.T, open func(t *testing.T) Rig) {
	t.Helper()
	for _, c := range []struct {
		name string
		run  func(*testing.T, Rig)
	}{
		{"bytes pass unchanged both ways", passesBytes},
		{"reads and writes at the same time", fullDuplex},
		{"a short read leaves the rest", leavesTheRest},
		{"a read ends with its context", endsWithContext},
		{"a reader that comes late finds what arrived", comesLate},
		{"silence is no hang-up", staysInSilence},
		{"a device that is gone is unplugged", isUnplugged},
		{"a device that goes ends a blocked read", unpluggedWhileReading},
		{"close ends a blocked read and is final", closes},
		{"discard drops input and keeps output", discards},
		{"the rate can be changed", changesRate},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := open(t)
			c.run(t, r)
			if err := r.Line.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
		})
	}
}

// What must come has patience's time; stillness is longer than any time that a
// library sets on its line.
const (
	patience  = 10 * time.Second
	moment    = 30 * time.Millisecond
	stillness = 600 * time.Millisecond
)

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// says lets the device send b.
func (r Rig) says(t *testing.T, b []byte) {
	t.Helper()
	if _, err := r.Device.Write(b); err != nil {
		t.Fatal(err)
	}
}

// gets wants the next bytes on the line to be these.
func (r Rig) gets(t *testing.T, want []byte) {
	t.Helper()
	ctx := within(t, patience)
	var got []byte
	buf := make([]byte, 64)
	for len(got) < len(want) {
		n, err := r.Line.Read(ctx, buf[:min(len(buf), len(want)-len(got))])
		if err != nil {
			t.Fatalf("after %d of %d bytes: %v", len(got), len(want), err)
		}
		got = append(got, buf[:n]...)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("read % X, want % X", got, want)
	}
}

// hears wants the device to receive these bytes.
func (r Rig) hears(t *testing.T, want []byte) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(r.Device, got); err != nil || !bytes.Equal(got, want) {
		t.Errorf("the device received % X, %v; want % X", got, err, want)
	}
}

// everyByte holds all values: a line discipline left on would change some of them
// (CR, XON, EOF, ...).
func everyByte() []byte {
	b := make([]byte, 256)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}

func passesBytes(t *testing.T, r Rig) {
	if r.Line.String() == "" {
		t.Error("the line has no name")
	}
	r.says(t, everyByte())
	r.gets(t, everyByte())
	if n, err := r.Line.Write(everyByte()); n != 256 || err != nil {
		t.Errorf("wrote %d: %v", n, err)
	}
	r.hears(t, everyByte())
}

func fullDuplex(t *testing.T, r Rig) {
	var both sync.WaitGroup
	both.Go(func() {
		for range 20 {
			if _, err := r.Line.Write(everyByte()); err != nil {
				t.Error(err)
			}
			r.hears(t, everyByte())
		}
	})
	for range 20 {
		r.says(t, everyByte())
		r.gets(t, everyByte())
	}
	both.Wait()
}

func leavesTheRest(t *testing.T, r Rig) {
	r.says(t, []byte("abc"))
	for _, want := range []string{"a", "b", "c"} {
		r.gets(t, []byte(want))
	}
	if n, err := r.Line.Read(t.Context(), nil); n != 0 || err != nil {
		t.Errorf("read into nothing: %d, %v", n, err)
	}
}

// blocked reads in the background and tells how it ended.
func (r Rig) blocked(ctx context.Context) <-chan error {
	done := make(chan error, 1)
	go func() {
		_, err := r.Line.Read(ctx, make([]byte, 8))
		done <- err
	}()
	return done
}

func endsWithContext(t *testing.T, r Rig) {
	for _, ctx := range []context.Context{within(t, moment), serialport.Until(t.Context(), time.Now().Add(moment))} {
		if n, err := r.Line.Read(ctx, make([]byte, 8)); n != 0 || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("silent line: %d, %v", n, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := r.blocked(ctx)
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	r.says(t, []byte{7})
	r.gets(t, []byte{7})
}

func comesLate(t *testing.T, r Rig) {
	r.says(t, []byte("ab"))
	r.gets(t, []byte("a")) // so the other one lies there
	over, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	buf := make([]byte, 8)
	if n, err := r.Line.Read(over, buf); n != 1 || buf[0] != 'b' || err != nil {
		t.Errorf("after the deadline: %q, %v", buf[:n], err)
	}
	if n, err := r.Line.Read(over, buf); n != 0 || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("after the deadline, with nothing there: %d, %v", n, err)
	}
}

func staysInSilence(t *testing.T, r Rig) {
	if _, err := r.Line.Read(within(t, stillness), make([]byte, 8)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	r.says(t, []byte{7})
	r.gets(t, []byte{7})
}

func isUnplugged(t *testing.T, r Rig) {
	if err := r.Unplug(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if n, err := r.Line.Read(within(t, patience), make([]byte, 8)); n != 0 || !errors.Is(err, serialport.ErrUnplugged) {
			t.Errorf("read: %d, %v", n, err)
		}
	}
	if _, err := r.Line.Write([]byte{1}); !errors.Is(err, serialport.ErrUnplugged) {
		t.Errorf("write: %v", err)
	}
}

func unpluggedWhileReading(t *testing.T, r Rig) {
	done := r.blocked(within(t, patience))
	if err := r.Unplug(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, serialport.ErrUnplugged) {
		t.Errorf("got %v", err)
	}
}

func closes(t *testing.T, r Rig) {
	done := r.blocked(t.Context())
	for range 2 {
		if err := r.Line.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	_, writes := r.Line.Write([]byte{1})
	_, reads := r.Line.Read(t.Context(), make([]byte, 1))
	for what, err := range map[string]error{
		"blocked read": <-done, "read": reads, "write": writes,
		"discard": r.Line.Discard(), "set rate": r.Line.SetBaud(9600),
	} {
		if !errors.Is(err, serialport.ErrClosed) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func discards(t *testing.T, r Rig) {
	if _, err := r.Line.Write([]byte("out")); err != nil {
		t.Fatal(err)
	}
	r.says(t, []byte("stale!"))
	r.gets(t, []byte("s")) // proves that the stale bytes have come through
	if err := r.Line.Discard(); err != nil {
		t.Fatal(err)
	}
	r.says(t, []byte("fresh"))
	r.gets(t, []byte("fresh"))
	r.hears(t, []byte("out"))
}

func changesRate(t *testing.T, r Rig) {
	for _, baud := range []int{9600, 19200, 38400, 57600, 115200} {
		if err := r.Line.SetBaud(baud); err != nil {
			t.Fatalf("%d: %v", baud, err)
		}
		r.says(t, []byte{byte(baud)})
		r.gets(t, []byte{byte(baud)})
	}
}
