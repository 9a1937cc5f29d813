package outbox

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"golang.org/x/text/encoding/simplifiedchinese"

	"leye/app/envelope"
	"leye/app/terminal/internal/journal"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/store"
)

func aloneTest(t testing.TB) *box {
	return openAlone(t, filepath.Join(t.TempDir(), store.FileName), store.Options{})
}

// exec changes rows as another program, or an intruder, might.
func (b *box) exec(t testing.TB, statement string, args ...any) {
	t.Helper()
	err := b.db.Tx(context.Background(), func(tx *sql.Tx) error {
		_, err := tx.Exec(statement, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (b *box) events(t testing.TB) (names []string) {
	t.Helper()
	err := b.j.Lines(context.Background(), func(l journal.Line) error { names = append(names, l.Event); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestTheTerminalReadsUntilTheVisitIsOver(t *testing.T) {
	b := openTest(t)
	id := b.put(t, "")
	if e := b.get(t, id); !e.Readable || e.CentralKey == "" {
		t.Fatalf("while the visit lasts: %+v", e)
	}
	for range 2 {
		if err := b.Release(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	if e := b.get(t, id); e.Readable || e.CentralKey == "" {
		t.Errorf("after it: %+v", e)
	}
	if got := inside(t, b.leased(t)); !bytes.Equal(got, body(id)) {
		t.Errorf("the central reads %q", got)
	}
	if err := b.Put(t.Context(), kiosk.Application{ID: id}, body(id)); !errors.Is(err, ErrDifferent) {
		t.Errorf("put again, where nobody can compare: %v", err)
	}
	if err := b.Release(t.Context(), kiosk.NewApplicationID()); err != nil {
		t.Errorf("what was never kept: %v", err)
	}
	if got := b.events(t); !slices.Equal(got, []string{"entry.put", "entry.released"}) {
		t.Errorf("journal %v", got)
	}
}

func TestWhatAVisitHeldEndsWithTheProgram(t *testing.T) {
	path := filepath.Join(t.TempDir(), store.FileName)
	b := open(t, path, store.Options{})
	id := b.put(t, "")
	if err := b.db.Close(); err != nil {
		t.Fatal(err)
	}
	again := openAlone(t, path, store.Options{})
	if e := again.get(t, id); e.Readable || e.CentralKey == "" {
		t.Errorf("got %+v", e)
	}
	if key, err := again.Central(t.Context()); err != nil || key != owner(t).Public() {
		t.Errorf("the central's key is %v, %v", key, err)
	}
	if got := inside(t, again.leased(t)); !bytes.Equal(got, body(id)) {
		t.Errorf("the central reads %q", got)
	}
}

// As long as no central's key is known, everything is taken, nothing is sent, and
// the visit's end takes nobody's only key away.
func TestWithoutTheCentralsKeyNothingIsRefused(t *testing.T) {
	b := aloneTest(t)
	gone, here := b.put(t, ""), b.put(t, "")
	if err := b.Release(t.Context(), gone); err != nil {
		t.Fatal(err)
	}
	digest := b.get(t, gone).Digest
	if e := b.get(t, gone); !e.Readable || e.CentralKey != "" {
		t.Errorf("got %+v", e)
	}
	if id := b.lease(t); id != "" {
		t.Error("leased what the central could not open")
	}
	if next, err := b.Next(t.Context()); err != nil || !next.IsZero() {
		t.Errorf("next at %v, %v: the relay would spin", next, err)
	}
	<-b.Wake()
	if err := b.SealTo(t.Context(), owner(t).Public()); err != nil {
		t.Fatal(err)
	}
	select {
	case <-b.Wake():
	default:
		t.Error("the relay is not woken")
	}
	if e := b.get(t, gone); e.Readable || e.CentralKey == "" || e.Digest != digest {
		t.Errorf("a visit that is over: %+v", e)
	}
	if e := b.get(t, here); !e.Readable || e.CentralKey == "" {
		t.Errorf("a visit that lasts: %+v", e)
	}
	for _, id := range []kiosk.ApplicationID{gone, here} {
		if e := b.leased(t); e.ID != id || !bytes.Equal(inside(t, e), body(id)) {
			t.Errorf("sends %s", e.ID)
		}
	}
}

func TestACentralWithoutAKeyGetsTheOpenForm(t *testing.T) {
	b := aloneTest(t)
	id := b.put(t, "")
	<-b.Wake()
	b.SendOpen()
	if next, err := b.Next(t.Context()); err != nil || next.IsZero() {
		t.Errorf("next at %v, %v", next, err)
	}
	<-b.Wake()
	open := envelope.Digest(body(id))
	if e := b.leased(t); !bytes.Equal(e.Body, body(id)) || e.Digest != open || e.CentralKey != "" {
		t.Errorf("leased %+v", e)
	}
	// Once sent so, it stays so: the central may know it by that digest.
	if err := b.SealTo(t.Context(), owner(t).Public()); err != nil {
		t.Fatal(err)
	}
	b.now = b.now.Add(time.Minute)
	if e := b.leased(t); e.Digest != open || e.CentralKey != "" {
		t.Errorf("leased again as %+v", e)
	}
	a := b.ack(t, id)
	if err := b.Accept(t.Context(), id, a); err == nil {
		t.Error("the digest of the sealed body was taken for the open one's")
	}
	a.Digest = open
	if err := b.Accept(t.Context(), id, a); err != nil {
		t.Fatal(err)
	}
	if e := b.get(t, id); e.Ack.Digest == open || e.Digest == open || e.Readable {
		t.Errorf("what can be guessed is kept: %+v", e)
	}
	later := b.put(t, "")
	if e := b.leased(t); e.ID != later || e.CentralKey == "" {
		t.Errorf("after the key is known: %+v", e)
	}
}

func TestWhatDoesNotOpenIsParkedWithItsReason(t *testing.T) {
	for name, tt := range map[string]struct {
		harm   string
		reason kiosk.Reason
	}{
		"suite":  {"UPDATE outbox SET suite = 'leye-sm-1' WHERE id = ?", kiosk.UnknownSuite},
		"schema": {"UPDATE outbox SET schema = 'application-2' WHERE id = ?", kiosk.Unreadable},
		"wrap":   {"UPDATE outbox SET wrap_terminal = zeroblob(60) WHERE id = ?", kiosk.Unreadable},
		"body":   {"UPDATE outbox SET body = zeroblob(60) WHERE id = ?", kiosk.Unreadable},
	} {
		for how, meet := range map[string]func(*box) error{
			"wrapping": func(b *box) error { return b.SealTo(context.Background(), owner(t).Public()) },
			"sending":  func(b *box) error { b.SendOpen(); return nil },
		} {
			b := aloneTest(t)
			harmed, next := b.put(t, ""), b.put(t, "")
			b.exec(t, tt.harm, string(harmed))
			if err := meet(b); err != nil {
				t.Fatal(err)
			}
			if e := b.leased(t); e.ID != next || !bytes.Equal(inside(t, e), body(next)) {
				t.Errorf("%s, %s: it holds up the next", name, how)
			}
			if e := b.get(t, harmed); e.State != kiosk.Parked || e.Reason != tt.reason {
				t.Errorf("%s, %s: %s %s, want %s", name, how, e.State, e.Reason, tt.reason)
			}
			if got := b.events(t); !slices.Contains(got, "entry.parked") {
				t.Errorf("%s, %s: journal %v", name, how, got)
			}
		}
	}
}

// An entry's row exchanged for another's does not open under its own name.
func TestRowsCannotBeExchanged(t *testing.T) {
	b := openTest(t)
	id, other := b.put(t, ""), b.put(t, "")
	b.exec(t, `UPDATE outbox SET body = (SELECT body FROM outbox WHERE id = ?2), wrap_central = (SELECT wrap_central FROM outbox WHERE id = ?2),
		digest = (SELECT digest FROM outbox WHERE id = ?2)
		WHERE id = ?1`, string(id), string(other))
	sealed, err := envelope.Decode(b.leased(t).Body)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := owner(t).Open(sealed); !errors.Is(err, envelope.ErrUnreadable) {
		t.Errorf("the central reads another's application: %v", err)
	}
}

func TestAcceptanceLeavesNoKey(t *testing.T) {
	b := openTest(t)
	id := b.put(t, "k")
	b.lease(t)
	if err := b.Accept(t.Context(), id, b.ack(t, id)); err != nil {
		t.Fatal(err)
	}
	var left int
	err := b.db.View(t.Context(), func(tx *sql.Tx) error {
		return tx.QueryRow(`SELECT count(*) FROM outbox WHERE body IS NOT NULL OR wrap_central IS NOT NULL OR wrap_terminal IS NOT NULL
			OR central_key <> '' OR order_key IS NOT NULL`).Scan(&left)
	})
	if err != nil || left != 0 {
		t.Errorf("%d rows, %v", left, err)
	}
}

// old puts entries as a program before sealing did.
func (b *box) old(t testing.TB, id kiosk.ApplicationID, attempts int, body []byte) {
	t.Helper()
	b.exec(t, `INSERT INTO outbox (id, reference, service, state, attempts, due_at, filed_at, promised_at, changed_at, digest, body)
		VALUES (?, 'PT01-1124-0001-X', 's', 'retry', ?, ?, 0, 0, 0, ?, ?)`, string(id), attempts, b.now.UnixMilli(), envelope.Digest(body), body)
}

func TestWhatAnOlderProgramKeptIsSealed(t *testing.T) {
	path := filepath.Join(t.TempDir(), store.FileName)
	b := open(t, path, store.Options{})
	fresh, tried := kiosk.NewApplicationID(), kiosk.NewApplicationID()
	b.old(t, fresh, 0, body(fresh))
	b.old(t, tried, 1, body(tried))
	if err := b.db.Close(); err != nil {
		t.Fatal(err)
	}
	b = openAlone(t, path, store.Options{})
	if e := b.get(t, fresh); e.Readable || e.CentralKey == "" {
		t.Errorf("never sent: %+v", e)
	}
	if e := b.leased(t); e.ID != fresh || !bytes.Equal(inside(t, e), body(fresh)) {
		t.Errorf("sends %+v", e)
	}
	if e := b.get(t, tried); !e.Readable || e.CentralKey != "" {
		t.Errorf("perhaps sent: %+v", e)
	}
	e := b.leased(t)
	if e.ID != tried || !bytes.Equal(e.Body, body(tried)) || e.Digest != envelope.Digest(body(tried)) {
		t.Errorf("the central would not know it again: %+v", e)
	}
	if err := b.Accept(t.Context(), tried, kiosk.Acknowledgement{ID: tried, Number: "n", Digest: e.Digest}); err != nil {
		t.Error(err)
	}
}

// canaries are personal data as a search of a stolen disk would try them.
func canaries(t testing.TB) map[string][]byte {
	t.Helper()
	found := map[string][]byte{}
	for what, text := range map[string]string{
		"name": "欧阳试样", "number": "310101199203159026", "phone": "13800138000", "address": "样例路八百弄二十三号",
	} {
		gbk, err := simplifiedchinese.GBK.NewEncoder().Bytes([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		found[what+" in UTF-8"] = []byte(text)
		found[what+" in GBK"] = gbk
		var little, big []byte
		for _, u := range utf16.Encode([]rune(text)) {
			little, big = append(little, byte(u), byte(u>>8)), append(big, byte(u>>8), byte(u))
		}
		found[what+" in UTF-16LE"], found[what+" in UTF-16BE"] = little, big
		// Of the three ways in which it can lie in a longer base64 text, what does
		// not depend on its neighbours.
		for skip := range 3 {
			coded := base64.StdEncoding.EncodeToString(append(bytes.Repeat([]byte{'x'}, skip), text...))
			from, to := []int{0, 2, 3}[skip], (skip+len(text))/3*4
			found[what+" in base64 "+"012"[skip:skip+1]] = []byte(coded[from:to])
		}
	}
	return found
}

// search counts which canaries lie in any file of the store's folder.
func search(t testing.TB, dir string, what map[string][]byte) (found []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		for name, canary := range what {
			if bytes.Contains(content, canary) {
				found = append(found, name+" in "+entry.Name())
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// everyCanary is a body with all of them, each as it is.
func everyCanary(what map[string][]byte) []byte {
	var all []byte
	for _, canary := range what {
		all = append(append(all, canary...), '\n')
	}
	return all
}

func TestNothingPersonalLiesInTheFolder(t *testing.T) {
	b := openTest(t)
	dir, what := filepath.Dir(b.db.Path()), canaries(t)
	app := kiosk.Application{ID: kiosk.NewApplicationID(), OrderKey: b.OrderKey("310101199203159026", "s")}
	look := func(when string) {
		t.Helper()
		if found := search(t, dir, what); len(found) != 0 {
			t.Errorf("%s: %v", when, found)
		}
	}
	if err := b.Put(t.Context(), app, everyCanary(what)); err != nil {
		t.Fatal(err)
	}
	look("after Put")
	if got := inside(t, b.leased(t)); len(search(t, write(t, got), what)) != len(what) {
		t.Fatal("control: the canaries were never inside")
	}
	look("after Lease")
	if err := errors.Join(b.Retry(t.Context(), app.ID, b.now, "timeout"), b.Release(t.Context(), app.ID)); err != nil {
		t.Fatal(err)
	}
	look("after Release")
	if err := b.Accept(t.Context(), app.ID, b.ack(t, app.ID)); err != nil {
		t.Fatal(err)
	}
	look("after Accept")
	if err := b.Tidy(t.Context()); err != nil {
		t.Fatal(err)
	}
	look("after Tidy")
	if files, err := os.ReadDir(dir); err != nil || len(files) < 3 {
		t.Errorf("only looked at %v, %v", files, err)
	}
}

// The control: a body that lies open is found, every canary of it, in the log and
// in the file; and when the next start has sealed it, none.
func TestControlOpenBodiesAreFoundUntilTheyAreSealed(t *testing.T) {
	path := filepath.Join(t.TempDir(), store.FileName)
	b := open(t, path, store.Options{})
	what := canaries(t)
	b.old(t, kiosk.NewApplicationID(), 0, everyCanary(what))
	if found := search(t, filepath.Dir(path), what); len(found) != len(what) {
		t.Errorf("found %d of %d in the log", len(found), len(what))
	}
	if err := b.db.Close(); err != nil {
		t.Fatal(err)
	}
	if found := search(t, filepath.Dir(path), what); len(found) != len(what) || strings.Contains(found[0], "-wal") {
		t.Errorf("found %d of %d in the file", len(found), len(what))
	}
	openAlone(t, path, store.Options{})
	if found := search(t, filepath.Dir(path), what); len(found) != 0 {
		t.Errorf("after the start that seals them: %v", found)
	}
}

func write(t *testing.T, content []byte) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "body"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// After acceptance and a quiet moment not even the sealed body is left.
func TestTidyLeavesNothingOfTheBody(t *testing.T) {
	b := openTest(t)
	id := b.put(t, "")
	sealed, err := envelope.Decode(b.leased(t).Body)
	if err != nil {
		t.Fatal(err)
	}
	what := map[string][]byte{"body": sealed.Body, "wrap": sealed.Wrap}
	dir := filepath.Dir(b.db.Path())
	if found := search(t, dir, what); len(found) < 2 {
		t.Fatalf("control: %v", found)
	}
	if err := errors.Join(b.Accept(t.Context(), id, b.ack(t, id)), b.Tidy(t.Context())); err != nil {
		t.Fatal(err)
	}
	if found := search(t, dir, what); len(found) != 0 {
		t.Errorf("left: %v", found)
	}
}
