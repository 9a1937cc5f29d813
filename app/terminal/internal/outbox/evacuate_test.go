package outbox

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"leye/app/envelope"
	"leye/app/terminal/internal/journal"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/store"
)

const carriage = "XCVZ7JEXN7M2WQ3SO4YFTRBLHA"

// carry evacuates all that waits and returns it.
func (b *box) carry(t *testing.T) []Carried {
	t.Helper()
	list, whole, err := b.ToCarry(t.Context(), 100, 1<<20)
	if err != nil || !whole {
		t.Fatalf("whole %v, %v", whole, err)
	}
	marked, err := Evacuate(t.Context(), b.db, b.j, Evacuation{ID: carriage, Count: len(list), At: b.now}, keysOf(list), true)
	if err != nil || marked != len(list) {
		t.Fatalf("%d of %d marked, %v", marked, len(list), err)
	}
	return list
}

func keysOf(list []Carried) (ids []kiosk.ApplicationID) {
	for _, c := range list {
		ids = append(ids, c.ID)
	}
	return ids
}

func TestWhatIsCarriedAwayIsNotSent(t *testing.T) {
	b := openTest(t)
	waits, parked, flies := b.put(t, ""), b.put(t, ""), b.put(t, "")
	if err := b.Park(t.Context(), parked, kiosk.Gone); err != nil {
		t.Fatal(err)
	}
	for b.get(t, flies).State != kiosk.InFlight {
		b.lease(t)
	}
	list := b.carry(t)
	if len(list) != 3 || list[1].Reason != kiosk.Gone || list[0].Sealed.Seq != 1 {
		t.Fatalf("%+v", list)
	}
	b.now = b.now.Add(time.Hour)
	if id := b.lease(t); id != "" {
		t.Errorf("%s is sent", id)
	}
	if next, err := b.Next(t.Context()); err != nil || !next.IsZero() {
		t.Errorf("next at %v, %v", next, err)
	}
	if _, err := b.File(t.Context(), kiosk.Application{ID: kiosk.NewApplicationID(), Service: "s"}, func(kiosk.Application) ([]byte, error) { return nil, nil }); !errors.Is(err, ErrRetired) {
		t.Errorf("filed: %v", err)
	}
	// The relay learns what became of the one in flight; only the central's word counts.
	if err := errors.Join(b.Retry(t.Context(), flies, b.now, "timeout"), b.Park(t.Context(), flies, kiosk.Gone)); err != nil {
		t.Error(err)
	}
	if e := b.get(t, flies); e.State != kiosk.Evacuated || e.Reason != "" {
		t.Errorf("%s %s", e.State, e.Reason)
	}
	if err := b.Accept(t.Context(), flies, b.ack(t, flies)); err != nil || b.get(t, flies).State != kiosk.Accepted {
		t.Errorf("%v, %s", err, b.get(t, flies).State)
	}
	n, err := b.Count(t.Context())
	if err != nil || n.Evacuated != 2 || n.Waiting() != 0 || n.Late != 0 || !n.Oldest.IsZero() {
		t.Errorf("%+v, %v", n, err)
	}

	back, err := TakeBack(t.Context(), b.db, b.j, b.now, carriage)
	if err != nil || back != 2 {
		t.Fatalf("%d back, %v", back, err)
	}
	if b.get(t, parked).State != kiosk.Parked || b.get(t, flies).State != kiosk.Accepted || b.get(t, waits).State != kiosk.Retry {
		t.Errorf("%s, %s, %s", b.get(t, parked).State, b.get(t, flies).State, b.get(t, waits).State)
	}
	if _, err := TakeBack(t.Context(), b.db, b.j, b.now, carriage); !errors.Is(err, ErrNoEvacuation) {
		t.Errorf("taken back twice: %v", err)
	}
	b.put(t, "")
}

func TestWhatCameMeanwhileIsNotForgotten(t *testing.T) {
	b := openTest(t)
	b.put(t, "")
	list, _, err := b.ToCarry(t.Context(), 100, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	late := b.put(t, "")
	_, err = Evacuate(t.Context(), b.db, b.j, Evacuation{ID: carriage, At: b.now}, keysOf(list), true)
	if !errors.Is(err, ErrGrown) || b.get(t, list[0].ID).State != kiosk.Pending {
		t.Fatalf("%v, %s", err, b.get(t, list[0].ID).State)
	}
	if shut, err := b.Retired(t.Context()); shut || err != nil {
		t.Errorf("shut %v, %v", shut, err)
	}
	// A file that takes only a part leaves the rest here, to be sent.
	if _, err := Evacuate(t.Context(), b.db, b.j, Evacuation{ID: carriage, At: b.now}, keysOf(list), false); err != nil {
		t.Fatal(err)
	}
	if id := b.lease(t); id != late {
		t.Errorf("%q is sent, want the rest", id)
	}
}

func TestAFileIsNotOverfilled(t *testing.T) {
	b := openTest(t)
	for range 3 {
		b.put(t, "")
	}
	for _, c := range []struct {
		entries int
		bytes   int64
		want    int
		whole   bool
	}{{3, 1 << 20, 3, true}, {2, 1 << 20, 2, false}, {3, 100, 1, false}, {3, 1, 1, false}} {
		list, whole, err := b.ToCarry(t.Context(), c.entries, c.bytes)
		if err != nil || len(list) != c.want || whole != c.whole {
			t.Errorf("%+v: %d, whole %v, %v", c, len(list), whole, err)
		}
	}
}

// What no central could open stays, and goes on being sent as it was.
func TestWhatThisTerminalAloneReadsStays(t *testing.T) {
	b := openAlone(t, filepath.Join(t.TempDir(), store.FileName), store.Options{})
	b.put(t, "")
	list, whole, err := b.ToCarry(t.Context(), 100, 1<<20)
	if err != nil || len(list) != 0 || !whole {
		t.Errorf("%d, whole %v, %v", len(list), whole, err)
	}
}

func TestAdoptedEntriesAreSentAsTheyWereSealed(t *testing.T) {
	from, to := openTest(t), openTest(t)
	for _, order := range []string{"ab12", "ab12", "cd34"} {
		from.put(t, order)
	}
	own := to.put(t, "ab12") // of somebody else, who has the same two bytes
	list := from.carry(t)
	adopt := func(want int) {
		t.Helper()
		fresh, err := Adopt(t.Context(), to.db, to.j, to.now, carriage, "PT01", list)
		if err != nil || fresh != want {
			t.Fatalf("%d new, %v", fresh, err)
		}
	}
	adopt(3)
	adopt(0)
	var sent []kiosk.ApplicationID
	for {
		e, ok, err := to.Lease(t.Context(), to.now, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			break
		}
		sealed, err := envelope.Decode(e.Body)
		if err != nil {
			t.Fatal(err)
		}
		plain, err := owner(t).Open(sealed)
		if err != nil || !strings.Contains(string(plain), string(e.ID)) {
			t.Errorf("%s does not open: %q, %v", e.ID, plain, err)
		}
		sent = append(sent, e.ID)
		if len(sent) == 3 {
			break
		}
	}
	// The second waits for the first of its order, and for nobody else's.
	if len(sent) != 3 || sent[0] == list[1].ID || sent[1] == list[1].ID || sent[2] == list[1].ID {
		t.Errorf("sent %v of %v and %v", sent, keysOf(list), own)
	}
	if err := to.Accept(t.Context(), list[0].ID, to.ack(t, list[0].ID)); err != nil {
		t.Fatal(err)
	}
	if id := to.lease(t); id != list[1].ID {
		t.Errorf("%q after its elder brother, want %s", id, list[1].ID)
	}
	adopt(0)
	if to.get(t, list[0].ID).State != kiosk.Accepted {
		t.Error("what was accepted came back by adopting again")
	}
}

// The places of what is adopted lie below zero, those of what is filed above, also
// when there is nothing else.
func TestFilingGoesOnBesideWhatWasAdopted(t *testing.T) {
	from := openTest(t)
	from.put(t, "")
	list := from.carry(t)
	path := filepath.Join(t.TempDir(), store.FileName)
	to := open(t, path, store.Options{})
	if _, err := Adopt(t.Context(), to.db, to.j, to.now, carriage, "PT01", list); err != nil {
		t.Fatal(err)
	}
	to.put(t, "")
	again := open(t, path, store.Options{})
	again.put(t, "")
	entries, err := again.List(t.Context(), Filter{})
	if err != nil || len(entries) != 3 || entries[0].ID != list[0].ID || entries[0].CameBy != carriage {
		t.Errorf("%+v, %v", entries, err)
	}
	if head, err := to.j.Verify(t.Context(), journal.Head{}); err != nil || head.Seq == 0 {
		t.Errorf("%v, %v", head, err)
	}
}

func TestAFencedEntryIsAnotherTerminals(t *testing.T) {
	b := openTest(t)
	id := b.put(t, "")
	if err := b.Park(t.Context(), id, kiosk.Fenced); err != nil {
		t.Fatal(err)
	}
	n, err := b.Count(t.Context())
	if err != nil || n.Fenced != 1 || n.Evacuated != 1 || n.Parked != 0 {
		t.Errorf("%+v, %v", n, err)
	}
	if shut, err := b.Retired(t.Context()); err != nil || shut {
		t.Errorf("a fenced terminal is out of service: %v, %v", shut, err)
	}
	if err := Unpark(t.Context(), b.db, b.j, b.now, id); err != nil || b.get(t, id).State != kiosk.Retry {
		t.Errorf("%v, %s", err, b.get(t, id).State)
	}
	if err := b.Park(t.Context(), id, kiosk.Fenced); err != nil {
		t.Fatal(err)
	}
	if n, err := b.Purge(t.Context(), b.now.Add(time.Hour)); err != nil || n != 1 {
		t.Errorf("purged %d, %v", n, err)
	}
}

// What was carried away is the only copy until somebody adopts it.
func TestAnEvacuatedEntryIsNotPurged(t *testing.T) {
	b := openTest(t)
	b.put(t, "")
	b.carry(t)
	if n, err := b.Purge(t.Context(), b.now.Add(time.Hour)); err != nil || n != 0 {
		t.Errorf("purged %d, %v", n, err)
	}
	if err := Reopen(t.Context(), b.db, b.j, b.now); err != nil {
		t.Fatal(err)
	}
	b.put(t, "")
	list, err := b.Evacuations(t.Context())
	if err != nil || len(list) != 1 || list[0].Closed || !list[0].UndoneAt.IsZero() || list[0].Count != 1 {
		t.Errorf("%+v, %v", list, err)
	}
	if _, err := Adopt(t.Context(), b.db, b.j, b.now, carriage, "PT01", nil); err != nil {
		t.Error(err)
	}
}
