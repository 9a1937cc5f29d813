package sim

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"leye/devices/idcard/idcardtest"
	"leye/devices/internal/frame"
)

// ReaderConfig describes a reader; the zero value is a serial module at 115200
// baud with the usual times of its own.
type ReaderConfig struct {
	Baud   int           // 0 means 115200
	Find   time.Duration // module's own time; 0 means 30 ms
	Select time.Duration // 0 means 50 ms
	Read   time.Duration // 0 means 600 ms
	// Again makes find answer for a card that was read and still lies there,
	// every other time, as some modules do.
	Again bool
	// NoExtra makes the module refuse 30 03, as some do.
	NoExtra bool
}

// OtherCard is the name of something that can be laid down and is no identity
// card: it is found, and cannot be selected.
const OtherCard = "other"

// Reader is a simulated SAM_V module. Its methods may be called at any time.
type Reader struct {
	Faults

	cfg     ReaderConfig
	vectors *idcardtest.Vectors

	mu       sync.Mutex
	card     string // name of the card that lies there
	laid     int    // counts cards laid and taken: a request in progress sees the change
	selected bool
	found    bool
	served   bool // read once: found again only after it was lifted
	again    bool // the next find answers although it was served
	slips    bool // the card is lifted in the middle of its next reading
}

// NewReader returns a reader with no card on it.
func NewReader(c ReaderConfig) *Reader {
	set := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	set(&c.Find, 30*time.Millisecond)
	set(&c.Select, 50*time.Millisecond)
	set(&c.Read, 600*time.Millisecond)
	return &Reader{cfg: c, vectors: idcardtest.Load()}
}

// Cards are the names of the made-up cards that can be laid down.
func (r *Reader) Cards() []string {
	var names []string
	for _, c := range r.vectors.Cards {
		if c.Command == "3001" {
			names = append(names, c.Name)
		}
	}
	return append(names, OtherCard)
}

// Lay puts a card on the reader.
func (r *Reader) Lay(name string) error {
	for _, n := range r.Cards() {
		if n == name {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.change(name)
			return nil
		}
	}
	return fmt.Errorf("lay card: there is none named %q", name)
}

// Take lifts the card.
func (r *Reader) Take() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.change("")
}

// TakeWhileRead lifts the card in the middle of its next reading.
func (r *Reader) TakeWhileRead() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.slips = true
}

func (r *Reader) change(card string) {
	r.card, r.served, r.again, r.found, r.selected, r.slips = card, false, false, false, false, false
	r.laid++
}

// Card is the name of the card that lies there, or empty.
func (r *Reader) Card() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.card
}

// Run serves one line until it is unplugged or ctx ends.
func (r *Reader) Run(ctx context.Context, line io.ReadWriteCloser) error {
	stop := context.AfterFunc(ctx, func() { _ = line.Close() })
	defer stop()
	w := newWire(line, r.cfg.Baud, &r.Faults)
	split := frame.Splitter{MinLength: frame.MinRequest}
	buf := make([]byte, 256)
	for {
		n, err := w.Read(buf)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("serve reader: %w", err)
		}
		split.Feed(buf[:n])
		for f, err := split.Next(); f != nil || err != nil; f, err = split.Next() {
			answer := status(0x10) // wrong checksum
			if err == nil {
				answer = r.serve(ctx, frame.Body(f))
			}
			if _, err := w.Write(answer); err != nil && ctx.Err() == nil {
				return fmt.Errorf("serve reader: %w", err)
			}
		}
	}
}

// request is command and parameter.
type request [2]byte

// The requests that touch a card (protocol section 2).
var (
	find     = request{0x20, 0x01}
	choose   = request{0x20, 0x02}
	read     = request{0x30, 0x01}
	readFull = request{0x30, 0x10}
	readMore = request{0x30, 0x03}
)

// serve takes the module's own time over a request and answers it. A card that
// is lifted meanwhile is no longer there.
func (r *Reader) serve(ctx context.Context, body []byte) []byte {
	req := request{body[0], body[1]}
	r.mu.Lock()
	laid := r.laid
	r.mu.Unlock()
	own := r.own(req)
	sleep(ctx, own/2)
	r.slip(req)
	sleep(ctx, own-own/2)
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.answer(req, r.card != "" && laid == r.laid)
}

// slip lifts the card when it is to be lifted while it is read.
func (r *Reader) slip(req request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.slips && r.selected && (req == read || req == readFull) {
		r.change("")
	}
}

// own is the module's own time for a request.
func (r *Reader) own(req request) time.Duration {
	switch req {
	case find:
		return r.cfg.Find
	case choose, readMore:
		return r.cfg.Select
	case read, readFull:
		return r.cfg.Read
	}
	return min(r.cfg.Find, 10*time.Millisecond)
}

func status(s byte, data ...byte) []byte {
	return frame.Append(nil, append([]byte{0, 0, s}, data...))
}

// answer is what the module says (protocol sections 2 to 4). All of find,
// select and read are needed for every reading.
func (r *Reader) answer(req request, here bool) []byte {
	switch req {
	case request{0x10, 0xFF}:
		// A reset takes the field away for a moment: the card begins anew.
		r.served, r.again, r.found, r.selected = false, false, false, false
		return status(0x90)
	case request{0x11, 0xFF}:
		return status(0x90)
	case request{0x12, 0xFF}:
		return r.vector("sam_id_ok")
	case find:
		return r.find(here)
	case choose:
		if r.selected = r.found && here; !r.selected {
			return status(0x81)
		}
		if r.card == OtherCard {
			r.found, r.selected = false, false
			return status(0x40)
		}
		return status(0x90, 0, 0, 0, 0, 0, 0, 0, 0)
	case read, readFull:
		return r.read(req, here)
	case readMore:
		return r.more(here)
	}
	return status(0x21)
}

// more answers 30 03: only a card that was read and still lies there has, or has not,
// added information.
func (r *Reader) more(here bool) []byte {
	switch {
	case r.cfg.NoExtra:
		return status(0x21)
	case !here || !r.served:
		return status(0x41)
	}
	return status(0x91)
}

func (r *Reader) find(here bool) []byte {
	r.selected = false
	r.found = here && (!r.served || r.cfg.Again && r.again)
	r.again = !r.again
	if !r.found {
		return status(0x80)
	}
	return status(0x9F, 0, 0, 0, 0)
}

func (r *Reader) read(req request, here bool) []byte {
	ready := r.selected && here
	r.found, r.selected = false, false
	if !ready {
		return status(0x41)
	}
	r.served = true
	answer := r.vector(r.card)
	if req == read {
		return answer
	}
	// With fingerprints: a third length in front, here of none.
	body := frame.Body(answer)
	const lengths = 3 + 4
	full := append([]byte(nil), body[:lengths]...)
	return frame.Append(nil, append(append(full, 0, 0), body[lengths:]...))
}

func (r *Reader) vector(name string) []byte {
	b, _ := r.vectors.Answer(name)
	return b
}
