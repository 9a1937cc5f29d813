package envelope_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"leye/app/envelope"
)

const someID = "01KQ3ZC8V5W0T6R2N9M4H7XJDA"

func key(t testing.TB) *envelope.PrivateKey {
	t.Helper()
	k, err := envelope.NewPrivateKey()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func seal(t testing.TB, to envelope.PublicKey, h envelope.Header, plain []byte) envelope.Envelope {
	t.Helper()
	data, err := envelope.NewDataKey(h.Suite)
	if err != nil {
		t.Fatal(err)
	}
	body, err := envelope.SealBody(h, data, plain)
	if err != nil {
		t.Fatal(err)
	}
	wrap, err := to.Wrap(h, data)
	if err != nil {
		t.Fatal(err)
	}
	return envelope.Envelope{Header: h, Key: to.Fingerprint(), Wrap: wrap, Body: body}
}

func header() envelope.Header {
	return envelope.Header{Suite: envelope.Leye1, ID: someID, Seq: 7, Schema: envelope.Schema}
}

func TestOnlyTheOwnerOpens(t *testing.T) {
	owner, other := key(t), key(t)
	plain := []byte(`{"answers":{"name":"张示例"}}`)
	e := seal(t, owner.Public(), header(), plain)
	if got, err := owner.Open(e); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("opened as %q, %v", got, err)
	}
	if _, err := other.Open(e); !errors.Is(err, envelope.ErrUnreadable) {
		t.Errorf("another key: %v", err)
	}
	e.Key = other.Public().Fingerprint()
	if _, err := other.Open(e); !errors.Is(err, envelope.ErrUnreadable) {
		t.Errorf("another key under its own name: %v", err)
	}
	if again := seal(t, owner.Public(), header(), plain); bytes.Equal(again.Body, e.Body) || bytes.Equal(again.Wrap, e.Wrap) {
		t.Error("the same application sealed twice looks the same")
	}
}

// Each part that an envelope says openly, and each of its bytes, is bound.
func TestNothingCanBeExchanged(t *testing.T) {
	owner := key(t)
	e := seal(t, owner.Public(), header(), []byte("{}"))
	for name, harm := range map[string]func(*envelope.Envelope){
		"id":     func(e *envelope.Envelope) { e.ID = strings.Repeat("B", 26) },
		"seq":    func(e *envelope.Envelope) { e.Seq++ },
		"schema": func(e *envelope.Envelope) { e.Schema = "application-2" },
		"key":    func(e *envelope.Envelope) { e.Key = key(t).Public().Fingerprint() },
		"wrap of another": func(e *envelope.Envelope) {
			e.Wrap = seal(t, owner.Public(), header(), []byte("{}")).Wrap
		},
		"body of another": func(e *envelope.Envelope) {
			e.Body = seal(t, owner.Public(), header(), []byte("{}")).Body
		},
		"no wrap": func(e *envelope.Envelope) { e.Wrap = nil },
		"no body": func(e *envelope.Envelope) { e.Body = nil },
	} {
		changed := e
		harm(&changed)
		if _, err := owner.Open(changed); !errors.Is(err, envelope.ErrUnreadable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for part, of := range map[string]func(*envelope.Envelope) *[]byte{
		"wrap": func(e *envelope.Envelope) *[]byte { return &e.Wrap },
		"body": func(e *envelope.Envelope) *[]byte { return &e.Body },
	} {
		for i := range *of(&e) {
			changed := e
			to := of(&changed)
			*to = bytes.Clone(*to)
			(*to)[i] ^= 1
			if _, err := owner.Open(changed); !errors.Is(err, envelope.ErrUnreadable) {
				t.Errorf("%s, byte %d: %v", part, i, err)
			}
		}
	}
}

func TestAWrapperWorksOnce(t *testing.T) {
	owner := key(t)
	w, err := owner.Public().Prepare()
	if err != nil || w.Key() != owner.Public() {
		t.Fatalf("%v, %v", w, err)
	}
	h, data := header(), make([]byte, 32)
	body, err := envelope.SealBody(h, data, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	wrap, err := w.Wrap(h, data)
	if err != nil {
		t.Fatal(err)
	}
	e := envelope.Envelope{Header: h, Key: w.Key().Fingerprint(), Wrap: wrap, Body: body}
	if got, err := owner.Open(e); err != nil || string(got) != "x" {
		t.Errorf("opened as %q, %v", got, err)
	}
	if _, err := w.Wrap(h, data); err == nil {
		t.Error("worked twice: both wraps would be under one key")
	}
}

func TestUnknownSuiteIsSaid(t *testing.T) {
	owner := key(t)
	e := seal(t, owner.Public(), header(), []byte("{}"))
	e.Suite = "leye-sm-1"
	_, open := owner.Open(e)
	_, data := envelope.NewDataKey(e.Suite)
	_, body := envelope.SealBody(e.Header, make([]byte, 32), nil)
	_, public := envelope.NewPublicKey(e.Suite, owner.Public().Bytes())
	for name, err := range map[string]error{"open": open, "data key": data, "body": body, "public key": public} {
		if !errors.Is(err, envelope.ErrSuite) {
			t.Errorf("%s: %v", name, err)
		}
	}
	text, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if back, err := envelope.Decode(text); err != nil || back.Suite != e.Suite {
		t.Errorf("its form is right, yet: %v", err)
	}
}

func TestHeadersThatRunTogetherAreRefused(t *testing.T) {
	for _, h := range []envelope.Header{
		{}, {Suite: envelope.Leye1, ID: someID, Schema: envelope.Schema},
		{Suite: envelope.Leye1, ID: someID + "\n", Seq: 1, Schema: envelope.Schema},
		{Suite: envelope.Leye1, ID: someID, Seq: 1, Schema: "a\nb"},
		{Suite: "leye-1\n", ID: someID, Seq: 1, Schema: envelope.Schema},
	} {
		if _, err := envelope.SealBody(h, make([]byte, 32), nil); err == nil {
			t.Errorf("%+v was sealed", h)
		}
	}
}

func TestKeysCanBeWrittenAndReadAgain(t *testing.T) {
	k := key(t)
	text, err := k.PEM()
	if err != nil {
		t.Fatal(err)
	}
	again, err := envelope.ParsePrivateKey(text)
	if err != nil || again.Public() != k.Public() {
		t.Fatalf("private key: %v", err)
	}
	if got, err := again.Open(seal(t, k.Public(), header(), []byte("x"))); err != nil || string(got) != "x" {
		t.Errorf("the key that was read opens %q, %v", got, err)
	}
	public, err := envelope.ParsePublicKey(k.Public().String())
	if err != nil || public != k.Public() || public.Fingerprint() != k.Public().Fingerprint() {
		t.Errorf("public key %s: %v", k.Public(), err)
	}
	for _, said := range []string{fmt.Sprint(k), fmt.Sprintf("%+v", k), fmt.Sprintf("%#v", k)} {
		if said != "private key of "+k.Public().Fingerprint().Short() {
			t.Errorf("a private key prints as %q", said)
		}
	}
	for _, wrong := range []string{"", "leye-1", "leye-1:", "leye-1:aGFsbG8=", "leye-1:" + strings.Repeat("A", 43) + "=", "leye-2:" + strings.TrimPrefix(k.Public().String(), "leye-1:"), k.Public().String() + "A"} {
		if _, err := envelope.ParsePublicKey(wrong); err == nil {
			t.Errorf("%q was taken for a public key", wrong)
		}
	}
	for _, wrong := range []string{"", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", strings.ReplaceAll(string(text), "PRIVATE", "PUBLIC")} {
		if _, err := envelope.ParsePrivateKey([]byte(wrong)); err == nil {
			t.Errorf("%q was taken for a private key", wrong)
		}
	}
}

// contract is the body of a sealed filing in the contract.
func contract(t *testing.T) *openapi3.MediaType {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("../api/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	media := doc.Paths.Find("/v1/applications/{id}").Put.RequestBody.Value.Content[envelope.MediaType]
	if media == nil {
		t.Fatal("the contract does not know the media type")
	}
	return media
}

// The contract's example was sealed to the private key of the bytes 0 to 31: who
// writes another terminal or central has something to begin with.
func TestTheContractsExampleOpens(t *testing.T) {
	owner, err := envelope.ParsePrivateKey([]byte("-----BEGIN PRIVATE KEY-----\n" +
		"MC4CAQAwBQYDK2VuBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n-----END PRIVATE KEY-----\n"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(contract(t).Examples["sealed"].Value.Value)
	if err != nil {
		t.Fatal(err)
	}
	e, err := envelope.Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := owner.Open(e)
	if err != nil || !bytes.HasPrefix(plain, []byte(`{"id":"`+e.ID+`","service":"job-search"`)) {
		t.Errorf("opened as %s, %v", plain, err)
	}
}

// TestAnEnvelopeFollowsTheContract has the contract's judge look at one.
func TestAnEnvelopeFollowsTheContract(t *testing.T) {
	media := contract(t)
	text, err := seal(t, key(t).Public(), header(), []byte("{}")).Encode()
	if err != nil {
		t.Fatal(err)
	}
	var said map[string]any
	if err := json.Unmarshal(text, &said); err != nil {
		t.Fatal(err)
	}
	if err := media.Schema.Value.VisitJSON(said, openapi3.EnableJSONSchema2020()); err != nil {
		t.Error(err)
	}
	for _, k := range envelope.Keys() {
		if _, ok := said[k]; !ok {
			t.Errorf("no key %s in %s", k, text)
		}
	}
	delete(said, "wrap")
	if err := media.Schema.Value.VisitJSON(said, openapi3.EnableJSONSchema2020()); err == nil {
		t.Error("control: the judge passes an envelope without a wrap")
	}
}

// FuzzDecode holds that what is read can be written and read again as the same,
// and that nothing opens which was not sealed.
func FuzzDecode(f *testing.F) {
	owner := key(f)
	text, err := seal(f, owner.Public(), header(), []byte(`{"id":1}`)).Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"suite":"leye-2","schema":"a","id":"` + someID + `","seq":1,"key":"` + strings.Repeat("0", 64) + `","wrap":"AA==","body":"AA=="}`))
	f.Add([]byte(`{"suite":null}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := envelope.Decode(data)
		if err != nil {
			return
		}
		again, err := e.Encode()
		if err != nil {
			t.Fatalf("read, but cannot be written: %v", err)
		}
		if back, err := envelope.Decode(again); err != nil || back.Header != e.Header || back.Key != e.Key ||
			!bytes.Equal(back.Wrap, e.Wrap) || !bytes.Equal(back.Body, e.Body) {
			t.Errorf("%s reads as something else: %v", again, err)
		}
		if plain, err := owner.Open(e); err == nil && string(plain) != `{"id":1}` {
			t.Errorf("opened as %q", plain)
		}
	})
}

// FuzzPublicKey holds that a key reads in one way only.
func FuzzPublicKey(f *testing.F) {
	f.Add(key(f).Public().String())
	f.Add("leye-1:" + strings.Repeat("A", 43) + "=")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := envelope.ParsePublicKey(text)
		if err != nil {
			return
		}
		if p.String() != strings.TrimSpace(text) {
			t.Errorf("%q and %q are the same key", text, p)
		}
	})
}
