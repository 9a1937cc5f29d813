package outbox

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"leye/app/envelope"
	"leye/app/terminal/internal/journal"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/seal"
	"leye/app/terminal/internal/store"
)

// box is an outbox with a clock that stands still until it is moved.
type box struct {
	*Outbox
	db  *store.Store
	j   *journal.Journal
	now time.Time
}

// owner is a central's private key that only these tests have.
func owner(t testing.TB) *envelope.PrivateKey {
	t.Helper()
	key, err := envelope.ParsePrivateKey([]byte("-----BEGIN PRIVATE KEY-----\n" +
		"MC4CAQAwBQYDK2VuBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n-----END PRIVATE KEY-----\n"))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

var start = time.Date(2026, 11, 24, 9, 0, 0, 0, kiosk.China)

// open gives an outbox that seals to the key of owner.
func open(t testing.TB, path string, opt store.Options) *box {
	t.Helper()
	b := openAlone(t, path, opt)
	if err := b.SealTo(context.Background(), owner(t).Public()); err != nil {
		t.Fatal(err)
	}
	return b
}

// openAlone gives one that was not told a central's key.
func openAlone(t testing.TB, path string, opt store.Options) *box {
	t.Helper()
	db, err := store.Open(context.Background(), path, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	b := &box{db: db, j: journal.New(db, journal.Options{}), now: start}
	key, err := seal.OpenKey(filepath.Dir(path), seal.Options{Keep: seal.File})
	if err != nil {
		t.Fatal(err)
	}
	b.Outbox, err = New(context.Background(), db, Options{Terminal: "PT01", Seal: seal.New(key), Journal: b.j, Now: func() time.Time { return b.now }})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func openTest(t testing.TB) *box {
	return open(t, filepath.Join(t.TempDir(), store.FileName), store.Options{})
}

func (b *box) put(t testing.TB, order string) kiosk.ApplicationID {
	t.Helper()
	app := kiosk.Application{ID: kiosk.NewApplicationID(), Service: "flexible-registration", FiledAt: b.now, OrderKey: order}
	if err := b.Put(context.Background(), app, body(app.ID)); err != nil {
		t.Fatal(err)
	}
	b.now = b.now.Add(time.Millisecond)
	return app.ID
}

func body(id kiosk.ApplicationID) []byte { return fmt.Appendf(nil, `{"id":%q}`, id) }

func (b *box) lease(t testing.TB) kiosk.ApplicationID {
	t.Helper()
	e, ok, err := b.Lease(context.Background(), b.now, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if !ok {
		return ""
	}
	return e.ID
}

func (b *box) get(t testing.TB, id kiosk.ApplicationID) Entry {
	t.Helper()
	e, err := b.Get(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func (b *box) ack(t testing.TB, id kiosk.ApplicationID) kiosk.Acknowledgement {
	t.Helper()
	return kiosk.Acknowledgement{ID: id, Number: "310107-FR-261124-000001-6", QueryCode: "402913", Digest: b.get(t, id).Digest, AcceptedAt: start}
}

// inside is what the central finds in a leased entry.
func inside(t testing.TB, e Entry) []byte {
	t.Helper()
	if e.CentralKey == "" {
		return e.Body
	}
	sealed, err := envelope.Decode(e.Body)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := owner(t).Open(sealed)
	if err != nil {
		t.Fatal(err)
	}
	if sealed.ID != string(e.ID) || envelope.Digest(sealed.Body) != e.Digest {
		t.Errorf("entry %s holds the envelope of %s, digest %s", e.ID, sealed.ID, e.Digest)
	}
	return plain
}

// leased takes the next entry whole.
func (b *box) leased(t testing.TB) Entry {
	t.Helper()
	e, ok, err := b.Lease(context.Background(), b.now, time.Minute)
	if err != nil || !ok {
		t.Fatalf("lease: %v, %v", ok, err)
	}
	return e
}

func TestPutKeepsTheBytesAcrossARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), store.FileName)
	b := open(t, path, store.Options{})
	id := b.put(t, "")
	if err := b.db.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, path, store.Options{})
	e := again.get(t, id)
	if e.Body != nil || e.State != kiosk.Pending || !e.FiledAt.Equal(start) {
		t.Errorf("got %+v", e)
	}
	if got := inside(t, again.leased(t)); !bytes.Equal(got, body(id)) {
		t.Errorf("sends %q", got)
	}
	if !e.PromisedAt.Equal(start.Add(24 * time.Hour)) {
		t.Errorf("promised at %s", e.PromisedAt)
	}
}

func TestPutAgain(t *testing.T) {
	b := openTest(t)
	app := kiosk.Application{ID: kiosk.NewApplicationID(), Service: "s"}
	for range 3 {
		if err := b.Put(t.Context(), app, body(app.ID)); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Put(t.Context(), app, []byte("other")); !errors.Is(err, ErrDifferent) {
		t.Errorf("another body: %v", err)
	}
	c, err := b.Count(t.Context())
	if err != nil || c.Pending != 1 {
		t.Errorf("count %+v, %v", c, err)
	}
	if head, err := b.j.Head(t.Context()); err != nil || head.Seq != 1 {
		t.Errorf("%d journal lines, %v; want 1", head.Seq, err)
	}
	b.lease(t)
	if err := b.Accept(t.Context(), app.ID, b.ack(t, app.ID)); err != nil {
		t.Fatal(err)
	}
	if err := b.Put(t.Context(), app, body(app.ID)); err != nil {
		t.Errorf("the same again after acceptance: %v", err)
	}
	if e := b.get(t, app.ID); e.State != kiosk.Accepted {
		t.Errorf("state %s", e.State)
	}
}

func TestPutRefusesAStrangeKey(t *testing.T) {
	b := openTest(t)
	if err := b.Put(t.Context(), kiosk.Application{ID: "310101199203159026"}, nil); err == nil {
		t.Error("taken")
	}
}

func TestFileGivesReferencesInTurn(t *testing.T) {
	b := openTest(t)
	render := func(a kiosk.Application) ([]byte, error) { return []byte(a.Reference), nil }
	file := func(app kiosk.Application) Entry {
		e, err := b.File(t.Context(), app, render)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	first := kiosk.Application{ID: kiosk.NewApplicationID(), FiledAt: start}
	want := []kiosk.Reference{must(kiosk.NewReference("PT01", start, 1)), must(kiosk.NewReference("PT01", start, 2))}
	if e := file(first); e.Reference != want[0] {
		t.Errorf("got %s, want %s", e.Reference, want[0])
	}
	if e := file(first); e.Reference != want[0] {
		t.Errorf("the same application again got %s", e.Reference)
	}
	second := kiosk.Application{ID: kiosk.NewApplicationID(), FiledAt: start}
	broken := errors.New("no body")
	if _, err := b.File(t.Context(), second, func(kiosk.Application) ([]byte, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Fatalf("got %v", err)
	}
	e := file(second)
	if e.Reference != want[1] {
		t.Errorf("got %s, want %s: a failed filing must not use up a number", e.Reference, want[1])
	}
	b.lease(t)
	if got := inside(t, b.leased(t)); string(got) != string(e.Reference) {
		t.Errorf("the body names %s", got)
	}
	next := kiosk.Application{ID: kiosk.NewApplicationID(), FiledAt: start.AddDate(0, 0, 1)}
	if e := file(next); e.Reference != must(kiosk.NewReference("PT01", start.AddDate(0, 0, 1), 1)) {
		t.Errorf("the next day begins with %s", e.Reference)
	}
	year := kiosk.Application{ID: kiosk.NewApplicationID(), FiledAt: start.AddDate(1, 0, 0)}
	if e := file(year); e.Reference != must(kiosk.NewReference("PT01", start, 3)) {
		t.Errorf("the same day a year later gives %s", e.Reference)
	}
}

// After a start what lay there waits, what is handed in goes at once.
func TestHeldEntriesLetNewOnesPass(t *testing.T) {
	b := openTest(t)
	old := []kiosk.ApplicationID{b.put(t, ""), b.put(t, "brothers")}
	b.Hold(b.now.Add(20 * time.Second))
	next := func() time.Duration {
		t.Helper()
		at, err := b.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return at.Sub(b.now)
	}
	if id := b.lease(t); id != "" || next() != 20*time.Second {
		t.Fatalf("%s went, the next in %v", id, next())
	}
	younger, fresh := b.put(t, "brothers"), b.put(t, "")
	if got := next(); got > 0 {
		t.Errorf("the next in %v", got)
	}
	if id := b.lease(t); id != fresh {
		t.Errorf("%s went", id)
	}
	if id := b.lease(t); id != "" {
		t.Errorf("%s went before its turn", id)
	}
	b.now = b.now.Add(20 * time.Second)
	for _, want := range old {
		if id := b.lease(t); id != want {
			t.Errorf("%s went, want %s", id, want)
		}
	}
	b.Hold(b.now.Add(20 * time.Second))
	b.now = b.now.Add(-24 * time.Hour)
	if err := b.Accept(t.Context(), old[1], b.ack(t, old[1])); err != nil {
		t.Fatal(err)
	}
	if id := b.lease(t); id != younger && id != old[0] {
		t.Errorf("%q went: the hold outlives a clock that was set back", id)
	}
}

// The newest entry carries the count of its day. It may go, be one that came with
// its reference, or be of a day before, and the program may begin anew.
func TestNoReferenceComesTwice(t *testing.T) {
	path := filepath.Join(t.TempDir(), store.FileName)
	b := open(t, path, store.Options{})
	seen := map[kiosk.Reference]bool{}
	file := func(app kiosk.Application, want int) {
		t.Helper()
		app.ID = kiosk.NewApplicationID()
		e, err := b.File(t.Context(), app, func(kiosk.Application) ([]byte, error) { return body(app.ID), nil })
		if err != nil {
			t.Fatal(err)
		}
		if _, n, _ := e.Reference.Serial(); n != want || seen[e.Reference] {
			t.Errorf("got %s, seen %t, want serial %d", e.Reference, seen[e.Reference], want)
		}
		seen[e.Reference] = true
	}
	again := func() {
		t.Helper()
		if err := b.db.Close(); err != nil {
			t.Fatal(err)
		}
		b = open(t, path, store.Options{})
	}
	today, tomorrow := kiosk.Application{FiledAt: start}, kiosk.Application{FiledAt: start.AddDate(0, 0, 1)}
	for n := range 3 {
		file(today, n+1)
		again()
	}
	file(tomorrow, 1)
	file(today, 4) // the clock was set back
	again()
	file(tomorrow, 2)
	given := today
	given.Reference = must(kiosk.NewReference("PT01", start, 77))
	file(given, 77)
	file(today, 78)
	given.Reference = "by hand"
	if _, err := b.File(t.Context(), kiosk.Application{ID: kiosk.NewApplicationID(), FiledAt: start, Reference: given.Reference},
		func(kiosk.Application) ([]byte, error) { return nil, nil }); err != nil {
		t.Fatal(err)
	}
	again()
	file(today, 79)
	b.exec(t, "UPDATE outbox SET state = 'accepted', due_at = NULL, ack = '{}', body = NULL, wrap_central = NULL, wrap_terminal = NULL, central_key = ''")
	if n, err := b.Purge(t.Context(), b.now.AddDate(0, 0, 1)); err != nil || n != 10 {
		t.Fatalf("purged %d, %v", n, err)
	}
	file(today, 80)
	again()
	file(tomorrow, 3)
}

// The commit may have succeeded though an error came back; the resident then files
// once more, some seconds later.
func TestASecondAttemptIsTheSameApplication(t *testing.T) {
	b := openTest(t)
	render := func(a kiosk.Application) ([]byte, error) {
		return json.Marshal([]any{a.ID, a.Reference, a.FiledAt, a.Answers})
	}
	app := kiosk.Application{ID: kiosk.NewApplicationID(), FiledAt: start.Add(123456 * time.Nanosecond), Answers: []byte(`{"a":1}`)}
	first, err := b.File(t.Context(), app, render)
	if err != nil {
		t.Fatal(err)
	}
	app.FiledAt = start.Add(7 * time.Second)
	if again, err := b.File(t.Context(), app, render); err != nil || again.Reference != first.Reference || !again.FiledAt.Equal(first.FiledAt) {
		t.Errorf("later: %+v, %v", again, err)
	}
	app.Answers = []byte(`{"a":2}`)
	if _, err := b.File(t.Context(), app, render); !errors.Is(err, ErrDifferent) {
		t.Errorf("with other answers: %v", err)
	}
}

func must(r kiosk.Reference, err error) kiosk.Reference {
	if err != nil {
		panic(err)
	}
	return r
}

func TestLeaseIsWrittenBeforeTheCallAndRunsOut(t *testing.T) {
	b := openTest(t)
	id := b.put(t, "")
	e, ok, err := b.Lease(t.Context(), b.now, time.Minute)
	if err != nil || !ok || e.ID != id || e.Attempts != 1 || e.State != kiosk.InFlight || !bytes.Equal(inside(t, e), body(id)) {
		t.Fatalf("got %+v, %v, %v", e, ok, err)
	}
	if got := b.get(t, id); got.State != kiosk.InFlight {
		t.Errorf("kept as %s", got.State)
	}
	if other := b.lease(t); other != "" {
		t.Errorf("leased twice")
	}
	b.now = b.now.Add(time.Minute)
	if again := b.lease(t); again != id {
		t.Errorf("not leased after the lease ran out")
	}
	if got := b.get(t, id); got.Attempts != 2 {
		t.Errorf("%d attempts", got.Attempts)
	}
}

func TestLeaseTakesTheLongestDueFirst(t *testing.T) {
	b := openTest(t)
	a, c := b.put(t, ""), b.put(t, "")
	if got := b.lease(t); got != a {
		t.Fatalf("not the oldest first")
	}
	if err := b.Retry(t.Context(), a, b.now.Add(time.Second), "timeout"); err != nil {
		t.Fatal(err)
	}
	if got := b.lease(t); got != c {
		t.Errorf("an entry that must wait holds up the next")
	}
	if got := b.lease(t); got != "" {
		t.Errorf("leased before it was due")
	}
	b.now = b.now.Add(time.Second)
	if got := b.lease(t); got != a {
		t.Errorf("not leased when due")
	}
}

func TestOrderIsKeptPerPersonAndMatterOnly(t *testing.T) {
	b := openTest(t)
	first, second, other := b.put(t, "x"), b.put(t, "x"), b.put(t, "y")
	if got := b.lease(t); got != first {
		t.Fatal("not the first")
	}
	if err := b.Retry(t.Context(), first, b.now.Add(time.Minute), "http_500"); err != nil {
		t.Fatal(err)
	}
	if got := b.lease(t); got != other {
		t.Error("another person's entry is held up")
	}
	if got := b.lease(t); got != "" {
		t.Error("the second of the same matter overtook the first")
	}
	next, err := b.Next(t.Context())
	if err != nil || !next.Equal(b.now.Add(time.Minute).Truncate(time.Millisecond)) {
		t.Errorf("next at %s, %v: must be the first's time, not the second's", next, err)
	}
	if err := b.Park(t.Context(), first, kiosk.Conflict); err != nil {
		t.Fatal(err)
	}
	if got := b.lease(t); got != second {
		t.Error("a parked entry blocks the one behind it")
	}
}

func TestAcceptKeepsTheWordAndDeletesTheBody(t *testing.T) {
	b := openTest(t)
	id := b.put(t, "k")
	b.lease(t)
	if err := b.Accept(t.Context(), id, b.ack(t, id)); err != nil {
		t.Fatal(err)
	}
	e := b.get(t, id)
	if e.State != kiosk.Accepted || e.Readable || e.CentralKey != "" || e.Ack == nil || e.Ack.Number != b.ack(t, id).Number ||
		e.Ack.QueryCode != b.ack(t, id).QueryCode || !e.Ack.AcceptedAt.Equal(start) {
		t.Errorf("got %+v", e)
	}
	second := b.ack(t, id)
	second.Number = "other"
	if err := b.Accept(t.Context(), id, second); err != nil {
		t.Fatal(err)
	}
	if e := b.get(t, id); e.Ack.Number != b.ack(t, id).Number {
		t.Error("the first acknowledgement was replaced")
	}
	var order sql.NullString
	err := b.db.View(t.Context(), func(tx *sql.Tx) error {
		return tx.QueryRow("SELECT order_key FROM outbox").Scan(&order)
	})
	if err != nil || order.Valid {
		t.Errorf("the order key is still there: %v", err)
	}
}

func TestAcceptRefusesWhatDoesNotFit(t *testing.T) {
	b := openTest(t)
	id := b.put(t, "")
	b.lease(t)
	for name, harm := range map[string]func(*kiosk.Acknowledgement){
		"key":    func(a *kiosk.Acknowledgement) { a.ID = kiosk.NewApplicationID() },
		"digest": func(a *kiosk.Acknowledgement) { a.Digest = envelope.Digest(nil) },
		"number": func(a *kiosk.Acknowledgement) { a.Number = "" },
	} {
		a := b.ack(t, id)
		harm(&a)
		if err := b.Accept(t.Context(), id, a); err == nil {
			t.Errorf("wrong %s: accepted", name)
		}
	}
	if e := b.get(t, id); e.State != kiosk.InFlight || e.CentralKey == "" {
		t.Errorf("got %+v", e)
	}
}

func TestFinalEntriesStayFinal(t *testing.T) {
	b := openTest(t)
	parked, accepted := b.put(t, ""), b.put(t, "")
	if err := b.Park(t.Context(), parked, kiosk.RefusedInvalid); err != nil {
		t.Fatal(err)
	}
	if err := b.Accept(t.Context(), accepted, b.ack(t, accepted)); err != nil {
		t.Fatal(err)
	}
	for _, id := range []kiosk.ApplicationID{parked, accepted} {
		if err := b.Retry(t.Context(), id, b.now, "x"); !errors.Is(err, ErrFinal) {
			t.Errorf("retry: %v", err)
		}
		if err := b.Park(t.Context(), id, kiosk.Gone); !errors.Is(err, ErrFinal) {
			t.Errorf("park: %v", err)
		}
	}
	if e := b.get(t, parked); e.Reason != kiosk.RefusedInvalid || e.CentralKey == "" {
		t.Errorf("parked as %+v", e)
	}
	j := journal.New(b.db, journal.Options{})
	if err := Unpark(t.Context(), b.db, j, b.now, parked); err != nil {
		t.Fatal(err)
	}
	if got := b.lease(t); got != parked {
		t.Error("not back in the queue")
	}
	if err := Unpark(t.Context(), b.db, j, b.now, accepted); !errors.Is(err, ErrNotParked) {
		t.Errorf("an accepted entry was put back: %v", err)
	}
}

func TestUnknownEntries(t *testing.T) {
	b := openTest(t)
	id := kiosk.NewApplicationID()
	_, get := b.Get(t.Context(), id)
	_, watch := b.Watch(t.Context(), id)
	for name, err := range map[string]error{
		"get": get, "watch": watch, "accept": b.Accept(t.Context(), id, kiosk.Acknowledgement{ID: id}),
		"retry": b.Retry(t.Context(), id, b.now, ""), "park": b.Park(t.Context(), id, kiosk.Gone),
	} {
		if !errors.Is(err, ErrUnknown) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestClockSetBackHoldsNothingUp(t *testing.T) {
	b := openTest(t)
	id := b.put(t, "")
	b.now = b.now.AddDate(-10, 0, 0)
	if next, err := b.Next(t.Context()); err != nil || next.After(b.now) {
		t.Errorf("next at %s, %v", next, err)
	}
	if got := b.lease(t); got != id {
		t.Error("not leased")
	}
}

// TestJumpsOfTheClock has one entry accepted, one waiting for its next try and one
// filed while the machine's clock was wrong: nothing may be lost, held up, purged
// early or forgotten. The control goes by the machine's clock.
func TestJumpsOfTheClock(t *testing.T) {
	const keep = 30 // days
	early := 0
	for name, wrong := range map[string]time.Time{
		"a day back":       start.AddDate(0, 0, -1),
		"a day ahead":      start.AddDate(0, 0, 1),
		"ten years ahead":  start.AddDate(10, 0, 0),
		"1970":             time.Unix(0, 0),
		"half an hour off": start.Add(-30 * time.Minute),
		"leap second":      start.Add(-time.Second), // the second that comes twice
		"leap day":         time.Date(2028, 2, 29, 12, 0, 0, 0, kiosk.China),
	} {
		b := openTest(t)
		accepted := b.put(t, "")
		if err := b.Accept(t.Context(), accepted, b.ack(t, accepted)); err != nil {
			t.Fatal(err)
		}
		waiting := b.put(t, "")
		b.lease(t)
		if err := b.Retry(t.Context(), waiting, b.now.Add(5*time.Minute), "timeout"); err != nil {
			t.Fatal(err)
		}

		b.now = wrong
		filed := b.put(t, "")
		next, err := b.Next(t.Context())
		if err != nil || next.IsZero() || next.After(b.now.Add(horizon)) {
			t.Errorf("%s: the next entry is due at %v, %v", name, next, err)
		}
		b.now = b.now.Add(horizon)
		if got := []kiosk.ApplicationID{b.lease(t), b.lease(t)}; !slices.Contains(got, waiting) || !slices.Contains(got, filed) {
			t.Errorf("%s: leased %v", name, got)
		}
		if n, err := b.Purge(t.Context(), start.Add(time.Hour).AddDate(0, 0, -keep)); n != 0 || err != nil {
			t.Errorf("%s: purged %d, %v", name, n, err)
		}
		if n, err := b.Purge(t.Context(), b.now.AddDate(0, 0, -keep)); err != nil {
			t.Error(err)
		} else if n > 0 {
			early++
			continue // what the control lost cannot be looked at
		}

		b.now = start.Add(49 * time.Hour) // set right; a day was promised, and one may be added
		count, err := b.Count(t.Context())
		if err != nil || count.Accepted != 1 || count.InFlight != 2 || count.Late != 2 {
			t.Errorf("%s: %+v, %v", name, count, err)
		}
		if late, err := b.List(t.Context(), Filter{LateAt: b.now}); err != nil || len(late) != 2 || !late[0].Late(b.now) || !late[1].Late(b.now) {
			t.Errorf("%s: %d are late, %v", name, len(late), err)
		}
	}
	if early == 0 {
		t.Error("the control purged nothing early: this proves nothing")
	}
	t.Logf("purged early 0; by the machine's clock at %d of 7 jumps", early)
}

// What was accepted while the clock was wrong grows old by the central's time.
func TestPurgeGoesByTheCentralsTime(t *testing.T) {
	for name, at := range map[string]time.Time{"1970": time.Unix(0, 0), "ten years ahead": start.AddDate(10, 0, 0)} {
		b := openTest(t)
		b.now = at
		id := b.put(t, "")
		if err := b.Accept(t.Context(), id, b.ack(t, id)); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			before time.Time
			want   int64
		}{{start, 0}, {start.Add(time.Second), 1}} {
			if n, err := b.Purge(t.Context(), c.before); n != c.want || err != nil {
				t.Errorf("%s: what was accepted before %v: purged %d, %v", name, c.before, n, err)
			}
		}
	}
}

func TestWatchTellsEachState(t *testing.T) {
	b := openTest(t)
	id := b.put(t, "")
	ctx, cancel := context.WithCancel(t.Context())
	c, err := b.Watch(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	steps := []struct {
		do   func() error
		want kiosk.State
	}{
		{func() error { return nil }, kiosk.Pending},
		{func() error { b.lease(t); return nil }, kiosk.InFlight},
		{func() error { return b.Retry(ctx, id, b.now, "timeout") }, kiosk.Retry},
		{func() error { b.lease(t); return b.Accept(ctx, id, b.ack(t, id)) }, kiosk.Accepted},
	}
	for _, s := range steps {
		if err := s.do(); err != nil {
			t.Fatal(err)
		}
		if e := <-c; e.State != s.want || e.Body != nil {
			t.Errorf("told %s, want %s", e.State, s.want)
		}
	}
	cancel()
	if _, more := <-c; more {
		t.Error("not closed")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.watchers) != 0 {
		t.Error("a watcher is left behind")
	}
}

func TestWakeComesWithEachPut(t *testing.T) {
	b := openTest(t)
	b.put(t, "")
	b.put(t, "")
	select {
	case <-b.Wake():
	default:
		t.Error("no token")
	}
}

func TestListAndCount(t *testing.T) {
	b := openTest(t)
	a, p, w := b.put(t, ""), b.put(t, ""), b.put(t, "")
	if err := errors.Join(b.Accept(t.Context(), a, b.ack(t, a)), b.Park(t.Context(), p, kiosk.Gone)); err != nil {
		t.Fatal(err)
	}
	b.now = b.now.Add(25 * time.Hour)
	for name, c := range map[string]struct {
		f    Filter
		want []kiosk.ApplicationID
	}{
		"all":     {Filter{}, []kiosk.ApplicationID{a, p, w}},
		"one":     {Filter{Limit: 1}, []kiosk.ApplicationID{a}},
		"pending": {Filter{States: []kiosk.State{kiosk.Pending}}, []kiosk.ApplicationID{w}},
		"two":     {Filter{States: []kiosk.State{kiosk.Pending, kiosk.Accepted}}, []kiosk.ApplicationID{a, w}},
		"late":    {Filter{LateAt: b.now}, []kiosk.ApplicationID{p, w}},
		"by name": {Filter{Reference: b.get(t, p).Reference}, []kiosk.ApplicationID{p}},
		"nobody":  {Filter{Reference: "PT01-0101-9999-2"}, nil},
	} {
		list, err := b.List(t.Context(), c.f)
		if err != nil {
			t.Fatal(err)
		}
		var got []kiosk.ApplicationID
		for _, e := range list {
			got = append(got, e.ID)
			if e.Body != nil {
				t.Errorf("%s: a body in the list", name)
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
	count, err := b.Count(t.Context())
	want := Count{Pending: 1, Accepted: 1, Parked: 1, Late: 2, Oldest: b.get(t, w).FiledAt}
	if err != nil || !count.Oldest.Equal(want.Oldest) || count.Late != 2 || count.Waiting() != 1 || count.Parked != 1 {
		t.Errorf("got %+v, %v", count, err)
	}
}

func TestPurgeTakesOldAcceptedEntriesOnly(t *testing.T) {
	b := openTest(t)
	old := b.put(t, "")
	waiting := b.put(t, "")
	if err := b.Accept(t.Context(), old, b.ack(t, old)); err != nil {
		t.Fatal(err)
	}
	b.now = b.now.AddDate(0, 0, 30)
	young := b.put(t, "")
	ack := b.ack(t, young)
	ack.AcceptedAt = b.now
	if err := b.Accept(t.Context(), young, ack); err != nil {
		t.Fatal(err)
	}
	if n, err := b.Purge(t.Context(), b.now.AddDate(0, 0, -1)); err != nil || n != 1 {
		t.Errorf("purged %d, %v", n, err)
	}
	b.get(t, waiting)
	b.get(t, young)
}

func TestOrderKeyDoesNotShowThePerson(t *testing.T) {
	path := filepath.Join(t.TempDir(), store.FileName)
	b := open(t, path, store.Options{})
	people := []string{"310101199203159026", "310104198802299017", "31010119900101001X"}
	keys := func(b *box) (k string) {
		for _, p := range people {
			k += b.OrderKey(p, "flexible-registration")
		}
		return k
	}
	key := keys(b)
	if len(key) != 4*len(people) {
		t.Errorf("keys %s are so long that they name a person", key)
	}
	if key == keys(openTest(t)) {
		t.Error("two terminals make the same keys")
	}
	b.db.Close()
	if key != keys(open(t, path, store.Options{})) {
		t.Error("the key changes with a restart")
	}
}

func TestFullFileKeepsNothingHalf(t *testing.T) {
	b := open(t, filepath.Join(t.TempDir(), store.FileName), store.Options{MaxBytes: 528 << 10})
	big := bytes.Repeat([]byte{'x'}, 30<<10)
	kept := 0
	var err error
	for err == nil && kept < 1000 {
		err = b.Put(t.Context(), kiosk.Application{ID: kiosk.NewApplicationID(), FiledAt: start}, big)
		if err == nil {
			kept++
		}
	}
	if !errors.Is(err, store.ErrFull) {
		t.Fatalf("got %v, want ErrFull", err)
	}
	list, err := b.List(t.Context(), Filter{})
	if err != nil || len(list) != kept {
		t.Errorf("%d entries for %d kept, %v", len(list), kept, err)
	}
	head, err := b.j.Verify(t.Context(), journal.Head{})
	if err != nil || head.Seq != int64(kept) {
		t.Errorf("journal %+v, %v; want %d lines", head, err, kept)
	}
	// The relay must be able to make room.
	e, ok, err := b.Lease(t.Context(), b.now, time.Minute)
	if err != nil || !ok {
		t.Fatalf("lease on a full file: %v, %v", ok, err)
	}
	a := kiosk.Acknowledgement{ID: e.ID, Number: "n", Digest: e.Digest}
	if err := b.Accept(t.Context(), e.ID, a); err != nil {
		t.Fatalf("accept on a full file: %v", err)
	}
	if err := b.Put(t.Context(), kiosk.Application{ID: kiosk.NewApplicationID(), FiledAt: start}, big); err != nil {
		t.Errorf("after room was made: %v", err)
	}
}

func TestReaderLooksAtAStoreOpenForReadingOnly(t *testing.T) {
	b := openTest(t)
	id := b.put(t, "")
	db, err := store.Open(t.Context(), b.db.Path(), store.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	r := NewReader(db, func() time.Time { return start.Add(25 * time.Hour) })
	if c, err := r.Count(t.Context()); err != nil || c.Waiting() != 1 || c.Late != 1 || !c.Oldest.Equal(start) {
		t.Errorf("count %+v, %v", c, err)
	}
	if e, err := r.Get(t.Context(), id); err != nil || e.ID != id || e.CentralKey != string(owner(t).Public().Fingerprint()) || !e.Readable {
		t.Errorf("entry %+v, %v", e, err)
	}
}
