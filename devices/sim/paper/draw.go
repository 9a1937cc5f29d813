package paper

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"sync"

	"golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// bitmap is a picture of one bit a dot.
type bitmap struct {
	w, h   int
	stride int
	bits   []byte
}

func blank(w, h int) *bitmap {
	stride := (w + 7) / 8
	return &bitmap{w: w, h: h, stride: stride, bits: make([]byte, stride*h)}
}

// newBitmap takes rows of stride bytes; nil when there are none.
func newBitmap(bits []byte, stride int) *bitmap {
	if stride == 0 || len(bits) < stride {
		return nil
	}
	return &bitmap{w: stride * 8, h: len(bits) / stride, stride: stride, bits: bytes.Clone(bits)}
}

func (b *bitmap) set(x, y int)     { b.bits[y*b.stride+x/8] |= 0x80 >> (x % 8) }
func (b *bitmap) at(x, y int) bool { return b.bits[y*b.stride+x/8]&(0x80>>(x%8)) != 0 }

// Fonts draws the characters of the printer. It may be shared between rolls.
type Fonts struct {
	mu    sync.Mutex
	faces map[faceKey]font.Face
	cells map[cellKey]*bitmap

	regular, bold *opentype.Font
}

type faceKey struct {
	bold bool
	size int
}

type cellKey struct {
	r    rune
	wide bool
	bold bool
	w, h int
}

// NewFonts reads two OpenType or TrueType fonts; bold may be nil, then
// emphasis is the regular face struck twice, a dot apart.
func NewFonts(regular, bold []byte) (*Fonts, error) {
	f := &Fonts{faces: map[faceKey]font.Face{}, cells: map[cellKey]*bitmap{}}
	var err error
	if f.regular, err = opentype.Parse(regular); err != nil {
		return nil, fmt.Errorf("read regular font: %w", err)
	}
	if bold == nil {
		return f, nil
	}
	if f.bold, err = opentype.Parse(bold); err != nil {
		return nil, fmt.Errorf("read bold font: %w", err)
	}
	return f, nil
}

// ratio of the letters' size to the ideographs': their advance then fits the
// half-width cell.
const letterSize = 21

// cell returns the dots of one character, magnified.
func (f *Fonts) cell(k cellKey) *bitmap {
	f.mu.Lock()
	defer f.mu.Unlock()
	if b, ok := f.cells[k]; ok {
		return b
	}
	b := f.draw(k)
	f.cells[k] = b
	return b
}

func (f *Fonts) draw(k cellKey) *bitmap {
	width, size := cellDots*k.w, letterSize*k.h
	if k.wide {
		width, size = 2*cellDots*k.w, glyphDots*k.h
	}
	out := blank(width, glyphDots*k.h)
	face := f.face(k.bold, size)
	if face == nil || !f.has(k.r) {
		box(out)
		return out
	}
	mask := image.NewAlpha(image.Rect(0, 0, 3*width, out.h))
	advance, _ := face.GlyphAdvance(k.r)
	natural := width * k.h / k.w // the cell before stretching
	d := font.Drawer{Dst: mask, Src: image.Opaque, Face: face}
	d.Dot = fixed.Point26_6{X: (fixed.I(natural) - advance) / 2, Y: fixed.I(21 * k.h)}
	if d.Dot.X < 0 {
		d.Dot.X, natural = 0, advance.Ceil()
	}
	d.DrawString(string(k.r))
	if natural != width {
		squeezed := image.NewAlpha(out.rect())
		draw.BiLinear.Scale(squeezed, squeezed.Bounds(), mask, image.Rect(0, 0, natural, out.h), draw.Src, nil)
		mask = squeezed
	}
	f.burn(out, mask, k.bold && f.bold == nil)
	return out
}

func (b *bitmap) rect() image.Rectangle { return image.Rect(0, 0, b.w, b.h) }

// burn makes dots of the mask; twice strikes again one dot to the right.
func (f *Fonts) burn(out *bitmap, mask *image.Alpha, twice bool) {
	for y := range out.h {
		for x := range out.w {
			if mask.AlphaAt(x, y).A < 0x68 {
				continue
			}
			out.set(x, y)
			if twice && x+1 < out.w {
				out.set(x+1, y)
			}
		}
	}
}

func (f *Fonts) face(bold bool, size int) font.Face {
	k := faceKey{bold && f.bold != nil, size}
	if face, ok := f.faces[k]; ok {
		return face
	}
	from := f.regular
	if k.bold {
		from = f.bold
	}
	face, err := opentype.NewFace(from, &opentype.FaceOptions{Size: float64(size), DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		return nil
	}
	f.faces[k] = face
	return face
}

func (f *Fonts) has(r rune) bool {
	var b sfnt.Buffer
	i, err := f.regular.GlyphIndex(&b, r)
	return err == nil && i != 0
}

func box(b *bitmap) {
	for x := 2; x < b.w-2; x++ {
		b.set(x, 3)
		b.set(x, b.h-3)
	}
	for y := 3; y < b.h-2; y++ {
		b.set(2, y)
		b.set(b.w-3, y)
	}
}

// The look of the picture: 80 mm paper is 640 dots, of which 576 print.
const (
	marginDots = 32
	deskDots   = 28 // around the paper
	toothDots  = 8
	footDots   = 16
)

var (
	desk   = color.RGBA{0xD9, 0xDD, 0xE1, 0xFF}
	shadow = color.RGBA{0xBF, 0xC5, 0xCB, 0xFF}
	white  = color.RGBA{0xFE, 0xFD, 0xFA, 0xFF}
	ink    = color.RGBA{0x22, 0x21, 0x26, 0xFF}
)

// PNG draws the paper that has come out, one piece under the other. With no
// paper out it is an empty piece.
func (r *Roll) PNG() ([]byte, error) {
	var b bytes.Buffer
	if err := png.Encode(&b, r.Picture()); err != nil {
		return nil, fmt.Errorf("draw paper: %w", err)
	}
	return b.Bytes(), nil
}

// Picture draws the paper at one pixel a dot.
func (r *Roll) Picture() *image.Paletted {
	shown := r.pieces
	if n := len(shown); n > 1 && len(shown[n-1].rows) == 0 {
		shown = shown[:n-1]
	}
	height := deskDots
	for _, p := range shown {
		height += p.height() + deskDots
	}
	width := r.cfg.Dots + 2*marginDots + 2*deskDots
	img := image.NewPaletted(image.Rect(0, 0, width, height), color.Palette{desk, shadow, white, ink})
	y := deskDots
	for _, p := range shown {
		r.drawPiece(img, p, y)
		y += p.height() + deskDots
	}
	return img
}

func (p piece) height() int { return KnifeDots/2 + footDots + 2*toothDots + p.printed() }

// printed is how far the paper moved under the head.
func (p piece) printed() int {
	h := 0
	for _, w := range p.rows {
		h += w.height
	}
	return h
}

// Strip draws the print area alone, one pixel a dot and one piece under the
// other. Ink is index 1.
func (r *Roll) Strip() *image.Paletted {
	height := 0
	for _, p := range r.pieces {
		height += p.printed()
	}
	img := image.NewPaletted(image.Rect(0, 0, r.cfg.Dots, height), color.Palette{white, ink})
	y := 0
	for _, p := range r.pieces {
		for _, w := range p.rows {
			r.drawRow(img, w, 0, y, 1)
			y += w.height
		}
	}
	return img
}

// Indexes into the palette.
const (
	atDesk = iota
	atShadow
	atWhite
	atInk
)

func (r *Roll) drawPiece(img *image.Paletted, p piece, top int) {
	width, height := r.cfg.Dots+2*marginDots, p.height()
	paper(img, deskDots+5, top+6, width, height, atShadow, p.cut)
	paper(img, deskDots, top, width, height, atWhite, p.cut)
	y := top + toothDots + KnifeDots/2
	for _, w := range p.rows {
		r.drawRow(img, w, deskDots+marginDots, y, atInk)
		y += w.height
	}
}

// paper fills a piece; its ends show the teeth of the knife. A piece that still
// hangs in the printer ends straight.
func paper(img *image.Paletted, left, top, width, height int, c uint8, cut bool) {
	for y := range height {
		for x := range width {
			tooth := x % toothDots
			if tooth > toothDots/2 {
				tooth = toothDots - tooth
			}
			if y < tooth || cut && height-1-y < tooth {
				continue
			}
			img.SetColorIndex(left+x, top+y, c)
		}
	}
}

func (r *Roll) drawRow(img *image.Paletted, w row, left, top int, c uint8) {
	used, tallest := 0, 0
	for _, i := range w.items {
		used += i.width()
		tallest = max(tallest, i.height())
	}
	x := left + indent(w.align, r.cfg.Dots, used)
	for _, i := range w.items {
		b := i.img
		if b == nil && i.r != ' ' {
			b = r.glyph(i)
		}
		if b != nil {
			stamp(img, b, x, top+tallest-i.height(), i.reverse, c)
		}
		x += i.width()
	}
}

func (r *Roll) glyph(i item) *bitmap {
	if r.cfg.Fonts == nil {
		b := blank(i.width(), i.height())
		box(b)
		return b
	}
	return r.cfg.Fonts.cell(cellKey{i.r, i.wide, i.bold, i.w, i.h})
}

func stamp(img *image.Paletted, b *bitmap, left, top int, reverse bool, c uint8) {
	for y := range b.h {
		for x := range b.w {
			if b.at(x, y) != reverse {
				img.SetColorIndex(left+x, top+y, c)
			}
		}
	}
}
