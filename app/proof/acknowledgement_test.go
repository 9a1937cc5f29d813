package proof

import (
	"crypto/ed25519"
	"testing"
	"time"
)

func TestEachPartOfAnAcknowledgementCounts(t *testing.T) {
	public, private := newKey(t)
	other, _ := newKey(t)
	a := Acknowledgement{"A", "107-417-261124-0001-5", "402913", "9f86", moment, "2026-12-08", "综合窗口"}
	signature := a.Sign(private)
	if err := a.Check([]ed25519.PublicKey{other, public}, signature); err != nil {
		t.Fatal(err)
	}
	elsewhere := a
	elsewhere.AcceptedAt = moment.In(time.FixedZone("CST", 8*60*60))
	if err := elsewhere.Check([]ed25519.PublicKey{public}, signature); err != nil {
		t.Errorf("the same moment in another zone: %v", err)
	}
	for name, change := range map[string]func(*Acknowledgement){
		"id": func(a *Acknowledgement) { a.ID = "B" }, "number": func(a *Acknowledgement) { a.Number = "1" },
		"query code": func(a *Acknowledgement) { a.QueryCode = "402914" }, "digest": func(a *Acknowledgement) { a.Digest = "9f87" },
		"time": func(a *Acknowledgement) { a.AcceptedAt = moment.Add(time.Second) }, "due": func(a *Acknowledgement) { a.Due = "" },
		"desk":  func(a *Acknowledgement) { a.Desk = "" },
		"moved": func(a *Acknowledgement) { a.Due, a.Desk = a.Due+"\n12:"+a.Desk, "" },
	} {
		c := a
		change(&c)
		if err := c.Check([]ed25519.PublicKey{public}, signature); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	for _, wrong := range []string{"", "AAAA", signature[:80], signature + "AAAA", " " + signature} {
		if err := a.Check([]ed25519.PublicKey{public}, wrong); err == nil {
			t.Errorf("signature %q: taken", wrong)
		}
	}
	if err := a.Check([]ed25519.PublicKey{other}, signature); err == nil {
		t.Error("another key: taken")
	}
}
