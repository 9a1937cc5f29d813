package main

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"leye/devices/idcard/idcardtest"
	"leye/devices/sim"
)

// TestATraceHoldsNobodyAndCanBePlayed traces a reading, looks for the person in
// it, and reads the card of the trace.
func TestATraceHoldsNobodyAndCanBePlayed(t *testing.T) {
	for _, name := range []string{"resident_plain", "foreign_2017", "foreign_2023_split_name_prev", "hmt_macao"} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "reader.trace")
			_, line := plugReader(t, name)
			call(t, "trace", "--port", line.Path(), "--out", file, "--for", "1500ms").want(t, exitOK, "card was read", "devsim replay "+file)
			traced, err := os.ReadFile(file)
			fatal(t, err)
			bytes := bytesOf(t, traced)
			expect := idcardtest.Load().Card(name).Expect
			for _, key := range []string{"name", "name_cn", "name_en", "id_number", "address", "pass_number", "birth_date"} {
				value, _ := expect[key].(string)
				for _, piece := range pieces(strings.ReplaceAll(value, "-", "")) {
					if strings.Contains(bytes, piece) {
						t.Errorf("%s is left in the trace", key)
					}
				}
			}
			replay, err := sim.NewReplay(strings.NewReader(string(traced)))
			fatal(t, err)
			call(t, "read-card", "--port", serve(t, replay.Run).Path(), "--show").want(t, exitOK, expect["card_type"].(string), "样张")
		})
	}
}

// bytesOf are all bytes that a trace shows.
func bytesOf(t *testing.T, traced []byte) string {
	t.Helper()
	var all bytes.Buffer
	for _, line := range strings.Split(string(traced), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		for _, word := range strings.Fields(line) {
			if b, err := hex.DecodeString(word); err == nil && len(b) == 1 {
				all.Write(b)
			}
		}
	}
	return all.String()
}

// pieces are what would give a text away: its parts of six characters, or all of a
// shorter one, as a card holds them. What the made-up card has too is no news.
func pieces(s string) []string {
	const made = "310101199001010004 810000199001010000 931999199001010007 UTO310090010101 SPECIMEN, SAMPLE 上海市样张区样张路1号 19900101"
	units := utf16.Encode([]rune(s))
	var all []string
	for at := 0; at < len(units); at++ {
		part := units[at:min(at+6, len(units))]
		text := string(utf16.Decode(part))
		if len(part) < min(6, len(units)) || strings.Contains(made, text) || strings.TrimSpace(text) == "" {
			continue
		}
		var b []byte
		for _, u := range part {
			b = binary.LittleEndian.AppendUint16(b, u)
		}
		all = append(all, string(b))
	}
	return all
}

func TestTraceNeedsAFileAndAPort(t *testing.T) {
	call(t, "trace", "--port", "/dev/null").want(t, exitUsage, "no --out file named")
	call(t, "trace", "--port", filepath.Join(t.TempDir(), "none"), "--out", filepath.Join(t.TempDir(), "x")).want(t, exitDevice, "plug the device in")
}

func TestASilentReaderIsTraced(t *testing.T) {
	file := filepath.Join(t.TempDir(), "reader.trace")
	reader, line := plugReader(t, "")
	reader.Silence(true)
	call(t, "trace", "--port", line.Path(), "--out", file, "--for", "700ms").want(t, exitOK)
	traced, err := os.ReadFile(file)
	fatal(t, err)
	if !strings.Contains(string(traced), "> AA AA AA 96 69 00 03 11 FF ED") || strings.Contains(string(traced), "< ") {
		t.Errorf("traced:\n%s", traced)
	}
}
