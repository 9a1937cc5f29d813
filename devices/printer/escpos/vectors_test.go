package escpos

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"leye/devices/printer"
)

// vectors are the byte-exact examples of the protocol reference.
type vectors struct {
	Commands []struct{ ID, Hex, Name string }
	Text     []struct {
		UTF8, GB18030 string
		GB2312        *string
	} `json:"gb18030_text"`
	Barcodes []struct {
		Payload, Hex string
		Set          string `json:"code_set"`
	} `json:"barcode_code128"`
	QR struct {
		Payload string
		Hex     string `json:"full_hex"`
		Modules int
		Module  int                           `json:"module_dots"`
		Size    reply                         `json:"fn182_reply"`
		Chinese struct{ Payload, Hex string } `json:"zh_payload"`
	}
	Raster []struct {
		Name, Header string
		Full         string `json:"full_hex"`
		Data         int    `json:"data_bytes"`
	}
	Glyph struct {
		Columns string               `json:"glyph72"`
		Inline  struct{ Hex string } `json:"inline_bit_image"`
	} `json:"missing_glyph"`
	Status  []reply `json:"realtime_status"`
	Ordered []reply `json:"gs_r"`
	ASB     struct {
		Blocks []struct{ Block, Meaning string }
	}
	ProcessID []reply `json:"gs_paren_h"`
	Identify  []reply `json:"gs_i"`
	Clear     []reply `json:"realtime_requests"`
	Demux     []struct {
		Stream string
		Events []string
	}
	Receipt struct {
		Hex   string
		Bytes int
		Lines []string
	} `json:"full_receipt"`
}

type reply struct{ Request, Reply, Meaning, Family, Hex string }

func load(t testing.TB) vectors {
	t.Helper()
	data, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func same(t *testing.T, got []byte, want string) {
	t.Helper()
	if w := unhex(t, want); !bytes.Equal(got, w) {
		t.Errorf("got  % X\nwant % X", got, w)
	}
}

func TestCommandsHaveTheReferenceBytes(t *testing.T) {
	commands := map[string]func(*Buffer){
		"init":             (*Buffer).Init,
		"zh_on":            (*Buffer).Chinese,
		"size_1x1":         func(b *Buffer) { b.Size(Normal) },
		"size_2x2":         func(b *Buffer) { b.Size(Double) },
		"bold_on":          func(b *Buffer) { b.Bold(true) },
		"bold_off":         func(b *Buffer) { b.Bold(false) },
		"align_left":       func(b *Buffer) { b.Align(printer.Left) },
		"align_center":     func(b *Buffer) { b.Align(printer.Center) },
		"align_right":      func(b *Buffer) { b.Align(printer.Right) },
		"spacing_30":       func(b *Buffer) { b.LineSpacing(30) },
		"motion_203":       (*Buffer).MotionUnits,
		"area_576":         func(b *Buffer) { b.Area(576) },
		"area_384":         func(b *Buffer) { b.Area(384) },
		"lf":               (*Buffer).LineFeed,
		"feed_dots_24":     func(b *Buffer) { b.FeedDots(24) },
		"feed_lines_3":     func(b *Buffer) { b.FeedLines(3) },
		"feed_cut_partial": (*Buffer).Cut,
	}
	tried := 0
	for _, c := range load(t).Commands {
		if command, ok := commands[c.ID]; ok {
			tried++
			t.Run(c.ID, func(t *testing.T) {
				var b Buffer
				command(&b)
				same(t, b, c.Hex)
			})
		}
	}
	if tried != len(commands) {
		t.Errorf("%d commands in the reference, %d here", tried, len(commands))
	}
}

func TestTextHasTheReferenceCodes(t *testing.T) {
	for _, v := range load(t).Text {
		if v.UTF8 == "" {
			continue
		}
		t.Run(v.UTF8, func(t *testing.T) {
			e := NewEncoder(Profile{Charset: GB18030})
			var out Encoded
			e.text(&out, v.UTF8)
			same(t, out.Buffer, v.GB18030)
			// A character of GB 2312 is printed by every font, another one
			// only by the font that has it.
			if v.GB2312 != nil && NewEncoder(Profile{}).clean(v.UTF8) != v.UTF8 {
				t.Errorf("GB2312 font refuses %q", v.UTF8)
			}
		})
	}
}

// TestTextHidesNoCommand encodes every character that any font is said to have: no
// byte of a multi-byte character is below 30, so none can be taken for a command.
func TestTextHidesNoCommand(t *testing.T) {
	e := NewEncoder(Profile{Charset: GB18030})
	tried := 0
	for r := rune(0x80); r < 0x33480; r++ {
		if !e.font.has(r) {
			continue
		}
		tried++
		var out Encoded
		e.text(&out, string(r))
		if len(out.Buffer) != 2 && len(out.Buffer) != 4 {
			t.Fatalf("%U is % X", r, []byte(out.Buffer))
		}
		for _, b := range out.Buffer {
			if b < 0x30 {
				t.Fatalf("%U is % X", r, []byte(out.Buffer))
			}
		}
	}
	if e.missing != 0 || tried < 60000 {
		t.Errorf("%d characters tried, %d without a code", tried, e.missing)
	}
}

func TestBarCodeHasTheReferenceBytes(t *testing.T) {
	for _, v := range load(t).Barcodes {
		var b Buffer
		if err := b.Code128(v.Payload, v.Set[0]); err != nil {
			t.Fatal(err)
		}
		want := unhex(t, v.Hex)
		if !bytes.HasSuffix(b, want) {
			t.Errorf("%s: got % X, want it to end with % X", v.Payload, []byte(b), want)
		}
	}
}

func TestQRHasTheReferenceBytes(t *testing.T) {
	v := load(t).QR
	var b Buffer
	b.QR(v.Payload, v.Module)
	same(t, b, v.Hex)
	if n, err := qrModules(v.Payload); err != nil || n != v.Modules {
		t.Errorf("qrModules = %d, %v; want %d", n, err, v.Modules)
	}
	b = nil
	b.QR(v.Chinese.Payload, 6)
	if !bytes.Contains(b, unhex(t, v.Chinese.Hex)) {
		t.Errorf("Chinese payload is not stored as UTF-8: % X", []byte(b))
	}
}

func TestRasterHasTheReferenceBytes(t *testing.T) {
	for _, v := range load(t).Raster {
		if v.Full != "" {
			want := unhex(t, v.Full)
			var b Buffer
			if err := b.Raster(want[8:], 1); err != nil {
				t.Fatal(err)
			}
			same(t, b, v.Full)
			continue
		}
		if !strings.HasPrefix(v.Name, "GS v 0") {
			continue // the two stored forms are the simulated printer's
		}
		var b Buffer
		if err := b.Raster(make([]byte, v.Data), v.Data/24); err != nil {
			t.Fatal(err)
		}
		same(t, b[:8], v.Header)
	}
}

func TestRasterNeverHoldsRealTimeCommands(t *testing.T) {
	const width = 4
	for name, row := range map[string][]byte{
		"status":       {0x10, 0x04, 0x01},
		"clear":        {0x10, 0x14, 0x08, 0x01, 0x03, 0x14, 0x01, 0x06, 0x02, 0x08},
		"over an edge": {0, 0, 0, 0x10, 0x05, 0x02},
	} {
		bits := append(make([]byte, 3*width-1), row...)
		for len(bits)%width != 0 {
			bits = append(bits, 0)
		}
		var b Buffer
		err := b.Raster(bits, width)
		if err == nil && hazard(b) >= 0 {
			t.Errorf("%s: on the wire: % X", name, []byte(b))
		}
	}
	var b Buffer
	if err := b.Raster([]byte{0x10, 0x04, 0x01, 0}, width); err == nil {
		t.Error("a command inside one row was let through")
	}
}

type frame struct{ columns [72]byte }

func (f frame) Has(r rune) bool { return r == '𠮷' }

func (f frame) Glyph(rune) ([72]byte, error) { return f.columns, nil }

func TestGlyphsStandInsideTheLine(t *testing.T) {
	v := load(t).Glyph
	e := NewEncoder(Profile{Glyphs: frame{[72]byte(unhex(t, v.Columns))}})
	var out Encoded
	if err := e.Encode(&out, []printer.Block{printer.Line{Text: "张𠮷a"}}); err != nil {
		t.Fatal(err)
	}
	same(t, out.Buffer, "D5 C5 "+v.Inline.Hex+" 61 0A")
	if out.Missing != 0 {
		t.Errorf("%d missing", out.Missing)
	}
}

func TestStatusBytesMeanWhatTheReferenceSays(t *testing.T) {
	epson, err := LoadFamily("epson")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]func(printer.Status) bool{
		"10 04 01 12": func(s printer.Status) bool { return s.Online },
		"10 04 01 16": func(s printer.Status) bool { return s.Online },
		"10 04 01 1A": func(s printer.Status) bool { return !s.Online },
		"10 04 01 1E": func(s printer.Status) bool { return !s.Online },
		"10 04 01 3A": func(s printer.Status) bool { return !s.Online && s.ErrorDetail != "" },
		"10 04 01 52": func(s printer.Status) bool { return s.Online },
		"10 04 02 12": func(s printer.Status) bool { return !s.CoverOpen && s.Paper != printer.PaperOut },
		"10 04 02 16": func(s printer.Status) bool { return s.CoverOpen && s.Paper != printer.PaperOut },
		"10 04 02 1A": func(s printer.Status) bool { return s.ErrorDetail != "" && !s.CoverOpen },
		"10 04 02 32": func(s printer.Status) bool { return s.Paper == printer.PaperOut && !s.CoverOpen },
		"10 04 02 52": func(s printer.Status) bool { return !s.CoverOpen && s.Paper != printer.PaperOut },
		"10 04 02 36": func(s printer.Status) bool { return s.CoverOpen && s.Paper == printer.PaperOut },
		"10 04 02 72": func(s printer.Status) bool { return s.Paper == printer.PaperOut },
		"10 04 03 12": func(s printer.Status) bool { return !s.Jam && !s.CutterError && !s.Unrecoverable && !s.HeadHot },
		"10 04 03 16": func(s printer.Status) bool { return s.Jam },
		"10 04 03 1A": func(s printer.Status) bool { return s.CutterError },
		"10 04 03 32": func(s printer.Status) bool { return s.Unrecoverable },
		"10 04 03 52": func(s printer.Status) bool { return s.HeadHot },
		"10 04 04 12": func(s printer.Status) bool { return s.Paper == printer.PaperOK },
		"10 04 04 1E": func(s printer.Status) bool { return s.Paper == printer.PaperNearEnd },
		"10 04 04 72": func(s printer.Status) bool { return s.Paper == printer.PaperOut },
		"10 04 04 7E": func(s printer.Status) bool { return s.Paper == printer.PaperOut },
	}
	tried := map[string]bool{}
	for _, v := range load(t).Status {
		key := v.Request + " " + v.Reply
		check, ok := want[key]
		if !ok || v.Family != "" && v.Family != "SNBC" {
			continue // other families and models, not driven
		}
		tried[key] = true
		var s printer.Status
		merge(&s, epson, unhex(t, v.Request)[2], unhex(t, v.Reply)[0])
		if !check(s) {
			t.Errorf("%s (%s): %+v", key, v.Meaning, s)
		}
	}
	if len(tried) != len(want) {
		t.Errorf("%d of %d status bytes are in the reference", len(tried), len(want))
	}
}

func TestAutomaticStatusMeansWhatTheReferenceSays(t *testing.T) {
	for _, v := range load(t).ASB.Blocks {
		var s printer.Status
		replies := demux(unhex(t, v.Block))
		if len(replies) != 1 || replies[0].Kind != Auto {
			t.Fatalf("%s: %+v", v.Block, replies)
		}
		mergeAuto(&s, replies[0].Bytes)
		says := func(word string) bool { return strings.Contains(v.Meaning, word) }
		bad := says("offline") || says("open") || says("paper end") || says("error") || says("temperature") || says("waiting")
		if bad == s.Ready() && !says("online, paper") {
			t.Errorf("%s (%s): ready %v", v.Block, v.Meaning, s.Ready())
		}
		if says("cover open") != s.CoverOpen || says("paper end") != (s.Paper == printer.PaperOut) ||
			says("cutter") != s.CutterError || says("mechanical") != s.Jam {
			t.Errorf("%s (%s): %+v", v.Block, v.Meaning, s)
		}
	}
}

func demux(stream []byte) []Reply {
	var d Demux
	var out []Reply
	for _, b := range stream {
		d.Feed(b, func(r Reply) {
			r.Bytes = slices.Clone(r.Bytes)
			out = append(out, r)
		})
	}
	return out
}

func TestRepliesAreToldApart(t *testing.T) {
	v := load(t)
	kinds := [][]Kind{
		{Flow, Auto, Flow, RealTime, Block, Ordered},
		{Flow, Auto},
		{Block, RealTime},
	}
	for i, want := range kinds {
		var got []Kind
		for _, r := range demux(unhex(t, v.Demux[i].Stream)) {
			got = append(got, r.Kind)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", v.Demux[i].Stream, got, want)
		}
	}
	one := func(replies []reply, want Kind) {
		t.Helper()
		for _, r := range replies {
			if r.Reply == "" || r.Family != "" && r.Family != "SNBC" && !strings.HasPrefix(r.Family, "Citizen") {
				continue
			}
			got := demux(unhex(t, r.Reply))
			if len(got) != 1 || got[0].Kind != want {
				t.Errorf("%s <- %s: %+v", r.Request, r.Reply, got)
			}
		}
	}
	one(v.Status, RealTime)
	one(v.Ordered, Ordered)
	one(v.ProcessID, Block)
	one(v.Clear, Block)
	for _, r := range v.Identify {
		got := demux(unhex(t, r.Reply))
		if len(got) != 1 {
			t.Errorf("%s <- %s: %+v", r.Request, r.Reply, got)
		}
	}
}

func TestProcessIDsComeBackWhole(t *testing.T) {
	for _, v := range load(t).ProcessID {
		request, answer := unhex(t, v.Request), unhex(t, v.Reply)
		if len(answer) != 7 {
			continue
		}
		id, ok := demux(answer)[0].ID()
		if !ok {
			t.Fatalf("%s: no id", v.Reply)
		}
		var b Buffer
		b.ProcessID(id)
		if !bytes.Equal(b, request) {
			t.Errorf("request for %s is % X, want % X", id, []byte(b), request)
		}
	}
	if r := demux(unhex(t, "37 25 00"))[0]; !r.Cleared() {
		t.Error("37 25 00 does not confirm a clearing")
	}
}

func TestFlowControlMayStandAnywhere(t *testing.T) {
	stream := unhex(t, "37 22 13 42 30 11 30 31 00 10 13 00 11 03 0F 5F 13 41 00")
	var got []Kind
	for _, r := range demux(stream) {
		if r.Kind != Flow {
			got = append(got, r.Kind)
		}
	}
	if want := []Kind{Block, Auto, Block}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestFullReceipt builds the reference receipt from single commands.
func TestFullReceipt(t *testing.T) {
	v := load(t)
	e := NewEncoder(Profile{Charset: GB18030})
	var o Encoded
	o.Init()
	o.Chinese()
	o.Align(printer.Center)
	for i, text := range v.Receipt.Lines {
		switch i {
		case 0:
			o.Size(Double)
		case 1, 12:
			o.Bold(true)
		}
		e.text(&o, text)
		o.LineFeed()
		switch i {
		case 0:
			o.Size(Normal)
		case 1:
			o.Bold(false)
			o.Align(printer.Left)
		case 12:
			o.Bold(false)
		}
	}
	o.Align(printer.Center)
	o.QR(v.QR.Payload, 6)
	o.Align(printer.Left)
	o.FeedLines(3)
	o.ProcessID([4]byte{'A', '0', '0', '1'})
	o.Cut()
	if len(o.Buffer) != v.Receipt.Bytes {
		t.Errorf("%d bytes, want %d", len(o.Buffer), v.Receipt.Bytes)
	}
	same(t, o.Buffer, v.Receipt.Hex)
}

// FuzzDemux holds that whatever a line delivers, every byte is accounted for
// and a good answer behind it is understood once a status byte has come.
func FuzzDemux(f *testing.F) {
	for _, d := range load(f).Demux {
		f.Add(unhex(f, d.Stream))
	}
	f.Add([]byte{0x37, 0x22, 0x42})
	f.Add(bytes.Repeat([]byte{0x5F}, 200))
	f.Fuzz(func(t *testing.T, stream []byte) {
		var d Demux
		seen := 0
		for _, b := range stream {
			d.Feed(b, func(r Reply) {
				seen += len(r.Bytes)
				if r.Kind == Auto && len(r.Bytes) != 4 || len(r.Bytes) == 0 {
					t.Fatalf("reply of kind %d with % X", r.Kind, r.Bytes)
				}
			})
		}
		if seen+len(d.buf) < len(stream) || d.kind == Unknown && seen != len(stream) {
			t.Fatalf("%d bytes in, %d out, %d kept", len(stream), seen, len(d.buf))
		}
		var id [4]byte
		for _, b := range []byte("\x12\x12\x12\x12\x37\x22B123\x00") {
			d.Feed(b, func(r Reply) {
				if got, ok := r.ID(); ok {
					id = got
				}
			})
		}
		if id != [4]byte{'B', '1', '2', '3'} {
			t.Fatal("the id behind the noise was lost")
		}
	})
}
