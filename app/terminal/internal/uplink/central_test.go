package uplink_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"leye/app/api"
	"leye/app/envelope"
	"leye/app/evacuation"
	"leye/app/proof"
	"leye/app/terminal/internal/identity"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/policysync"
	"leye/app/terminal/internal/uplink"
)

// TestAnotherJudgesTheCentral has a program that knows nothing but the contract
// judge what terminals and a real central say to each other, from the enrolment on.
// scripts/judge runs it, and names the judge, the door to which that hands requests
// on, the central, its roots, and a code for each of two terminals.
func TestAnotherJudgesTheCentral(t *testing.T) {
	words := strings.Fields(os.Getenv("LEYE_JUDGE_CENTRAL"))
	if len(words) != 6 {
		t.Skip("LEYE_JUDGE_CENTRAL names no judge and central; scripts/judge contract does")
	}
	text, err := os.ReadFile(words[3])
	fatal(t, err)
	trust, err := proof.ParseTrust(text)
	fatal(t, err)
	c := convene(t, words[0], words[1], words[2])
	stranger := &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: trust.Pool()}
	one, two := c.enrol("PT01", words[4], stranger), c.enrol("PT02", words[5], stranger)
	c.guess(stranger)
	key := c.tell(one)
	first := c.file(one, key)
	c.look(one, first)
	c.carryOver(one, two, key)
	c.refuse(one, stranger)
	for _, found := range c.verdict() {
		t.Error(found)
	}
	declared := c.complete()
	c.controls(one)
	judged := 0
	for _, n := range c.answered {
		judged += n
	}
	t.Logf("central: %d requests and answers of %d operations, 0 violations; %d of %d declared answers heard, the others are for a day on which it is ill or for other centrals; controls: an answer without receivedAt and a request without Query-Code are found out",
		judged, len(calls), len(c.answered), declared)
}

// terminal is an enrolled one, with its line through the judge.
type terminal struct {
	*uplink.Uplink
	*identity.Identity
	any string // address for requests that an Uplink does not make
}

func (c *court) enrol(name, code string, stranger *tls.Config) terminal {
	c.t.Helper()
	at := line(c.t, c.open(stranger, true), nil)
	id, err := identity.Enrol(c.t.TempDir(), name, func(request string) (api.Certificate, error) { return at.Enrol(c.t.Context(), name, code, request) })
	fatal(c.t, err)
	settings := id.TLS(time.Now)
	return terminal{line(c.t, c.open(settings, true), id), id, c.open(settings, false)}
}

// expect holds what a terminal makes of an answer to a code; none is a success.
func (c *court) expect(what string, err error, code string) {
	c.t.Helper()
	if got := codeOf(err); code == "" && err != nil || code != "" && got != code {
		c.t.Errorf("%s: %v, want %q", what, err, code)
	}
}

// guess tries codes until the central hears no more of them.
func (c *court) guess(stranger *tls.Config) {
	const tries = 10
	at := line(c.t, c.open(stranger, true), nil)
	for n := range tries + 1 {
		_, err := identity.Enrol(c.t.TempDir(), "PT03", func(request string) (api.Certificate, error) {
			return at.Enrol(c.t.Context(), "PT03", "AAAAA-AAAAA", request)
		})
		if n == tries {
			c.expect("one code too many", err, "http_429")
		} else if !errors.Is(err, uplink.ErrCode) {
			c.t.Errorf("wrong code: %v", err)
		}
	}
}

// tell has a terminal say and hear all that is no application, and returns the key
// to seal to.
func (c *court) tell(one terminal) envelope.PublicKey {
	ctx := c.t.Context()
	for _, pack := range []policysync.Name{policysync.Catalogue, policysync.Policies} {
		got, err := one.Fetch(ctx, pack, "")
		c.expect("fetch", err, "")
		again, err := one.Fetch(ctx, pack, got.ETag)
		c.expect("fetch again", err, "")
		if !got.Fresh || again.Fresh || len(got.Pack.Files) == 0 {
			c.t.Errorf("%s: fresh %v, then %v", pack, got.Fresh, again.Fresh)
		}
	}
	three, text := 3, "纸将尽"
	_, err := one.Beat(ctx, "PT01", api.Heartbeat{
		SentAt: time.Now(), Version: "1.0.0", Queued: &three, PaperLeft: &three,
		Conditions: &[]api.Condition{{Code: "P-021", Severity: api.ConditionSeverityWarning, Text: &text}},
	})
	c.expect("beat", err, "")
	c.grow(one)
	request, err := one.Request()
	fatal(c.t, err)
	renewed, err := one.Renew(ctx, "PT01", request)
	c.expect("renew", err, "")
	fatal(c.t, one.Take(renewed))
	h, err := one.Health(ctx)
	fatal(c.t, err)
	_, err = one.SealKeySince(*h.SealKey)
	fatal(c.t, err)
	key, err := envelope.NewPublicKey(envelope.Suite(h.SealKey.Suite), h.SealKey.Key)
	fatal(c.t, err)
	return key
}

// grow has a terminal show its journal as it grows, and then another one.
func (c *court) grow(one terminal) {
	var head proof.Head
	beat := func(from proof.Head, codes ...string) api.HeartbeatAnswer {
		shown, lines := []api.JournalLine{}, []proof.Line{}
		for _, code := range codes {
			l := proof.Line{At: time.Now().UnixMilli(), Event: "entry.put", Entry: someID, Code: code}
			lines = append(lines, l)
			shown = append(shown, api.JournalLine{At: l.At, Event: l.Event, Entry: l.Entry, Code: l.Code})
		}
		var err error
		head, err = from.Grown(lines)
		fatal(c.t, err)
		note, err := head.Sign(one.Key())
		fatal(c.t, err)
		answer, err := one.Beat(c.t.Context(), "PT01", api.Heartbeat{SentAt: time.Now(), Version: "1.0.0", JournalHead: &note, JournalLines: &shown})
		c.expect("beat with a journal", err, "")
		return answer
	}
	none := proof.Head{Terminal: "PT01"}
	beat(none, "one")
	if kept := beat(head, "two", "three").JournalKept; kept == nil || kept.Seq != head.Seq {
		c.t.Errorf("kept is %+v, shown was %+v", kept, head)
	}
	if alarm := beat(none, "one", "two", "other").JournalAlarm; alarm == nil {
		c.t.Error("another journal raises no alarm")
	}
}

// sealedTo is an application of a terminal, sealed.
func (c *court) sealedTo(key envelope.PublicKey, from, service string) envelope.Envelope {
	id := string(kiosk.NewApplicationID())
	text := fmt.Sprintf(`{"id":%q,"service":%q,"catalogueVersion":"1","terminal":%q,"language":"zh",`+
		`"filedAt":%q,"reference":"PT01-1124-0007-3","answers":{"kw":"电工"}}`, id, service, from, time.Now().Format(time.RFC3339))
	h := envelope.Header{Suite: key.Suite(), ID: id, Seq: 1, Schema: envelope.Schema}
	data, err := envelope.NewDataKey(key.Suite())
	fatal(c.t, err)
	body, err := envelope.SealBody(h, data, []byte(text))
	fatal(c.t, err)
	wrap, err := key.Wrap(h, data)
	fatal(c.t, err)
	return envelope.Envelope{Header: h, Key: key.Fingerprint(), Wrap: wrap, Body: body}
}

func (c *court) entry(e envelope.Envelope) kiosk.Entry {
	body, err := e.Encode()
	fatal(c.t, err)
	return kiosk.Entry{ID: kiosk.ApplicationID(e.ID), CentralKey: string(e.Key), Body: body}
}

// file sends applications, twice each, and what the central refuses; it returns the
// first acknowledgement.
func (c *court) file(one terminal, key envelope.PublicKey) (first kiosk.Acknowledgement) {
	ctx := c.t.Context()
	for range 20 {
		e := c.entry(c.sealedTo(key, "PT01", "job-search"))
		ack, err := one.Send(ctx, e)
		c.expect("file", errors.Join(err, one.Check(ack)), "")
		again, err := one.Send(ctx, e)
		c.expect("file again", err, "")
		if again.Signature != ack.Signature { // which is over all of it
			c.t.Errorf("again: %+v, not %+v", again, ack)
		}
		first = ack
	}
	open := strings.Replace(application, `"period":"q"`, `"kw":"电工"`, 1)
	_, err := one.Send(ctx, kiosk.Entry{ID: someID, Body: []byte(open)})
	c.expect("file in the open", err, "")
	_, err = one.Send(ctx, kiosk.Entry{ID: someID, Body: []byte(strings.Replace(open, "电工", "木工", 1))})
	c.expect("other bytes", err, string(kiosk.Conflict))
	_, err = one.Send(ctx, c.entry(c.sealedTo(key, "PT01", "no-such-service")))
	c.expect("unknown service", err, string(kiosk.Gone))
	altered := c.sealedTo(key, "PT01", "job-search")
	altered.Body[0]++
	_, err = one.Send(ctx, c.entry(altered))
	c.expect("altered", err, string(kiosk.Unreadable))
	_, err = one.Send(ctx, c.entry(c.sealedTo(c.lost(), "PT01", "job-search")))
	c.expect("a key that the central has not", err, "http_421")
	return first
}

// lost is a key that nobody holds.
func (c *court) lost() envelope.PublicKey {
	k, err := envelope.NewPrivateKey()
	fatal(c.t, err)
	return k.Public()
}

// look reads a case, and then guesses at its query code until it is closed, which
// stops no other request.
func (c *court) look(one terminal, ack kiosk.Acknowledgement) {
	const tries = 10
	ctx := c.t.Context()
	got, err := one.Case(ctx, ack.Number, ack.QueryCode)
	if err != nil || got.Number != ack.Number || got.Service != "job-search" || len(got.Steps) == 0 || got.Steps[0].State != got.State {
		c.t.Errorf("case %+v, %v", got.Steps, err)
	}
	wrong := "000000"
	if ack.QueryCode == wrong {
		wrong = "000001"
	}
	for range tries {
		if _, err := one.Case(ctx, ack.Number, wrong); !errors.Is(err, uplink.ErrNoCase) {
			c.t.Errorf("wrong code: %v", err)
		}
	}
	var closed *uplink.Closed
	for _, code := range []string{wrong, ack.QueryCode} {
		if _, err := one.Case(ctx, ack.Number, code); !errors.As(err, &closed) || closed.For <= 0 {
			c.t.Errorf("after %d wrong codes: %v", tries, err)
		}
	}
	if rest := one.Rest(); rest != 0 {
		c.t.Errorf("the central is left alone for %v", rest)
	}
}

// carryOver has one terminal adopt what another was emptied of.
func (c *court) carryOver(one, two terminal, key envelope.PublicKey) {
	ctx := c.t.Context()
	e := c.sealedTo(key, "PT02", "job-search")
	held := []evacuation.Entry{{Reference: "PT02-1124-0001-1", Service: "job-search", FiledAt: time.Now(), PromisedAt: time.Now(), Sealed: e}}
	emptied := func(to envelope.PublicKey) evacuation.File {
		f, err := evacuation.Seal("PT02", evacuation.NewID(), held, time.Now(), to, two.Key())
		fatal(c.t, err)
		return f
	}
	adopt := func(by terminal, f evacuation.File, code string) {
		c.t.Helper()
		_, err := by.Adopt(ctx, f.ID, f.Statement, f.Manifest)
		c.expect("adopt", err, code)
	}
	f, back, forged, altered := emptied(key), emptied(key), emptied(key), emptied(key)
	adopt(one, f, "")
	adopt(two, f, string(api.ProblemCodeAdopted))
	c.expect("cancel what was adopted", two.Cancel(ctx, f.ID, f.Statement), string(api.ProblemCodeAdopted))
	_, err := two.Send(ctx, c.entry(e))
	c.expect("send what was adopted", err, string(kiosk.Fenced))
	_, err = one.Send(ctx, c.entry(e))
	c.expect("send what it adopted", err, "")

	c.expect("cancel another's", one.Cancel(ctx, back.ID, back.Statement), string(api.ProblemCodeForbidden))
	c.expect("cancel", two.Cancel(ctx, back.ID, back.Statement), "")
	adopt(one, emptied(c.lost()), string(api.ProblemCodeUnknownKey))
	forged.Statement, err = forged.Sign(one.Key())
	fatal(c.t, err)
	adopt(one, forged, string(api.ProblemCodeForbidden))
	sealed, err := envelope.Decode(altered.Manifest)
	fatal(c.t, err)
	sealed.Body[0]++
	altered.Manifest, err = sealed.Encode()
	fatal(c.t, err)
	altered.Evacuation.Manifest = envelope.Digest(altered.Manifest)
	altered.Statement, err = altered.Sign(two.Key())
	fatal(c.t, err)
	adopt(one, altered, string(api.ProblemCodeUnreadable))
}

// calls are the contract's operations, each with an address.
var calls = map[string]string{
	"GET /v1/cases/{number}":                "/v1/cases/000-417-261124-0001-5",
	"GET /v1/catalogue":                     "/v1/catalogue",
	"GET /v1/policies":                      "/v1/policies",
	"GET /v1/health":                        "/v1/health",
	"PUT /v1/applications/{id}":             "/v1/applications/" + strings.Repeat("Z", 26),
	"POST /v1/enrolments":                   "/v1/enrolments",
	"POST /v1/terminals/{id}/certificate":   "/v1/terminals/PT01/certificate",
	"POST /v1/terminals/{id}/heartbeat":     "/v1/terminals/PT01/heartbeat",
	"PUT /v1/evacuations/{id}/adoption":     "/v1/evacuations/" + someEvacuation + "/adoption",
	"PUT /v1/evacuations/{id}/cancellation": "/v1/evacuations/" + someEvacuation + "/cancellation",
}

// refuse makes each request in every way in which none is to be made.
func (c *court) refuse(one terminal, stranger *tls.Config) {
	anybody := c.open(stranger, false)
	large := `{"x":"` + strings.Repeat("x", api.MaxBody) + `"}`
	for operation, path := range calls {
		method, _, _ := strings.Cut(operation, " ")
		try := func(at, media, body string, signs bool) {
			h := http.Header{}
			if signs {
				h = signed(one.Identity, method, path, body)
			}
			if h.Set("Query-Code", "402913"); body != "" {
				h.Set("Content-Type", media)
			}
			ask(c.t, method, at+path, body, h)
		}
		body := "{}"
		if method == http.MethodGet {
			body = ""
		}
		if operation != "POST /v1/enrolments" {
			try(anybody, "application/json", body, false)
			try(one.any, "application/json", body, false)
		}
		if body != "" {
			for media, body := range map[string]string{"application/json": body, "text/plain": body, "application/json; charset=utf-8": large} {
				try(one.any, media, body, true)
			}
		}
	}
	path := calls["GET /v1/cases/{number}"]
	ask(c.t, http.MethodGet, one.any+path, "", signed(one.Identity, http.MethodGet, path, ""))
}

// complete holds what was answered to what is declared, and counts that.
func (c *court) complete() (declared int) {
	var missing []string
	for path, item := range contract(c.t).Paths.Map() {
		for method, operation := range item.Operations() {
			for status := range operation.Responses.Map() {
				declared++
				if answer := method + " " + path + " " + status; c.answered[answer] == 0 && !beyond(method+" "+path, status) {
					missing = append(missing, answer)
				}
			}
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		c.t.Errorf("of %d declared answers these never came: %s\ncame: %v", declared, strings.Join(missing, ", "), slices.Sorted(maps.Keys(c.answered)))
	}
	return declared
}

// beyond reports whether an answer is declared for other centrals, or for a day on
// which this one is ill.
func beyond(operation, status string) bool {
	switch status {
	case "500", "503":
		return true
	case "404": // this central has an authority
		return operation != "GET /v1/cases/{number}"
	case "429": // who sends too much to this one hears 503
		return operation == "PUT /v1/applications/{id}" || operation == "POST /v1/terminals/{id}/heartbeat"
	}
	return false
}

// controls are faults that a judge who is awake must find.
func (c *court) controls(one terminal) {
	c.forge = func(answer []byte) []byte {
		return []byte(strings.Replace(string(answer), `"receivedAt"`, `"receivedOn"`, 1))
	}
	_, err := one.Beat(c.t.Context(), "PT01", api.Heartbeat{SentAt: time.Now(), Version: "1.0.0"})
	c.expect("beat", err, "")
	if found := c.verdict(); len(found) != 1 || !strings.Contains(found[0], "'receivedAt'") {
		c.t.Errorf("control: an answer without receivedAt: %q", found)
	}
	c.forge = nil
	right := c.open(one.TLS(time.Now), true)
	path := calls["GET /v1/cases/{number}"]
	ask(c.t, http.MethodGet, right+path, "", signed(one.Identity, http.MethodGet, path, ""))
	if found := c.verdict(); len(found) != 1 || !strings.Contains(found[0], "'query-code'") {
		c.t.Errorf("control: a request without Query-Code: %q", found)
	}
}
