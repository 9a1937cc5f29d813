package ledger

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver named below
)

// This file is all that knows which database is behind the ledger. Another one
// needs its own pools and goose dialect here; the statements elsewhere keep to
// what SQLite and PostgreSQL share ($1 parameters, ON CONFLICT, RETURNING).

//go:embed migrations/*.sql
var migrations embed.FS

const readers = 4

// pools are the ways into one database: writes go one at a time, because SQLite
// has one writer and a queue in Go is fairer than its busy time-out.
type pools struct {
	write, read *sql.DB
}

func openPools(path string) (pools, error) {
	if err := claim(path); err != nil {
		return pools{}, err
	}
	write, err := sql.Open("sqlite", dsn(path, "immediate", nil))
	if err != nil {
		return pools{}, err
	}
	write.SetMaxOpenConns(1)
	read, err := sql.Open("sqlite", dsn(path, "deferred", []string{"query_only(ON)"}))
	if err != nil {
		return pools{}, errors.Join(err, write.Close())
	}
	read.SetMaxOpenConns(readers)
	read.SetMaxIdleConns(readers)
	return pools{write: write, read: read}, nil
}

// claim makes the file with the owner's rights only, before SQLite would make
// it with everybody's; the write-ahead log takes its rights from the file.
func claim(path string) error {
	f, err := os.OpenFile(filepath.Clean(path), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// dsn asks for synchronous FULL: in WAL mode NORMAL loses committed rows at a
// power cut, and a committed row here is one that a resident was promised.
func dsn(path, lock string, more []string) string {
	q := url.Values{"_txlock": {lock}}
	for _, p := range append([]string{
		"busy_timeout(5000)",
		"journal_mode(WAL)",
		"synchronous(FULL)",
		"foreign_keys(ON)",
		"secure_delete(ON)",
	}, more...) {
		q.Add("_pragma", p)
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

func (p pools) close() error { return errors.Join(p.read.Close(), p.write.Close()) }

// migrate brings the database to the newest schema that this program knows. A
// database from a newer program is refused rather than misread.
func migrate(ctx context.Context, db *sql.DB) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	have, newest, err := p.GetVersions(ctx)
	if err != nil {
		return err
	}
	if have > newest {
		return fmt.Errorf("schema %d is newer than this program's %d", have, newest)
	}
	_, err = p.Up(ctx)
	return err
}
