// Package speaker is the value of a sound that calls somebody back: a short sequence of
// tones, and the name of a sentence that may follow it, whichever driver plays them.
//
// It makes no speech, a sentence is a recording that the district makes, and it plays
// nothing itself; see package aplay for the driver.
package speaker

import (
	"context"
	"time"
)

// Sound is what is played: the tones, then, where there is a recording of that name, the
// sentence.
type Sound struct {
	Tones    []Tone
	Sentence string // such as "card-left.zh"; empty: none
}

// Tone is a sound of one pitch, struck like a bell.
type Tone struct {
	Pitch float64       // Hz
	For   time.Duration // until the next
}

// CardLeft are two falling tones, a major third apart, twice. Below 1,000 Hz they are
// heard by ears that have lost the higher pitches.
func CardLeft(language string) Sound {
	const long, short = 450 * time.Millisecond, 300 * time.Millisecond
	return Sound{
		Tones:    []Tone{{880, short}, {698.5, long}, {880, short}, {698.5, long}},
		Sentence: "card-left." + language,
	}
}

// Speaker plays one sound at a time. Its methods may be called from several goroutines.
type Speaker interface {
	// Play returns when the sound is over, with ctx's error when that ends first.
	Play(ctx context.Context, s Sound) error
	// Ready finds out, without a sound, whether one could be heard.
	Ready(ctx context.Context) error
	String() string
}
