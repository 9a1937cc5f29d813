package appliance

import (
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"leye/app/api"
	"leye/app/envelope"
	"leye/app/proof"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/outbox"
	"leye/app/terminal/internal/seal"
	"leye/app/terminal/internal/store"
)

// trusting is a real queue with one entry, and what decides whom it trusts.
func trusting(t *testing.T) (trust, *outbox.Outbox) {
	t.Helper()
	dir := t.TempDir()
	db, err := store.Open(t.Context(), filepath.Join(dir, store.FileName), store.Options{})
	fatal(t, err)
	t.Cleanup(func() { db.Close() })
	key, err := seal.OpenKey(dir, seal.Options{Keep: seal.File})
	fatal(t, err)
	queue, err := outbox.New(t.Context(), db, outbox.Options{Terminal: "PT01", Seal: seal.New(key)})
	fatal(t, err)
	fatal(t, queue.Put(t.Context(), kiosk.Application{ID: kiosk.NewApplicationID()}, []byte("{}")))
	return trust{queue: queue, log: slog.New(slog.DiscardHandler)}, queue
}

func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// central makes a key and how a central tells it.
func central(t *testing.T) (envelope.PublicKey, *api.SealKey) {
	t.Helper()
	private, err := envelope.NewPrivateKey()
	fatal(t, err)
	key := private.Public()
	return key, &api.SealKey{Suite: string(key.Suite()), Key: key.Bytes(), Fingerprint: string(key.Fingerprint())}
}

// sends is the fingerprint of who can open what the relay gets: "" in the open,
// "nothing" when nothing is sent.
func sends(t *testing.T, queue *outbox.Outbox) string {
	t.Helper()
	e, ok, err := queue.Lease(t.Context(), time.Now(), time.Minute)
	fatal(t, err)
	if !ok {
		return "nothing"
	}
	return e.CentralKey
}

func TestTheFirstKeyIsTrustedForGood(t *testing.T) {
	x, queue := trusting(t)
	first, told := central(t)
	_, other := central(t)
	for range 2 {
		if x.heard(told) {
			t.Error("the first key is called another")
		}
	}
	for name, later := range map[string]*api.SealKey{
		"another key": other, "no key": nil, "nonsense": {Suite: "leye-1"}, "another suite": {Suite: "leye-2", Key: told.Key},
	} {
		if !x.heard(later) {
			t.Errorf("%s is not called another", name)
		}
		if key, err := queue.Central(t.Context()); err != nil || key != first {
			t.Errorf("%s: trusted is %v, %v", name, key, err)
		}
	}
	if got := sends(t, queue); got != string(first.Fingerprint()) {
		t.Errorf("sends to %q", got)
	}
}

func TestTheConfigurationsKeyIsTrustedAlone(t *testing.T) {
	x, queue := trusting(t)
	named, told := central(t)
	_, other := central(t)
	if x.heard(other) {
		t.Error("the first key is called another")
	}
	x.named = named.String()
	fatal(t, x.begin(t.Context()))
	if !x.heard(other) || x.heard(told) {
		t.Error("not the named key is trusted")
	}
	if key, err := queue.Central(t.Context()); err != nil || key != named {
		t.Errorf("trusted is %v, %v", key, err)
	}
	x.named = ""
	fatal(t, x.begin(t.Context()))
	if key, err := queue.Central(t.Context()); err != nil || key != named {
		t.Errorf("after it is named no more, trusted is %v, %v", key, err)
	}
}

func TestOnlyACentralWithoutAKeyGetsTheOpenForm(t *testing.T) {
	x, queue := trusting(t)
	if got := sends(t, queue); got != "nothing" {
		t.Errorf("before the central was heard: sends to %q", got)
	}
	if x.heard(&api.SealKey{Suite: "leye-1", Key: make([]byte, 32)}) {
		t.Error("a key that is none is called another")
	}
	if got := sends(t, queue); got != "nothing" {
		t.Errorf("after a key that is none: sends to %q", got)
	}
	if x.heard(nil) {
		t.Error("no key is called another")
	}
	if got := sends(t, queue); got != "" {
		t.Errorf("sends to %q", got)
	}
}

// vouching has the central vouch for each key that says since when.
func vouching(told api.SealKey) (time.Time, error) {
	if told.Since == nil {
		return time.Time{}, proof.ErrUnsigned
	}
	return *told.Since, nil
}

// at is a key as a central tells and vouches for it.
func at(told *api.SealKey, since time.Time) *api.SealKey {
	t := *told
	t.Since = &since
	return &t
}

// TestALaterKeyIsFollowed goes from the first key over a rotation to a restart: the
// later key is followed, the earlier one never taken again, and what nobody vouches
// for is refused as ever.
func TestALaterKeyIsFollowed(t *testing.T) {
	x, queue := trusting(t)
	x.since = vouching
	first, toldFirst := central(t)
	second, toldSecond := central(t)
	_, stranger := central(t)
	day := time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC)
	x.named = first.String()
	fatal(t, x.begin(t.Context()))
	for _, c := range []struct {
		name  string
		told  *api.SealKey
		other bool
		want  envelope.PublicKey
	}{
		{"another before the named one was told", at(stranger, day), true, first},
		{"the first", at(toldFirst, day), false, first},
		{"another that nobody vouches for", stranger, true, first},
		{"another that is not later", at(stranger, day), true, first},
		{"an earlier one", at(stranger, day.Add(-time.Hour)), true, first},
		{"the second", at(toldSecond, day.Add(time.Hour)), false, second},
		{"the first again", at(toldFirst, day), true, second},
		{"the first without a word", toldFirst, true, second},
		{"the second without a word", toldSecond, false, second},
	} {
		if other := x.heard(c.told); other != c.other {
			t.Errorf("%s is called another: %v", c.name, other)
		}
		if key, err := queue.Central(t.Context()); err != nil || key != c.want {
			t.Errorf("after %s trusted is %v, %v", c.name, key, err)
		}
	}
	fatal(t, x.begin(t.Context()))
	if key, err := queue.Central(t.Context()); err != nil || key != second {
		t.Errorf("a start goes back to %v, %v", key, err)
	}
	third, _ := central(t)
	x.named = third.String()
	fatal(t, x.begin(t.Context()))
	if key, err := queue.Central(t.Context()); err != nil || key != third {
		t.Errorf("a new name in the configuration is not taken: %v, %v", key, err)
	}
	if got := sends(t, queue); got != string(first.Fingerprint()) {
		t.Errorf("what was sealed to the first is sent to %q", got)
	}
}
