package proof

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Names of the header fields.
const (
	DigestField    = "Content-Digest"  // RFC 9530
	InputField     = "Signature-Input" // RFC 9421
	SignatureField = "Signature"       // RFC 9421
)

// ContentDigest is the value of [DigestField] for a body; a message without one
// has the empty body.
func ContentDigest(body []byte) string {
	sum := sha256.Sum256(body)
	return "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
}

// Request is what a terminal signs of a request, besides the [Params].
type Request struct {
	Method string
	Target string // path and query as the request line has them
	Digest string // value of Content-Digest
}

// Params make each signature of a request one of its kind.
type Params struct {
	Created time.Time // to the second
	Nonce   string    // 22 characters of base64url: 16 random bytes
	KeyID   string    // [Fingerprint] of the key
}

// The labels under which the two sides sign.
const (
	terminalLabel = "terminal"
	centralLabel  = "central"
)

const requestComponents = `("@method" "@request-target" "content-digest")`

// component is one line of what is signed: its identifier as RFC 9421 section 2
// writes it, and its value.
type component struct{ id, value string }

// base is the text that is signed (RFC 9421 section 2.5).
func base(components []component, params string) []byte {
	var b strings.Builder
	for _, c := range components {
		fmt.Fprintf(&b, "%s: %s\n", c.id, c.value)
	}
	b.WriteString(`"@signature-params": ` + params)
	return []byte(b.String())
}

func (r Request) base(params string) []byte {
	return base([]component{{`"@method"`, r.Method}, {`"@request-target"`, r.Target}, {`"content-digest"`, r.Digest}}, params)
}

func (p Params) text() string {
	return fmt.Sprintf(`%s;created=%d;nonce="%s";keyid="%s";alg="ed25519"`, requestComponents, p.Created.Unix(), p.Nonce, p.KeyID)
}

// SignRequest returns the values of [InputField] and [SignatureField].
func SignRequest(key ed25519.PrivateKey, r Request, p Params) (input, signature string) {
	return signed(key, terminalLabel, p.text(), r.base(p.text()))
}

func signed(key ed25519.PrivateKey, label, params string, text []byte) (input, signature string) {
	sig := base64.StdEncoding.EncodeToString(ed25519.Sign(key, text))
	return label + "=" + params, label + "=:" + sig + ":"
}

// Errors of the checks.
var (
	ErrUnsigned     = errors.New("there is no signature of the agreed form")
	ErrBadSignature = errors.New("the signature does not fit")
)

var requestInput = regexp.MustCompile(`^terminal=\("@method" "@request-target" "content-digest"\);created=([1-9][0-9]{0,11});nonce="([A-Za-z0-9_-]{22})";keyid="([0-9a-f]{64})";alg="ed25519"$`)

// CheckRequest holds a request against its signature. Whether it is fresh is not
// decided here.
func CheckRequest(key ed25519.PublicKey, r Request, input, signature string) (Params, error) {
	m := requestInput.FindStringSubmatch(input)
	if m == nil {
		return Params{}, ErrUnsigned
	}
	created, err := strconv.ParseInt(m[1], 10, 64)
	if err != nil {
		return Params{}, ErrUnsigned
	}
	p := Params{time.Unix(created, 0), m[2], m[3]}
	if p.KeyID != Fingerprint(key) {
		return Params{}, ErrBadSignature
	}
	return p, check(key, terminalLabel, r.base(p.text()), signature)
}

func check(key ed25519.PublicKey, label string, text []byte, signature string) error {
	value, found := strings.CutPrefix(signature, label+"=:")
	value, ended := strings.CutSuffix(value, ":")
	sig, err := base64.StdEncoding.Strict().DecodeString(value)
	if !found || !ended || err != nil || len(sig) != ed25519.SignatureSize {
		return ErrUnsigned
	}
	if !ed25519.Verify(key, text, sig) {
		return ErrBadSignature
	}
	return nil
}

// Answer is what the central signs of an answer, besides the time. The request's
// signature is in it, so that no answer passes for that to another request.
type Answer struct {
	Status int
	Digest string // value of Content-Digest
	To     string // value of Signature of the request
}

const answerComponents = `("@status" "content-digest" "signature";req;key="terminal")`

func (a Answer) base(params string) []byte {
	return base([]component{
		{`"@status"`, strconv.Itoa(a.Status)}, {`"content-digest"`, a.Digest},
		{`"signature";req;key="terminal"`, strings.TrimPrefix(a.To, terminalLabel+"=")},
	}, params)
}

func answerParams(created time.Time, keyID string) string {
	return fmt.Sprintf(`%s;created=%d;keyid="%s";alg="ed25519"`, answerComponents, created.Unix(), keyID)
}

// SignAnswer returns the values of [InputField] and [SignatureField]; now is the
// central's clock.
func SignAnswer(key ed25519.PrivateKey, a Answer, now time.Time) (input, signature string) {
	params := answerParams(now, Fingerprint(key.Public().(ed25519.PublicKey)))
	return signed(key, centralLabel, params, a.base(params))
}

var answerInput = regexp.MustCompile(`^central=\("@status" "content-digest" "signature";req;key="terminal"\);created=([1-9][0-9]{0,11});keyid="([0-9a-f]{64})";alg="ed25519"$`)

// CheckAnswer holds an answer against its signature by one of the keys and
// returns the central's time.
func CheckAnswer(keys []ed25519.PublicKey, a Answer, input, signature string) (time.Time, error) {
	m := answerInput.FindStringSubmatch(input)
	if m == nil {
		return time.Time{}, ErrUnsigned
	}
	seconds, err := strconv.ParseInt(m[1], 10, 64)
	if err != nil {
		return time.Time{}, ErrUnsigned
	}
	for _, key := range keys {
		if Fingerprint(key) == m[2] {
			created := time.Unix(seconds, 0)
			return created, check(key, centralLabel, a.base(answerParams(created, m[2])), signature)
		}
	}
	return time.Time{}, ErrBadSignature
}
