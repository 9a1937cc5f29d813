package outbox

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"leye/app/terminal/internal/journal"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/seal"
	"leye/app/terminal/internal/store"
)

// In a child process these name the file to fill and the moment of the claim.
const (
	envFile  = "OUTBOX_KILL_FILE"
	envClaim = "OUTBOX_KILL_CLAIM" // "after" the commit, or "before" as the control
)

func TestMain(m *testing.M) {
	if path := os.Getenv(envFile); path != "" {
		if err := fillUntilKilled(path, os.Getenv(envClaim) == "before"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

func fillUntilKilled(path string, early bool) error {
	ctx := context.Background()
	db, err := store.Open(ctx, path, store.Options{})
	if err != nil {
		return err
	}
	key, err := seal.OpenKey(filepath.Dir(path), seal.Options{Keep: seal.File})
	if err != nil {
		return err
	}
	o, err := New(ctx, db, Options{Seal: seal.New(key), Journal: journal.New(db, journal.Options{})})
	if err != nil {
		return err
	}
	for {
		id := kiosk.NewApplicationID()
		if early {
			fmt.Println(id)
		}
		if _, err := o.File(ctx, kiosk.Application{ID: id}, func(kiosk.Application) ([]byte, error) { return body(id), nil }); err != nil {
			return err
		}
		if !early {
			fmt.Println(id)
		}
	}
}

// TestKilledProgramLosesNothingItClaimed kills a program that files without pause
// and prints each key after its commit. Every printed key must be there, once,
// with its bytes, its own reference and its journal line.
func TestKilledProgramLosesNothingItClaimed(t *testing.T) {
	claimed, kept, db := killOften(t, "after", 30)
	missing := 0
	for id := range claimed {
		if kept[id] != 1 {
			missing++
		}
	}
	t.Logf("%d claimed, %d kept, %d missing", len(claimed), len(kept), missing)
	if missing != 0 || len(claimed) < 30 {
		t.Errorf("%d of %d claimed entries are not there exactly once", missing, len(claimed))
	}
	checkJournal(t, db, kept)
}

// The control claims before it commits. If this did not lose entries, the test
// above could not see a loss either.
func TestKillControlThatClaimsTooEarlyIsCaught(t *testing.T) {
	claimed, kept, _ := killOften(t, "before", 30)
	missing := 0
	for id := range claimed {
		if kept[id] == 0 {
			missing++
		}
	}
	t.Logf("%d claimed, %d missing", len(claimed), missing)
	if missing == 0 {
		t.Error("nothing is missing: the kills come at harmless moments only")
	}
}

func killOften(t *testing.T, claim string, kills int) (claimed map[kiosk.ApplicationID]bool, kept map[kiosk.ApplicationID]int, db *store.Store) {
	path := filepath.Join(t.TempDir(), store.FileName)
	claimed = map[kiosk.ApplicationID]bool{}
	rng := rand.New(rand.NewPCG(3, 4))
	for range kills {
		killAfter(t, path, claim, 1+rng.IntN(20), claimed)
	}
	b := open(t, path, store.Options{})
	return claimed, keptIn(t, b), b.db
}

// killAfter runs the child until it has printed n keys, kills it, and takes what
// it still managed to print.
func killAfter(t *testing.T, path, claim string, n int, claimed map[kiosk.ApplicationID]bool) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), envFile+"="+path, envClaim+"="+claim)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for seen := 0; lines.Scan(); {
		id := kiosk.ApplicationID(lines.Text())
		if id.Valid() {
			claimed[id] = true
		}
		if seen++; seen == n {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := child.Wait(); err == nil {
		t.Fatal("the child ended by itself")
	}
}

// keptIn has the central open everything: its key came after the kills.
func keptIn(t *testing.T, o *box) map[kiosk.ApplicationID]int {
	t.Helper()
	list, err := o.List(t.Context(), Filter{})
	if err != nil {
		t.Fatal(err)
	}
	kept := map[kiosk.ApplicationID]int{}
	references := map[kiosk.Reference]bool{}
	for _, e := range list {
		kept[e.ID]++
		if e.Readable {
			t.Errorf("the terminal still reads entry %s", e.ID)
		}
		if full := o.leased(t); string(inside(t, full)) != string(body(full.ID)) {
			t.Errorf("entry %s holds other bytes", full.ID)
		}
		if references[e.Reference] {
			t.Errorf("reference %s was given twice", e.Reference)
		}
		references[e.Reference] = true
	}
	return kept
}

func checkJournal(t *testing.T, db *store.Store, kept map[kiosk.ApplicationID]int) {
	t.Helper()
	j := journal.New(db, journal.Options{})
	if _, err := j.Verify(t.Context(), journal.Head{}); err != nil {
		t.Error(err)
	}
	lines := map[kiosk.ApplicationID]int{}
	if err := j.Lines(t.Context(), func(l journal.Line) error { lines[l.Entry]++; return nil }); err != nil {
		t.Fatal(err)
	}
	for id := range kept {
		if lines[id] != 1 {
			t.Errorf("entry %s has %d journal lines", id, lines[id])
		}
	}
	if len(lines) != len(kept) {
		t.Errorf("%d journal lines for %d entries", len(lines), len(kept))
	}
}
