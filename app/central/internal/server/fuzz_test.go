package server_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"leye/app/api"
	"leye/app/casework"
	"leye/app/catalogue"
	"leye/app/central/internal/authority"
	"leye/app/central/internal/enrolment"
	"leye/app/central/internal/intake"
	"leye/app/central/internal/keyring"
	"leye/app/central/internal/ledger"
	"leye/app/central/internal/server"
	"leye/app/envelope"
	"leye/app/proof"
)

// doors are those of a central on a real database: the open one, and the one that
// wants proof.
func doors(f *testing.F) (*server.Server, *authority.Authority) {
	f.Helper()
	must := func(err error) {
		f.Helper()
		if err != nil {
			f.Fatal(err)
		}
	}
	path := filepath.Join(f.TempDir(), "central.db")
	clock := &hands{now: noon}
	l, err := ledger.Open(context.Background(), path, ledger.Options{Centre: "107", Now: clock.read})
	must(err)
	f.Cleanup(func() { must(l.Close()) })
	assets := os.DirFS("../../../../assets/catalogue")
	cat, err := catalogue.Load(assets)
	must(err)
	days, err := casework.OpenCalendar(os.DirFS("../../../../assets/calendar"))
	must(err)
	key, _, err := keyring.Open(keyring.Path(path))
	must(err)
	in, err := intake.New(intake.Config{
		Catalogue: cat, Ledger: l, Calendar: days, Keys: key, Desks: map[string]string{"": "综合窗口"}, Now: clock.read,
	})
	must(err)
	pack, err := server.NewPack(assets)
	must(err)
	ca, _, err := authority.Open(authority.Path(path), clock.read)
	must(err)
	trust, err := ca.Trust().PEM()
	must(err)
	return server.New(server.Config{
		Intake: in, Ledger: l, Catalogue: cat, CataloguePack: pack, PoliciesPack: pack, SealKey: key.Public(), SealSince: key.Current().Since, Now: clock.read,
		Enrolment: enrolment.New(ca, l, clock.read), Trust: trust, AnswersKey: ca.AnswersKey(),
	}), ca
}

// FuzzRequest holds that no request, through either door, makes the central fail,
// and that every no is a problem of the contract.
func FuzzRequest(f *testing.F) {
	s, ca := doors(f)
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: "PT01"}}, key)
	if err != nil {
		f.Fatal(err)
	}
	asked := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
	parsed, err := authority.ParseRequest(asked)
	if err != nil {
		f.Fatal(err)
	}
	cert, err := ca.Issue("PT01", parsed)
	if err != nil {
		f.Fatal(err)
	}
	enrol, err := json.Marshal(api.Enrolment{Terminal: "PT01", Code: "ABCD-EFGH", Request: asked})
	if err != nil {
		f.Fatal(err)
	}
	beat := `{"sentAt":"2026-11-24T09:00:00+08:00","version":"1","queued":1,"conditions":[{"code":"K-101","severity":"warning"}],"journalHead":"x"}`
	f.Add(true, "PUT", "/v1/applications/"+someID, "application/json", "", `{"id":"`+someID+`"}`)
	f.Add(true, "PUT", "/v1/applications/"+someID, envelope.MediaType, "", `{"suite":"leye-1"}`)
	f.Add(true, "GET", "/v1/cases/107-417-261124-0001-5", "", "402913", "")
	f.Add(true, "GET", "/v1/catalogue", "", `"x"`, "")
	f.Add(true, "POST", "/v1/terminals/PT01/heartbeat", "application/json", "", beat)
	f.Add(true, "POST", "/v1/enrolments", "application/json", "", string(enrol))
	f.Add(false, "POST", "/v1/enrolments", "application/json", "", string(enrol))
	f.Add(false, "POST", "/v1/terminals/PT01/certificate", "application/json", "terminal=:AAAA:", `{"request":""}`)
	f.Add(false, "GET", "/v1/health", "", `terminal=("@method" "@target-uri");created=1;nonce="n";keyid="k";alg="ed25519"`, "")
	open, proven := s.Handler(), s.Terminals()
	f.Fuzz(func(t *testing.T, openly bool, method, path, media, header, body string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", bytes.NewReader([]byte(body)))
		r.Method, r.URL.Path, r.RequestURI = method, path, path
		r.Header.Set("Content-Type", media)
		for _, name := range []string{"Query-Code", "If-None-Match", proof.SignatureField, proof.InputField} {
			r.Header.Set(name, header)
		}
		door := open
		if !openly {
			door, r.TLS = proven, &tls.ConnectionState{PeerCertificates: []*x509.Certificate{cert}, HandshakeComplete: true}
		}
		w := httptest.NewRecorder()
		door.ServeHTTP(w, r)
		if w.Code == http.StatusInternalServerError {
			t.Fatalf("%s %s: %s", method, path, w.Body)
		}
		var p api.Problem
		if w.Header().Get("Content-Type") == api.ProblemType && (json.Unmarshal(w.Body.Bytes(), &p) != nil || p.Status != w.Code || !p.Code.Valid()) {
			t.Fatalf("%s %s: %d is no problem of the contract: %s", method, path, w.Code, w.Body)
		}
	})
}
