package sim

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"leye/devices/sim/paper"
)

// Paper is the state of the roll.
type Paper int

// The paper states.
const (
	PaperOK Paper = iota
	PaperNear
	PaperOut
)

// Silent is the level of a printer that never answers.
const Silent = -1

// PrinterConfig describes a printer; the zero value is an 80 mm mainland
// machine at 115200 baud that can prove printing.
type PrinterConfig struct {
	Baud   int // 0 means 115200
	Buffer int // receive buffer; 0 means 4096 bytes
	Speed  int // of the paper, mm/s; 0 means 150
	// Level is what it answers: 1 real-time status, 2 also GS r and GS I, 3
	// also automatic status, 4 also process IDs. 0 means 4; Silent nothing.
	Level int
	Font  string // answer to GS I 69; "" means "CHINA GB18030"
	Maker string // answer to GS I 66; "" means "SIM"
	Model string // answer to GS I 67; "" means "SIM-80"
	Dots  int    // print area; 0 means 576
	// Charset is what its font holds; GB2312 when Font says so.
	Charset paper.Charset
	Fonts   *paper.Fonts
	// Family is the dialect: "" for Epson's, "custom" or "citizen", which hold a
	// slip at a presenter.
	Family string
	Log    *slog.Logger // nil discards
	// Heard is told of bytes when the last of them has arrived; nil for nobody.
	Heard func(b []byte)
}

// Printer is a simulated ESC/POS printer. Its methods may be called at any
// time, also while it prints.
type Printer struct {
	Faults

	cfg  PrinterConfig
	kick chan struct{} // something changed for the mechanism
	talk chan struct{} // something is to be sent
	room chan struct{} // the receive buffer has room again

	mu    sync.Mutex
	state state
	roll  *paper.Roll
	raw   []byte // bytes carried out since ClearPaper
	buf   []byte // received, not carried out
	dle   []byte // a real-time command under way
	out   []byte // answers under way
	done  int    // bytes carried out since the start
	epoch int    // how often the buffers were cleared
	free  time.Time
	lines []time.Time // ends of the movements under way
	fate  []fate
	drawn int           // slips drawn back
	laid  time.Time     // when the slip at the presenter was cut
	holds time.Duration // until it is drawn back by itself; 0: never
	moved int           // dots of paper since the start
	taken int           // bytes received since the start
	cable []cableFate
}

// state is what the status commands tell.
type state struct {
	power         bool
	cover         bool // open
	coverPrinting bool // opened while printing
	paper         Paper
	cutter        bool
	jam           bool
	hot           bool
	dead          bool
	held          bool // the feed button
	stalled       bool // carries nothing out and says nothing of it
	exit          bool // a slip lies at the presenter
	auto          bool // GS a is on
	tellOffline   byte // GS ( H function 49
}

// fate is a fault that waits for its byte.
type fate struct {
	at int
	do func(*state)
}

// NewPrinter returns a printer that is on, closed and full of paper.
func NewPrinter(c PrinterConfig) *Printer {
	set := func(v *int, to int) {
		if *v == 0 {
			*v = to
		}
	}
	set(&c.Buffer, 4096)
	set(&c.Speed, 150)
	set(&c.Level, 4)
	set(&c.Dots, 576)
	if c.Font == "" {
		c.Font = "CHINA GB18030"
	}
	if c.Maker == "" {
		c.Maker = "SIM"
	}
	if c.Model == "" {
		c.Model = "SIM-80"
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Font == "CHINA GB2312" {
		c.Charset = paper.GB2312
	}
	p := &Printer{
		cfg:   c,
		kick:  make(chan struct{}, 1),
		talk:  make(chan struct{}, 1),
		room:  make(chan struct{}, 1),
		state: state{power: true},
		roll:  paper.NewRoll(paper.Config{Dots: c.Dots, Charset: c.Charset, Fonts: c.Fonts}),
	}
	if c.Family == "citizen" {
		p.holds = ownPatience
	}
	return p
}

// ownPatience is how long a Citizen presenter holds a slip unless it is told otherwise.
const ownPatience = 5 * time.Second

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Run serves one line until it is unplugged or ctx ends. The printer's own
// state and memory outlive it.
func (p *Printer) Run(ctx context.Context, line io.ReadWriteCloser) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w := newWire(line, p.cfg.Baud, &p.Faults)
	stop := context.AfterFunc(ctx, func() { _ = line.Close() })
	defer stop()
	var both sync.WaitGroup
	both.Go(func() { p.execute(ctx) })
	both.Go(func() { p.transmit(ctx, w) })
	err := p.receive(ctx, w)
	cancel()
	both.Wait()
	if err != nil {
		return fmt.Errorf("printer line ended: %w", err)
	}
	return nil
}

// Thresholds of flow control: busy at 128 bytes left, ready at 256.
const (
	busyRoom  = 128
	readyRoom = 256
)

// receive takes bytes off the line while there is room. A printer that is off
// takes nothing in.
func (p *Printer) receive(ctx context.Context, w *wire) error {
	var b [64]byte
	for {
		if err := p.waitRoom(ctx); err != nil {
			return nil
		}
		n, err := w.Read(b[:])
		if n > 0 && p.cfg.Heard != nil {
			p.cfg.Heard(b[:n])
		}
		if p.accept(b[:n]) {
			_ = w.Close() // unplugged; Read has the error
		}
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (p *Printer) waitRoom(ctx context.Context) error {
	need := busyRoom
	for {
		p.mu.Lock()
		left := p.cfg.Buffer - len(p.buf)
		p.mu.Unlock()
		if left >= need {
			return nil
		}
		need = readyRoom
		select {
		case <-p.room:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// accept stores received bytes and carries out real-time commands at once,
// wherever they stand: the bytes stay in the buffer, where they mean nothing. It
// reports whether the plug was pulled within them.
func (p *Printer) accept(b []byte) (unplugged bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range b {
		if p.arrives() {
			unplugged = true
		}
		if unplugged || !p.state.power || p.isCut() {
			continue
		}
		if len(p.buf) < p.cfg.Buffer {
			p.buf = append(p.buf, c)
		}
		p.realTime(c)
	}
	poke(p.kick)
	return unplugged
}

// cableFate is what happens to the line once so many bytes have arrived.
type cableFate struct {
	at     int
	unplug bool // else cut
}

// arrives counts a byte and lets happen to the line what waits for it. It reports
// whether the plug is pulled.
func (p *Printer) arrives() (unplugged bool) {
	left := p.cable[:0]
	for _, f := range p.cable {
		switch {
		case f.at > p.taken:
			left = append(left, f)
		case f.unplug:
			unplugged = true
		default:
			p.Cut(true)
		}
	}
	p.cable = left
	p.taken++
	return unplugged
}

// CableCutAt cuts the line, in both directions, after n more bytes have arrived. As
// on RS-232, the host's port does not notice.
func (p *Printer) CableCutAt(n int) { p.lineAt(n, false) }

// UnplugAt ends the line after n more bytes have arrived, as a USB adapter does
// that is pulled out.
func (p *Printer) UnplugAt(n int) { p.lineAt(n, true) }

func (p *Printer) lineAt(n int, unplug bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cable = append(p.cable, cableFate{p.taken + n, unplug})
}

func (p *Printer) realTime(c byte) {
	if len(p.dle) == 0 && c != 0x10 {
		return
	}
	p.dle = append(p.dle, c)
	cmd, n := paper.Next(p.dle)
	if n == 0 {
		return
	}
	p.dle = p.dle[:0]
	switch {
	case cmd.Name == "DLE EOT" && p.cfg.Level > 0:
		p.tire()
		p.say(p.state.answer(p.cfg.Family, cmd.Args[0])...)
	case cmd.Name == "DLE ENQ" && cmd.Args[0] == 2:
		p.clear()
		p.state.coverPrinting = false
	case cmd.Name == "DLE DC4" && string(cmd.Args) == "\x08\x01\x03\x14\x01\x06\x02\x08":
		p.clear()
		if p.cfg.Level > 0 {
			p.say(0x37, 0x25, 0)
		}
	}
}

func (p *Printer) clear() {
	p.buf = p.buf[:0]
	p.roll.ClearBuffer()
	p.epoch++
	poke(p.room)
	poke(p.kick)
}

func (p *Printer) say(b ...byte) {
	p.out = append(p.out, b...)
	poke(p.talk)
}

func (p *Printer) transmit(ctx context.Context, w *wire) {
	for {
		p.mu.Lock()
		b := p.out
		p.out = nil
		p.mu.Unlock()
		if len(b) > 0 {
			if _, err := w.Write(b); err != nil {
				return
			}
			continue
		}
		select {
		case <-p.talk:
		case <-ctx.Done():
			return
		}
	}
}

// offline reports whether queued commands wait.
func (s *state) offline() bool {
	return !s.power || s.cover || s.paper == PaperOut || s.cutter || s.jam || s.hot || s.dead || s.held
}

func bit(on bool, b byte) byte {
	if on {
		return b
	}
	return 0
}

// answer is the reply to DLE EOT n (protocol reference, 2.1).
func (s *state) answer(family string, n byte) []byte {
	const fixed = 0x12
	switch {
	case family == "custom" && n == 4: // the fixed bits are not kept
		return []byte{bit(s.paper != PaperOK, 0x0C) | bit(s.paper == PaperOut, 0x60)}
	case family == "custom" && n == 20:
		return []byte{
			0x10, 0x0F,
			bit(s.paper == PaperOut, 0x01) | bit(s.paper != PaperOK, 0x04) | bit(s.exit, 0x20),
			bit(s.cover, 0x02), bit(s.hot, 0x01) | bit(s.jam, 0x40), bit(s.cutter, 0x01) | bit(s.dead, 0x04),
		}
	case family == "citizen" && n == 4:
		return []byte{fixed | bit(s.paper != PaperOK, 0x0C) | bit(s.paper == PaperOut, 0x20) | bit(s.exit, 0x40)}
	}
	switch n {
	case 1:
		return []byte{fixed | bit(s.offline(), 0x08) | bit(s.held, 0x40)}
	case 2:
		fault := s.cutter || s.jam || s.hot || s.dead || s.coverPrinting
		return []byte{fixed | bit(s.cover, 0x04) | bit(s.held, 0x08) | bit(s.paper == PaperOut, 0x20) | bit(fault, 0x40)}
	case 3:
		return []byte{fixed | bit(s.jam, 0x04) | bit(s.cutter, 0x08) | bit(s.dead, 0x20) | bit(s.hot || s.coverPrinting, 0x40)}
	case 4:
		return []byte{fixed | bit(s.paper != PaperOK, 0x0C) | bit(s.paper == PaperOut, 0x60)}
	}
	return nil
}

// block is the automatic status (2.3).
func (s *state) block() []byte {
	return []byte{
		0x10 | bit(s.offline(), 0x08) | bit(s.cover, 0x20) | bit(s.held, 0x40),
		bit(s.jam, 0x04) | bit(s.cutter, 0x08) | bit(s.dead, 0x20) | bit(s.hot || s.coverPrinting, 0x40),
		bit(s.paper != PaperOK, 0x03) | bit(s.paper == PaperOut, 0x0C),
		0x0F,
	}
}

// change lets f change the state and tells what the host has asked to be told.
func (p *Printer) change(f func(*state)) {
	before, was := p.state.block(), p.state.offline()
	f(&p.state)
	if p.state.power && p.state.auto && string(before) != string(p.state.block()) {
		p.say(p.state.block()...)
	}
	if p.state.power && !was && p.state.offline() {
		switch p.state.tellOffline {
		case 1:
			p.say(0x37, 0x23, 0)
		case 2:
			p.say(0x37, 0x23, 0x40, 0)
		}
	}
	poke(p.kick)
}

// SetPaper changes the roll. A new roll lets a stopped printer go on with what
// it still holds.
func (p *Printer) SetPaper(s Paper) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.change(func(st *state) { st.paper = s })
}

// SetCover opens or closes the cover.
func (p *Printer) SetCover(open bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	printing := time.Now().Before(p.free)
	p.change(func(st *state) { st.cover, st.coverPrinting = open, open && printing })
}

// SetPower switches the printer; off, it forgets everything but the paper.
func (p *Printer) SetPower(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if on == p.state.power {
		return
	}
	p.switchPower(on)
}

func (p *Printer) switchPower(on bool) {
	p.state.power, p.state.auto, p.state.tellOffline = on, false, 0
	p.clear()
	p.roll.Reset()
	p.out, p.dle = nil, nil
	if on && p.cfg.Level > 0 {
		p.say(0x11)
	}
}

// SetHot makes the print head too hot, or cool again.
func (p *Printer) SetHot(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.change(func(st *state) { st.hot = on })
}

// SetCutterError jams the knife.
func (p *Printer) SetCutterError(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.change(func(st *state) { st.cutter = on })
}

// PaperOutAt makes the paper end after n more bytes are carried out.
func (p *Printer) PaperOutAt(n int) { p.at(n, func(s *state) { s.paper = PaperOut }) }

// CoverOpenAt opens the cover after n more bytes are carried out.
func (p *Printer) CoverOpenAt(n int) {
	p.at(n, func(s *state) { s.cover, s.coverPrinting = true, true })
}

// PowerOffAt switches the printer off after n more bytes are carried out.
func (p *Printer) PowerOffAt(n int) { p.at(n, nil) }

func (p *Printer) at(n int, do func(*state)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fate = append(p.fate, fate{p.done + n, do})
	p.meet()
}

// CallOff forgets the faults whose byte has not come.
func (p *Printer) CallOff() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fate, p.cable = nil, nil
}

// meet lets the faults happen whose byte has come.
func (p *Printer) meet() {
	left := p.fate[:0]
	for _, f := range p.fate {
		switch {
		case f.at > p.done:
			left = append(left, f)
		case f.do == nil:
			p.switchPower(false)
		default:
			p.change(f.do)
		}
	}
	p.fate = left
}

// execute is the mechanism: it carries out what was received, one command
// after the other, at the speed of the paper.
func (p *Printer) execute(ctx context.Context) {
	for ctx.Err() == nil {
		c, epoch, ok := p.next()
		if ok {
			p.do(ctx, c, epoch)
			continue
		}
		select {
		case <-p.kick:
		case <-ctx.Done():
		}
	}
}

// next takes one command off the buffer.
func (p *Printer) next() (paper.Command, int, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state.offline() || p.state.stalled {
		return paper.Command{}, 0, false
	}
	c, n := paper.Next(p.buf)
	if n == 0 {
		return c, 0, false
	}
	if at := p.nextFate(); c.Name == "text" && p.done+n > at {
		n = max(at-p.done, 1)
		c.Raw, c.Args = c.Raw[:n], c.Args[:n]
	}
	c.Raw = append([]byte(nil), c.Raw...)
	c.Args = c.Raw[len(c.Raw)-len(c.Args):]
	p.buf = append(p.buf[:0], p.buf[n:]...)
	if p.cfg.Buffer-len(p.buf) >= readyRoom {
		poke(p.room)
	}
	return c, p.epoch, true
}

// nextFate is the byte of the first fault that waits.
func (p *Printer) nextFate() int {
	at := int(^uint(0) >> 1)
	for _, f := range p.fate {
		at = min(at, f.at)
	}
	return at
}

func (p *Printer) do(ctx context.Context, c paper.Command, epoch int) {
	if c.Name == "GS ( H" && !p.settled(ctx, epoch) {
		return
	}
	p.mu.Lock()
	if p.epoch != epoch {
		p.mu.Unlock()
		return
	}
	if c.Name != "DLE EOT" {
		p.raw = append(p.raw, c.Raw...)
	}
	p.done += len(c.Raw)
	p.reply(c)
	m := p.roll.Do(c)
	if m.Cut && p.cfg.Family != "" {
		p.state.exit, p.laid = true, time.Now()
	}
	p.present(c)
	wait := p.move(m)
	p.meet()
	p.mu.Unlock()
	sleep(ctx, wait)
}

// present carries out what moves a slip at the presenter.
func (p *Printer) present(c paper.Command) {
	custom := p.cfg.Family == "custom" && c.Name == "GS e" && c.Args[0] == 2
	citizen := p.cfg.Family == "citizen" && c.Name == "GS R" && c.Args[0] == '0'
	if custom || citizen {
		p.drawBack()
	}
	if p.cfg.Family == "citizen" && c.Name == "GS R" && c.Args[0] == '1' {
		p.holds = time.Duration(c.Args[1]) * time.Second
	}
}

func (p *Printer) drawBack() {
	if p.state.exit {
		p.drawn++
	}
	p.state.exit = false
}

// tire draws back what nobody has taken in time.
func (p *Printer) tire() {
	if p.state.exit && p.holds > 0 && time.Since(p.laid) >= p.holds {
		p.drawBack()
	}
}

// TakeSlip takes the slip away that lies at the presenter.
func (p *Printer) TakeSlip() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state.exit = false
}

// cutTime is the knife's.
const cutTime = 300 * time.Millisecond

// ahead is how many lines the electronics are ahead of the paper.
const ahead = 2

// move starts a movement and returns how long the next command has to wait.
func (p *Printer) move(m paper.Motion) time.Duration {
	if m.Dots == 0 && !m.Cut {
		return 0
	}
	p.moved += m.Dots
	now := time.Now()
	if p.free.Before(now) {
		p.free = now
	}
	p.free = p.free.Add(time.Duration(m.Dots) * time.Second / time.Duration(8*p.cfg.Speed))
	if m.Cut {
		p.free = p.free.Add(cutTime)
	}
	p.lines = append(p.lines, p.free)
	for len(p.lines) > 0 && !p.lines[0].After(now) {
		p.lines = p.lines[1:]
	}
	if len(p.lines) <= ahead {
		return 0
	}
	return p.lines[len(p.lines)-1-ahead].Sub(now)
}

// settled waits until everything before is printed; false when it never will
// be, because the buffers were cleared.
func (p *Printer) settled(ctx context.Context, epoch int) bool {
	for ctx.Err() == nil {
		p.mu.Lock()
		gone, offline, left := p.epoch != epoch, p.state.offline(), time.Until(p.free)
		p.mu.Unlock()
		switch {
		case gone:
			return false
		case left > 0:
			sleep(ctx, left)
		case !offline:
			return true
		default:
			select {
			case <-p.kick:
			case <-ctx.Done():
			}
		}
	}
	return false
}

func sleep(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// reply answers the queued commands.
func (p *Printer) reply(c paper.Command) {
	a, level := c.Args, p.cfg.Level
	switch {
	case c.Name == "ESC @":
		p.state.auto = false
	case c.Name == "GS a" && level >= 3:
		if p.state.auto = a[0] != 0; p.state.auto {
			p.say(p.state.block()...)
		}
	case c.Name == "GS r" && level >= 2 && (a[0] == 1 || a[0] == '1'):
		p.say(bit(p.state.paper != PaperOK, 0x03))
	case c.Name == "GS r" && level >= 2:
		p.say(0)
	case c.Name == "GS I" && level >= 2:
		p.identify(a[0])
	case c.Name == "GS ( H" && level >= 4:
		p.process(a[3:])
	case c.Name == "GS ( k" && level >= 2 && string(a[3:5]) == "1R":
		side := strconv.Itoa(p.roll.CodeSize())
		p.say([]byte("\x37\x36" + side + "\x1F" + side + "\x1F1\x1F0\x00")...)
	}
}

func (p *Printer) process(a []byte) {
	switch {
	case len(a) == 6 && a[0] == '0':
		p.say(append(append([]byte{0x37, 0x22}, a[2:6]...), 0)...)
	case len(a) == 3 && a[0] == '1':
		p.state.tellOffline = a[2]
	}
}

func (p *Printer) identify(n byte) {
	text := map[byte]string{65: "1.0", 66: p.cfg.Maker, 67: p.cfg.Model, 69: p.cfg.Font}
	switch {
	case n >= 1 && n <= 3:
		p.say(0x03)
	case n == 33: // type information: multi-byte characters, cutter fitted
		p.say(0x3D, n, 0x43, 0x40, 0)
	case text[n] != "":
		p.say(append(append([]byte{0x5F}, text[n]...), 0)...)
	}
}
