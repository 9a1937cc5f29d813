// Package appliance puts the terminal together: it opens the store, the devices
// and the line, builds the tasks, supervises them and shuts them down in order.
//
// It decides nothing about a visit and draws nothing. It is the only package
// here that knows all the pieces.
package appliance

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"time"

	"leye/app/api"
	"leye/app/catalogue"
	"leye/app/policy"
	"leye/app/terminal/internal/attest"
	"leye/app/terminal/internal/clock"
	"leye/app/terminal/internal/config"
	"leye/app/terminal/internal/health"
	"leye/app/terminal/internal/heartbeat"
	"leye/app/terminal/internal/identity"
	"leye/app/terminal/internal/journal"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/outbox"
	"leye/app/terminal/internal/policysync"
	"leye/app/terminal/internal/privacy"
	"leye/app/terminal/internal/quarantine"
	"leye/app/terminal/internal/receipt"
	"leye/app/terminal/internal/relay"
	"leye/app/terminal/internal/seal"
	"leye/app/terminal/internal/session"
	"leye/app/terminal/internal/slip"
	"leye/app/terminal/internal/store"
	"leye/app/terminal/internal/ui/text"
	"leye/app/terminal/internal/uplink"
	"leye/assets"
	"leye/devices/idcard/samv"
	"leye/devices/printer/dots"
	"leye/devices/printer/escpos"
	"leye/devices/scanner/engine"
)

// Task is one supervised piece.
type Task interface {
	Run(ctx context.Context) error
	String() string
}

// Appliance is the whole terminal but for its window.
type Appliance struct {
	Session   *session.Session
	Catalogue *catalogue.Catalogue
	Policies  *policy.Library

	log   *slog.Logger
	tasks []Task
	close []func() error // in the order of opening
}

// Open builds the terminal. On error nothing stays open.
func Open(ctx context.Context, cfg config.Config, log *slog.Logger) (a *Appliance, err error) {
	a = &Appliance{log: log}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()
	b := &build{Appliance: a, cfg: cfg}
	for _, step := range []func(context.Context) error{b.openStore, b.openPacks, b.openLine, b.openDevices, b.openPulse, b.openDay} {
		if err = step(ctx); err != nil {
			return a, err
		}
	}
	return a, nil
}

// build is what the steps of Open hand on to each other.
type build struct {
	*Appliance
	cfg      config.Config
	db       *store.Store
	queue    *outbox.Outbox
	slips    *slip.Ledger
	line     *uplink.Uplink
	identity *identity.Live // nil in the clear
	clock    *clock.Clock   // of the line
	printer  *escpos.Printer
	pulse    pulse
}

func (b *build) openStore(ctx context.Context) (err error) {
	if b.db, err = quarantine.Open(ctx, filepath.Join(b.cfg.Store.Dir, store.FileName), quarantine.Options{Log: b.log}); err != nil {
		return err
	}
	b.close = append(b.close, b.db.Close)
	sealer, err := b.openKey()
	if err != nil {
		return err
	}
	b.pulse.ownKey = sealer.Own
	record := journal.New(b.db, journal.Options{})
	b.slips = slip.New(b.db, slip.Options{Journal: record})
	opt := outbox.Options{Terminal: b.cfg.Terminal.ID, Seal: sealer, Journal: record}
	b.queue, err = outbox.New(ctx, b.db, opt)
	if errors.Is(err, store.ErrDamaged) { // another file has taken its place
		b.queue, err = outbox.New(ctx, b.db, opt)
	}
	if err != nil {
		return err
	}
	b.pulse.trust = trust{queue: b.queue, named: b.cfg.Central.SealKey, log: b.log}
	return b.pulse.trust.begin(ctx)
}

// kept is what stays of residents and until when: sweeper, slip and screen go by it.
func (b *build) kept() privacy.Table { return privacy.Table{KeepDays: b.cfg.Store.KeepDays} }

func (b *build) openKey() (*seal.Sealer, error) {
	keep := seal.Kind(b.cfg.Store.Key)
	if keep == "auto" {
		keep = seal.None
	}
	opt := seal.Options{Keep: keep}
	b.pulse.freshKey = func() (*seal.Key, error) { return seal.RenewKey(b.cfg.Store.Dir, opt) }
	key, err := seal.OpenKey(b.cfg.Store.Dir, opt)
	if err != nil {
		return nil, err
	}
	if key.Replaced != nil {
		b.log.Error("the terminal's key could not be read and was set aside for a new one", "err", key.Replaced)
	}
	if err := key.Locked(); err != nil {
		b.log.Warn("the terminal's key may be swapped out: allow this user to lock memory", "err", err)
	}
	return seal.New(key), nil
}

func (b *build) openLine(context.Context) (err error) {
	b.clock = clock.New(kiosk.BuiltAt())
	if !b.cfg.Central.Clear() {
		if err := b.openIdentity(); err != nil {
			return err
		}
	}
	line := uplink.Config{Base: b.cfg.Central.URL, Timeout: b.cfg.Central.Timeout, Clock: b.clock}
	if b.identity != nil { // a nil of its type would not be a nil Identity
		line.Identity = b.identity
	}
	if b.line, err = uplink.New(line); err != nil {
		return err
	}
	b.close = append(b.close, b.line.Close)
	b.pulse.trust.since = b.line.SealKeySince
	b.tasks = append(b.tasks, relay.New(relay.Config{
		Queue: b.queue, Sender: b.line, Rest: b.line.Rest, Check: b.line.Check, Log: b.log, Rand: rand.Float64, Spread: b.cfg.Central.Spread,
		Wrong: func(wrong bool) { b.pulse.stand(kiosk.CodeWrongAck, wrong) },
	}))
	return nil
}

// openIdentity leaves none where there is none, until one is enrolled: without a
// line the terminal takes applications all the same, and says what it lacks.
func (b *build) openIdentity() (err error) {
	b.identity, err = identity.Follow(identity.LiveConfig{
		Dir: b.cfg.Store.Dir, Name: b.cfg.Terminal.ID, Log: b.log,
		Changed: func(id *identity.Identity) {
			b.clock.Raise(id.Certificate().NotBefore)
			if err := b.line.Close(); err != nil { // the next connection is made as the new one
				b.log.Warn("close connections of the identity before", "err", err)
			}
		},
	})
	if err != nil && !errors.Is(err, identity.ErrOther) {
		return err
	}
	switch id := b.identity.Current(); {
	case err != nil:
		b.log.Error("nothing can be sent", "err", err)
	case id == nil:
		b.log.Error("the terminal is not enrolled: nothing can be sent")
	default:
		b.clock.Raise(id.Certificate().NotBefore)
	}
	b.tasks = append(b.tasks, b.identity)
	return nil
}

func (b *build) openDevices(ctx context.Context) error {
	cfg := b.cfg
	paper := &slips{terminal: cfg.Terminal, kept: b.kept(), policies: b.Policies, ledger: b.slips, roll: cfg.Printer.Roll * 1000, log: b.log, presented: make(chan slip.Slip, 1)}
	var err error
	if paper.layouts, err = receipt.Load(assets.Receipts()); err != nil {
		return err
	}
	if paper.texts, err = text.Load(assets.Text()); err != nil {
		return err
	}
	readers, err := b.openReaders()
	if err != nil {
		return err
	}
	if err := b.openPrinter(ctx, cfg.Printer); err != nil {
		return err
	}
	codes, err := b.openScanner()
	if err != nil {
		return err
	}
	paper.printer, b.pulse.slips = b.printer, paper
	b.Session = session.New(session.Config{
		Terminal: cfg.Terminal.ID, Catalogue: b.Catalogue, Policies: b.Policies,
		Reader: readers[0], Reader2: readers[1], Scanner: codes, Submitter: &submitter{b.queue}, Cases: cases{b.line, b.queue}, Slips: paper, Log: b.log,
		Idle: cfg.Visit.Idle, Warn: cfg.Visit.Warn, WaitForCentral: cfg.Visit.WaitForCentral, Farewell: cfg.Visit.Farewell, NoCard: cfg.Visit.NoCard,
	})
	b.tasks = append(b.tasks, b.Session, paper)
	return b.openSignals()
}

// openReaders opens the card readers that the configuration names; there may be no
// second one.
func (b *build) openReaders() (readers [2]session.CardReader, err error) {
	for i, line := range []config.Serial{b.cfg.Reader, b.cfg.Reader2} {
		if line.Port == "" {
			continue
		}
		r, err := samv.Open(samv.Config{Port: line.Port, Driver: line.Driver, Baud: line.Baud, Log: b.log})
		if err != nil {
			return readers, err
		}
		b.close = append(b.close, r.Close)
		readers[i] = r
	}
	return readers, nil
}

func (b *build) openPrinter(ctx context.Context, cfg config.Printer) error {
	font, err := escpos.ParseCharset(cfg.Font)
	if err != nil {
		return err
	}
	glyphs, err := dots.Open(assets.Dots())
	if err != nil {
		return err
	}
	b.close = append(b.close, glyphs.Close)
	void, err := b.slips.Interrupted(ctx)
	if err != nil {
		return err
	}
	b.printer, err = escpos.Open(escpos.Config{
		Port: cfg.Port, Driver: cfg.Driver, Baud: cfg.Baud, Columns: cfg.Columns, Family: cfg.Family, Charset: font, Glyphs: glyphs, Void: void, Log: b.log,
	})
	if err != nil {
		return err
	}
	b.close = append(b.close, b.printer.Close)
	return nil
}

// openScanner returns nil where the configuration names no scanner.
func (b *build) openScanner() (session.CodeScanner, error) {
	cfg := b.cfg.Scanner
	if cfg.Port == "" {
		return nil, nil
	}
	s, err := engine.Open(engine.Config{Port: cfg.Port, Driver: cfg.Driver, Baud: cfg.Baud, Profile: cfg.Profile, Log: b.log})
	if err != nil {
		return nil, err
	}
	b.close = append(b.close, s.Close)
	b.pulse.scanner = true
	return s, nil
}

// openPulse adds the tasks that keep terminal and central in each other's
// picture.
func (b *build) openPulse(ctx context.Context) error {
	p := &b.pulse
	p.board, p.queue, p.db, p.session, p.log = &health.Board{}, b.queue, b.db, b.Session, b.log
	p.kept, p.stateDir = b.kept(), b.cfg.Store.Dir
	p.journal, p.identity, p.clock = journal.New(b.db, journal.Options{}), b.identity, b.clock
	p.witness = attest.New(p.journal)
	p.inspect = &inspection{db: b.db}
	p.versions.program = kiosk.Version()
	packs := policysync.New(policysync.Config{
		Shelf: policysync.NewShelf(b.db), Fetcher: b.line, Log: b.log, Rand: rand.Float64, Spread: b.cfg.Central.Spread,
		Checks:  map[policysync.Name]func(fs.FS) error{policysync.Catalogue: checkCatalogue, policysync.Policies: checkPolicies},
		InUse:   map[policysync.Name]string{policysync.Catalogue: p.versions.catalogue, policysync.Policies: p.versions.policies},
		Refused: func(refused bool) { p.stand(kiosk.CodePackRefused, refused) },
	})
	p.newer = packs.Wake
	spread := b.cfg.Central.Spread
	if central, err := b.queue.Central(ctx); err == nil && central.Zero() {
		spread = 0 // the first beat brings the key, without which nothing is sent
	}
	heart := heartbeat.New(heartbeat.Config{
		Gather: p.gather, Heard: p.heard, Log: b.log, Rand: rand.Float64, Spread: spread,
		Send: func(ctx context.Context, beat api.Heartbeat) (api.HeartbeatAnswer, error) {
			return b.line.Beat(ctx, b.cfg.Terminal.ID, beat)
		},
	})
	b.tasks = append(b.tasks, packs, heart, p.inspect)
	if id := b.identity; id != nil {
		b.tasks = append(b.tasks, identity.NewRenewal(identity.RenewalConfig{
			Identity: id.Current, Now: b.clock.Now, Rand: rand.Float64, Log: b.log, Spread: b.cfg.Central.Spread,
			Ask: func(ctx context.Context, request string) (api.Certificate, error) {
				return b.line.Renew(ctx, b.cfg.Terminal.ID, request)
			},
			Ending: func(ending bool) { p.stand(kiosk.CodeCertificateEnd, ending) },
		}))
	}
	return nil
}

// restart is the pause before a task that failed runs again.
const restart = time.Second

// Run drives all tasks until ctx ends. A task that fails is logged and started
// again: a broken line must not end a visit.
func (a *Appliance) Run(ctx context.Context) {
	var tasks sync.WaitGroup
	for _, t := range a.tasks {
		tasks.Go(func() { a.supervise(ctx, t) })
	}
	tasks.Wait()
}

func (a *Appliance) supervise(ctx context.Context, t Task) {
	for ctx.Err() == nil {
		err := t.Run(ctx)
		if ctx.Err() != nil {
			return
		}
		a.log.Error("task ended, starting it again", "task", t.String(), "err", err)
		timer := time.NewTimer(restart)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
}

// Close releases everything, last opened first.
func (a *Appliance) Close() error {
	var errs []error
	for i := len(a.close) - 1; i >= 0; i-- {
		errs = append(errs, a.close[i]())
	}
	a.close = nil
	return errors.Join(errs...)
}
