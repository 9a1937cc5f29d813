package samv

import (
	"context"
	"errors"
	"fmt"
	"time"

	"leye/devices/internal/frame"
	"leye/devices/internal/serialport"
)

// command is one request and what a fitting answer looks like: the exclusive-or
// has eight bits only, so the answer must also have the length that was asked for.
type command struct {
	name    string
	cmd     byte
	para    byte
	success Status
	data    int           // bytes of data in a good answer, or anyData
	first   time.Duration // limit for its first byte
}

// anyData marks an answer whose length is not laid down; 280 bytes are the most
// that was ever allowed for.
const (
	anyData  = -1
	mostData = 280
)

// The commands that a kiosk needs (protocol sections 2 and 4.3).
var (
	reset      = command{"reset module", 0x10, 0xFF, StatusOK, 0, 2 * time.Second}
	samStatus  = command{"ask module status", 0x11, 0xFF, StatusOK, 0, 500 * time.Millisecond}
	samNumber  = command{"ask module number", 0x12, 0xFF, StatusOK, 16, 500 * time.Millisecond}
	find       = command{"find card", 0x20, 0x01, StatusFound, 4, time.Second}
	selectCard = command{"select card", 0x20, 0x02, StatusOK, 8, 1500 * time.Millisecond}
	readBase   = command{"read card", 0x30, 0x01, StatusOK, 4 + textSize + photoSize, 3 * time.Second}
	readExtra  = command{"read added information", 0x30, 0x03, StatusOK, anyData, 1500 * time.Millisecond}
)

// Answers that did not come whole. A checksum that is wrong is frame.ErrChecksum.
var (
	errSilent = errors.New("module does not answer")
	errBroken = errors.New("answer broke off")
)

// damaged reports that something came and could not be used: the line is there,
// and the same question may be answered well the next time.
func damaged(err error) bool {
	return errors.Is(err, frame.ErrChecksum) || errors.Is(err, errBroken) || errors.Is(err, ErrLayout) || errors.Is(err, errDiffers)
}

// answered reports that the module itself has spoken, whatever it said.
func answered(err error) bool {
	var status *StatusError
	return err == nil || errors.As(err, &status)
}

// ask sends a request and returns the data of its answer. A request that the
// module received damaged is sent twice more. What the line did wrong is noted.
func (r *Reader) ask(ctx context.Context, c command) ([]byte, error) {
	for try := 0; ; try++ {
		data, err := r.askOnce(ctx, c)
		unheard := isStatus(err, StatusBadChecksum) || isStatus(err, StatusBadLength)
		if unheard || damaged(err) || errors.Is(err, errSilent) {
			r.noise = time.Now()
		}
		if !unheard || try == 2 {
			return data, err
		}
	}
}

func (r *Reader) askOnce(ctx context.Context, c command) ([]byte, error) {
	r.split.Reset()
	if err := r.line.Discard(); err != nil {
		return nil, fmt.Errorf("%s: %w", c.name, err)
	}
	r.request = frame.Append(r.request[:0], []byte{c.cmd, c.para})
	if _, err := r.line.Write(r.request); err != nil {
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
	limit, begun, came := time.Now().Add(c.first), false, 0
	buf := r.buf[:]
	for {
		n, err := r.line.Read(serialport.Until(ctx, limit), buf)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case errors.Is(err, context.DeadlineExceeded) && came == 0:
			return nil, fmt.Errorf("%w within %v", errSilent, c.first)
		case errors.Is(err, context.DeadlineExceeded):
			return nil, fmt.Errorf("%w after %d bytes", errBroken, came)
		case err != nil:
			return nil, err
		}
		came += n
		r.split.Feed(buf[:n])
		clear(buf[:n])
		if body, err := r.fitting(c); body != nil || err != nil {
			return body, err
		}
		// Noise before the answer must not shorten its time.
		if !begun && r.split.Pending() >= frame.Header {
			begun, limit = true, time.Now().Add(r.rest(c))
		}
	}
}

// rest is how long an answer that has begun may take (protocol section 4.3).
func (r *Reader) rest(c command) time.Duration {
	n := c.data
	if n == anyData {
		n = mostData
	}
	const bits = 10 // of a byte on the line
	return 2*time.Duration(frame.Header+frame.MinAnswer+n)*bits*time.Second/time.Duration(r.baud) + 500*time.Millisecond
}

// fitting returns the first held frame that can answer the request.
func (r *Reader) fitting(c command) ([]byte, error) {
	for {
		f, err := r.split.Next()
		if f == nil || err != nil {
			return nil, err
		}
		if body := frame.Body(f); c.fits(body) {
			return body, nil
		}
	}
}

// fits reports whether body can be the answer to c. After a request that was given
// up, its answer may come when the next one is on its way.
func (c command) fits(body []byte) bool {
	s := Status(body[2])
	switch s {
	case c.success:
		return c.data == anyData && len(body) > 3 || len(body)-3 == c.data
	case StatusOK, StatusFound:
		return false
	case StatusNotFound:
		return c.success == StatusFound
	}
	return true
}
