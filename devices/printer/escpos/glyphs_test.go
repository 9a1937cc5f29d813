package escpos

import (
	"errors"
	"image"
	iofs "io/fs"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"leye/assets"
	"leye/devices/printer"
	"leye/devices/printer/dots"
	"leye/devices/sim/paper"
)

// hanzi are the 87,887 hanzi of GB 18030-2022 and its 228 radicals: unified
// ideographs of the main block, of Extension A, of the compatibility block (12)
// and of Extensions B to F; the radicals of Kangxi and 14 components.
func hanzi(t testing.TB) []rune {
	var all []rune
	for _, span := range [][2]rune{
		{0x2F00, 0x2FD5}, {0x3400, 0x4DB5}, {0x4E00, 0x9FEF},
		{0x20000, 0x2A6D6}, {0x2A700, 0x2B734}, {0x2B740, 0x2B81D}, {0x2B820, 0x2CEA1}, {0x2CEB0, 0x2EBE0},
	} {
		for r := span[0]; r <= span[1]; r++ {
			all = append(all, r)
		}
	}
	all = append(all, []rune("\uFA0E\uFA0F\uFA11\uFA13\uFA14\uFA1F\uFA21\uFA23\uFA24\uFA27\uFA28\uFA29")...)
	all = append(all, []rune("\u2E81\u2E84\u2E88\u2E8B\u2E8C\u2E97\u2EA7\u2EAA\u2EAE\u2EB3\u2EB6\u2EB7\u2EBB\u2ECA")...)
	if len(all) != 88115 {
		t.Fatalf("%d characters, the standard has 88,115", len(all))
	}
	return all
}

var shippedDots = sync.OnceValues(func() (*dots.Font, error) { return dots.Open(assets.Dots()) })

// dotFont are the dot fonts of the terminal.
func dotFont(t testing.TB) *dots.Font {
	t.Helper()
	font, err := shippedDots()
	if err != nil {
		t.Fatal(err)
	}
	return font
}

var ownFonts = sync.OnceValues(func() (*paper.Fonts, error) {
	regular, err := iofs.ReadFile(assets.Font(), "NotoSansSC-Regular.otf")
	if err != nil {
		return nil, err
	}
	return paper.NewFonts(regular, nil)
})

// rig is a printer by the bytes alone: what is sent and what comes out.
type rig struct {
	*Encoder
	out  Encoded
	roll *paper.Roll
}

func newRig(t testing.TB, p Profile, font paper.Charset) *rig {
	t.Helper()
	own, err := ownFonts()
	if err != nil {
		t.Fatal(err)
	}
	return &rig{Encoder: NewEncoder(p), roll: paper.NewRoll(paper.Config{Charset: font, Fonts: own})}
}

// print returns the dots of the given lines.
func (r *rig) print(t testing.TB, lines ...printer.Block) *image.Paletted {
	t.Helper()
	r.out = Encoded{}
	r.roll.Tear()
	r.Setup(&r.out)
	if err := r.Encode(&r.out, lines); err != nil {
		t.Fatal(err)
	}
	if at := hazard(r.out.Buffer); at >= 0 {
		t.Errorf("real-time command on the wire: % X", r.out.Buffer[at:at+3])
	}
	for rest := []byte(r.out.Buffer); len(rest) > 0; {
		c, n := paper.Next(rest)
		if n == 0 || c.Name == "unknown" {
			t.Fatalf("not a command: % X", rest)
		}
		r.roll.Do(c)
		rest = rest[n:]
	}
	return r.roll.Strip()
}

// cell reads a character's dots off the paper, width columns of 24 dots.
func cell(img *image.Paletted, left, top, width int) (p dots.Pattern) {
	for y := range 24 {
		row := img.Pix[img.PixOffset(left, top+y):]
		for x := range width {
			if row[x] != 0 {
				p[3*x+y/8] |= 0x80 >> (y % 8)
			}
		}
	}
	return p
}

// voids are what a printer leaves that has no drawing of a character: nothing,
// its box, or our own sign.
func voids(t testing.TB) map[dots.Pattern]bool {
	r := newRig(t, Profile{Charset: GB18030}, paper.ShortGB18030)
	img := r.print(t, printer.Line{Text: string(Missing) + "\U00020BB7"})
	return map[dots.Pattern]bool{{}: true, cell(img, 0, 0, 24): true, cell(img, 24, 0, 24): true}
}

// printAll prints characters 24 a line, and gives each one's dots to see.
func (r *rig) printAll(t testing.TB, all []rune, see func(rune, dots.Pattern)) (missing int) {
	const columns, rows = 24, 100
	for len(all) > 0 {
		batch := all[:min(len(all), columns*rows)]
		all = all[len(batch):]
		var lines []printer.Block
		for line := range (len(batch) + columns - 1) / columns {
			lines = append(lines, printer.Line{Text: string(batch[line*columns : min(len(batch), (line+1)*columns)])})
		}
		img := r.print(t, lines...)
		for i, c := range batch {
			see(c, cell(img, i%columns*24, i/columns*lineDots, 24))
		}
		missing += r.out.Missing
	}
	return missing
}

// TestEveryCharacterOfGB18030IsPrinted prints all 88,115 to a printer whose font
// ends at GB 2312 and looks at the dots: none is blank, and what the font lacks
// is what the dot font draws.
func TestEveryCharacterOfGB18030IsPrinted(t *testing.T) {
	font, void := dotFont(t), voids(t)
	r := newRig(t, Profile{Charset: GB2312, Glyphs: font}, paper.GB2312)
	own, drawn, defused, blanks := 0, 0, 0, 0
	missing := r.printAll(t, hanzi(t), func(c rune, got dots.Pattern) {
		if void[got] {
			blanks++
			t.Errorf("U+%04X %c is blank", c, c)
		}
		if r.font.has(c) {
			own++
			return
		}
		drawn++
		want, err := font.Glyph(c)
		if err != nil {
			t.Fatal(err)
		}
		if hazard(want[:]) >= 0 {
			defused++ // by one dot more
			return
		}
		if got != want {
			t.Errorf("U+%04X %c is not what the dot font draws", c, c)
		}
	})
	t.Logf("%d of the printer's font, %d drawn, %d with one dot more, %d blanks", own, drawn, defused, blanks)
	if own != 6763 || drawn != 88115-6763 || missing != 0 {
		t.Errorf("%d of the printer's font, %d drawn, %d missing", own, drawn, missing)
	}
}

// TestWithoutDotFontCharactersAreBlank is the control of the test above: what a
// font of two-byte codes lacks, once by its own word and once by a wrong one.
func TestWithoutDotFontCharactersAreBlank(t *testing.T) {
	void := voids(t)
	for name, of := range map[string]struct {
		told Charset
		font paper.Charset
		has  Charset
	}{
		"GB 2312":                      {GB2312, paper.GB2312, GB2312},
		"said to have all of GB 18030": {GB18030, paper.ShortGB18030, GBK},
	} {
		r, has := newRig(t, Profile{Charset: of.told}, of.font), newRepertoire(of.has)
		lacking, blanks := 0, 0
		r.printAll(t, hanzi(t), func(c rune, got dots.Pattern) {
			if has.has(c) {
				return
			}
			lacking++
			if void[got] {
				blanks++
			}
		})
		t.Logf("%s: %d blanks", name, blanks)
		if blanks != lacking || blanks < 60000 {
			t.Errorf("%s: %d of %d that it lacks are blank", name, blanks, lacking)
		}
	}
}

// TestSignsArePrinted prints every sign with a two-byte code. Only the
// ideographic space is blank by nature.
func TestSignsArePrinted(t *testing.T) {
	font, void := dotFont(t), voids(t)
	var signs []rune
	all := newRepertoire(GBK)
	for c := rune(0x80); c < 0x10000; c++ {
		if all.has(c) && c != Missing && c != '€' {
			signs = append(signs, c)
		}
	}
	r := newRig(t, Profile{Charset: GB2312, Glyphs: font}, paper.GB2312)
	r.font = &repertoire{} // as if it had nothing: all is drawn
	r.printAll(t, signs, func(c rune, got dots.Pattern) {
		if void[got] != (c == '\u3000') {
			t.Errorf("U+%04X %c: %v", c, c, got)
		}
	})
	if len(signs) < 21000 {
		t.Errorf("only %d characters have two-byte codes", len(signs))
	}
}

// mixed are made-up names with characters from both fonts and of both widths.
var mixed = []string{"欧阳𠮷宁", "张䶮", "㛃一𫖯丁", "阿里木·𬭎", "𰻞Ab𪚥-9", "Li 𠀋 Wei", "𱁬𱁬𱁬", "王小明"}

// TestColumnsLineUp prints each character alone and then all of them in rows and
// in columns of values: wherever one stands, its dots are where its column is.
func TestColumnsLineUp(t *testing.T) {
	r := newRig(t, Profile{Charset: GB2312, Glyphs: dotFont(t)}, paper.GB2312)
	alone := map[rune]dots.Pattern{}
	for _, c := range strings.Join(mixed, "姓名") {
		alone[c] = cell(r.print(t, printer.Line{Text: string(c)}), 0, 0, 12*printer.Width(c))
	}
	const labels = 10
	var blocks []printer.Block
	for _, name := range mixed {
		blocks = append(blocks, printer.Pair{Label: "姓名𠮷", Value: name})
	}
	blocks = append(blocks, printer.Pair{Label: "一二三四", Value: "王小明"})
	img := r.print(t, blocks...)
	for row, name := range mixed {
		at := labels * 12
		for _, c := range name {
			width := 12 * printer.Width(c)
			if got := cell(img, at, row*lineDots, width); got != alone[c] {
				t.Errorf("row %d, column %d: not %q", row, at/12, c)
			}
			at += width
		}
		if got := cell(img, at, row*lineDots, 24); got != (dots.Pattern{}) {
			t.Errorf("row %d: something behind its end", row)
		}
	}
	if r.out.Missing != 0 {
		t.Errorf("%d missing", r.out.Missing)
	}
}

// TestTitlesAndBoldAreDrawn holds the sizes and the second strike of drawn
// characters.
func TestTitlesAndBoldAreDrawn(t *testing.T) {
	font := dotFont(t)
	r := newRig(t, Profile{Charset: GB2312, Glyphs: font}, paper.GB2312)
	g, err := font.Glyph('𠮷')
	if err != nil {
		t.Fatal(err)
	}
	thick := g
	thicken(&thick)
	if thick == g {
		t.Error("bold is not thicker")
	}
	if got := cell(r.print(t, printer.Line{Text: "一𠮷", Bold: true}), 24, 0, 24); got != thick {
		t.Error("bold is not struck twice")
	}
	img := r.print(t, printer.Line{Text: "A𠮷", Double: true}, printer.Line{Text: "一"})
	for i := range 4 {
		quarter := cell(img, 24+i%2*24, i/2*24, 24)
		for x := range 24 {
			for y := range 24 {
				from, to := 12*(i%2)+x/2, 12*(i/2)+y/2
				if quarter[3*x+y/8]>>(7-y%8)&1 != g[3*from+to/8]>>(7-to%8)&1 {
					t.Fatalf("quarter %d is not enlarged", i)
				}
			}
		}
	}
	if got, want := img.Rect.Dy(), titleDots+lineDots; got != want || r.out.Dots != want {
		t.Errorf("%d dots of paper, said to be %d, want %d", got, r.out.Dots, want)
	}
	if half := cell(img, 0, 24, 24); half == (dots.Pattern{}) {
		t.Error("letters beside a drawn character are missing")
	}
}

// TestCommandsWithinDotsAreDefused draws what firmware would execute.
func TestCommandsWithinDotsAreDefused(t *testing.T) {
	for _, hostile := range []string{"\x10\x04\x01", "\x10\x05\x02", "\x10\x14\x08", "\x10\x10\x04\x01\x10\x04\x02\x00\x00"} {
		var b Buffer
		b.Column([]byte(hostile))
		more := 0
		for i := range hostile {
			if was, is := hostile[i], b[len(b)-len(hostile)+i]; was|is != is {
				t.Errorf("% X: % X lost a dot", hostile, []byte(b))
			} else if was != is {
				more++
			}
		}
		if hazard(b) >= 0 || more == 0 || more > 2 {
			t.Errorf("% X: % X", hostile, []byte(b))
		}
	}
}

// damaged draws nothing that it has.
type damaged struct{}

func (damaged) Has(r rune) bool { return r == '𠮷' }

func (damaged) Glyph(rune) ([72]byte, error) { return [72]byte{}, dots.ErrFormat }

func TestDamagedDotFontIsTold(t *testing.T) {
	for _, double := range []bool{false, true} {
		e := NewEncoder(Profile{Glyphs: damaged{}})
		var out Encoded
		if err := e.Encode(&out, []printer.Block{printer.Line{Text: "张𠮷", Double: double}}); err != nil {
			t.Fatal(err)
		}
		if out.Missing == 0 || !errors.Is(out.Damage, dots.ErrFormat) {
			t.Errorf("double %v: %d missing, %v", double, out.Missing, out.Damage)
		}
	}
}

// rareSlip is the reference slip with two drawn characters in every fourth line.
func rareSlip(t testing.TB) (doc printer.Document, drawn int) {
	doc = slip25(t)
	for i, b := range doc.Body {
		line, ok := b.(printer.Line)
		if !ok || i%4 != 2 || utf8.RuneCountInString(line.Text) < 2 {
			continue
		}
		line.Text = "𠮷" + line.Text + string(rune(0x2A700+i))
		doc.Body[i] = line
		drawn += 2
	}
	return doc, drawn
}

// BenchmarkEncodeRare encodes the 25-line slip with characters that are drawn.
func BenchmarkEncodeRare(b *testing.B) {
	doc, drawn := rareSlip(b)
	e := NewEncoder(Profile{Charset: GBK, Glyphs: dotFont(b)})
	var out Encoded
	b.ReportAllocs()
	for b.Loop() {
		out.Buffer, out.Marks = out.Buffer[:0], out.Marks[:0]
		e.Setup(&out)
		if err := errors.Join(e.Encode(&out, doc.Body), e.Encode(&out, doc.Tail)); err != nil {
			b.Fatal(err)
		}
	}
	if out.Missing > 0 {
		b.Fatalf("%d missing", out.Missing)
	}
	b.ReportMetric(float64(drawn), "drawn/slip")
	b.ReportMetric(float64(len(out.Buffer)), "bytes/slip")
}
