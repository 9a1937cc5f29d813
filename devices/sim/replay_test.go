package sim_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"leye/devices/sim"
)

const traced = `
> AA AA AA 96 69 00 03 20 01 22
< 40ms AA AA AA 96 69 00 04 00 00 80 84
> AA AA AA 96 69 00 03 11 FF ED
> AA AA AA 96 69 00 03 20 01 22
< 40ms AA AA AA 96 69 00 08 00 00 9F 00 00 00 00 97
`

func TestReplayAnswersInTheOrderOfTheTrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		replay, err := sim.NewReplay(strings.NewReader(traced))
		if err != nil {
			t.Fatal(err)
		}
		cable := sim.NewCable()
		ctx, cancel := context.WithCancel(t.Context())
		var run sync.WaitGroup
		run.Go(func() { _ = replay.Run(ctx, cable.Device()) })
		m := module{cable: cable}
		for _, want := range []byte{0x80, 0x9F, 0x80} { // and again from the beginning
			start := time.Now()
			if got := m.status(t, 0x20, 0x01); got != want {
				t.Errorf("answers %02X, want %02X", got, want)
			}
			if took := time.Since(start); took < 39*time.Millisecond || took > 44*time.Millisecond {
				t.Errorf("%02X after %v", want, took)
			}
		}
		cancel()
		run.Wait()
	})
}

func TestReplayRefusesWhatIsNoTrace(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "hello"} {
		if _, err := sim.NewReplay(strings.NewReader(text)); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}
