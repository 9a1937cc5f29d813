package escpos

import (
	"unicode/utf8"

	"leye/devices/printer"
)

// glyphDots is the side of a character.
const glyphDots = 24

// row prints one row of clean text.
func (e *Encoder) row(out *Encoded, text string, double, bold bool) error {
	switch {
	case !double:
		e.inline(out, text, bold)
		out.line(lineDots)
	case e.lacks(text):
		return e.picture(out, text, bold)
	default:
		e.text(out, text)
		out.FeedDots(titleDots) // prints the line, as LF does
		out.Dots += titleDots
		out.mark()
	}
	return nil
}

// lacks reports whether text holds a character that must be drawn.
func (e *Encoder) lacks(text string) bool {
	if e.glyphs == nil {
		return false
	}
	for _, r := range text {
		if !e.font.has(r) {
			return true
		}
	}
	return false
}

// inline appends text with what the font lacks as pictures of the same size
// between the characters.
func (e *Encoder) inline(out *Encoded, text string, bold bool) {
	if !e.lacks(text) {
		e.text(out, text)
		return
	}
	from := 0
	for i, r := range text {
		if e.font.has(r) {
			continue
		}
		e.text(out, text[from:i])
		from = i + utf8.RuneLen(r)
		g, ok := e.glyph(r)
		if !ok {
			e.text(out, string(Missing))
			continue
		}
		if bold {
			thicken(&g)
		}
		out.Column(g[:])
	}
	e.text(out, text[from:])
}

// glyph returns the drawing of r. One that cannot be read counts as missing.
func (e *Encoder) glyph(r rune) ([3 * glyphDots]byte, bool) {
	g, err := e.glyphs.Glyph(r)
	if err != nil {
		e.missing++
		if e.damage == nil {
			e.damage = err
		}
	}
	return g, err == nil
}

// thicken strikes twice, a dot apart: ESC E does not reach pictures.
func thicken(g *[3 * glyphDots]byte) {
	for i := len(g) - 1; i >= 3; i-- {
		g[i] |= g[i-3]
	}
}

// picture prints a row of double size as one picture: GS ! does not reach
// pictures within a line, and those are only one character high.
func (e *Encoder) picture(out *Encoded, text string, bold bool) error {
	const cell = 3 // bytes of a half-width character
	width := cell * printer.TextWidth(text)
	bits := make([]byte, width*2*glyphDots)
	at := 0
	for _, r := range text {
		g, ok := e.glyph(r)
		if !ok {
			g, _ = e.glyph(Missing)
		}
		if bold {
			thicken(&g)
		}
		enlarge(bits[at:], width, g[:glyphDots*3/2*printer.Width(r)])
		at += cell * printer.Width(r)
	}
	if err := out.Raster(bits, width); err != nil {
		return err
	}
	out.FeedDots(titleDots - 2*glyphDots)
	out.Dots += titleDots
	out.mark()
	return nil
}

// enlarge draws columns into rows of width bytes, each dot as two by two.
func enlarge(rows []byte, width int, columns []byte) {
	for i, b := range columns {
		x, top := 2*(i/3), 16*(i%3)
		for y := range 8 {
			if b&(0x80>>y) == 0 {
				continue
			}
			two := byte(0xC0) >> (x % 8)
			rows[(top+2*y)*width+x/8] |= two
			rows[(top+2*y+1)*width+x/8] |= two
		}
	}
}
