package assets_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/pelletier/go-toml/v2"

	"leye/assets"
	"leye/devices/speaker"
)

// sentence is one of voice/sentences.toml: the key of its words, and how they are read.
type sentence struct{ Words, ZH, EN string }

func (s sentence) read(language string) string {
	return map[string]string{"zh": s.ZH, "en": s.EN}[language]
}

// sentences reads what is declared.
func sentences(t *testing.T) map[string]sentence {
	t.Helper()
	data, err := os.ReadFile("voice/sentences.toml")
	if err != nil {
		t.Fatal(err)
	}
	var declared map[string]any
	all := map[string]sentence{}
	if err := toml.Unmarshal(data, &declared); err != nil {
		t.Fatal(err)
	}
	for name, v := range declared {
		if m := v.(map[string]any); name != "spelled" {
			all[name] = sentence{m["words"].(string), m["zh"].(string), m["en"].(string)}
		}
	}
	return all
}

// texts reads the screens' words of a language.
func texts(t *testing.T, language string) map[string]string {
	t.Helper()
	data, err := fs.ReadFile(assets.Text(), language+".json")
	var words map[string]string
	if err == nil {
		err = json.Unmarshal(data, &words)
	}
	if err != nil {
		t.Fatal(err)
	}
	return words
}

// TestRecordingsSayWhatTheScreensSay: whoever changes a word must run scripts/voice.
func TestRecordingsSayWhatTheScreensSay(t *testing.T) {
	data, err := os.ReadFile("voice/recordings.json")
	var made map[string]struct{ Words, Read, SHA256 string }
	if err == nil {
		err = json.Unmarshal(data, &made)
	}
	if err != nil {
		t.Fatal(err)
	}
	files, err := fs.Glob(assets.Voice(), "*.wav")
	if declared := sentences(t); err != nil || len(files) != 2*len(declared) || len(made) != len(files) {
		t.Errorf("%d files of %d, %d sentences in two languages, %v", len(files), len(made), len(declared), err)
	}
	for name, s := range sentences(t) {
		for _, language := range []string{"zh", "en"} {
			file := name + "." + language
			wave, err := fs.ReadFile(assets.Voice(), file+".wav")
			sum := sha256.Sum256(wave)
			if m := made[file]; err != nil || m.SHA256 != hex.EncodeToString(sum[:]) || m.Words == "" || m.Words != texts(t, language)[s.Words] || m.Read != s.read(language) {
				t.Errorf("%s: made of %q, read as %q; run scripts/voice (%v)", file, m.Words, m.Read, err)
			}
		}
	}
}

// TestEverySoundHasItsSentence: devices/speaker names what is recorded here.
func TestEverySoundHasItsSentence(t *testing.T) {
	for _, sound := range []func(string) speaker.Sound{speaker.CardLeft, speaker.SlipLeft, speaker.StillThere} {
		for _, language := range []string{"zh", "en"} {
			if _, err := fs.Stat(assets.Voice(), sound(language).Sentence+".wav"); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestRecordingsAreHeardWell: slow enough, equally loud, with room above the peaks, and
// neither cut off nor waited for.
func TestRecordingsAreHeardWell(t *testing.T) {
	files, err := fs.Glob(assets.Voice(), "*.wav")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	declared := sentences(t)
	for _, file := range files {
		f, err := assets.Voice().Open(file)
		if err != nil {
			t.Fatal(err)
		}
		clip, err := speaker.ReadClip(f)
		if err != nil || clip.Rate != speaker.Rate || clip.Channels != 1 {
			t.Fatalf("%s: %d samples a second, %d channels, %v", file, clip.Rate, clip.Channels, err)
		}
		s := measure(clip)
		if s.peak > 0.9 || s.loud < 0.14 || s.loud > 0.18 {
			t.Errorf("%s: peak %.2f, loudness %.3f of full scale", file, s.peak, s.loud)
		}
		if s.before > 60*time.Millisecond || s.after > 120*time.Millisecond || s.ends > 0.02 {
			t.Errorf("%s: silent for %v and %v, ends at %.3f", file, s.before, s.after, s.ends)
		}
		name, language, _ := strings.Cut(strings.TrimSuffix(file, path.Ext(file)), ".")
		if rate := syllables(declared[name].read(language)) / clip.Lasts().Seconds(); rate < 2.4 || rate > 4 {
			t.Errorf("%s: %.1f syllables a second", file, rate)
		}
	}
}

var (
	toned = regexp.MustCompile(`[1-5]`)
	vowel = regexp.MustCompile(`\b[aeiou]`)
)

// syllables counts those of a reading: pinyin with tones, or the synthesiser's sounds.
func syllables(read string) float64 {
	if n := len(toned.FindAllString(read, -1)); n > 0 {
		return float64(n)
	}
	return float64(len(vowel.FindAllString(read, -1)))
}

// heard is what a clip measures; levels are shares of full scale.
type heard struct {
	peak, loud, ends float64 // loud is that of all that is not silence
	before, after    time.Duration
}

func measure(c speaker.Clip) heard {
	const frame = speaker.Rate / 100
	var h heard
	var levels []float64
	for at := 0; at+2*frame <= len(c.Samples); at += 2 * frame {
		sum := 0.0
		for i := at; i < at+2*frame; i += 2 {
			s := float64(int16(binary.LittleEndian.Uint16(c.Samples[i:]))) / math.MaxInt16
			sum, h.peak, h.ends = sum+s*s, max(h.peak, math.Abs(s)), math.Abs(s)
		}
		levels = append(levels, math.Sqrt(sum/frame))
	}
	speaks := func(level float64) bool { return level > 0.03*slices.Max(levels) }
	first, last := slices.IndexFunc(levels, speaks), len(levels)
	for !speaks(levels[last-1]) {
		last--
	}
	sum, n := 0.0, 0.0
	for _, level := range levels {
		if speaks(level) {
			sum, n = sum+level*level, n+1
		}
	}
	h.loud = math.Sqrt(sum / n)
	h.before, h.after = time.Duration(first)*10*time.Millisecond, time.Duration(len(levels)-last)*10*time.Millisecond
	return h
}

// TestCharactersAreReadAsTheirWordsAre holds each reading against the dictionary of the
// pinyin keyboard: of a character with several readings, the word says which.
func TestCharactersAreReadAsTheirWordsAre(t *testing.T) {
	known := dictionary(t)
	for name, s := range sentences(t) {
		var characters, read []string
		for _, c := range texts(t, "zh")[s.Words] {
			if unicode.Is(unicode.Han, c) {
				characters = append(characters, string(c))
			}
		}
		for _, syllable := range toned.Split(s.ZH, -1) {
			if syllable = strings.TrimSpace(syllable); syllable != "" {
				read = append(read, syllable)
			}
		}
		if len(characters) != len(read) {
			t.Errorf("%s: %d characters, %d syllables", name, len(characters), len(read))
			continue
		}
		for _, word := range misread(known, characters, read) {
			t.Errorf("%s: %s", name, word)
		}
	}
	if got := misread(known, []string{"还", "在"}, []string{"huan", "zai"}); len(got) != 1 {
		t.Errorf("a wrong reading of a word: %q", got)
	}
}

// misread lists the words of a sentence, and the characters, that nobody reads so.
func misread(known map[string][]string, characters, read []string) (wrong []string) {
	for from := range characters {
		for to := from + 1; to <= len(characters); to++ {
			word, as := strings.Join(characters[from:to], ""), strings.Join(read[from:to], " ")
			if all := known[word]; (len(all) > 0 || to == from+1) && !slices.Contains(all, as) {
				wrong = append(wrong, fmt.Sprintf("%s is %s, not %s", word, strings.Join(all, " or "), as))
			}
		}
	}
	return wrong
}

// dictionary is word -> readings without tones.
func dictionary(t *testing.T) map[string][]string {
	t.Helper()
	data, err := fs.ReadFile(assets.IME(), "pinyin.dict.gz")
	if err != nil {
		t.Fatal(err)
	}
	text, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	known := map[string][]string{}
	lines := bufio.NewScanner(text)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		fields := strings.Split(lines.Text(), "\t")
		for i := 1; i < len(fields); i += 2 {
			known[fields[i]] = append(known[fields[i]], fields[0])
		}
	}
	if err := lines.Err(); err != nil || len(known) < 50000 {
		t.Fatalf("%d words, %v", len(known), err)
	}
	return known
}
