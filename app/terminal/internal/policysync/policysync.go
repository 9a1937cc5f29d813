// Package policysync is the task that brings the packs — declared services and
// policy texts — from the central and keeps the newest that passed its checks.
// The terminal serves them from its own disk, with a line or without.
//
// A new pack is used from the next start on: no visit changes its questions
// midway. It knows no format; whoever builds it hands in the checks.
package policysync

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"time"

	"leye/app/api"
)

// Name is which pack it is.
type Name string

// The packs.
const (
	Catalogue Name = "catalogue"
	Policies  Name = "policies"
)

// Fetched is the central's answer; without Fresh the kept pack is the newest.
type Fetched struct {
	Fresh bool
	ETag  string
	Pack  api.Pack
}

// Fetcher asks the central for a pack that is newer than the one with this ETag.
type Fetcher interface {
	Fetch(ctx context.Context, name Name, etag string) (Fetched, error)
}

// Config is what a Sync works with.
type Config struct {
	Shelf   *Shelf
	Fetcher Fetcher
	Checks  map[Name]func(fs.FS) error // an error keeps the pack out
	InUse   map[Name]string            // versions that the terminal works with until its next start
	Refused func(refused bool)         // told after each round whether a pack was kept out; may be nil
	Every   time.Duration              // between two rounds, with jitter; default 30 min
	Spread  time.Duration              // longest wait before the first round, unless woken; 0: none
	Rand    func() float64             // in [0, 1); nil: math/rand
	Log     *slog.Logger
}

// Sync is the task.
type Sync struct {
	cfg  Config
	wake chan struct{}
	down bool // the last round could not ask
}

// errRefused marks what the central sent and the terminal will not use.
var errRefused = errors.New("pack refused")

// New makes the task.
func New(cfg Config) *Sync {
	if cfg.Every == 0 {
		cfg.Every = 30 * time.Minute
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Float64
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Refused == nil {
		cfg.Refused = func(bool) {}
	}
	return &Sync{cfg: cfg, wake: make(chan struct{}, 1)}
}

func (s *Sync) String() string { return "policysync" }

// Wake asks for a round now: somebody heard of a newer pack.
func (s *Sync) Wake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Run brings packs until ctx ends. What fails is tried again in the next round.
func (s *Sync) Run(ctx context.Context) error {
	if s.cfg.Spread > 0 {
		s.pause(ctx, time.Duration(s.cfg.Rand()*float64(s.cfg.Spread)))
	}
	for ctx.Err() == nil {
		s.round(ctx)
		// Between half and one and a half times, lest all terminals ask at once.
		s.pause(ctx, time.Duration((0.5+s.cfg.Rand())*float64(s.cfg.Every)))
	}
	return nil
}

func (s *Sync) pause(ctx context.Context, wait time.Duration) {
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.wake:
	case <-ctx.Done():
	}
}

func (s *Sync) round(ctx context.Context) {
	refused, down := false, false
	for name := range s.cfg.Checks {
		err := s.bring(ctx, name)
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return
		case errors.Is(err, errRefused):
			refused = true
			s.cfg.Log.Error("keep pack out", "pack", name, "err", err)
		default:
			if !s.down && !down {
				s.cfg.Log.Warn("bring packs again later", "pack", name, "err", err)
			}
			down = true
		}
	}
	s.down = down
	if !down {
		s.cfg.Refused(refused)
	}
}

// bring asks for one pack and keeps it when it is new and right.
func (s *Sync) bring(ctx context.Context, name Name) error {
	kept, _, err := s.cfg.Shelf.Get(ctx, name)
	if err != nil {
		// What cannot be read is fetched whole and written anew.
		s.cfg.Log.Warn("fetch pack anew", "pack", name, "err", err)
	}
	f, err := s.cfg.Fetcher.Fetch(ctx, name, kept.ETag)
	if err != nil || !f.Fresh {
		return err
	}
	content, err := s.judge(name, f.Pack)
	if err != nil {
		return fmt.Errorf("%w: %s %s: %w", errRefused, name, f.Pack.Version, err)
	}
	if err := s.cfg.Shelf.put(ctx, name, f, content, time.Now()); err != nil {
		return err
	}
	if f.Pack.Version != kept.Version && f.Pack.Version != s.cfg.InUse[name] {
		s.cfg.Log.Info("new pack, used from the next start on", "pack", name, "version", f.Pack.Version)
	}
	return nil
}

// judge checks a pack as it will be read, from the very bytes that are kept.
func (s *Sync) judge(name Name, p api.Pack) ([]byte, error) {
	content, err := zipped(p)
	if err != nil {
		return nil, err
	}
	files, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, err
	}
	same, err := api.NewPack(files)
	switch {
	case err != nil:
		return nil, err
	case same.Version != p.Version:
		return nil, fmt.Errorf("its content has the version %s", same.Version)
	}
	return content, s.cfg.Checks[name](files)
}
