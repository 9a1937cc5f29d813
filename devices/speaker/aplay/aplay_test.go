package aplay_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"leye/devices/speaker"
	"leye/devices/speaker/aplay"
	"leye/devices/speaker/speakertest"
)

// In a child process it names the folder to which the test's own program, in the place
// of aplay, writes what it is to play.
const sounds = "APLAY_TEST_SOUNDS"

func TestMain(m *testing.M) {
	dir := os.Getenv(sounds)
	if dir == "" {
		os.Exit(m.Run())
	}
	wave, err := io.ReadAll(os.Stdin)
	if _, broken := os.Stat(filepath.Join(dir, "broken")); err != nil || broken == nil {
		os.Stderr.WriteString("ALSA lib confmisc.c\naplay: main:831: audio open error: No such file or directory\n")
		os.Exit(1)
	}
	f, err := os.CreateTemp(dir, "sound-*"+strings.Join(os.Args[1:], "_"))
	if err == nil {
		_, err = f.Write(wave)
	}
	if err != nil {
		panic(err)
	}
}

// card is a sound card: a folder that holds what was played.
type card struct{ dir string }

// newCard makes one, and has the test's program stand for aplay.
func newCard(t *testing.T) card {
	t.Helper()
	dir := t.TempDir()
	t.Setenv(sounds, dir)
	return card{dir}
}

func (c card) open(config aplay.Config) *aplay.Player {
	config.Program = os.Args[0]
	return aplay.New(config)
}

// played are the files by what stands on the command line of each.
func (c card) played(t *testing.T) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(c.dir, "sound-*"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(path)] = data
	}
	return all
}

// heard counts those with a sound in them.
func (c card) heard(t *testing.T) int {
	n := 0
	for _, wave := range c.played(t) {
		if len(bytes.Trim(wave[44:], "\x00")) > 0 {
			n++
		}
	}
	return n
}

func (c card) breakIt(t *testing.T) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(c.dir, "broken"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestContract(t *testing.T) {
	speakertest.RunSpeaker(t, func(t *testing.T) speakertest.Rig {
		c := newCard(t)
		return speakertest.Rig{Speaker: c.open(aplay.Config{Volume: 60}), Heard: func() int { return c.heard(t) }, Break: func() { c.breakIt(t) }}
	})
}

func TestASentenceFollowsWhereItWasRecorded(t *testing.T) {
	folder := t.TempDir()
	sentence := speaker.Wave([]speaker.Tone{{Pitch: 200, For: 1e8}}, 30)
	if err := os.WriteFile(filepath.Join(folder, "card-left.zh.wav"), sentence, 0o600); err != nil {
		t.Fatal(err)
	}
	for language, want := range map[string]int{"zh": 2, "en": 1} {
		c := newCard(t)
		p := c.open(aplay.Config{Volume: 60, Recordings: folder, Device: "hw-1"})
		if err := p.Play(t.Context(), speaker.CardLeft(language)); err != nil {
			t.Fatal(err)
		}
		found := false
		for name, wave := range c.played(t) {
			found = found || bytes.Equal(wave, sentence)
			if !strings.HasSuffix(name, "-q_-t_wav_-D_hw-1") || binary.LittleEndian.Uint32(wave[40:]) == 0 {
				t.Errorf("%s: %d bytes", name, len(wave))
			}
		}
		if n := c.heard(t); n != want || found != (want == 2) {
			t.Errorf("%s: heard %d, sentence %v", language, n, found)
		}
	}
}

func TestWhyNothingIsHeardIsTold(t *testing.T) {
	c := newCard(t)
	c.breakIt(t)
	if err := c.open(aplay.Config{}).Ready(t.Context()); err == nil || !strings.HasSuffix(err.Error(), "audio open error: No such file or directory") {
		t.Errorf("broken: %v", err)
	}
	missing := aplay.New(aplay.Config{Program: filepath.Join(c.dir, "aplay")})
	if err := missing.Ready(t.Context()); err == nil {
		t.Error("a program that is not there played")
	}
}
