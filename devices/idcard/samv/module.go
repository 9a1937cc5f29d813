package samv

import (
	"encoding/binary"
	"fmt"
)

// moduleNumber prints the 16 bytes of a module number, little endian and
// unsigned (protocol section 2.1).
func moduleNumber(b []byte) string {
	u16, u32 := binary.LittleEndian.Uint16, binary.LittleEndian.Uint32
	return fmt.Sprintf("%02d.%02d-%08d-%010d-%010d", u16(b), u16(b[2:]), u32(b[4:]), u32(b[8:]), u32(b[12:]))
}
