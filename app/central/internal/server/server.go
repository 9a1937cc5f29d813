// Package server answers the central API over HTTP: it keeps limits, turns
// requests into calls of intake and ledger, and their results into answers and
// problem documents.
//
// What an application must be is intake's matter; what is kept is the ledger's.
package server

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"leye/app/api"
	"leye/app/catalogue"
	"leye/app/central/internal/adoption"
	"leye/app/central/internal/ledger"
	"leye/app/central/internal/nonce"
	"leye/app/central/internal/tries"
	"leye/app/envelope"
	"leye/app/proof"
)

// Intake takes in applications.
type Intake interface {
	Take(ctx context.Context, caller, id string, body []byte) (ack api.Acknowledgement, repeated bool, err error)
	TakeSealed(ctx context.Context, caller, id string, body []byte) (ack api.Acknowledgement, repeated bool, err error)
}

// Ledger is what the server reads and writes itself.
type Ledger interface {
	Case(ctx context.Context, number string) (ledger.Case, error)
	Body(ctx context.Context, number string) ([]byte, error)
	Events(ctx context.Context, number string) ([]ledger.Event, error)
	Beat(ctx context.Context, t ledger.Terminal) error
	Head(ctx context.Context, h ledger.JournalHead, lines []proof.Line) (news ledger.HeadAlarm, err error)
	DoubtHead(ctx context.Context, terminal string, alarm ledger.HeadAlarm, note string) (news ledger.HeadAlarm, err error)
	JournalHead(ctx context.Context, terminal string) (ledger.JournalHead, error)
	Ping(ctx context.Context) error
}

// Enrolment gives terminals their certificates and says which still stand.
type Enrolment interface {
	Enrol(ctx context.Context, terminal, code string, r *x509.CertificateRequest) (*x509.Certificate, error)
	Renew(ctx context.Context, present *x509.Certificate, r *x509.CertificateRequest) (*x509.Certificate, error)
	Standing(ctx context.Context, c *x509.Certificate) error
}

// Adoption decides who sends what failing terminals were emptied of.
type Adoption interface {
	Adopt(ctx context.Context, to, id, statement string, manifest []byte) (adoption.Granted, error)
	Cancel(ctx context.Context, terminal, id, statement string) error
}

// Catalogue tells which answers are personal.
type Catalogue interface {
	Service(id string) (catalogue.Service, bool)
	Fields(s catalogue.Service) []catalogue.Field
}

// Config says what a server works with.
type Config struct {
	Intake                      Intake
	Ledger                      Ledger
	Catalogue                   Catalogue
	CataloguePack, PoliciesPack Pack
	SealKey                     envelope.PublicKey // published to terminals; none when zero
	SealSince                   time.Time          // when it became the key to seal to
	Console                     http.Handler       // answers everything outside /v1/; nothing when nil
	Version                     string             // of the program
	Enrolment                   Enrolment          // who may be a terminal; anybody when nil
	Adoption                    Adoption           // nothing can be adopted when nil
	Trust                       string             // handed to terminals with their certificates, PEM
	AnswersKey                  ed25519.PrivateKey // signs what terminals are told; nothing is signed when nil
	AtOnce                      int                // requests; 256 when 0
	Now                         func() time.Time   // time.Now when nil
	Log                         *slog.Logger       // nothing is logged when nil
}

// Server answers requests; its methods may be called at the same time.
type Server struct {
	intake     Intake
	ledger     Ledger
	catalogue  Catalogue
	packs      struct{ catalogue, policies Pack }
	sealKey    *api.SealKey
	version    string
	enrolment  Enrolment
	adoption   Adoption
	trust      string
	answersKey ed25519.PrivateKey
	nonces     *nonce.Memory
	begun      time.Time
	now        func() time.Time
	log        *slog.Logger
	guesses    *tries.Counter
	places     chan struct{}
	handler    http.Handler
	terminals  http.Handler
}

// Ten wrong query codes close a case's door for ten minutes.
const (
	wrongCodes  = 10
	closedAfter = 10 * time.Minute
)

// New returns a server that is ready to answer.
func New(c Config) *Server {
	if c.AtOnce == 0 {
		c.AtOnce = 256
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{
		intake: c.Intake, ledger: c.Ledger, catalogue: c.Catalogue, version: c.Version,
		enrolment: c.Enrolment, adoption: c.Adoption, trust: c.Trust, answersKey: c.AnswersKey, nonces: nonce.New(c.Now), begun: c.Now(), now: c.Now, log: c.Log,
		guesses: tries.New(tries.Limit{Wrong: wrongCodes, For: closedAfter, Now: c.Now}),
		places:  make(chan struct{}, c.AtOnce),
	}
	s.packs.catalogue, s.packs.policies = c.CataloguePack, c.PoliciesPack
	if k := c.SealKey; !k.Zero() {
		s.sealKey = sealKey(k, c.SealSince, c.AnswersKey)
	}
	around := func(h http.Handler) http.Handler { return named(timed(s.watched(s.bounded(h)))) }
	s.handler = around(s.routes(c.Console, s.open))
	s.terminals = around(s.routes(nil, s.certified))
	return s
}

// sealKey is what terminals are told of a key, vouched for where there is a key to
// sign with.
func sealKey(k envelope.PublicKey, since time.Time, answers ed25519.PrivateKey) *api.SealKey {
	told := &api.SealKey{Suite: string(k.Suite()), Key: k.Bytes(), Fingerprint: string(k.Fingerprint())}
	if !since.IsZero() {
		told.Since = &since
	}
	if answers != nil && !since.IsZero() {
		signature := proof.SealKey{Suite: told.Suite, Key: told.Key, Since: since}.Sign(answers)
		told.Signature = &signature
	}
	return told
}

// Handler answers at the door that is open to people: the console, and of the
// contract what a holder of a query code may read. Without Enrolment terminals
// come in here too.
func (s *Server) Handler() http.Handler { return s.handler }

// Terminals answers at the terminals' own door, behind TLS that has verified
// their certificates; see [authority.Authority.TLS].
func (s *Server) Terminals() http.Handler { return s.terminals }

func (s *Server) routes(console http.Handler, door api.MiddlewareFunc) http.Handler {
	mux := http.NewServeMux()
	api.HandlerWithOptions(s, api.StdHTTPServerOptions{
		BaseRouter:  mux,
		Middlewares: []api.MiddlewareFunc{door},
		ErrorHandlerFunc: func(w http.ResponseWriter, r *http.Request, err error) {
			refuse(w, r, api.ProblemCodeMalformed, parameterDetail(err))
		},
	})
	mux.HandleFunc(contractRoot, func(w http.ResponseWriter, r *http.Request) { stray(mux, w, r) })
	if console != nil {
		mux.Handle("/", console)
	} else {
		mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { refuse(w, r, api.ProblemCodeNotFound, "") })
	}
	return mux
}

const contractRoot = "/v1/"

// stray answers what no operation takes, as a problem document too.
func stray(mux *http.ServeMux, w http.ResponseWriter, r *http.Request) {
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodPost} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := mux.Handler(other); pattern != contractRoot {
			w.Header().Set("Allow", method)
			refuse(w, r, api.ProblemCodeMethodNotAllowed, "")
			return
		}
	}
	refuse(w, r, api.ProblemCodeNotFound, "")
}

// parameterDetail names the parameter and leaves out what was sent for it.
func parameterDetail(err error) string {
	if e, ok := errors.AsType[*api.RequiredHeaderError](err); ok {
		return "header " + e.ParamName + " is missing"
	}
	if e, ok := errors.AsType[*api.InvalidParamFormatError](err); ok {
		return "parameter " + e.ParamName + " is not of the declared form"
	}
	if e, ok := errors.AsType[*api.TooManyValuesForParamError](err); ok {
		return "parameter " + e.ParamName + " is there more than once"
	}
	return "a parameter is not of the declared form"
}

// shutdownTime is longer than requestTime: a request under way may end.
const shutdownTime = requestTime + 5*time.Second

// Serve answers people on open and terminals on their own listener, which may be
// nil, until ctx ends; lets the requests under way end and closes both.
func (s *Server) Serve(ctx context.Context, open, terminals net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	doors := []func() error{func() error { return s.serve(ctx, open, s.handler) }}
	if terminals != nil {
		doors = append(doors, func() error {
			s.settle(ctx)
			return s.serve(ctx, terminals, s.terminals)
		})
	}
	ended := make(chan error, len(doors))
	for _, door := range doors {
		go func() { ended <- door() }()
	}
	var errs []error
	for range doors {
		errs = append(errs, <-ended)
		cancel() // one door alone is no central
	}
	return errors.Join(errs...)
}

// settle waits out the second of the start: what is signed in it is not taken, so
// nobody should have to come then.
func (s *Server) settle(ctx context.Context) {
	t := time.NewTimer(s.begun.Truncate(time.Second).Add(time.Second).Sub(s.now()))
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

func (s *Server) serve(ctx context.Context, l net.Listener, handler http.Handler) error {
	h := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	ended := make(chan error, 1)
	go func() { ended <- h.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer cancel()
	err := h.Shutdown(last)
	if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	if err != nil {
		return fmt.Errorf("shut down: %w", err)
	}
	return nil
}
