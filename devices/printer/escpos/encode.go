package escpos

import (
	"cmp"
	"fmt"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"rsc.io/qr"
	"rsc.io/qr/coding"

	"leye/devices/printer"
)

// Dots of the printer's cells and lines at 203 dpi.
const (
	lineDots   = 32  // 24-dot characters and a third of air
	titleDots  = 60  // 48-dot characters and a quarter of air
	titleAir   = 8   // above a title
	quietCells = 4   // modules around a QR code (ISO/IEC 18004)
	feedToCut  = 120 // from head to knife, 15 mm; machines have 12 to 27
)

// Profile is what the encoder must know about a printer.
type Profile struct {
	Columns   int     // half-width characters a line; 0 means 48 (80 mm paper)
	Dots      int     // print area; 0 means 12 a column
	Charset   Charset // unknown is taken as GB2312
	Glyphs    Glyphs  // may be nil
	PictureQR bool    // the printer has no GS ( k: QR codes go out as pictures
	Knife     int     // dots from head to knife; 0 means 120
	Hold      []byte  // a command before each slip, of printers that hold it at a presenter
}

// Encoder turns documents into commands. It is not safe for concurrent use.
type Encoder struct {
	profile Profile
	font    *repertoire
	glyphs  Glyphs
	gb      *encoding.Encoder
	missing int
	damage  error
	align   printer.Align // as the printer has it
	top     bool          // nothing stands on the slip yet
}

// NewEncoder returns an encoder for one kind of printer.
func NewEncoder(p Profile) *Encoder {
	if p.Columns == 0 {
		p.Columns = 48
	}
	if p.Knife == 0 {
		p.Knife = feedToCut
	}
	if p.Dots == 0 {
		p.Dots = p.Columns * 12
	}
	return &Encoder{
		profile: p,
		font:    newRepertoire(p.Charset),
		glyphs:  p.Glyphs,
		gb:      simplifiedchinese.GB18030.NewEncoder(),
	}
}

// Encoded is a run of blocks as the printer's bytes.
type Encoded struct {
	Buffer
	// Marks are the offsets where real-time bytes may be sent in between:
	// never inside the parameters of a command.
	Marks []int
	// Dots is how far the paper moves.
	Dots int
	// Missing counts the characters that were replaced by the sign Missing.
	Missing int
	// Damage is why Glyphs could not draw a character that they have.
	Damage error
}

func (o *Encoded) mark() { o.Marks = append(o.Marks, len(o.Buffer)) }

// line ends a printed line of the given height.
func (o *Encoded) line(dots int) {
	o.LineFeed()
	o.Dots += dots
	o.mark()
}

// Setup appends what stands before each slip.
func (e *Encoder) Setup(out *Encoded) {
	out.Init()
	out.Chinese()
	out.MotionUnits()
	out.Area(e.profile.Dots)
	out.LineSpacing(lineDots)
	out.Buffer = append(out.Buffer, e.profile.Hold...)
	out.mark()
	e.align, e.top = printer.Left, true
}

// alignTo places the following lines; blocks that follow each other often lie
// the same way.
func (e *Encoder) alignTo(out *Encoded, a printer.Align) {
	if a != e.align {
		out.Align(a)
		e.align = a
	}
}

// Encode appends the commands of blocks to out. It fails, with
// printer.ErrDocument, when something would be lost in silence.
func (e *Encoder) Encode(out *Encoded, blocks []printer.Block) error {
	e.missing, e.damage = 0, nil
	for i := 0; i < len(blocks); i++ {
		if _, ok := blocks[i].(printer.Pair); ok {
			i += e.pairs(out, blocks[i:]) - 1
			e.top = false
			continue
		}
		if err := e.block(out, blocks[i]); err != nil {
			return fmt.Errorf("encode block %d: %w", i, err)
		}
		e.top = false
	}
	out.Missing += e.missing
	out.Damage = cmp.Or(out.Damage, e.damage)
	return nil
}

func (e *Encoder) block(out *Encoded, b printer.Block) error {
	switch b := b.(type) {
	case printer.Line:
		return e.paragraph(out, b)
	case printer.Rule: // as wide as the paper, however it is aligned
		for range e.profile.Columns {
			out.put('-')
		}
		out.line(lineDots)
	case printer.QR:
		return e.qr(out, b)
	case printer.Feed:
		out.FeedLines(b.Lines)
		out.Dots += max(b.Lines, 0) * lineDots
		out.mark()
	case printer.Cut:
		out.Cut()
		out.Dots += e.profile.Knife
		out.mark()
	default:
		return fmt.Errorf("%w: no such block %T", printer.ErrDocument, b)
	}
	return nil
}

func (e *Encoder) paragraph(out *Encoded, p printer.Line) error {
	columns := e.profile.Columns
	e.alignTo(out, p.Align)
	if p.Double {
		columns /= 2
		if !e.top { // the way from the knife is white enough
			out.FeedDots(titleAir)
			out.Dots += titleAir
		}
		out.Size(Double)
	}
	if p.Bold {
		out.Bold(true)
	}
	for row := range printer.Wrap(e.clean(p.Text), columns) {
		if err := e.row(out, row, p.Double, p.Bold); err != nil {
			return err
		}
	}
	if p.Bold {
		out.Bold(false)
	}
	if p.Double {
		out.Size(Normal)
	}
	out.mark()
	return nil
}

// pairs prints the run of pairs that blocks begins with and returns its length.
func (e *Encoder) pairs(out *Encoded, blocks []printer.Block) int {
	run := make([]printer.Pair, 0, 8)
	for _, b := range blocks {
		p, ok := b.(printer.Pair)
		if !ok {
			break
		}
		p.Label, p.Value = e.clean(p.Label), e.clean(p.Value)
		run = append(run, p)
	}
	at := printer.ValueColumn(run, e.profile.Columns)
	e.alignTo(out, printer.Left)
	for _, p := range run {
		if p.Bold {
			out.Bold(true)
		}
		for row := range printer.PairRows(p, at, e.profile.Columns) {
			e.inline(out, row, p.Bold)
			out.line(lineDots)
		}
		if p.Bold {
			out.Bold(false)
			out.mark()
		}
	}
	return len(run)
}

// text appends text as GB18030, straight into the buffer. Clean text always
// has codes.
func (e *Encoder) text(out *Encoded, text string) {
	if text == "" {
		return
	}
	n := len(out.Buffer)
	room := 4 * len(text)
	for cap(out.Buffer)-n < room {
		out.Buffer = append(out.Buffer[:cap(out.Buffer)], 0)
	}
	e.gb.Reset()
	written, _, err := e.gb.Transform(out.Buffer[n:n+room], []byte(text), true)
	if err != nil {
		// Unreachable for clean text; the sign is honest if it is reached.
		out.Buffer = append(out.Buffer[:n], 0xA1, 0xFE)
		e.missing++
		return
	}
	out.Buffer = out.Buffer[:n+written]
}

// qr prints a code in the middle with its quiet zone. The printer prints
// nothing, and says nothing, when a code is wider than the paper; so the module
// shrinks to what fits and too long a text is refused.
func (e *Encoder) qr(out *Encoded, q printer.QR) error {
	modules, err := qrModules(q.Data)
	if err != nil {
		return err
	}
	module := q.Module
	if module == 0 {
		module = 6
	}
	module = min(module, 16, e.profile.Dots/(modules+2*quietCells))
	if module < 3 {
		return fmt.Errorf("%w: QR code of %d bytes does not fit the paper", printer.ErrDocument, len(q.Data))
	}
	e.alignTo(out, printer.Center)
	out.FeedDots(quietCells * module)
	if e.profile.PictureQR {
		if err := pictureQR(out, q.Data, module); err != nil {
			return err
		}
	} else {
		out.QR(q.Data, module)
	}
	out.FeedDots(quietCells * module)
	out.Dots += (modules + 2*quietCells) * module
	out.mark()
	return nil
}

// qrModules returns the side of the symbol that a printer makes of data.
func qrModules(data string) (int, error) {
	for i := range len(data) {
		if data[i] < ' ' {
			return 0, fmt.Errorf("%w: QR code holds the control byte %02X", printer.ErrDocument, data[i])
		}
	}
	if data == "" {
		return 0, fmt.Errorf("%w: empty QR code", printer.ErrDocument)
	}
	text := coding.String(data)
	for v := coding.Version(coding.MinVersion); v <= coding.MaxVersion; v++ {
		if text.Bits(v) <= v.DataBytes(coding.M)*8 {
			return 17 + 4*int(v), nil
		}
	}
	return 0, fmt.Errorf("%w: QR code of %d bytes", printer.ErrDocument, len(data))
}

func pictureQR(out *Encoded, data string, module int) error {
	code, err := qr.Encode(data, qr.M)
	if err != nil {
		return fmt.Errorf("%w: %w", printer.ErrDocument, err)
	}
	width := (code.Size*module + 7) / 8
	bits := make([]byte, width*code.Size*module)
	for y := range code.Size * module {
		for x := range code.Size * module {
			if code.Black(x/module, y/module) {
				bits[y*width+x/8] |= 0x80 >> (x % 8)
			}
		}
	}
	return out.Raster(bits, width)
}
