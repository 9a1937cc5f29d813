package dots

// Characters are coded arithmetically, dot by dot, down each column and from
// left to right: the better a dot was foreseen, the fewer bits it takes. What is
// foreseen follows from the twelve dots around that are known already, as in
// JBIG (ITU-T T.82), but from a table made once over all characters, so that
// each is decoded alone. This halves their 72 bytes; general compression of
// single characters hardly shortens them.

// certain is the chance of what always comes.
const certain = 4096

// chances is how often there is ink, of 4096 times, by surroundings: from the
// lowest bit three dots above in the same column, five beside in the column
// before, three in the one before that, one in the third.
type chances [4096]uint16

// decode never fails: it takes a code that ends early as followed by zeros.
func (c *chances) decode(code []byte) (p Pattern) {
	d := decoder{rest: code, width: 0xFFFFFFFF}
	for range 4 {
		d.next()
	}
	var first, second, third uint32 // the columns before
	for x := 0; x < len(p); x += 3 {
		var column uint32
		for at := 23; at >= 0; at-- {
			around := column&7 | first<<2>>at&31<<3 | second<<1>>at&7<<8 | third>>at&1<<11
			column = column<<1 | d.dot(uint32(c[around]))
		}
		p[x], p[x+1], p[x+2] = byte(column>>16), byte(column>>8), byte(column)
		first, second, third = column, first, second
	}
	return p
}

// decoder finds out in which part of the part of the part ... a fraction lies.
type decoder struct {
	rest     []byte
	fraction uint32 // above the lower end of the part
	width    uint32 // of the part
}

func (d *decoder) next() {
	d.fraction <<= 8
	if len(d.rest) > 0 {
		d.fraction |= uint32(d.rest[0])
		d.rest = d.rest[1:]
	}
}

// dot returns 1 for ink. The lower share of the part is ink's.
func (d *decoder) dot(chance uint32) (ink uint32) {
	share := d.width / certain * chance
	if d.fraction < share {
		d.width, ink = share, 1
	} else {
		d.fraction -= share
		d.width -= share
	}
	for d.width < 1<<24 {
		d.width <<= 8
		d.next()
	}
	return ink
}
