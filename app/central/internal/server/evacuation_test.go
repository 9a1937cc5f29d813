package server_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"leye/app/api"
	"leye/app/central/internal/ledger"
	"leye/app/envelope"
	"leye/app/evacuation"
)

// carried is so many applications of terminal PT01, sealed as they lie there.
func (g *gate) carried(from, count int) (list []evacuation.Entry) {
	g.t.Helper()
	for n := range count {
		id := fmt.Sprintf("%026d", from+n)
		list = append(list, evacuation.Entry{
			Reference: "PT01-1124-0007-3", Service: "job-search", FiledAt: noon, PromisedAt: noon,
			Sealed: sealed(g.t, g.key.Public(), id, g.lookup(id)),
		})
	}
	return list
}

// evacuated puts entries into a file of a terminal.
func (g *gate) evacuated(terminal string, of tls.Certificate, entries []evacuation.Entry) evacuation.File {
	g.t.Helper()
	f, err := evacuation.Seal(terminal, evacuation.NewID(), entries, noon, g.key.Public(), of.PrivateKey.(ed25519.PrivateKey))
	fatal(g.t, err)
	return f
}

// known is the client of a terminal, made once: its judge reads the whole contract.
func (g *gate) known(by tls.Certificate) *http.Client {
	serial := by.Leaf.SerialNumber.Text(16)
	if g.clients[serial] == nil {
		g.clients[serial] = g.client(by)
	}
	return g.clients[serial]
}

func (g *gate) sendAs(by tls.Certificate, path, media string, body []byte) (int, []byte) {
	g.t.Helper()
	r, err := http.NewRequestWithContext(g.t.Context(), http.MethodPut, g.door+path, bytes.NewReader(body))
	fatal(g.t, err)
	r.Header.Set("Content-Type", media)
	response, err := g.known(by).Do(r)
	fatal(g.t, err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	fatal(g.t, err)
	return response.StatusCode, answer
}

func (g *gate) adopt(by tls.Certificate, f evacuation.File) (int, []byte) {
	g.t.Helper()
	text, err := json.Marshal(api.Adoption{Statement: f.Statement, Manifest: f.Manifest})
	fatal(g.t, err)
	return g.sendAs(by, "/v1/evacuations/"+f.ID+"/adoption", "application/json", text)
}

func (g *gate) cancel(by tls.Certificate, f evacuation.File) (int, []byte) {
	g.t.Helper()
	text, err := json.Marshal(api.Cancellation{Statement: f.Statement})
	fatal(g.t, err)
	return g.sendAs(by, "/v1/evacuations/"+f.ID+"/cancellation", "application/json", text)
}

func (g *gate) deliver(by tls.Certificate, e evacuation.Entry) (int, []byte) {
	g.t.Helper()
	text, err := e.Sealed.Encode()
	fatal(g.t, err)
	return g.sendAs(by, "/v1/applications/"+e.Sealed.ID, envelope.MediaType, text)
}

// want holds a status and, in the answer, a word or a problem's code.
func want(t *testing.T, what string, status int, says string) func(int, []byte) {
	t.Helper()
	return func(got int, answer []byte) {
		t.Helper()
		if got != status || !strings.Contains(string(answer), says) {
			t.Errorf("%s: %d %s, want %d %q", what, got, answer, status, says)
		}
	}
}

func granted(t *testing.T, answer []byte) (a api.Adopted) {
	t.Helper()
	fatal(t, json.Unmarshal(answer, &a))
	return a
}

func TestTheAdopterSendsAndTheEmptiedTerminalNoMore(t *testing.T) {
	g := startGate(t)
	old, other, third := g.enrol("PT01"), g.enrol("PT02"), g.enrol("PT03")
	entries := g.carried(1, 3)
	// The first had come before, and its answer was lost.
	status, before := g.deliver(old, entries[0])
	want(t, "before", 201, entries[0].Sealed.ID)(status, before)
	f := g.evacuated("PT01", old, entries)
	want(t, "without leave", 403, "forbidden")(g.deliver(other, entries[1]))

	status, answer := g.adopt(other, f)
	want(t, "adopted", 200, `"terminal":"PT01"`)(status, answer)
	a := granted(t, answer)
	opened, err := f.Open(a.Key)
	if err != nil || len(opened) != 3 || len(a.Elsewhere) != 0 {
		t.Fatalf("%d opened, %v; elsewhere %v", len(opened), err, a.Elsewhere)
	}
	again, _ := func() (api.Adopted, int) { status, answer := g.adopt(other, f); return granted(t, answer), status }()
	if !bytes.Equal(again.Key, a.Key) || len(again.Elsewhere) != 0 {
		t.Errorf("adopted again: %+v is not %+v", again, a)
	}
	want(t, "a third", 409, "adopted by terminal PT02")(g.adopt(third, f))
	want(t, "the old one, what had come", 409, "fenced")(g.deliver(old, entries[0]))
	want(t, "the old one, what had not", 409, "fenced")(g.deliver(old, entries[1]))
	want(t, "a third, with the body", 409, "fenced")(g.deliver(third, entries[1]))

	status, after := g.deliver(other, opened[0])
	if status != 200 || !bytes.Equal(after, before) {
		t.Errorf("what had come before: %d %s, want %s", status, after, before)
	}
	want(t, "the adopter", 201, entries[1].Sealed.ID)(g.deliver(other, opened[1]))
	want(t, "the adopter again", 200, entries[1].Sealed.ID)(g.deliver(other, opened[1]))
	want(t, "the old one afterwards", 409, "fenced")(g.deliver(old, entries[1]))
	want(t, "taken back too late", 409, "adopted by terminal PT02")(g.cancel(old, f))
	// What the resident's slip says is found.
	found, err := g.ledger.Cases(t.Context(), ledger.Query{Search: entries[1].Reference})
	if err != nil || found.Total != 2 || found.Cases[0].Terminal != "PT01" {
		t.Errorf("by reference: %+v, %v", found, err)
	}
	list, err := g.ledger.Evacuations(t.Context())
	if err != nil || len(list) != 1 || list[0].Terminal != "PT01" || list[0].Adopter != "PT02" || list[0].Count != 3 || list[0].Held != 3 || list[0].Sent != 2 ||
		!list[0].MadeAt.Equal(noon) {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestAnEvacuationIsTakenBackAsLongAsNobodyAdopted(t *testing.T) {
	g := startGate(t)
	old, other := g.enrol("PT01"), g.enrol("PT02")
	entries := g.carried(1, 1)
	f := g.evacuated("PT01", old, entries)
	want(t, "by another", 403, "another terminal")(g.cancel(other, f))
	want(t, "taken back", 200, f.ID)(g.cancel(old, f))
	want(t, "again", 200, f.ID)(g.cancel(old, f))
	want(t, "adopted afterwards", 409, "cancelled")(g.adopt(other, f))
	want(t, "sent by its own terminal", 201, entries[0].Sealed.ID)(g.deliver(old, entries[0]))
	// A new evacuation of the same is another one.
	f = g.evacuated("PT01", old, entries)
	want(t, "evacuated anew", 200, f.ID)(g.adopt(other, f))
	want(t, "delivered by the adopter", 200, entries[0].Sealed.ID)(g.deliver(other, entries[0]))
}

func TestWhatWasAdoptedIsHandedOn(t *testing.T) {
	g := startGate(t)
	old, other, third := g.enrol("PT01"), g.enrol("PT02"), g.enrol("PT03")
	entries := g.carried(1, 2)
	first := g.evacuated("PT01", old, entries)
	want(t, "first", 200, first.ID)(g.adopt(other, first))
	second := g.evacuated("PT02", other, entries)
	want(t, "handed on", 200, `"elsewhere":[]`)(g.adopt(third, second))
	want(t, "the first adopter", 409, "fenced")(g.deliver(other, entries[0]))
	want(t, "the last one", 201, entries[0].Sealed.ID)(g.deliver(third, entries[0]))
	_, answer := g.adopt(other, first)
	if a := granted(t, answer); len(a.Elsewhere) != 2 {
		t.Errorf("the first adopter again: %+v", a)
	}
}

// The old terminal comes back from a copy of its disk and is evacuated once more:
// what the first file gave away stays where it is, what is new goes along.
func TestACopyOfAnEvacuatedTerminalGivesAwayOnlyWhatIsNew(t *testing.T) {
	g := startGate(t)
	old, other, third := g.enrol("PT01"), g.enrol("PT02"), g.enrol("PT03")
	want(t, "first", 200, "")(g.adopt(other, g.evacuated("PT01", old, g.carried(1, 2))))
	_, answer := g.adopt(third, g.evacuated("PT01", old, g.carried(1, 3)))
	a := granted(t, answer)
	if fmt.Sprint(a.Elsewhere) != fmt.Sprintf("[%026d %026d]", 1, 2) {
		t.Errorf("elsewhere %v", a.Elsewhere)
	}
	want(t, "what is new", 201, "")(g.deliver(third, g.carried(3, 1)[0]))
	want(t, "what was adopted before", 409, "fenced")(g.deliver(third, g.carried(1, 1)[0]))
}

func TestALostAdopterIsRelieved(t *testing.T) {
	g := startGate(t)
	old, other, third := g.enrol("PT01"), g.enrol("PT02"), g.enrol("PT03")
	entries := g.carried(1, 2)
	f := g.evacuated("PT01", old, entries)
	want(t, "adopted", 200, "")(g.adopt(other, f))
	if from, err := g.ledger.ReleaseEvacuation(t.Context(), f.ID); err != nil || from != "PT02" {
		t.Fatalf("%q, %v", from, err)
	}
	want(t, "the lost one", 409, "fenced")(g.deliver(other, entries[0]))
	want(t, "the emptied one", 201, "")(g.deliver(old, entries[0]))
	want(t, "adopted by a third", 200, `"elsewhere":[]`)(g.adopt(third, f))
	want(t, "sent by the third", 201, "")(g.deliver(third, entries[1]))
	want(t, "the emptied one again", 409, "fenced")(g.deliver(old, entries[1]))
}

// A terminal that is given up is revoked, or replaced under its name.
func TestTheFileOfARevokedTerminalIsAdopted(t *testing.T) {
	g := startGate(t)
	old, other := g.enrol("PT01"), g.enrol("PT02")
	f, more := g.evacuated("PT01", old, g.carried(1, 1)), g.evacuated("PT01", old, g.carried(2, 1))
	replaced := g.enrol("PT01")
	want(t, "by the one in its place", 200, "")(g.adopt(replaced, more))
	want(t, "sent by it", 201, "")(g.deliver(replaced, g.carried(2, 1)[0]))
	_, err := g.ledger.Revoke(t.Context(), "PT01")
	fatal(t, err)
	want(t, "by another", 200, "")(g.adopt(other, f))
}

func TestWhatIsNoEvacuationOfATerminalIsNotAdopted(t *testing.T) {
	g := startGate(t)
	old, other := g.enrol("PT01"), g.enrol("PT02")
	f := g.evacuated("PT01", old, g.carried(1, 1))
	forged := g.evacuated("PT01", other, g.carried(1, 1))
	want(t, "signed by another", 403, "not signed")(g.adopt(other, forged))
	mixed := f
	mixed.Manifest = forged.Manifest
	want(t, "with another's list", 400, "malformed")(g.adopt(other, mixed))
	elsewhere := f
	elsewhere.ID = forged.ID
	want(t, "under another's name", 400, "malformed")(g.adopt(other, elsewhere))
	stranger, err := envelope.NewPrivateKey()
	fatal(t, err)
	lost, err := evacuation.Seal("PT01", evacuation.NewID(), g.carried(1, 1), noon, stranger.Public(), old.PrivateKey.(ed25519.PrivateKey))
	fatal(t, err)
	want(t, "sealed to another central", 421, "unknown-key")(g.adopt(other, lost))
	twin, err := evacuation.Seal("PT01", f.ID, g.carried(5, 1), noon, g.key.Public(), old.PrivateKey.(ed25519.PrivateKey))
	fatal(t, err)
	want(t, "adopted", 200, "")(g.adopt(other, f))
	want(t, "another under the same name", 409, "conflict")(g.adopt(other, twin))
	want(t, "no list", 400, "manifest")(g.sendAs(other, "/v1/evacuations/"+f.ID+"/adoption", "application/json", []byte(`{"statement":""}`)))
	want(t, "no statement", 400, "malformed")(g.sendAs(other, "/v1/evacuations/"+f.ID+"/cancellation", "application/json", []byte(`{"statement":"x"}`)))
}

func TestWithoutCertificatesNobodyAdopts(t *testing.T) {
	c := start(t)
	response, p := c.send("PUT", "/v1/evacuations/"+strings.Repeat("A", 26)+"/adoption", "application/json", strings.NewReader("{}"))
	if response.StatusCode != 404 || p.Code != api.ProblemCodeNotFound {
		t.Errorf("%d %s", response.StatusCode, p.Code)
	}
}
