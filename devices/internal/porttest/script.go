package porttest

import (
	"bufio"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// Parse reads a script. Each line is empty, a comment after #, what the driver
// writes after >, or what the device sends after <, as hex bytes; a delay may stand
// before the bytes of the device:
//
//	# find, no card
//	> AA AA AA 96 69 00 03 20 01 22
//	< 30ms AA AA AA 96 69 00 04 00 00 80 84
func Parse(r io.Reader) ([]Step, error) {
	var steps []Step
	scan := bufio.NewScanner(r)
	for line := 1; scan.Scan(); line++ {
		text, _, _ := strings.Cut(scan.Text(), "#")
		words := strings.Fields(text)
		if len(words) == 0 {
			continue
		}
		step, err := parseLine(words)
		if err != nil {
			return nil, fmt.Errorf("read script: line %d: %w", line, err)
		}
		if last := len(steps) - 1; words[0] == "<" && last >= 0 && steps[last].Reply == nil {
			steps[last].Reply, steps[last].Delay = step.Reply, step.Delay
			continue
		}
		steps = append(steps, step)
	}
	if err := scan.Err(); err != nil {
		return nil, fmt.Errorf("read script: %w", err)
	}
	return steps, nil
}

func parseLine(words []string) (Step, error) {
	var s Step
	mark, words := words[0], words[1:]
	if mark == "<" && len(words) > 0 {
		if d, err := time.ParseDuration(words[0]); err == nil && strings.HasSuffix(words[0], "s") {
			s.Delay, words = d, words[1:]
		}
	}
	b, err := hex.DecodeString(strings.Join(words, ""))
	if err != nil {
		return s, err
	}
	if len(b) == 0 {
		return s, fmt.Errorf("no bytes after %s", mark)
	}
	switch mark {
	case ">":
		s.Want = b
	case "<":
		s.Reply = b
	default:
		return s, fmt.Errorf("line begins with %q, want > or <", mark)
	}
	return s, nil
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
