package proof_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"leye/app/proof"
	"leye/app/proof/prooftest"
)

const form = "leye acceptance 1"

func member(t testing.TB, ca *prooftest.CA) (*x509.Certificate, ed25519.PrivateKey) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return ca.Sign(&x509.Certificate{Subject: pkix.Name{CommonName: "PT01"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}, public), private
}

func signed(t testing.TB, ca *prooftest.CA) proof.Statement {
	t.Helper()
	cert, key := member(t, ca)
	s, err := proof.NewStatement(form, map[string]any{"a": "<中文>", "b": 1})
	if err == nil {
		s, err = s.Sign(key, cert)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStatementsAreCheckedAnywhere(t *testing.T) {
	ca, other := prooftest.New(t), prooftest.New(t)
	s := signed(t, ca)
	text, err := s.Encode()
	if err != nil {
		t.Fatal(err)
	}
	var closed bytes.Buffer
	if err := json.Compact(&closed, text); err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string][]byte{"as it was written": text, "laid out anew": closed.Bytes()} {
		got, err := proof.ReadStatement(bytes.NewReader(file), form)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		cert, err := got.Check()
		if err != nil || cert.Subject.CommonName != "PT01" || got.Digest() != s.Digest() || len(got.Digest()) != 64 {
			t.Errorf("%s: %v, %v", name, cert, err)
		}
		if err := ca.Trust().Vouch(cert); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := other.Trust().Vouch(cert); !errors.Is(err, proof.ErrUnvouched) {
			t.Errorf("%s: another's root: %v", name, err)
		}
	}
}

func TestAChangedStatementIsNotTaken(t *testing.T) {
	ca := prooftest.New(t)
	right := signed(t, ca)
	stranger := signed(t, ca)
	for name, change := range map[string]func(*proof.Statement){
		"content":          func(s *proof.Statement) { s.Content = json.RawMessage(`{"a":"<中文>","b":2}`) },
		"form":             func(s *proof.Statement) { s.Form = "leye acceptance 2" },
		"signature":        func(s *proof.Statement) { s.Signature = stranger.Signature },
		"certificate":      func(s *proof.Statement) { s.Certificate = stranger.Certificate },
		"no signature":     func(s *proof.Statement) { s.Signature = "" },
		"no certificate":   func(s *proof.Statement) { s.Certificate = "" },
		"two certificates": func(s *proof.Statement) { s.Certificate += stranger.Certificate },
		"certificate's tag": func(s *proof.Statement) {
			s.Certificate = strings.ReplaceAll(s.Certificate, "CERTIFICATE", "PUBLIC KEY")
		},
		"no content": func(s *proof.Statement) { s.Content = nil },
	} {
		s := right
		change(&s)
		if _, err := s.Check(); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	for _, wrong := range []string{"", "{}", `{"form":"leye acceptance 1"}`, `{"form":"x","content":1}`, `{"form":"leye acceptance 1","content":1}{}`, `{"form":"leye acceptance 1","content":1,"more":2}`} {
		if s, err := proof.ReadStatement(strings.NewReader(wrong), form); err == nil {
			t.Errorf("%s was read as %v", wrong, s)
		}
	}
	if _, err := proof.ReadStatement(strings.NewReader(strings.Repeat(" ", 1<<20+1)), form); err == nil || !strings.Contains(err.Error(), "longer than") {
		t.Errorf("a long one: %v", err)
	}
}

func FuzzReadStatement(f *testing.F) {
	text, err := signed(f, prooftest.New(f)).Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"form":"leye acceptance 1","content":{}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := proof.ReadStatement(bytes.NewReader(data), form)
		if err != nil {
			return
		}
		if cert, err := s.Check(); err == nil && !bytes.Equal(data, text) {
			again, err := s.Encode()
			if err != nil || cert == nil || s.Digest() == "" || !bytes.Contains(again, []byte(form)) {
				t.Errorf("%q is taken: %v", data, err)
			}
		}
	})
}
