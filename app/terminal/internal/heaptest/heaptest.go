// Package heaptest looks for words in a test's own memory: what a visit left
// behind lies there for whoever makes the program dump its core.
//
// It sees the heap and the variables, not what C libraries and the graphics card
// hold.
package heaptest

import (
	"bytes"
	"encoding/binary"
	"os"
	"runtime"
	"runtime/debug"
	"testing"
	"unicode/utf16"
)

// Count says how often a word lies in memory that is in use: as bytes, as UTF-16
// and as runes. The word must be a constant: those lie outside of what is searched.
func Count(t testing.TB, word string) int {
	t.Helper()
	// What finalizers and pools let go of takes a second and a third round.
	for range 3 {
		runtime.GC()
	}
	f, err := os.CreateTemp(t.TempDir(), "heap")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	debug.WriteHeapDump(f.Fd())
	dump, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, form := range forms(word) {
		n += bytes.Count(dump, form)
	}
	return n
}

func forms(word string) [][]byte {
	var wide, runes []byte
	for _, unit := range utf16.Encode([]rune(word)) {
		wide = binary.LittleEndian.AppendUint16(wide, unit)
	}
	for _, r := range word {
		runes = binary.LittleEndian.AppendUint32(runes, uint32(r))
	}
	return [][]byte{[]byte(word), wide, runes}
}
