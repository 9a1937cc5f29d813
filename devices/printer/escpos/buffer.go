package escpos

import (
	"fmt"

	"leye/devices/printer"
)

// The control bytes that begin commands.
const (
	lf  = 0x0A
	dle = 0x10
	eot = 0x04
	enq = 0x05
	dc4 = 0x14
	xon = 0x11
	xof = 0x13
	esc = 0x1B
	fs  = 0x1C
	gs  = 0x1D
)

// Size is a character size of GS !.
type Size byte

// The two sizes that slips use.
const (
	Normal Size = 0x00
	Double Size = 0x11
)

// Level of error correction of a QR code.
type correction byte

const correctionM correction = 0x31

// Buffer is a run of commands for the printer. Its methods append the bytes of
// one command each; between two of them real-time bytes may be sent.
type Buffer []byte

func (b *Buffer) put(p ...byte) { *b = append(*b, p...) }

// Init clears the print buffer and all settings (ESC @). It also switches
// automatic status off.
func (b *Buffer) Init() { b.put(esc, '@') }

// Chinese turns multi-byte characters on (FS &). Mainland printers start that
// way, others do not; sending it again is harmless.
func (b *Buffer) Chinese() { b.put(fs, '&') }

// MotionUnits sets the unit of feeds and spacings to 1/203 inch: one dot.
func (b *Buffer) MotionUnits() { b.put(gs, 'P', 203, 203) }

// Area sets the width of the print area in dots.
func (b *Buffer) Area(dots int) { b.put(gs, 'W', byte(dots), byte(dots>>8)) }

// LineSpacing sets the height of a text line in dots.
func (b *Buffer) LineSpacing(dots int) { b.put(esc, '3', byte(dots)) }

// Align places the following lines; valid only at the beginning of a line.
func (b *Buffer) Align(a printer.Align) { b.put(esc, 'a', byte(a)) }

// Size sets the character size, Chinese included (GS !).
func (b *Buffer) Size(s Size) { b.put(gs, '!', byte(s)) }

// Bold turns emphasis on or off (ESC E).
func (b *Buffer) Bold(on bool) {
	if on {
		b.put(esc, 'E', 1)
		return
	}
	b.put(esc, 'E', 0)
}

// LineFeed prints the line and feeds.
func (b *Buffer) LineFeed() { b.put(lf) }

// FeedLines prints and feeds n lines (ESC d).
func (b *Buffer) FeedLines(n int) { b.put(esc, 'd', byte(min(max(n, 0), 255))) }

// FeedDots prints and feeds n dots (ESC J).
func (b *Buffer) FeedDots(n int) { b.put(esc, 'J', byte(min(max(n, 0), 255))) }

// Cut feeds to the knife and cuts, leaving one point (GS V 66 0): the printer
// knows its own distance from head to knife.
func (b *Buffer) Cut() { b.put(gs, 'V', 0x42, 0) }

// ProcessID asks for the echo of a four-character ID (GS ( H function 48). It
// comes when everything before is printed.
func (b *Buffer) ProcessID(id [4]byte) {
	b.put(gs, '(', 'H', 6, 0, '0', '0', id[0], id[1], id[2], id[3])
}

// Echo asks for the paper byte in order (GS r 1): everything before it was
// processed, though perhaps not printed, when it comes.
func (b *Buffer) Echo() { b.put(gs, 'r', 1) }

// AutoStatus turns on a status block at each change (GS a): on/offline, errors
// and paper.
func (b *Buffer) AutoStatus() { b.put(gs, 'a', 0x4E) }

// Identify asks for a text about the printer (GS I): 66 maker, 67 model, 69 font.
func (b *Buffer) Identify(n byte) { b.put(gs, 'I', n) }

// QR stores and prints a QR code of model 2, error correction M.
func (b *Buffer) QR(data string, module int) {
	n := len(data) + 3
	b.put(gs, '(', 'k', 4, 0, '1', 'A', 0x32, 0)
	b.put(gs, '(', 'k', 3, 0, '1', 'C', byte(module))
	b.put(gs, '(', 'k', 3, 0, '1', 'E', byte(correctionM))
	b.put(gs, '(', 'k', byte(n), byte(n>>8), '1', 'P', '0')
	*b = append(*b, data...)
	b.put(gs, '(', 'k', 3, 0, '1', 'Q', '0')
}

// Code128 prints a bar code with its text below, 80 dots high with modules of
// two dots. Set is 'B' for ASCII or 'C' for digits in pairs.
func (b *Buffer) Code128(data string, set byte) error {
	body := []byte{'{', set}
	switch set {
	case 'B':
		for i := range len(data) {
			if data[i] == '{' {
				body = append(body, '{')
			}
			body = append(body, data[i])
		}
	case 'C':
		if len(data)%2 != 0 {
			return fmt.Errorf("encode bar code: set C needs pairs of digits, got %d characters", len(data))
		}
		for i := 0; i < len(data); i += 2 {
			body = append(body, (data[i]-'0')*10+data[i+1]-'0')
		}
	default:
		return fmt.Errorf("encode bar code: no code set %q", set)
	}
	if len(body) > 255 {
		return fmt.Errorf("encode bar code: %d bytes, at most 255", len(body))
	}
	b.put(gs, 'H', 2, gs, 'f', 0, gs, 'h', 80, gs, 'w', 2, gs, 'k', 0x49, byte(len(body)))
	*b = append(*b, body...)
	return nil
}

// Column prints one 24-dot high picture inside the line (ESC * 33): three bytes
// a column, top bit first. Where the picture holds a real-time command, which
// some firmware would execute, it gets one dot more.
func (b *Buffer) Column(columns []byte) {
	n := len(columns) / 3
	b.put(esc, '*', 33, byte(n), byte(n>>8))
	from := len(*b)
	*b = append(*b, columns...)
	data := (*b)[from:]
	for at := hazard(data); at >= 0; at = hazard(data) {
		data[at] |= dle >> 1 // below the one dot that makes the byte a DLE
	}
}

// bandRows keeps a fault from wasting much and small image memories from
// overflowing.
const bandRows = 256

// Raster prints a picture of one bit a dot, width bytes a row, most significant
// bit on the left, in bands (GS v 0). Bands are cut so that no real-time
// command stands inside picture data, where some firmware would execute it; an
// error means that one cannot be cut apart.
func (b *Buffer) Raster(bits []byte, width int) error {
	if width <= 0 || len(bits)%width != 0 {
		return fmt.Errorf("encode picture: %d bytes are no rows of %d", len(bits), width)
	}
	for len(bits) > 0 {
		n := min(len(bits), bandRows*width)
		if at := hazard(bits[:n]); at >= 0 {
			n = (at + 1) / width * width
			if n == 0 {
				return fmt.Errorf("encode picture: row holds the real-time command % X", bits[at:at+2])
			}
		}
		rows := n / width
		b.put(gs, 'v', '0', 0, byte(width), byte(width>>8), byte(rows), byte(rows>>8))
		*b = append(*b, bits[:n]...)
		bits = bits[n:]
	}
	return nil
}

// hazard returns where data holds bytes that firmware may execute on receipt
// (DLE EOT, DLE ENQ, DLE DC4), or -1.
func hazard(data []byte) int {
	for i := 0; i+2 < len(data); i++ {
		if data[i] != dle {
			continue
		}
		n := data[i+2]
		switch data[i+1] {
		case eot:
			if n >= 1 && n <= 8 || n == 0x12 || n == 0x14 {
				return i
			}
		case enq:
			if n <= 2 {
				return i
			}
		case dc4:
			if n == 1 || n == 2 || n == 8 {
				return i
			}
		}
	}
	return -1
}
