// Package appliance puts the terminal together: it opens the store, the devices
// and the line, builds the tasks, supervises them and shuts them down in order.
//
// It decides nothing about a visit and draws nothing. It is the only package
// here that knows all the pieces.
package appliance

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"leye/app/catalogue"
	"leye/app/policy"
	"leye/app/terminal/internal/config"
	"leye/app/terminal/internal/journal"
	"leye/app/terminal/internal/outbox"
	"leye/app/terminal/internal/receipt"
	"leye/app/terminal/internal/relay"
	"leye/app/terminal/internal/session"
	"leye/app/terminal/internal/store"
	"leye/app/terminal/internal/ui/text"
	"leye/app/terminal/internal/uplink"
	"leye/assets"
	"leye/devices/idcard/samv"
	"leye/devices/printer/escpos"
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
	if a.Catalogue, err = catalogue.Load(assets.Catalogue()); err != nil {
		return a, err
	}
	if a.Policies, err = policy.Load(assets.Policies()); err != nil {
		return a, err
	}
	paper := &slips{terminal: cfg.Terminal, policies: a.Policies}
	if paper.layouts, err = receipt.Load(assets.Receipts()); err != nil {
		return a, err
	}
	if paper.texts, err = text.Load(assets.Text()); err != nil {
		return a, err
	}
	db, queue, err := a.openQueue(ctx, cfg)
	if err != nil {
		return a, err
	}
	return a, a.openDevices(cfg, db, queue, paper)
}

func (a *Appliance) openQueue(ctx context.Context, cfg config.Config) (*store.Store, *outbox.Outbox, error) {
	if err := os.MkdirAll(cfg.Store.Dir, 0o700); err != nil {
		return nil, nil, fmt.Errorf("make state directory: %w", err)
	}
	db, err := store.Open(ctx, filepath.Join(cfg.Store.Dir, store.FileName), store.Options{})
	if err != nil {
		return nil, nil, err
	}
	a.close = append(a.close, db.Close)
	queue, err := outbox.New(ctx, db, outbox.Options{Terminal: cfg.Terminal.ID, Journal: journal.New(db, journal.Options{})})
	if err != nil {
		return nil, nil, err
	}
	sender, err := uplink.New(cfg.Central.URL, cfg.Central.Timeout)
	if err != nil {
		return nil, nil, err
	}
	a.tasks = append(a.tasks, relay.New(relay.Config{Queue: queue, Sender: sender, Log: a.log, Rand: rand.Float64}))
	return db, queue, nil
}

func (a *Appliance) openDevices(cfg config.Config, db *store.Store, queue *outbox.Outbox, paper *slips) error {
	reader, err := samv.Open(samv.Config{Port: cfg.Reader.Port, Driver: cfg.Reader.Driver, Baud: cfg.Reader.Baud, Log: a.log})
	if err != nil {
		return err
	}
	a.close = append(a.close, reader.Close)
	out, err := escpos.Open(escpos.Config{Port: cfg.Printer.Port, Driver: cfg.Printer.Driver, Baud: cfg.Printer.Baud, Columns: cfg.Printer.Columns, Log: a.log})
	if err != nil {
		return err
	}
	a.close = append(a.close, out.Close)
	a.Session = session.New(session.Config{
		Terminal: cfg.Terminal.ID, Catalogue: a.Catalogue, Policies: a.Policies,
		Reader: reader, Submitter: &submitter{db, queue}, Printer: out,
		Slips: paper, Log: a.log,
		Idle: cfg.Visit.Idle, Warn: cfg.Visit.Warn, WaitForCentral: cfg.Visit.WaitForCentral, Farewell: cfg.Visit.Farewell, NoCard: cfg.Visit.NoCard,
	})
	a.tasks = append(a.tasks, a.Session)
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
