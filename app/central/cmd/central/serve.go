package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"

	"leye/app/casework"
	"leye/app/catalogue"
	"leye/app/central/internal/console"
	"leye/app/central/internal/intake"
	"leye/app/central/internal/keyring"
	"leye/app/central/internal/ledger"
	"leye/app/central/internal/server"
	"leye/app/envelope"
	"leye/assets"
)

// settings are the flags of serve.
type settings struct {
	db, listen, centre string
	sealKey            string
	desks              desks
	cert, key, ca      string
	anyAddress         bool
}

// desks collects --desk flags: text by category, "" for all others.
type desks map[string]string

func (d desks) String() string { return "" }

// Set takes one flag. Categories are ASCII words, so that a text with an equals
// sign in it is not mistaken for one.
func (d desks) Set(s string) error {
	category, text, found := strings.Cut(s, "=")
	if !found || strings.Trim(category, "abcdefghijklmnopqrstuvwxyz-") != "" {
		category, text = "", s
	}
	if text == "" {
		return errors.New("no text")
	}
	d[category] = text
	return nil
}

func serve(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	s := settings{desks: desks{"": "综合窗口"}}
	f := flag.NewFlagSet("serve", flag.ContinueOnError)
	f.StringVar(&s.db, "db", "central.db", "")
	f.StringVar(&s.sealKey, "seal-key", "", "")
	f.StringVar(&s.listen, "listen", "127.0.0.1:8700", "")
	f.StringVar(&s.centre, "centre-code", "000", "")
	f.Var(s.desks, "desk", "")
	f.StringVar(&s.cert, "tls-cert", "", "")
	f.StringVar(&s.key, "tls-key", "", "")
	f.StringVar(&s.ca, "client-ca", "", "")
	f.BoolVar(&s.anyAddress, "insecure-any-address", false, "")
	words, err := parse(f, args, stderr)
	if err != nil {
		return err
	}
	if err := s.check(words, stderr); err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(stderr, nil))
	return s.run(ctx, log, stdout)
}

// check refuses what would put residents' papers on an open network: beyond
// this machine, terminals have to show who they are.
func (s settings) check(words []string, stderr io.Writer) error {
	if len(words) > 0 {
		return usage(stderr, "serve takes no word %q", words[0])
	}
	host, _, err := net.SplitHostPort(s.listen)
	if err != nil {
		return usage(stderr, "--listen %q is not address:port", s.listen)
	}
	if (s.cert == "") != (s.key == "") {
		return usage(stderr, "--tls-cert and --tls-key go together")
	}
	if s.ca != "" && s.cert == "" {
		return usage(stderr, "--client-ca needs --tls-cert and --tls-key")
	}
	ip := net.ParseIP(host)
	local := host == "localhost" || ip != nil && ip.IsLoopback()
	if !local && s.ca == "" && !s.anyAddress {
		return usage(stderr, "%s is open to the network: give --client-ca, or --insecure-any-address where a proxy in front does that work", s.listen)
	}
	return nil
}

func (s settings) run(ctx context.Context, log *slog.Logger, stdout io.Writer) (err error) {
	secured, err := s.tls()
	if err != nil {
		return err
	}
	l, err := ledger.Open(ctx, s.db, ledger.Options{Centre: s.centre})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	key, made, err := keyring.Open(cmp.Or(s.sealKey, keyring.Path(s.db)))
	if err != nil {
		return err
	}
	handler, err := s.build(l, key, log)
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", s.listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	scheme := "http"
	if secured != nil {
		scheme, listener = "https", tls.NewListener(listener, secured)
	}
	if err := announce(ctx, l, stdout, scheme+"://"+listener.Addr().String()+"/"); err != nil {
		return errors.Join(err, listener.Close())
	}
	if made {
		log.Info("made the seal key; keep a copy of its file in a safe place", "key", key.Public())
	}
	return handler.Serve(ctx, listener)
}

// announce prints where the central is and, once in its life, the password.
func announce(ctx context.Context, l *ledger.Ledger, stdout io.Writer, address string) error {
	password, err := console.FirstPassword(ctx, l)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(stdout, "central %s listens on %s\n", programVersion(), address); err != nil {
		return err
	}
	if password != "" {
		_, err = fmt.Fprintf(stdout, "console password (shown this once): %s\n", password)
	}
	return err
}

// build puts the pieces together; nothing else here knows them all.
func (s settings) build(l *ledger.Ledger, key *envelope.PrivateKey, log *slog.Logger) (*server.Server, error) {
	declared, err := catalogue.Load(assets.Catalogue())
	if err != nil {
		return nil, err
	}
	days, err := casework.OpenCalendar(assets.Calendar())
	if err != nil {
		return nil, err
	}
	in, err := intake.New(intake.Config{Catalogue: declared, Ledger: l, Calendar: days, Key: key, Desks: s.desks})
	if err != nil {
		return nil, err
	}
	catalogues, err := server.NewPack(assets.Catalogue())
	if err != nil {
		return nil, err
	}
	policies, err := server.NewPack(assets.Policies())
	if err != nil {
		return nil, err
	}
	pages, err := console.New(console.Config{
		Ledger: l, Catalogue: declared, Version: programVersion(), Centre: s.centre, Log: log,
	})
	if err != nil {
		return nil, err
	}
	return server.New(server.Config{
		Intake: in, Ledger: l, Catalogue: declared, CataloguePack: catalogues, PoliciesPack: policies, SealKey: key.Public(),
		Console: pages, Version: programVersion(), Certificates: s.ca != "", Log: log,
	}), nil
}

// tls returns nil for plain HTTP. The handshake asks for a certificate but goes
// on without one: people come to the console with a password, and the server
// itself turns away terminals without a certificate.
func (s settings) tls() (*tls.Config, error) {
	if s.cert == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(s.cert, s.key)
	if err != nil {
		return nil, fmt.Errorf("read certificate: %w", err)
	}
	c := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS13}
	if s.ca == "" {
		return c, nil
	}
	pem, err := os.ReadFile(s.ca)
	if err != nil {
		return nil, fmt.Errorf("read client authority: %w", err)
	}
	c.ClientCAs, c.ClientAuth = x509.NewCertPool(), tls.VerifyClientCertIfGiven
	if !c.ClientCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("read client authority: no certificate in %s", s.ca)
	}
	return c, nil
}
