package paper

import (
	"slices"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"
	"rsc.io/qr"
)

// Dots of the mechanism at 203 dpi.
const (
	cellDots   = 12  // half-width character
	glyphDots  = 24  // height of a character
	KnifeDots  = 120 // from the print head to the knife
	defaultRow = 30
)

// Charset is the font of the printer.
type Charset int

// The fonts. What a font lacks is a box. Printers before GB 18030 take four-byte
// codes for two pairs and print rubbish, as real ones do.
const (
	GB18030      Charset = iota // whatever has a code
	GB2312                      // rows A1-A9 and B0-F7
	GBK                         // all two-byte codes
	ShortGB18030                // knows four-byte codes, has the two-byte ones
)

// four reports whether the printer knows codes of four bytes.
func (c Charset) four() bool { return c == GB18030 || c == ShortGB18030 }

// has reports whether the font holds a code.
func (c Charset) has(code []byte) bool {
	switch {
	case len(code) == 4:
		return c == GB18030
	case c == GB2312:
		return code[0] >= 0xA1 && code[0] <= 0xF7 && (code[0] <= 0xA9 || code[0] >= 0xB0) && code[1] >= 0xA1
	}
	return true
}

// Config of a roll; the zero value is 80 mm paper and a GB18030 font.
type Config struct {
	Dots    int // print area; 0 means 576
	Charset Charset
	Fonts   *Fonts // nil draws boxes instead of characters
}

// item is one character or picture in the print buffer.
type item struct {
	r       rune
	wide    bool // 24 dots, not 12
	w, h    int  // magnification
	bold    bool
	reverse bool
	img     *bitmap
}

func (i item) width() int {
	switch {
	case i.img != nil:
		return i.img.w
	case i.wide:
		return 2 * cellDots * i.w
	}
	return cellDots * i.w
}

func (i item) height() int {
	if i.img != nil {
		return i.img.h
	}
	return glyphDots * i.h
}

// row is one movement of the paper with what was printed on it.
type row struct {
	items  []item
	align  byte
	height int
	blank  int    // lines of ESC d, for the text
	note   string // text form of a picture or code
}

type piece struct {
	rows []row
	cut  bool
}

// settings are what ESC @ sets back.
type settings struct {
	w, h    int
	bold    bool
	reverse bool
	align   byte
	spacing int
	chinese bool
	area    int
	module  int
	level   qr.Level
	data    string // of the QR code
	image   *bitmap
}

// Roll is a roll of thermal paper behind a print head. It is not safe for
// concurrent use.
type Roll struct {
	cfg    Config
	set    settings
	line   []item
	half   []byte // first bytes of a character still under way
	pieces []piece
}

// NewRoll returns an empty roll.
func NewRoll(c Config) *Roll {
	if c.Dots == 0 {
		c.Dots = 576
	}
	r := &Roll{cfg: c, pieces: []piece{{}}}
	r.Reset()
	return r
}

// Reset is power-on: settings and print buffer are lost, paper stays. Chinese
// mode is off, as on multi-language machines.
func (r *Roll) Reset() {
	r.set = settings{w: 1, h: 1, spacing: defaultRow, area: r.cfg.Dots, module: 3, level: qr.L}
	r.ClearBuffer()
}

// ClearBuffer drops the line under way.
func (r *Roll) ClearBuffer() { r.line, r.half = nil, nil }

// Tear throws all paper away that has come out.
func (r *Roll) Tear() { r.pieces = []piece{{}} }

// Copy is the paper as it is now, to look at while the roll goes on.
func (r *Roll) Copy() *Roll {
	c := NewRoll(r.cfg)
	c.pieces = slices.Clone(r.pieces) // rows are only ever added
	return c
}

// Motion is what a command moves.
type Motion struct {
	Dots int
	Cut  bool
}

// Do carries out one command of Next and returns how the paper moves.
// Commands that leave no mark do nothing.
func (r *Roll) Do(c Command) Motion {
	switch c.Name {
	case "text":
		return r.text(c.Args)
	case "LF":
		if len(r.line) == 0 {
			return r.print(row{height: r.set.spacing, blank: 1})
		}
		return r.feed(r.set.spacing)
	case "ESC d":
		return r.feedLines(int(c.Args[0]))
	case "ESC J":
		return r.feed(int(c.Args[0]))
	case "GS V":
		return r.cut(c.Args)
	case "GS v 0":
		a := c.Args
		return r.picture(newBitmap(a[6:], int(a[2])+int(a[3])<<8))
	case "GS ( L":
		return r.graphics(c.Args[3:])
	case "GS 8 L":
		return r.graphics(c.Args[5:])
	case "GS ( k":
		return r.code(c.Args[3:])
	case "ESC *":
		r.column(c.Args)
	case "GS k":
		return r.note("[bar code]", 100)
	default:
		r.change(c)
	}
	return Motion{}
}

// change carries out the commands that only set something.
func (r *Roll) change(c Command) {
	on := len(c.Args) > 0 && c.Args[0]&1 != 0
	switch c.Name {
	case "ESC @":
		r.Reset()
	case "FS &":
		r.set.chinese = true
	case "FS .":
		r.set.chinese = false
	case "GS !":
		r.set.w, r.set.h = int(c.Args[0]>>4&7)+1, int(c.Args[0]&7)+1
	case "FS W":
		r.set.w, r.set.h = 1, 1
		if on {
			r.set.w, r.set.h = 2, 2
		}
	case "FS !":
		r.set.w, r.set.h = 1+int(c.Args[0]>>2&1), 1+int(c.Args[0]>>3&1)
	case "ESC E", "ESC G":
		r.set.bold = on
	case "GS B":
		r.set.reverse = on
	case "ESC a":
		if len(r.line) == 0 {
			r.set.align = c.Args[0] % 3
		}
	case "ESC 2":
		r.set.spacing = defaultRow
	case "ESC 3":
		r.set.spacing = int(c.Args[0])
	case "GS W":
		r.set.area = min(int(c.Args[0])+int(c.Args[1])<<8, r.cfg.Dots)
	}
}

func (r *Roll) text(b []byte) Motion {
	var m Motion
	b = append(r.half, b...)
	r.half = nil
	for len(b) > 0 {
		c, wide, n := r.decode(b)
		if n == 0 {
			r.half = append([]byte(nil), b...)
			break
		}
		b = b[n:]
		it := item{r: c, wide: wide, w: r.set.w, h: r.set.h, bold: r.set.bold, reverse: r.set.reverse}
		m.Dots += r.add(it)
	}
	return m
}

// add puts an item on the line and wraps at the edge, as printers do.
func (r *Roll) add(it item) int {
	used := it.width()
	for _, i := range r.line {
		used += i.width()
	}
	moved := 0
	if used > r.set.area && len(r.line) > 0 {
		moved = r.feed(r.set.spacing).Dots
	}
	r.line = append(r.line, it)
	return moved
}

// decode takes one character off b; n is 0 while its bytes are not all there.
func (r *Roll) decode(b []byte) (c rune, wide bool, n int) {
	if b[0] < 0x80 {
		return rune(b[0]), false, 1
	}
	if !r.set.chinese || b[0] == 0x80 || b[0] == 0xFF {
		return charmap.CodePage437.DecodeByte(b[0]), false, 1
	}
	if len(b) < 2 {
		return 0, false, 0
	}
	n = 2
	if b[1] >= '0' && b[1] <= '9' {
		if !r.cfg.Charset.four() {
			return '▯', true, 1 // the pairing is lost; the digit will be printed
		}
		if n = 4; len(b) < n {
			return 0, false, 0
		}
	}
	if !r.cfg.Charset.has(b[:n]) {
		return '▯', true, n
	}
	text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(b[:n])
	if runes := []rune(string(text)); err == nil && len(runes) == 1 {
		return runes[0], true, n
	}
	return '▯', true, n
}

// feed prints the line and moves the paper by at least its height.
func (r *Roll) feed(dots int) Motion {
	height := dots
	for _, i := range r.line {
		height = max(height, i.height())
	}
	return r.print(row{items: r.line, align: r.set.align, height: height})
}

func (r *Roll) print(w row) Motion {
	r.line = nil
	p := &r.pieces[len(r.pieces)-1]
	p.rows = append(p.rows, w)
	return Motion{Dots: w.height}
}

func (r *Roll) feedLines(n int) Motion {
	var m Motion
	if len(r.line) > 0 {
		m = r.feed(r.set.spacing)
	}
	m.Dots += r.print(row{height: n * r.set.spacing, blank: n}).Dots
	return m
}

func (r *Roll) note(text string, height int) Motion {
	return r.print(row{align: r.set.align, height: height, note: text})
}

func (r *Roll) picture(img *bitmap) Motion {
	if len(r.line) > 0 || img == nil {
		return Motion{}
	}
	return r.print(row{items: []item{{img: img}}, align: r.set.align, height: img.h, note: "[picture]"})
}

func (r *Roll) column(a []byte) {
	if a[0] != 33 {
		return
	}
	data := a[3:]
	img := blank(len(data)/3, 24)
	for x := range img.w {
		for y := range 24 {
			if data[x*3+y/8]&(0x80>>(y%8)) != 0 {
				img.set(x, y)
			}
		}
	}
	r.add(item{r: '▣', wide: true, w: 1, h: 1, img: img})
}

// graphics keeps (fn 112) and prints (fn 50) a picture.
func (r *Roll) graphics(p []byte) Motion {
	switch {
	case len(p) >= 10 && p[1] == 112:
		r.set.image = newBitmap(p[10:], (int(p[6])+int(p[7])<<8+7)/8)
	case len(p) >= 2 && (p[1] == 50 || p[1] == 2) && r.set.image != nil:
		return r.picture(r.set.image)
	}
	return Motion{}
}

// code carries out GS ( k for QR codes. One that is wider than the paper is
// dropped without a word, as real printers do.
func (r *Roll) code(p []byte) Motion {
	if len(p) < 3 || p[0] != '1' {
		return Motion{}
	}
	switch p[1] {
	case 'C':
		r.set.module = int(p[2])
	case 'E':
		r.set.level = qr.Level(p[2]-'0') % 4
	case 'P':
		r.set.data = string(p[3:])
	case 'Q':
		c, err := qr.Encode(r.set.data, r.set.level)
		if err != nil || c.Size*r.set.module > r.set.area || len(r.line) > 0 {
			return Motion{}
		}
		img := blank(c.Size*r.set.module, c.Size*r.set.module)
		for y := range img.h {
			for x := range img.w {
				if c.Black(x/r.set.module, y/r.set.module) {
					img.set(x, y)
				}
			}
		}
		note := "[QR " + r.set.data + "]"
		return r.print(row{items: []item{{img: img}}, align: r.set.align, height: img.h, note: note})
	}
	return Motion{}
}

// CodeSize returns the side in dots of the QR code that is stored, 0 if none.
func (r *Roll) CodeSize() int {
	c, err := qr.Encode(r.set.data, r.set.level)
	if err != nil || r.set.data == "" {
		return 0
	}
	return c.Size * r.set.module
}

// cut ends the piece. Feeding to the knife moves the print out of the machine
// and leaves that much white at the head of the next piece.
func (r *Roll) cut(a []byte) Motion {
	if len(r.line) > 0 {
		return Motion{} // only at the beginning of a line
	}
	m := Motion{Cut: true}
	if a[0] >= 0x41 {
		m.Dots = KnifeDots + int(a[1])
	}
	p := &r.pieces[len(r.pieces)-1]
	p.cut = true
	r.pieces = append(r.pieces, piece{})
	return m
}

// Pieces is the number of pieces cut off.
func (r *Roll) Pieces() int { return len(r.pieces) - 1 }
