package escpos

import "leye/devices/printer"

// The requests of DLE EOT.
const (
	askPrinter = 1
	askOffline = 2
	askError   = 3
	askPaper   = 4
	askFull    = 20 // Custom
)

// offline is the bit of DLE EOT 1 and of the first automatic byte.
const offline = 0x08

// merge adds the answer to DLE EOT n to the facts in s (protocol reference,
// 2.1). The bit of the cash drawer says nothing here.
func merge(s *printer.Status, f *Family, n, b byte) {
	is := func(bit byte) bool { return b&bit != 0 }
	switch n {
	case askPrinter:
		s.Online = !is(offline)
		if is(0x20) {
			s.ErrorDetail = "waits for the feed button"
		}
	case askOffline:
		s.CoverOpen = is(0x04)
		if is(0x20) {
			s.Paper = printer.PaperOut
		}
		if is(0x08) {
			s.ErrorDetail = "feed button held"
		}
	case askError:
		s.Jam, s.CutterError, s.Unrecoverable, s.HeadHot = is(0x04), is(0x08), is(0x20), is(0x40)
	case askPaper:
		s.Paper = supply(s.Paper, is(f.end), is(f.near))
		if f.Exit() && !f.full {
			s.Exit = exit(is(f.exit))
		}
	}
}

func exit(slip bool) printer.Exit {
	if slip {
		return printer.ExitSlip
	}
	return printer.ExitEmpty
}

// mergeFull adds the answer to DLE EOT 20: 10 0F, then paper, user, recoverable
// and unrecoverable bits.
func mergeFull(s *printer.Status, f *Family, b [6]byte) {
	if b[0] != dle || b[1] != 0x0F {
		return
	}
	// The virtual end is a length that was counted behind the near end.
	s.Paper = supply(s.Paper, b[2]&0x01 != 0, b[2]&0x44 != 0)
	s.Exit = exit(b[2]&f.exit != 0)
	s.CoverOpen = s.CoverOpen || b[3]&0x03 != 0 || b[5]&0x02 != 0
	if b[4]&0x08 != 0 {
		s.ErrorDetail = "supply voltage"
	}
	s.HeadHot, s.Jam = s.HeadHot || b[4]&0x01 != 0, s.Jam || b[4]&0x40 != 0
	s.CutterError, s.Unrecoverable = s.CutterError || b[5]&0x01 != 0, s.Unrecoverable || b[5]&0x0C != 0
}

// mergeAuto adds one automatic block (2.3). Byte 4 means nothing.
func mergeAuto(s *printer.Status, b []byte) {
	s.Online = b[0]&offline == 0
	s.CoverOpen = b[0]&0x20 != 0
	s.Jam, s.CutterError = b[1]&0x04 != 0, b[1]&0x08 != 0
	s.Unrecoverable, s.HeadHot = b[1]&0x20 != 0, b[1]&0x40 != 0
	s.ErrorDetail = ""
	if b[1]&0x01 != 0 {
		s.ErrorDetail = "waits for the feed button"
	}
	s.Paper = supply(printer.PaperOK, b[2]&0x0C != 0, b[2]&0x03 != 0)
}

// supply keeps the end that the offline cause told: a sensor may not see it.
// Without a near-end sensor its bits are 0, which proves nothing.
func supply(known printer.Supply, end, near bool) printer.Supply {
	switch {
	case end || known == printer.PaperOut:
		return printer.PaperOut
	case near:
		return printer.PaperNearEnd
	}
	return printer.PaperOK
}
