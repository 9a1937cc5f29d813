package frame_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"leye/devices/idcard/idcardtest"
	"leye/devices/internal/frame"
)

// split feeds stream in pieces of the given size and returns the good frames and
// the number of checksum errors.
func split(stream []byte, piece int) (frames []string, damaged int, s *frame.Splitter) {
	s = new(frame.Splitter)
	for len(stream) > 0 {
		n := min(piece, len(stream))
		s.Feed(stream[:n])
		stream = stream[n:]
		for {
			f, err := s.Next()
			if errors.Is(err, frame.ErrChecksum) {
				damaged++
				continue
			}
			if f == nil {
				break
			}
			frames = append(frames, strings.ToUpper(hex.EncodeToString(f)))
		}
	}
	return frames, damaged, s
}

func TestStreams(t *testing.T) {
	for _, v := range idcardtest.Load().Streams {
		for _, piece := range []int{1, 2, 7, 4096} {
			t.Run(fmt.Sprintf("%s/%d", v.Name, piece), func(t *testing.T) {
				got, damaged, _ := split(v.Bytes, piece)
				if fmt.Sprint(got) != fmt.Sprint(v.FramesHex) {
					t.Errorf("frames %v, want %v", got, v.FramesHex)
				}
				if wantDamage := strings.HasPrefix(v.Name, "bad_checksum"); wantDamage != (damaged > 0) {
					t.Errorf("%d checksum errors", damaged)
				}
			})
		}
	}
}

// Every answer in one stream comes out unchanged, whatever stands between them.
func TestAllAnswersInOneStream(t *testing.T) {
	var stream []byte
	var want []string
	for i, v := range idcardtest.Load().Answers() {
		stream = append(stream, bytes.Repeat([]byte{0xAA}, i%6)...)
		stream = append(stream, v...)
		want = append(want, strings.ToUpper(hex.EncodeToString(v)))
	}
	got, damaged, s := split(stream, 61)
	if fmt.Sprint(got) != fmt.Sprint(want) || damaged != 0 {
		t.Errorf("%d frames of %d, %d damaged", len(got), len(want), damaged)
	}
	if s.Pending() != 0 {
		t.Errorf("%d bytes left", s.Pending())
	}
}

func TestRequestsNeedTheSmallerLimit(t *testing.T) {
	for _, r := range idcardtest.Load().Requests {
		s := frame.Splitter{MinLength: frame.MinRequest}
		s.Feed(r.Bytes)
		f, err := s.Next()
		if err != nil || !bytes.Equal(f, r.Bytes) {
			t.Errorf("%s: % X, %v", r.Name, f, err)
		}
		if got := frame.Append(nil, frame.Body(f)); !bytes.Equal(got, r.Bytes) {
			t.Errorf("%s: built % X", r.Name, got)
		}
	}
}

func TestResetWipes(t *testing.T) {
	var s frame.Splitter
	s.Feed([]byte("noise" + frame.Preamble + "\x01\x00secret"))
	if f, err := s.Next(); f != nil || err != nil {
		t.Fatalf("% X, %v", f, err)
	}
	if s.Skipped() != 5 || s.Pending() == 0 {
		t.Errorf("skipped %d, pending %d", s.Skipped(), s.Pending())
	}
	s.Reset()
	if s.Skipped() != 0 || s.Pending() != 0 {
		t.Errorf("after Reset: skipped %d, pending %d", s.Skipped(), s.Pending())
	}
}

// A single flipped bit anywhere in a frame is never delivered as that frame, and the
// frame after it always is.
func TestOneFlippedBit(t *testing.T) {
	good := frame.Append(nil, []byte{0, 0, 0x9F, 0, 0, 0, 0})
	for bit := range len(good) * 8 {
		bad := bytes.Clone(good)
		bad[bit/8] ^= 1 << (bit % 8)
		var s frame.Splitter
		s.Feed(bad)
		s.Feed(good)
		// A longer length field may claim bytes that never come.
		s.Feed(make([]byte, frame.MaxLength))
		var got [][]byte
		for {
			f, err := s.Next()
			if err == nil && f == nil {
				break
			}
			if f != nil {
				got = append(got, f)
			}
		}
		if len(got) != 1 || !bytes.Equal(got[0], good) {
			t.Errorf("bit %d: %d frames: % X", bit, len(got), got)
		}
	}
}

func FuzzSplit(f *testing.F) {
	for _, v := range idcardtest.Load().Streams {
		f.Add([]byte(v.Bytes), uint8(3))
	}
	f.Fuzz(func(t *testing.T, stream []byte, piece uint8) {
		if len(stream) > 1<<16 {
			return
		}
		whole, damagedWhole, s := split(stream, len(stream)+1)
		pieces, damaged, _ := split(stream, int(piece)+1)
		if fmt.Sprint(whole) != fmt.Sprint(pieces) || damaged != damagedWhole {
			t.Fatalf("split differently in pieces: %v %v", whole, pieces)
		}
		used := 0
		for _, h := range whole {
			used += len(h) / 2
			raw, err := hex.DecodeString(h)
			if err != nil || !bytes.Contains(stream, raw) {
				t.Fatalf("frame %s is not in the stream", h)
			}
			if !bytes.Equal(frame.Append(nil, frame.Body(raw)), raw) {
				t.Fatalf("frame %s does not rebuild", h)
			}
		}
		if used+s.Skipped()+s.Pending() != len(stream) {
			t.Fatalf("%d used + %d skipped + %d pending of %d", used, s.Skipped(), s.Pending(), len(stream))
		}
	})
}

func BenchmarkSplit(b *testing.B) {
	noise := make([]byte, 64)
	for i := range noise {
		noise[i] = byte(rand.New(rand.NewPCG(1, uint64(i))).Uint32())
	}
	answer := idcardtest.Load().Card("resident_plain").Frame
	stream := append(noise, answer...)
	b.SetBytes(int64(len(stream)))
	var s frame.Splitter
	for b.Loop() {
		s.Feed(stream)
		if f, err := s.Next(); err != nil || len(f) != len(answer) {
			b.Fatalf("%d bytes, %v", len(f), err)
		}
		s.Reset()
	}
}

func ExampleSplitter() {
	var s frame.Splitter
	s.Feed([]byte("\x00\xFF\xAA")) // noise, its last byte could begin a preamble
	s.Feed(frame.Append(nil, []byte{0x00, 0x00, 0x80}))
	f, err := s.Next()
	fmt.Printf("% X %v, %d bytes skipped\n", frame.Body(f), err, s.Skipped())
	// Output: 00 00 80 <nil>, 3 bytes skipped
}
