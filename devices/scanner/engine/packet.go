package engine

import (
	"bytes"
	"errors"
	"fmt"

	"leye/devices/scanner"
)

// A packet is STX, the length of the code as four ASCII digits, the code, ETX, and
// the exclusive-or of all before it (Newland NLS-FM200 user guide, page 106,
// "ESC_AddLen Pack", set with Pro CMD 0314040).
const (
	stx, etx      = 0x02, 0x03
	packetHeader  = 5
	packetTrailer = 2
)

var errPacket = errors.New("damaged packet")

// unpack takes the whole packets out of the bytes held and leaves the beginning of
// the next one.
func (s *splitter) unpack() {
	done := 0
	for {
		rest := s.buf[done:]
		start := bytes.IndexByte(rest, stx)
		if start < 0 {
			start = len(rest)
		}
		s.skip(rest[:start])
		done += start
		code, n, err := packet(rest[start:])
		if err != nil {
			// One byte only: a good packet may stand inside what this one claimed.
			s.spoil(err)
			n = 1
		}
		if n == 0 {
			break
		}
		if err == nil {
			s.codes = append(s.codes, bytes.Clone(code))
			s.fault, s.stray = nil, 0
		}
		done += n
	}
	s.cut(done)
}

// skip notes what stands between packets. A scanner may put line ends there.
func (s *splitter) skip(between []byte) {
	for _, c := range between {
		if c != '\r' && c != '\n' {
			s.stray++
		}
	}
	if s.stray > noise {
		s.spoil(errPacket)
	}
}

// packet returns the code of the packet that b begins with, and its whole length:
// 0 while more bytes are needed.
func packet(b []byte) (code []byte, n int, err error) {
	if len(b) < packetHeader {
		return nil, 0, nil
	}
	size := 0
	for _, c := range b[1:packetHeader] {
		if c < '0' || c > '9' {
			return nil, 0, errPacket
		}
		size = size*10 + int(c-'0')
	}
	if size == 0 || size > scanner.MaxSize {
		return nil, 0, fmt.Errorf("%w: it claims %d bytes", errPacket, size)
	}
	n = packetHeader + size + packetTrailer
	if len(b) < n {
		return nil, 0, nil
	}
	sum := byte(0)
	for _, c := range b[:n-1] {
		sum ^= c
	}
	if b[n-2] != etx || b[n-1] != sum {
		return nil, 0, errPacket
	}
	return b[packetHeader : packetHeader+size], n, nil
}
