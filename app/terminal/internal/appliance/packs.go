package appliance

import (
	"context"
	"io/fs"

	"leye/app/api"
	"leye/app/catalogue"
	"leye/app/policy"
	"leye/app/terminal/internal/policysync"
	"leye/assets"
)

func checkCatalogue(files fs.FS) error { _, err := catalogue.Load(files); return err }

func checkPolicies(files fs.FS) error { _, err := policy.Load(files); return err }

// openPacks loads services and policies: the newest that the central sent, else
// those that came with the program.
func (b *build) openPacks(ctx context.Context) error {
	files := b.newest(ctx, policysync.Catalogue, checkCatalogue, assets.Catalogue())
	var err error
	if b.Catalogue, err = catalogue.Load(files); err != nil {
		return err
	}
	b.pulse.versions.catalogue = b.Catalogue.Version()
	files = b.newest(ctx, policysync.Policies, checkPolicies, assets.Policies())
	if b.Policies, err = policy.Load(files); err != nil {
		return err
	}
	pack, err := api.NewPack(files)
	b.pulse.versions.policies = pack.Version
	return err
}

// newest falls back to what came with the program: a pack of an older format
// must not keep a new program from starting.
func (b *build) newest(ctx context.Context, name policysync.Name, check func(fs.FS) error, builtIn fs.FS) fs.FS {
	kept, ok, err := policysync.NewShelf(b.db).Get(ctx, name)
	if err == nil && ok {
		err = check(kept.Files)
	}
	switch {
	case err != nil:
		b.log.Warn("use the built-in pack", "pack", name, "version", kept.Version, "err", err)
		return builtIn
	case !ok:
		return builtIn
	}
	b.log.Info("use the central's pack", "pack", name, "version", kept.Version, "fetched", kept.FetchedAt)
	return kept.Files
}
