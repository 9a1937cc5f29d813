package escpos

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"leye/devices/printer"
)

// Port is the serial line to a printer.
type Port interface {
	// Read waits for at least one byte, or for the end of ctx.
	Read(ctx context.Context, p []byte) (int, error)
	Write(p []byte) (int, error)
	// Discard drops what has arrived and was not read.
	Discard() error
	Close() error
}

// Config says where a printer is and what is known about it. What is left zero
// is asked of the device or set to the usual.
type Config struct {
	Port    string // device file
	Driver  string // "bugst" (default) or "tarm"
	Baud    int    // 0 means 115200
	Columns int    // half-width characters a line; 0 means 48
	Family  string // a declared one, see FamilyNames; "" means "epson"

	Charset   Charset // what a test print has shown; Unknown: ask the printer
	Glyphs    Glyphs  // draws what the font lacks; may be nil
	PictureQR bool    // the model has no QR code of its own
	// WriteOnly says that the model never answers. Without it silence means
	// that the printer is off.
	WriteOnly bool
	Speed     int // of the paper, mm/s; 0 means 60, the slowest seen
	// Void says that a program which ended within a slip may have left a piece of
	// it in the printer: it is voided and cut off before anything else.
	Void bool

	Timing Timing
	// Dial opens the line; nil opens Port.
	Dial func() (Port, error)
	Log  *slog.Logger // nil discards
}

// Timing holds the limits of waiting; zero values mean the defaults.
type Timing struct {
	RealTime time.Duration // answer to DLE EOT; 200 ms, asked three times
	Queued   time.Duration // answer of an idle printer to a queued command; 500 ms
	Margin   time.Duration // beyond the time that printing takes; 2 s
	Poll     time.Duration // between two looks at a printing printer; 250 ms
	HeadHot  time.Duration // a hot head goes on by itself; 60 s
	Write    time.Duration // a printer that is busy takes a chunk within; 10 s
}

func (t Timing) filled() Timing {
	set := func(d *time.Duration, to time.Duration) {
		if *d == 0 {
			*d = to
		}
	}
	set(&t.RealTime, 200*time.Millisecond)
	set(&t.Queued, 500*time.Millisecond)
	set(&t.Margin, 2*time.Second)
	set(&t.Poll, 250*time.Millisecond)
	set(&t.HeadHot, time.Minute)
	set(&t.Write, 10*time.Second)
	return t
}

// tries is how often a real-time question is asked before silence is believed.
const tries = 3

// Printer is one ESC/POS printer. Its methods may be called at the same time;
// they take turns.
type Printer struct {
	cfg    Config
	family *Family
	log    *slog.Logger
	turn   chan struct{}

	closed bool
	line   line
	enc    *Encoder
	probed bool
	void   bool // a piece of an abandoned slip hangs in the printer
	owed   int  // bytes of a command that a lost line cut off
	slip   uint32
	drawn  int // slips that were drawn back

	mu   sync.Mutex // guards caps and fed
	caps printer.Capability
	fed  int // dots, since Open
}

var _ printer.Printer = (*Printer)(nil)

// Open returns the printer that cfg describes. It does not touch the device:
// the line is opened, and opened again after a loss, when it is needed.
func Open(cfg Config) (*Printer, error) {
	if cfg.Port == "" && cfg.Dial == nil {
		return nil, errors.New("open printer: no port")
	}
	if cfg.Baud == 0 {
		cfg.Baud = 115200
	}
	if cfg.Columns == 0 {
		cfg.Columns = 48
	}
	if cfg.Speed == 0 {
		cfg.Speed = 60
	}
	if cfg.Baud < 0 || cfg.Columns < 16 || cfg.Speed < 0 {
		return nil, fmt.Errorf("open printer: %d baud, %d columns, %d mm/s", cfg.Baud, cfg.Columns, cfg.Speed)
	}
	if cfg.Dial == nil {
		cfg.Dial = dialer(cfg)
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	cfg.Timing = cfg.Timing.filled()
	family, err := LoadFamily(cfg.Family)
	if err != nil {
		return nil, fmt.Errorf("open printer: %w", err)
	}
	p := &Printer{
		cfg:    cfg,
		family: family,
		log:    cfg.Log,
		turn:   make(chan struct{}, 1),
		// A restarted program must not repeat an ID of the printer's power
		// cycle; a rising start is enough.
		slip: uint32(time.Now().Unix()),
		void: cfg.Void,
	}
	p.setCharset(cfg.Charset)
	p.setCapability(printer.Capability{Columns: cfg.Columns, Dots: cfg.Columns * 12, GB18030: cfg.Charset == GB18030})
	return p, nil
}

func (p *Printer) String() string { return "printer " + p.cfg.Port }

// Capability is what was found out so far; the level is 0 until the printer was
// asked while it was ready.
func (p *Printer) Capability() printer.Capability {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.caps
}

func (p *Printer) setCapability(c printer.Capability) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.caps = c
}

// Fed is how much paper was moved since Open, in mm, at most: a piece that was
// stopped counts as whole.
func (p *Printer) Fed() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return (p.fed + dotsPerMM - 1) / dotsPerMM
}

func (p *Printer) feed(dots int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fed += dots
}

func (p *Printer) setCharset(c Charset) {
	p.enc = NewEncoder(Profile{
		Columns:   p.cfg.Columns,
		Charset:   c,
		Glyphs:    p.cfg.Glyphs,
		PictureQR: p.cfg.PictureQR,
		Knife:     p.family.Knife,
		Hold:      p.family.hold,
	})
}

func (p *Printer) lock(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("wait for printer: %w", err)
	}
	select {
	case p.turn <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("wait for printer: %w", ctx.Err())
	}
	if p.closed {
		p.unlock()
		return fmt.Errorf("use printer: %w", printer.ErrClosed)
	}
	return nil
}

func (p *Printer) unlock() { <-p.turn }

// Close waits for the slip under way and closes the line.
func (p *Printer) Close() error {
	p.turn <- struct{}{}
	defer p.unlock()
	p.closed = true
	return p.line.close()
}

// Status asks the device. An error wraps printer.ErrSilent when it does not
// answer. While a slip is printed Status waits for its end.
func (p *Printer) Status(ctx context.Context) (printer.Status, error) {
	if err := p.lock(ctx); err != nil {
		return printer.Status{}, err
	}
	defer p.unlock()
	s, err := p.look(ctx)
	if err != nil {
		return printer.Status{}, p.settle(fmt.Errorf("ask printer: %w", err))
	}
	return s, nil
}

// settle drops the line after an error of the line itself, so that the next
// call opens it again.
func (p *Printer) settle(err error) error {
	if p.line.broken {
		p.owed = p.line.owed
		if cerr := p.line.close(); cerr != nil {
			p.log.Debug("close printer port", "err", cerr)
		}
		p.probed = false
	}
	return err
}

// look opens the line if need be, asks for the status and, once the printer is
// ready, finds out what it can prove. A line that was lost since the last slip
// shows only when it is used: it is opened again once.
func (p *Printer) look(ctx context.Context) (printer.Status, error) {
	old := p.line.port != nil
	s, err := p.lookOnce(ctx)
	if err != nil && old && p.line.broken {
		p.log.Debug("printer port lost", "port", p.cfg.Port, "err", p.settle(err))
		s, err = p.lookOnce(ctx)
	}
	return s, err
}

func (p *Printer) lookOnce(ctx context.Context) (printer.Status, error) {
	if err := p.connect(ctx); err != nil {
		return printer.Status{}, err
	}
	if p.cfg.WriteOnly {
		return printer.Status{Online: true}, nil
	}
	s, err := p.ask(ctx)
	if err == nil && !p.line.emptied {
		err = p.empty(ctx)
	}
	if err != nil || p.probed || !s.Ready() {
		return s, err
	}
	return s, p.probe(ctx)
}

// empty throws away what a program that ended within a slip has left in the
// printer. It must not wait until the printer is ready: with a new roll in it,
// it would print the rest by itself.
func (p *Printer) empty(ctx context.Context) error {
	cleared, err := p.query(ctx, clearBuffers, func() bool { return p.line.cleared })
	if err == nil && !cleared {
		err = p.line.write(ctx, []byte{dle, enq, 2}) // what older models know
	}
	p.line.emptied = err == nil
	return err
}

func (p *Printer) connect(ctx context.Context) error {
	if p.line.port != nil {
		return nil
	}
	port, err := p.cfg.Dial()
	if err != nil {
		return fmt.Errorf("open printer port: %w", err)
	}
	p.line = line{port: port, limit: p.cfg.Timing.Write}
	if err := p.line.discard(); err != nil {
		return err
	}
	// A printer that still waits for the rest of a command would take the next
	// one for it. Between commands NUL means nothing.
	if p.owed > 0 {
		if err := p.line.write(ctx, make([]byte, p.owed)); err != nil {
			return err
		}
		p.owed = 0
	}
	return nil
}

// ask puts the four real-time questions.
func (p *Printer) ask(ctx context.Context) (printer.Status, error) {
	var s printer.Status
	for n := byte(askPrinter); n <= askPaper; n++ {
		b, err := p.realTime(ctx, n)
		if err != nil {
			return printer.Status{}, err
		}
		merge(&s, p.family, n, b)
	}
	if !p.family.full {
		return s, nil
	}
	if _, err := p.realTime(ctx, askFull); err != nil {
		return printer.Status{}, err
	}
	mergeFull(&s, p.family, p.line.full)
	return s, nil
}

// question writes DLE EOT n.
func (p *Printer) question(ctx context.Context, n byte) error {
	p.expect(n)
	return p.line.write(ctx, []byte{dle, eot, n})
}

// answerTime is how long an answer may take. Printers whose answers are told apart
// by their order give none while paper is moving.
func (p *Printer) answerTime() time.Duration {
	if p.family.Ordered {
		return p.cfg.Timing.Margin
	}
	return p.cfg.Timing.RealTime
}

func (p *Printer) expect(n byte) {
	p.line.hasReal = false
	switch {
	case n == askFull:
		p.line.demux.Expect(RealTime, len(p.line.full))
	case p.family.Ordered:
		p.line.demux.Expect(RealTime, 1)
	}
}

// realTime puts one question. One is outstanding at a time: an answer does not
// say what was asked.
func (p *Printer) realTime(ctx context.Context, n byte) (byte, error) {
	p.line.forget()
	for asked := 1; asked <= tries; asked++ {
		if err := p.question(ctx, n); err != nil {
			return 0, err
		}
		err := p.line.await(ctx, p.answerTime(), func() bool { return p.line.hasReal })
		if err == nil {
			return p.line.real, p.takeLate(ctx, n, asked-1)
		}
		if !errors.Is(err, errLate) {
			return 0, err
		}
	}
	return 0, printer.ErrSilent
}

// takeLate waits for the answers to questions that were repeated too soon, lest
// they be taken for answers to the next one.
func (p *Printer) takeLate(ctx context.Context, n byte, answers int) error {
	for range answers {
		p.expect(n)
		err := p.line.await(ctx, 2*p.cfg.Timing.RealTime, func() bool { return p.line.hasReal })
		if err != nil && !errors.Is(err, errLate) {
			return err
		}
	}
	return nil
}

// clearBuffers is DLE DC4 8: it empties the printer's buffers even while it is
// offline.
var clearBuffers = []byte{dle, dc4, 8, 1, 3, 0x14, 1, 6, 2, 8}

// probe finds out what a ready, idle printer can prove. Queued commands are
// executed only while it is online, so nothing is concluded from silence
// unless it stayed ready to the end.
func (p *Printer) probe(ctx context.Context) error {
	c := printer.Capability{Level: 1, Columns: p.cfg.Columns, Dots: p.cfg.Columns * 12}
	charset, err := p.probeFont(ctx)
	if err != nil {
		return err
	}
	if c.Model, err = p.identify(ctx, 67); err != nil {
		return err
	}
	var echo, auto, ids Buffer
	echo.Echo()
	auto.AutoStatus()
	ids.ProcessID([4]byte{'P', 'R', 'O', 'B'})
	if p.family.Ordered {
		return p.probeOrdered(ctx, c, charset, echo)
	}
	hasEcho, err := p.query(ctx, echo, func() bool { return p.line.echoes > 0 })
	if err != nil {
		return err
	}
	hasAuto, err := p.query(ctx, auto, func() bool { return p.line.hasAuto })
	if err != nil {
		return err
	}
	// An ID waits for the paper, and a piece of an abandoned slip may still move.
	limit := p.cfg.Timing.Queued
	if p.void {
		limit += p.cfg.Timing.Margin
	}
	hasIDs, err := p.queryFor(ctx, limit, ids, func() bool { return p.line.id == [4]byte{'P', 'R', 'O', 'B'} })
	if err != nil {
		return err
	}
	switch {
	case hasIDs && p.family.Exit():
		c.Level = 5
	case hasIDs:
		c.Level = 4
	case hasEcho && hasAuto:
		c.Level = 3
	case hasEcho:
		c.Level = 2
	}
	if s, err := p.ask(ctx); err != nil || !s.Ready() {
		return err
	}
	p.adopt(c, charset)
	return nil
}

// probeOrdered finds out whether a printer whose replies cannot be told apart has
// an ordered echo; no more is asked of it.
func (p *Printer) probeOrdered(ctx context.Context, c printer.Capability, charset Charset, echo Buffer) error {
	p.line.demux.Expect(Ordered, 1)
	hasEcho, err := p.query(ctx, echo, func() bool { return p.line.echoes > 0 })
	if err != nil {
		return err
	}
	if hasEcho {
		c.Level = 2
	}
	if s, err := p.ask(ctx); err != nil || !s.Ready() {
		return err
	}
	p.adopt(c, charset)
	return nil
}

func (p *Printer) adopt(c printer.Capability, charset Charset) {
	c.GB18030 = charset == GB18030
	p.setCharset(charset)
	p.setCapability(c)
	p.probed = true
	p.log.Info("printer found", "port", p.cfg.Port, "model", c.Model, "family", p.family.Name, "level", int(c.Level), "charset", charset.String())
}

// query sends a queued command to an idle printer and reports whether it was
// answered.
func (p *Printer) query(ctx context.Context, command []byte, done func() bool) (bool, error) {
	return p.queryFor(ctx, p.cfg.Timing.Queued, command, done)
}

func (p *Printer) queryFor(ctx context.Context, limit time.Duration, command []byte, done func() bool) (bool, error) {
	p.line.forget()
	if err := p.line.write(ctx, command); err != nil {
		return false, err
	}
	err := p.line.await(ctx, limit, done)
	if errors.Is(err, errLate) {
		return false, nil
	}
	return err == nil, err
}

func (p *Printer) identify(ctx context.Context, n byte) (string, error) {
	var b Buffer
	b.Identify(n)
	_, err := p.query(ctx, b, func() bool { return p.line.hasText })
	return p.line.text, err
}

func (p *Printer) probeFont(ctx context.Context) (Charset, error) {
	font, err := p.identify(ctx, 69)
	if err != nil || p.cfg.Charset != CharsetUnknown {
		return p.cfg.Charset, err
	}
	switch {
	// Few fonts that name the standard hold more than its two-byte codes, so
	// what can be drawn is not left to them.
	case strings.Contains(font, "GB18030") && p.cfg.Glyphs != nil:
		return GBK, nil
	case strings.Contains(font, "GB18030"):
		return GB18030, nil
	case strings.Contains(font, "GB2312"):
		return GB2312, nil
	case font == "" || strings.Contains(font, "CHINA"):
		return CharsetUnknown, nil
	}
	return 0, fmt.Errorf("%w: %q", printer.ErrFont, font)
}
