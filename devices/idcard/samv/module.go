package samv

import (
	"context"
	"encoding/binary"
	"fmt"
)

// Module asks for the status and the number of the module, which names the
// reader and never a person.
func (r *Reader) Module(ctx context.Context) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.open(ctx); err != nil {
		return "", r.ended(err)
	}
	if _, err := r.ask(ctx, samStatus); err != nil {
		return "", r.ended(err)
	}
	data, err := r.ask(ctx, samNumber)
	if err != nil {
		return "", r.ended(err)
	}
	return moduleNumber(data), nil
}

// moduleNumber prints the 16 bytes of a module number, little endian and
// unsigned (protocol section 2.1).
func moduleNumber(b []byte) string {
	u16, u32 := binary.LittleEndian.Uint16, binary.LittleEndian.Uint32
	return fmt.Sprintf("%02d.%02d-%08d-%010d-%010d", u16(b), u16(b[2:]), u32(b[4:]), u32(b[8:]), u32(b[12:]))
}
