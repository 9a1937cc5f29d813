package ledger

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
)

func evacuated(id string) Evacuation {
	return Evacuation{ID: id, Terminal: "PT01", Count: 2, Statement: "said " + id, MadeAt: noon}
}

func TestOneOfManyAdopts(t *testing.T) {
	l := openNew(t)
	ids := []string{filing(1).ID, filing(2).ID}
	var mu sync.Mutex
	var won []string
	var wg sync.WaitGroup
	for n := range 20 {
		wg.Go(func() {
			to := fmt.Sprintf("PT%02d", n+2)
			_, err := l.Adopt(t.Context(), evacuated("E"), to, ids)
			var adopted *Adopted
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won = append(won, to)
			} else if !errors.As(err, &adopted) {
				t.Errorf("%s: %v", to, err)
			}
		})
	}
	wg.Wait()
	if len(won) != 1 {
		t.Fatalf("%v have adopted", won)
	}
	for _, f := range []Filing{filing(1), filing(2)} {
		f.Sender = "PT01"
		if _, _, err := l.File(t.Context(), f); !errors.Is(err, ErrFenced) {
			t.Errorf("the emptied one: %v", err)
		}
		f.Sender = won[0]
		if _, repeated, err := l.File(t.Context(), f); err != nil || repeated {
			t.Errorf("the adopter: %v, %v", repeated, err)
		}
	}
}

func TestAnAdoptionSurvivesReopening(t *testing.T) {
	path := filepath.Join(t.TempDir(), "central.db")
	l := open(t, path)
	ids := []string{filing(1).ID, filing(2).ID}
	if _, err := l.Adopt(t.Context(), evacuated("E"), "PT02", ids); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = open(t, path)
	defer l.Close()
	for sender, want := range map[string]error{"PT02": nil, "PT01": ErrFenced, "PT03": ErrFenced, "": ErrFenced} {
		home, err := l.Home(t.Context(), sender, ids[0])
		if !errors.Is(err, want) || err == nil && home != "PT01" {
			t.Errorf("%s: %q, %v", sender, home, err)
		}
	}
	if home, err := l.Home(t.Context(), "PT07", filing(9).ID); err != nil || home != "PT07" {
		t.Errorf("never evacuated: %q, %v", home, err)
	}
}

func TestCancelledAndAdoptedExcludeEachOther(t *testing.T) {
	l := openNew(t)
	for n := range 20 {
		e := evacuated(fmt.Sprint("E", n))
		var adopted, cancelled error
		var wg sync.WaitGroup
		wg.Go(func() { _, adopted = l.Adopt(t.Context(), e, "PT02", []string{filing(n).ID}) })
		wg.Go(func() { cancelled = l.CancelEvacuation(t.Context(), e) })
		wg.Wait()
		if (adopted == nil) == (cancelled == nil) {
			t.Errorf("adopted %v, cancelled %v", adopted, cancelled)
		}
		_, err := l.Home(t.Context(), "PT01", filing(n).ID)
		if errors.Is(err, ErrFenced) != (adopted == nil) {
			t.Errorf("adopted %v, yet its own terminal hears %v", adopted, err)
		}
	}
	if err := l.CancelEvacuation(t.Context(), Evacuation{ID: "E0", Statement: "another"}); !errors.Is(err, ErrConflict) {
		t.Errorf("another statement: %v", err)
	}
}

func TestReleaseNamesWhatItCannot(t *testing.T) {
	l := openNew(t)
	if _, err := l.ReleaseEvacuation(t.Context(), "E"); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown: %v", err)
	}
	if err := l.CancelEvacuation(t.Context(), evacuated("E")); err != nil {
		t.Fatal(err)
	}
	if _, err := l.ReleaseEvacuation(t.Context(), "E"); !errors.Is(err, ErrNotAdopted) {
		t.Errorf("taken back: %v", err)
	}
}

func TestTerminalKeysAreAllThatItEverHad(t *testing.T) {
	l := openNew(t)
	for n, key := range []string{"a", "b", "a"} {
		err := l.AddCertificate(t.Context(), Certificate{Serial: fmt.Sprint(n), Terminal: "PT01", Key: key, IssuedAt: noon.AddDate(0, 0, n)})
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.Revoke(t.Context(), "PT01"); err != nil {
		t.Fatal(err)
	}
	if keys, err := l.TerminalKeys(t.Context(), "PT01"); err != nil || !slices.Equal(keys, []string{"a", "b"}) {
		t.Errorf("%v, %v", keys, err)
	}
	if keys, err := l.TerminalKeys(t.Context(), "PT02"); err != nil || len(keys) != 0 {
		t.Errorf("%v, %v", keys, err)
	}
}
