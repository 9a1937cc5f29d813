package seal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"leye/app/envelope"
)

const someID = "01KQ3ZC8V5W0T6R2N9M4H7XJDA"

var plain = []byte(`{"answers":{"name":"张示例"}}`)

func sealer(t testing.TB) *Sealer {
	t.Helper()
	k, err := OpenKey(t.TempDir(), Options{Keep: File})
	if err != nil {
		t.Fatal(err)
	}
	return New(k)
}

func central(t testing.TB) *envelope.PrivateKey {
	t.Helper()
	k, err := envelope.NewPrivateKey()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func seal(t testing.TB, s *Sealer) Record {
	t.Helper()
	r, err := s.Seal(someID, 7, plain)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestBothReadUntilTheWrapIsGone(t *testing.T) {
	s, c := sealer(t), central(t)
	s.SealTo(c.Public())
	r := seal(t, s)
	if got, err := s.Open(r); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("the terminal reads %q, %v", got, err)
	}
	if got, err := c.Open(r.Envelope()); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("the central reads %q, %v", got, err)
	}
	if _, err := sealer(t).Open(r); !errors.Is(err, envelope.ErrUnreadable) {
		t.Errorf("another terminal: %v", err)
	}
	r.WrapTerminal = nil
	if _, err := s.Open(r); !errors.Is(err, envelope.ErrUnreadable) {
		t.Errorf("the terminal without its wrap: %v", err)
	}
	if got, err := c.Open(r.Envelope()); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("the central without the terminal's wrap reads %q, %v", got, err)
	}
	if bytes.Contains(r.Body, []byte("answers")) {
		t.Error("the body is not sealed")
	}
}

// What was prepared for one central is never used for another.
func TestPreparedWrapsFollowTheKey(t *testing.T) {
	s, first, second := sealer(t), central(t), central(t)
	if err := s.Prepare(); err != nil {
		t.Fatal(err)
	}
	s.SealTo(first.Public())
	for range 2 {
		if err := s.Prepare(); err != nil {
			t.Fatal(err)
		}
	}
	s.SealTo(second.Public())
	for range 2 {
		if got, err := second.Open(seal(t, s).Envelope()); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("the central reads %q, %v", got, err)
		}
	}
	if err := s.Prepare(); err != nil {
		t.Fatal(err)
	}
	if one, two := seal(t, s), seal(t, s); bytes.Equal(one.WrapCentral[:32], two.WrapCentral[:32]) {
		t.Error("one preparation served two records")
	}
}

func TestTheCentralsWrapMayComeLater(t *testing.T) {
	s, c := sealer(t), central(t)
	r := seal(t, s)
	if r.WrapCentral != nil || r.Central != "" {
		t.Fatalf("sealed to nobody known: %+v", r)
	}
	s.SealTo(c.Public())
	later, err := s.Rewrap(r)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := c.Open(later.Envelope()); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("the central reads %q, %v", got, err)
	}
	if !bytes.Equal(later.Body, r.Body) {
		t.Error("the sealed body has changed, and with it its digest")
	}
}

// Each field that is bound, changed, keeps the terminal out too.
func TestNothingCanBeExchanged(t *testing.T) {
	s := sealer(t)
	r, other := seal(t, s), seal(t, s)
	for name, harm := range map[string]func(*Record){
		"id":             func(r *Record) { r.ID = strings.Repeat("B", 26) },
		"seq":            func(r *Record) { r.Seq++ },
		"schema":         func(r *Record) { r.Schema = "application-2" },
		"another's body": func(r *Record) { r.Body = other.Body },
		"another's wrap": func(r *Record) { r.WrapTerminal = other.WrapTerminal },
		"altered body":   func(r *Record) { r.Body = append(bytes.Clone(r.Body), 0) },
	} {
		changed := r
		harm(&changed)
		if _, err := s.Open(changed); !errors.Is(err, envelope.ErrUnreadable) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := s.Rewrap(changed); !errors.Is(err, envelope.ErrUnreadable) {
			t.Errorf("%s: wrapped anew, %v", name, err)
		}
	}
	r.Suite = "leye-sm-1"
	if _, err := s.Open(r); !errors.Is(err, envelope.ErrSuite) {
		t.Errorf("suite: %v", err)
	}
}

func TestMarks(t *testing.T) {
	s := sealer(t)
	if !bytes.Equal(s.Mark([]byte("ab"), []byte("c")), s.Mark([]byte("ab"), []byte("c"))) {
		t.Error("equal parts, unequal marks")
	}
	if bytes.Equal(s.Mark([]byte("ab"), []byte("c")), s.Mark([]byte("a"), []byte("bc"))) {
		t.Error("parts run together")
	}
	if bytes.Equal(s.Mark([]byte("ab")), sealer(t).Mark([]byte("ab"))) {
		t.Error("two terminals make the same mark")
	}
}

func TestTheKeyStaysAndIsPrivate(t *testing.T) {
	dir := t.TempDir()
	if held, err := Look(dir); held.Kind != None || err != nil {
		t.Errorf("before: %v, %v", held, err)
	}
	first, err := OpenKey(dir, Options{Keep: File})
	if err != nil {
		t.Fatal(err)
	}
	r := seal(t, New(first))
	again, err := OpenKey(dir, Options{Keep: File})
	if err != nil || again.Replaced != nil {
		t.Fatalf("%v, replaced %v", err, again.Replaced)
	}
	if got, err := New(again).Open(r); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("after a restart: %q, %v", got, err)
	}
	path := filepath.Join(dir, FileName)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if held, err := Look(dir); held.Kind != File || err != nil {
		t.Errorf("after: %v, %v", held, err)
	}
	for _, said := range []string{fmt.Sprint(first), fmt.Sprintf("%+v", first), fmt.Sprintf("%#v", first)} {
		if said != "terminal's key, kept by file" {
			t.Errorf("a key prints as %q", said)
		}
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenKey(dir, Options{Keep: File}); err == nil || !strings.Contains(err.Error(), "0600") {
		t.Errorf("a key that others may read: %v", err)
	}
}

func TestAKeyThatCannotBeReadIsSetAside(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, FileName)
	for _, rubbish := range []string{"", "rubbish", `{"kind":"file"}`, `{"kind":"moon","secret":"AAAA"}`} {
		if err := os.WriteFile(path, []byte(rubbish), 0o600); err != nil {
			t.Fatal(err)
		}
		k, err := OpenKey(dir, Options{Keep: File})
		if err != nil || k.Replaced == nil {
			t.Fatalf("%q: %v", rubbish, err)
		}
		aside, err := filepath.Glob(path + ".unreadable-*")
		if err != nil || len(aside) != 1 {
			t.Fatalf("set aside: %v, %v", aside, err)
		}
		if kept, err := os.ReadFile(aside[0]); err != nil || string(kept) != rubbish {
			t.Errorf("set aside %q, %v; want %q", kept, err, rubbish)
		}
		if err := os.Remove(aside[0]); err != nil {
			t.Fatal(err)
		}
		if again, err := OpenKey(dir, Options{Keep: File}); err != nil || again.Replaced != nil {
			t.Errorf("the new key: %v", err)
		}
	}
}

// BenchmarkSeal seals 4 KiB with the wrap prepared and without.
func BenchmarkSeal(b *testing.B) {
	s := sealer(b)
	s.SealTo(central(b).Public())
	text := bytes.Repeat([]byte{'x'}, 4<<10)
	for _, prepared := range []bool{true, false} {
		b.Run(fmt.Sprintf("prepared=%v", prepared), func(b *testing.B) {
			for b.Loop() {
				if prepared {
					b.StopTimer()
					if err := s.Prepare(); err != nil {
						b.Fatal(err)
					}
					b.StartTimer()
				}
				if _, err := s.Seal(someID, 7, text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// A new key opens nothing of the old one's, is the same after a restart, and the
// old one's bytes are overwritten where they lay.
func TestAKeyIsRenewed(t *testing.T) {
	dir := t.TempDir()
	day := time.Date(2026, 11, 25, 3, 0, 0, 0, time.UTC)
	opt := Options{Keep: File, Now: func() time.Time { return day }}
	first, err := OpenKey(dir, opt)
	if err != nil {
		t.Fatal(err)
	}
	s, name := New(first), first.Name
	r := seal(t, s)
	old, err := os.Open(filepath.Join(dir, FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	day = day.AddDate(0, 0, 1)
	k, err := RenewKey(dir, opt)
	if err != nil || k.Name == name || !k.Made.Equal(day) || k.Locked() != nil {
		t.Fatalf("renewed to %v, %v", k, err)
	}
	if err := s.Renew(k); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(r); !errors.Is(err, envelope.ErrUnreadable) {
		t.Errorf("the old key is still about: %v", err)
	}
	if got, err := s.Open(seal(t, s)); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("%q, %v", got, err)
	}
	if left, err := io.ReadAll(old); err != nil || len(left) == 0 || len(bytes.Trim(left, "\x00")) != 0 {
		t.Errorf("left of the old key: %q, %v", left, err)
	}
	again, err := OpenKey(dir, opt)
	if err != nil || again.Name != k.Name || !again.Made.Equal(day) {
		t.Errorf("after a restart: %v, %v", again, err)
	}
	if held, err := Look(dir); err != nil || !held.Made.Equal(day) {
		t.Errorf("looks like %v, %v", held, err)
	}
}

// Keys that a program before this one wrote have the age of their file.
func TestAnOldKeyHasItsFilesAge(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, FileName)
	if err := os.WriteFile(path, []byte(`{"kind":"file","secret":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}`), 0o600); err != nil {
		t.Fatal(err)
	}
	made := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	if err := os.Chtimes(path, made, made); err != nil {
		t.Fatal(err)
	}
	if k, err := OpenKey(dir, Options{Keep: File}); err != nil || !k.Made.Equal(made) {
		t.Errorf("made %v, %v", k, err)
	}
}

// Sealing and renewing at the same time never meet a key that is gone.
func TestRenewingWhileSealing(t *testing.T) {
	dir := t.TempDir()
	k, err := OpenKey(dir, Options{Keep: File})
	if err != nil {
		t.Fatal(err)
	}
	s := New(k)
	var work sync.WaitGroup
	for range 4 {
		work.Go(func() {
			for range 100 {
				_, err := s.Seal(someID, 7, plain)
				if err != nil {
					t.Error(err)
				}
				s.Mark(plain)
			}
		})
	}
	for range 20 {
		k, err := RenewKey(dir, Options{Keep: File})
		if err == nil {
			err = s.Renew(k)
		}
		if err != nil {
			t.Error(err)
		}
	}
	work.Wait()
}
