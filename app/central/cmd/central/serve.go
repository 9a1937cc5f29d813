package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"regexp"
	"strings"

	"leye/app/casework"
	"leye/app/catalogue"
	"leye/app/central/internal/adoption"
	"leye/app/central/internal/authority"
	"leye/app/central/internal/console"
	"leye/app/central/internal/enrolment"
	"leye/app/central/internal/intake"
	"leye/app/central/internal/keyring"
	"leye/app/central/internal/ledger"
	"leye/app/central/internal/server"
	"leye/assets"
)

// settings are the flags of serve.
type settings struct {
	db, listen, centre string
	sealKey            string
	desks              desks
	cert, key          string
	terminals, ca      string
	names              names
	anyAddress         bool
}

// names collects --name flags.
type names []string

func (n *names) String() string { return "" }

func (n *names) Set(s string) error {
	if net.ParseIP(s) == nil && !hostName.MatchString(s) {
		return errors.New("not a host name or address")
	}
	*n = append(*n, s)
	return nil
}

var hostName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$`)

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
	f.StringVar(&s.terminals, "terminals", "", "")
	f.StringVar(&s.ca, "ca", "", "")
	f.Var(&s.names, "name", "")
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

// check refuses what would put residents' papers on an open network.
func (s settings) check(words []string, stderr io.Writer) error {
	if len(words) > 0 {
		return usage(stderr, "serve takes no word %q", words[0])
	}
	if (s.cert == "") != (s.key == "") {
		return usage(stderr, "--tls-cert and --tls-key go together")
	}
	local, err := loopback(s.listen)
	if err != nil {
		return usage(stderr, "--listen %v", err)
	}
	if s.terminals != "" {
		if _, err := loopback(s.terminals); err != nil {
			return usage(stderr, "--terminals %v", err)
		}
	}
	switch {
	case local || s.anyAddress:
		return nil
	case s.terminals == "":
		return usage(stderr, "%s is open to the network: give terminals a door of their own with --terminals, or say --insecure-any-address where a proxy in front does that work", s.listen)
	case s.cert == "":
		return usage(stderr, "%s is open to the network and the console would go in the clear: give --tls-cert and --tls-key, or --insecure-any-address", s.listen)
	}
	return nil
}

// loopback reports whether an address is of this machine alone.
func loopback(address string) (bool, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false, fmt.Errorf("%q is not address:port", address)
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback(), nil
}

func (s settings) run(ctx context.Context, log *slog.Logger, stdout io.Writer) (err error) {
	web, err := s.web()
	if err != nil {
		return err
	}
	l, err := ledger.Open(ctx, s.db, ledger.Options{Centre: s.centre})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	keys, made, err := keyring.Open(cmp.Or(s.sealKey, keyring.Path(s.db)))
	if err != nil {
		return err
	}
	if made {
		log.Info("made the seal key; keep a copy of its file in a safe place", "key", keys.Public())
	}
	ca, err := s.authority(log)
	if err != nil {
		return err
	}
	handler, err := s.build(l, keys, ca, log)
	if err != nil {
		return err
	}
	open, terminals, err := s.doors(ctx, web, ca)
	if err != nil {
		return err
	}
	if err := s.announce(ctx, l, stdout, open, terminals); err != nil {
		return errors.Join(err, open.Close())
	}
	return handler.Serve(ctx, open, terminals)
}

// authority is nil where terminals have no door of their own.
func (s settings) authority(log *slog.Logger) (*authority.Authority, error) {
	if s.terminals == "" {
		return nil, nil
	}
	ca, made, err := authority.Open(cmp.Or(s.ca, authority.Path(s.db)), nil)
	if made {
		log.Info("made the authority that signs terminals' certificates; keep a copy of its folder in a safe place")
	}
	return ca, err
}

// web is how people are listened to; nil in the clear.
func (s settings) web() (*tls.Config, error) {
	if s.cert == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(s.cert, s.key)
	if err != nil {
		return nil, fmt.Errorf("read certificate: %w", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS13}, nil
}

// doors listens for people and, with an authority, for terminals.
func (s settings) doors(ctx context.Context, web *tls.Config, ca *authority.Authority) (open, terminals net.Listener, err error) {
	if open, err = new(net.ListenConfig).Listen(ctx, "tcp", s.listen); err != nil {
		return nil, nil, fmt.Errorf("listen: %w", err)
	}
	if web != nil {
		open = tls.NewListener(open, web)
	}
	if ca == nil {
		return open, nil, nil
	}
	if terminals, err = new(net.ListenConfig).Listen(ctx, "tcp", s.terminals); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("listen: %w", err), open.Close())
	}
	return open, tls.NewListener(terminals, ca.TLS(s.known())), nil
}

// known are the names under which terminals may call: those that were given, else
// the address that is listened on, else this machine's name.
func (s settings) known() []string {
	if len(s.names) > 0 {
		return s.names
	}
	host, _, _ := net.SplitHostPort(s.terminals)
	if ip := net.ParseIP(host); host != "" && (ip == nil || !ip.IsUnspecified()) {
		return []string{host}
	}
	name, err := os.Hostname()
	if err != nil {
		return []string{"localhost"}
	}
	return []string{name, "localhost"}
}

// announce prints where the central is and, once in its life, the password.
func (s settings) announce(ctx context.Context, l *ledger.Ledger, stdout io.Writer, open, terminals net.Listener) error {
	password, err := console.FirstPassword(ctx, l)
	if err != nil {
		return err
	}
	scheme := "http"
	if s.cert != "" {
		scheme = "https"
	}
	said := fmt.Sprintf("central %s listens on %s://%s/\n", programVersion(), scheme, open.Addr())
	if password != "" {
		said += fmt.Sprintf("console password (shown this once): %s\n", password)
	}
	if terminals != nil {
		said += fmt.Sprintf("terminals come in at https://%s/\n", terminals.Addr())
	}
	_, err = io.WriteString(stdout, said)
	return err
}

// build puts the pieces together; nothing else here knows them all.
func (s settings) build(l *ledger.Ledger, keys *keyring.Ring, ca *authority.Authority, log *slog.Logger) (*server.Server, error) {
	declared, err := catalogue.Load(assets.Catalogue())
	if err != nil {
		return nil, err
	}
	days, err := casework.OpenCalendar(assets.Calendar())
	if err != nil {
		return nil, err
	}
	in, err := intake.New(intake.Config{Catalogue: declared, Ledger: l, Calendar: days, Keys: keys, Desks: s.desks})
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
	c := server.Config{
		Intake: in, Ledger: l, Catalogue: declared, CataloguePack: catalogues, PoliciesPack: policies, SealKey: keys.Public(), SealSince: keys.Current().Since,
		Console: pages, Version: programVersion(), Log: log,
	}
	if ca != nil {
		c.Enrolment, c.AnswersKey = enrolment.New(ca, l, nil), ca.AnswersKey()
		c.Adoption = adoption.New(l, keys)
		if c.Trust, err = ca.Trust().PEM(); err != nil {
			return nil, err
		}
	}
	return server.New(c), nil
}
