package control

import (
	"image/color"
	"strings"
	"unicode"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
)

// Type says how a text looks. Line is the line spacing as a multiple of Size; Even
// makes the lines of a title about as long as each other.
type Type struct {
	Size  float32
	Bold  bool
	Color color.Color
	Align fyne.TextAlign
	Line  float32
	Even  bool
}

func (t Type) style() fyne.TextStyle { return fyne.TextStyle{Bold: t.Bold} }

func (t Type) measure(s string) float32 { return fyne.MeasureText(s, t.Size, t.style()).Width }

// Paragraph is text wrapped to a width. It never cuts: a longer text is higher.
func Paragraph(text string, t Type, width float32) *fyne.Container {
	if t.Line == 0 {
		t.Line = 1.4
	}
	lines := Wrap(text, width, t.measure)
	if t.Even {
		lines = even(text, width, lines, t.measure)
	}
	p := &paragraph{pitch: t.Size * t.Line, width: width}
	objs := make([]fyne.CanvasObject, len(lines))
	for i, line := range lines {
		c := canvas.NewText(line, t.Color)
		c.TextSize, c.TextStyle, c.Alignment = t.Size, t.style(), t.Align
		objs[i] = c
		p.widest = max(p.widest, c.MinSize().Width)
	}
	return container.New(p, objs...)
}

// Label is one line of text, as wide as it is.
func Label(text string, t Type) *fyne.Container {
	return Paragraph(text, t, 1e6)
}

// Cut is one line of text, cut where it would be wider than width.
func Cut(text string, t Type, width float32) *fyne.Container {
	if t.measure(text) <= width {
		return Label(text, t)
	}
	runes := []rune(text)
	for len(runes) > 1 && t.measure(string(runes)+"…") > width {
		runes = runes[:len(runes)-1]
	}
	return Label(strings.TrimRight(string(runes), " ")+"…", t)
}

// even narrows the width as long as the text takes no more lines and no word is
// broken, and takes the lines that end best: a title of one and a half lines reads
// better as two, and better still where it pauses.
func even(text string, width float32, lines []string, measure func(string) float32) []string {
	if len(lines) < 2 {
		return lines
	}
	least := width / 2
	for _, piece := range pieces(text) {
		least = max(least, measure(strings.TrimRight(piece, " ")))
	}
	const steps = 16
	best := pauses(lines)
	for i := range steps {
		narrow := Wrap(text, width-(width-least)*float32(i+1)/steps, measure)
		if len(narrow) > len(lines) {
			break
		}
		if p := pauses(narrow); p >= best {
			lines, best = narrow, p
		}
	}
	return lines
}

// pauses counts the lines that end where a reader pauses.
func pauses(lines []string) int {
	n := 0
	for _, line := range lines {
		if last, _ := utf8.DecodeLastRuneInString(line); strings.ContainsRune("\uff0c\u3002\uff1b\uff1a\uff1f\uff01,.;:?!", last) {
			n++
		}
	}
	return n
}

type paragraph struct{ pitch, width, widest float32 }

func (p *paragraph) MinSize(objs []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(min(p.widest, p.width), p.pitch*float32(len(objs)))
}

func (p *paragraph) Layout(objs []fyne.CanvasObject, size fyne.Size) {
	for i, o := range objs {
		h := o.MinSize().Height
		o.Move(fyne.NewPos(0, p.pitch*float32(i)+(p.pitch-h)/2))
		o.Resize(fyne.NewSize(size.Width, h))
	}
}

// noStart are marks that must not begin a line, noEnd those that must not end
// one (GB/T 15834, clause 5.1).
const (
	noStart = "\uff0c\u3002\u3001\uff1b\uff1a\uff1f\uff01\uff09\u300b\u3011\u300d\u300f\u201d\u2019\u2026\u2014\u00b7,.;:?!)]}%"
	noEnd   = "\uff08\u300a\u3010\u300c\u300e\u201c\u2018([{"
)

// Wrap breaks text into lines no wider than width: between Chinese characters,
// at spaces between words, and inside a word only when it is wider than a line.
func Wrap(text string, width float32, measure func(string) float32) []string {
	var lines []string
	for _, para := range strings.Split(text, "\n") {
		lines = append(lines, wrapLine(para, width, measure)...)
	}
	return lines
}

func wrapLine(text string, width float32, measure func(string) float32) []string {
	if measure(text) <= width {
		return []string{text}
	}
	var lines []string
	line := ""
	for _, piece := range pieces(text) {
		if line == "" || measure(strings.TrimRight(line+piece, " ")) <= width {
			line += piece
		} else {
			lines = append(lines, strings.TrimRight(line, " "))
			line = strings.TrimLeft(piece, " ")
		}
		for measure(strings.TrimRight(line, " ")) > width && len([]rune(line)) > 1 {
			var head string
			head, line = fitting(line, width, measure)
			lines = append(lines, head)
		}
	}
	return append(lines, strings.TrimRight(line, " "))
}

// fitting splits a piece that no line can hold.
func fitting(piece string, width float32, measure func(string) float32) (head, tail string) {
	runes := []rune(piece)
	n := len(runes) - 1
	for n > 1 && measure(string(runes[:n])) > width {
		n--
	}
	return string(runes[:n]), string(runes[n:])
}

// pieces cuts text where a line may break.
func pieces(text string) []string {
	runes := []rune(text)
	var out []string
	start := 0
	for i := 1; i < len(runes); i++ {
		if mayBreak(runes[i-1], runes[i]) {
			out = append(out, string(runes[start:i]))
			start = i
		}
	}
	return append(out, string(runes[start:]))
}

func mayBreak(a, b rune) bool {
	if strings.ContainsRune(noStart, b) || strings.ContainsRune(noEnd, a) {
		return false
	}
	return a == ' ' || wide(a) || wide(b)
}

func wide(r rune) bool {
	return r >= 0x2E80 && (unicode.Is(unicode.Han, r) || r <= 0x303F || r >= 0xFF00 && r <= 0xFF60)
}
