package pages

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
)

// chained makes a log of frames, each of the page of its number, with a commit at
// every fourth.
func chained(salt byte, pages [][]byte) []byte {
	log := make([]byte, logHeader, logHeader+len(pages)*frameSize)
	binary.BigEndian.PutUint32(log, logMagic|1)
	binary.BigEndian.PutUint32(log[4:], logVersion)
	binary.BigEndian.PutUint32(log[8:], Size)
	log[23] = salt
	s := sum{}.over(log[:24], true)
	put := func(to []byte) {
		binary.BigEndian.PutUint32(to, s[0])
		binary.BigEndian.PutUint32(to[4:], s[1])
	}
	put(log[24:])
	for n, page := range pages {
		head := make([]byte, frameHeader)
		binary.BigEndian.PutUint32(head, uint32(n%4+1))
		if n%4 == 3 {
			binary.BigEndian.PutUint32(head[4:], 9)
		}
		head[15] = salt
		s = s.over(head[:8], true).over(page, true)
		put(head[16:])
		log = append(append(log, head...), page...)
	}
	return log
}

func filled(n int, with byte) (pages [][]byte) {
	for i := range n {
		pages = append(pages, bytes.Repeat([]byte{with, byte(i)}, Size/2))
	}
	return pages
}

// A log that is begun anew takes the place of an older one, whose frames come at the
// same distances and name the same pages. A cut may leave a new frame's head over an
// old page; the older frames behind it prove nothing.
func TestACutOverAnOlderLogIsNoDamage(t *testing.T) {
	older, newer := chained(1, filled(12, 'o')), chained(2, filled(12, 'n'))
	place := func(frame int) int { return logHeader + frame*frameSize }
	log := bytes.Clone(older)
	copy(log, newer[:place(4)])                                // one transaction whole, of the next only
	copy(log[place(5):], newer[place(5):place(5)+frameHeader]) // its second head
	if err := parseLog(log, nil).check(); err != nil {
		t.Error(err)
	}
	copy(log, newer)
	log[place(4)+frameHeader-1] ^= 1 // a sum that its successor proves wrong, in the second of three
	if err := parseLog(log, nil).check(); !errors.Is(err, ErrLog) {
		t.Errorf("control: a harmed sum: %v", err)
	}
}

// What is only long holds nothing, whatever it was filled with.
func TestALongLogHoldsNoFrames(t *testing.T) {
	whole := chained(1, filled(4, 'x'))
	for _, with := range []byte{0, 0xff} {
		rest := bytes.Repeat([]byte{with}, 5*frameSize)
		for name, log := range map[string][]byte{"empty": rest, "begun": append(bytes.Clone(whole), rest...)} {
			if err := parseLog(log, nil).check(); err != nil {
				t.Errorf("%s, then %x: %v", name, with, err)
			}
		}
	}
}
