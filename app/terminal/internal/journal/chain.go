package journal

import (
	"encoding/hex"
	"fmt"

	"leye/app/terminal/internal/kiosk"
)

// Broken is the first place where the chain does not hold.
type Broken struct {
	Seq     int64
	Problem string
}

// Error implements error.
func (b *Broken) Error() string {
	return fmt.Sprintf("journal broken at line %d: %s", b.Seq, b.Problem)
}

// Truncated says that lines are gone from the end: the chain holds to Have, but
// line Known was there.
type Truncated struct{ Have, Known int64 }

// Error implements error.
func (t *Truncated) Error() string {
	return fmt.Sprintf("journal truncated: it ends at line %d, line %d was known", t.Have, t.Known)
}

// Restarted says that the known head is of another journal: one of them began anew
// when a damaged store was exchanged for another.
type Restarted struct{ Have, Known int64 }

// Error implements error.
func (r *Restarted) Error() string {
	return fmt.Sprintf("journal began anew after damage: it is number %d, the head is of number %d", r.Have, r.Known)
}

// chain follows lines from the first one on.
type chain struct {
	known Head
	head  Head
	prev  []byte
}

// add takes the next line with the two hashes that stand in it.
func (c *chain) add(l Line, prev, hash []byte) error {
	e := kiosk.Event{At: l.At, Name: l.Event, Entry: l.Entry, Code: l.Code}
	switch {
	case l.Seq != c.head.Seq+1:
		return &Broken{c.head.Seq + 1, "the line is missing"}
	case string(prev) != string(c.prev):
		return &Broken{l.Seq, "it does not follow the line before"}
	case string(sum(l.Seq, e, prev)) != string(hash):
		return &Broken{l.Seq, "its content does not fit its hash"}
	case l.Seq == c.known.Seq && hex.EncodeToString(hash) != c.known.Hash:
		return &Broken{l.Seq, "it differs from the head that was given away"}
	}
	c.head, c.prev = Head{Seq: l.Seq, Hash: hex.EncodeToString(hash)}, hash
	return nil
}

// end is called after the last line.
func (c *chain) end() error {
	if c.head.Seq < c.known.Seq {
		return &Truncated{c.head.Seq, c.known.Seq}
	}
	return nil
}
