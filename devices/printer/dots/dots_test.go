package dots_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"maps"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"leye/assets"
	"leye/devices/printer/dots"
)

// shipped are the dot fonts of the terminal.
func shipped(t testing.TB) *dots.Font {
	t.Helper()
	font, err := dots.Open(assets.Dots())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := font.Close(); err != nil {
			t.Error(err)
		}
	})
	return font
}

// open opens the given files as one font.
func open(files ...[]byte) (*dots.Font, error) {
	folder := fstest.MapFS{}
	for i, data := range files {
		folder[string(rune('a'+i))+".dots"] = &fstest.MapFile{Data: data}
	}
	return dots.Open(folder)
}

// draw shows a pattern as text, a row a line.
func draw(p dots.Pattern) string {
	var b strings.Builder
	for y := range 24 {
		for x := range 24 {
			b.WriteByte(".#"[p[3*x+y/8]>>(7-y%8)&1])
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func TestShippedFontDrawsWhatTheCharacterIs(t *testing.T) {
	font := shipped(t)
	for r, want := range map[rune]string{
		'一': strings.Repeat(blankRow, 11) + ".######################.\n.######################.\n" + strings.Repeat(blankRow, 11),
		' ': strings.Repeat(blankRow, 24),
		'　': strings.Repeat(blankRow, 24),
	} {
		p, err := font.Glyph(r)
		if err != nil {
			t.Fatal(err)
		}
		if got := draw(p); got != want {
			t.Errorf("%q:\n%swant\n%s", r, got, want)
		}
	}
}

const blankRow = "........................\n"

// write makes a dot font of patterns, as scripts/dots does.
func write(notice string, glyphs map[rune]dots.Pattern) []byte {
	var numbers []rune
	has, pages := map[rune]uint64{}, map[rune][][]byte{}
	for _, r := range slices.Sorted(maps.Keys(glyphs)) {
		n := r / 64
		if has[n] == 0 {
			numbers = append(numbers, n)
		}
		has[n] |= 1 << (63 - r%64)
		pages[n] = append(pages[n], encode(glyphs[r]))
	}
	b := append([]byte("DOTS24\x00\x01"), byte(len(notice)>>8), byte(len(notice)))
	b = append(b, notice...)
	for around := range 4096 {
		b = binary.BigEndian.AppendUint16(b, chance(around))
	}
	b = binary.BigEndian.AppendUint16(b, uint16(len(numbers)))
	at := len(b) + 18*len(numbers) + 4
	var body []byte
	for _, n := range numbers {
		var lengths []byte
		for _, code := range pages[n] {
			lengths = append(lengths, byte(len(code)))
		}
		data := append(lengths, bytes.Join(pages[n], nil)...)
		b = binary.BigEndian.AppendUint32(b, uint32(at+len(body)))
		b = binary.BigEndian.AppendUint16(b, uint16(n))
		b = binary.BigEndian.AppendUint64(b, has[n])
		b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(data))
		body = append(body, data...)
	}
	b = binary.BigEndian.AppendUint32(b, uint32(at+len(body)))
	return append(b, body...)
}

// chance is a table that is wrong nearly everywhere: codes become longer, not
// other characters.
func chance(around int) uint16 { return uint16(1 + around*7%4095) }

// encode codes a pattern with numbers as long as they get.
func encode(p dots.Pattern) []byte {
	low, width, bits := new(big.Int), uint32(0xFFFFFFFF), 32
	ink := func(x, y int) int {
		if x < 0 || y < 0 || y > 23 {
			return 0
		}
		return int(p[3*x+y/8]) >> (7 - y%8) & 1
	}
	for i := range 24 * 24 {
		x, y := i/24, i%24
		around := ink(x, y-1) | ink(x, y-2)<<1 | ink(x, y-3)<<2
		for j := range 5 {
			around |= ink(x-1, y+2-j) << (3 + j)
		}
		for j := range 3 {
			around |= ink(x-2, y+1-j) << (8 + j)
		}
		around |= ink(x-3, y) << 11
		share := width / 4096 * uint32(chance(around))
		if ink(x, y) == 1 {
			width = share
		} else {
			low.Add(low, big.NewInt(int64(share)))
			width -= share
		}
		for ; width < 1<<24; width <<= 8 {
			low.Lsh(low, 8)
			bits += 8
		}
	}
	return low.FillBytes(make([]byte, bits/8))
}

// sample are characters at the edges of pages.
func sample() map[rune]dots.Pattern {
	glyphs := map[rune]dots.Pattern{}
	for i, r := range []rune{0, 63, 64, '一', '丁', 0x20BB7, 0x10FFFF} {
		glyphs[r] = dots.Pattern{0: byte(i), 71: 0xFF - byte(i)}
	}
	return glyphs
}

func TestWhatWasWrittenIsRead(t *testing.T) {
	font, err := open(write("from nowhere", sample()))
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for r := rune(-1); r <= 0x10FFFF; r++ {
		if font.Has(r) {
			found++
		}
	}
	if found != len(sample()) {
		t.Errorf("%d characters, want %d", found, len(sample()))
	}
	for r, want := range sample() {
		if got, err := font.Glyph(r); err != nil || got != want {
			t.Errorf("U+%04X: % X, %v", r, got, err)
		}
	}
	for _, r := range []rune{-1, 1, 62, 65, '七', 0x20BB8, 0x110000} {
		if _, err := font.Glyph(r); !errors.Is(err, dots.ErrMissing) || font.Has(r) {
			t.Errorf("U+%04X: %v", r, err)
		}
	}
}

func TestTheFirstFontThatHasACharacterDrawsIt(t *testing.T) {
	one := write("", map[rune]dots.Pattern{'一': {1}})
	two := write("", map[rune]dots.Pattern{'一': {2}, '丁': {3}})
	font, err := open(one, two)
	if err != nil {
		t.Fatal(err)
	}
	for r, want := range map[rune]dots.Pattern{'一': {1}, '丁': {3}} {
		if got, err := font.Glyph(r); err != nil || got != want {
			t.Errorf("%q: % X, %v", r, got, err)
		}
	}
}

func TestDamagedFontsAreTold(t *testing.T) {
	whole := write("notice", sample())
	change := func(at int, to byte) []byte {
		b := bytes.Clone(whole)
		b[at] = to
		return b
	}
	index := 8 + 2 + len("notice") + 8192 + 2
	for name, b := range map[string][]byte{
		"empty":              nil,
		"another kind":       change(0, 'P'),
		"another version":    change(7, 2),
		"cut in the header":  whole[:9],
		"cut in the table":   whole[:index-20],
		"cut in the index":   whole[:index+20],
		"pages out of order": change(index+18+5, 0),
		"page too long":      change(index, 1),
		"page ends early":    change(index+18+3, 0),
		"cut at the end":     whole[:len(whole)-1],
	} {
		if _, err := open(b); !errors.Is(err, dots.ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if font, err := open(shortPage()); err != nil {
		t.Error(err)
	} else if _, err := font.Glyph('一'); !errors.Is(err, dots.ErrFormat) {
		t.Errorf("short page: %v", err)
	}
	broken := errors.New("disk gone")
	if _, err := dots.Open(folder(func([]byte, int64) (int, error) { return 0, broken })); !errors.Is(err, broken) {
		t.Errorf("a file that cannot be read: %v", err)
	}
	font, err := open(change(len(whole)-1, ^whole[len(whole)-1]))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := font.Glyph(0x10FFFF); !errors.Is(err, dots.ErrFormat) {
		t.Errorf("damage in the last page: %v", err)
	}
}

// shortPage is a font whose page holds less than it says, under a right sum.
func shortPage() []byte {
	b := write("", map[rune]dots.Pattern{'一': {}})
	at := len(b) - len(encode(dots.Pattern{})) - 1
	b[at] = 0xFF
	binary.BigEndian.PutUint32(b[at-8:], crc32.ChecksumIEEE(b[at:]))
	return b
}

// folder has one file, which is read by a function.
type folder func([]byte, int64) (int, error)

func (f folder) Glob(string) ([]string, error)          { return []string{"a.dots"}, nil }
func (f folder) Open(string) (fs.File, error)           { return f, nil }
func (f folder) ReadAt(p []byte, at int64) (int, error) { return f(p, at) }
func (f folder) Read([]byte) (int, error)               { return 0, io.EOF }
func (f folder) Stat() (fs.FileInfo, error)             { return fs.Stat(assets.Dots(), "gb18030.dots") }
func (f folder) Close() error                           { return nil }

// TestReadsOnlyWhatIsAsked holds that a font never comes whole into memory.
func TestReadsOnlyWhatIsAsked(t *testing.T) {
	data, err := fs.ReadFile(assets.Dots(), "gb18030.dots")
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	font, err := dots.Open(folder(func(p []byte, at int64) (int, error) {
		read += len(p)
		return bytes.NewReader(data).ReadAt(p, at)
	}))
	if err != nil {
		t.Fatal(err)
	}
	if read > 64<<10 {
		t.Errorf("%d bytes read to open", read)
	}
	read = 0
	if _, err := font.Glyph('𠮷'); err != nil || read == 0 || read > 64*72 {
		t.Errorf("%d bytes read for one character, %v", read, err)
	}
}

func TestSeveralMayReadAtOnce(t *testing.T) {
	font := shipped(t)
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for r := rune(0x20000 + i*64); r < rune(0x20100+i*64); r++ {
				if p, err := font.Glyph(r); err != nil || p == (dots.Pattern{}) {
					t.Errorf("U+%04X: %v", r, err)
				}
			}
		})
	}
	all.Wait()
}

// FuzzOpen reads any bytes as a dot font: what it claims to have is drawn or an
// error, never a panic or more memory than the file could hold.
func FuzzOpen(f *testing.F) {
	whole := write("notice", sample())
	f.Add(whole, uint32('一'))
	f.Add(whole[:len(whole)-3], uint32(0x10FFFF))
	f.Add(whole[:12], uint32(0))
	f.Add(shortPage(), uint32('一'))
	f.Add([]byte("DOTS24\x00\x01\xFF\xFF"), uint32(64))
	f.Fuzz(func(t *testing.T, data []byte, r uint32) {
		font, err := open(data)
		if err != nil {
			if !errors.Is(err, dots.ErrFormat) {
				t.Fatal(err)
			}
			return
		}
		_, err = font.Glyph(rune(r))
		if has := font.Has(rune(r)); has == errors.Is(err, dots.ErrMissing) || err != nil && has && !errors.Is(err, dots.ErrFormat) {
			t.Errorf("has it: %v, drawn: %v", has, err)
		}
	})
}

// BenchmarkGlyph draws characters from all over the shipped font.
func BenchmarkGlyph(b *testing.B) {
	font := shipped(b)
	b.ReportAllocs()
	r := rune(0x20000)
	for b.Loop() {
		if _, err := font.Glyph(r); err != nil {
			b.Fatal(err)
		}
		if r += 997; r > 0x2A6D6 {
			r -= 0xA6D6
		}
	}
}
