package paper

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// reference is what the byte-exact examples say about paper.
type reference struct {
	Text []struct {
		UTF8, GB18030 string
		Bytes         string
		GB2312        *string
	} `json:"gb18030_text"`
	Barcodes []struct{ Hex string }     `json:"barcode_code128"`
	Status   []struct{ Request string } `json:"realtime_status"`
	Requests []struct{ Request string } `json:"realtime_requests"`
	Ordered  []struct{ Request string } `json:"gs_r"`
	IDs      []struct{ Request string } `json:"gs_paren_h"`
	Identify []struct{ Request string } `json:"gs_i"`
	ASB      struct {
		Enable  string
		Useful  string `json:"enable_useful_bits"`
		Disable string
	}
	QR struct {
		Full  string `json:"full_hex"`
		Clone struct {
			Prefix string `json:"hex_prefix"`
		} `json:"clone_alternative"`
		Payload string
	}
	Glyph struct {
		Inline struct{ Hex string } `json:"inline_bit_image"`
		Define struct {
			Hex, Cancel string
		} `json:"define_zh_char"`
		ASCII struct {
			Prefix          string `json:"hex_prefix"`
			Enable, Disable string
		} `json:"define_ascii_char"`
		Rows struct{ Header, Data string } `json:"row_major_same_glyph_for_GS_v_0"`
	} `json:"missing_glyph"`
}

func load(t testing.TB) reference {
	t.Helper()
	data, err := os.ReadFile("../../printer/escpos/testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var v reference
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func bytesOf(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestEveryRequestIsTakenWhole holds that nothing of a question, a request or a
// definition is left over as text, whatever follows it.
func TestEveryRequestIsTakenWhole(t *testing.T) {
	v := load(t)
	want := map[string]int{} // hex and how many commands it is
	for _, list := range [][]struct{ Request string }{v.Status, v.Requests, v.Ordered, v.IDs, v.Identify} {
		for _, r := range list {
			if r.Request != "" {
				want[r.Request] = 1
			}
		}
	}
	for _, one := range []string{v.ASB.Enable, v.ASB.Useful, v.ASB.Disable, v.Glyph.Inline.Hex, v.Glyph.Define.Hex, v.Glyph.Define.Cancel, v.Glyph.ASCII.Enable, v.Glyph.ASCII.Disable} {
		want[one] = 1
	}
	want[v.QR.Full] = 5
	want[v.Barcodes[0].Hex] = 5
	want[v.Barcodes[1].Hex] = 1
	want[v.QR.Clone.Prefix+hex.EncodeToString([]byte(v.QR.Payload))] = 1
	want[v.Glyph.ASCII.Prefix+strings.Repeat("41", 36)] = 1
	if len(want) < 35 {
		t.Errorf("only %d different requests in the reference", len(want))
	}
	for raw, n := range want {
		b := append(bytesOf(t, raw), "\x1B@"...)
		var names []string
		for len(b) > 2 {
			c, used := Next(b)
			if used == 0 || c.Name == "text" || c.Name == "unknown" || used > len(b)-2 {
				t.Errorf("%s: %q takes %d of %d bytes", raw, c.Name, used, len(b))
				break
			}
			names = append(names, c.Name)
			b = b[used:]
		}
		if len(names) != n {
			t.Errorf("%s: %q, want %d commands", raw, names, n)
		}
	}
}

func TestTextOfTheReferenceOnPaper(t *testing.T) {
	tried := 0
	for _, v := range load(t).Text {
		switch {
		case v.UTF8 != "":
			tried++
			in := append([]byte("\x1C&"), bytesOf(t, v.GB18030)...)
			if got := run(t, Config{}, append(in, '\n')).Text(); got != v.UTF8+"\n" {
				t.Errorf("%s: %q", v.UTF8, got)
			}
			if v.GB2312 == nil {
				continue
			}
			if got := run(t, Config{Charset: GB2312}, append(in, '\n')).Text(); got != v.UTF8+"\n" {
				t.Errorf("%s with a GB2312 font: %q", v.UTF8, got)
			}
		case v.Bytes != "":
			tried++
			in := append([]byte("\x1C&"), bytesOf(t, v.Bytes)...)
			if got := run(t, Config{Charset: GB2312}, append(in, '\n')).Text(); !strings.Contains(got, "▯") {
				t.Errorf("% X with a GB2312 font: %q", in, got)
			}
		}
	}
	if tried != 17 {
		t.Errorf("%d texts tried", tried)
	}
}

// TestGlyphIsTheSameByColumnsAndByRows prints the reference's glyph both ways.
func TestGlyphIsTheSameByColumnsAndByRows(t *testing.T) {
	v := load(t).Glyph
	dotsOf := func(in string) string {
		img := run(t, Config{}, append(bytesOf(t, in), '\n')).Picture()
		var dots strings.Builder
		for y := range img.Rect.Dy() {
			row := img.Pix[y*img.Stride : (y+1)*img.Stride]
			black := false
			for _, p := range row {
				black = black || img.Palette[p] == ink
			}
			if black {
				dots.Write(row)
			}
		}
		return dots.String()
	}
	columns, rows := dotsOf(v.Inline.Hex), dotsOf(v.Rows.Header+v.Rows.Data)
	if columns == "" || columns != rows {
		t.Errorf("%d and %d bytes of dots", len(columns), len(rows))
	}
}
