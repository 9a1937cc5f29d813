package pages

import (
	"encoding/binary"
	"errors"
	"iter"
	"math"
	"unicode/utf8"
)

// Cell is one row as it stands in a page: of a table with row numbers, or of one
// without (then it is kept as an index is).
type Cell struct {
	Page  uint32
	Rowid int64 // of a table with row numbers
	Index bool  // of an index, or of a table without row numbers

	file     *File
	at       [3]int // where in the page: its head, the pointer to the cell, the cell
	end      int    // of the cell
	payload  int    // bytes in all
	local    []byte // those in the page, valid until the next cell
	overflow uint32 // page where the rest begins; 0: none
}

// ErrRow says that a row cannot be read.
var ErrRow = errors.New("the row is damaged")

// Kinds of pages that hold rows.
const (
	innerIndex = 2
	leafIndex  = 10
	leafTable  = 13
)

// usable is what a page has for cells.
const usable = Size

// Cells gives every cell that can be found, page by page. What stands in free or
// unreadable pages is left out. A page that cannot be read from the disk is passed
// over too: the file is known to be damaged.
func (f *File) Cells() iter.Seq[Cell] {
	return func(yield func(Cell) bool) {
		for n := range f.numbers() {
			if f.read(n, f.page) == nil && !f.cellsOf(n, yield) {
				return
			}
		}
	}
}

func (f *File) cellsOf(n uint32, yield func(Cell) bool) bool {
	begin := 0
	if n == 1 {
		begin = headerSize
	}
	kind := f.page[begin]
	head := 8
	switch kind {
	case innerIndex:
		head = 12
	case leafIndex, leafTable:
	default:
		return true
	}
	count := u16(f.page[begin+3:])
	for i := range count {
		pointer := begin + head + 2*i
		if pointer+2 > Size {
			return true
		}
		at := u16(f.page[pointer:])
		if at < begin+head || at >= Size {
			continue
		}
		c, ok := f.cell(n, kind, f.page[at:])
		c.at, c.end = [3]int{begin, pointer, at}, at+c.end
		if ok && !yield(c) {
			return false
		}
	}
	return true
}

// cell reads the head of one; false when it leads out of the page.
func (f *File) cell(n uint32, kind byte, b []byte) (Cell, bool) {
	c, whole := Cell{Page: n, Index: kind != leafTable, file: f}, len(b)
	if kind == innerIndex {
		if len(b) < 4 {
			return c, false
		}
		b = b[4:]
	}
	size, k := varint(b)
	if k == 0 || size < 1 || size > f.bytes {
		return c, false
	}
	b = b[k:]
	if !c.Index {
		rowid, k := varint(b)
		if k == 0 {
			return c, false
		}
		c.Rowid, b = rowid, b[k:]
	}
	c.payload = int(size)
	local := localSize(c.payload, c.Index)
	if local < c.payload {
		if len(b) < local+4 {
			return c, false
		}
		c.overflow = u32(b[local:])
	}
	if len(b) < local {
		return c, false
	}
	c.local, c.end = b[:local], whole-len(b)+local
	return c, true
}

// Extents is where all stands that it takes to read the row.
func (c Cell) Extents() []Extent {
	list := []Extent{
		c.file.extent(c.Page, c.at[0], 12), c.file.extent(c.Page, c.at[1], 2), c.file.extent(c.Page, c.at[2], c.end-c.at[2]+4),
	}
	page := make([]byte, Size)
	got := len(c.local)
	for next := c.overflow; got < c.payload && c.file.read(next, page) == nil; next = u32(page) {
		length := min(Size-4, c.payload-got)
		list = append(list, c.file.extent(next, 0, 4+length))
		got += length
	}
	return list
}

// localSize is how much of a payload stands in its own page.
func localSize(payload int, index bool) int {
	most, least := usable-35, (usable-12)*32/255-23
	if index {
		most = (usable-12)*64/255 - 23
	}
	if payload <= most {
		return payload
	}
	if k := least + (payload-least)%(usable-4); k <= most {
		return k
	}
	return least
}

// Columns is how many columns the row says it has; 0 when it cannot be told.
func (c Cell) Columns() int {
	types, _, err := c.types()
	if err != nil {
		return 0
	}
	return len(types)
}

// types reads the row's head: what kind each column is of, and where they begin.
func (c Cell) types() (types []int64, begin int, err error) {
	size, k := varint(c.local)
	if k == 0 || size < int64(k) || size > int64(len(c.local)) {
		return nil, 0, ErrRow
	}
	for head := c.local[k:size]; len(head) > 0; {
		t, k := varint(head)
		if k == 0 || t < 0 || t == 10 || t == 11 {
			return nil, 0, ErrRow
		}
		types, head = append(types, t), head[k:]
	}
	return types, int(size), nil
}

// Values reads the row: nil, int64, float64, string or []byte for each column.
// [ErrRow] means that it does not hold together.
func (c Cell) Values() ([]any, error) {
	types, begin, err := c.types()
	if err != nil {
		return nil, err
	}
	need := begin
	for _, t := range types {
		if width(t) > c.payload-need {
			return nil, ErrRow
		}
		need += width(t)
	}
	if need != c.payload {
		return nil, ErrRow
	}
	data, err := c.whole()
	if err != nil {
		return nil, err
	}
	return decode(types, data[begin:])
}

// Head reads as many columns from the first on as stand in the row's own page, for
// a row of which the rest is lost.
func (c Cell) Head() []any {
	types, begin, err := c.types()
	if err != nil {
		return nil
	}
	for n, end := 0, begin; n < len(types); n++ {
		if width(types[n]) > len(c.local)-end {
			types = types[:n]
			break
		}
		end += width(types[n])
	}
	values, err := decode(types, c.local[begin:])
	if err != nil {
		return nil
	}
	return values
}

// whole gathers the row from its own and its overflow pages.
func (c Cell) whole() ([]byte, error) {
	data := append(make([]byte, 0, c.payload), c.local...)
	page := make([]byte, Size)
	for next := c.overflow; len(data) < c.payload; next = u32(page) {
		if c.file == nil || c.file.read(next, page) != nil {
			return nil, ErrRow
		}
		data = append(data, page[4:4+min(Size-4, c.payload-len(data))]...)
	}
	return data, nil
}

// width is how many bytes a value of a kind takes.
func width(t int64) int {
	switch {
	case t <= 4:
		return int(t)
	case t == 5:
		return 6
	case t == 6, t == 7:
		return 8
	case t < 12:
		return 0
	}
	return int(min((t-12)/2, math.MaxInt32))
}

func decode(types []int64, data []byte) ([]any, error) {
	values := make([]any, 0, len(types))
	for _, t := range types {
		b := data[:width(t)]
		data = data[len(b):]
		switch {
		case t == 0:
			values = append(values, nil)
		case t == 7:
			values = append(values, math.Float64frombits(binary.BigEndian.Uint64(b)))
		case t == 8, t == 9:
			values = append(values, t-8)
		case t < 8:
			values = append(values, integer(b))
		case t%2 == 0:
			values = append(values, append([]byte{}, b...))
		case !utf8.Valid(b):
			return nil, ErrRow
		default:
			values = append(values, string(b))
		}
	}
	return values, nil
}

func integer(b []byte) int64 {
	v := int64(int8(b[0]))
	for _, next := range b[1:] {
		v = v<<8 | int64(next)
	}
	return v
}

// varint reads a number of one to nine bytes; k is how many, 0 when it is cut off.
func varint(b []byte) (v int64, k int) {
	for i := range 9 {
		switch {
		case i >= len(b):
			return 0, 0
		case i == 8:
			return v<<8 | int64(b[i]), 9
		}
		v = v<<7 | int64(b[i]&0x7f)
		if b[i] < 0x80 {
			return v, i + 1
		}
	}
	return 0, 0
}
