// Package speaker is the value of a sound that calls somebody: a short sequence of
// tones, and the name of a sentence that follows it, whichever driver plays them.
//
// It makes no speech, a sentence is a recording that the driver is given, and it plays
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

// All sounds lie below 1,000 Hz, where they are heard by ears that have lost the higher
// pitches. A falling major third calls back, a rising one asks.
const (
	high, low   = 880, 698.5 // Hz
	long, short = 450 * time.Millisecond, 300 * time.Millisecond
)

// CardLeft calls back whoever left a card.
func CardLeft(language string) Sound {
	return Sound{Tones: []Tone{{high, short}, {low, long}, {high, short}, {low, long}}, Sentence: "card-left." + language}
}

// SlipLeft calls back whoever left a slip.
func SlipLeft(language string) Sound {
	return Sound{Tones: []Tone{{high, short}, {low, long}}, Sentence: "slip-left." + language}
}

// StillThere asks whether somebody is there, before their visit is ended.
func StillThere(language string) Sound {
	return Sound{Tones: []Tone{{low, short}, {high, long}}, Sentence: "still-there." + language}
}

// Speaker plays one sound at a time. Its methods may be called from several goroutines.
type Speaker interface {
	// Play returns when the sound is over, with ctx's error when that ends first. An
	// error may also tell of a recording for which another was played.
	Play(ctx context.Context, s Sound) error
	// Ready finds out, without a sound, whether one could be heard.
	Ready(ctx context.Context) error
	String() string
}
