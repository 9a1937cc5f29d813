package proof

import (
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
)

func TestHeadsComeBack(t *testing.T) {
	public, private := newKey(t)
	key, err := HeadKey("PT01", public)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range []Head{{"PT01", 1042, strings.Repeat("ab", 32), 0}, {"PT01", 0, "", 0}, {"PT01", 3, strings.Repeat("cd", 32), 12}} {
		text, err := h.Sign(private)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := OpenHead(text, key); err != nil || got != h {
			t.Errorf("%v, %v", got, err)
		}
		line := OneLine(text)
		if got, err := OpenHead(line+"\r\n", key); err != nil || got != h || strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("%q: %v, %v", line, got, err)
		}
		other, _ := newKey(t)
		wrong, err := HeadKey("PT01", other)
		if err != nil {
			t.Fatal(err)
		}
		elsewhere, err := HeadKey("PT02", public)
		if err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string][2]string{
			"another key": {text, wrong}, "another name": {text, elsewhere}, "no key": {text, "PT01"}, "no note": {"", key},
			"changed": {strings.Replace(text, "\n"+strings.Split(text, "\n")[2]+"\n", "\n7\n", 1), key},
		} {
			if _, err := OpenHead(c[0], c[1]); err == nil {
				t.Errorf("%s: opened", name)
			}
		}
	}
	for _, h := range []Head{
		{"PT01", 7, "ab", 0}, {"PT01", -1, strings.Repeat("ab", 32), 0}, {"PT01", 0, strings.Repeat("ab", 32), 0}, {"PT01", 7, "", 0},
		{"PT02", 7, strings.Repeat("ab", 32), 0}, {"PT01", 7, strings.Repeat("ab", 32), -1},
	} {
		signer, err := newSigner("PT01", private)
		if err != nil {
			t.Fatal(err)
		}
		text, err := note.Sign(&note.Note{Text: h.text()}, signer)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := OpenHead(string(text), key); err == nil {
			t.Errorf("%v was taken as %v", h, got)
		}
	}
	if _, err := (Head{Terminal: "PT 01"}).Sign(private); err == nil {
		t.Error("a name that no note can carry was signed")
	}
}

func FuzzOpenHead(f *testing.F) {
	public, private := newKey(f)
	key, err := HeadKey("PT01", public)
	if err != nil {
		f.Fatal(err)
	}
	h := Head{"PT01", 1042, strings.Repeat("ab", 32), 2}
	right, err := h.Sign(private)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(right, key)
	f.Add(OneLine(right), key)
	f.Add(right[:40], key)
	f.Add("leye journal\nPT01\n0\n-\n\n— PT01 AAAA\n", key)
	f.Fuzz(func(t *testing.T, text, key string) {
		if got, err := OpenHead(text, key); err == nil && (got.Seq < 0 || got.Terminal == "") {
			t.Errorf("%q says %v", text, got)
		}
	})
}
