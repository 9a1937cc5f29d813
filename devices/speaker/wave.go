package speaker

import (
	"encoding/binary"
	"math"
	"time"
)

// Rate is that of a Wave, in samples a second.
const Rate = 22050

// Wave is the tones as a file of 16-bit samples, one channel, at a volume of 0 to 100
// per cent. Tones fade like a bell's, so that none begins or ends with a click.
func Wave(tones []Tone, volume int) []byte {
	var samples []byte
	for _, t := range tones {
		n := int(t.For * Rate / time.Second)
		for i := range n {
			at := float64(i) / Rate
			loud := math.Min(1, at/0.005) * math.Exp(-3*at/t.For.Seconds()) * math.Min(1, float64(n-i)/(0.01*Rate))
			// An octave above, softly: a bare sine is hard to place in a room.
			s := 0.8*math.Sin(2*math.Pi*t.Pitch*at) + 0.2*math.Sin(4*math.Pi*t.Pitch*at)
			samples = binary.LittleEndian.AppendUint16(samples, uint16(int16(math.MaxInt16*s*loud*float64(volume)/100)))
		}
	}
	return append(header(len(samples)), samples...)
}

// header is that of a RIFF WAVE file with so many bytes of samples.
func header(size int) []byte {
	le := binary.LittleEndian
	b := append([]byte("RIFF"), le.AppendUint32(nil, uint32(36+size))...)
	b = append(b, "WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00"...)
	b = le.AppendUint32(b, Rate)
	b = le.AppendUint32(b, 2*Rate)
	b = append(b, 2, 0, 16, 0)
	return le.AppendUint32(append(b, "data"...), uint32(size))
}
