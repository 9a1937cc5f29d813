package outbox

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/seal"
	"leye/app/terminal/internal/store"
)

// renew makes another terminal key beside the queue's file.
func (b *box) renew(t *testing.T, dir string) bool {
	t.Helper()
	renewed, err := b.RenewKey(t.Context(), func() (*seal.Key, error) { return seal.RenewKey(dir, seal.Options{Keep: seal.File}) })
	if err != nil {
		t.Fatal(err)
	}
	return renewed
}

// TestTheKeyIsRenewedWhenNothingNeedsIt goes through the life of an entry: as long
// as its wrap or its mark exist the key stays, and what it wrapped can be read.
func TestTheKeyIsRenewedWhenNothingNeedsIt(t *testing.T) {
	dir := t.TempDir()
	b := open(t, filepath.Join(dir, store.FileName), store.Options{})
	first, _ := b.seal.Own()
	id := b.put(t, b.OrderKey("310101199203159026", "x"))
	for _, c := range []struct {
		when   string
		do     func() error
		allows bool
	}{
		{"while the visit lasts", func() error { return nil }, false},
		{"while it waits in a person's order", func() error { return b.Release(t.Context(), id) }, false},
		{"once the central has it", func() error { b.lease(t); return b.Accept(t.Context(), id, b.ack(t, id)) }, true},
	} {
		if err := c.do(); err != nil {
			t.Fatal(err)
		}
		if renewed := b.renew(t, dir); renewed != c.allows {
			t.Errorf("%s the key was renewed: %v", c.when, renewed)
		}
		if name, _ := b.seal.Own(); (name != first) != c.allows {
			t.Errorf("%s the key in use is %s, it was %s", c.when, name, first)
		}
		if e := b.get(t, id); e.State == kiosk.Pending && e.Readable {
			if err := b.Put(t.Context(), kiosk.Application{ID: id}, body(id)); err != nil {
				t.Errorf("%s a second attempt is not known again: %v", c.when, err)
			}
		}
	}
	if got := b.events(t); got[len(got)-1] != "key.changed" {
		t.Errorf("journal %v", got)
	}
	next := b.put(t, "")
	if got := inside(t, b.leased(t)); !bytes.Equal(got, body(next)) {
		t.Errorf("under the new key: %q", got)
	}
}

// What this terminal alone can read keeps the key, however long it takes until a
// central's key is known, and opens then.
func TestWhatNobodyElseCanReadKeepsTheKey(t *testing.T) {
	dir := t.TempDir()
	b := openAlone(t, filepath.Join(dir, store.FileName), store.Options{})
	id := b.put(t, "")
	if err := b.Release(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if b.renew(t, dir) {
		t.Fatal("the only key to an application was thrown away")
	}
	if err := b.SealTo(t.Context(), owner(t).Public()); err != nil {
		t.Fatal(err)
	}
	if !b.renew(t, dir) {
		t.Error("the key stays though the central alone can read")
	}
	if got := inside(t, b.leased(t)); !bytes.Equal(got, body(id)) {
		t.Errorf("the central reads %q", got)
	}
}

// tornJournal fails, as a power cut would before the commit.
type tornJournal struct {
	Journal
	torn bool
}

var errTorn = errors.New("power is gone")

func (j *tornJournal) Add(ctx context.Context, tx *sql.Tx, e kiosk.Event) error {
	if j.torn {
		return errTorn
	}
	return j.Journal.Add(ctx, tx, e)
}

// TestAPowerCutInTheMiddleIsHarmless stops when the new key is on the disk and the
// database does not know of it: the queue works on, here and after a start, and the
// journal's line is made up for.
func TestAPowerCutInTheMiddleIsHarmless(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, store.FileName)
	b := open(t, path, store.Options{})
	torn := &tornJournal{b.j, true}
	b.opt.Journal = torn
	before, _ := b.seal.Own()
	renewed, err := b.RenewKey(t.Context(), func() (*seal.Key, error) { return seal.RenewKey(dir, seal.Options{Keep: seal.File}) })
	if !renewed || !errors.Is(err, errTorn) {
		t.Fatalf("renewed %v, %v", renewed, err)
	}
	now, _ := b.seal.Own()
	if now == before {
		t.Fatal("the old key is in use: what it wraps will not open after a start")
	}
	torn.torn = false
	id := b.put(t, "")
	if err := b.db.Close(); err != nil {
		t.Fatal(err)
	}
	again := openAlone(t, path, store.Options{})
	if name, _ := again.seal.Own(); name != now {
		t.Errorf("after the start the key is %s, want %s", name, now)
	}
	if got := inside(t, again.leased(t)); !bytes.Equal(got, body(id)) {
		t.Errorf("the central reads %q", got)
	}
	if got := again.events(t); !slices.Contains(got, "key.changed") {
		t.Errorf("journal %v", got)
	}
}

// A disk that takes no new key leaves the old one in use.
func TestAKeyThatCannotBeMadeChangesNothing(t *testing.T) {
	b := openTest(t)
	before, _ := b.seal.Own()
	full := errors.New("no space left")
	if renewed, err := b.RenewKey(t.Context(), func() (*seal.Key, error) { return nil, full }); renewed || !errors.Is(err, full) {
		t.Errorf("renewed %v, %v", renewed, err)
	}
	if now, _ := b.seal.Own(); now != before {
		t.Error("the key changed")
	}
	if got := b.events(t); len(got) != 0 {
		t.Errorf("journal %v", got)
	}
	b.now = b.now.Add(time.Hour)
	b.put(t, "")
}
