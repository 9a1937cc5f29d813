package quarantine

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"leye/app/envelope"
	"leye/app/terminal/internal/journal"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/outbox"
	"leye/app/terminal/internal/seal"
	"leye/app/terminal/internal/slip"
	"leye/app/terminal/internal/store"
)

var start = time.Date(2026, 11, 25, 9, 0, 0, 0, kiosk.China)

// box is a queue in a store that mends itself.
type box struct {
	*outbox.Outbox
	db    *store.Store
	slips *slip.Ledger
}

func openBox(t testing.TB, dir string, opt Options) (*box, error) {
	t.Helper()
	opt.Now = func() time.Time { return start }
	db, err := Open(context.Background(), filepath.Join(dir, store.FileName), opt)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { db.Close() })
	key, err := seal.OpenKey(dir, seal.Options{Keep: seal.File})
	if err != nil {
		t.Fatal(err)
	}
	record := journal.New(db, journal.Options{Now: opt.Now})
	queue, err := outbox.New(context.Background(), db, outbox.Options{Terminal: "PT01", Seal: seal.New(key), Journal: record, Now: opt.Now})
	if err != nil {
		return nil, err
	}
	return &box{queue, db, slip.New(db, slip.Options{Journal: record, Now: opt.Now})}, nil
}

func mustOpen(t testing.TB, dir string) *box {
	t.Helper()
	b, err := openBox(t, dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func central(t testing.TB) envelope.PublicKey {
	t.Helper()
	key, err := envelope.NewPrivateKey()
	if err != nil {
		t.Fatal(err)
	}
	return key.Public()
}

func (b *box) file(t testing.TB) outbox.Entry {
	t.Helper()
	e, err := b.tryFile()
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func (b *box) tryFile() (outbox.Entry, error) {
	app := kiosk.Application{ID: kiosk.NewApplicationID(), Service: "s", FiledAt: start, OrderKey: b.OrderKey("p", "s")}
	return b.File(context.Background(), app, func(a kiosk.Application) ([]byte, error) {
		return []byte(strings.Repeat(string(a.ID), 400)), nil
	})
}

func (b *box) accept(t testing.TB) {
	t.Helper()
	e, ok, err := b.Lease(context.Background(), start, time.Minute)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if err := b.Accept(context.Background(), e.ID, kiosk.Acknowledgement{ID: e.ID, Number: "n-" + string(e.ID), Digest: e.Digest}); err != nil {
		t.Fatal(err)
	}
}

func (b *box) list(t testing.TB) map[kiosk.ApplicationID]outbox.Entry {
	t.Helper()
	all, err := b.List(context.Background(), outbox.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	byID := map[kiosk.ApplicationID]outbox.Entry{}
	for _, e := range all {
		byID[e.ID] = e
	}
	return byID
}

// fill makes a store with accepted and waiting entries, slips and a roll, and
// returns what is in the queue.
func fill(t testing.TB, dir string, waiting int) map[kiosk.ApplicationID]outbox.Entry {
	t.Helper()
	b := mustOpen(t, dir)
	if err := b.SealTo(context.Background(), central(t)); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		e := b.file(t)
		b.accept(t)
		row, err := b.slips.Prepare(context.Background(), e.ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.slips.Begin(context.Background(), row); err != nil {
			t.Fatal(err)
		}
	}
	for range waiting {
		b.file(t)
	}
	all := b.list(t)
	if err := b.db.Close(); err != nil {
		t.Fatal(err)
	}
	return all
}

// harm overwrites the page that a table begins with, which no query can do without.
func harm(t testing.TB, dir, table string) {
	t.Helper()
	path := filepath.Join(dir, store.FileName)
	db, err := store.Open(context.Background(), path, store.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	var page int64
	err = db.View(context.Background(), func(tx *sql.Tx) error {
		return tx.QueryRow("SELECT rootpage FROM sqlite_schema WHERE name = ?", table).Scan(&page)
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteAt(make([]byte, 4096), (page-1)*4096)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

func same(a, b outbox.Entry) bool {
	return a.ID == b.ID && a.Reference == b.Reference && a.State == b.State && a.Digest == b.Digest && (a.Ack == nil) == (b.Ack == nil)
}

func TestADamagedStoreIsSetAsideAndSalvaged(t *testing.T) {
	dir := t.TempDir()
	before := fill(t, dir, 40)
	harm(t, dir, "outbox")
	b := mustOpen(t, dir)
	after := b.list(t)
	for id, e := range before {
		if !same(after[id], e) {
			t.Errorf("%s: %+v, was %+v", id, after[id], e)
		}
	}
	list, err := List(dir)
	if err != nil || len(list) != 1 || list[0].Number != 1 || !list[0].InPlace || list[0].Lost() != 0 {
		t.Fatalf("%+v, %v", list, err)
	}
	if n := list[0].Taken["slip"]; n != 3 {
		t.Errorf("%d slips", n)
	}
	if e := b.file(t); !strings.HasPrefix(string(e.Reference), "PT01-1125-10001-") {
		t.Errorf("the reference %s may have been given before", e.Reference)
	}
	b.accept(t)
	head, err := journal.New(b.db, journal.Options{}).Verify(t.Context(), journal.Head{})
	if err != nil || head.Seq < 3 {
		t.Errorf("journal: %+v, %v", head, err)
	}
	kept, err := journal.New(b.db, journal.Options{}).Head(t.Context())
	if err != nil || kept.Generation != 1 {
		t.Errorf("journal's head: %+v, %v", kept, err)
	}
	var export strings.Builder
	if err := journal.New(b.db, journal.Options{}).ExportEarlier(t.Context(), 0, &export); err != nil {
		t.Fatal(err)
	}
	if got, err := journal.VerifyExport(strings.NewReader(export.String()), journal.Head{Seq: list[0].Lines, Hash: list[0].Hash}); err != nil || got.Seq != list[0].Lines || got.Seq < 40 {
		t.Errorf("the journal before: %+v, %v", got, err)
	}
	var restarted *journal.Restarted
	if _, err := journal.New(b.db, journal.Options{}).Verify(t.Context(), journal.Head{Seq: list[0].Lines, Hash: list[0].Hash}); !errors.As(err, &restarted) {
		t.Errorf("against the head of the journal before: %v", err)
	}
	var first kiosk.Event
	if err := journal.New(b.db, journal.Options{}).Lines(t.Context(), func(l journal.Line) error {
		if l.Seq == 1 {
			first = kiosk.Event{Name: l.Event, Code: l.Code}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if first.Name != "store.quarantined" || !strings.Contains(first.Code, list[0].Name) || !strings.Contains(first.Code, `"outbox":43`) || !strings.Contains(first.Code, list[0].Hash) {
		t.Errorf("the journal begins with %+v", first)
	}
}

// What shows only later is mended while the terminal runs: one call fails, the next
// succeeds, and nothing that was kept is lost.
func TestDamageInUse(t *testing.T) {
	dir := t.TempDir()
	before := fill(t, dir, 40)
	b := mustOpen(t, dir)
	fault := store.Damaged(errors.New("found"))
	if err := b.db.Tx(t.Context(), func(*sql.Tx) error { return fault }); !errors.Is(err, store.ErrDamaged) {
		t.Fatal(err)
	}
	e := b.file(t)
	if !strings.HasPrefix(string(e.Reference), "PT01-1125-10001-") {
		t.Errorf("reference %s", e.Reference)
	}
	after := b.list(t)
	for id, e := range before {
		if !same(after[id], e) {
			t.Errorf("%s: %+v", id, after[id])
		}
	}
	if err := b.db.View(t.Context(), func(*sql.Tx) error { return fault }); !errors.Is(err, store.ErrDamaged) {
		t.Fatal(err)
	}
	if e := b.file(t); !strings.HasPrefix(string(e.Reference), "PT01-1125-20001-") {
		t.Errorf("reference %s", e.Reference)
	}
	if after = b.list(t); len(after) != len(before)+2 {
		t.Errorf("%d entries, had %d", len(after), len(before))
	}
	if key, err := b.Central(t.Context()); err != nil || key.Zero() {
		t.Errorf("the central's key: %v, %v", key, err)
	}
	if n, lost, err := Standing(dir); n != 2 || lost != 0 || err != nil {
		t.Errorf("%d stand, %d lost, %v", n, lost, err)
	}
}

// A start that is cut off at any change on the disk leaves what the next start goes
// on from: nothing is lost, and nothing is in two places.
func TestCutOffAtEveryStep(t *testing.T) {
	template := t.TempDir()
	before := fill(t, template, 5)
	path := filepath.Join(template, store.FileName)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	content[18] = 3 // seen before SQLite opens it, so that all three files are moved
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	damaged, err := os.ReadFile(filepath.Join(template, store.FileName))
	if err != nil {
		t.Fatal(err)
	}
	var steps []string
	for n := 1; ; n++ {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(template)); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Join(dir, seal.FileName), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"-wal", "-shm"} {
			if err := os.WriteFile(filepath.Join(dir, store.FileName+name), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		stopped, at := false, 0
		_, err := openBox(t, dir, Options{step: func(what string) error {
			if at++; at >= n { // everything after it too
				if !stopped {
					steps = append(steps, filepath.Base(what))
				}
				stopped = true
				return errStopped
			}
			return nil
		}})
		if !stopped {
			if err != nil {
				t.Fatal(err)
			}
			break
		}
		if !errors.Is(err, errStopped) {
			t.Fatalf("step %d: %v", n, err)
		}
		b := mustOpen(t, dir)
		after := b.list(t)
		for id, e := range before {
			if !same(after[id], e) {
				t.Errorf("after %s: %s is %+v", steps[n-1], id, after[id])
			}
		}
		if len(after) != len(before) {
			t.Errorf("after %s: %d entries", steps[n-1], len(after))
		}
		list, err := List(dir)
		if err != nil || len(list) != 1 || !list[0].InPlace {
			t.Fatalf("after %s: %+v, %v", steps[n-1], list, err)
		}
		kept, err := os.ReadFile(filepath.Join(list[0].Path, store.FileName))
		if err != nil || !slices.Equal(kept, damaged) {
			t.Errorf("after %s: the damaged file is not as it was: %v", steps[n-1], err)
		}
		if left, err := filepath.Glob(filepath.Join(dir, DirName, "*"+moving)); err != nil || len(left) > 0 {
			t.Errorf("after %s: %v, %v", steps[n-1], left, err)
		}
		b.file(t)
	}
	if len(steps) < 10 {
		t.Errorf("only %d steps: %v", len(steps), steps)
	}
	t.Logf("cut off at each of %d steps: %s", len(steps), strings.Join(steps, ", "))
}

// A store that is gone is no first start: its references may be about.
func TestAFileThatIsGone(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 2)
	harm(t, dir, "outbox")
	b := mustOpen(t, dir)
	if err := b.db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, store.FileName)); err != nil {
		t.Fatal(err)
	}
	b = mustOpen(t, dir)
	if e := b.file(t); !strings.HasPrefix(string(e.Reference), "PT01-1125-20001-") {
		t.Errorf("reference %s", e.Reference)
	}
}

func TestSalvageAgainAndDiscard(t *testing.T) {
	dir := t.TempDir()
	before := fill(t, dir, 5)
	harm(t, dir, "outbox")
	b := mustOpen(t, dir)
	if err := b.db.Tx(t.Context(), func(tx *sql.Tx) error { _, err := tx.Exec("DELETE FROM outbox WHERE seq > 5"); return err }); err != nil {
		t.Fatal(err)
	}
	b.accept(t) // one that the quarantine still has as waiting
	list, err := List(dir)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Salvage(t.Context(), b.db, list[0], start)
	if err != nil {
		t.Fatal(err)
	}
	accepted := 0
	after := b.list(t)
	for _, e := range after {
		if e.State == kiosk.Accepted {
			accepted++
		}
	}
	if len(after) != len(before) || accepted != 4 || again.Taken["outbox"] != 3 {
		t.Errorf("%d entries, %d accepted, taken %v", len(after), accepted, again.Taken)
	}
	if err := Discard(list[0], start); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(list[0].Path)
	if err != nil || len(left) != 1 {
		t.Errorf("%v, %v", left, err)
	}
	if n, _, err := Standing(dir); n != 0 || err != nil {
		t.Errorf("%d stand, %v", n, err)
	}
	if e, want := b.file(t), "PT01-1125-10001-"; !strings.HasPrefix(string(e.Reference), want) {
		t.Errorf("reference %s", e.Reference)
	}
}

func TestNothingThatCanBeReadStillServes(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 3)
	if err := os.WriteFile(filepath.Join(dir, store.FileName), []byte(strings.Repeat("hello ", 5000)), 0o600); err != nil {
		t.Fatal(err)
	}
	b := mustOpen(t, dir)
	if e := b.file(t); !strings.HasPrefix(string(e.Reference), "PT01-1125-10001-") {
		t.Error(e.Reference)
	}
	if n := len(b.list(t)); n != 1 {
		t.Error(n)
	}
}

// A disk that is full, or fails for a moment, does not end it.
func TestAnExchangeThatFailsIsTriedAgain(t *testing.T) {
	dir := t.TempDir()
	before := fill(t, dir, 5)
	failing := map[string]int{}
	b, err := openBox(t, dir, Options{step: func(what string) error {
		if failing[what]--; failing[what] >= 0 {
			return errStopped
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	failing["make folder"], failing["make store"], failing["put store in place"] = 1, 2, 1
	fault := func(*sql.Tx) error { return store.Damaged(errors.New("found")) }
	if err := b.db.Tx(t.Context(), fault); !errors.Is(err, store.ErrIO) || errors.Is(err, store.ErrDamaged) {
		t.Error(err)
	}
	for n := range 3 {
		if _, err := b.tryFile(); !errors.Is(err, store.ErrIO) {
			t.Errorf("try %d: %v", n, err)
		}
	}
	if _, err := b.tryFile(); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("the try that exchanges it: %v", err)
	}
	b.file(t)
	after := b.list(t)
	for id, e := range before {
		if !same(after[id], e) {
			t.Errorf("%s: %+v", id, after[id])
		}
	}
	if n, _, err := Standing(dir); n != 1 || err != nil {
		t.Errorf("%d stand, %v", n, err)
	}
}

// Several file while the damage is found: each gets an answer, and what was called
// kept is kept.
func TestDamageWhileManyWork(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 5)
	b := mustOpen(t, dir)
	fault := store.Damaged(errors.New("found"))
	var mu sync.Mutex
	kept := map[kiosk.ApplicationID]kiosk.Reference{}
	var work sync.WaitGroup
	for range 4 {
		work.Go(func() {
			for n := range 12 {
				if n == 6 {
					if err := b.db.View(context.Background(), func(*sql.Tx) error { return fault }); !errors.Is(err, store.ErrDamaged) {
						t.Error(err)
					}
				}
				e, err := b.tryFile()
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				kept[e.ID] = e.Reference
				mu.Unlock()
			}
		})
	}
	work.Wait()
	after, given := b.list(t), map[kiosk.Reference]bool{}
	for _, e := range after {
		if given[e.Reference] {
			t.Errorf("%s was given twice", e.Reference)
		}
		given[e.Reference] = true
	}
	for id, ref := range kept {
		if after[id].Reference != ref {
			t.Errorf("%s was kept as %s and is %+v", id, ref, after[id])
		}
	}
	if len(kept) != 48 || len(after) != 48+8 {
		t.Errorf("%d kept, %d are there", len(kept), len(after))
	}
}
