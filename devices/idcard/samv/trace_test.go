package samv

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"leye/devices/idcard"
	"leye/devices/idcard/idcardtest"
	"leye/devices/internal/frame"
	"leye/devices/internal/trace"
	"leye/devices/sim"
)

func TestSpecimensAreSoundCards(t *testing.T) {
	for marker, kind := range map[uint16]idcard.Kind{0: idcard.Resident, 'J': idcard.HKMTPermit, 'I': idcard.Foreign2017, 'Y': idcard.Foreign2023} {
		card, err := decodeText(specimenOf(marker), asOf)
		if err != nil || card.Kind != kind || len(card.Issues) > 0 || card.Number.Check(kind, asOf) != nil || card.Name == "" || card.ValidTo.IsZero() {
			t.Errorf("%s: %v, issues %v, %v", kind, card, card.Issues, err)
		}
	}
}

// secrets are the pieces of a card's own text that a trace must not hold: each
// pair of characters that stands in a field about the person, and the photo.
func secrets(v idcardtest.Card) [][]byte {
	body := frame.Body(v.Frame)[3:]
	head := 4
	if v.Command == "3010" {
		head = 6
	}
	text, photo := body[head:head+textSize], body[head+textSize:]
	var all [][]byte
	own := func(piece []byte) bool {
		for _, marker := range []uint16{0, 'J', 'I', 'Y'} {
			if bytes.Contains(specimenOf(marker), piece) {
				return false
			}
		}
		return true
	}
	for at := 0; at+4 <= textSize; at += 2 {
		// Blanks, dates and years are everybody's; two characters are somebody's.
		if piece := text[at : at+4]; own(piece) && piece[1] > 1 {
			all = append(all, piece)
		}
	}
	for _, span := range [][2]int{{52, 122}, {122, 158}} { // address and number
		for at := span[0]; at+12 <= span[1]; at += 2 {
			if piece := text[at : at+12]; own(piece) {
				all = append(all, piece)
			}
		}
	}
	return append(all, photo[32:48], photo[100:116])
}

// leak is the first secret of a card in some bytes, or empty.
func leak(secrets [][]byte, in []byte) string {
	for _, s := range secrets {
		if bytes.Contains(in, s) {
			return fmt.Sprintf("% X", s)
		}
	}
	return ""
}

// written are all bytes of a trace in one piece.
func written(exchanges []trace.Exchange) []byte {
	var all []byte
	for _, e := range exchanges {
		all = append(append(all, e.Request...), e.Answer...)
	}
	return all
}

// request30 is the request that a card vector answers.
func request30(v idcardtest.Card) []byte {
	para := byte(0x01)
	if v.Command == "3010" {
		para = 0x10
	}
	return frame.Append(nil, []byte{0x30, para})
}

func TestNothingOfACardIsLeftAfterMasking(t *testing.T) {
	requests := [][]byte{nil, frame.Append(nil, []byte{0x20, 0x01}), frame.Append(nil, []byte{0x12, 0xFF}), frame.Append(nil, []byte{0x30, 0x03})}
	for _, v := range idcardtest.Load().Cards {
		private := secrets(v)
		if leak(private, v.Frame) == "" {
			t.Fatalf("%s: the test finds no secret in the card itself", v.Name)
		}
		own := mask(request30(v), v.Frame)
		card, err := Decode(frame.Body(own)[3:], v.Command == "3010", asOf)
		if err != nil || len(own) != len(v.Frame) || !intact(own) || len(card.Issues) > 0 || card.Kind != v.Value().Kind {
			t.Errorf("%s: %d bytes of %d, %v, %v", v.Name, len(own), len(v.Frame), card, err)
		}
		for _, request := range append(requests, request30(v)) {
			for at := 0; at < len(v.Frame); at += 7 { // late, in part and shifted
				for _, in := range [][]byte{v.Frame[at:], v.Frame[:at], append([]byte(frame.Preamble+"\x05\x08"), v.Frame[at:]...), append([]byte(frame.Preamble+"\x00\x14"), v.Frame[at:]...)} {
					out := mask(request, in)
					if len(out) != len(in) {
						t.Fatalf("%s: %d bytes became %d", v.Name, len(in), len(out))
					}
					if piece := leak(private, out); piece != "" {
						t.Fatalf("%s: %s is left of a piece at %d after % X", v.Name, piece, at, request)
					}
				}
			}
		}
	}
}

func TestMaskingKeepsWhatWentWrong(t *testing.T) {
	v := idcardtest.Load().Card("resident_plain")
	damaged := bytes.Clone(v.Frame)
	damaged[600] ^= 1
	for name, c := range map[string]struct {
		in   []byte
		want func(out []byte) bool
	}{
		"wrong checksum": {damaged, func(out []byte) bool { return bytes.HasPrefix(out, v.Frame[:14]) && !intact(out) }},
		"broken off":     {v.Frame[:700], func(out []byte) bool { return bytes.HasPrefix(out, v.Frame[:14]) }},
		"stray bytes": {append([]byte{1, 2, 3}, v.Frame...), func(out []byte) bool {
			return bytes.Equal(out[:3], []byte{noiseByte, noiseByte, noiseByte}) && intact(out[3:])
		}},
		"a status": {frame.Append(nil, []byte{0, 0, 0x41}), func(out []byte) bool { return bytes.Equal(out, frame.Append(nil, []byte{0, 0, 0x41})) }},
	} {
		if out := mask(request30(v), c.in); !c.want(out) {
			t.Errorf("%s: % X", name, out[:min(20, len(out))])
		}
	}
	for _, v := range idcardtest.Load().Responses {
		if name, ok := idcardtest.Load().Request("find_card"); ok && len(v.Bytes) <= 19 && v.Expect.NewAddress == "" {
			if out := mask(name, v.Bytes); !intact(out) || out[9] != v.Bytes[9] {
				t.Errorf("%s became % X", v.Name, out)
			}
		}
	}
}

// TestATraceOfANoisyLineNamesNobody reads cards over a line that damages them and
// looks at all that was written.
func TestATraceOfANoisyLineNamesNobody(t *testing.T) {
	for _, v := range idcardtest.Load().Cards {
		if v.Command != "3001" {
			continue
		}
		var paper bytes.Buffer
		inBubble(t, sim.ReaderConfig{}, 115200, func(ctx context.Context, t *testing.T, r *Reader, s *socket) {
			r.line = &tracing{line: &noisy{socket: s, noise: noise{every: 700}, rand: rand.New(rand.NewPCG(5, 0))}, w: &paper, log: slog.New(slog.DiscardHandler)}
			lay(t, s, v.Name)
			short, cancel := context.WithTimeout(ctx, 5*time.Second)
			defer cancel()
			for short.Err() == nil {
				_, _ = r.Read(short) // whatever comes of it is traced
			}
		})
		exchanges, err := trace.Parse(&paper)
		if piece := leak(secrets(v), written(exchanges)); piece != "" {
			t.Errorf("%s: %s", v.Name, piece)
		}
		answers := 0
		for _, e := range exchanges {
			if bearsData(e.Request) && len(e.Answer) > textSize {
				answers++
			}
		}
		if err != nil || answers == 0 {
			t.Errorf("%s: %d exchanges, %d of them cards, %v", v.Name, len(exchanges), answers, err)
		}
	}
}

// FuzzMask wants as many bytes as came.
func FuzzMask(f *testing.F) {
	for _, v := range idcardtest.Load().Cards {
		f.Add(request30(v), []byte(v.Frame))
	}
	for _, s := range idcardtest.Load().Streams {
		f.Add(frame.Append(nil, []byte{0x20, 0x01}), []byte(s.Bytes))
	}
	f.Fuzz(func(t *testing.T, request, answer []byte) {
		if len(answer) > 1<<14 {
			return
		}
		if out := mask(request, answer); len(out) != len(answer) {
			t.Fatalf("%d bytes became %d", len(answer), len(out))
		}
	})
}
