package quarantine

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/outbox"
	"leye/app/terminal/internal/seal"
	"leye/app/terminal/internal/store"
	"leye/app/terminal/internal/store/pages"
)

// killed is a folder as it lies after a sudden end: half of what was kept is in the
// file, the rest in the log.
func killed(t testing.TB) (dir string, entries map[kiosk.ApplicationID]outbox.Entry) {
	t.Helper()
	live := t.TempDir()
	b := mustOpen(t, live)
	if err := b.SealTo(context.Background(), central(t)); err != nil {
		t.Fatal(err)
	}
	for n := range 24 {
		b.file(t)
		if n%3 == 0 {
			b.accept(t)
		}
		if n == 12 {
			if err := b.db.Checkpoint(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
	}
	dir = t.TempDir()
	copyStore(t, live, dir)
	return dir, b.list(t)
}

func copyStore(t testing.TB, from, to string) {
	t.Helper()
	if err := os.RemoveAll(to); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(to, seal.FileName), 0o600); err != nil {
		t.Fatal(err)
	}
}

// stands is where all of each entry stands.
func stands(t testing.TB, dir string) map[kiosk.ApplicationID][]pages.Extent {
	t.Helper()
	file, err := pages.Open(filepath.Join(dir, store.FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	list := map[kiosk.ApplicationID][]pages.Extent{}
	for c := range file.Cells() {
		if c.Index || c.Columns() < 20 {
			continue
		}
		values, err := c.Values()
		if err != nil {
			t.Fatal(err)
		}
		list[kiosk.ApplicationID(values[1].(string))] = c.Extents()
	}
	return list
}

// hit is a piece of a file that is changed or, up to its end, gone.
type hit struct {
	file       string
	begin, end int
	kind       string
}

func (h hit) String() string { return fmt.Sprintf("%s of %s at %d", h.kind, h.file, h.begin) }

// on is one way in which storage fails.
func (h *hit) on(rng *rand.Rand, content []byte) []byte {
	switch rng.IntN(8) {
	case 0:
		h.kind, h.begin, h.end = "loss of the end", rng.IntN(len(content)-32)+32, len(content)
		return content[:h.begin]
	case 1, 2:
		h.kind, h.begin = "torn sector", rng.IntN(len(content)/512)*512
		h.end = h.begin + 512
		for i := h.begin; i < h.end; i++ {
			content[i] = byte(rng.Uint32())
		}
	default:
		bit := rng.IntN(8 * len(content))
		if rng.IntN(2) == 0 { // where a page says what it is
			bit = 8*4096*rng.IntN(len(content)/4096) + rng.IntN(8*32)
		}
		h.kind, h.begin, h.end = "flipped bit", bit/8, bit/8+1
		content[h.begin] ^= 1 << (bit % 8)
	}
	return content
}

func (h hit) touches(extents []pages.Extent) bool {
	for _, e := range extents {
		if e.Log == (h.file != store.FileName) && int(e.Offset) < h.end && h.begin < int(e.Offset)+e.Length {
			return true
		}
	}
	return false
}

// TestHits harms file and log in many ways. What the harm has not touched is there
// after the start, and nothing is there that is not what was kept.
func TestHits(t *testing.T) {
	template, before := killed(t)
	where := stands(t, template)
	if len(where) != len(before) {
		t.Fatalf("%d entries found in the pages, %d by the queue", len(where), len(before))
	}
	seed := uint64(20261125)
	rng := rand.New(rand.NewPCG(seed, 0))
	dir := filepath.Join(t.TempDir(), "hit")
	counts := map[string]int{}
	for range 50 {
		copyStore(t, template, dir)
		h := hit{file: store.FileName}
		if rng.IntN(2) == 0 {
			h.file += "-wal"
		}
		path := filepath.Join(dir, h.file)
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, h.on(rng, content), 0o600); err != nil {
			t.Fatal(err)
		}
		b := mustOpen(t, dir)
		after := b.list(t)
		n, lost, err := Standing(dir)
		if err != nil {
			t.Fatal(err)
		}
		counts[fmt.Sprintf("%d set aside", n)]++
		gone, waited := 0, 0
		for id, e := range before {
			got, there := after[id]
			if there && !same(got, e) && n == 0 {
				counts["listed otherwise"]++
			}
			if !there {
				gone++
				if e.State != kiosk.Accepted {
					waited++
				}
				if !h.touches(where[id]) {
					t.Errorf("%v: %s is gone, though it was not touched (%d set aside)", h, id, n)
				}
			}
		}
		if gone > 0 && n == 0 {
			t.Errorf("%v: %d entries are gone without a sign", h, gone)
		}
		// Where the journal is gone too nobody can say what else is.
		if waited > lost && h.kind != "loss of the end" {
			t.Errorf("%v: %d entries are gone, %d said", h, waited, lost)
		}
		for id := range after {
			if _, was := before[id]; !was {
				t.Errorf("%v: %s was never kept", h, id)
			}
		}
		if err := b.db.Close(); err != nil {
			t.Errorf("%v: %v", h, err)
		}
	}
	t.Logf("seed %d: %v", seed, counts)
}
