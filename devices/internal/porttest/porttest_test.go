package porttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// witness notes what a Port reports instead of failing.
type witness struct {
	testing.TB
	errors []string
}

func (w *witness) Error(args ...any) { w.errors = append(w.errors, fmt.Sprint(args...)) }

// fake is the device behind a Port in memory.
type fake struct {
	port  *Port
	heard chan []byte
	rest  []byte
}

func (f *fake) Write(b []byte) (int, error) {
	f.port.Arrive(b)
	return len(b), nil
}

func (f *fake) Read(b []byte) (int, error) {
	if len(f.rest) == 0 {
		f.rest = <-f.heard
	}
	n := copy(b, f.rest)
	f.rest = f.rest[n:]
	return n, nil
}

func TestMemoryKeepsTheContract(t *testing.T) {
	RunPort(t, func(t *testing.T) Rig {
		f := &fake{heard: make(chan []byte, 64)}
		f.port = Serve(t, func(written []byte) []Reply {
			f.heard <- written
			return nil
		})
		return Rig{Line: f.port, Device: f, Unplug: func() error {
			f.port.Unplug()
			return nil
		}}
	})
}

const script = `
# a find without a card, then one answer in two pieces
> AA 01
< 30ms 80 84

> AA 02
< 1s 90
< 90
`

func TestPlayback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		steps, err := Parse(strings.NewReader(script))
		if err != nil {
			t.Fatal(err)
		}
		p := New(t, steps...)
		begin := time.Now()
		write(t, p, 0xAA)
		write(t, p, 0x01)
		if got := read(t, p); !bytes.Equal(got, []byte{0x80, 0x84}) || time.Since(begin) != 30*time.Millisecond {
			t.Errorf("% X after %v", got, time.Since(begin))
		}
		write(t, p, 0xAA, 0x02)
		if got := append(read(t, p), read(t, p)...); !bytes.Equal(got, []byte{0x90, 0x90}) || time.Since(begin) != 1030*time.Millisecond {
			t.Errorf("% X after %v", got, time.Since(begin))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := p.Read(ctx, make([]byte, 1)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("after the script: %v", err)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
}

func write(t *testing.T, p *Port, b ...byte) {
	t.Helper()
	if _, err := p.Write(b); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, p *Port) []byte {
	t.Helper()
	b := make([]byte, 64)
	n, err := p.Read(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	return b[:n]
}

func TestFaultsOfTheDriverAreReported(t *testing.T) {
	one := Step{Want: []byte{1, 2}}
	tests := map[string][][]byte{
		"other bytes":   {{1, 3}},
		"left over":     {},
		"half a step":   {{1}},
		"one too many":  {{1, 2}, {1, 2}},
		"two in one go": {{1, 2, 1, 2}},
	}
	for name, writes := range tests {
		t.Run(name, func(t *testing.T) {
			w := &witness{TB: t}
			p := New(w, one)
			for _, b := range writes {
				_, _ = p.Write(b) // the port tells the test, not the driver
			}
			p.Close()
			if len(w.errors) != 1 {
				t.Errorf("reported %q, want one fault", w.errors)
			}
		})
	}
}

func TestUnpluggedAndDiscarded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := errors.New("gone")
		p := New(t, Step{Reply: []byte{9}}, Step{Want: []byte{1}, Reply: []byte{2}, Delay: time.Second, Err: gone}, Step{Want: []byte{3}, Reply: []byte{4}})
		if err := p.Discard(); err != nil {
			t.Fatal(err)
		}
		write(t, p, 1)
		if got := read(t, p); got[0] != 2 {
			t.Errorf("read % X, the discarded byte came back", got)
		}
		for range 2 {
			if _, err := p.Read(t.Context(), make([]byte, 1)); !errors.Is(err, gone) {
				t.Errorf("got %v", err)
			}
		}
		if err := p.Ensure(t.Context()); err != nil {
			t.Fatal(err)
		}
		write(t, p, 3)
		if got := read(t, p); got[0] != 4 {
			t.Errorf("read % X", got)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestRecordedIsPlayedBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		device := Serve(t, func(w []byte) []Reply { return []Reply{{Bytes: append(w, 0xFF), Delay: 20 * time.Millisecond}} })
		var paper bytes.Buffer
		r := Record(&paper, device)
		if _, err := r.Write([]byte{1}); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Read(t.Context(), make([]byte, 8)); err != nil {
			t.Fatal(err)
		}
		const want = "> 01\n< 20ms 01 FF\n"
		if paper.String() != want {
			t.Errorf("recorded %q, want %q", paper.String(), want)
		}
		if err := device.Close(); err != nil {
			t.Error(err)
		}
	})
}
