package appliance

import (
	"path/filepath"
	"testing"

	"leye/app/terminal/internal/store"
	"leye/devices/printer"
)

// TestTheCentralHearsHowMuchPaperIsLeft counts a roll from when it was first seen.
func TestTheCentralHearsHowMuchPaperIsLeft(t *testing.T) {
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), store.FileName), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s, err := newSlips(db, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := &pulse{slips: s, log: s.log}
	if left := p.paperLeft(t.Context()); left != nil {
		t.Errorf("of a roll that nobody has seen %d mm are left", *left)
	}
	if err := s.ledger.Observe(t.Context(), printer.PaperOK, s.roll); err != nil {
		t.Fatal(err)
	}
	if left := p.paperLeft(t.Context()); left == nil || *left != s.roll {
		t.Errorf("of a new roll %v are left", left)
	}
	if err := s.ledger.Observe(t.Context(), printer.PaperOut, s.roll); err != nil {
		t.Fatal(err)
	}
	if left := p.paperLeft(t.Context()); left == nil || *left != 0 {
		t.Errorf("of a roll at its end %v are left", left)
	}
}
