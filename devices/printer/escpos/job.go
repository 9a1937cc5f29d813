package escpos

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"leye/devices/printer"
)

// chunk bounds what is sent between two looks at the printer.
const chunk = 256

// job is one slip on its way.
type job struct {
	body, tail     Encoded
	bodyID, tailID [4]byte
	level          printer.Level
	slow           bool // real-time answers wait for the paper: do not ask again
}

// Print sends the body, waits for its proof, sends the tail and waits for its
// proof (protocol reference, section 4). On an error the proof is NotSent as
// long as no byte of the tail was sent and the printer can prove anything at
// all: then no valid slip exists. From the first byte of the tail on, an end of
// ctx does not stop it any more; the printer's own time limits do.
func (p *Printer) Print(ctx context.Context, doc printer.Document) (printer.Proof, error) {
	if err := p.lock(ctx); err != nil {
		return printer.NotSent, err
	}
	defer p.unlock()
	if err := p.gate(ctx, "start slip"); err != nil {
		return printer.NotSent, p.settle(err)
	}
	if p.void {
		if err := p.voidRest(ctx); err != nil {
			return printer.NotSent, p.settle(fmt.Errorf("void abandoned slip: %w", err))
		}
		if err := p.gate(ctx, "start slip"); err != nil { // a presenter holds the voided piece
			return printer.NotSent, p.settle(err)
		}
	}
	j, err := p.compose(doc)
	if err != nil {
		return printer.NotSent, err
	}
	proof, err := p.run(ctx, j)
	return proof, p.settle(err)
}

// gate refuses a printer that is not ready. A slip that an earlier resident left
// at the exit is drawn back first.
func (p *Printer) gate(ctx context.Context, op string) error {
	s, err := p.look(ctx)
	if err == nil && s.Exit == printer.ExitSlip && len(p.family.retract) > 0 {
		if s, err = p.drawBack(ctx); err == nil && !p.probed && s.Ready() {
			err = p.probe(ctx) // it was not asked while the slip was in the way
		}
	}
	return refuse(op, s, err, printer.ErrNotReady)
}

func refuse(op string, s printer.Status, err, as error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	if !s.Ready() {
		return &printer.StatusError{Op: op, Status: s, Err: as}
	}
	return nil
}

func (p *Printer) compose(doc printer.Document) (*job, error) {
	j := &job{level: p.Capability().Level}
	p.enc.Setup(&j.body)
	if j.level >= 3 {
		j.body.AutoStatus() // ESC @ has switched it off
		j.body.mark()
	}
	if err := p.enc.Encode(&j.body, doc.Body); err != nil {
		return nil, fmt.Errorf("body: %w", err)
	}
	if err := p.enc.Encode(&j.tail, doc.Tail); err != nil {
		return nil, fmt.Errorf("tail: %w", err)
	}
	if n := j.body.Missing + j.tail.Missing; n > 0 {
		p.log.Warn("characters missing in the printer's font", "count", n, "err", cmp.Or(j.body.Damage, j.tail.Damage))
	}
	p.slip++
	j.bodyID, j.tailID = processID('B', p.slip), processID('T', p.slip)
	j.body.request(j.level, j.bodyID)
	j.tail.request(j.level, j.tailID)
	return j, nil
}

// processID is a block's letter and a counter to the base 94.
func processID(letter byte, n uint32) [4]byte {
	digit := func(of uint32) byte { return '!' + byte(of%94) }
	return [4]byte{letter, digit(n / 94 / 94), digit(n / 94), digit(n)}
}

// request appends the question that only a printed block answers.
func (o *Encoded) request(level printer.Level, id [4]byte) {
	switch {
	case level >= 4:
		o.ProcessID(id)
	case level >= 2:
		o.Echo()
	}
	o.mark()
}

func (p *Printer) run(ctx context.Context, j *job) (printer.Proof, error) {
	if err := p.print(ctx, j, "print body", &j.body, j.bodyID); err != nil {
		return p.abandonBody(ctx, j, err)
	}
	if len(j.tail.Buffer) == 0 {
		return j.level.Best(), nil
	}
	if j.level >= 1 {
		s, err := p.ask(ctx)         // on the same line: what hangs in the printer must not be forgotten
		s.Exit = printer.ExitUnknown // the slip itself may pass the sensor
		if err := refuse("print tail", s, err, printer.ErrStopped); err != nil {
			return p.abandonBody(ctx, j, err)
		}
	}
	tail := context.WithoutCancel(ctx)
	if err := p.print(tail, j, "print tail", &j.tail, j.tailID); err != nil {
		return p.abandonTail(tail, j, err)
	}
	return j.level.Best(), nil
}

// print sends one block and waits for the proof that the level allows.
func (p *Printer) print(ctx context.Context, j *job, op string, block *Encoded, id [4]byte) error {
	p.line.forget()
	p.feed(block.Dots)
	if err := p.send(ctx, j, op, block); err != nil {
		return err
	}
	paper := p.paperTime(block)
	if p.family.Ordered && j.level >= 2 {
		if err := p.awaitEcho(ctx, op, paper+p.cfg.Timing.Margin); err != nil {
			return err
		}
		return p.linger(ctx, j, op, p.lastLines())
	}
	switch {
	case j.level >= 4:
		return p.watch(ctx, j, op, paper+p.cfg.Timing.Margin, func() bool { return p.line.id == id })
	case j.level >= 2:
		err := p.watch(ctx, j, op, paper+p.cfg.Timing.Margin, func() bool { return p.line.echoes > 0 })
		if err != nil {
			return err
		}
		return p.linger(ctx, j, op, p.lastLines())
	}
	return p.linger(ctx, j, op, paper)
}

// awaitEcho waits for the one answer of a printer whose answers cannot be told
// apart: nothing else may be asked meanwhile.
func (p *Printer) awaitEcho(ctx context.Context, op string, limit time.Duration) error {
	if p.line.echoes == 0 {
		p.line.demux.Expect(Ordered, 1)
	}
	err := p.line.await(ctx, limit, func() bool { return p.line.echoes > 0 })
	if errors.Is(err, errLate) {
		return fmt.Errorf("%s: %w: no confirmation within %v", op, printer.ErrStopped, limit)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	return nil
}

// send writes a block in chunks that end between commands, and looks at the
// printer after each but the last. The answer is waited for while the next chunk
// is on its way already: the line is never idle.
func (p *Printer) send(ctx context.Context, j *job, op string, block *Encoded) error {
	patience := p.paperTime(block)
	asked := time.Time{}
	for from, mark := 0, 0; from < len(block.Buffer); {
		to := block.Marks[mark]
		for ; mark < len(block.Marks) && (block.Marks[mark]-from <= chunk || to == from); mark++ {
			to = block.Marks[mark]
		}
		if err := p.sendPart(ctx, block, from, to); err != nil {
			return fmt.Errorf("%s: %w", op, err)
		}
		from = to
		if !asked.IsZero() {
			if err := p.judge(ctx, j, op, asked, patience); err != nil {
				return err
			}
			asked = time.Time{}
		}
		if from == len(block.Buffer) || j.level < 1 || j.slow {
			continue
		}
		if err := p.put(ctx); err != nil {
			return fmt.Errorf("%s: %w", op, err)
		}
		asked = time.Now()
	}
	return nil
}

// sendPart writes one part in pieces the size of a chunk: a picture may be
// longer than that.
func (p *Printer) sendPart(ctx context.Context, block *Encoded, from, to int) error {
	for from < to {
		n := min(to-from, chunk)
		if err := p.line.write(ctx, block.Buffer[from:from+n]); err != nil {
			p.line.owed += to - from - n
			return err
		}
		from += n
	}
	return nil
}

// paperTime is how long a block takes at most: its way over the wire, its way
// through the mechanism, the knife.
func (p *Printer) paperTime(block *Encoded) time.Duration {
	wire := time.Duration(len(block.Buffer)) * 10 * time.Second / time.Duration(p.cfg.Baud)
	return wire + p.motion(block.Dots) + 300*time.Millisecond
}

// dotsPerMM is the resolution of the mechanism, 203 dpi.
const dotsPerMM = 8

// motion is the time of a paper way.
func (p *Printer) motion(dots int) time.Duration {
	return time.Duration(dots) * time.Second / time.Duration(dotsPerMM*p.cfg.Speed)
}

// lastLines is what may still be in the mechanism when an ordered echo comes:
// two lines, the way to the knife, the cut.
func (p *Printer) lastLines() time.Duration {
	return p.motion(2*titleDots+p.family.Knife) + 300*time.Millisecond
}

// watch waits for done and looks at the printer from time to time.
func (p *Printer) watch(ctx context.Context, j *job, op string, limit time.Duration, done func() bool) error {
	until := time.Now().Add(limit)
	for {
		err := p.line.await(ctx, min(p.cfg.Timing.Poll, max(time.Until(until), 0)), func() bool { return done() || p.line.told() })
		if done() {
			return nil
		}
		if err != nil && !errors.Is(err, errLate) {
			return fmt.Errorf("%s: %w", op, err)
		}
		err = p.check(ctx, j, op, max(time.Until(until), p.cfg.Timing.RealTime))
		if done() {
			return nil // it came while the status was asked
		}
		if err != nil {
			return err
		}
		if !time.Now().Before(until) {
			return fmt.Errorf("%s: %w: no confirmation within %v", op, printer.ErrStopped, limit)
		}
	}
}

// linger waits for the mechanism, and ends with a clean status where there is
// one.
func (p *Printer) linger(ctx context.Context, j *job, op string, limit time.Duration) error {
	until := time.Now().Add(limit)
	for left := limit; left > 0; left = time.Until(until) {
		err := p.line.await(ctx, min(p.cfg.Timing.Poll, left), p.line.told)
		if err != nil && !errors.Is(err, errLate) {
			return fmt.Errorf("%s: %w", op, err)
		}
		if err := p.check(ctx, j, op, limit); err != nil {
			return err
		}
	}
	j.slow = false // the paper stands: the last answer cannot wait for it
	return p.check(ctx, j, op, limit)
}

// check looks whether a printing printer has stopped.
func (p *Printer) check(ctx context.Context, j *job, op string, patience time.Duration) error {
	if j.level < 1 || j.slow {
		return nil
	}
	if err := p.put(ctx); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	return p.judge(ctx, j, op, time.Now(), patience)
}

// put asks DLE EOT 1 once; judge takes the answer.
func (p *Printer) put(ctx context.Context) error {
	return p.question(ctx, askPrinter)
}

// judge waits for the answer to put and says whether the printer has stopped. A
// hot head is waited for: it goes on by itself. Patience is how long the answer
// may take; a printer that answers late queues its real-time commands and is not
// asked again during this slip.
func (p *Printer) judge(ctx context.Context, j *job, op string, asked time.Time, patience time.Duration) error {
	hot := time.Now().Add(p.cfg.Timing.HeadHot)
	for {
		b, err := p.hear(ctx, j, asked, patience)
		if err != nil {
			return fmt.Errorf("%s: %w", op, err)
		}
		if b&offline == 0 {
			return nil
		}
		s, err := p.reasons(ctx, b)
		if err != nil {
			return fmt.Errorf("%s: %w", op, err)
		}
		if !onlyHot(s) || time.Now().After(hot) {
			return &printer.StatusError{Op: op, Status: s, Err: printer.ErrStopped}
		}
		if err := p.line.await(ctx, p.cfg.Timing.Poll, func() bool { return false }); !errors.Is(err, errLate) {
			return fmt.Errorf("%s: %w", op, err)
		}
		if err := p.put(ctx); err != nil {
			return fmt.Errorf("%s: %w", op, err)
		}
		asked = time.Now()
	}
}

// hear waits for the answer to DLE EOT 1. What was sent behind the question does
// not hold it up, nor does what was sent before it: that is in patience.
func (p *Printer) hear(ctx context.Context, j *job, asked time.Time, patience time.Duration) (byte, error) {
	limit := max(patience+p.cfg.Timing.Margin, tries*p.cfg.Timing.RealTime)
	err := p.line.await(ctx, limit, func() bool { return p.line.hasReal })
	if errors.Is(err, errLate) {
		return 0, printer.ErrSilent
	}
	if err != nil {
		return 0, err
	}
	// The question waits for the chunk before it.
	onWire := time.Duration(chunk) * 10 * time.Second / time.Duration(p.cfg.Baud)
	if took := time.Since(asked) - onWire; took > tries*p.cfg.Timing.RealTime {
		j.slow = true
		p.log.Warn("printer answers real-time questions late", "port", p.cfg.Port, "after", took)
	}
	return p.line.real, nil
}

// reasons finds out why the printer went offline: from its last automatic
// block, which holds all, or by asking. Answers that are waited for elsewhere
// stay noted.
func (p *Printer) reasons(ctx context.Context, first byte) (printer.Status, error) {
	var s printer.Status
	if p.line.told() {
		mergeAuto(&s, p.line.auto[:])
		return s, nil
	}
	merge(&s, p.family, askPrinter, first)
	for n := byte(askOffline); n <= askPaper; n++ {
		if err := p.question(ctx, n); err != nil {
			return s, err
		}
		err := p.line.await(ctx, tries*p.cfg.Timing.RealTime, func() bool { return p.line.hasReal })
		if errors.Is(err, errLate) {
			return s, printer.ErrSilent
		}
		if err != nil {
			return s, err
		}
		merge(&s, p.family, n, p.line.real)
	}
	return s, nil
}

func onlyHot(s printer.Status) bool {
	hot := s.HeadHot
	s.HeadHot, s.Online = false, true
	return hot && s.Ready()
}

// abandonBody ends a slip whose tail was not sent. Without any proof (levels 0
// and 1) even that is not certain enough.
func (p *Printer) abandonBody(ctx context.Context, j *job, err error) (printer.Proof, error) {
	p.clear(ctx)
	if j.level < 2 {
		return printer.InDoubt, err
	}
	return printer.NotSent, err
}

// abandonTail ends a slip of which nobody knows whether it is whole: unless
// its ID came before the clearing was confirmed, in the order of the device.
func (p *Printer) abandonTail(ctx context.Context, j *job, err error) (printer.Proof, error) {
	p.clear(ctx)
	if j.level >= 4 && p.line.id == j.tailID {
		p.void = false
		return printer.Printed, nil
	}
	return printer.InDoubt, err
}

// clear throws away what the printer would print by itself once its fault is
// mended. The piece that is out already is voided and cut off before the next
// slip.
func (p *Printer) clear(ctx context.Context) {
	p.void = true
	p.line.emptied = false // until it is confirmed, the next look tries again
	if p.cfg.WriteOnly || p.line.broken {
		return
	}
	ctx = context.WithoutCancel(ctx)
	p.line.cleared = false
	err := p.line.write(ctx, clearBuffers)
	if err == nil {
		err = p.line.await(ctx, 2*p.cfg.Timing.Queued, func() bool { return p.line.cleared })
	}
	p.line.emptied = err == nil
	if errors.Is(err, errLate) {
		err = p.line.write(ctx, []byte{dle, enq, 2}) // what older models know
	}
	if err != nil {
		p.log.Warn("clear printer", "port", p.cfg.Port, "err", err)
	}
}

// voidText is printed under what is left of an abandoned slip.
const voidText = "——以上作废 VOID——"

func (p *Printer) voidRest(ctx context.Context) error {
	j := &job{level: p.Capability().Level}
	p.enc.Setup(&j.body)
	err := p.enc.Encode(&j.body, []printer.Block{
		printer.Line{Text: voidText, Align: printer.Center, Bold: true},
		printer.Cut{},
	})
	if err != nil {
		return err
	}
	p.slip++
	id := processID('V', p.slip)
	j.body.request(j.level, id)
	if err := p.print(ctx, j, "print void line", &j.body, id); err != nil {
		p.clear(ctx)
		return err
	}
	p.void = false
	return nil
}
