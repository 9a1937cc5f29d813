package escpos

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"leye/devices/printer"
	"leye/devices/sim/paper"
)

func TestCharactersThatTheFontLacks(t *testing.T) {
	tests := []struct {
		charset Charset
		in, out string
		missing int
	}{
		{GB18030, "张䶮𠮷㛃𫖯·", "张䶮𠮷㛃𫖯·", 0},
		{GB2312, "张䶮𠮷", "张〓〓", 2},
		{CharsetUnknown, "张䶮·艾力", "张〓·艾力", 1},
		{GBK, "张䶮𠮷", "张䶮〓", 1},
		{GB18030, "龴\uE000", "〓〓", 2}, // fonts disagree about these
		{GB18030, "¥12 €3", "￥12 元3", 0},
		{GB18030, "a\x1b@b\x10\x04\x01c\u0085\u200b\ufeff\ufe0fd", "a@bcd", 0},
		{GB18030, "\x00a\x00b", "ab", 0},
		{GB18030, "a\tb\u00a0c", "a b c", 0},
		{GB18030, "a\xffb", "a〓b", 1},
	}
	for _, tt := range tests {
		e := NewEncoder(Profile{Charset: tt.charset})
		if got := e.clean(tt.in); got != tt.out || e.missing != tt.missing {
			t.Errorf("%v %q: %q with %d missing, want %q with %d", tt.charset, tt.in, got, e.missing, tt.out, tt.missing)
		}
	}
}

func TestDocumentsThatCannotBePrintedAreRefused(t *testing.T) {
	e := NewEncoder(Profile{})
	for name, b := range map[string]printer.Block{
		"QR code with a control byte": printer.QR{Data: "a\x10b"},
		"empty QR code":               printer.QR{},
		"QR code too long":            printer.QR{Data: strings.Repeat("x", 3000)},
		"QR code too wide":            printer.QR{Data: strings.Repeat("x", 2300)},
		"no block":                    nil,
	} {
		if err := e.Encode(&Encoded{}, []printer.Block{b}); !errors.Is(err, printer.ErrDocument) && name != "QR code too wide" {
			t.Errorf("%s: %v", name, err)
		}
	}
	narrow := NewEncoder(Profile{Columns: 32})
	if err := narrow.Encode(&Encoded{}, []printer.Block{printer.QR{Data: strings.Repeat("x", 1500)}}); !errors.Is(err, printer.ErrDocument) {
		t.Errorf("QR code too wide: %v", err)
	}
}

func TestPictureQRIsTheSameSymbol(t *testing.T) {
	doc := []printer.Block{printer.QR{Data: "https://kiosk.example/q?n=1", Module: 4}}
	draw := func(picture bool) string {
		e := NewEncoder(Profile{PictureQR: picture})
		var out Encoded
		e.Setup(&out)
		if err := e.Encode(&out, doc); err != nil {
			t.Fatal(err)
		}
		roll := paper.NewRoll(paper.Config{})
		for b := []byte(out.Buffer); len(b) > 0; {
			c, n := paper.Next(b)
			roll.Do(c)
			b = b[n:]
		}
		img := roll.Picture()
		// A raster is whole bytes wide, so it stands up to four dots beside.
		var rows strings.Builder
		for y := range img.Rect.Dy() {
			row := bytes.Trim(img.Pix[y*img.Stride:(y+1)*img.Stride], "\x00\x01\x02")
			rows.Write(row)
			rows.WriteByte('\n')
		}
		return rows.String()
	}
	if draw(true) != draw(false) {
		t.Error("the picture is another symbol")
	}
}

// FuzzEncode holds that no text makes a command: the parser finds only what
// the encoder sends, and the marks stand between commands.
func FuzzEncode(f *testing.F) {
	f.Add("受理编号：SQ20261123", "张\x1b@𠮷", uint8(3))
	f.Add("\x10\x04\x01", "\x1d(k", uint8(0))
	f.Add("𠮷\uFFFDA一", "\xff𪚥", uint8(8+4+1))
	allowed := map[string]bool{"text": true, "LF": true, "ESC @": true, "FS &": true, "GS P": true, "GS W": true, "ESC 3": true, "ESC E": true, "GS !": true, "ESC a": true, "ESC J": true, "ESC *": true, "GS v 0": true}
	var encoders [8]*Encoder // reading a font's characters takes far longer than a slip
	for c := range encoders {
		encoders[c] = NewEncoder(Profile{Charset: Charset(c % 4), Columns: 32})
		if c >= 4 {
			encoders[c] = NewEncoder(Profile{Charset: Charset(c % 4), Columns: 32, Glyphs: dotFont(f)})
		}
	}
	f.Fuzz(func(t *testing.T, a, b string, c uint8) {
		e := encoders[c%8]
		var out Encoded
		e.Setup(&out)
		err := e.Encode(&out, []printer.Block{
			printer.Line{Text: a, Bold: true, Double: c&8 != 0, Align: printer.Align(c>>4) % 3},
			printer.Pair{Label: a, Value: b}, printer.Rule{},
		})
		if err != nil {
			t.Fatal(err)
		}
		if at := hazard(out.Buffer); at >= 0 {
			t.Fatalf("real-time command at %d of % X", at, []byte(out.Buffer))
		}
		at, marks := 0, out.Marks
		for at < len(out.Buffer) {
			c, n := paper.Next(out.Buffer[at:])
			if n == 0 || !allowed[c.Name] {
				t.Fatalf("%q at %d of % X", c.Name, at, []byte(out.Buffer))
			}
			for len(marks) > 0 && marks[0] <= at {
				if marks[0] < at {
					t.Fatalf("mark %d is inside a command", marks[0])
				}
				marks = marks[1:]
			}
			at += n
		}
	})
}

// slip25 is the reference receipt as a document: 25 lines, a code, a cut.
func slip25(t testing.TB) printer.Document {
	v := load(t)
	var d printer.Document
	for i, text := range v.Receipt.Lines {
		switch {
		case i == 0:
			d.Body = append(d.Body, printer.Line{Text: text, Align: printer.Center, Double: true})
		case strings.HasPrefix(text, "----"):
			d.Body = append(d.Body, printer.Rule{})
		default:
			d.Body = append(d.Body, printer.Line{Text: text, Bold: i == 1 || i == 12})
		}
	}
	d.Tail = []printer.Block{printer.QR{Data: v.QR.Payload}, printer.Feed{Lines: 1}, printer.Cut{}}
	return d
}

// BenchmarkEncode encodes the 25-line slip; floor-ns is what the code table
// alone takes for the same text.
// At 9600 bit/s a hundred bytes are a tenth of a second.
func TestReferenceSlipIsShort(t *testing.T) {
	e := NewEncoder(Profile{Charset: GB18030})
	var out Encoded
	e.Setup(&out)
	doc := slip25(t)
	if err := errors.Join(e.Encode(&out, doc.Body), e.Encode(&out, doc.Tail)); err != nil {
		t.Fatal(err)
	}
	if n := len(out.Buffer); n > 1000 {
		t.Errorf("%d bytes, at most 1000", n)
	}
}

func BenchmarkEncode(b *testing.B) {
	doc := slip25(b)
	e := NewEncoder(Profile{Charset: GB18030})
	var out Encoded
	b.ReportAllocs()
	for b.Loop() {
		out.Buffer, out.Marks = out.Buffer[:0], out.Marks[:0]
		e.Setup(&out)
		if err := errors.Join(e.Encode(&out, doc.Body), e.Encode(&out, doc.Tail)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(out.Buffer)), "bytes/slip")
	took, table := float64(b.Elapsed().Nanoseconds())/float64(max(b.N, 1)), floor(b)
	b.ReportMetric(table, "floor-ns/op")
	// On a busy machine the table is slow too.
	if b.N > 1000 && took > 30_000 && took > 10*table {
		b.Errorf("%.0f ns a slip, at most 30 µs or ten times the table's %.0f", took, table)
	}
}

func floor(b *testing.B) float64 {
	lines := load(b).Receipt.Lines
	e := NewEncoder(Profile{Charset: GB18030})
	const rounds = 2000
	var out Encoded
	start := time.Now()
	for range rounds {
		out.Buffer = out.Buffer[:0]
		for _, l := range lines {
			e.text(&out, l)
		}
	}
	return float64(time.Since(start).Nanoseconds()) / rounds
}
