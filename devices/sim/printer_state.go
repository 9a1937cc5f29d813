package sim

import "leye/devices/sim/paper"

// PrinterState is what a panel shows of the printer.
type PrinterState struct {
	Power  string `json:"power"` // on, off
	Paper  string `json:"paper"` // ok, near, out
	Cover  string `json:"cover"` // open, closed
	Head   string `json:"head"`  // ok, hot
	Cutter string `json:"cutter"`
	Fault  string `json:"fault"` // what else is wrong, "" for nothing
	Level  int    `json:"level"`
	Exit   string `json:"exit"`   // slip, empty; "" without a presenter
	Drawn  int    `json:"drawn"`  // slips drawn back
	Slips  int    `json:"slips"`  // pieces cut off since the paper was taken
	Bytes  int    `json:"bytes"`  // carried out since then
	Queued int    `json:"queued"` // received, not carried out
}

func fault(s *state) string {
	switch {
	case s.dead:
		return "broken"
	case s.jam:
		return "jam"
	case s.held:
		return "off line"
	case s.stalled:
		return "stalled"
	}
	return ""
}

// State tells how the printer is.
func (p *Printer) State() PrinterState {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tire()
	word := func(on bool, yes, no string) string {
		if on {
			return yes
		}
		return no
	}
	exit := ""
	if p.cfg.Family != "" {
		exit = word(p.state.exit, "slip", "empty")
	}
	return PrinterState{
		Exit:   exit,
		Drawn:  p.drawn,
		Power:  word(p.state.power, "on", "off"),
		Paper:  [...]string{"ok", "near", "out"}[p.state.paper],
		Cover:  word(p.state.cover, "open", "closed"),
		Head:   word(p.state.hot, "hot", "ok"),
		Cutter: word(p.state.cutter, "error", "ok"),
		Fault:  fault(&p.state),
		Level:  max(p.cfg.Level, 0),
		Slips:  p.roll.Pieces(),
		Bytes:  len(p.raw),
		Queued: len(p.buf),
	}
}

// Raw returns the bytes carried out since the paper was last taken, status
// questions left out.
func (p *Printer) Raw() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]byte(nil), p.raw...)
}

// Moved is how far the paper went since the printer was made, in mm.
func (p *Printer) Moved() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.moved / 8
}

// Text returns the paper that has come out as text.
func (p *Printer) Text() string { return p.paper().Text() }

// PNG returns the paper that has come out as a picture.
func (p *Printer) PNG() ([]byte, error) { return p.paper().PNG() }

// paper is what has come out. A picture of a whole roll takes seconds; the printer
// goes on meanwhile, and ends.
func (p *Printer) paper() *paper.Roll {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.roll.Copy()
}

// TakePaper takes all paper away.
func (p *Printer) TakePaper() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.roll.Tear()
	p.raw, p.state.exit = nil, false
}
