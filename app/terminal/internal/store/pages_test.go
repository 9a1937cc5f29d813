package store_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"leye/app/terminal/internal/store"
	"leye/app/terminal/internal/store/pages"
)

// rows are how many each part of a written file holds.
const rows = 60

// value is the n-th: some fit into a page, some do not.
func value(n int) []byte { return bytes.Repeat([]byte{byte(n)}, 1+n*n*7) }

// killed is a file as it lies after a sudden end: the first rows in it, the others in
// the log, and a last transaction of one row.
func killed(t testing.TB) string {
	t.Helper()
	live := filepath.Join(t.TempDir(), store.FileName)
	db, err := store.Open(context.Background(), live, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	for n := range rows {
		err := db.Tx(context.Background(), func(tx *sql.Tx) error {
			_, err := tx.Exec("INSERT INTO pack (name, version, etag, fetched_at, content) VALUES (?, 'v', '', ?, ?)", fmt.Sprint(n), -n, value(n))
			if err == nil {
				_, err = tx.Exec("INSERT INTO secret (name, value) VALUES (?, ?)", fmt.Sprint(n), []byte{byte(n)})
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if n == rows/2 {
			if err := db.Checkpoint(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
	}
	path := filepath.Join(t.TempDir(), store.FileName)
	for _, suffix := range []string{"", "-wal", "-shm"} {
		content, err := os.ReadFile(live + suffix)
		if err != nil {
			t.Fatal(err)
		}
		write(t, path+suffix, content)
	}
	return path
}

func write(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// found counts the rows that are as they were written, and others of their shape.
func found(t testing.TB, path string, doubt bool) (packs, secrets map[string]bool) {
	t.Helper()
	f, err := pages.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if doubt {
		f.Doubt()
	}
	packs, secrets = map[string]bool{}, map[string]bool{}
	for c := range f.Cells() {
		v, err := c.Values()
		if err != nil {
			continue
		}
		switch name, _ := v[0].(string); {
		case !c.Index && len(v) == 5 && v[1] == "v":
			var n int
			if _, err := fmt.Sscan(name, &n); err == nil && bytes.Equal(v[4].([]byte), value(n)) && v[3] == int64(-n) {
				packs[name] = true
			}
		case c.Index && len(v) == 2 && name != "central_key":
			if b, ok := v[1].([]byte); ok && len(b) == 1 && fmt.Sprint(b[0]) == name {
				secrets[name] = true
			}
		}
	}
	return packs, secrets
}

func TestEveryRowIsFoundInFileAndLog(t *testing.T) {
	path := killed(t)
	packs, secrets := found(t, path, false)
	if len(packs) != rows || len(secrets) != rows {
		t.Errorf("%d and %d of %d rows", len(packs), len(secrets), rows)
	}
	if err := pages.CheckLog(path); err != nil {
		t.Error(err)
	}
	write(t, path+"-wal", nil)
	if packs, _ := found(t, path, false); len(packs) != rows/2+1 {
		t.Errorf("%d rows in the file alone", len(packs))
	}
}

func TestCheckHeader(t *testing.T) {
	whole := read(t, killed(t))[:100]
	if err := pages.CheckHeader(whole); err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{0, 15, 16, 17, 18, 19, 20, 21, 22, 23, 47, 52, 59, 64} {
		harmed := bytes.Clone(whole)
		harmed[at] ^= 2
		if err := pages.CheckHeader(harmed); !errors.Is(err, pages.ErrHeader) {
			t.Errorf("byte %d: %v", at, err)
		}
	}
	if err := pages.CheckHeader(whole[:99]); !errors.Is(err, pages.ErrHeader) {
		t.Error(err)
	}
}

const frame = 24 + 4096

// A log that SQLite would take for a shorter one is found out; one that the power cut
// short in its last transaction is not accused.
func TestCheckLogTellsDamageFromACut(t *testing.T) {
	path := killed(t)
	whole, shared := read(t, path+"-wal"), read(t, path+"-shm")
	frames := 0
	for 32+(frames+1)*frame <= len(whole) && binary.BigEndian.Uint32(whole[32+frames*frame:]) != math.MaxUint32 {
		frames++ // behind them the log is only long
	}
	whole = whole[:32+frames*frame]
	first := frames - 1 // of the last transaction
	for first > 0 && binary.BigEndian.Uint32(whole[32+(first-1)*frame+4:]) == 0 {
		first--
	}
	if first == frames-1 {
		t.Fatal("the last transaction has one frame only")
	}
	for name, c := range map[string]struct {
		harm    func(log []byte) []byte
		damaged bool // without what the shared memory says
	}{
		"whole":             {func(l []byte) []byte { return l }, false},
		"bit early":         {func(l []byte) []byte { l[32+3*frame+100] ^= 1; return l }, true},
		"sum early":         {func(l []byte) []byte { l[32+3*frame+17] ^= 1; return l }, true},
		"salt early":        {func(l []byte) []byte { l[32+3*frame+9] ^= 1; return l }, true},
		"page number early": {func(l []byte) []byte { l[32+3*frame+3] ^= 1; return l }, true},
		"magic":             {func(l []byte) []byte { l[3] ^= 1; return l }, true},
		"header's salt":     {func(l []byte) []byte { l[20] ^= 1; return l }, true},
		"header's sum":      {func(l []byte) []byte { l[30] ^= 1; return l }, true},
		"first sector":      {func(l []byte) []byte { copy(l, bytes.Repeat([]byte{7}, 512)); return l }, true},
		"cut in the last":   {func(l []byte) []byte { return l[:len(l)-100] }, false},
		"a bit of the last": {func(l []byte) []byte { l[len(l)-100] ^= 1; return l }, false},
		"torn in the last":  {func(l []byte) []byte { copy(l[32+first*frame+600:], bytes.Repeat([]byte{7}, 512)); return l }, false},
		"cut off early":     {func(l []byte) []byte { return l[:32+5*frame] }, false},
	} {
		harmed := c.harm(bytes.Clone(whole))
		write(t, path+"-wal", harmed)
		write(t, path+"-shm", nil)
		if err := pages.CheckLog(path); errors.Is(err, pages.ErrLog) != c.damaged || err != nil && !c.damaged {
			t.Errorf("%s: %v", name, err)
		}
		// The shared memory has seen every commit.
		write(t, path+"-shm", shared)
		if err := pages.CheckLog(path); (err == nil) != (name == "whole") {
			t.Errorf("%s, with shared memory: %v", name, err)
		}
	}
}

// Where one frame is broken the others are used, and what is good in the broken one
// too.
func TestABrokenFrameHidesNoOther(t *testing.T) {
	path := killed(t)
	whole := read(t, path+"-wal")
	frames := (len(whole) - 32) / frame
	for n := range frames {
		log := bytes.Clone(whole)
		log[32+n*frame+24+3000] ^= 1
		write(t, path+"-wal", log)
		certain, _ := found(t, path, false)
		doubtful, _ := found(t, path, true)
		for name := range doubtful {
			certain[name] = true
		}
		if len(certain) < rows-1 {
			t.Errorf("frame %d: %d of %d rows", n, len(certain), rows)
		}
	}
}
