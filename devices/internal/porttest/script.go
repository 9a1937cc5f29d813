package porttest

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"leye/devices/internal/trace"
)

// Parse reads a script in the form of package trace.
func Parse(r io.Reader) ([]Step, error) {
	exchanges, err := trace.Parse(r)
	if err != nil {
		return nil, err
	}
	var steps []Step
	for _, e := range exchanges {
		steps = append(steps, Step{Want: e.Request, Reply: e.Answer, Delay: e.After})
	}
	return steps, nil
}

// ReadWriter is what Record needs of a port.
type ReadWriter interface {
	Read(ctx context.Context, b []byte) (int, error)
	Write(b []byte) (int, error)
}

// Recorder passes everything to a real port and writes it down as a script. Record
// only with synthetic cards: the script holds all that the device sent.
type Recorder struct {
	ReadWriter

	mu   sync.Mutex
	w    io.Writer
	last time.Time
}

// Record returns a Recorder that writes to w.
func Record(w io.Writer, l ReadWriter) *Recorder {
	return &Recorder{ReadWriter: l, w: w, last: time.Now()}
}

// Read reads from the port and writes down what came, and after how long.
func (r *Recorder) Read(ctx context.Context, b []byte) (int, error) {
	n, err := r.ReadWriter.Read(ctx, b)
	if n == 0 {
		return n, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	_, noteErr := fmt.Fprintf(r.w, "< %s % X\n", now.Sub(r.last).Round(time.Millisecond), b[:n])
	r.last = now
	if err == nil {
		err = noteErr
	}
	return n, err
}

// Write writes to the port and writes it down.
func (r *Recorder) Write(b []byte) (int, error) {
	n, err := r.ReadWriter.Write(b)
	if n == 0 {
		return n, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last = time.Now()
	if _, noteErr := fmt.Fprintf(r.w, "> % X\n", b[:n]); err == nil {
		err = noteErr
	}
	return n, err
}
