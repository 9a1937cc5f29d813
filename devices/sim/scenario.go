package sim

import "slices"

// Desk is the simulated devices of one terminal.
type Desk struct {
	Reader  *Reader
	Printer *Printer
	Scanner *Scanner
}

// Scenario is one thing that goes wrong, under the name by which tests and people
// call it.
type Scenario struct {
	Name string
	Text string // what happens, one sentence without its full stop

	set   func(d Desk, on bool)
	state func(s *state)          // the printer's state then, where it is no more than that
	at    func(p *Printer, n int) // within a slip
}

// Scenarios returns all that can go wrong, the printer's first.
func Scenarios() []Scenario { return slices.Clone(scenarios[:]) }

// Find returns the scenario of a name.
func Find(name string) (Scenario, bool) {
	i := slices.IndexFunc(scenarios[:], func(s Scenario) bool { return s.Name == name })
	if i < 0 {
		return Scenario{}, false
	}
	return scenarios[i], true
}

// Begin lets it happen now.
func (s Scenario) Begin(d Desk) { s.set(d, true) }

// End mends it.
func (s Scenario) End(d Desk) { s.set(d, false) }

// WithinSlip reports whether At can time it.
func (s Scenario) WithinSlip() bool { return s.state != nil || s.at != nil }

// At lets it happen to a printer after n more bytes: carried out, or, for faults
// of the cable, arrived.
func (s Scenario) At(p *Printer, n int) {
	if s.at != nil {
		s.at(p, n)
		return
	}
	p.at(n, s.state)
}

// ofPrinter changes the printer's state to f's; mend undoes it.
func ofPrinter(f, mend func(*state)) func(Desk, bool) {
	return func(d Desk, on bool) {
		d.Printer.mu.Lock()
		defer d.Printer.mu.Unlock()
		if on {
			d.Printer.change(f)
			return
		}
		d.Printer.change(mend)
	}
}

var (
	paperOut  = func(s *state) { s.paper = PaperOut }
	paperNear = func(s *state) { s.paper = PaperNear }
	paperIn   = func(s *state) { s.paper = PaperOK }
	coverOpen = func(s *state) { s.cover, s.coverPrinting = true, true }
	cutter    = func(s *state) { s.cutter = true }
	jam       = func(s *state) { s.jam = true }
	hot       = func(s *state) { s.hot = true }
	dead      = func(s *state) { s.dead = true }
	held      = func(s *state) { s.held = true }
	stalled   = func(s *state) { s.stalled = true }
)

var scenarios = [...]Scenario{
	{Name: "paper-out", Text: "the roll ends", state: paperOut, set: ofPrinter(paperOut, paperIn)},
	{Name: "paper-near-end", Text: "the roll runs low; printing goes on", state: paperNear, set: ofPrinter(paperNear, paperIn)},
	{Name: "cover-open", Text: "somebody opens the cover", state: coverOpen, set: func(d Desk, on bool) { d.Printer.SetCover(on) }},
	{Name: "cutter-error", Text: "the knife is stuck", state: cutter, set: ofPrinter(cutter, func(s *state) { s.cutter = false })},
	{Name: "paper-jam", Text: "the paper is jammed", state: jam, set: ofPrinter(jam, func(s *state) { s.jam = false })},
	{Name: "head-hot", Text: "the print head is too hot and pauses", state: hot, set: ofPrinter(hot, func(s *state) { s.hot = false })},
	{Name: "printer-broken", Text: "an error that only the workshop mends", state: dead, set: ofPrinter(dead, func(s *state) { s.dead = false })},
	{Name: "printer-offline", Text: "the feed button is held, which takes the printer off line", state: held, set: ofPrinter(held, func(s *state) { s.held = false })},
	{Name: "buffer-full", Text: "the mechanism stands still without a word and the buffer fills up", state: stalled, set: ofPrinter(stalled, func(s *state) { s.stalled = false })},
	{Name: "printer-off", Text: "the printer loses its power", at: (*Printer).PowerOffAt, set: func(d Desk, on bool) { d.Printer.SetPower(!on) }},
	{Name: "printer-cut", Text: "the line to the printer is cut; no port notices", at: (*Printer).CableCutAt, set: func(d Desk, on bool) { d.Printer.Cut(on) }},
	{Name: "printer-silent", Text: "the printer prints but is not heard", set: func(d Desk, on bool) { d.Printer.Silence(on) }},
	{Name: "printer-noise", Text: "bytes that the printer sends are spoilt", set: func(d Desk, on bool) { d.Printer.Noise(seed(on)) }},
	{Name: "reader-silent", Text: "the reader is not heard any more", set: func(d Desk, on bool) { d.Reader.Silence(on) }},
	{Name: "reader-noise", Text: "bytes that the reader sends are spoilt", set: func(d Desk, on bool) { d.Reader.Noise(seed(on)) }},
	{Name: "scanner-silent", Text: "the scanner is not heard any more", set: func(d Desk, on bool) { d.Scanner.Silence(on) }},
	{Name: "scanner-noise", Text: "bytes that the scanner sends are spoilt", set: func(d Desk, on bool) { d.Scanner.Noise(seed(on)) }},
	{Name: "card-pulled", Text: "the card is taken in the middle of its next reading", set: func(d Desk, on bool) {
		if on {
			d.Reader.TakeWhileRead()
		}
	}},
}

func seed(on bool) uint64 {
	if on {
		return 1
	}
	return 0
}
