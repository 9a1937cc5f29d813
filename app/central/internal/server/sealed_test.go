package server_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"leye/app/api"
	"leye/app/central/internal/keyring"
	"leye/app/central/internal/ledger"
	"leye/app/central/internal/server"
	"leye/app/envelope"
	"leye/app/proof"
)

// sealed is plain as a terminal seals it to a key.
func sealed(t *testing.T, to envelope.PublicKey, id string, plain []byte) envelope.Envelope {
	t.Helper()
	h := envelope.Header{Suite: to.Suite(), ID: id, Seq: 7, Schema: envelope.Schema}
	data, err := envelope.NewDataKey(h.Suite)
	fatal(t, err)
	body, err := envelope.SealBody(h, data, plain)
	fatal(t, err)
	wrap, err := to.Wrap(h, data)
	fatal(t, err)
	return envelope.Envelope{Header: h, Key: to.Fingerprint(), Wrap: wrap, Body: body}
}

func (c *central) putSealed(id string, e envelope.Envelope) *api.FileApplicationResponse {
	c.t.Helper()
	text, err := e.Encode()
	fatal(c.t, err)
	response, err := c.api.FileApplicationWithBodyWithResponse(context.Background(), id, nil, envelope.MediaType, bytes.NewReader(text))
	fatal(c.t, err)
	return response
}

func TestASealedApplicationIsFiledAsIfItHadComeOpen(t *testing.T) {
	c := start(t)
	e := sealed(t, c.key.Public(), someID, c.lookup(someID))
	response := c.putSealed(someID, e)
	if response.JSON201 == nil {
		t.Fatalf("status %d: %s", response.StatusCode(), response.Body)
	}
	first := *response.JSON201
	if first.Digest != envelope.Digest(e.Body) {
		t.Errorf("digest %s is not that of the sealed body", first.Digest)
	}
	if kept, err := c.ledger.Body(t.Context(), first.Number); err != nil || !bytes.Equal(kept, c.lookup(someID)) {
		t.Errorf("the ledger holds %s, %v", kept, err)
	}
	wrapped := e
	wrapped.Wrap = bytes.Clone(e.Wrap)
	wrapped.Wrap[0] ^= 1
	for name, again := range map[string]envelope.Envelope{"the same": e, "another wrap": wrapped} {
		if response := c.putSealed(someID, again); response.JSON200 == nil || *response.JSON200 != first {
			t.Errorf("%s again: %d %s", name, response.StatusCode(), response.Body)
		}
	}
	if other := c.putSealed(someID, sealed(t, c.key.Public(), someID, c.lookup(someID))); other.ApplicationproblemJSON409 == nil {
		t.Errorf("another sealed body: %d", other.StatusCode())
	}
	if open := c.put(someID, c.lookup(someID)); open.ApplicationproblemJSON409 == nil {
		t.Errorf("the open form under the same id: %d", open.StatusCode())
	}
}

func TestWhatIsSealedWronglyIsRefused(t *testing.T) {
	c := start(t)
	stranger, err := envelope.NewPrivateKey()
	fatal(t, err)
	right := sealed(t, c.key.Public(), someID, c.lookup(someID))
	with := func(harm func(*envelope.Envelope)) envelope.Envelope {
		e := right
		harm(&e)
		return e
	}
	for name, tt := range map[string]struct {
		e      envelope.Envelope
		status int
		code   api.ProblemCode
	}{
		"unknown suite":    {with(func(e *envelope.Envelope) { e.Suite = "leye-sm-1" }), 422, api.ProblemCodeUnknownSuite},
		"unknown key":      {sealed(t, stranger.Public(), someID, c.lookup(someID)), 421, api.ProblemCodeUnknownKey},
		"other place":      {with(func(e *envelope.Envelope) { e.Seq++ }), 422, api.ProblemCodeUnreadable},
		"altered body":     {with(func(e *envelope.Envelope) { e.Body = append(bytes.Clone(e.Body), 0) }), 422, api.ProblemCodeUnreadable},
		"other schema":     {with(func(e *envelope.Envelope) { e.Schema = "application-2" }), 400, api.ProblemCodeMalformed},
		"other id":         {with(func(e *envelope.Envelope) { e.ID = strings.Repeat("B", 26) }), 400, api.ProblemCodeMalformed},
		"other id inside":  {sealed(t, c.key.Public(), someID, c.lookup(strings.Repeat("B", 26))), 400, api.ProblemCodeMalformed},
		"rubbish inside":   {sealed(t, c.key.Public(), someID, []byte("rubbish")), 400, api.ProblemCodeMalformed},
		"unknown service":  {sealed(t, c.key.Public(), someID, bytes.Replace(c.lookup(someID), []byte("job-search"), []byte("no-such"), 1)), 422, api.ProblemCodeUnknownService},
		"sealed once more": {sealed(t, c.key.Public(), someID, right.Body), 400, api.ProblemCodeMalformed},
	} {
		text, err := tt.e.Encode()
		fatal(t, err)
		response, p := c.send("PUT", "/v1/applications/"+someID, envelope.MediaType, bytes.NewReader(text))
		if response.StatusCode != tt.status || p.Code != tt.code {
			t.Errorf("%s: %d %s, want %d %s", name, response.StatusCode, p.Code, tt.status, tt.code)
		}
	}
	for _, body := range []string{"", "{}", `{"suite":"leye-1","suite":"leye-1"}`, string(c.lookup(someID))} {
		if response, p := c.send("PUT", "/v1/applications/"+someID, envelope.MediaType, strings.NewReader(body)); response.StatusCode != 400 {
			t.Errorf("%q: %d %s", body, response.StatusCode, p.Code)
		}
	}
	if page, err := c.ledger.Cases(t.Context(), ledger.Query{}); err != nil || page.Total != 0 {
		t.Errorf("refused requests left %d cases, %v", page.Total, err)
	}
}

func TestHeartbeatsTakeNoSealedForm(t *testing.T) {
	c := start(t)
	if response, _ := c.send("POST", "/v1/terminals/PT01/heartbeat", envelope.MediaType, strings.NewReader("{}")); response.StatusCode != 415 {
		t.Errorf("status %d", response.StatusCode)
	}
}

func TestTheSealKeyIsPublished(t *testing.T) {
	c := start(t)
	health, err := c.api.GetHealthWithResponse(t.Context(), nil)
	fatal(t, err)
	beat, err := c.api.SendHeartbeatWithResponse(t.Context(), "PT01", nil, api.Heartbeat{SentAt: noon, Version: "1"})
	fatal(t, err)
	for name, told := range map[string]*api.SealKey{"health": health.JSON200.SealKey, "heartbeat": beat.JSON200.SealKey} {
		if told == nil {
			t.Errorf("%s tells no key", name)
			continue
		}
		key, err := envelope.NewPublicKey(envelope.Suite(told.Suite), told.Key)
		if err != nil || key != c.key.Public() || told.Fingerprint != string(key.Fingerprint()) {
			t.Errorf("%s tells %+v, %v", name, told, err)
		}
	}
	c = startAt(t, filepath.Join(t.TempDir(), "central.db"), func(c *server.Config) { c.SealKey = envelope.PublicKey{} })
	if health, err := c.api.GetHealthWithResponse(t.Context(), nil); err != nil || health.JSON200.SealKey != nil {
		t.Errorf("a central without a key tells one: %v", err)
	}
}

// After a rotation what terminals sealed to the key before is taken as ever, and they
// are told the new one, vouched for.
func TestAnOlderKeyOpensWhatWasSealedToIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "central.db")
	c := startAt(t, path, func(*server.Config) {})
	waiting, before := sealed(t, c.key.Public(), someID, c.lookup(someID)), c.key.Public()
	c.stop()
	_, _, err := keyring.Rotate(keyring.Path(path), time.Now().Add(time.Hour))
	fatal(t, err)
	answers, private, err := ed25519.GenerateKey(nil)
	fatal(t, err)
	c = startAt(t, path, func(c *server.Config) { c.AnswersKey = private })
	if c.key.Public() == before {
		t.Fatal("the key is the same")
	}
	if got := c.putSealed(someID, waiting); got.JSON201 == nil {
		t.Errorf("sealed to the key before: %d", got.StatusCode())
	}
	other := strings.Repeat("B", 26)
	if got := c.putSealed(other, sealed(t, c.key.Public(), other, c.lookup(other))); got.JSON201 == nil {
		t.Errorf("sealed to the new key: %d", got.StatusCode())
	}
	health, err := c.api.GetHealthWithResponse(t.Context(), nil)
	fatal(t, err)
	told := health.JSON200.SealKey
	if told.Since == nil || told.Signature == nil {
		t.Fatalf("told %+v", told)
	}
	claim := proof.SealKey{Suite: told.Suite, Key: told.Key, Since: *told.Since}
	if err := claim.Check([]ed25519.PublicKey{answers}, *told.Signature); err != nil || string(told.Key) != string(c.key.Public().Bytes()) {
		t.Errorf("told %+v, %v", told, err)
	}
}

// A key that was lost and put back: nothing that was acknowledged is undone, and
// what could not be opened meanwhile is filed.
func TestAKeyThatIsPutBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "central.db")
	c := startAt(t, path, func(*server.Config) {})
	kept, key := sealed(t, c.key.Public(), someID, c.lookup(someID)), c.key
	first := *c.putSealed(someID, kept).JSON201
	later := strings.Repeat("B", 26)
	waiting := sealed(t, key.Public(), later, c.lookup(later))
	c.stop()
	lost := filepath.Join(t.TempDir(), "lost.db")
	c = startAt(t, lost, func(*server.Config) {})
	if got := c.putSealed(later, waiting).StatusCode(); got != 421 {
		t.Errorf("without the key: %d, want 421", got)
	}
	c.stop()
	c = startAt(t, path, func(*server.Config) {})
	if again := c.putSealed(someID, kept); again.JSON200 == nil || *again.JSON200 != first {
		t.Errorf("acknowledged before: %d", again.StatusCode())
	}
	if now := c.putSealed(later, waiting); now.JSON201 == nil {
		t.Errorf("with the key: %d", now.StatusCode())
	}
	if _, err := keyring.Read(keyring.Path(path)); err != nil {
		t.Error(err)
	}
}
