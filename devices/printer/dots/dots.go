// Package dots reads dot fonts: characters as 24 x 24 dots, for printers whose
// own font lacks them. It draws nothing and knows no printer; scripts/dots makes
// the files.
//
// A file is read where a character stands, never as a whole, so one that is
// embedded in the program costs no heap. Numbers are big-endian:
//
//	8 bytes  "DOTS24", 0, 1
//	2, n     length and text of a notice: where the drawings come from
//	8192     chance of ink in 4096 surroundings, 2 bytes each, see code.go
//	2        number of pages
//	18 each  page: its offset (4), code point / 64 (2), which of its 64
//	         characters it has, the first one topmost (8), its CRC-32 (4)
//	4        offset behind the last page
//	...      pages: the lengths of the characters' codes (1 each), the codes
//
// Characters of half width stand in the left twelve columns.
package dots

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"math/bits"
	"slices"
	"unicode/utf8"
)

// Pattern is a character: 24 columns of three bytes, top bit first.
type Pattern = [72]byte

// Errors that callers tell apart.
var (
	ErrFormat  = errors.New("not a dot font") // damaged, or another kind of file
	ErrMissing = errors.New("character not in the dot font")
)

const (
	magic    = "DOTS24\x00\x01"
	pageSize = 64
	pageHead = 18
	lastPage = utf8.MaxRune / pageSize
	longest  = pageSize * 256 // bytes of a page
)

// Font is the dot fonts of a folder, where the first that has a character draws
// it. It may be used by several goroutines at once.
type Font struct{ files []file }

type file struct {
	source
	chances chances
	pages   []page // by number
}

// source is what files of embedded and of real folders are.
type source interface {
	fs.File
	io.ReaderAt
}

type page struct {
	at, end uint32
	number  uint16 // code point / 64
	sum     uint32 // CRC-32
	has     uint64
}

// Open opens all *.dots of a folder and reads their indexes, which take 24
// bytes of memory for 64 characters. An error that wraps ErrFormat says that
// one is no dot font.
func Open(folder fs.FS) (*Font, error) {
	names, err := fs.Glob(folder, "*.dots")
	if err != nil {
		return nil, fmt.Errorf("open dot fonts: %w", err)
	}
	f := &Font{}
	for _, name := range names {
		if err := f.add(folder, name); err != nil {
			return nil, errors.Join(fmt.Errorf("open dot font %s: %w", name, err), f.Close())
		}
	}
	return f, nil
}

func (f *Font) add(folder fs.FS, name string) error {
	opened, err := folder.Open(name)
	if err != nil {
		return err
	}
	from, ok := opened.(source)
	if !ok {
		return errors.Join(errors.New("its folder reads files from the beginning only"), opened.Close())
	}
	f.files = append(f.files, file{source: from})
	info, err := from.Stat()
	if err != nil {
		return err
	}
	return f.files[len(f.files)-1].readIndex(io.NewSectionReader(from, 0, info.Size()))
}

// Close closes the files.
func (f *Font) Close() error {
	var errs []error
	for _, file := range f.files {
		errs = append(errs, file.Close())
	}
	f.files = nil
	return errors.Join(errs...)
}

func (f *file) readIndex(r *io.SectionReader) error {
	var head [len(magic) + 2]byte
	if err := read(r, head[:]); err != nil {
		return err
	}
	if string(head[:len(magic)]) != magic {
		return fmt.Errorf("%w: begins with % X", ErrFormat, head[:len(magic)])
	}
	notice := int64(binary.BigEndian.Uint16(head[len(magic):]))
	if _, err := r.Seek(notice, io.SeekCurrent); err != nil {
		return err
	}
	table := make([]byte, 2*len(f.chances)+2)
	if err := read(r, table); err != nil {
		return err
	}
	for i := range f.chances {
		f.chances[i] = min(max(binary.BigEndian.Uint16(table[2*i:]), 1), certain-1)
	}
	index := make([]byte, int(binary.BigEndian.Uint16(table[len(table)-2:]))*pageHead+4)
	if err := read(r, index); err != nil {
		return err
	}
	return f.takePages(index, r.Size())
}

// read fills p; a file that ends before is no dot font.
func read(r io.Reader, p []byte) error {
	_, err := io.ReadFull(r, p)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: ends within its index", ErrFormat)
	}
	return err
}

func (f *file) takePages(index []byte, length int64) error {
	f.pages = make([]page, 0, len(index)/pageHead)
	for ; len(index) > pageHead; index = index[pageHead:] {
		p := page{
			at:     binary.BigEndian.Uint32(index),
			number: binary.BigEndian.Uint16(index[4:]),
			has:    binary.BigEndian.Uint64(index[6:]),
			sum:    binary.BigEndian.Uint32(index[14:]),
			end:    binary.BigEndian.Uint32(index[pageHead:]),
		}
		if n := len(f.pages); p.number > lastPage || n > 0 && p.number <= f.pages[n-1].number {
			return fmt.Errorf("%w: page %d out of order", ErrFormat, p.number)
		}
		if p.end < p.at || p.end-p.at > longest || int64(p.end) > length {
			return fmt.Errorf("%w: page %d is said to stand at %d to %d of %d", ErrFormat, p.number, p.at, p.end, length)
		}
		f.pages = append(f.pages, p)
	}
	return nil
}

// find returns the file and the page that hold r.
func (f *Font) find(r rune) (*file, page, bool) {
	if r < 0 || r > utf8.MaxRune {
		return nil, page{}, false
	}
	number := uint16(r / pageSize)
	for i := range f.files {
		file := &f.files[i]
		n, ok := slices.BinarySearchFunc(file.pages, number, func(p page, number uint16) int { return cmp.Compare(p.number, number) })
		if ok && file.pages[n].has&(1<<(pageSize-1-r%pageSize)) != 0 {
			return file, file.pages[n], true
		}
	}
	return nil, page{}, false
}

// Has reports whether the font draws r. It reads no file.
func (f *Font) Has(r rune) bool {
	_, _, ok := f.find(r)
	return ok
}

// Glyph returns the dots of r. Its error wraps ErrMissing, ErrFormat or what the
// file said.
func (f *Font) Glyph(r rune) (Pattern, error) {
	file, p, ok := f.find(r)
	if !ok {
		return Pattern{}, fmt.Errorf("draw U+%04X: %w", r, ErrMissing)
	}
	code, err := p.code(file, int(r%pageSize))
	if err != nil {
		return Pattern{}, fmt.Errorf("draw U+%04X: %w", r, err)
	}
	return file.chances.decode(code), nil
}

// code reads the code of the character at a place of the page.
func (p page) code(from io.ReaderAt, place int) ([]byte, error) {
	data := make([]byte, p.end-p.at)
	if n, err := from.ReadAt(data, int64(p.at)); n < len(data) {
		return nil, err
	}
	if crc32.ChecksumIEEE(data) != p.sum {
		return nil, fmt.Errorf("%w: page %d is damaged", ErrFormat, p.number)
	}
	count, before := bits.OnesCount64(p.has), bits.OnesCount64(p.has>>(pageSize-1-place)>>1)
	at := count
	for i := range min(before, len(data)) {
		at += int(data[i])
	}
	if before >= len(data) || at+int(data[before]) > len(data) {
		return nil, fmt.Errorf("%w: page %d is too short", ErrFormat, p.number)
	}
	return data[at : at+int(data[before])], nil
}
