package escpos

// Kind is what a reply of the printer is.
type Kind int

// The kinds of replies (protocol reference, 2.6).
const (
	Unknown  Kind = iota // noise, or the rest of a broken block
	Flow                 // XON or XOFF; may interrupt anything
	RealTime             // answer to DLE EOT
	Auto                 // four bytes of automatic status
	Block                // header, text, NUL
	Ordered              // answer to GS r or GS I 1-3
)

// Reply is one answer. Bytes is valid until the next Feed.
type Reply struct {
	Kind  Kind
	Bytes []byte
}

// The headers of blocks and the identifiers behind 37.
const (
	headerInfo    = 0x37
	headerPrinter = 0x3D
	headerText    = 0x5F
	infoProcessID = 0x22
	infoOffline   = 0x23
	infoCleared   = 0x25
)

// maxBlock bounds what a lost NUL can swallow.
const maxBlock = 96

// ID returns the process ID that the reply echoes.
func (r Reply) ID() ([4]byte, bool) {
	if r.Kind != Block || len(r.Bytes) != 7 || r.Bytes[0] != headerInfo || r.Bytes[1] != infoProcessID {
		return [4]byte{}, false
	}
	return [4]byte(r.Bytes[2:6]), true
}

// Cleared reports whether the reply confirms that the buffers were cleared.
func (r Reply) Cleared() bool {
	return r.Kind == Block && len(r.Bytes) == 3 && r.Bytes[0] == headerInfo && r.Bytes[1] == infoCleared
}

// Text returns the text of a GS I answer.
func (r Reply) Text() (string, bool) {
	if r.Kind != Block || r.Bytes[0] != headerText {
		return "", false
	}
	return string(r.Bytes[1 : len(r.Bytes)-1]), true
}

// Demux tells the printer's replies apart. The zero value is ready.
type Demux struct {
	buf  []byte
	one  [1]byte
	kind Kind

	// Of families whose replies keep no fixed bits: the next want bytes are a
	// reply of kind as.
	want int
	as   Kind
}

// Expect says what the next n bytes are, whatever their bits.
func (d *Demux) Expect(kind Kind, n int) {
	d.Reset()
	d.want, d.as = n, kind
}

// Reset forgets a reply that is under way.
func (d *Demux) Reset() { d.buf, d.kind, d.want = d.buf[:0], Unknown, 0 }

// Feed takes one byte and returns the reply that it completes. A byte that
// cannot belong to the block under way ends it as Unknown and is then looked at
// by itself; what it begins or is comes with the next Feed or as second reply.
func (d *Demux) Feed(b byte, yield func(Reply)) {
	if b == xon || b == xof {
		d.emit(Flow, b, yield)
		return
	}
	switch {
	case d.want > 0:
		if d.buf = append(d.buf, b); len(d.buf) == d.want {
			d.want = 0
			d.end(d.as, yield)
		}
	case d.kind == Auto:
		d.feedAuto(b, yield)
	case d.kind == Block:
		d.feedBlock(b, yield)
	default:
		d.begin(b, yield)
	}
}

func (d *Demux) emit(kind Kind, b byte, yield func(Reply)) {
	d.one[0] = b
	yield(Reply{Kind: kind, Bytes: d.one[:]})
}

func (d *Demux) begin(b byte, yield func(Reply)) {
	switch {
	case b == headerInfo || b == headerPrinter || b == headerText:
		d.kind, d.buf = Block, append(d.buf[:0], b)
	case b&0x93 == 0x12:
		d.emit(RealTime, b, yield)
	case b&0x93 == 0x10:
		d.kind, d.buf = Auto, append(d.buf[:0], b)
	case b&0x90 == 0:
		d.emit(Ordered, b, yield)
	default:
		d.emit(Unknown, b, yield)
	}
}

// feedAuto takes the bytes 2 to 4, whose bits 4 and 7 are 0: another byte means
// that the block was cut short.
func (d *Demux) feedAuto(b byte, yield func(Reply)) {
	if b&0x90 != 0 {
		d.abandon(yield)
		d.begin(b, yield)
		return
	}
	if d.buf = append(d.buf, b); len(d.buf) == 4 {
		d.end(Auto, yield)
	}
}

// feedBlock takes the text of a block up to its NUL. Control bytes other than
// the separator 1F do not occur in one.
func (d *Demux) feedBlock(b byte, yield func(Reply)) {
	if b != 0 && b != 0x1F && b < ' ' || len(d.buf) == maxBlock {
		d.abandon(yield)
		d.begin(b, yield)
		return
	}
	if d.buf = append(d.buf, b); b == 0 {
		d.end(Block, yield)
	}
}

func (d *Demux) abandon(yield func(Reply)) { d.end(Unknown, yield) }

func (d *Demux) end(kind Kind, yield func(Reply)) {
	d.kind = Unknown
	yield(Reply{Kind: kind, Bytes: d.buf})
}
