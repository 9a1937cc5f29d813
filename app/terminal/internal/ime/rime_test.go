//go:build rime

package ime

import (
	"errors"
	"os"
	"testing"
)

func openRime(t testing.TB, dir string) Engine {
	t.Helper()
	e, err := OpenRime(Options{TempDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func TestRime(t *testing.T) { contract(t, openRime) }

// TestRimeOpensAgain matters because librime's state is the process's: a second engine
// must be refused while one is open and must work after it is closed.
func TestRimeOpensAgain(t *testing.T) {
	first := openRime(t, t.TempDir())
	if _, err := OpenRime(Options{}); !errors.Is(err, errInUse) {
		t.Errorf("second engine: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again := openRime(t, t.TempDir())
	if s := feed(again, "shanghai"); len(s.Candidates) == 0 || s.Candidates[0] != "上海" {
		t.Errorf("opened again: %+v", s)
	}
}

func TestOpenFallsBack(t *testing.T) {
	file := t.TempDir() + "/file"
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	e, err := Open(Options{TempDir: file})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if _, ok := e.(*builtIn); !ok {
		t.Errorf("opened %T", e)
	}
}

func BenchmarkRime(b *testing.B) { benchmark(b, openRime) }

func BenchmarkOpenRime(b *testing.B) {
	dir := b.TempDir()
	for b.Loop() {
		openRime(b, dir).Close()
	}
}
