package sim_test

import (
	"context"
	"testing"
	"time"

	"leye/devices/idcard/samv"
	"leye/devices/sim"
)

// TestDriverReadsTheSimulatedCard runs the real driver over a pseudo terminal.
func TestDriverReadsTheSimulatedCard(t *testing.T) {
	line, err := sim.OpenPTY()
	if err != nil {
		t.Fatal(err)
	}
	r := sim.NewReader(sim.ReaderConfig{Find: time.Millisecond, Select: time.Millisecond, Read: time.Millisecond})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx, line) }()
	driver, err := samv.Open(samv.Config{Port: line.Path()})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Lay("resident_plain"); err != nil {
		t.Fatal(err)
	}
	card, err := driver.Read(ctx)
	if err != nil || card.Name != "李试样" {
		t.Errorf("read: %v, %v", card, err)
	}
	if here, err := driver.Present(ctx); err != nil || !here {
		t.Errorf("card that lies there: %v, %v", here, err)
	}
	r.Take()
	if here, err := driver.Present(ctx); err != nil || here {
		t.Errorf("card that was taken: %v, %v", here, err)
	}
	if err := driver.Close(); err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
