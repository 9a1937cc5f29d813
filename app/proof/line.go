package proof

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
)

// Line is one line of a terminal's journal, as its chain of hashes takes it: without
// its number and what it follows. It holds no personal data.
type Line struct {
	At    int64 // milliseconds since 1970 UTC
	Event string
	Entry string // application or evacuation, by its random key
	Code  string
}

// MostLines is how many lines a terminal shows at once at most.
const MostLines = 500

// Sum is the SHA-256 that stands for the line with number seq, counted from 1, and
// for all before it: prev is that of the line before, empty for the first. Each
// part is hashed with its length before it, so that no two lines have the same
// bytes; the first byte leaves room for another form of line.
func (l Line) Sum(seq int64, prev []byte) []byte {
	const numbers = 6
	text := make([]byte, 1, 1+8*numbers+len(l.Event)+len(l.Entry)+len(l.Code)+len(prev))
	number := func(v int64) { text = binary.BigEndian.AppendUint64(text, uint64(v)) }
	number(seq)
	number(l.At)
	for _, part := range []string{l.Event, l.Entry, l.Code} {
		number(int64(len(part)))
		text = append(text, part...)
	}
	number(int64(len(prev)))
	text = append(text, prev...)
	sum := sha256.Sum256(text)
	return sum[:]
}

// Grown is the head of the journal of h once lines follow it. A journal that says of
// itself another head with the same number is not the one that h was the head of.
func (h Head) Grown(lines []Line) (Head, error) {
	hash, err := hex.DecodeString(h.Hash)
	if err != nil {
		return Head{}, fmt.Errorf("follow journal: %w", err)
	}
	for _, l := range lines {
		h.Seq++
		hash = l.Sum(h.Seq, hash)
	}
	h.Hash = hex.EncodeToString(hash)
	return h, nil
}
