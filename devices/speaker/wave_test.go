package speaker_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"leye/devices/speaker"
)

// samples reads a wave file back.
func samples(t *testing.T, wave []byte) []int16 {
	t.Helper()
	c, err := speaker.ReadClip(bytes.NewReader(wave))
	if err != nil {
		t.Fatal(err)
	}
	list := make([]int16, len(c.Samples)/2)
	for i := range list {
		list[i] = int16(binary.LittleEndian.Uint16(c.Samples[2*i:]))
	}
	return list
}

func loudest(list []int16) int {
	most := 0
	for _, s := range list {
		most = max(most, int(math.Abs(float64(s))))
	}
	return most
}

func TestAToneHasItsPitchLengthAndVolume(t *testing.T) {
	for _, pitch := range []float64{440, 880} {
		list := samples(t, speaker.Strike([]speaker.Tone{{pitch, 500 * time.Millisecond}}).Wave(100))
		if len(list) != speaker.Rate/2 {
			t.Errorf("%d samples", len(list))
		}
		crossings := 0
		for i := 1; i < len(list)/2; i++ { // its louder half
			if list[i-1] < 0 && list[i] >= 0 {
				crossings++
			}
		}
		if got := float64(crossings) * 4; math.Abs(got-pitch) > 8 {
			t.Errorf("%v Hz sounds as %v", pitch, got)
		}
		if first, last := list[0], list[len(list)-1]; first != 0 || math.Abs(float64(last)) > 300 {
			t.Errorf("clicks: begins at %d, ends at %d", first, last)
		}
	}
	tones := speaker.Strike(speaker.CardLeft("zh").Tones)
	full, half, none := loudest(samples(t, tones.Wave(100))), loudest(samples(t, tones.Wave(50))), loudest(samples(t, tones.Wave(0)))
	if full < 20000 || math.Abs(float64(full)/2-float64(half)) > 2 || none != 0 {
		t.Errorf("loudest at 100, 50, 0 per cent: %d, %d, %d", full, half, none)
	}
}

func TestSoundsAreShortAndLow(t *testing.T) {
	for sentence, sound := range map[string]speaker.Sound{
		"card-left.en": speaker.CardLeft("en"), "slip-left.zh": speaker.SlipLeft("zh"), "still-there.en": speaker.StillThere("en"),
	} {
		for _, tone := range sound.Tones {
			if tone.Pitch > 1000 {
				t.Errorf("%s: %v Hz is more than many old ears hear well", sentence, tone.Pitch)
			}
		}
		if lasts := speaker.Strike(sound.Tones).Lasts(); lasts < 500*time.Millisecond || lasts > 2*time.Second || sound.Sentence != sentence {
			t.Errorf("%v, sentence %q, not %q", lasts, sound.Sentence, sentence)
		}
	}
}

// header is a wave file's up to its samples, as far as it can be wrong.
type header struct {
	riff, wave               string
	kind, channels           uint16
	rate, second             uint32
	frame, bits              uint16
	beside                   string // chunks between the form and the samples
	data                     string
	size                     uint32
	behind                   string
	samples, leaveOutTheForm int
}

func plain() header {
	return header{riff: "RIFF", wave: "WAVE", kind: 1, channels: 1, rate: 16000, second: 32000, frame: 2, bits: 16, data: "data", size: 8, samples: 8}
}

func (h header) file() []byte {
	le := binary.LittleEndian
	b := append([]byte(h.riff+"\xff\xff\xff\xff"+h.wave), "fmt \x10\x00\x00\x00"...) // recorders that stream do not know the size
	b = le.AppendUint16(le.AppendUint16(b, h.kind), h.channels)
	b = le.AppendUint32(le.AppendUint32(b, h.rate), h.second)
	b = le.AppendUint16(le.AppendUint16(b, h.frame), h.bits)
	if h.leaveOutTheForm > 0 {
		b = b[:12]
	}
	b = append(append(b, h.beside...), h.data...)
	b = append(le.AppendUint32(b, h.size), bytes.Repeat([]byte{1, 2}, h.samples/2)...)
	return append(b, h.behind...)
}

func TestARecordingIsReadStrictly(t *testing.T) {
	for _, change := range []func(*header){
		func(*header) {},
		func(h *header) { h.channels, h.rate, h.second, h.frame = 2, 48000, 192000, 4 },
		func(h *header) { h.beside = "LIST\x03\x00\x00\x00abc\x00" },
		func(h *header) { h.behind = "anything" },
	} {
		h := plain()
		change(&h)
		c, err := speaker.ReadClip(iotest.OneByteReader(bytes.NewReader(h.file())))
		if err != nil || len(c.Samples) != 8 || c.Rate != int(h.rate) || c.Channels != int(h.channels) {
			t.Errorf("%+v: %+v, %v", h, c, err)
		}
	}
	for says, change := range map[string]func(*header){
		"no WAVE file":                          func(h *header) { h.riff = "RIFX" },
		"no wave file":                          func(h *header) { h.wave = "AVI " },
		"kind 3":                                func(h *header) { h.kind = 3 },
		"8 bits":                                func(h *header) { h.bits = 8 },
		"6 channels":                            func(h *header) { h.channels = 6 },
		"0 channels":                            func(h *header) { h.channels = 0 },
		"4000 samples a second":                 func(h *header) { h.rate = 4000 },
		"192000 samples a second":               func(h *header) { h.rate = 192000 },
		"contradicts itself":                    func(h *header) { h.second = 1 },
		"Contradicts itself":                    func(h *header) { h.frame = 4 },
		`"data" of 4294967295 bytes is cut off`: func(h *header) { h.size = math.MaxUint32 },
		`"LIST" of 999999999`:                   func(h *header) { h.beside = "LIST\xff\xc9\x9a\x3b" },
		"7 bytes are no samples":                func(h *header) { h.size = 7 },
		"0 bytes are no samples":                func(h *header) { h.size = 0 },
		"before their form":                     func(h *header) { h.leaveOutTheForm = 1 },
		"there are no samples":                  func(h *header) { h.data = "post" },
		"it lasts 15.01s":                       func(h *header) { h.size, h.samples = 32000*15+320, 32000*15+320 },
		"larger than":                           func(h *header) { h.size, h.samples = 4<<20, 4<<20 },
	} {
		h := plain()
		change(&h)
		if _, err := speaker.ReadClip(bytes.NewReader(h.file())); err == nil || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(says)) {
			t.Errorf("%s: %v", says, err)
		}
	}
	broken := errors.New("broken")
	if _, err := speaker.ReadClip(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("a broken disk: %v", err)
	}
	if _, err := speaker.ReadClip(io.LimitReader(bytes.NewReader(plain().file()), 30)); err == nil {
		t.Error("a form that is cut off was read")
	}
}

// FuzzReadClip holds that any bytes are a bounded clip that is read back as it was
// written, or an error.
func FuzzReadClip(f *testing.F) {
	f.Add(plain().file())
	f.Add(speaker.Strike([]speaker.Tone{{440, time.Millisecond}}).Wave(60))
	two := plain()
	two.channels, two.second, two.frame, two.beside = 2, 64000, 4, "LIST\x03\x00\x00\x00abc\x00"
	f.Add(two.file())
	f.Fuzz(func(t *testing.T, file []byte) {
		c, err := speaker.ReadClip(bytes.NewReader(file))
		if err != nil {
			if c.Samples != nil {
				t.Errorf("%d bytes of samples beside %v", len(c.Samples), err)
			}
			return
		}
		if lasts := c.Lasts(); lasts < 0 || lasts > speaker.Longest || len(c.Samples) > len(file) {
			t.Errorf("%d bytes last %v", len(c.Samples), lasts)
		}
		again, err := speaker.ReadClip(bytes.NewReader(c.Wave(100)))
		if err != nil || again.Rate != c.Rate || again.Channels != c.Channels || !bytes.Equal(again.Samples, c.Samples) {
			t.Errorf("read back: %v", err)
		}
	})
}
