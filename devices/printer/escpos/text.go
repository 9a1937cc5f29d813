package escpos

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// Charset is what the font of a printer holds.
type Charset int

// The fonts of Chinese printers. GB2312 is assumed of a printer that does not
// say. GBK (all two-byte codes) is believed of one that says GB18030, and that
// only of one that is configured so, after a test print, or when there is no
// other way to print a rare character.
const (
	CharsetUnknown Charset = iota
	GB2312
	GBK
	GB18030
)

func (c Charset) String() string {
	return [...]string{"unknown", "GB2312", "GBK", "GB18030"}[c]
}

// ParseCharset returns the font that configurations call by name: "gb2312",
// "gbk", "gb18030", or "auto" for asking the printer.
func ParseCharset(name string) (Charset, error) {
	switch name {
	case "auto":
		return CharsetUnknown, nil
	case "gb2312":
		return GB2312, nil
	case "gbk":
		return GBK, nil
	case "gb18030":
		return GB18030, nil
	}
	return 0, fmt.Errorf("read printer font: %q is not auto, gb2312, gbk or gb18030", name)
}

// Missing stands for a character that the printer cannot draw: the sign of the
// trade for a sort that is not in the case (U+3013, A1 FE). It pretends nothing,
// as a question mark or a homophone in a person's name would.
const Missing = '〓'

// Glyphs draws characters that the printer's font lacks.
type Glyphs interface {
	Has(r rune) bool
	// Glyph returns 24 columns of 3 bytes, top bit first; ASCII, which is asked
	// for in titles, in the first 12.
	Glyph(r rune) (columns [72]byte, err error)
}

// repertoire marks the characters of the basic plane in a font.
type repertoire struct {
	bits [1024]uint64
	four bool // four-byte codes too
}

func (f *repertoire) has(r rune) bool {
	switch {
	case r < 0x10000:
		return f.bits[r>>6]&(1<<(r&63)) != 0
	case r >= 0x20000 && r < 0x33480:
		return f.four
	}
	return false
}

func (f *repertoire) set(r rune, on bool) {
	if on {
		f.bits[r>>6] |= 1 << (r & 63)
		return
	}
	f.bits[r>>6] &^= 1 << (r & 63)
}

// newRepertoire reads the font's characters from the code table itself: two
// bytes A1-F7 A1-FE for GB2312, all two-byte codes for GBK.
func newRepertoire(c Charset) *repertoire {
	f := &repertoire{four: c == GB18030}
	for r := rune(' '); r <= '~'; r++ {
		f.set(r, true)
	}
	// The decoder does not fail: it answers U+FFFD for what is no code.
	text, _ := simplifiedchinese.GB18030.NewDecoder().Bytes(twoByteCodes(c))
	for code := range strings.SplitSeq(string(text), "\n") {
		r, n := utf8.DecodeRuneInString(code)
		if n == len(code) && r > 0x7F && r != utf8.RuneError {
			f.set(r, true)
		}
	}
	if f.four {
		f.addFour()
	}
	f.removeDoubtful()
	return f
}

// twoByteCodes lists the codes of a font, each on a line.
func twoByteCodes(c Charset) []byte {
	first, last, second := 0x81, 0xFE, 0x40
	if c <= GB2312 {
		first, last, second = 0xA1, 0xF7, 0xA1
	}
	out := make([]byte, 0, 3*(last-first+1)*(0xFF-second))
	for b1 := first; b1 <= last; b1++ {
		if c <= GB2312 && b1 > 0xA9 && b1 < 0xB0 {
			continue
		}
		for b2 := second; b2 <= 0xFE; b2++ {
			if b2 != 0x7F {
				out = append(out, byte(b1), byte(b2), '\n')
			}
		}
	}
	return out
}

// addFour adds the ideographs of the basic plane that have four-byte codes
// (extension A and the end of the main block). Other four-byte codes are
// letters and signs that no printer font was seen to hold.
func (f *repertoire) addFour() {
	for r := rune(0x3400); r <= 0x9FFF; r++ {
		if unicode.Is(unicode.Han, r) {
			f.set(r, true)
		}
	}
}

// removeDoubtful takes out what fonts made before and after GB 18030-2022 draw
// differently (18 exchanged codes), and private characters.
func (f *repertoire) removeDoubtful() {
	for r := rune(0x9FB4); r <= 0x9FBB; r++ {
		f.set(r, false)
	}
	for r := rune(0xFE10); r <= 0xFE19; r++ {
		f.set(r, false)
	}
	for r := rune(0xE000); r <= 0xF8FF; r++ {
		f.set(r, false)
	}
}

// printable returns the character to print for r: itself, its replacement, or
// 0 when it leaves no mark.
func (e *Encoder) printable(r rune) rune {
	switch {
	case r >= ' ' && r <= '~' || r == '\n':
		return r
	case r == '\t' || r == '\u00A0':
		return ' '
	case r == '¥':
		r = '￥' // U+00A5 has four bytes and no two-byte code
	case r == '€':
		r = '元' // fonts place the sign at A2 E3, at 80 or nowhere
	case r < ' ' || r >= 0x7F && r < 0xA0, unicode.In(r, unicode.Cf, unicode.Variation_Selector):
		return 0
	case r == utf8.RuneError:
		return Missing
	}
	if e.font.has(r) || e.glyphs != nil && e.glyphs.Has(r) {
		return r
	}
	return Missing
}

// clean returns text with only characters that may reach the printer. Ordinary
// text comes back as it is.
func (e *Encoder) clean(text string) string {
	for i, r := range text {
		if r >= ' ' && r <= '~' || r >= 0x80 && e.font.has(r) && r != '€' {
			continue
		}
		if to := e.printable(r); to == 0 || to != r || r == utf8.RuneError {
			return e.rewrite(text, i)
		}
	}
	return text
}

func (e *Encoder) rewrite(text string, from int) string {
	out := append(make([]byte, 0, len(text)+8), text[:from]...)
	for _, r := range text[from:] {
		to := e.printable(r)
		if to == Missing && r != Missing {
			e.missing++
		}
		if to != 0 {
			out = utf8.AppendRune(out, to)
		}
	}
	return string(out)
}
