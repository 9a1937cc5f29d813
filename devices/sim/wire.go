package sim

import (
	"io"
	"math/rand/v2"
	"sync"
	"time"
)

// bitsPerByte on the line: start, eight data bits, stop.
const bitsPerByte = 10

// Faults are what can be wrong with a line. The zero value is a good one.
type Faults struct {
	mu     sync.Mutex
	silent bool
	cut    bool
	noise  *rand.Rand
}

// Cut severs the line: nothing arrives in either direction, and no port notices.
func (f *Faults) Cut(on bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cut = on
}

func (f *Faults) isCut() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.cut
}

// Silence makes the device receive but not be heard.
func (f *Faults) Silence(on bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.silent = on
}

// Noise damages about one byte in twenty that the device sends; the same seed
// damages the same bytes. Seed 0 ends it.
func (f *Faults) Noise(seed uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.noise = nil
	if seed != 0 {
		f.noise = rand.New(rand.NewPCG(seed, 0))
	}
}

// Line says in a word how the line is: good, noisy, silent or cut.
func (f *Faults) Line() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.cut:
		return "cut"
	case f.silent:
		return "silent"
	case f.noise != nil:
		return "noisy"
	}
	return "good"
}

// spoil returns what of p is heard.
func (f *Faults) spoil(p []byte) []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.silent || f.cut {
		return nil
	}
	if f.noise == nil {
		return p
	}
	p = append([]byte(nil), p...)
	for i := range p {
		if f.noise.IntN(20) == 0 {
			p[i] ^= byte(1 + f.noise.IntN(255))
		}
	}
	return p
}

// A rated line knows the rate that its host has set, 0 when it has set none.
type rated interface{ Baud() int }

// wire is one line at its real pace: a byte is there when its stop bit is. A host at
// another rate hears and says nothing but rubbish.
type wire struct {
	io.ReadWriteCloser
	baud   int
	in     time.Time // when the last byte read was complete
	faults *Faults
}

func newWire(c io.ReadWriteCloser, baud int, faults *Faults) *wire {
	if baud == 0 {
		baud = 115200
	}
	return &wire{ReadWriteCloser: c, baud: baud, faults: faults}
}

func (w *wire) time(n int) time.Duration {
	return time.Duration(n) * bitsPerByte * time.Second / time.Duration(w.baud)
}

// garble spoils p in place when the host listens at another rate.
func (w *wire) garble(p []byte) {
	line, ok := w.ReadWriteCloser.(rated)
	if !ok {
		return
	}
	if host := line.Baud(); host == 0 || host == w.baud {
		return
	}
	for i := range p {
		p[i] = ^p[i] >> 1
	}
}

func (w *wire) Read(p []byte) (int, error) {
	n, err := w.ReadWriteCloser.Read(p)
	if now := time.Now(); w.in.Before(now) {
		w.in = now
	}
	w.in = w.in.Add(w.time(n))
	time.Sleep(time.Until(w.in))
	w.garble(p[:n])
	return n, err
}

// Write sends p in pieces of a few bytes, each after its time on the line.
func (w *wire) Write(p []byte) (int, error) {
	const piece = 16
	at := time.Now()
	for sent := 0; sent < len(p); {
		n := min(piece, len(p)-sent)
		at = at.Add(w.time(n))
		time.Sleep(time.Until(at))
		heard := append([]byte(nil), w.faults.spoil(p[sent:sent+n])...)
		w.garble(heard)
		if _, err := w.ReadWriteCloser.Write(heard); err != nil {
			return sent, err
		}
		sent += n
	}
	return len(p), nil
}
