package aplay_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

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

// wave is a sound of some length that is told from the tones.
func wave(pitch float64) []byte {
	return speaker.Strike([]speaker.Tone{{Pitch: pitch, For: 1e8}}).Wave(100)
}

// record writes a district's own sentence.
func record(t *testing.T, name string, data []byte) (folder string) {
	t.Helper()
	folder = t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
		t.Fatal(err)
	}
	return folder
}

func TestASentenceFollowsTheTones(t *testing.T) {
	ours, theirs := wave(200), wave(150)
	given := fstest.MapFS{"card-left.zh.wav": {Data: ours}, "card-left.en.wav": {Data: ours}}
	folder := record(t, "card-left.zh.wav", theirs)
	for sentence, want := range map[string]struct {
		config aplay.Config
		heard  []byte // after the tones, nil: nothing
	}{
		"card-left.zh": {aplay.Config{Sentences: given, Recordings: folder}, theirs},
		"card-left.en": {aplay.Config{Sentences: given, Recordings: folder}, ours},
		"slip-left.zh": {aplay.Config{Sentences: given, Recordings: folder}, nil},
		"../card-left": {aplay.Config{Sentences: given}, nil},
		"":             {aplay.Config{}, nil},
	} {
		c := newCard(t)
		want.config.Volume, want.config.Device = 100, "hw-1"
		sound := speaker.CardLeft("zh")
		sound.Sentence = sentence
		if err := c.open(want.config).Play(t.Context(), sound); err != nil {
			t.Errorf("%s: %v", sentence, err)
		}
		found, all := false, c.played(t)
		for name, wave := range all {
			found = found || bytes.Equal(wave, want.heard)
			if !strings.HasSuffix(name, "-q_-t_wav_-D_hw-1") {
				t.Errorf("played by %s", name)
			}
		}
		if n := 1 + min(1, len(want.heard)); len(all) != n || found != (n == 2) {
			t.Errorf("%s: heard %d of %d, sentence %v", sentence, len(all), n, found)
		}
	}
}

func TestTheVolumeIsThatOfTonesAndSentence(t *testing.T) {
	loudest := func(volume int) (tones, sentence int) {
		c := newCard(t)
		p := c.open(aplay.Config{Volume: volume, Sentences: fstest.MapFS{"card-left.zh.wav": {Data: wave(200)}}})
		if err := p.Play(t.Context(), speaker.CardLeft("zh")); err != nil {
			t.Fatal(err)
		}
		for _, file := range c.played(t) {
			most := 0
			for i := 44; i < len(file); i += 2 {
				most = max(most, int(int16(binary.LittleEndian.Uint16(file[i:]))))
			}
			if len(file) == len(wave(200)) {
				sentence = most
			} else {
				tones = most
			}
		}
		return tones, sentence
	}
	tones, sentence := loudest(100)
	softer, too := loudest(50)
	if tones < 20000 || sentence < 20000 || softer != tones/2 || too != sentence/2 {
		t.Errorf("at 100 per cent %d and %d, at 50 %d and %d", tones, sentence, softer, too)
	}
}

// A recording that cannot be read costs nobody the sentence, and staff are told.
func TestABrokenRecordingIsToldAndReplaced(t *testing.T) {
	ours := wave(200)
	for name, folder := range map[string]string{
		"no wave": record(t, "card-left.zh.wav", []byte("ID3")), "folder": func() string {
			dir := t.TempDir()
			if err := os.Mkdir(filepath.Join(dir, "card-left.zh.wav"), 0o700); err != nil {
				t.Fatal(err)
			}
			return dir
		}(),
	} {
		c := newCard(t)
		p := c.open(aplay.Config{Volume: 100, Recordings: folder, Sentences: fstest.MapFS{"card-left.zh.wav": {Data: ours}}})
		if err := p.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "card-left.zh.wav") || c.heard(t) != 0 {
			t.Errorf("%s: ready: %v", name, err)
		}
		if err := p.Play(t.Context(), speaker.CardLeft("zh")); err == nil || !strings.Contains(err.Error(), "card-left.zh.wav") {
			t.Errorf("%s: %v", name, err)
		}
		if n := c.heard(t); n != 2 {
			t.Errorf("%s: heard %d", name, n)
		}
	}
	missing := newCard(t).open(aplay.Config{Recordings: filepath.Join(t.TempDir(), "none")})
	if err := missing.Ready(t.Context()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
	if err := missing.Play(t.Context(), speaker.CardLeft("zh")); err != nil {
		t.Errorf("without a folder: %v", err)
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
