package escpos

import (
	"testing"

	"leye/devices/printer"
)

// TestEveryBitOfTheFullStatusIsTold sets the bits of Custom's DLE EOT 20 one by one.
func TestEveryBitOfTheFullStatusIsTold(t *testing.T) {
	custom, err := LoadFamily("custom")
	if err != nil {
		t.Fatal(err)
	}
	well := printer.Status{Online: true, Paper: printer.PaperOK, Exit: printer.ExitEmpty}
	for _, c := range []struct {
		name string
		at   int
		bit  byte
		want func(*printer.Status)
	}{
		{"no paper", 2, 0x01, func(s *printer.Status) { s.Paper = printer.PaperOut }},
		{"near end", 2, 0x04, func(s *printer.Status) { s.Paper = printer.PaperNearEnd }},
		{"ticket at the output", 2, 0x20, func(s *printer.Status) { s.Exit = printer.ExitSlip }},
		{"virtual end", 2, 0x40, func(s *printer.Status) { s.Paper = printer.PaperNearEnd }},
		{"notch", 2, 0x80, func(*printer.Status) {}},
		{"head up", 3, 0x01, func(s *printer.Status) { s.CoverOpen = true }},
		{"cover open", 3, 0x02, func(s *printer.Status) { s.CoverOpen = true }},
		{"spooling", 3, 0x04, func(*printer.Status) {}},
		{"motor on", 3, 0x08, func(*printer.Status) {}},
		{"head temperature", 4, 0x01, func(s *printer.Status) { s.HeadHot = true }},
		{"supply voltage", 4, 0x08, func(s *printer.Status) { s.ErrorDetail = "supply voltage" }},
		{"paper jam", 4, 0x40, func(s *printer.Status) { s.Jam = true }},
		{"cutter", 5, 0x01, func(s *printer.Status) { s.CutterError = true }},
		{"cutter cover", 5, 0x02, func(s *printer.Status) { s.CoverOpen = true }},
		{"RAM", 5, 0x04, func(s *printer.Status) { s.Unrecoverable = true }},
		{"EEPROM", 5, 0x08, func(s *printer.Status) { s.Unrecoverable = true }},
	} {
		answer, got, want := [6]byte{0x10, 0x0F}, well, well
		answer[c.at] |= c.bit
		mergeFull(&got, custom, answer)
		if c.want(&want); got != want {
			t.Errorf("%s: %+v, want %+v", c.name, got, want)
		}
	}
	got := printer.Status{}
	if mergeFull(&got, custom, [6]byte{0x10, 0x0E, 0xFF, 0xFF, 0xFF, 0xFF}); got != (printer.Status{}) {
		t.Errorf("what is no full status told %+v", got)
	}
}
