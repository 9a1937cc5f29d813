package proof

import (
	"crypto/ed25519"
	"errors"
	"strings"
	"testing"
)

func evacuation() Evacuation {
	return Evacuation{"ABCDEFGHIJKLMNOPQRSTUVWXYZ", "PT01", 40, strings.Repeat("ab", 32), strings.Repeat("cd", 32)}
}

func TestEvacuationsComeBack(t *testing.T) {
	public, private := newKey(t)
	other, _ := newKey(t)
	e := evacuation()
	text, err := e.Sign(private)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseEvacuation(text)
	if err != nil || got != e {
		t.Fatalf("%+v, %v", got, err)
	}
	if err := got.Check(text, []ed25519.PublicKey{other, public}); err != nil {
		t.Error(err)
	}
	if err := got.Check(text, []ed25519.PublicKey{other}); !errors.Is(err, ErrBadSignature) {
		t.Errorf("another's key: %v", err)
	}
	if err := got.Check(text, nil); !errors.Is(err, ErrBadSignature) {
		t.Errorf("nobody's key: %v", err)
	}
	for name, changed := range map[string]string{
		"count":    strings.Replace(text, "\n40\n", "\n41\n", 1),
		"terminal": strings.Replace(text, "\nPT01\n", "\nPT02\n", 1),
		"entries":  strings.Replace(text, "cdcd", "cdce", 1),
	} {
		said, err := ParseEvacuation(changed)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := said.Check(changed, []ed25519.PublicKey{public}); !errors.Is(err, ErrBadSignature) {
			t.Errorf("%s changed: %v", name, err)
		}
		if err := e.Check(changed, []ed25519.PublicKey{public}); !errors.Is(err, ErrBadSignature) {
			t.Errorf("%s changed, under the right words: %v", name, err)
		}
	}
}

func TestWhatIsNoEvacuation(t *testing.T) {
	_, private := newKey(t)
	for name, change := range map[string]func(*Evacuation){
		"no id":      func(e *Evacuation) { e.ID = "" },
		"nothing":    func(e *Evacuation) { e.Count = 0 },
		"no hash":    func(e *Evacuation) { e.Entries = "" },
		"short hash": func(e *Evacuation) { e.Manifest = "ab" },
	} {
		e := evacuation()
		change(&e)
		text, err := e.Sign(private)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ParseEvacuation(text); err == nil {
			t.Errorf("%s: read as %+v", name, got)
		}
	}
	head, err := Head{Terminal: "PT01", Seq: 7, Hash: strings.Repeat("ab", 32)}.Sign(private)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", evacuation().text(), head} {
		if got, err := ParseEvacuation(text); err == nil {
			t.Errorf("%q: read as %+v", text, got)
		}
	}
}

func FuzzParseEvacuation(f *testing.F) {
	_, private := newKey(f)
	text, err := evacuation().Sign(private)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add(strings.Replace(text, "\n40\n", "\n040\n", 1))
	f.Fuzz(func(t *testing.T, text string) {
		e, err := ParseEvacuation(text)
		if err == nil && !strings.HasPrefix(text, e.text()+"\n") {
			t.Errorf("%q was read as %+v", text, e)
		}
	})
}
