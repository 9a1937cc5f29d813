package samv

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"
	"testing/synctest"
	"time"

	"leye/devices/internal/serialport"
	"leye/devices/sim"
)

// TestModulesAreFoundInTime looks for one module at each rate among many ports that
// are silent or missing.
func TestModulesAreFoundInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var readers []*Reader
		for i := range 40 {
			s := &socket{module: sim.NewReader(sim.ReaderConfig{Baud: rates[i%len(rates)]})}
			s.module.Silence(i >= len(rates))
			s.out = i%7 == 6
			readers = append(readers, newReader(s, 0, nil))
		}
		start := time.Now()
		found, err := discover(t.Context(), readers)
		if took := time.Since(start); took > 8*time.Second {
			t.Errorf("took %v", took)
		} else {
			t.Logf("40 ports, 5 rates: %v", took)
		}
		if len(found) != len(rates) || !errors.Is(err, errSilent) || !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%v, %v", found, err)
		}
		for i, f := range found {
			if f.Baud != rates[i] || f.Module != "05.01-20260101-0000012345-0123456789" {
				t.Errorf("%+v", f)
			}
		}
	})
}

// TestAHeldPortIsNotAsked holds a port as another program would.
func TestAHeldPortIsNotAsked(t *testing.T) {
	line, err := sim.OpenPTY()
	if err != nil {
		t.Skip(err)
	}
	serve(t, sim.NewReader(sim.ReaderConfig{}), line)
	held, err := serialport.Open(serialport.Config{Path: line.Path()})
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	if found, err := Discover(t.Context(), []string{line.Path()}, ""); len(found) > 0 || !errors.Is(err, serialport.ErrBusy) {
		t.Errorf("%v, %v", found, err)
	}
}

// BenchmarkDiscover finds a module at each rate among silent ports, all of them
// real terminals; 8 s are allowed for.
func BenchmarkDiscover(b *testing.B) {
	for _, silent := range []int{0, 20} {
		b.Run(fmt.Sprint(len(rates)+silent, " ports"), func(b *testing.B) {
			var ports []string
			for i := range len(rates) + silent {
				line, err := sim.OpenPTY()
				if err != nil {
					b.Skip(err)
				}
				module := sim.NewReader(sim.ReaderConfig{Baud: rates[i%len(rates)]})
				module.Silence(i >= len(rates))
				serve(b, module, line)
				ports = append(ports, line.Path())
			}
			for b.Loop() {
				if found, err := Discover(b.Context(), ports, ""); len(found) != len(rates) {
					b.Fatalf("%v, %v", found, err)
				}
			}
		})
	}
}
