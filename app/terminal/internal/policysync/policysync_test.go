package policysync_test

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"leye/app/api"
	"leye/app/catalogue"
	"leye/app/policy"
	"leye/app/terminal/internal/policysync"
	"leye/app/terminal/internal/store"
	"leye/assets"
)

// central answers as the contract's central does: whole, or not changed.
type central struct {
	packs map[policysync.Name]api.Pack
	err   error
	asked []string // ETags it was asked with
}

func (c *central) Fetch(_ context.Context, name policysync.Name, etag string) (policysync.Fetched, error) {
	c.asked = append(c.asked, etag)
	p := c.packs[name]
	switch {
	case c.err != nil:
		return policysync.Fetched{}, c.err
	case etag == p.Version:
		return policysync.Fetched{}, nil
	}
	return policysync.Fetched{Fresh: true, ETag: p.Version, Pack: p}, nil
}

func openShelf(t *testing.T) *policysync.Shelf {
	t.Helper()
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), store.FileName), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return policysync.NewShelf(db)
}

func pack(t *testing.T, files fs.FS) api.Pack {
	t.Helper()
	p, err := api.NewPack(files)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// rounds lets a task ask n times, one after the other.
func rounds(t *testing.T, cfg policysync.Config, n int) {
	t.Helper()
	cfg.Every, cfg.Rand = time.Hour, func() float64 { return 0.5 }
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(n-1)*time.Hour+time.Minute)
		defer cancel()
		if err := policysync.New(cfg).Run(ctx); err != nil {
			t.Error(err)
		}
	})
}

func TestPacksAreKeptAndServedWithoutALine(t *testing.T) {
	shelf := openShelf(t)
	c := &central{packs: map[policysync.Name]api.Pack{
		policysync.Catalogue: pack(t, assets.Catalogue()), policysync.Policies: pack(t, assets.Policies()),
	}}
	rounds(t, policysync.Config{Shelf: shelf, Fetcher: c, Checks: map[policysync.Name]func(fs.FS) error{
		policysync.Catalogue: func(f fs.FS) error { _, err := catalogue.Load(f); return err },
		policysync.Policies:  func(f fs.FS) error { _, err := policy.Load(f); return err },
	}}, 2)
	kept, ok, err := shelf.Get(t.Context(), policysync.Catalogue)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	loaded, err := catalogue.Load(kept.Files)
	if err != nil {
		t.Fatal(err)
	}
	embedded, err := catalogue.Load(assets.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	if loaded.Version() != embedded.Version() || kept.Version != loaded.Version() || len(loaded.Services()) != len(embedded.Services()) {
		t.Errorf("kept %s with %d services, want %s with %d", kept.Version, len(loaded.Services()), embedded.Version(), len(embedded.Services()))
	}
	fresh := 0
	for _, etag := range c.asked {
		if etag == "" {
			fresh++
		}
	}
	if len(c.asked) != 4 || fresh != 2 {
		t.Errorf("asked with %q: want both without an ETag, then both with one", c.asked)
	}
}

func TestAWrongPackIsKeptOut(t *testing.T) {
	right := pack(t, fstest.MapFS{"a.toml": {Data: []byte("x = 1")}})
	for name, wrong := range map[string]api.Pack{
		"fails its check":   pack(t, fstest.MapFS{"bad.toml": {Data: []byte("x")}}),
		"another version":   {Version: "000000000000", Files: right.Files},
		"leads out":         {Version: "111111111111", Files: map[string]string{"../a.toml": "x = 1"}},
		"is not UTF-8":      {Version: "111111111111", Files: map[string]string{"a.toml": "\xff"}},
		"file is a folder":  {Version: "111111111111", Files: map[string]string{"a": "x", "a/b": "y"}},
		"holds nothing new": {},
	} {
		t.Run(name, func(t *testing.T) {
			shelf := openShelf(t)
			c := &central{packs: map[policysync.Name]api.Pack{policysync.Policies: right}}
			refused := false
			cfg := policysync.Config{Shelf: shelf, Fetcher: c, Refused: func(r bool) { refused = r }, Checks: map[policysync.Name]func(fs.FS) error{
				policysync.Policies: func(f fs.FS) error {
					if _, err := fs.Stat(f, "a.toml"); err != nil {
						return errors.New("no a.toml")
					}
					return nil
				},
			}}
			rounds(t, cfg, 1)
			if refused {
				t.Fatal("the right pack was refused")
			}
			c.packs[policysync.Policies] = wrong
			rounds(t, cfg, 1)
			kept, ok, err := shelf.Get(t.Context(), policysync.Policies)
			if err != nil || !ok || kept.Version != right.Version || !refused {
				t.Errorf("kept %q (%v), refused %v, %v", kept.Version, ok, refused, err)
			}
		})
	}
}

func TestWithoutALineTheOldPackStays(t *testing.T) {
	shelf := openShelf(t)
	c := &central{packs: map[policysync.Name]api.Pack{policysync.Policies: pack(t, fstest.MapFS{"a.toml": {Data: []byte("x = 1")}})}}
	cfg := policysync.Config{Shelf: shelf, Fetcher: c, Checks: map[policysync.Name]func(fs.FS) error{policysync.Policies: func(fs.FS) error { return nil }}}
	rounds(t, cfg, 1)
	c.err = errors.New("no line")
	rounds(t, cfg, 3)
	if _, ok, err := shelf.Get(t.Context(), policysync.Policies); !ok || err != nil {
		t.Error(ok, err)
	}
	if len(c.asked) != 4 {
		t.Errorf("asked %d times, want 4", len(c.asked))
	}
}

func TestWakeAsksAtOnce(t *testing.T) {
	shelf := openShelf(t)
	c := &central{err: errors.New("no line")}
	synctest.Test(t, func(t *testing.T) {
		s := policysync.New(policysync.Config{Shelf: shelf, Fetcher: c, Checks: map[policysync.Name]func(fs.FS) error{policysync.Policies: nil}})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		time.AfterFunc(time.Second, s.Wake)
		if err := s.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	if len(c.asked) != 2 {
		t.Errorf("asked %d times, want at the start and when woken", len(c.asked))
	}
}
