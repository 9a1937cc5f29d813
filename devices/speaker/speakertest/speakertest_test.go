package speakertest_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"leye/devices/speaker"
	"leye/devices/speaker/speakertest"
)

func TestContractInMemory(t *testing.T) {
	speakertest.RunSpeaker(t, func(*testing.T) speakertest.Rig {
		s := &speakertest.Speaker{}
		return speakertest.Rig{Speaker: s, Heard: func() int { return len(s.Played()) }, Break: func() { s.Fail(errors.New("broken")) }}
	})
}

func TestASoundLastsAndCanBeEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, begun := &speakertest.Speaker{Lasts: time.Minute}, time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := s.Play(ctx, speaker.CardLeft("zh"))
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) != time.Second {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
	})
}
