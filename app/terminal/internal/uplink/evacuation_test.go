package uplink_test

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"leye/app/api"
	"leye/app/proof/prooftest"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/relay"
	"leye/app/terminal/internal/uplink"
)

var carriage = strings.Repeat("A", 26)

// answering is a central that says one thing to everything.
func answering(status int, text string) func(*http.Request, []byte) (int, string) {
	return func(*http.Request, []byte) (int, string) { return status, text }
}

func TestAdoptionIsAskedForAndAnswered(t *testing.T) {
	ca := prooftest.New(t)
	d := newDistrict(ca)
	var asked api.Adoption
	d.answer = func(r *http.Request, body []byte) (int, string) {
		if r.Method != http.MethodPut || r.URL.Path != "/v1/evacuations/"+carriage+"/adoption" || json.Unmarshal(body, &asked) != nil {
			t.Errorf("%s %s %s", r.Method, r.URL.Path, body)
		}
		return 200, `{"id":"` + carriage + `","terminal":"PT02","key":"AAEC","elsewhere":["` + carriage + `"]}`
	}
	a, err := d.listen(t, newBadge(t, ca), nil).Adopt(t.Context(), carriage, "said", []byte(`{"suite":"leye-1"}`))
	if err != nil || a.Terminal != "PT02" || len(a.Key) != 3 || len(a.Elsewhere) != 1 || asked.Statement != "said" || string(asked.Manifest) != `{"suite":"leye-1"}` {
		t.Errorf("%+v, %v; asked %+v", a, err, asked)
	}
}

// Only the central's own no is one; what else goes wrong may be tried again.
func TestWhatIsNoWordOfTheCentralSettlesNothing(t *testing.T) {
	ca, rogue := prooftest.New(t), prooftest.New(t)
	const adopted = `{"status":409,"code":"adopted","detail":"adopted by terminal PT03"}`
	for name, tt := range map[string]struct {
		key    ed25519.PrivateKey
		answer func(*http.Request, []byte) (int, string)
		want   string // code of the failure, or the central's
	}{
		"adopted":                  {ca.Answers, answering(409, adopted), "adopted"},
		"adopted, says somebody":   {rogue.Answers, answering(409, adopted), "http_409"},
		"cancelled":                {ca.Answers, answering(409, `{"status":409,"code":"cancelled"}`), "cancelled"},
		"another status inside":    {ca.Answers, answering(409, `{"status":410,"code":"adopted"}`), "http_409"},
		"overloaded":               {ca.Answers, answering(503, `{"status":503,"code":"overloaded"}`), "http_503"},
		"too many":                 {ca.Answers, answering(429, `{"status":429,"code":"too-many-tries"}`), "http_429"},
		"no JSON":                  {ca.Answers, answering(200, `<html>`), "nonsense"},
		"another evacuation":       {ca.Answers, answering(200, `{"id":"`+strings.Repeat("B", 26)+`","terminal":"PT02","key":"AAEC","elsewhere":[]}`), "nonsense"},
		"no key":                   {ca.Answers, answering(200, `{"id":"`+carriage+`","terminal":"PT02","elsewhere":[]}`), "nonsense"},
		"granted, says somebody":   {rogue.Answers, answering(200, `{"id":"`+carriage+`","terminal":"PT02","key":"AAEC","elsewhere":[]}`), uplink.CodeUnsigned},
		"larger than any":          {ca.Answers, answering(200, strings.Repeat(" ", api.MaxBody+1)), "answer_too_large"},
		"a central without fences": {ca.Answers, answering(404, `{"status":404,"code":"not-found"}`), "not-found"},
	} {
		d := newDistrict(ca)
		d.key, d.answer = tt.key, tt.answer
		u := d.listen(t, newBadge(t, ca), nil)
		_, err := u.Adopt(t.Context(), carriage, "said", []byte(`{}`))
		var no *uplink.Unsettled
		var f *relay.Failure
		got := "nothing"
		switch {
		case errors.As(err, &no):
			got = string(no.Code)
		case errors.As(err, &f):
			got = f.Code
		}
		if got != tt.want {
			t.Errorf("%s: %v: %s, want %s", name, err, got, tt.want)
		}
		if err := u.Cancel(t.Context(), carriage, "said"); err == nil && name != "no key" {
			t.Errorf("%s: taken for a cancellation", name)
		}
	}
	if said := (&uplink.Unsettled{Code: "adopted", Detail: "adopted by terminal PT03"}).Error(); !strings.Contains(said, "PT03") {
		t.Errorf("said %q", said)
	}
}

func TestAFenceIsTheCentralsOwn(t *testing.T) {
	ca, rogue := prooftest.New(t), prooftest.New(t)
	entry := kiosk.Entry{ID: kiosk.ApplicationID(carriage), Body: []byte("{}")}
	for name, key := range map[string]ed25519.PrivateKey{"the central": ca.Answers, "somebody": rogue.Answers} {
		d := newDistrict(ca)
		d.key, d.answer = key, answering(409, `{"status":409,"code":"fenced"}`)
		_, err := d.listen(t, newBadge(t, ca), nil).Send(t.Context(), entry)
		var no *relay.Rejected
		fenced := errors.As(err, &no) && no.Reason == kiosk.Fenced
		if fenced != (name == "the central") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
