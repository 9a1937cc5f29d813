package samv

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"leye/devices/internal/frame"
	"leye/devices/internal/trace"
)

// tracing writes down what passes on a line, with nobody's data in it: see mask.
type tracing struct {
	line
	w   io.Writer
	log *slog.Logger

	mu       sync.Mutex // guards the rest against Close
	exchange trace.Exchange
	asked    time.Time
}

// longestAnswer bounds what is written as one answer; only noise is longer.
const longestAnswer = 2 * frame.MaxLength

func (t *tracing) Write(b []byte) (int, error) {
	n, err := t.line.Write(b)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.flush()
	t.exchange.Request, t.asked = bytes.Clone(b[:n]), time.Now()
	t.mark("write", err)
	return n, err
}

func (t *tracing) Read(ctx context.Context, b []byte) (int, error) {
	n, err := t.line.Read(ctx, b)
	t.mu.Lock()
	defer t.mu.Unlock()
	if n > 0 && len(t.exchange.Answer) == 0 {
		t.exchange.After = time.Since(t.asked)
	}
	t.exchange.Answer = append(t.exchange.Answer, b[:n]...)
	if len(t.exchange.Answer) > longestAnswer {
		t.flush()
	}
	if ctx.Err() == nil {
		t.mark("read", err)
	}
	return n, err
}

func (t *tracing) SetBaud(baud int) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.flush()
	t.note("%d bit/s", baud)
	return t.line.SetBaud(baud)
}

func (t *tracing) Close() error {
	t.mu.Lock()
	t.flush()
	t.mu.Unlock()
	return t.line.Close()
}

// mark notes a fault of the line.
func (t *tracing) mark(verb string, err error) {
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		t.flush()
		t.note("%s: %v", verb, err)
	}
}

func (t *tracing) note(format string, args ...any) {
	t.wrote(fmt.Fprintf(t.w, "# "+format+"\n", args...))
}

// flush writes the exchange that is over, and wipes what the device sent.
func (t *tracing) flush() {
	e := t.exchange
	t.exchange = trace.Exchange{}
	masked := e
	masked.Answer = mask(e.Request, e.Answer)
	clear(e.Answer)
	_, err := masked.WriteTo(t.w)
	t.wrote(0, err)
}

// wrote reports a trace that cannot be written; the reader itself works on.
func (t *tracing) wrote(_ int, err error) {
	if err != nil {
		t.log.Error("write trace", "reader", t.line.String(), "err", err)
	}
}

// noiseByte stands for each byte of which nothing is known but that it came.
const noiseByte = 0x55

// mask returns an answer of the same length in which nothing is left of a card. A
// whole frame keeps its status and gets the data of a made-up card; one that came
// damaged or broke off stays so. All else is noise.
func mask(request, answer []byte) []byte {
	out := bytes.Repeat([]byte{noiseByte}, len(answer))
	for at := 0; at < len(answer); {
		n := maskFrame(request, answer[at:], out[at:])
		at += max(1, n)
	}
	return out
}

// maskFrame writes the frame that in begins with to out, and returns how long it
// is; 0 when there is none.
func maskFrame(request, in, out []byte) int {
	if !bytes.HasPrefix(in, []byte(frame.Preamble)) || len(in) < frame.Header {
		return 0
	}
	length := int(binary.BigEndian.Uint16(in[len(frame.Preamble):]))
	whole := frame.Header + length
	if length < frame.MinAnswer || length > frame.MaxLength || !bearsData(request) && length > mostHarmless {
		return 0
	}
	// Only what is intact is what it seems to be: in a damaged frame a letter of
	// the name can stand where the status belongs.
	var body []byte
	if len(in) >= whole && intact(in[:whole]) {
		body = frame.Body(in[:whole])
	}
	made := frame.Append(nil, madeUp(request, body, length))
	if body == nil {
		made[whole-1] ^= 0xFF
	}
	return copy(out, made[:min(whole, len(in))])
}

// mostHarmless is the largest length field of an answer that holds nothing of a card.
const mostHarmless = frame.MinAnswer + 16

// bearsData reports a request whose answer is about a person.
func bearsData(request []byte) bool { return asks(request, readBase.cmd) }

// asks reports a request that begins with command and parameter.
func asks(request []byte, command ...byte) bool {
	return len(request) > frame.Header && bytes.HasPrefix(request[frame.Header:], command)
}

func intact(f []byte) bool {
	var s frame.Splitter
	s.Feed(f)
	got, err := s.Next()
	s.Reset()
	return err == nil && len(got) == len(f)
}

// madeUp is the body of an answer to request, as long as a length field says. Of
// the true body, if there is one, it keeps the status, the layout of the card and
// the number of the module.
func madeUp(request, body []byte, length int) []byte {
	made := make([]byte, length-1)
	made[2] = byte(StatusOK)
	if asks(request, find.cmd, find.para) {
		made[2] = byte(StatusFound)
	}
	copy(made, body[:min(3, len(body))])
	data := made[3:]
	switch {
	case asks(request, samNumber.cmd, samNumber.para):
		copy(data, "\x05\x00\x01\x00\x05\x25\x35\x01\x39\x30\x00\x00\x15\xCD\x5B\x07") // 05.01-20260101-0000012345-0123456789
	case !bearsData(request):
	case len(data) < 4+textSize: // added information: an address
		copy(data, specimenOf(0)[52:52+70])
	default:
		fillCard(request, body, data)
	}
	return made
}

// fillCard lays out lengths, text, photo and fingerprints of a made-up card.
func fillCard(request, body, data []byte) {
	head := 4
	if !asks(request, readBase.cmd, readBase.para) {
		head = 6
		binary.BigEndian.PutUint16(data[4:], uint16(max(0, len(data)-head-textSize-photoSize)))
	}
	binary.BigEndian.PutUint16(data, textSize)
	binary.BigEndian.PutUint16(data[2:], photoSize)
	marker := uint16(0)
	if at := 3 + head + markerAt; len(body) >= at+2 {
		marker = binary.LittleEndian.Uint16(body[at:])
	}
	copy(data[head:], specimenOf(marker))
	for i := head + textSize; i < len(data); i++ {
		data[i] = byte(i) // photo and fingerprints are looked at by nobody
	}
}
