package uplink_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"leye/app/api"
	"leye/app/proof"
	"leye/app/proof/prooftest"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/outbox"
	"leye/app/terminal/internal/relay"
	"leye/app/terminal/internal/seal"
	"leye/app/terminal/internal/store"
)

// openQueue is a real outbox in a real file, sent in the open.
func openQueue(t *testing.T) *outbox.Outbox {
	t.Helper()
	dir := t.TempDir()
	db, err := store.Open(context.Background(), filepath.Join(dir, store.FileName), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	key, err := seal.OpenKey(dir, seal.Options{Keep: seal.File})
	if err != nil {
		t.Fatal(err)
	}
	queue, err := outbox.New(context.Background(), db, outbox.Options{Terminal: "PT01", Seal: seal.New(key)})
	if err != nil {
		t.Fatal(err)
	}
	queue.SendOpen()
	return queue
}

func put(t *testing.T, queue *outbox.Outbox, n int) kiosk.ApplicationID {
	t.Helper()
	id := kiosk.NewApplicationID()
	if err := queue.Put(t.Context(), kiosk.Application{ID: id, Service: "job-search"}, fmt.Appendf(nil, `{"n":%d}`, n)); err != nil {
		t.Fatal(err)
	}
	return id
}

// truth is the right acknowledgement of what came.
func truth(r *http.Request, body []byte) api.Acknowledgement {
	sum := sha256.Sum256(body)
	return api.Acknowledgement{
		Id: path.Base(r.URL.Path), Number: "000-417-261124-0001-5", QueryCode: "402913", Digest: hex.EncodeToString(sum[:]),
		AcceptedAt: time.Date(2026, 11, 24, 9, 30, 2, 0, time.UTC), Due: "2026-12-08", Desk: "窗口",
	}
}

func vouched(a api.Acknowledgement) proof.Acknowledgement {
	return proof.Acknowledgement{ID: a.Id, Number: a.Number, QueryCode: a.QueryCode, Digest: a.Digest, AcceptedAt: a.AcceptedAt, Due: a.Due, Desk: a.Desk}
}

// lies are ways in which a central that has TLS and answers in order can still
// claim to hold what it does not.
func lies(ca, rogue *prooftest.CA) map[string]func(a *api.Acknowledgement) {
	var first string // signature of another entry
	sign := func(a *api.Acknowledgement) { a.Signature = vouched(*a).Sign(ca.Answers) }
	after := func(change func(*api.Acknowledgement)) func(*api.Acknowledgement) {
		return func(a *api.Acknowledgement) { sign(a); change(a) }
	}
	before := func(change func(*api.Acknowledgement)) func(*api.Acknowledgement) {
		return func(a *api.Acknowledgement) { change(a); sign(a) }
	}
	return map[string]func(*api.Acknowledgement){
		"signs for another application": before(func(a *api.Acknowledgement) { a.Id = another(a.Id) }),
		"signs for another body":        before(func(a *api.Acknowledgement) { a.Digest = another(a.Digest) }),
		"gives no number":               before(func(a *api.Acknowledgement) { a.Number = "" }),
		"does not sign":                 func(*api.Acknowledgement) {},
		"signs with another key":        func(a *api.Acknowledgement) { a.Signature = vouched(*a).Sign(rogue.Answers) },
		"signs half":                    after(func(a *api.Acknowledgement) { a.Signature = a.Signature[:44] }),
		"changes the number":            after(func(a *api.Acknowledgement) { a.Number = "000-417-261124-0002-3" }),
		"changes the query code":        after(func(a *api.Acknowledgement) { a.QueryCode = "000000" }),
		"changes the day":               after(func(a *api.Acknowledgement) { a.Due = "2027-12-08" }),
		"changes the desk":              after(func(a *api.Acknowledgement) { a.Desk = "别处" }),
		"changes the time":              after(func(a *api.Acknowledgement) { a.AcceptedAt = a.AcceptedAt.Add(time.Hour) }),
		"gives another's signature": func(a *api.Acknowledgement) {
			if first == "" {
				other := vouched(*a)
				other.ID = another(a.Id)
				first = other.Sign(ca.Answers)
			}
			a.Signature = first
		},
	}
}

// another is an identifier or digest that differs from s.
func another(s string) string {
	if s[0] == '2' {
		return "3" + s[1:]
	}
	return "2" + s[1:]
}

// relayed lets a relay work on one entry for an hour against a central that lies
// in one way, and reports whether the entry was given up, and how it stands.
func relayed(t *testing.T, lie func(*api.Acknowledgement), ca *prooftest.CA, checks bool) (accepted bool, e kiosk.Entry) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		queue := openQueue(t) // inside: virtual time stands still while somebody waits outside
		id := put(t, queue, 1)
		d := newDistrict(ca)
		d.answer = func(r *http.Request, body []byte) (int, string) {
			a := truth(r, body)
			lie(&a)
			text, _ := json.Marshal(a)
			return 201, string(text)
		}
		u := d.open(t, newBadge(t, ca), nil)
		cfg := relay.Config{Queue: queue, Sender: u, Rand: func() float64 { return 0.5 }}
		if checks {
			cfg.Check = u.Check
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if err := relay.New(cfg).Run(ctx); err != nil {
			t.Error(err)
		}
		var err error
		if e, err = queue.Get(t.Context(), id); err != nil {
			t.Error(err)
		}
	})
	return e.State == kiosk.Accepted, e
}

// TestACentralThatLiesGetsNothingDeleted has the same central lie to a relay that
// checks signatures and to one that does not: the control shows which lies only
// the signature gives away.
func TestACentralThatLiesGetsNothingDeleted(t *testing.T) {
	ca, rogue := prooftest.New(t), prooftest.New(t)
	believed, told := 0, 0
	for name, lie := range lies(ca, rogue) {
		told++
		accepted, e := relayed(t, lie, ca, true)
		if accepted || e.Code != "wrong_acknowledgement" || !e.Readable {
			t.Errorf("%s: %s, code %s, readable %v", name, e.State, e.Code, e.Readable)
		}
		if accepted, _ := relayed(t, lie, ca, false); accepted {
			believed++
		}
	}
	if believed != told-3 {
		t.Errorf("the control believed %d of %d lies, want all but the three that it can see", believed, told)
	}
	right := func(a *api.Acknowledgement) { a.Signature = vouched(*a).Sign(ca.Answers) }
	if accepted, e := relayed(t, right, ca, true); !accepted || e.Ack == nil || e.Ack.Signature == "" {
		t.Errorf("the truth is not taken: %+v", e)
	}
	t.Logf("%d lies, acknowledged 0; without the check %d", told, believed)
}
