// Package paper is what ESC/POS bytes leave on thermal paper: it splits a
// stream into commands, carries out those that leave marks, and draws the
// result as text and as a picture. It has no clock, no line and no faults; those
// are the simulated printer's.
package paper

import "bytes"

// Command is one command or one run of text with its bytes.
type Command struct {
	Name string // as in the command reference: "ESC @", "GS ( k"; "text" for a run of text
	Raw  []byte
	Args []byte // what follows the name
}

// The length rules of commands: how many bytes follow the name.
type rule struct {
	name string
	args int                // fixed number
	more func(b []byte) int // from all bytes after the name; -1: not known yet
}

// Next returns the first command of b and its length, or 0 when more bytes are
// needed. Unknown bytes come back as commands named "unknown", one at a time,
// as a printer would skip them.
func Next(b []byte) (Command, int) {
	if len(b) == 0 {
		return Command{}, 0
	}
	switch b[0] {
	case 0x1B, 0x1C, 0x1D, 0x10:
		return prefixed(b)
	case 0x0A:
		return one(b, "LF")
	case 0x0C:
		return one(b, "FF")
	case 0x0D:
		return one(b, "CR")
	case 0x09:
		return one(b, "HT")
	case 0x18:
		return one(b, "CAN")
	case 0x00:
		return one(b, "NUL")
	}
	if b[0] < ' ' {
		return one(b, "unknown")
	}
	return text(b)
}

func one(b []byte, name string) (Command, int) {
	return Command{Name: name, Raw: b[:1], Args: b[1:1]}, 1
}

// text takes the run up to the next control byte. No byte of a multi-byte
// character is one.
func text(b []byte) (Command, int) {
	n := 0
	for n < len(b) && b[n] >= ' ' {
		n++
	}
	return Command{Name: "text", Raw: b[:n], Args: b[:n]}, n
}

func prefixed(b []byte) (Command, int) {
	if len(b) < 2 {
		return Command{}, 0
	}
	r, ok := rules[[2]byte{b[0], b[1]}]
	if !ok {
		return one(b, "unknown")
	}
	rest := b[2:]
	n := r.args
	if r.more != nil {
		if n = r.more(rest); n < 0 {
			return Command{}, 0
		}
	}
	if len(rest) < n {
		return Command{}, 0
	}
	name := r.name
	if name == "GS (" {
		name += " " + string(rune(rest[0]))
	}
	return Command{Name: name, Raw: b[:2+n], Args: rest[:n]}, 2 + n
}

var rules = map[[2]byte]rule{
	{0x1B, '@'}: {name: "ESC @"}, {0x1B, 't'}: {name: "ESC t", args: 1},
	{0x1B, 'R'}: {name: "ESC R", args: 1}, {0x1B, 'E'}: {name: "ESC E", args: 1},
	{0x1B, 'G'}: {name: "ESC G", args: 1}, {0x1B, '-'}: {name: "ESC -", args: 1},
	{0x1B, 'a'}: {name: "ESC a", args: 1}, {0x1B, '2'}: {name: "ESC 2"},
	{0x1B, '3'}: {name: "ESC 3", args: 1}, {0x1B, '!'}: {name: "ESC !", args: 1},
	{0x1B, 'D'}: {name: "ESC D", more: toNUL}, {0x1B, '$'}: {name: "ESC $", args: 2},
	{0x1B, '\\'}: {name: "ESC \\", args: 2}, {0x1B, 'J'}: {name: "ESC J", args: 1},
	{0x1B, 'd'}: {name: "ESC d", args: 1}, {0x1B, 'c'}: {name: "ESC c", args: 2},
	{0x1B, 'L'}: {name: "ESC L"}, {0x1B, 'S'}: {name: "ESC S"},
	{0x1B, 'W'}: {name: "ESC W", args: 8}, {0x1B, 'T'}: {name: "ESC T", args: 1},
	{0x1B, 0x0C}: {name: "ESC FF"}, {0x1B, '*'}: {name: "ESC *", more: bitImage},
	{0x1B, 'M'}: {name: "ESC M", args: 1}, {0x1B, 'Z'}: {name: "ESC Z", more: escZ},
	{0x1B, '&'}: {name: "ESC &", more: defined}, {0x1B, '%'}: {name: "ESC %", args: 1},
	{0x1C, '&'}: {name: "FS &"}, {0x1C, '.'}: {name: "FS ."},
	{0x1C, '!'}: {name: "FS !", args: 1}, {0x1C, 'W'}: {name: "FS W", args: 1},
	{0x1C, '-'}: {name: "FS -", args: 1}, {0x1C, 'S'}: {name: "FS S", args: 2},
	{0x1C, 'C'}: {name: "FS C", args: 1}, {0x1C, '2'}: {name: "FS 2", args: 74},
	{0x1C, '('}: {name: "FS (", more: sized},
	{0x1C, '?'}: {name: "FS ?", args: 2},
	{0x1D, '!'}: {name: "GS !", args: 1}, {0x1D, 'B'}: {name: "GS B", args: 1},
	{0x1D, 'P'}: {name: "GS P", args: 2}, {0x1D, 'L'}: {name: "GS L", args: 2},
	{0x1D, 'W'}: {name: "GS W", args: 2}, {0x1D, '$'}: {name: "GS $", args: 2},
	{0x1D, 'V'}: {name: "GS V", more: cutArgs}, {0x1D, 'H'}: {name: "GS H", args: 1},
	{0x1D, 'f'}: {name: "GS f", args: 1}, {0x1D, 'h'}: {name: "GS h", args: 1},
	{0x1D, 'w'}: {name: "GS w", args: 1}, {0x1D, 'k'}: {name: "GS k", more: barcode},
	{0x1D, 'v'}: {name: "GS v 0", more: raster}, {0x1D, '('}: {name: "GS (", more: sized},
	{0x1D, '8'}: {name: "GS 8 L", more: sized4}, {0x1D, 'r'}: {name: "GS r", args: 1},
	{0x1D, 'I'}: {name: "GS I", args: 1}, {0x1D, 'a'}: {name: "GS a", args: 1},
	{0x1D, 'b'}: {name: "GS b", args: 1}, {0x1D, 'e'}: {name: "GS e", more: present},
	{0x1D, 'R'}:  {name: "GS R", more: retract},
	{0x10, 0x04}: {name: "DLE EOT", more: dleEOT}, {0x10, 0x05}: {name: "DLE ENQ", args: 1},
	{0x10, 0x14}: {name: "DLE DC4", more: dleDC4},
}

// present is the length of Custom's presenter commands, retract of Citizen's.
func present(b []byte) int {
	switch {
	case len(b) < 1:
		return -1
	case b[0] == 3:
		return 2
	case b[0] == 20:
		return 3
	}
	return 1
}

func retract(b []byte) int {
	switch {
	case len(b) < 1:
		return -1
	case b[0] == '1':
		return 2
	}
	return 1
}

func toNUL(b []byte) int {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		return i + 1
	}
	return -1
}

func bitImage(b []byte) int {
	if len(b) < 3 {
		return -1
	}
	n := int(b[1]) + int(b[2])<<8
	if b[0] >= 32 {
		n *= 3
	}
	return 3 + n
}

// defined is the length of user-defined characters: height in bytes, first and last
// code, then for each its width and its columns.
func defined(b []byte) int {
	if len(b) < 3 {
		return -1
	}
	n := 3
	for range int(b[2]) - int(b[1]) + 1 {
		if len(b) <= n {
			return -1
		}
		n += 1 + int(b[0])*int(b[n])
	}
	return n
}

func escZ(b []byte) int {
	if len(b) < 5 {
		return -1
	}
	return 5 + int(b[3]) + int(b[4])<<8
}

func cutArgs(b []byte) int {
	if len(b) < 1 {
		return -1
	}
	if b[0] >= 0x41 {
		return 2
	}
	return 1
}

func barcode(b []byte) int {
	if len(b) < 2 {
		return -1
	}
	if b[0] < 0x41 {
		return toNUL(b)
	}
	return 2 + int(b[1])
}

func raster(b []byte) int {
	if len(b) < 6 {
		return -1
	}
	return 6 + (int(b[2])+int(b[3])<<8)*(int(b[4])+int(b[5])<<8)
}

func sized(b []byte) int {
	if len(b) < 3 {
		return -1
	}
	return 3 + int(b[1]) + int(b[2])<<8
}

func sized4(b []byte) int {
	if len(b) < 5 {
		return -1
	}
	return 5 + int(b[1]) + int(b[2])<<8 + int(b[3])<<16 + int(b[4])<<24
}

func dleEOT(b []byte) int {
	if len(b) < 1 {
		return -1
	}
	switch b[0] {
	case 7, 8, 18:
		return 2
	}
	return 1
}

func dleDC4(b []byte) int {
	if len(b) < 1 {
		return -1
	}
	switch b[0] {
	case 8:
		return 8
	case 1, 2:
		return 3
	}
	return 1
}
