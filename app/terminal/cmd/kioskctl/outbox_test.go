package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"leye/app/envelope"
	"leye/app/terminal/internal/journal"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/outbox"
	"leye/app/terminal/internal/seal"
	"leye/app/terminal/internal/store"
)

// terminal is a state directory with a configuration that names it.
type terminal struct {
	t      *testing.T
	dir    string
	config string
}

func newTerminal(t *testing.T, more string) terminal {
	t.Helper()
	dir := t.TempDir()
	config := filepath.Join(dir, "kiosk.toml")
	text := fmt.Sprintf("[store]\ndir = %q\n%s", filepath.Join(dir, "state"), more)
	fatal(t, os.WriteFile(config, []byte(text), 0o600))
	return terminal{t, dir, config}
}

func (x terminal) file() string { return filepath.Join(x.dir, "state", store.FileName) }

// with opens the terminal's store as the kiosk does.
func (x terminal) with(f func(*store.Store, *outbox.Outbox)) {
	x.t.Helper()
	db, err := store.Open(x.t.Context(), x.file(), store.Options{})
	fatal(x.t, err)
	queue, err := outbox.New(x.t.Context(), db, outbox.Options{Terminal: "PT01", Seal: x.sealer(), Journal: journal.New(db, journal.Options{})})
	fatal(x.t, err)
	f(db, queue)
	fatal(x.t, db.Close())
}

func (x terminal) sealer() *seal.Sealer {
	x.t.Helper()
	key, err := seal.OpenKey(filepath.Dir(x.file()), seal.Options{Keep: seal.File})
	fatal(x.t, err)
	return seal.New(key)
}

// centralKey is a central's whose private half is the bytes 0 to 31.
const centralKey = "leye-1:j0DFrbaPJWJK5bIU6nZ6bslNgp09e14a0bpvPiE4KF8="

// sealTo has the terminal trust a central's key.
func (x terminal) sealTo(text string) {
	x.t.Helper()
	key, err := envelope.ParsePublicKey(text)
	fatal(x.t, err)
	x.with(func(_ *store.Store, queue *outbox.Outbox) { fatal(x.t, queue.SealTo(x.t.Context(), key)) })
}

const answered = `{"answers":{"name":"李样样","id_no":"310101199001010016","id_doc":"id-card","sex":"1","hukou":"sh-city","hukou_addr":"样例路1号","nowhere":"秘密"}}`

// put files one application and returns its entry.
func (x terminal) put(service, body string) (e outbox.Entry) {
	x.t.Helper()
	x.with(func(_ *store.Store, queue *outbox.Outbox) {
		var err error
		app := kiosk.Application{ID: kiosk.NewApplicationID(), Service: service}
		e, err = queue.File(x.t.Context(), app, func(kiosk.Application) ([]byte, error) { return []byte(body), nil })
		fatal(x.t, err)
	})
	return e
}

// park has an entry refused by its central.
func (x terminal) park(e outbox.Entry) {
	x.t.Helper()
	x.sealTo(centralKey)
	x.with(func(_ *store.Store, queue *outbox.Outbox) {
		_, _, err := queue.Lease(x.t.Context(), time.Now(), time.Minute)
		fatal(x.t, err)
		fatal(x.t, queue.Retry(x.t.Context(), e.ID, time.Now(), "http_500"))
		fatal(x.t, queue.Park(x.t.Context(), e.ID, kiosk.RefusedInvalid))
	})
}

func (x terminal) events() []string {
	x.t.Helper()
	var names []string
	x.with(func(db *store.Store, _ *outbox.Outbox) {
		fatal(x.t, journal.New(db, journal.Options{}).Lines(x.t.Context(), func(l journal.Line) error {
			names = append(names, l.Event)
			return nil
		}))
	})
	return names
}

func TestOutboxList(t *testing.T) {
	x := newTerminal(t, "")
	x.sealTo(centralKey)
	parked := x.put("document-reprint", answered)
	x.park(parked)
	waiting := x.put("document-reprint", answered)
	r := call(t, "outbox", "list", "--config", x.config)
	r.want(t, exitOK, "REFERENCE", string(parked.Reference), string(waiting.Reference), "refused_invalid, http_500", "pending")
	if strings.Contains(r.out, "李") {
		t.Errorf("the list names a person: %s", r)
	}
	var list []entry
	r = call(t, "outbox", "list", "--json", "--config", x.config)
	if err := json.Unmarshal([]byte(r.out), &list); err != nil || len(list) != 2 {
		t.Fatalf("%v: %s", err, r)
	}
	if e := list[0]; e.Attempts != 1 || e.ParkReason != kiosk.RefusedInvalid || e.DueAt != nil || !e.PromisedAt.Equal(parked.PromisedAt.Truncate(time.Millisecond)) {
		t.Errorf("parked entry %+v", e)
	}
	x.with(func(_ *store.Store, queue *outbox.Outbox) {
		fatal(t, queue.Accept(t.Context(), waiting.ID, kiosk.Acknowledgement{ID: waiting.ID, Digest: waiting.Digest, Number: "000-180-261124-0001-5", QueryCode: "483920"}))
	})
	if r := call(t, "outbox", "list", "--config", x.config); strings.Contains(r.out, string(waiting.Reference)) {
		t.Errorf("an accepted entry is listed unasked: %s", r)
	}
	all := call(t, "outbox", "list", "--all", "--config", x.config)
	all.want(t, exitOK, string(waiting.Reference), "000-180-261124-0001-5")
	shown := call(t, "outbox", "show", string(waiting.Reference), "--json", "--config", x.config)
	shown.want(t, exitOK, `"number": "000-180-261124-0001-5"`)
	if strings.Contains(all.out+shown.out, "483920") {
		t.Error("the query code of a slip is shown")
	}
}

func TestOutboxShowSaysWhoCanReadAndNeverWhat(t *testing.T) {
	x := newTerminal(t, "")
	e := x.put("document-reprint", answered)
	show := func(says string) {
		t.Helper()
		before := x.events()
		for _, flags := range [][]string{nil, {"--json"}} {
			r := call(t, append([]string{"outbox", "show", strings.ToLower(string(e.Reference)), "--config", x.config}, flags...)...)
			r.want(t, exitOK, string(e.Reference), "document-reprint")
			if flags == nil {
				r.want(t, exitOK, "readable by", says)
			}
			for _, secret := range []string{"李", "310101199001010016", "3101", "样例路", "秘密"} {
				if strings.Contains(r.out+r.err, secret) {
					t.Errorf("%q is shown: %s", secret, r)
				}
			}
		}
		if after := x.events(); len(after) != len(before) {
			t.Errorf("a look has left its mark: %v", after)
		}
	}
	show("this terminal alone, until it knows a central's key")
	x.sealTo(centralKey)
	show("the central with key eedd 883d a0a9 4515 alone")
	db, err := store.Open(t.Context(), x.file(), store.Options{})
	fatal(t, err)
	held, err := outbox.New(t.Context(), db, outbox.Options{Terminal: "PT01", Seal: x.sealer()})
	fatal(t, err)
	first := e
	e, err = held.File(t.Context(), kiosk.Application{ID: kiosk.NewApplicationID(), Service: "document-reprint"}, func(kiosk.Application) ([]byte, error) { return []byte(answered), nil })
	fatal(t, err)
	r := call(t, "outbox", "show", string(e.Reference), "--config", x.config)
	r.want(t, exitOK, "the central with key eedd 883d a0a9 4515, and this terminal while the visit lasts")
	fatal(t, db.Close())
	e = first
	x.with(func(_ *store.Store, queue *outbox.Outbox) {
		fatal(t, queue.Accept(t.Context(), e.ID, kiosk.Acknowledgement{ID: e.ID, Digest: e.Digest, Number: "000-180-261124-0001-5"}))
	})
	show("nobody here: the central has it")
	other, err := kiosk.NewReference("PT01", time.Now(), 99)
	fatal(t, err)
	call(t, "outbox", "show", string(other), "--config", x.config).want(t, exitNotReady, "there is none with the reference", "try: kioskctl outbox list --all")
}

func TestOutboxExportIsForTheCentralAlone(t *testing.T) {
	x := newTerminal(t, "")
	e := x.put("document-reprint", answered)
	call(t, "outbox", "export", string(e.Reference), "--config", x.config).want(t, exitNotReady, "this terminal alone")
	x.park(e)
	r := call(t, "outbox", "export", string(e.Reference), "--config", x.config)
	r.want(t, exitOK, string(e.ID))
	sealed, err := envelope.Decode([]byte(r.out))
	fatal(t, err)
	owner, err := envelope.ParsePrivateKey([]byte("-----BEGIN PRIVATE KEY-----\n" +
		"MC4CAQAwBQYDK2VuBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n-----END PRIVATE KEY-----\n"))
	fatal(t, err)
	if plain, err := owner.Open(sealed); err != nil || string(plain) != answered {
		t.Errorf("the central reads %s, %v", plain, err)
	}
	if strings.Contains(r.out, "李") {
		t.Errorf("it names a person: %s", r)
	}
}

func TestOutboxRetrySendsWhatWasRefused(t *testing.T) {
	x := newTerminal(t, "")
	e := x.put("document-reprint", answered)
	call(t, "outbox", "retry", string(e.Reference), "--config", x.config).want(t, exitNotReady, "nobody refused it")
	x.park(e)
	x.with(func(_ *store.Store, queue *outbox.Outbox) { // as the kiosk has it
		call(t, "outbox", "retry", string(e.Reference), "--config", x.config).want(t, exitOK, "will be sent again")
		leased, ok, err := queue.Lease(t.Context(), time.Now(), time.Minute)
		if err != nil || !ok || leased.ID != e.ID {
			t.Errorf("the running queue leases %s, %v, %v", leased.ID, ok, err)
		}
	})
	if events := x.events(); !slices.Contains(events, "entry.unparked") {
		t.Errorf("the journal has %q", events)
	}
}

func TestDamagedStateFile(t *testing.T) {
	x := newTerminal(t, "")
	x.put("document-reprint", answered)
	harmed := []byte(strings.Repeat("hello ", 1000))
	fatal(t, os.WriteFile(x.file(), harmed, 0o600))
	for _, command := range []string{"outbox list", "audit verify", "audit export"} {
		r := call(t, append(strings.Fields(command), "--config", x.config)...)
		r.want(t, exitFailed, "the state file is damaged", "try: start the kiosk again")
	}
	if left, err := os.ReadFile(x.file()); err != nil || string(left) != string(harmed) {
		t.Errorf("the damaged file was changed, %v", err)
	}
}

// tamper changes a line as somebody would who may write the file.
func tamper(t *testing.T, db *store.Store) {
	t.Helper()
	harm(t, db, "DROP TRIGGER journal_no_update", "UPDATE journal SET code = 'other' WHERE seq = 2")
}

func harm(t *testing.T, db *store.Store, statements ...string) {
	t.Helper()
	fatal(t, db.Tx(t.Context(), func(tx *sql.Tx) error {
		for _, s := range statements {
			if _, err := tx.ExecContext(context.Background(), s); err != nil {
				return err
			}
		}
		return nil
	}))
}
