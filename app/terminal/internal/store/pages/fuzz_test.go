package pages

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// leaf is a page of a table with one row of three columns: nothing, 7 and "text".
func leaf() []byte {
	page := make([]byte, Size)
	row := []byte{4, 0, 1, 12 + 1 + 2*4, 7, 't', 'e', 'x', 't'}
	cell := append([]byte{byte(len(row)), 5}, row...)
	at := Size - len(cell)
	copy(page[at:], cell)
	page[0], page[4] = leafTable, 1
	binary.BigEndian.PutUint16(page[5:], uint16(at))
	binary.BigEndian.PutUint16(page[8:], uint16(at))
	return page
}

// logOf is a whole log with a commit after each page.
func logOf(numbers ...uint32) []byte {
	log := make([]byte, logHeader)
	for i, v := range []uint32{logMagic, logVersion, Size, 0, 11, 12} {
		binary.BigEndian.PutUint32(log[4*i:], v)
	}
	s := (sum{}).over(log[:24], false)
	put := func(b []byte) { binary.BigEndian.PutUint32(b, s[0]); binary.BigEndian.PutUint32(b[4:], s[1]) }
	put(log[24:])
	for _, n := range numbers {
		head := make([]byte, frameHeader)
		binary.BigEndian.PutUint32(head, n)
		binary.BigEndian.PutUint32(head[4:], n)
		copy(head[8:], log[16:24])
		s = s.over(head[:8], false).over(leaf(), false)
		put(head[16:])
		log = append(append(log, head...), leaf()...)
	}
	return log
}

func TestTheSeedsAreRead(t *testing.T) {
	l := parseLog(logOf(2, 3), nil)
	if !l.good || l.prefix() != 2 || len(l.kept()) != 2 || l.check() != nil {
		t.Errorf("%+v", l)
	}
	path := filepath.Join(t.TempDir(), "f")
	put(t, path, make([]byte, Size), logOf(2, 3), nil)
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := 0
	for c := range f.Cells() {
		v, err := c.Values()
		if err != nil || len(v) != 3 || v[0] != nil || v[1] != int64(7) || v[2] != "text" || c.Rowid != 5 {
			t.Errorf("%v, %v", v, err)
		}
		n++
	}
	if n != 2 {
		t.Errorf("%d rows", n)
	}
}

func put(t testing.TB, path string, db, log, shared []byte) {
	t.Helper()
	err := errors.Join(os.WriteFile(path, db, 0o600), os.WriteFile(path+"-wal", log, 0o600), os.WriteFile(path+"-shm", shared, 0o600))
	if err != nil {
		t.Fatal(err)
	}
}

// FuzzCells harms file and log as it likes: nothing may be read that is beyond them,
// and nothing may take for ever.
func FuzzCells(f *testing.F) {
	f.Add(append(make([]byte, Size), leaf()...), logOf(1, 2), make([]byte, 2*sharedHeader))
	f.Add(leaf(), []byte{}, []byte{})
	f.Add([]byte{}, logOf(2, 2, 3), []byte{})
	f.Fuzz(func(t *testing.T, db, log, shared []byte) {
		path := filepath.Join(t.TempDir(), "f")
		put(t, path, db, log, shared)
		if err := CheckFile(path); err != nil && !errors.Is(err, ErrHeader) {
			t.Error(err)
		}
		if err := CheckLog(path); err != nil && !errors.Is(err, ErrLog) {
			t.Error(err)
		}
		file, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		for range 2 {
			for c := range file.Cells() {
				look(t, c)
			}
			file.Doubt()
		}
	})
}

func look(t *testing.T, c Cell) {
	t.Helper()
	v, err := c.Values()
	if err != nil && !errors.Is(err, ErrRow) {
		t.Error(err)
	}
	if head := c.Head(); err == nil && (len(v) != c.Columns() || len(head) > len(v)) {
		t.Errorf("%d values of %d columns, %d in the head", len(v), c.Columns(), len(head))
	}
	c.Extents()
}
