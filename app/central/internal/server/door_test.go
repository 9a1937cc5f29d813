package server_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"leye/app/api"
	"leye/app/central/internal/adoption"
	"leye/app/central/internal/authority"
	"leye/app/central/internal/enrolment"
	"leye/app/central/internal/keyring"
	"leye/app/central/internal/server"
	"leye/app/proof"
)

// gate is a central with a door for terminals.
type gate struct {
	*central
	ca     *authority.Authority
	dir    string // of the authority
	office *enrolment.Office
	door   string // address of the terminals' door

	clients map[string]*http.Client // by serial of the certificate
}

func startGate(t *testing.T) *gate {
	t.Helper()
	return startGateAt(t, filepath.Join(t.TempDir(), "central.db"), nil)
}

func startGateAt(t *testing.T, path string, adapt func(*server.Config)) *gate {
	t.Helper()
	g := &gate{dir: authority.Path(path), clients: map[string]*http.Client{}}
	var terminals http.Handler
	g.central = startAt(t, path, func(c *server.Config) {
		var err error
		g.ca, _, err = authority.Open(g.dir, c.Now)
		fatal(t, err)
		g.office = enrolment.New(g.ca, c.Ledger.(enrolment.Ledger), c.Now)
		c.Enrolment = g.office
		c.Trust, err = g.ca.Trust().PEM()
		fatal(t, err)
		c.AnswersKey = g.ca.AnswersKey()
		key, err := keyring.Read(keyring.Path(path))
		fatal(t, err)
		c.Adoption = adoption.New(c.Ledger.(adoption.Ledger), key)
		if adapt != nil {
			adapt(c)
		}
		terminals = server.New(*c).Terminals()
	})
	h := httptest.NewUnstartedServer(terminals)
	address := h.Listener.Addr().String()
	h.Listener = tls.NewListener(h.Listener, g.ca.TLS([]string{"127.0.0.1"}))
	h.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	h.Start()
	t.Cleanup(h.Close)
	g.clock.advance(time.Second) // what is signed in the second of the start is not taken
	g.door = "https://" + address
	return g
}

func newKey(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	fatal(t, err)
	return key
}

func request(t *testing.T, terminal string, key ed25519.PrivateKey) string {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: terminal}}, key)
	fatal(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
}

// issue signs a certificate of PT01 as an authority in a folder would at some time.
func issue(t *testing.T, dir string, at time.Time) tls.Certificate {
	t.Helper()
	ca, _, err := authority.Open(dir, func() time.Time { return at })
	fatal(t, err)
	key := newKey(t)
	r, err := authority.ParseRequest(request(t, "PT01", key))
	fatal(t, err)
	cert, err := ca.Issue("PT01", r)
	fatal(t, err)
	return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}
}

// enrol gives a terminal its certificate over the real door.
func (g *gate) enrol(terminal string) tls.Certificate {
	g.t.Helper()
	code, _, err := g.office.NewCode(g.t.Context(), terminal)
	fatal(g.t, err)
	key := newKey(g.t)
	status, answer := g.post(g.client(), "/v1/enrolments", api.Enrolment{Terminal: terminal, Code: code, Request: request(g.t, terminal, key)})
	if status != http.StatusCreated {
		g.t.Fatalf("enrol: %d %s", status, answer)
	}
	return pair(g.t, answer, key)
}

func pair(t *testing.T, answer []byte, key ed25519.PrivateKey) tls.Certificate {
	t.Helper()
	var c api.Certificate
	fatal(t, json.Unmarshal(answer, &c))
	block, _ := pem.Decode([]byte(c.Certificate))
	cert, err := x509.ParseCertificate(block.Bytes)
	fatal(t, err)
	return tls.Certificate{Certificate: [][]byte{block.Bytes}, PrivateKey: key, Leaf: cert}
}

// client is a terminal's: it trusts the central's roots and shows certificates.
func (g *gate) client(certificates ...tls.Certificate) *http.Client {
	c := &tls.Config{RootCAs: g.ca.Trust().Pool(), Time: g.clock.read}
	i := g.judged(c).Transport.(inspector)
	if len(certificates) > 0 {
		i.line = signer{i.line, certificates[0].PrivateKey, g.clock.read}
		// Shown even to a server that names other authorities: an attacker does so too.
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &certificates[0], nil }
	}
	return &http.Client{Transport: i}
}

// signer signs as a terminal does, where the key is one that can.
type signer struct {
	http.RoundTripper
	key crypto.PrivateKey
	now func() time.Time
}

func (s signer) RoundTrip(r *http.Request) (*http.Response, error) {
	if key, ok := s.key.(ed25519.PrivateKey); ok {
		r = r.Clone(r.Context())
		signAs(r, key, proof.Params{Created: s.now(), Nonce: rand.Text()[:22]})
	}
	return s.RoundTripper.RoundTrip(r)
}

func signAs(r *http.Request, key ed25519.PrivateKey, p proof.Params) {
	var body []byte
	if r.GetBody != nil {
		copied, _ := r.GetBody()
		body, _ = io.ReadAll(copied)
	}
	p.KeyID = proof.Fingerprint(key.Public().(ed25519.PublicKey))
	digest := proof.ContentDigest(body)
	input, signature := proof.SignRequest(key, proof.Request{Method: r.Method, Target: r.URL.RequestURI(), Digest: digest}, p)
	r.Header.Set(proof.DigestField, digest)
	r.Header.Set(proof.InputField, input)
	r.Header.Set(proof.SignatureField, signature)
}

func (g *gate) judged(c *tls.Config) *http.Client {
	i := judge(g.t).(inspector)
	transport := &http.Transport{TLSClientConfig: c, DisableKeepAlives: true}
	g.t.Cleanup(transport.CloseIdleConnections)
	i.line = transport
	return &http.Client{Transport: i}
}

func (g *gate) post(client *http.Client, path string, body any) (int, []byte) {
	g.t.Helper()
	text, err := json.Marshal(body)
	fatal(g.t, err)
	return g.do(client, http.MethodPost, path, text)
}

func (g *gate) do(client *http.Client, method, path string, body []byte) (int, []byte) {
	g.t.Helper()
	r, err := http.NewRequestWithContext(g.t.Context(), method, g.door+path, bytes.NewReader(body))
	fatal(g.t, err)
	r.Header.Set("Content-Type", "application/json")
	response, err := client.Do(r)
	if err != nil {
		return 0, []byte(err.Error())
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	fatal(g.t, err)
	return response.StatusCode, answer
}

func (g *gate) file(client *http.Client, id string) (int, []byte) {
	return g.do(client, http.MethodPut, "/v1/applications/"+id, g.lookup(id))
}

// TestWhoComesIn is the matrix: who shows what, at which time, and what becomes
// of it. 0 is a handshake that failed, on either side.
func TestWhoComesIn(t *testing.T) {
	g := startGate(t)
	good, lost := g.enrol("PT01"), g.enrol("PT03")
	_, err := g.ledger.Revoke(t.Context(), "PT03")
	fatal(t, err)
	elsewhere := filepath.Join(t.TempDir(), "rogue.ca")
	stranger := issue(t, elsewhere, noon)
	rogue, err := authority.Read(elsewhere, g.clock.read)
	fatal(t, err)
	server, err := g.ca.TLS([]string{"127.0.0.1"}).GetCertificate(nil)
	fatal(t, err)
	with := func(change func(*tls.Config)) *http.Client {
		c := &tls.Config{RootCAs: g.ca.Trust().Pool(), Certificates: []tls.Certificate{good}, Time: g.clock.read}
		change(c)
		i := g.judged(c).Transport.(inspector)
		i.line = signer{i.line, good.PrivateKey, g.clock.read}
		return &http.Client{Transport: i}
	}
	for n, tt := range []struct {
		name   string
		client *http.Client
		status int
		says   string
	}{
		{"good", g.client(good), 201, ""},
		{"no certificate", g.client(), 403, "no certificate"},
		{"other authority", g.client(stranger), 0, "tls: "},
		{"expired", g.client(issue(t, g.dir, noon.Add(-authority.TerminalLife-time.Hour))), 0, "tls: "},
		{"not yet begun", g.client(issue(t, g.dir, noon.Add(2*time.Hour))), 0, "tls: "},
		{"revoked", g.client(lost), 403, "revoked"},
		{"under our root, from nobody of ours", g.client(issue(t, g.dir, noon)), 403, "revoked"},
		{"wrong use: the central's own certificate", g.client(*server), 0, "tls: "},
		{"another terminal's", g.client(g.enrol("PT02")), 403, "forbidden"},
		{"rogue central", with(func(c *tls.Config) { c.RootCAs = rogue.Trust().Pool() }), 0, "unknown authority"},
		{"terminal's clock ten years ahead", with(func(c *tls.Config) { c.Time = func() time.Time { return noon.AddDate(10, 0, 0) } }), 0, "expired"},
		{"terminal's clock in 1970", with(func(c *tls.Config) { c.Time = func() time.Time { return time.Unix(0, 0) } }), 0, "not yet valid"},
		{"TLS 1.2", with(func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }), 0, "protocol version"},
		{"other name", with(func(c *tls.Config) { c.ServerName = "central.example" }), 0, "127.0.0.1"},
	} {
		id := fmt.Sprintf("%026d", n)
		status, answer := g.file(tt.client, id)
		if status != tt.status || !strings.Contains(string(answer), tt.says) {
			t.Errorf("%s: %d %s, want %d %q", tt.name, status, answer, tt.status, tt.says)
		}
		if _, err := g.ledger.Filed(t.Context(), id, digest(g.lookup(id))); (err == nil) != (tt.status == 201) {
			t.Errorf("%s: the ledger says %v", tt.name, err)
		}
	}
}

func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

func TestOneTimeCodes(t *testing.T) {
	g := startGate(t)
	code := func(terminal string) string {
		code, _, err := g.office.NewCode(t.Context(), terminal)
		fatal(t, err)
		return code
	}
	try := func(terminal, code string) (int, []byte) {
		return g.post(g.client(), "/v1/enrolments", api.Enrolment{Terminal: terminal, Code: code, Request: request(t, terminal, newKey(t))})
	}
	want := func(name string, status int, got int, answer []byte) {
		t.Helper()
		if got != status {
			t.Errorf("%s: %d %s, want %d", name, got, answer, status)
		}
	}
	first := code("PT01")
	if len(first) != 11 || strings.ContainsAny(first, "01OIL") {
		t.Errorf("code %q cannot be read out", first)
	}
	status, answer := try("PT02", first)
	want("another terminal's", 403, status, answer)
	status, answer = try("PT01", strings.ToLower(strings.ReplaceAll(first, "-", " ")))
	want("as it was typed", 201, status, answer)
	status, answer = try("PT01", first)
	want("used", 403, status, answer)
	old, next := code("PT01"), code("PT01")
	status, answer = try("PT01", old)
	want("given out before the newest", 403, status, answer)
	g.clock.advance(enrolment.CodeLife)
	status, answer = try("PT01", next)
	want("a day old", 403, status, answer)
	for n := range 10 {
		status, answer = try("PT05", "22222-2222"+string("ABCDEFGHJK"[n]))
		want("guessed", 403, status, answer)
	}
	status, answer = try("PT05", code("PT05"))
	want("right, after ten guesses", 429, status, answer)
	g.clock.advance(10 * time.Minute)
	status, answer = try("PT05", code("PT05"))
	want("right, ten minutes later", 201, status, answer)
}

func TestRequestsThatAreNoTerminals(t *testing.T) {
	g := startGate(t)
	code, _, err := g.office.NewCode(t.Context(), "PT01")
	fatal(t, err)
	right := request(t, "PT01", newKey(t))
	for name, text := range map[string]string{
		"another name": request(t, "PT02", newKey(t)),
		"tampered":     strings.Replace(right, right[60:64], "AAAA", 1),
		"two":          right + right,
		"none":         "PT01",
		"P-256":        otherKind(t),
	} {
		if status, answer := g.post(g.client(), "/v1/enrolments", api.Enrolment{Terminal: "PT01", Code: code, Request: text}); status != 400 {
			t.Errorf("%s: %d %s", name, status, answer)
		}
	}
	for _, body := range []string{"", "{}", `{"terminal":"PT01","code":"2222222222","request":"x","more":1}`, `{"terminal":"../x","code":"2222222222","request":"x"}`} {
		if status, answer := g.do(g.client(), "POST", "/v1/enrolments", []byte(body)); status != 400 {
			t.Errorf("%q: %d %s", body, status, answer)
		}
	}
	if status, answer := g.post(g.client(), "/v1/enrolments", api.Enrolment{Terminal: "PT01", Code: code, Request: right}); status != 201 {
		t.Errorf("a wrong request used the code up: %d %s", status, answer)
	}
}

func otherKind(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	fatal(t, err)
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: "PT01"}}, key)
	fatal(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
}

func TestEnrollingAgainRevokes(t *testing.T) {
	g := startGate(t)
	before, other := g.enrol("PT01"), g.enrol("PT02")
	after := g.enrol("PT01")
	for name, tt := range map[string]struct {
		cert   tls.Certificate
		status int
	}{"before": {before, 403}, "after": {after, 200}, "another terminal": {other, 200}} {
		if status, answer := g.do(g.client(tt.cert), "GET", "/v1/health", nil); status != tt.status {
			t.Errorf("%s: %d %s, want %d", name, status, answer, tt.status)
		}
	}
}

func TestRenewal(t *testing.T) {
	g := startGate(t)
	first := g.enrol("PT01")
	key := first.PrivateKey.(ed25519.PrivateKey)
	renew := func(with tls.Certificate, path, terminal string, key ed25519.PrivateKey) (int, []byte) {
		return g.post(g.client(with), "/v1/terminals/"+path+"/certificate", api.Renewal{Request: request(t, terminal, key)})
	}
	g.clock.advance(authority.TerminalLife - time.Hour) // a month without a line, and longer
	status, answer := renew(first, "PT01", "PT01", key)
	if status != 201 {
		t.Fatalf("renew: %d %s", status, answer)
	}
	second := pair(t, answer, key)
	for name, got := range map[string]int{
		"another key":           first2(renew(first, "PT01", "PT01", newKey(t))),
		"another name":          first2(renew(first, "PT01", "PT02", key)),
		"another's address":     first2(renew(first, "PT02", "PT01", key)) - 3,
		"the one before, still": first2(g.do(g.client(first), "GET", "/v1/health", nil)) + 200,
	} {
		if got != 400 {
			t.Errorf("%s: %d", name, got)
		}
	}
	g.clock.advance(2 * time.Hour)
	if status, _ := renew(first, "PT01", "PT01", key); status != 0 {
		t.Errorf("the first one has ended and answers %d", status)
	}
	if status, answer := renew(second, "PT01", "PT01", key); status != 201 {
		t.Errorf("renew the second: %d %s", status, answer)
	}
	_, err := g.ledger.Revoke(t.Context(), "PT01")
	fatal(t, err)
	if status, _ := renew(second, "PT01", "PT01", key); status != 403 {
		t.Errorf("revoked, and renewed: %d", status)
	}
}

func first2(status int, _ []byte) int { return status }

// TestRootsRoll lets the next root become the current one under a terminal that
// knows only the two of its enrolment.
func TestRootsRoll(t *testing.T) {
	path := filepath.Join(t.TempDir(), "central.db")
	g := startGateAt(t, path, nil)
	cert := g.enrol("PT01")
	known := g.ca.Trust()
	g.stop()
	_, err := authority.Rotate(authority.Path(path), g.clock.read)
	fatal(t, err)
	if _, err := authority.Rotate(authority.Path(path), g.clock.read); err == nil {
		t.Error("rotated twice, and terminals of the first root are left outside")
	}
	g = startGateAt(t, path, nil)
	client := g.client(cert)
	client.Transport.(inspector).line.(signer).RoundTripper.(*http.Transport).TLSClientConfig.RootCAs = known.Pool()
	status, answer := g.post(client, "/v1/terminals/PT01/certificate",
		api.Renewal{Request: request(t, "PT01", cert.PrivateKey.(ed25519.PrivateKey))})
	if status != 201 {
		t.Fatalf("after the roots rolled: %d %s", status, answer)
	}
	var issued api.Certificate
	fatal(t, json.Unmarshal(answer, &issued))
	told, err := proof.ParseTrust([]byte(issued.Trust))
	fatal(t, err)
	if !told.Roots[0].Equal(known.Roots[1]) || told.Roots[1].Equal(known.Roots[0]) || !told.Keys[0].Equal(known.Keys[0]) {
		t.Error("the terminal is not told of the new next root")
	}
	if _, err := pair(t, answer, nil).Leaf.Verify(x509.VerifyOptions{Roots: known.Pool(), CurrentTime: noon, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}); err != nil {
		t.Error(err)
	}
}

func TestNothingIsHandedInAtTheOpenDoor(t *testing.T) {
	g := startGate(t)
	client := g.client(g.enrol("PT01"))
	_, answer := g.file(client, someID)
	var ack api.Acknowledgement
	fatal(t, json.Unmarshal(answer, &ack))
	if p := g.put(someID, g.lookup(someID)); p.StatusCode() != 403 {
		t.Errorf("filed at the open door: %d", p.StatusCode())
	}
	beat, err := g.api.SendHeartbeatWithResponse(t.Context(), "PT01", nil, api.Heartbeat{SentAt: noon, Version: "1"})
	if err != nil || beat.StatusCode() != 403 {
		t.Errorf("heartbeat: %d %v", beat.StatusCode(), err)
	}
	if read := g.read(ack.Number, ack.QueryCode); read.StatusCode() != 200 {
		t.Errorf("the holder of the slip reads the case: %d", read.StatusCode())
	}
}
