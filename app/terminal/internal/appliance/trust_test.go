package appliance

import (
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"leye/app/api"
	"leye/app/envelope"
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
	return trust{queue, slog.New(slog.DiscardHandler)}, queue
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
	if x.heard(told) || x.heard(told) {
		t.Error("the first key is called another")
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
	fatal(t, x.begin(t.Context(), named.String()))
	if !x.heard(other) || x.heard(told) {
		t.Error("not the named key is trusted")
	}
	if key, err := queue.Central(t.Context()); err != nil || key != named {
		t.Errorf("trusted is %v, %v", key, err)
	}
	fatal(t, x.begin(t.Context(), ""))
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
