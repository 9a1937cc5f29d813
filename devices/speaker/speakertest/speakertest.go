// Package speakertest is a speaker in memory and the contract that every speaker keeps.
package speakertest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"leye/devices/speaker"
)

// Speaker is a speaker in memory. Its zero value takes no time over a sound; its
// methods may be called at the same time.
type Speaker struct {
	Lasts time.Duration // of each sound

	mu     sync.Mutex
	played []speaker.Sound
	fault  error
}

var _ speaker.Speaker = (*Speaker)(nil)

// Play implements speaker.Speaker.
func (s *Speaker) Play(ctx context.Context, sound speaker.Sound) error {
	if err := s.begin(ctx, sound); err != nil {
		return err
	}
	t := time.NewTimer(s.Lasts)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Speaker) begin(ctx context.Context, sound speaker.Sound) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := errors.Join(ctx.Err(), s.fault); err != nil {
		return err
	}
	s.played = append(s.played, sound)
	return nil
}

// Ready implements speaker.Speaker.
func (s *Speaker) Ready(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return errors.Join(ctx.Err(), s.fault)
}

// Fail makes each sound fail with err from now on; nil ends it.
func (s *Speaker) Fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = err
}

// Played is what has been heard, or at least begun.
func (s *Speaker) Played() []speaker.Sound {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.played)
}

func (s *Speaker) String() string { return "speaker in memory" }

// Rig is a speaker under test. Heard counts sounds that were heard; one without sound
// is none. Break makes it fail.
type Rig struct {
	Speaker speaker.Speaker
	Heard   func() int
	Break   func()
}

// RunSpeaker holds a speaker to its contract. Each case opens its own.
func RunSpeaker(t *testing.T, open func(t *testing.T) Rig) {
	t.Helper()
	chime := speaker.CardLeft("zh")
	t.Run("plays a sound each time", func(t *testing.T) {
		r := open(t)
		for n := range 2 {
			if err := r.Speaker.Play(t.Context(), chime); err != nil {
				t.Fatal(err)
			}
			if heard := r.Heard(); heard != n+1 {
				t.Errorf("heard %d of %d", heard, n+1)
			}
		}
		if r.Speaker.String() == "" {
			t.Error("it has no name")
		}
	})
	t.Run("finds out silently whether it can", func(t *testing.T) {
		r := open(t)
		if err := r.Speaker.Ready(t.Context()); err != nil || r.Heard() != 0 {
			t.Errorf("heard %d, %v", r.Heard(), err)
		}
		r.Break()
		if err := r.Speaker.Ready(t.Context()); err == nil {
			t.Error("a broken one is ready")
		}
		if err := r.Speaker.Play(t.Context(), chime); err == nil {
			t.Error("a broken one plays")
		}
	})
	t.Run("a sound ends with its context", func(t *testing.T) {
		r := open(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := r.Speaker.Play(ctx, chime); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}
