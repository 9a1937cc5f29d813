package speaker_test

import (
	"encoding/binary"
	"math"
	"testing"
	"time"

	"leye/devices/speaker"
)

func samples(t *testing.T, wave []byte) []int16 {
	t.Helper()
	if len(wave) < 44 || string(wave[:4]) != "RIFF" || string(wave[8:16]) != "WAVEfmt " || string(wave[36:40]) != "data" {
		t.Fatalf("no wave file: % X", wave[:min(44, len(wave))])
	}
	le := binary.LittleEndian
	if n := int(le.Uint32(wave[40:])); n != len(wave)-44 || int(le.Uint32(wave[4:])) != len(wave)-8 {
		t.Fatalf("says %d bytes of samples, has %d", n, len(wave)-44)
	}
	list := make([]int16, (len(wave)-44)/2)
	for i := range list {
		list[i] = int16(le.Uint16(wave[44+2*i:]))
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
		list := samples(t, speaker.Wave([]speaker.Tone{{pitch, 500 * time.Millisecond}}, 100))
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
	tones := speaker.CardLeft("zh").Tones
	full, half, none := loudest(samples(t, speaker.Wave(tones, 100))), loudest(samples(t, speaker.Wave(tones, 50))), loudest(samples(t, speaker.Wave(tones, 0)))
	if full < 20000 || math.Abs(float64(full)/2-float64(half)) > 2 || none != 0 {
		t.Errorf("loudest at 100, 50, 0 per cent: %d, %d, %d", full, half, none)
	}
}

func TestTheChimeIsShortAndLow(t *testing.T) {
	s := speaker.CardLeft("en")
	var length time.Duration
	for _, tone := range s.Tones {
		length += tone.For
		if tone.Pitch > 1000 {
			t.Errorf("%v Hz is more than many old ears hear well", tone.Pitch)
		}
	}
	if length > 2*time.Second || s.Sentence != "card-left.en" {
		t.Errorf("%v, sentence %q", length, s.Sentence)
	}
}
