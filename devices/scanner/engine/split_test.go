package engine

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"leye/devices/scanner"
	"leye/devices/scanner/scannertest"
)

func packed(code []byte) []byte {
	b := fmt.Appendf(nil, "\x02%04d%s\x03", len(code), code)
	sum := byte(0)
	for _, c := range b {
		sum ^= c
	}
	return append(b, sum)
}

func of(t testing.TB, name string) *splitter {
	t.Helper()
	p, err := profileOf(name)
	if err != nil {
		t.Fatal(err)
	}
	return &splitter{profile: p}
}

// cutUp feeds a stream in pieces, tells the silence after it, and returns what came.
func cutUp(s *splitter, stream []byte, piece int) (codes []string, fault error) {
	take := func() {
		for c, ok := s.next(); ok; c, ok = s.next() {
			codes = append(codes, string(c))
		}
	}
	for len(stream) > 0 {
		n := min(piece, len(stream))
		s.feed(stream[:n])
		stream = stream[n:]
		take()
	}
	if s.patience() > 0 {
		fault = s.silence()
		take()
	}
	return codes, fault
}

func TestBurstsAreCut(t *testing.T) {
	long := bytes.Repeat([]byte("x"), scanner.MaxSize)
	for _, tt := range []struct {
		profile, burst string
		want           string // codes joined by |
		fault          bool
	}{
		{"crlf", "hello\r\n", "hello", false},
		{"crlf", "hello\r\nworld\r\n", "hello|world", false},
		{"crlf", "\r\n\r\nhello\r\n", "hello", false},
		{"crlf", "two\rlines\nof one\r\n", "two\rlines\nof one", false},
		{"crlf", "\x00bin\r\nary\r\n", "\x00bin\r\nary", false},
		{"crlf", "hello", "", true},
		{"crlf", "hello\r", "", true},
		{"crlf", "\r\n", "", false},
		{"crlf", "\xFF\x00", "", false},
		{"crlf", string(long) + "\r\n", string(long), false},
		{"crlf", string(long) + "12345678\r\n", "", true},
		{"auto", "hello", "hello", false},
		{"auto", "hello\r", "hello", false},
		{"auto", "hello\n", "hello", false},
		{"auto", "hello\r\n", "hello", false},
		{"auto", "hello\rworld\r", "hello|world", false},
		{"auto", "abc", "", false},
		{"auto", "\x00bin\rary\r", "\x00bin\rary", false},
		{"auto", string(long) + string(long), "", true},
		{"packet", string(packed([]byte("hello"))), "hello", false},
		{"packet", string(packed([]byte("a\x02b\x03\r\n\x00"))) + "\r\n", "a\x02b\x03\r\n\x00", false},
		{"packet", "noise before" + string(packed([]byte("hello"))) + "and after", "hello", true},
		{"packet", "\x02" + string(packed([]byte("hello"))), "hello", false},
		{"packet", "\x020009" + string(packed([]byte("hello"))) + string(packed([]byte("world"))), "hello|world", false},
		{"packet", "\x022049" + string(long), "", true},
		{"packet", "\x020000\x03\x31", "", true},
		{"packet", "hello\r\n", "", true},
		{"packet", "\x02003", "", true},
		{"packet", "\xFF", "", false},
	} {
		for _, piece := range []int{1, 7, 512} {
			codes, fault := cutUp(of(t, tt.profile), []byte(tt.burst), piece)
			if got := joined(codes); got != tt.want || (fault != nil) != tt.fault {
				t.Errorf("%s %.40q in pieces of %d: %.60q, %v", tt.profile, tt.burst, piece, got, fault)
			}
		}
	}
}

func joined(codes []string) string {
	return string(bytes.Join(asBytes(codes), []byte("|")))
}

func asBytes(list []string) [][]byte {
	var out [][]byte
	for _, s := range list {
		out = append(out, []byte(s))
	}
	return out
}

// TestGarbageIsSurvived: a megabyte of it leaves the memory as it was, and the next
// code is read.
func TestGarbageIsSurvived(t *testing.T) {
	const megabyte = 1 << 20
	random := make([]byte, megabyte)
	r := rand.New(rand.NewPCG(3, 0))
	for i := range random {
		random[i] = byte(r.Uint32())
	}
	for name, garbage := range map[string][]byte{
		"random":         random,
		"zeros":          make([]byte, megabyte),
		"STX":            bytes.Repeat([]byte{stx}, megabyte),
		"lines":          bytes.Repeat([]byte("\r\n"), megabyte/2),
		"packet headers": bytes.Repeat([]byte("\x022048"), megabyte/5),
	} {
		for _, profile := range Profiles() {
			s, most := of(t, profile), 0
			for at := 0; at < len(garbage); at += 512 {
				s.feed(garbage[at:min(at+512, len(garbage))])
				for _, ok := s.next(); ok; _, ok = s.next() {
					t.Errorf("%s %s: a code", profile, name)
				}
				most = max(most, cap(s.buf)+len(s.codes))
			}
			if most > 3*held {
				t.Errorf("%s %s: %d bytes held", profile, name, most)
			}
			lineEnds := profile == "packet" && name == "lines" // these a scanner may add
			if err := s.silence(); (err == nil) != lineEnds {
				t.Errorf("%s %s: %v", profile, name, err)
			}
			code := scannertest.Get("suishenma_binary").Raw
			stream := append(bytes.Clone(code), '\r', '\n')
			if s.packed {
				stream = packed(code)
			}
			if codes, err := cutUp(s, stream, 16); err != nil || joined(codes) != string(code) {
				t.Errorf("%s %s: %d codes after it, %v", profile, name, len(codes), err)
			}
		}
	}
}

func TestNothingStaysBehindACode(t *testing.T) {
	for _, profile := range Profiles() {
		s := of(t, profile)
		stream := []byte("personal\r\n")
		if s.packed {
			stream = packed([]byte("personal"))
		}
		if _, err := cutUp(s, stream, 512); err != nil {
			t.Errorf("%s: %v", profile, err)
		}
		if whole := s.buf[:cap(s.buf)]; bytes.Contains(whole, []byte("person")) || len(s.buf) > 0 {
			t.Errorf("%s: %q", profile, whole)
		}
	}
}

// FuzzSplit holds that the pieces in which bytes arrive do not matter, that every
// code was in the stream, and that no more than a code and a read are held.
func FuzzSplit(f *testing.F) {
	for n := range profiles {
		for _, s := range scannertest.Samples() {
			f.Add(append(append(bytes.Clone(s.Raw), '\r', '\n'), packed(s.Raw)...), uint8(n), uint16(7))
		}
	}
	f.Fuzz(func(t *testing.T, stream []byte, profile uint8, piece uint16) {
		if len(stream) > 1<<14 {
			return
		}
		name := profiles[int(profile)%len(profiles)].name
		s := of(t, name)
		codes, fault := cutUp(s, stream, int(piece)%512+1)
		whole, again := cutUp(of(t, name), stream, 512)
		if fmt.Sprintf("%q", codes) != fmt.Sprintf("%q", whole) || (fault == nil) != (again == nil) {
			t.Fatalf("in pieces %q, %v; else %q, %v", codes, fault, whole, again)
		}
		for _, c := range codes {
			if len(c) == 0 || len(c) > held || !bytes.Contains(stream, []byte(c)) {
				t.Fatalf("code %q of %q", c, stream)
			}
		}
		if len(s.buf) > 0 || s.patience() > 0 || cap(s.buf) > 4*held {
			t.Fatalf("%d bytes held after silence, room for %d", len(s.buf), cap(s.buf))
		}
	})
}

func BenchmarkSplit(b *testing.B) {
	for _, profile := range Profiles() {
		for _, name := range []string{"slip", "suishenma_binary", "other_long"} {
			b.Run(profile+" "+name, func(b *testing.B) {
				s := of(b, profile)
				code := scannertest.Get(name).Raw
				stream := append(bytes.Clone(code), '\r', '\n')
				if s.packed {
					stream = packed(code)
				}
				b.SetBytes(int64(len(stream)))
				b.ReportAllocs()
				for b.Loop() {
					if codes, err := cutUp(s, stream, 64); err != nil || len(codes) != 1 {
						b.Fatalf("%d codes, %v", len(codes), err)
					}
				}
			})
		}
	}
}

func BenchmarkGarbage(b *testing.B) {
	garbage := bytes.Repeat([]byte("\x022048"), 1<<20/5)
	for _, profile := range Profiles() {
		b.Run(profile, func(b *testing.B) {
			b.SetBytes(int64(len(garbage)))
			for b.Loop() {
				_, _ = cutUp(of(b, profile), garbage, 512)
			}
		})
	}
}
