package proof

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"
)

// TestStandardsExample is RFC 9421 appendix B.2.6, whose key is in B.1.4.
func TestStandardsExample(t *testing.T) {
	der, err := base64.StdEncoding.DecodeString("MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF")
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		t.Fatal(err)
	}
	const params = `("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"`
	text := base([]component{
		{`"date"`, "Tue, 20 Apr 2021 02:07:55 GMT"}, {`"@method"`, "POST"}, {`"@path"`, "/foo"}, {`"@authority"`, "example.com"},
		{`"content-type"`, "application/json"}, {`"content-length"`, "18"},
	}, params)
	input, signature := signed(key.(ed25519.PrivateKey), "sig-b26", params, text)
	if input != "sig-b26="+params || signature != "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:" {
		t.Errorf("%s\n%s", input, signature)
	}
}

// TestStandardsDigest is the first example of RFC 9530 section 2.
func TestStandardsDigest(t *testing.T) {
	if got := ContentDigest([]byte("{\"hello\": \"world\"}\n")); got != "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:" {
		t.Error(got)
	}
}

func newKey(t testing.TB) (ed25519.PublicKey, ed25519.PrivateKey) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return public, private
}

var moment = time.Unix(1790000000, 0)

func TestEachPartOfARequestCounts(t *testing.T) {
	public, private := newKey(t)
	other, _ := newKey(t)
	r := Request{"PUT", "/v1/applications/A", ContentDigest([]byte("{}"))}
	p := Params{moment, "AAAAAAAAAAAAAAAAAAAAAA", Fingerprint(public)}
	input, signature := SignRequest(private, r, p)
	if got, err := CheckRequest(public, r, input, signature); err != nil || got != p {
		t.Fatalf("%v, %v", got, err)
	}
	with := func(change func(*Request)) Request { c := r; change(&c); return c }
	for name, tt := range map[string]struct {
		key              ed25519.PublicKey
		r                Request
		input, signature string
	}{
		"method":      {public, with(func(r *Request) { r.Method = "POST" }), input, signature},
		"target":      {public, with(func(r *Request) { r.Target += "?a=b" }), input, signature},
		"digest":      {public, with(func(r *Request) { r.Digest = ContentDigest(nil) }), input, signature},
		"line broken": {public, with(func(r *Request) { r.Method = "PUT\n\"x\": y" }), input, signature},
		"created":     {public, r, strings.Replace(input, "created=179", "created=178", 1), signature},
		"nonce":       {public, r, strings.Replace(input, "AAAA", "BAAA", 1), signature},
		"key":         {other, r, input, signature},
		"no input":    {public, r, "", signature},
		"no nonce":    {public, r, strings.Replace(input, `nonce="AAAAAAAAAAAAAAAAAAAAAA";`, "", 1), signature},
		"fewer parts": {public, r, strings.Replace(input, ` "content-digest"`, "", 1), signature},
		"other label": {public, r, strings.Replace(input, "terminal=", "central=", 1), signature},
		"two":         {public, r, input + ", " + input, signature},
		"none":        {public, r, input, ""},
		"short":       {public, r, input, "terminal=:AAAA:"},
	} {
		if _, err := CheckRequest(tt.key, tt.r, tt.input, tt.signature); !errors.Is(err, ErrUnsigned) && !errors.Is(err, ErrBadSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEachPartOfAnAnswerCounts(t *testing.T) {
	public, private := newKey(t)
	other, _ := newKey(t)
	a := Answer{200, ContentDigest([]byte("{}")), "terminal=:AAAA:"}
	input, signature := SignAnswer(private, a, moment)
	if at, err := CheckAnswer([]ed25519.PublicKey{other, public}, a, input, signature); err != nil || !at.Equal(moment) {
		t.Fatalf("%v, %v", at, err)
	}
	for name, tt := range map[string]struct {
		key              ed25519.PublicKey
		a                Answer
		input, signature string
	}{
		"status":           {public, Answer{201, a.Digest, a.To}, input, signature},
		"digest":           {public, Answer{200, ContentDigest(nil), a.To}, input, signature},
		"to another":       {public, Answer{200, a.Digest, "terminal=:AAAB:"}, input, signature},
		"time":             {public, a, strings.Replace(input, "created=179", "created=178", 1), signature},
		"another's key":    {other, a, input, signature},
		"a request's":      {public, a, input, strings.Replace(signature, "central", "terminal", 1)},
		"without a time":   {public, a, strings.Replace(input, "created=1790000000;", "", 1), signature},
		"without anything": {public, a, "", ""},
	} {
		if _, err := CheckAnswer([]ed25519.PublicKey{tt.key}, tt.a, tt.input, tt.signature); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func FuzzCheckRequest(f *testing.F) {
	public, private := newKey(f)
	r := Request{"GET", "/v1/health", ContentDigest(nil)}
	right, signature := SignRequest(private, r, Params{moment, "AAAAAAAAAAAAAAAAAAAAAA", Fingerprint(public)})
	f.Add(right, signature)
	f.Add(right+`;tag="x"`, signature)
	f.Add("", "terminal=::")
	f.Fuzz(func(t *testing.T, input, sig string) {
		if _, err := CheckRequest(public, r, input, sig); err == nil && (input != right || sig != signature) {
			t.Errorf("taken: %q %q", input, sig)
		}
	})
}

func FuzzCheckAnswer(f *testing.F) {
	public, private := newKey(f)
	a := Answer{200, ContentDigest(nil), "terminal=:AAAA:"}
	right, signature := SignAnswer(private, a, moment)
	f.Add(right, signature)
	f.Add("central=()", "central=::")
	f.Fuzz(func(t *testing.T, input, sig string) {
		if _, err := CheckAnswer([]ed25519.PublicKey{public}, a, input, sig); err == nil && (input != right || sig != signature) {
			t.Errorf("taken: %q %q", input, sig)
		}
	})
}
