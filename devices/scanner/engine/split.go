package engine

import (
	"bytes"
	"fmt"
	"time"
	"unicode"
	"unicode/utf8"

	"leye/devices/scanner"
)

// noise is the size up to which a burst is none: plugging in a cable sends a byte or
// two, and nobody shows so short a code.
const noise = 3

// held is the most that is kept of a code under way, with suffix or packet.
const held = scanner.MaxSize + packetHeader + packetTrailer

// splitter cuts what a scanner sends into codes. Where the line was silent is told
// to it; it knows no time itself. It never holds more than one code and one read.
type splitter struct {
	profile
	buf   []byte   // of a code under way
	codes [][]byte // whole ones
	fault error    // what arrived and is no code, until the line is silent
	stray int      // bytes outside packets since the last one
}

// feed adds bytes that arrived.
func (s *splitter) feed(p []byte) {
	switch {
	case s.packed:
		s.buf = append(s.buf, p...)
		s.unpack()
	case s.fault != nil:
	case len(s.buf)+len(p) > held:
		s.spoil(fmt.Errorf("longer than %d bytes", scanner.MaxSize))
		s.cut(len(s.buf))
	default:
		s.buf = append(s.buf, p...)
	}
}

// next returns a whole code.
func (s *splitter) next() (code []byte, ok bool) {
	if len(s.codes) == 0 {
		return nil, false
	}
	code, s.codes = s.codes[0], s.codes[1:]
	return code, true
}

// patience is how long the line may be silent before silence must be told; 0 when
// nothing is under way.
func (s *splitter) patience() time.Duration {
	switch {
	case len(s.buf) > 0 && s.suffix() == "":
		return s.stall
	case len(s.buf) > 0 || s.fault != nil:
		return gap
	}
	return 0
}

// silence says that nothing came for as long as patience allows: what is held ends
// here. It returns what came and is no code.
func (s *splitter) silence() error {
	rest, suffix := bytes.Clone(s.buf), s.suffix()
	s.cut(len(s.buf))
	fault := s.fault
	s.fault, s.stray = nil, 0
	switch {
	case fault != nil:
		return fault
	case len(rest)-len(suffix) <= noise:
		return nil
	case s.packed || suffix == "" && !s.bare:
		return fmt.Errorf("broken off after %d bytes", len(rest))
	case suffix == "" || !text(rest):
		s.codes = append(s.codes, rest[:len(rest)-len(suffix)])
	default:
		// Two codes may follow each other without a gap. Only text can be cut
		// apart: among other bytes a suffix may belong to the code.
		for code := range bytes.SplitSeq(rest[:len(rest)-len(suffix)], []byte(suffix)) {
			if len(code) > noise {
				s.codes = append(s.codes, code)
			}
		}
	}
	return nil
}

// suffix is the one that the bytes held end with, or empty.
func (s *splitter) suffix() string {
	for _, end := range s.suffixes {
		if bytes.HasSuffix(s.buf, []byte(end)) {
			return end
		}
	}
	return ""
}

func text(b []byte) bool {
	return utf8.Valid(b) && !bytes.ContainsFunc(b, func(r rune) bool {
		return unicode.IsControl(r) && r != '\r' && r != '\n' && r != '\t'
	})
}

func (s *splitter) spoil(err error) {
	if s.fault == nil {
		s.fault = err
	}
}

// cut drops the first n bytes held and wipes behind the rest: codes are personal.
func (s *splitter) cut(n int) {
	rest := copy(s.buf, s.buf[n:])
	clear(s.buf[rest:])
	s.buf = s.buf[:rest]
}

// reset forgets everything.
func (s *splitter) reset() {
	s.cut(len(s.buf))
	s.codes, s.fault, s.stray = nil, nil, 0
}
