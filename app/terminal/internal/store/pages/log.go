package pages

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

const (
	logHeader    = 32
	frameHeader  = 24
	frameSize    = frameHeader + Size
	sharedHeader = 48
	sector       = 512

	logMagic   = 0x377f0682 // the lowest bit says how sums read words
	logVersion = 3007000
)

// ErrLog says that a log has lost what had been committed.
var ErrLog = errors.New("the log is damaged")

// Log is what stands in a write-ahead log.
type Log struct {
	good      bool // its header fits its sum
	frames    []frame
	committed int // frames that the shared memory calls committed; 0 when it tells nothing
}

// frame is one page in the log.
type frame struct {
	page, size uint32 // size: of the file after the commit that ends here; 0 in between
	offset     int64
	own        bool // it names this log, not one whose place the log has taken
	fits       bool // its sum fits, as SQLite looks at it
	whole      bool // it fits, or its successor proves that only its sum is wrong
	current    bool // it belongs to this log
}

// ReadLog reads the log of the file at path; one that is missing or empty has no
// frames.
func ReadLog(path string) (Log, error) {
	data, err := readIfThere(path + "-wal")
	if err != nil {
		return Log{}, fmt.Errorf("read log: %w", err)
	}
	shared, err := readIfThere(path + "-shm")
	if err != nil {
		return Log{}, fmt.Errorf("read log: %w", err)
	}
	return parseLog(data, shared), nil
}

func readIfThere(path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return data, err
}

// CheckLog finds in the log of the file at path what SQLite would leave out
// without a word: it takes the first frame that does not fit its sum for the end of
// the log. A last transaction that the power cut short is no damage: it was never
// called committed. [ErrLog] says where the damage is. Another program may write
// meanwhile.
func CheckLog(path string) error {
	for {
		before, err := readIfThere(path + "-shm")
		if err != nil {
			return fmt.Errorf("check log: %w", err)
		}
		log, err := ReadLog(path)
		if err != nil {
			return err
		}
		after, err := readIfThere(path + "-shm")
		if err != nil {
			return fmt.Errorf("check log: %w", err)
		}
		// The head of the shared memory changes with each commit and each new log.
		if string(before[:min(len(before), sharedHeader)]) == string(after[:min(len(after), sharedHeader)]) {
			return log.check()
		}
	}
}

func parseLog(data, shared []byte) Log {
	if len(data) < logHeader {
		return Log{}
	}
	l := parseFrames(data, u32(data)&1 == 1)
	if !l.good { // then the bit that says how to add may be what is wrong
		if other := parseFrames(data, u32(data)&1 == 0); other.countWhole() > l.countWhole() {
			l = other
		}
	}
	salt := data[16:24]
	if !l.good {
		salt = l.saltOfFrames(data)
	}
	before := true
	for i := range l.frames {
		f := &l.frames[i]
		f.own = string(data[f.offset+8:f.offset+16]) == string(salt)
		f.current = f.own || f.whole && before
		before = f.current && f.whole
	}
	if l.good {
		l.committed = committedFrames(shared, salt)
	}
	return l
}

// parseFrames follows the sums, each of which goes on from the one before.
func parseFrames(data []byte, big bool) Log {
	stored, computed := sum{u32(data[24:]), u32(data[28:])}, sum{}.over(data[:24], big)
	l := Log{good: u32(data)&^1 == logMagic && u32(data[4:]) == logVersion && u32(data[8:]) == Size && stored == computed}
	salt := data[16:24] // of the one before
	for at := logHeader; at+frameSize <= len(data); at += frameSize {
		head, page := data[at:at+frameHeader], data[at+frameHeader:at+frameSize]
		own := sum{u32(head[16:]), u32(head[20:])}
		next := stored.over(head[:8], big).over(page, big)
		f := frame{page: u32(head), size: u32(head[4:]), offset: int64(at)}
		f.fits = next == own && f.page != 0 // nothing but zeros fits, and is no frame
		f.whole = f.fits
		// A successor from the log whose place this one has taken proves nothing: of a
		// torn frame the page may be the old one, under a head that says the same.
		same := string(head[8:16]) == string(salt)
		if !f.fits && same && computed != stored && computed.over(head[:8], big).over(page, big) == own {
			f.whole = true
			if n := len(l.frames); n > 0 {
				l.frames[n-1].whole = true
			}
		}
		l.frames = append(l.frames, f)
		stored, computed, salt = own, next, head[8:16]
	}
	return l
}

func (l Log) countWhole() (n int) {
	for _, f := range l.frames {
		if f.whole {
			n++
		}
	}
	return n
}

// saltOfFrames is what the frames call the log whose header is of no use.
func (l Log) saltOfFrames(data []byte) []byte {
	for _, f := range l.frames {
		if f.whole {
			return data[f.offset+8 : f.offset+16]
		}
	}
	return nil
}

// prefix is how many frames SQLite takes.
func (l Log) prefix() (n int) {
	for l.good && n < len(l.frames) && l.frames[n].fits && l.frames[n].own && l.frames[n].page != 0 {
		n++
	}
	return n
}

func (l Log) check() error {
	n := l.prefix()
	if n < l.committed {
		return fmt.Errorf("%w: it ends at frame %d, %d were committed", ErrLog, n, l.committed)
	}
	ended := !l.good
	for _, f := range l.frames[n:] {
		if ended && f.whole && f.current {
			return fmt.Errorf("%w: it ends at frame %d, others follow", ErrLog, n)
		}
		// The next transaction begins only when the last is on the disk.
		ended = ended || f.current && f.commits()
	}
	return nil
}

// commits reports whether a transaction ends here. Of a frame that is torn only a
// head within one sector can be believed.
func (f frame) commits() bool {
	return f.size != 0 && (f.whole || f.offset/sector == (f.offset+frameHeader-1)/sector)
}

// kept are the frames that hold what was committed, oldest first, those that are
// broken among them.
func (l Log) kept() []frame {
	end := min(l.committed, len(l.frames))
	for i, f := range l.frames {
		if f.current && f.whole && f.size != 0 {
			end = max(end, i+1)
		}
	}
	var list []frame
	for _, f := range l.frames[:end] {
		if f.page != 0 && (f.current || !f.whole) {
			list = append(list, f)
		}
	}
	return list
}

// committedFrames is what the shared memory says of the log with this salt: the
// number of frames that were on the disk when it was written. It may be old, but
// never ahead.
func committedFrames(shared, salt []byte) int {
	if len(shared) < 2*sharedHeader || string(shared[:sharedHeader]) != string(shared[sharedHeader:2*sharedHeader]) {
		return 0
	}
	order := binary.NativeEndian
	stored := sum{order.Uint32(shared[40:]), order.Uint32(shared[44:])}
	var one [2]byte
	order.PutUint16(one[:], 1)
	if computed := (sum{}).over(shared[:40], one[1] == 1); computed != stored || order.Uint32(shared) != logVersion || string(shared[32:40]) != string(salt) {
		return 0
	}
	return int(order.Uint32(shared[16:]))
}

// sum is that of the log: two words that each pair of words goes into.
type sum [2]uint32

func (s sum) over(data []byte, big bool) sum {
	word := binary.LittleEndian.Uint32
	if big {
		word = binary.BigEndian.Uint32
	}
	for ; len(data) >= 8; data = data[8:] {
		s[0] += word(data) + s[1]
		s[1] += word(data[4:]) + s[0]
	}
	return s
}
