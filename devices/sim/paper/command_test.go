package paper

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// TestCommandsOfTheReference holds that each command is taken whole, under its
// name, with nothing of what follows.
func TestCommandsOfTheReference(t *testing.T) {
	data, err := os.ReadFile("../../printer/escpos/testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var v struct {
		Commands []struct{ ID, Hex, Name string }
		Receipt  struct{ Hex string } `json:"full_receipt"`
		Raster   []struct {
			Name   string
			Store  string `json:"store_header"`
			Print  string
			Data   int `json:"data_bytes"`
			Header string
		}
	}
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	unhex := func(s string) []byte {
		b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, c := range v.Commands {
		raw := unhex(c.Hex)
		got, n := Next(append(raw[:len(raw):len(raw)], 0x1B, '@'))
		if n != len(raw) || !strings.HasPrefix(c.Name, strings.TrimSuffix(got.Name, " 0")) {
			t.Errorf("%s: %q of %d bytes, want %q of %d", c.ID, got.Name, n, c.Name, len(raw))
		}
		for short := range len(raw) {
			if c, n := Next(raw[:short]); n != 0 && c.Name != "unknown" {
				t.Errorf("%q is taken from %d of %d bytes", c.Name, short, len(raw))
			}
		}
	}
	for _, r := range v.Raster {
		if r.Store == "" {
			continue
		}
		roll := NewRoll(Config{})
		for b := append(append(unhex(r.Store), make([]byte, r.Data)...), unhex(r.Print)...); len(b) > 0; {
			c, n := Next(b)
			if n == 0 {
				t.Fatalf("%s: %d bytes left", r.Name, len(b))
			}
			roll.Do(c)
			b = b[n:]
		}
		if roll.Text() != "[picture]\n" {
			t.Errorf("%s: %q", r.Name, roll.Text())
		}
	}
}
