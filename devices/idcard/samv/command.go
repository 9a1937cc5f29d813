package samv

import (
	"context"
	"errors"
	"fmt"
	"time"

	"leye/devices/internal/frame"
)

// command is one request and what a fitting answer looks like: the exclusive-or
// has eight bits only, so the answer must also have the length that was asked for.
type command struct {
	name     string
	cmd      byte
	para     byte
	success  Status
	lengths  []int         // of the data; nil: any
	deadline time.Duration // for the first byte
}

// The commands that a kiosk needs (protocol sections 2 and 4.3).
var (
	reset      = command{"reset module", 0x10, 0xFF, StatusOK, []int{0}, 2 * time.Second}
	samStatus  = command{"ask module status", 0x11, 0xFF, StatusOK, []int{0}, 500 * time.Millisecond}
	samNumber  = command{"ask module number", 0x12, 0xFF, StatusOK, []int{16}, 500 * time.Millisecond}
	find       = command{"find card", 0x20, 0x01, StatusFound, []int{4}, time.Second}
	selectCard = command{"select card", 0x20, 0x02, StatusOK, []int{8}, 1500 * time.Millisecond}
	readBase   = command{"read card", 0x30, 0x01, StatusOK, []int{4 + textSize + photoSize}, 3 * time.Second}
	readExtra  = command{"read added information", 0x30, 0x03, StatusOK, nil, 1500 * time.Millisecond}
)

// errSilent reports an answer that did not come, or not whole, in its time.
var errSilent = errors.New("module does not answer")

// ask sends a request and returns the data of its answer. A request that the
// module received damaged is sent twice more.
func (r *Reader) ask(ctx context.Context, c command) ([]byte, error) {
	for try := 0; ; try++ {
		data, err := r.askOnce(ctx, c)
		var status *StatusError
		if try < 2 && errors.As(err, &status) && (status.Status == StatusBadChecksum || status.Status == StatusBadLength) {
			continue
		}
		if err == nil {
			r.silent = 0
		}
		return data, err
	}
}

func (r *Reader) askOnce(ctx context.Context, c command) ([]byte, error) {
	r.split.Reset()
	if err := r.line.Discard(); err != nil {
		return nil, fmt.Errorf("%s: %w", c.name, err)
	}
	if _, err := r.line.Write(frame.Append(nil, []byte{c.cmd, c.para})); err != nil {
		return nil, fmt.Errorf("%s: %w", c.name, err)
	}
	body, err := r.answer(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.name, err)
	}
	r.silent = 0
	if s := Status(body[2]); s != c.success {
		return nil, &StatusError{Command: c.name, Status: s, Card: [2]byte(body[:2])}
	}
	return body[3:], nil
}

// answer collects bytes until a frame that fits the request is whole.
func (r *Reader) answer(ctx context.Context, c command) ([]byte, error) {
	limit := time.Now().Add(c.deadline)
	rest := time.Duration(float64(restLimit) * r.slow)
	buf := make([]byte, 512)
	for first := true; ; {
		wait, cancel := context.WithDeadline(ctx, limit)
		n, err := r.line.Read(wait, buf)
		cancel()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if errors.Is(err, context.DeadlineExceeded) {
			return nil, fmt.Errorf("%w within %v (%d bytes came)", errSilent, c.deadline, r.split.Pending())
		}
		if err != nil {
			return nil, err
		}
		if first {
			first, limit = false, time.Now().Add(rest)
		}
		r.split.Feed(buf[:n])
		clear(buf[:n])
		if body, err := r.fitting(c); body != nil || err != nil {
			return body, err
		}
	}
}

// fitting returns the first held frame that can answer the request.
func (r *Reader) fitting(c command) ([]byte, error) {
	for {
		f, err := r.split.Next()
		if err != nil {
			return nil, err
		}
		if f == nil {
			return nil, nil
		}
		if body := frame.Body(f); c.fits(body) {
			return body, nil
		}
	}
}

func (c command) fits(body []byte) bool {
	if Status(body[2]) != c.success || c.lengths == nil {
		return true
	}
	for _, n := range c.lengths {
		if len(body)-3 == n {
			return true
		}
	}
	return false
}

// Module asks for the status and the number of the module, which names the
// reader and never a person.
func (r *Reader) Module(ctx context.Context) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.line.Ensure(ctx); err != nil {
		return "", fmt.Errorf("open card reader: %w", err)
	}
	if _, err := r.ask(ctx, samStatus); err != nil {
		return "", err
	}
	data, err := r.ask(ctx, samNumber)
	if err != nil {
		return "", err
	}
	return moduleNumber(data), nil
}

// askLocked is ask for callers outside a cycle.
func (r *Reader) askLocked(ctx context.Context, c command) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ask(ctx, c)
}
