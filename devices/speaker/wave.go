package speaker

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"time"
)

// Rate is that of tones, in samples a second.
const Rate = 22050

// Longest is what no recording lasts.
const Longest = 15 * time.Second

// Bounds of a recording that ReadClip accepts.
const (
	slowest, fastest = 8000, 48000 // samples a second
	most             = 2           // channels
	aside            = 64 << 10    // bytes that are no samples: titles, markers
	limit            = aside + int64(Longest/time.Second)*fastest*most*2
)

// Clip is a sound as 16-bit samples, little-endian, the channels by turns.
type Clip struct {
	Rate     int // samples a second, of each channel
	Channels int
	Samples  []byte
}

// Lasts is how long the clip sounds.
func (c Clip) Lasts() time.Duration {
	return time.Duration(len(c.Samples)/(2*c.Channels)) * time.Second / time.Duration(c.Rate)
}

// Strike is the tones as a clip, as loud as may be. They fade like a bell's, so that
// none begins or ends with a click.
func Strike(tones []Tone) Clip {
	var samples []byte
	for _, t := range tones {
		n := int(t.For * Rate / time.Second)
		for i := range n {
			at := float64(i) / Rate
			loud := math.Min(1, at/0.005) * math.Exp(-3*at/t.For.Seconds()) * math.Min(1, float64(n-i)/(0.01*Rate))
			// An octave above, softly: a bare sine is hard to place in a room.
			s := 0.8*math.Sin(2*math.Pi*t.Pitch*at) + 0.2*math.Sin(4*math.Pi*t.Pitch*at)
			samples = binary.LittleEndian.AppendUint16(samples, uint16(int16(math.MaxInt16*s*loud)))
		}
	}
	return Clip{Rate, 1, samples}
}

// Wave is the clip as a RIFF WAVE file, at a volume of 0 to 100 per cent.
func (c Clip) Wave(volume int) []byte {
	le, size := binary.LittleEndian, uint32(len(c.Samples))
	b := make([]byte, 0, 44+len(c.Samples))
	b = le.AppendUint32(append(b, "RIFF"...), 36+size)
	b = append(b, "WAVEfmt \x10\x00\x00\x00\x01\x00"...)
	b = le.AppendUint16(b, uint16(c.Channels))
	b = le.AppendUint32(b, uint32(c.Rate))
	b = le.AppendUint32(b, uint32(2*c.Channels*c.Rate))
	b = le.AppendUint16(b, uint16(2*c.Channels))
	b = le.AppendUint16(b, 16)
	b = le.AppendUint32(append(b, "data"...), size)
	for i := 0; i+1 < len(c.Samples); i += 2 {
		b = le.AppendUint16(b, uint16(int(int16(le.Uint16(c.Samples[i:])))*volume/100))
	}
	return b
}

// ReadClip reads a RIFF WAVE file: plain samples of 16 bits, one channel or two, 8,000
// to 48,000 a second, no longer than Longest. What follows the samples is not looked at.
func ReadClip(r io.Reader) (Clip, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	switch {
	case err != nil:
		return Clip{}, fmt.Errorf("read recording: %w", err)
	case int64(len(data)) > limit:
		return Clip{}, fmt.Errorf("read recording: larger than %d bytes", limit)
	case len(data) < 12 || string(data[:4]) != "RIFF" || string(data[8:12]) != "WAVE":
		return Clip{}, errors.New("read recording: no WAVE file")
	}
	c, err := readChunks(data[12:])
	if err != nil {
		return Clip{}, fmt.Errorf("read recording: %w", err)
	}
	return c, nil
}

// readChunks goes through the chunks up to the samples; their form stands before them.
func readChunks(data []byte) (c Clip, err error) {
	for len(data) >= 8 {
		name, size := string(data[:4]), int64(binary.LittleEndian.Uint32(data[4:]))
		data = data[8:]
		if size > int64(len(data)) {
			return Clip{}, fmt.Errorf("%q of %d bytes is cut off", name, size)
		}
		body := data[:size]
		switch {
		case name == "fmt ":
			c, err = readForm(body)
		case name == "data" && c.Channels == 0:
			err = errors.New("the samples stand before their form")
		case name == "data":
			return c.with(body)
		}
		if err != nil {
			return Clip{}, err
		}
		data = data[min(size+size%2, int64(len(data))):] // chunks begin at even places
	}
	return Clip{}, errors.New("there are no samples")
}

// readForm reads what the samples are like.
func readForm(b []byte) (Clip, error) {
	if len(b) < 16 {
		return Clip{}, errors.New("the form of the samples is cut off")
	}
	le := binary.LittleEndian
	kind, channels, rate, bits := le.Uint16(b), int(le.Uint16(b[2:])), le.Uint32(b[4:]), le.Uint16(b[14:])
	switch {
	case kind != 1 || bits != 16:
		return Clip{}, fmt.Errorf("samples of kind %d with %d bits, not plain ones with 16", kind, bits)
	case channels < 1 || channels > most:
		return Clip{}, fmt.Errorf("%d channels", channels)
	case rate < slowest || rate > fastest:
		return Clip{}, fmt.Errorf("%d samples a second", rate)
	}
	// What else stands there follows from these; a file that contradicts itself is none.
	if le.Uint32(b[8:]) != uint32(2*channels)*rate || int(le.Uint16(b[12:])) != 2*channels {
		return Clip{}, errors.New("the form of the samples contradicts itself")
	}
	return Clip{Rate: int(rate), Channels: channels}, nil
}

func (c Clip) with(samples []byte) (Clip, error) {
	c.Samples = samples
	switch {
	case len(samples) == 0 || len(samples)%(2*c.Channels) != 0:
		return Clip{}, fmt.Errorf("%d bytes are no samples of %d channels", len(samples), c.Channels)
	case c.Lasts() > Longest:
		return Clip{}, fmt.Errorf("it lasts %v, longer than %v", c.Lasts(), Longest)
	}
	return c, nil
}
