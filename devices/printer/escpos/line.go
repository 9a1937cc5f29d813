package escpos

import (
	"context"
	"errors"
	"fmt"
	"time"

	"leye/devices/internal/serialport"
)

// errLate says that an answer did not come in time.
var errLate = errors.New("no answer in time")

// line is the open port with what has arrived on it. Only one method runs at a
// time; nothing reads in the background.
type line struct {
	port   Port
	limit  time.Duration // for one write
	demux  Demux
	broken bool // the port failed and must be opened again
	owed   int  // bytes of the command that a failed write cut off

	emptied bool // what an earlier program may have left in the printer is gone

	// What arrived since the last forget.
	hasReal bool
	real    byte
	full    [6]byte // answer to DLE EOT 20
	hasAuto bool
	auto    [4]byte
	hasText bool
	text    string
	echoes  int
	id      [4]byte
	cleared bool

	scratch [64]byte
}

// forget drops the answers seen so far.
func (l *line) forget() {
	l.hasReal, l.hasAuto, l.hasText, l.text = false, false, false, ""
	l.echoes, l.id, l.cleared = 0, [4]byte{}, false
}

// told reports whether the printer's last automatic block says that it stopped.
func (l *line) told() bool { return l.hasAuto && l.auto[0]&offline != 0 }

func (l *line) take(r Reply) {
	switch r.Kind {
	case RealTime:
		l.hasReal, l.real = true, r.Bytes[0]
		if len(r.Bytes) == len(l.full) {
			l.full = [6]byte(r.Bytes)
		}
	case Auto:
		l.hasAuto, l.auto = true, [4]byte(r.Bytes)
	case Ordered:
		l.echoes++
	case Block:
		if id, ok := r.ID(); ok {
			l.id = id
		} else if text, ok := r.Text(); ok {
			l.hasText, l.text = true, text
		} else if r.Cleared() {
			l.cleared = true
		}
	case Flow, Unknown:
		// Flow control is the adapter's business, noise is nobody's.
	}
}

func (l *line) discard() error {
	l.demux.Reset()
	l.forget()
	if err := l.port.Discard(); err != nil {
		l.broken = true
		return fmt.Errorf("discard input: %w", err)
	}
	return nil
}

// await reads until done, or returns errLate after the limit.
func (l *line) await(ctx context.Context, limit time.Duration, done func() bool) error {
	if done() {
		return nil
	}
	wait := serialport.Until(ctx, time.Now().Add(limit))
	for {
		n, err := l.port.Read(wait, l.scratch[:])
		for _, b := range l.scratch[:n] {
			l.demux.Feed(b, l.take)
		}
		switch {
		case done():
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, context.DeadlineExceeded):
			return errLate
		case err != nil:
			l.broken = true
			return fmt.Errorf("read port: %w", err)
		}
	}
}

// write sends p. A printer whose buffer is full holds the line; after the limit
// the port is closed under the write, which is the only way to end it.
func (l *line) write(ctx context.Context, p []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.limit)
	defer cancel()
	port := l.port
	stop := context.AfterFunc(ctx, func() { _ = port.Close() })
	n, err := port.Write(p)
	stop()
	if err != nil {
		l.broken = true
		l.owed = len(p) - n
		return fmt.Errorf("write port: %w", err)
	}
	return nil
}

func (l *line) close() error {
	if l.port == nil {
		return nil
	}
	port := l.port
	*l = line{}
	return port.Close()
}
