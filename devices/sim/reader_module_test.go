package sim_test

import (
	"bytes"
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"leye/devices/idcard/idcardtest"
	"leye/devices/internal/frame"
	"leye/devices/sim"
)

// module is a reader at the end of a cable, on a simulated clock.
type module struct {
	*sim.Reader
	cable *sim.Cable
}

func onCable(t *testing.T, c sim.ReaderConfig) module {
	t.Helper()
	m := module{sim.NewReader(c), sim.NewCable()}
	ctx, cancel := context.WithCancel(context.Background())
	var run sync.WaitGroup
	run.Go(func() { _ = m.Run(ctx, m.cable.Device()) })
	t.Cleanup(func() {
		cancel()
		run.Wait()
	})
	return m
}

// send returns the answer's bytes and how long they took.
func (m module) send(t *testing.T, request []byte) ([]byte, time.Duration) {
	t.Helper()
	start := time.Now()
	if _, err := m.cable.Write(request); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var split frame.Splitter
	var b [64]byte
	for {
		n, err := m.cable.Read(ctx, b[:])
		if err != nil {
			t.Fatalf("% X: %v", request, err)
		}
		split.Feed(b[:n])
		if f, err := split.Next(); f != nil || err != nil {
			return f, time.Since(start)
		}
	}
}

func (m module) status(t *testing.T, command, parameter byte) byte {
	t.Helper()
	answer, _ := m.send(t, frame.Append(nil, []byte{command, parameter}))
	return frame.Body(answer)[2]
}

func TestReaderStates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := onCable(t, sim.ReaderConfig{})
		want := func(when string, command, parameter, status byte) {
			t.Helper()
			if got := m.status(t, command, parameter); got != status {
				t.Errorf("%s: %02X %02X answers %02X, want %02X", when, command, parameter, got, status)
			}
		}
		want("no card", 0x20, 0x01, 0x80)
		want("no card", 0x30, 0x03, 0x41)
		want("not found", 0x20, 0x02, 0x81)
		want("not selected", 0x30, 0x01, 0x41)
		want("unknown", 0x77, 0x00, 0x21)
		if err := m.Lay("resident_plain"); err != nil {
			t.Fatal(err)
		}
		want("laid", 0x20, 0x01, 0x9F)
		want("found", 0x20, 0x02, 0x90)
		want("selected", 0x30, 0x01, 0x90)
		want("still there", 0x30, 0x03, 0x91)
		want("served", 0x20, 0x01, 0x80)
		want("read twice", 0x30, 0x01, 0x41)
		m.Take()
		want("taken", 0x30, 0x03, 0x41)
		if err := m.Lay("resident_plain"); err != nil {
			t.Fatal(err)
		}
		want("laid again", 0x20, 0x01, 0x9F)
		damaged := frame.Append(nil, []byte{0x20, 0x01})
		damaged[len(damaged)-1] ^= 1
		if answer, _ := m.send(t, damaged); frame.Body(answer)[2] != 0x10 {
			t.Errorf("wrong checksum: % X", answer)
		}
		if err := m.Lay("nobody"); err == nil {
			t.Error("a card that does not exist was laid")
		}
	})
}

func TestReaderThatFindsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := onCable(t, sim.ReaderConfig{Again: true})
		if err := m.Lay("resident_plain"); err != nil {
			t.Fatal(err)
		}
		m.status(t, 0x20, 0x01)
		m.status(t, 0x20, 0x02)
		m.status(t, 0x30, 0x01)
		first, second := m.status(t, 0x20, 0x01), m.status(t, 0x20, 0x01)
		if first == second {
			t.Errorf("find answers %02X twice", first)
		}
	})
}

func TestCardLiftedWhileItIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := onCable(t, sim.ReaderConfig{})
		if err := m.Lay("resident_plain"); err != nil {
			t.Fatal(err)
		}
		m.status(t, 0x20, 0x01)
		m.status(t, 0x20, 0x02)
		lift := time.AfterFunc(300*time.Millisecond, m.Take)
		defer lift.Stop()
		if got := m.status(t, 0x30, 0x01); got != 0x41 {
			t.Errorf("answer %02X", got)
		}
	})
}

// TestReaderTakesItsTime holds the answer to the module's time and the line's:
// 1295 bytes are 112 ms at 115200 baud and 1349 ms at 9600.
func TestReaderTakesItsTime(t *testing.T) {
	for baud, line := range map[int]time.Duration{115200: 112 * time.Millisecond, 9600: 1349 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			m := onCable(t, sim.ReaderConfig{Baud: baud})
			card := idcardtest.Load().Card("resident_plain")
			if err := m.Lay(card.Name); err != nil {
				t.Fatal(err)
			}
			m.status(t, 0x20, 0x01)
			m.status(t, 0x20, 0x02)
			answer, took := m.send(t, frame.Append(nil, []byte{0x30, 0x01}))
			if !bytes.Equal(answer, card.Frame) {
				t.Error("the answer is not the card's frame")
			}
			floor := 600*time.Millisecond + line
			if took < floor || took > floor+floor/10 {
				t.Errorf("%d baud: %v, want about %v", baud, took, floor)
			}
		})
	}
}

func TestReadingWithFingerprints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := onCable(t, sim.ReaderConfig{})
		if err := m.Lay("resident_plain"); err != nil {
			t.Fatal(err)
		}
		m.status(t, 0x20, 0x01)
		m.status(t, 0x20, 0x02)
		answer, _ := m.send(t, frame.Append(nil, []byte{0x30, 0x10}))
		if len(answer) != 1297 || frame.Body(answer)[2] != 0x90 {
			t.Errorf("%d bytes, status %02X", len(answer), frame.Body(answer)[2])
		}
	})
}
