// Package aplay plays sounds through ALSA by the program aplay of Debian's alsa-utils.
// A program of its own ends with its sound: a library would hold the sound card and a
// thread for a chime that is heard a few times a day.
package aplay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"leye/devices/speaker"
)

// Config says where sounds go; its zero value is the usual sound card, silent.
type Config struct {
	Program    string // "aplay" when empty
	Device     string // of ALSA, see aplay -L; empty: its default
	Volume     int    // of the tones, 0 to 100 per cent; a recording's is its own
	Recordings string // folder with NAME.wav for each sentence; empty: none
}

// Player is one sound card. It implements speaker.Speaker.
type Player struct {
	cfg Config
	mu  sync.Mutex // one sound at a time
}

var _ speaker.Speaker = (*Player)(nil)

// New makes a player. What is missing shows when it is used.
func New(c Config) *Player {
	if c.Program == "" {
		c.Program = "aplay"
	}
	return &Player{cfg: c}
}

func (p *Player) String() string {
	if p.cfg.Device == "" {
		return "speaker"
	}
	return "speaker " + p.cfg.Device
}

// Play implements speaker.Speaker. A sentence without a recording is left out.
func (p *Player) Play(ctx context.Context, s speaker.Sound) error {
	if err := p.play(ctx, speaker.Wave(s.Tones, p.cfg.Volume)); err != nil {
		return err
	}
	if p.cfg.Recordings == "" || s.Sentence == "" {
		return nil
	}
	sentence, err := os.ReadFile(filepath.Join(p.cfg.Recordings, filepath.Base(s.Sentence)+".wav"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("play sentence: %w", err)
	}
	return p.play(ctx, sentence)
}

// Ready plays a moment of silence: only that shows that the sound card takes a sound.
func (p *Player) Ready(ctx context.Context) error {
	return p.play(ctx, speaker.Wave([]speaker.Tone{{Pitch: 440, For: 20 * time.Millisecond}}, 0))
}

// longest is what no sound lasts: a sound card that takes no more must not hold the
// next one up for ever.
const longest = 20 * time.Second

func (p *Player) play(ctx context.Context, wave []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	bounded, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	args := []string{"-q", "-t", "wav"}
	if p.cfg.Device != "" {
		args = append(args, "-D", p.cfg.Device)
	}
	cmd := exec.CommandContext(bounded, p.cfg.Program, args...)
	var said bytes.Buffer
	cmd.Stdin, cmd.Stderr, cmd.WaitDelay = bytes.NewReader(wave), &said, time.Second
	err := cmd.Run()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("play sound: %w%s", err, lastLine(said.String()))
	}
	return nil
}

// lastLine is what a program says at the end of its complaints, behind a colon.
func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	if last := lines[len(lines)-1]; last != "" {
		return ": " + last
	}
	return ""
}
