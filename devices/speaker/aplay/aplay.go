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
	"path"
	"strings"
	"sync"
	"time"

	"leye/devices/speaker"
)

// Config says where sounds go; its zero value is the usual sound card, silent.
type Config struct {
	Program    string // "aplay" when empty
	Device     string // of ALSA, see aplay -L; empty: its default
	Volume     int    // 0 to 100 per cent
	Sentences  fs.FS  // with NAME.wav for each sentence; nil: there are none
	Recordings string // folder whose NAME.wav is played instead; empty: none
}

// Player is one sound card. It implements speaker.Speaker.
type Player struct {
	cfg     Config
	folders []fs.FS    // of sentences; the first that has one is asked
	mu      sync.Mutex // one sound at a time
}

var _ speaker.Speaker = (*Player)(nil)

// New makes a player. What is missing shows when it is used.
func New(c Config) *Player {
	if c.Program == "" {
		c.Program = "aplay"
	}
	p := &Player{cfg: c}
	if c.Recordings != "" {
		p.folders = append(p.folders, os.DirFS(c.Recordings))
	}
	if c.Sentences != nil {
		p.folders = append(p.folders, c.Sentences)
	}
	return p
}

func (p *Player) String() string {
	if p.cfg.Device == "" {
		return "speaker"
	}
	return "speaker " + p.cfg.Device
}

// Play implements speaker.Speaker. A sentence that nobody recorded is left out. In the
// place of a recording that cannot be read the next one is played, and the error says so.
func (p *Player) Play(ctx context.Context, s speaker.Sound) error {
	if err := p.play(ctx, speaker.Strike(s.Tones)); err != nil || s.Sentence == "" {
		return err
	}
	var faults []error
	for _, folder := range p.folders {
		clip, err := read(folder, s.Sentence+".wav")
		switch {
		case err == nil:
			return errors.Join(append(faults, p.play(ctx, clip))...)
		case !errors.Is(err, fs.ErrNotExist):
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}

func read(folder fs.FS, name string) (speaker.Clip, error) {
	f, err := folder.Open(name)
	if err != nil {
		return speaker.Clip{}, fmt.Errorf("open recording: %w", err)
	}
	defer func() { _ = f.Close() }()
	c, err := speaker.ReadClip(f)
	if err != nil {
		return speaker.Clip{}, fmt.Errorf("%s: %w", name, err)
	}
	return c, nil
}

// Ready plays a moment of silence, since only that shows that the sound card takes a
// sound, and reads every recording.
func (p *Player) Ready(ctx context.Context) error {
	if err := p.play(ctx, speaker.Clip{Rate: speaker.Rate, Channels: 1, Samples: make([]byte, speaker.Rate/25)}); err != nil {
		return err
	}
	for _, folder := range p.folders {
		files, err := fs.ReadDir(folder, ".")
		if err != nil {
			return fmt.Errorf("read recordings: %w", err)
		}
		for _, f := range files {
			if path.Ext(f.Name()) != ".wav" {
				continue
			}
			if _, err := read(folder, f.Name()); err != nil {
				return err
			}
		}
	}
	return nil
}

// longest is what no sound lasts: a sound card that takes no more must not hold the
// next one up for ever.
const longest = 20 * time.Second

func (p *Player) play(ctx context.Context, c speaker.Clip) error {
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
	cmd.Stdin, cmd.Stderr, cmd.WaitDelay = bytes.NewReader(c.Wave(p.cfg.Volume)), &said, time.Second
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
