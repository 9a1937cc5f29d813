package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"leye/app/api"
	"leye/app/evacuation"
	"leye/app/terminal/internal/identity"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/outbox"
	"leye/app/terminal/internal/relay"
	"leye/app/terminal/internal/store"
	"leye/app/terminal/internal/uplink"
)

var sealKeyShape = regexp.MustCompile(`leye-1:[A-Za-z0-9+/=]+`)

// enrolled is a terminal that a district knows, and that seals to its key.
func (d *district) enrolled(id string) terminal {
	d.t.Helper()
	x := newTerminal(d.t, fmt.Sprintf("[terminal]\nid = %q\n[central]\nurl = %q\n", id, d.address))
	x.sealTo(sealKeyShape.FindString(d.do("keys")))
	call(d.t, "enrol", "--config", x.config, "--code", d.code(id), "--root", d.root).want(d.t, exitOK)
	return x
}

// lookups files so many look-ups that a central takes.
func (x terminal) lookups(count int) (list []outbox.Entry) {
	x.t.Helper()
	x.with(func(_ *store.Store, queue *outbox.Outbox) {
		for range count {
			app := kiosk.Application{ID: kiosk.NewApplicationID(), Service: "market-lookup", Terminal: "PT01", OrderKey: "ab12"}
			e, err := queue.File(x.t.Context(), app, func(a kiosk.Application) ([]byte, error) {
				return json.Marshal(api.Application{
					Id: string(a.ID), Service: a.Service, CatalogueVersion: "trial", Terminal: a.Terminal, Language: "zh",
					FiledAt: a.FiledAt, Reference: string(a.Reference), Answers: json.RawMessage(`{"period":"q","by":"town"}`),
				})
			})
			fatal(x.t, err)
			fatal(x.t, queue.Release(x.t.Context(), e.ID))
			list = append(list, e)
		}
	})
	return list
}

// untilEmpty is a queue that ends the relay when nothing is on its way.
type untilEmpty struct {
	*outbox.Outbox
	done context.CancelFunc
}

func (q untilEmpty) Next(ctx context.Context) (time.Time, error) {
	if n, err := q.Count(ctx); err != nil || n.Waiting() == 0 {
		q.done()
		return time.Time{}, err
	}
	return q.Outbox.Next(ctx)
}

// drain sends what waits, as the kiosk does, until nothing is left.
func (x terminal) drain(d *district) {
	x.t.Helper()
	id, err := identity.Load(filepath.Dir(x.file()))
	fatal(x.t, err)
	line, err := uplink.New(uplink.Config{Base: d.address, Identity: id})
	fatal(x.t, err)
	x.with(func(_ *store.Store, queue *outbox.Outbox) {
		ctx, cancel := context.WithTimeout(x.t.Context(), time.Minute)
		defer cancel()
		fatal(x.t, relay.New(relay.Config{Queue: untilEmpty{queue, cancel}, Sender: line, Check: line.Check}).Run(ctx))
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			x.t.Error("not all was sent in a minute")
		}
	})
	fatal(x.t, line.Close())
}

// states are the entries' states by identifier.
func (x terminal) states() map[kiosk.ApplicationID]outbox.Entry {
	x.t.Helper()
	states := map[kiosk.ApplicationID]outbox.Entry{}
	x.with(func(_ *store.Store, queue *outbox.Outbox) {
		list, err := queue.List(x.t.Context(), outbox.Filter{})
		fatal(x.t, err)
		for _, e := range list {
			states[e.ID] = e
		}
	})
	return states
}

// all holds every one of the entries to a state.
func (x terminal) all(entries []outbox.Entry, want kiosk.State, reason kiosk.Reason) {
	x.t.Helper()
	states := x.states()
	for _, e := range entries {
		if got := states[e.ID]; got.State != want || got.Reason != reason {
			x.t.Errorf("%s is %s %s, want %s %s", e.ID, got.State, got.Reason, want, reason)
		}
	}
}

// evacuate empties the terminal and returns the file's path.
func (x terminal) evacuate(stick string) string {
	x.t.Helper()
	call(x.t, "evacuate", "--to", stick, "--config", x.config).want(x.t, exitOK, "this terminal is out of service")
	list, err := filepath.Glob(filepath.Join(stick, "*"+evacuation.Extension))
	fatal(x.t, err)
	if len(list) != 1 {
		x.t.Fatalf("on the stick: %v", list)
	}
	return list[0]
}

// copied is the state as it was, to come back to.
func (x terminal) copied() string {
	x.t.Helper()
	copied := filepath.Join(x.t.TempDir(), "image")
	fatal(x.t, os.CopyFS(copied, os.DirFS(filepath.Dir(x.file()))))
	return copied
}

func (x terminal) restore(image string) {
	x.t.Helper()
	state := filepath.Dir(x.file())
	fatal(x.t, os.RemoveAll(state))
	fatal(x.t, os.CopyFS(state, os.DirFS(image)))
	fatal(x.t, os.Chmod(filepath.Join(state, identity.FileName), 0o600))
	fatal(x.t, os.Chmod(filepath.Join(state, "terminal.key"), 0o600))
}

func (d *district) cases(entries []outbox.Entry) {
	d.t.Helper()
	list := d.do("evacuations", "list")
	if want := fmt.Sprintf("%d/%d", len(entries), len(entries)); !strings.Contains(list, want) {
		d.t.Errorf("want %s sent: %s", want, list)
	}
}

// The whole way: a failing terminal's queue goes to another one over a stick, and
// comes into the central once, whoever of the two is revived.
func TestEvacuatedThereAdoptedHere(t *testing.T) {
	d := startDistrict(t)
	old, other := d.enrolled("PT01"), d.enrolled("PT02")
	entries := old.lookups(5)
	image := old.copied()
	stick := t.TempDir()
	file := old.evacuate(stick)
	if name := filepath.Base(file); !strings.HasPrefix(name, "PT01-") || len(name) != len("PT01-20261125-XCVZ7JEX.leye") {
		t.Errorf("the file is called %s", name)
	}
	old.all(entries, kiosk.Evacuated, "")
	old.drain(d)
	old.all(entries, kiosk.Evacuated, "")
	found, _ := doctor(t, old.config)
	found.has(t, "evacuation", fail, kiosk.CodeEvacuated, filepath.Base(file))
	old.with(func(_ *store.Store, queue *outbox.Outbox) {
		_, err := queue.File(t.Context(), kiosk.Application{ID: kiosk.NewApplicationID(), Service: "market-lookup"},
			func(kiosk.Application) ([]byte, error) { return []byte("{}"), nil })
		if !errors.Is(err, outbox.ErrRetired) {
			t.Errorf("an evacuated terminal filed: %v", err)
		}
	})

	adopt := func(says ...string) {
		t.Helper()
		call(t, "adopt", file, "--config", other.config).want(t, exitOK, append(says, "terminal PT01")...)
	}
	adopt("queue here: 5, of them new: 5")
	adopt("queue here: 5, of them new: 0")
	mine := other.states()
	for _, e := range entries {
		got := mine[e.ID]
		if got.Reference != e.Reference || got.Digest != e.Digest || !got.FiledAt.Equal(e.FiledAt) || !got.PromisedAt.Equal(e.PromisedAt.Truncate(time.Millisecond)) || got.CameBy == "" {
			t.Errorf("%+v is not %+v", got, e)
		}
	}
	own := other.put("document-reprint", answered) // filed beside them under a place of its own
	if own.Reference == "" {
		t.Error("nothing can be filed beside what was adopted")
	}
	other.drain(d)
	other.all(entries, kiosk.Accepted, "")
	adopt("queue here: 5, of them new: 0")
	d.cases(entries)

	old.restore(image)
	old.all(entries, kiosk.Pending, "")
	old.drain(d)
	old.all(entries, kiosk.Evacuated, kiosk.Fenced)
	found, _ = doctor(t, old.config)
	found.has(t, "evacuation", warn, kiosk.CodeFenced, "applications: 5")
	call(t, "outbox", "list", "--config", old.config).want(t, exitOK, "evacuated", "fenced")
	call(t, "outbox", "retry", string(entries[0].Reference), "--config", old.config).want(t, exitOK)
	old.drain(d)
	old.all(entries, kiosk.Evacuated, kiosk.Fenced)

	third := d.enrolled("PT03")
	call(t, "adopt", file, "--config", third.config).want(t, exitNotReady, "adopted by terminal PT02")
	for x, want := range map[terminal][]string{old: {"entry.fenced"}, other: {"entry.adopted", "evacuation.adopted"}} {
		for _, event := range want {
			if !slices.Contains(x.events(), event) {
				t.Errorf("no %s on record: %v", event, x.events())
			}
		}
	}
}

func TestAnEvacuationIsTakenBack(t *testing.T) {
	d := startDistrict(t)
	old, other := d.enrolled("PT01"), d.enrolled("PT02")
	entries := old.lookups(3)
	file := old.evacuate(t.TempDir())
	call(t, "adopt", file, "--config", old.config).want(t, exitNotReady, "evacuate --undo")

	// Without a line nothing changes.
	text, err := os.ReadFile(old.config)
	fatal(t, err)
	away := bytes.Replace(text, []byte(d.address), []byte("https://127.0.0.1:1"), 1)
	fatal(t, os.WriteFile(old.config, away, 0o600))
	call(t, "evacuate", "--undo", "--config", old.config).want(t, exitFailed, "nothing was changed", "no_connection")
	old.all(entries, kiosk.Evacuated, "")
	fatal(t, os.WriteFile(old.config, text, 0o600))

	call(t, "evacuate", "--undo", "--config", old.config).want(t, exitOK, "sent from here again: 3")
	old.all(entries, kiosk.Pending, "")
	call(t, "evacuate", "--undo", "--config", old.config).want(t, exitNotReady, "there is none")
	call(t, "adopt", file, "--config", other.config).want(t, exitNotReady, "cancelled")
	if n := len(other.states()); n != 0 {
		t.Errorf("a cancelled evacuation left %d entries", n)
	}
	old.lookups(1)
	old.drain(d)
	old.all(entries, kiosk.Accepted, "")

	// Adopted, it is not taken back.
	more := old.lookups(2)
	file = old.evacuate(t.TempDir())
	call(t, "adopt", file, "--config", other.config).want(t, exitOK)
	call(t, "evacuate", "--undo", "--config", old.config).want(t, exitNotReady, "nothing was changed", "adopted by terminal PT02")
	old.all(more, kiosk.Evacuated, "")
	call(t, "evacuate", "--reopen", "--config", old.config).want(t, exitOK)
	call(t, "evacuate", "--reopen", "--config", old.config).want(t, exitNotReady)
	old.lookups(1)
}

// Nobody adopts, and the terminal comes back from before: what it sends is the same.
func TestACopyFromBeforeSendsWhatNobodyAdopted(t *testing.T) {
	d := startDistrict(t)
	old, other := d.enrolled("PT01"), d.enrolled("PT02")
	entries := old.lookups(4)
	image := old.copied()
	file := old.evacuate(t.TempDir())
	old.restore(image)
	old.drain(d)
	old.all(entries, kiosk.Accepted, "")
	numbers := old.states()
	call(t, "adopt", file, "--config", other.config).want(t, exitOK, "new: 4")
	other.drain(d)
	other.all(entries, kiosk.Accepted, "")
	for id, e := range other.states() {
		if e.Ack.Number != numbers[id].Ack.Number {
			t.Errorf("%s has number %s there and %s here", id, numbers[id].Ack.Number, e.Ack.Number)
		}
	}
	d.cases(entries)
}

// What was refused goes along, and waits for staff where it comes to.
func TestARefusedEntryIsCarriedAlong(t *testing.T) {
	d := startDistrict(t)
	old, other := d.enrolled("PT01"), d.enrolled("PT02")
	refused := old.put("no-such-service", `{"answers":{}}`)
	old.with(func(_ *store.Store, queue *outbox.Outbox) {
		fatal(t, queue.Park(t.Context(), refused.ID, kiosk.Gone))
		fatal(t, queue.Release(t.Context(), refused.ID))
	})
	file := old.evacuate(t.TempDir())
	call(t, "adopt", file, "--config", other.config).want(t, exitOK, "new: 1")
	other.all([]outbox.Entry{refused}, kiosk.Parked, kiosk.Gone)
	call(t, "evacuate", "--undo", "--config", old.config).want(t, exitNotReady)
	// Handed back by a second evacuation, it has come home.
	back := other.evacuate(t.TempDir())
	call(t, "adopt", back, "--config", old.config).want(t, exitNotReady, "evacuated itself")
	call(t, "evacuate", "--reopen", "--config", old.config).want(t, exitOK)
	call(t, "adopt", back, "--config", old.config).want(t, exitOK, "new: 1")
	old.all([]outbox.Entry{refused}, kiosk.Parked, kiosk.Gone)
}

func TestEvacuateSaysWhatItCannot(t *testing.T) {
	x := newTerminal(t, "")
	for _, args := range [][]string{{}, {"--to", "x", "--undo"}, {"--undo", "--reopen"}} {
		call(t, append([]string{"evacuate", "--config", x.config}, args...)...).want(t, exitUsage, "give one of")
	}
	call(t, "evacuate", "--to", x.dir, "--config", x.config).want(t, exitFailed, "not enrolled", "kioskctl enrol")
	call(t, "adopt", "--config", x.config).want(t, exitUsage, "no file")
	call(t, "adopt", filepath.Join(x.dir, "none"), "--config", x.config).want(t, exitFailed, "no such file")
	call(t, "adopt", x.config, "--config", x.config).want(t, exitFailed, "it is no evacuation of a terminal")

	d := startDistrict(t)
	old := d.enrolled("PT01")
	call(t, "evacuate", "--to", x.dir, "--config", old.config).want(t, exitNotReady, "nothing waits")
	entries := old.lookups(1)
	call(t, "evacuate", "--to", filepath.Join(x.dir, "none"), "--config", old.config).want(t, exitFailed, "no such file")
	old.all(entries, kiosk.Pending, "")
	file := old.evacuate(t.TempDir())
	data, err := os.ReadFile(file)
	fatal(t, err)
	data[len(data)-9] ^= 1
	fatal(t, os.WriteFile(file, data, 0o600))
	call(t, "adopt", file, "--config", d.enrolled("PT02").config).want(t, exitFailed, "it is damaged, or not whole")
}
