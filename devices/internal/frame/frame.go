// Package frame cuts the byte stream of a SAM_V line into frames and builds
// them: preamble, length, body, checksum. It finds its way back after noise,
// damage and truncation. What a body means is the driver's matter.
package frame

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// Preamble begins every frame in both directions.
const Preamble = "\xAA\xAA\xAA\x96\x69"

// Sizes in bytes. The length field counts what comes after it, checksum
// included.
const (
	Header     = len(Preamble) + 2 // preamble and length field
	MinAnswer  = 4                 // smallest length field of an answer: three status bytes and the checksum
	MinRequest = 3                 // smallest length field of a request: command, parameter and checksum
	MaxLength  = 2314              // largest length field: text, photo and fingerprints in one answer
)

// ErrChecksum reports a complete frame whose exclusive-or is wrong.
var ErrChecksum = errors.New("frame with a wrong checksum")

// Append appends a frame around body to dst. The body is what stands between the
// length field and the checksum, at most MaxLength-1 bytes.
func Append(dst, body []byte) []byte {
	start := len(dst) + len(Preamble)
	dst = append(dst, Preamble...)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(body)+1))
	dst = append(dst, body...)
	return append(dst, xor(dst[start:]))
}

// Body returns what stands between length field and checksum of a whole frame,
// as Splitter.Next returned it. It shares the frame's memory.
func Body(frame []byte) []byte { return frame[Header : len(frame)-1] }

// Splitter cuts a stream into frames. The zero value splits answers; set
// MinLength to MinRequest to split requests. It is not safe for concurrent use.
type Splitter struct {
	// MinLength is the smallest length field taken for real; MinAnswer when 0.
	MinLength int

	buf     []byte
	skipped int
}

// Feed adds bytes that arrived.
func (s *Splitter) Feed(p []byte) { s.buf = append(s.buf, p...) }

// Next returns the next whole frame, in memory of its own. It returns nil and no
// error when more bytes are needed, and ErrChecksum for each damaged frame; call it
// again after that, a good frame may follow in the bytes already held.
func (s *Splitter) Next() ([]byte, error) {
	for s.align() {
		n := int(binary.BigEndian.Uint16(s.buf[len(Preamble):]))
		if n < s.minLength() || n > MaxLength {
			s.drop(1)
			continue
		}
		if len(s.buf) < Header+n {
			return nil, nil
		}
		if xor(s.buf[len(Preamble):Header+n]) != 0 {
			// One byte only: the preamble of a good frame may stand inside
			// what this damaged one claimed.
			s.drop(1)
			return nil, ErrChecksum
		}
		frame := bytes.Clone(s.buf[:Header+n])
		s.cut(Header + n)
		return frame, nil
	}
	return nil, nil
}

// align drops what cannot begin a frame and reports whether a whole header is there.
func (s *Splitter) align() bool {
	i := bytes.Index(s.buf, []byte(Preamble))
	if i < 0 {
		i = len(s.buf) - partial(s.buf)
	}
	s.drop(i)
	return len(s.buf) >= Header
}

// partial is the length of the longest end of b that begins a preamble.
func partial(b []byte) int {
	for n := min(len(Preamble)-1, len(b)); n > 0; n-- {
		if string(b[len(b)-n:]) == Preamble[:n] {
			return n
		}
	}
	return 0
}

func (s *Splitter) minLength() int {
	if s.MinLength == 0 {
		return MinAnswer
	}
	return s.MinLength
}

func (s *Splitter) drop(n int) {
	s.skipped += n
	s.cut(n)
}

// cut moves the rest to the front and wipes behind it: frames hold personal data.
func (s *Splitter) cut(n int) {
	if n == 0 {
		return
	}
	rest := copy(s.buf, s.buf[n:])
	clear(s.buf[rest:])
	s.buf = s.buf[:rest]
}

// Skipped is how many bytes since the last Reset belonged to no good frame.
func (s *Splitter) Skipped() int { return s.skipped }

// Pending is how many bytes wait for the rest of their frame.
func (s *Splitter) Pending() int { return len(s.buf) }

// Reset drops and wipes everything held. A receiver whose time ran out calls it.
func (s *Splitter) Reset() {
	clear(s.buf)
	s.buf, s.skipped = s.buf[:0], 0
}

func xor(p []byte) byte {
	var x byte
	for _, b := range p {
		x ^= b
	}
	return x
}
