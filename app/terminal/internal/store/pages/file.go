// Package pages reads an SQLite file and its write-ahead log page by page, whatever
// else of them is damaged: which frames of the log are whole, and each row that
// stands in a page that can be read.
//
// It never writes, runs no SQL and judges no row: whether one is what was kept is
// for its owner to say. The format is that of sqlite.org/fileformat2.html and
// sqlite.org/walformat.html, as far as this terminal's files use it: pages of
// 4096 bytes, UTF-8, no vacuum.
package pages

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"os"
	"slices"
)

// Size is that of a page, in bytes.
const Size = 4096

// headerSize is what page 1 begins with.
const headerSize = 100

// ErrHeader says that a file does not begin as this terminal's files do.
var ErrHeader = errors.New("the file's header is not one that is written here")

// CheckHeader looks at the 100 bytes that a file begins with; [ErrHeader] says what
// is wrong. SQLite itself takes some of that for a file of another kind or one that
// must not be written.
func CheckHeader(header []byte) error {
	if len(header) < headerSize {
		return fmt.Errorf("%w: it has %d bytes", ErrHeader, len(header))
	}
	const none = "\x00\x00\x00\x00" // also of a new file as long as its page 1 is in the log
	for _, part := range []struct {
		what       string
		begin, end int
		want       []string
	}{
		{"name", 0, 16, []string{"SQLite format 3\x00"}},
		{"page size", 16, 18, []string{"\x10\x00"}},
		{"versions", 18, 20, []string{"\x01\x01", "\x02\x02"}},
		{"layout", 20, 24, []string{"\x00\x40\x20\x20"}},
		{"schema format", 44, 48, []string{"\x00\x00\x00\x04", none}},
		{"vacuum", 52, 56, []string{none}},
		{"encoding", 56, 60, []string{"\x00\x00\x00\x01", none}},
		{"vacuum", 64, 68, []string{none}},
	} {
		got, known := string(header[part.begin:part.end]), false
		for _, want := range part.want {
			known = known || got == want
		}
		if !known {
			return fmt.Errorf("%w: its %s is %x", ErrHeader, part.what, got)
		}
	}
	return nil
}

// CheckFile is [CheckHeader] for the file at path.
func CheckFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	header := make([]byte, headerSize)
	n, err := io.ReadFull(f, header)
	if err = readAll(err); err == nil {
		err = CheckHeader(header[:n])
	}
	return errors.Join(err, f.Close())
}

// readAll takes the end of a file for no error.
func readAll(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

// File is a state file with its log laid over it. Not for several goroutines.
type File struct {
	db, wal  *os.File         // nil where there is none
	count    uint32           // of pages in db
	bytes    int64            // of both
	newer    map[uint32]int64 // where in the log the newest version of a page stands
	doubtful map[uint32]int64 // the same, where a broken frame is newer
	page     []byte           // the last that was read
}

// Open opens the file at path and the log beside it; either may be missing.
func Open(path string) (*File, error) {
	f := &File{newer: map[uint32]int64{}, doubtful: map[uint32]int64{}, page: make([]byte, Size)}
	if err := f.open(path); err != nil {
		return nil, errors.Join(fmt.Errorf("open pages: %w", err), f.Close())
	}
	return f, nil
}

func (f *File) open(path string) (err error) {
	if f.db, err = openIfThere(path); err != nil {
		return err
	}
	if f.db != nil {
		info, err := f.db.Stat()
		if err != nil {
			return err
		}
		f.count, f.bytes = uint32(min(info.Size()/Size, 1<<31)), info.Size()
	}
	if f.wal, err = openIfThere(path + "-wal"); err != nil || f.wal == nil {
		return err
	}
	info, err := f.wal.Stat()
	if err != nil {
		return err
	}
	f.bytes += info.Size()
	log, err := ReadLog(path)
	if err != nil {
		return err
	}
	for _, frame := range log.kept() {
		if !frame.whole {
			f.doubtful[frame.page] = frame.offset + frameHeader
			continue
		}
		f.newer[frame.page] = frame.offset + frameHeader
		delete(f.doubtful, frame.page)
	}
	return nil
}

// Doubt lays the broken frames of the log over the file too, and reports whether
// there are any that matter. Much of what they hold may be good: each row says so for
// itself.
func (f *File) Doubt() bool {
	maps.Copy(f.newer, f.doubtful)
	return len(f.doubtful) > 0
}

func openIfThere(path string) (*os.File, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return f, err
}

// Close closes both files.
func (f *File) Close() error {
	var errs []error
	for _, file := range []*os.File{f.db, f.wal} {
		if file != nil {
			errs = append(errs, file.Close())
		}
	}
	return errors.Join(errs...)
}

// errNoPage says that a page is in neither file.
var errNoPage = errors.New("the page is not there")

// read gives the newest whole version of a page, into buf of [Size].
func (f *File) read(page uint32, buf []byte) error {
	from, at := f.db, int64(page-1)*Size
	if offset, ok := f.newer[page]; ok {
		from, at = f.wal, offset
	} else if from == nil || page == 0 || page > f.count {
		return errNoPage
	}
	if _, err := from.ReadAt(buf, at); err != nil {
		return fmt.Errorf("read page %d: %w", page, err)
	}
	return nil
}

// Extent is a piece of the file, or of the log beside it.
type Extent struct {
	Log    bool
	Offset int64
	Length int
}

// extent is where length bytes of a page stand, from at on.
func (f *File) extent(page uint32, at, length int) Extent {
	if offset, ok := f.newer[page]; ok {
		return Extent{true, offset + int64(at), length}
	}
	return Extent{false, int64(page-1)*Size + int64(at), length}
}

// numbers are those of all pages, in order.
func (f *File) numbers() iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for n := uint32(1); n <= f.count; n++ {
			if !yield(n) {
				return
			}
		}
		for _, n := range slices.Sorted(maps.Keys(f.newer)) {
			if n > f.count && !yield(n) {
				return
			}
		}
	}
}

func u16(b []byte) int    { return int(binary.BigEndian.Uint16(b)) }
func u32(b []byte) uint32 { return binary.BigEndian.Uint32(b) }
