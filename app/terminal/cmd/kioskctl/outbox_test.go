package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"leye/app/terminal/internal/journal"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/outbox"
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
	queue, err := outbox.New(x.t.Context(), db, outbox.Options{Terminal: "PT01", Journal: journal.New(db, journal.Options{})})
	fatal(x.t, err)
	f(db, queue)
	fatal(x.t, db.Close())
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

func (x terminal) park(e outbox.Entry) {
	x.t.Helper()
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
	shown.want(t, exitOK, `"answers": null`)
	if strings.Contains(all.out+shown.out, "483920") {
		t.Error("the query code of a slip is shown")
	}
}

func TestOutboxShowMasksAndPutsALookOnRecord(t *testing.T) {
	x := newTerminal(t, "")
	e := x.put("document-reprint", answered)
	r := call(t, "outbox", "show", strings.ToLower(string(e.Reference)), "--config", x.config)
	r.want(t, exitOK, "promised", `"李*样"`, `"3101*************6"`, `"sh-city"`)
	for _, secret := range []string{"李样样", "310101199001010016", "样例路", "秘密", `answer sex  "1"`} {
		if strings.Contains(r.out, secret) {
			t.Errorf("%q is shown unasked: %s", secret, r)
		}
	}
	before := x.events()
	r = call(t, "outbox", "show", string(e.Reference), "--show", "--json", "--config", x.config)
	var d document
	if err := json.Unmarshal([]byte(r.out), &d); err != nil || d.Answers["name"].Text() != "李样样" || d.Reference != e.Reference {
		t.Errorf("%v: %s", err, r)
	}
	if after := x.events(); len(after) != len(before)+1 || after[len(after)-1] != "entry.shown" {
		t.Errorf("journal before %v, after %v", before, after)
	}
	other, err := kiosk.NewReference("PT01", time.Now(), 99)
	fatal(t, err)
	call(t, "outbox", "show", string(other), "--config", x.config).want(t, exitNotReady, "there is none with the reference", "try: kioskctl outbox list --all")
	odd := x.put("document-reprint", "no JSON 李样样")
	r = call(t, "outbox", "show", string(odd.Reference), "--config", x.config)
	r.want(t, exitFailed, "the body is no application")
	if strings.Contains(r.err, "李") {
		t.Errorf("the error names a person: %s", r)
	}
}

func TestAuthorOfATipOffIsNeverShown(t *testing.T) {
	x := newTerminal(t, "")
	e := x.put("inspection-report", `{"answers":{"name":"王试例","mobile":"13800000000","matter":["wage"],"anon":false,"resp_name":"样例公司","nowhere":"秘密"}}`)
	for _, flags := range [][]string{nil, {"--show"}} {
		args := append([]string{"outbox", "show", string(e.Reference), "--config", x.config}, flags...)
		r := call(t, args...)
		r.want(t, exitOK, `["wage"]`)
		for _, secret := range []string{"王", "138", "秘密"} {
			if strings.Contains(r.out, secret) {
				t.Errorf("%v shows %q: %s", flags, secret, r)
			}
		}
	}
}

func TestDamagedStateFile(t *testing.T) {
	x := newTerminal(t, "")
	x.put("document-reprint", answered)
	harmed := []byte(strings.Repeat("hello ", 1000))
	fatal(t, os.WriteFile(x.file(), harmed, 0o600))
	for _, command := range []string{"outbox list", "journal verify"} {
		r := call(t, append(strings.Fields(command), "--config", x.config)...)
		r.want(t, exitFailed, "the state file is damaged", "try: take the terminal out of use")
	}
	if left, err := os.ReadFile(x.file()); err != nil || string(left) != string(harmed) {
		t.Errorf("the damaged file was changed, %v", err)
	}
}

func TestJournalVerify(t *testing.T) {
	x := newTerminal(t, "")
	x.put("document-reprint", answered)
	r := call(t, "journal", "verify", "--config", x.config)
	r.want(t, exitOK, "ok, lines: 1\nhead: 1:")
	_, head, _ := strings.Cut(strings.TrimSpace(r.out), "head: ")
	x.park(x.put("document-reprint", answered))
	call(t, "journal", "verify", "--config", x.config, "--known", head).want(t, exitOK, "ok, lines: 4")
	far := "77" + head[1:]
	call(t, "journal", "verify", "--config", x.config, "--known", far).want(t, exitFailed, "cut off, line 77 was known")
	x.with(func(db *store.Store, _ *outbox.Outbox) { tamper(t, db) })
	call(t, "journal", "verify", "--config", x.config).want(t, exitFailed, "error: verify journal: journal broken at line 2: its content does not fit its hash")
}

// tamper changes a line as somebody would who may write the file.
func tamper(t *testing.T, db *store.Store) {
	t.Helper()
	fatal(t, db.Tx(t.Context(), func(tx *sql.Tx) error {
		for _, s := range []string{"DROP TRIGGER journal_no_update", "UPDATE journal SET code = 'other' WHERE seq = 2"} {
			if _, err := tx.ExecContext(context.Background(), s); err != nil {
				return err
			}
		}
		return nil
	}))
}
