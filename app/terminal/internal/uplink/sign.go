package uplink

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"

	"leye/app/proof"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/relay"
)

var errNotEnrolled = errors.New("the terminal is not enrolled")

// sign adds digest and signature, made now, with a nonce of its own.
func (u *Uplink) sign(req *http.Request) error {
	if u.cfg.Identity == nil {
		return nil
	}
	body, err := content(req)
	if err != nil {
		return err
	}
	var nonce [16]byte
	rand.Read(nonce[:])
	key := u.cfg.Identity.Key()
	if key == nil {
		return errNotEnrolled
	}
	digest := proof.ContentDigest(body)
	input, signature := proof.SignRequest(key, proof.Request{Method: req.Method, Target: req.URL.RequestURI(), Digest: digest}, proof.Params{
		Created: u.cfg.Clock.Now(), Nonce: base64.RawURLEncoding.EncodeToString(nonce[:]),
		KeyID: proof.Fingerprint(key.Public().(ed25519.PublicKey)),
	})
	req.Header.Set(proof.DigestField, digest)
	req.Header.Set(proof.InputField, input)
	req.Header.Set(proof.SignatureField, signature)
	return nil
}

func content(req *http.Request) ([]byte, error) {
	if req.GetBody == nil {
		return nil, nil
	}
	body, err := req.GetBody()
	if err != nil {
		return nil, err
	}
	return io.ReadAll(body)
}

// CodeUnsigned is the failure of an answer that is nobody's word.
const CodeUnsigned = "unsigned_answer"

// believe returns nil for an answer that the central signed in reply to this
// very request, and learns its time; without an Identity for every answer. What
// is not signed by it may come from a proxy, and settles nothing.
func (u *Uplink) believe(req *http.Request, resp *http.Response, answer []byte) error {
	if u.cfg.Identity == nil {
		return nil
	}
	now, err := proof.CheckAnswer(u.cfg.Identity.Trust().Keys, proof.Answer{
		Status: resp.StatusCode, Digest: proof.ContentDigest(answer), To: req.Header.Get(proof.SignatureField),
	}, resp.Header.Get(proof.InputField), resp.Header.Get(proof.SignatureField))
	switch {
	case err == nil:
		u.cfg.Clock.Learn(now)
		return nil
	case resp.StatusCode >= http.StatusBadRequest:
		return refused(resp)
	}
	return &relay.Failure{Code: CodeUnsigned, Err: fmt.Errorf("HTTP %d: %w", resp.StatusCode, err)}
}

// Check holds an acknowledgement against the central's signature; without an
// Identity it finds nothing wrong with any.
func (u *Uplink) Check(a kiosk.Acknowledgement) error {
	if u.cfg.Identity == nil {
		return nil
	}
	return proof.Acknowledgement{
		ID: string(a.ID), Number: a.Number, QueryCode: a.QueryCode, Digest: a.Digest, AcceptedAt: a.AcceptedAt, Due: a.Due, Desk: a.Desk,
	}.Check(u.cfg.Identity.Trust().Keys, a.Signature)
}
