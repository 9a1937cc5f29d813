package sim

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"leye/devices/internal/frame"
	"leye/devices/internal/trace"
)

// Replay is a card reader that answers as one did when its line was traced: each
// request gets what the next one like it got, in the order of the trace, at the
// pace of the line and after the same time. After the last exchange it begins
// again. A request that the trace does not hold gets no answer.
type Replay struct {
	Faults

	// Baud of the line; 0 means 115200.
	Baud int

	exchanges []trace.Exchange
	next      int
}

// NewReplay reads a trace, as kioskctl writes it.
func NewReplay(r io.Reader) (*Replay, error) {
	exchanges, err := trace.Parse(r)
	if err != nil {
		return nil, err
	}
	if len(exchanges) == 0 {
		return nil, fmt.Errorf("read trace: it holds no exchange")
	}
	return &Replay{exchanges: exchanges}, nil
}

// Run serves one line until it is unplugged or ctx ends. Only one line is served
// at a time.
func (r *Replay) Run(ctx context.Context, line io.ReadWriteCloser) error {
	stop := context.AfterFunc(ctx, func() { _ = line.Close() })
	defer stop()
	w := newWire(line, r.Baud, &r.Faults)
	split := frame.Splitter{MinLength: frame.MinRequest}
	buf := make([]byte, 256)
	for {
		n, err := w.Read(buf)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("serve trace: %w", err)
		}
		split.Feed(buf[:n])
		for f, err := split.Next(); f != nil || err != nil; f, err = split.Next() {
			if err := r.play(ctx, w, f); err != nil && ctx.Err() == nil {
				return fmt.Errorf("serve trace: %w", err)
			}
		}
	}
}

// play answers one request. The time on the line was part of the traced delay.
func (r *Replay) play(ctx context.Context, w *wire, request []byte) error {
	e, ok := r.find(request)
	if !ok {
		return nil
	}
	sleep(ctx, max(0, e.After-w.time(len(request)+1)))
	for len(e.Answer) > 0 {
		if _, err := w.Write(e.Answer); err != nil {
			return err
		}
		e = r.byItself()
		sleep(ctx, e.After)
	}
	return nil
}

// find moves on to the next exchange with that request.
func (r *Replay) find(request []byte) (trace.Exchange, bool) {
	for range r.exchanges {
		e := r.exchanges[r.next]
		r.next = (r.next + 1) % len(r.exchanges)
		if bytes.Equal(e.Request, request) {
			return e, true
		}
	}
	return trace.Exchange{}, false
}

// byItself is the next exchange if nothing was asked before it, else an empty one.
func (r *Replay) byItself() trace.Exchange {
	e := r.exchanges[r.next]
	if len(e.Request) > 0 || r.next == 0 {
		return trace.Exchange{}
	}
	r.next = (r.next + 1) % len(r.exchanges)
	return e
}
