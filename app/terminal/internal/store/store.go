// Package store opens the one SQLite file that holds what a terminal must not
// lose: queue, journal and packs. It gives transactions and typed errors, and it
// is the only package of the terminal that imports the SQL driver.
//
// It knows the tables' shapes (the migrations) but not what they mean; the
// statements stand with the packages that own the rows.
package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"

	"leye/app/terminal/internal/store/pages"
)

//go:embed migrations/*.sql
var migrations embed.FS

// pageSize is SQLite's default, in bytes.
const pageSize = 4096

// FileName is the name of the file inside the state directory.
const FileName = "kiosk.db"

// Options changes how [Open] opens; the zero value is right for the terminal.
type Options struct {
	ReadOnly bool          // look only: no migration, no checkpoint
	MaxBytes int64         // refuse to grow beyond; 0: as far as the disk goes
	Reserve  int64         // free bytes of the disk that [Store.Room] keeps back; 0: 8 MiB
	Busy     time.Duration // how long to wait for another program's lock; 0: 5 s

	// Mend is called when the file turns out to be damaged while it is in use, and
	// must leave another one in its place. Nobody has the file open then. nil: the
	// file stays, and everything that is asked of it fails.
	Mend func(cause error) error
}

// Store is the open file. Its methods may be called from any goroutine.
type Store struct {
	path  string
	opt   Options
	gate  sync.RWMutex // closed while the file is exchanged
	write *sql.DB      // one connection, so writers queue in Go and never meet SQLITE_BUSY
	read  *sql.DB
	down  error // why the file that was damaged could not be exchanged yet
	epoch atomic.Int64

	checked atomic.Bool // the whole file was read when it was opened

	// After a failed fsync the kernel may have dropped what it could not write
	// while the page cache still shows it. Until a checkpoint has written
	// everything again, nothing that is read from the log may be trusted.
	suspect atomic.Bool
}

// Open opens or creates the file at path and brings its tables up to date. The
// directory is made when it is missing. A damaged file gives [ErrDamaged] and is
// left as it is; package quarantine goes on from there.
func Open(ctx context.Context, path string, opt Options) (*Store, error) {
	s, err := open(ctx, path, opt)
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", path, typed(err))
	}
	return s, nil
}

func open(ctx context.Context, path string, opt Options) (*Store, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	// fdatasync keeps the data and the size, which is all that a commit needs;
	// fsync would also wait for the time stamps. The switch belongs to the
	// driver and there is no way to set it per file; elsewhere fsync is used.
	if _, err := sqlite.Fdatasync(true); err != nil && !errors.Is(err, sqlite.ErrFdatasyncUnavailable) {
		return nil, err
	}
	if err := create(path, opt.ReadOnly); err != nil {
		return nil, err
	}
	if opt.Reserve == 0 {
		opt.Reserve = 8 << 20
	}
	s := &Store{path: path, opt: opt}
	if err := s.connect(ctx); err != nil {
		return nil, errors.Join(err, s.closeAll())
	}
	return s, nil
}

// connect opens the file that is there.
func (s *Store) connect(ctx context.Context) (err error) {
	if s.read, err = sql.Open("sqlite", dsn(s.path, s.opt, false)); err != nil {
		return err
	}
	s.read.SetMaxOpenConns(4)
	if s.opt.ReadOnly {
		return s.look(ctx)
	}
	return s.prepare(ctx, s.opt)
}

// create makes the file private before SQLite sees it; the log beside it
// inherits the mode. One that is there already must be what SQLite will take it
// for, log included.
func create(path string, readOnly bool) error {
	_, err := os.Stat(path)
	switch {
	case err == nil:
		return inspect(path)
	case readOnly || !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// inspect looks for damage that SQLite passes over without a word.
func inspect(path string) error {
	err := pages.CheckFile(path)
	if err == nil {
		err = pages.CheckLog(path)
	}
	if errors.Is(err, pages.ErrHeader) || errors.Is(err, pages.ErrLog) {
		return Damaged(err)
	}
	return err
}

func dsn(path string, opt Options, writer bool) string {
	if opt.Busy == 0 {
		opt.Busy = 5 * time.Second
	}
	q := url.Values{}
	q.Add("_pragma", fmt.Sprintf("busy_timeout(%d)", opt.Busy.Milliseconds()))
	q.Add("_pragma", "foreign_keys(1)")
	q.Add("_pragma", "temp_store(MEMORY)")
	q.Add("_pragma", "trusted_schema(0)")
	switch {
	case writer:
		q.Add("_pragma", "journal_mode(WAL)")
		q.Add("_pragma", "synchronous(FULL)")
		q.Add("_pragma", "secure_delete(ON)")
		if opt.MaxBytes > 0 {
			q.Add("_pragma", fmt.Sprintf("max_page_count(%d)", max(1, opt.MaxBytes/pageSize)))
		}
	case opt.ReadOnly:
		q.Set("mode", "ro")
	default:
		q.Add("_pragma", "query_only(1)")
	}
	u := url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}
	return u.String()
}

func (s *Store) look(ctx context.Context) error {
	var n int
	return s.read.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&n)
}

func (s *Store) prepare(ctx context.Context, opt Options) (err error) {
	if s.write, err = openPrepared(dsn(s.path, opt, true)); err != nil {
		return err
	}
	s.write.SetMaxOpenConns(1)
	bytes, err := size(s.path)
	if err != nil {
		return err
	}
	s.checked.Store(bytes <= mostFull)
	if s.checked.Load() {
		if err := check(s.write.QueryRowContext(ctx, fullCheck)); err != nil {
			return err
		}
	}
	if err := s.migrate(ctx); err != nil {
		return err
	}
	if err := s.checkSchema(ctx); err != nil {
		return err
	}
	if err := s.checkpoint(ctx); err != nil && !errors.Is(err, ErrBusy) && !errors.Is(err, ErrFull) {
		return err // somebody who looks on, and a full disk, are met when something is written
	}
	// A new name in a directory is durable only when the directory is synced;
	// without this a power cut can lose the whole first day.
	return fsync(filepath.Dir(s.path))
}

// The check reads the whole file, 50 ms for a year of entries. It also holds the
// indexes against the tables, since what an index does not find is not sent; half a
// second for mostFull bytes. A larger file has a backlog in it, for which nobody
// should wait before the screen: see [Store.Checked].
const (
	quickCheck = "PRAGMA quick_check(1)"
	fullCheck  = "PRAGMA integrity_check(1)"
	mostFull   = 64 << 20
)

// Checked reports whether the file was small enough to be read when it was opened;
// else [Store.Check] is to be called while the terminal is at work.
func (s *Store) Checked() bool { return s.checked.Load() }

func check(row *sql.Row) error {
	var word string
	if err := row.Scan(&word); err != nil {
		return err
	}
	if word != "ok" {
		return &Error{Kind: ErrDamaged, Err: errors.New(word)}
	}
	return nil
}

// Check reads the structure of the whole file once more, beside all else;
// [ErrDamaged] says what is wrong with it.
func (s *Store) Check(ctx context.Context) error {
	err := s.View(ctx, func(tx *sql.Tx) error { return check(tx.QueryRowContext(ctx, quickCheck)) })
	if err != nil {
		return fmt.Errorf("check store %s: %w", s.path, err)
	}
	return nil
}

func (s *Store) migrate(ctx context.Context) error {
	return migrate(ctx, s.write)
}

func migrate(ctx context.Context, db *sql.DB) error {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, dir,
		goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return err
	}
	_, err = p.Up(ctx)
	if err = typed(err); err != nil && ctx.Err() == nil && kindOfTyped(err) == nil {
		// The steps are sound, tests hold them: what they stumble over is the file.
		err = Damaged(err)
	}
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

func fsync(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Path is the absolute path of the file.
func (s *Store) Path() string { return s.path }

// Epoch counts how often the file was exchanged for another: what was remembered of
// its content counts no more.
func (s *Store) Epoch() int64 { return s.epoch.Load() }

// Tx runs f in one writing transaction: all of it is on the disk when Tx returns
// nil. With an error the outcome is that nothing was done, except after [ErrIO],
// where it is unknown; ask by key before telling anybody. After [ErrDamaged] another
// file is in place when [Options.Mend] could make one: the same again may succeed. f
// must not use s but for [Store.Room].
func (s *Store) Tx(ctx context.Context, f func(*sql.Tx) error) error {
	return s.writing(ctx, func(conn *sql.Conn) error { return tx(ctx, conn, f) })
}

// Note is Tx for what a power cut may undo: the disk is not waited for. All who look
// see the change at once, a program that is killed loses nothing of it, and with the
// next Tx it is on the disk: the log has one order.
func (s *Store) Note(ctx context.Context, f func(*sql.Tx) error) error {
	return s.writing(ctx, func(conn *sql.Conn) error {
		if _, err := conn.ExecContext(ctx, "PRAGMA synchronous = NORMAL"); err != nil {
			return err
		}
		err := tx(ctx, conn, f)
		if _, e := conn.ExecContext(context.WithoutCancel(ctx), "PRAGMA synchronous = FULL"); e != nil {
			discard(conn) // the next connection waits for the disk again
		}
		return err
	})
}

// writing lends the connection that writes.
func (s *Store) writing(ctx context.Context, f func(*sql.Conn) error) error {
	if s.opt.ReadOnly {
		return errors.New("write to store: opened for reading only")
	}
	return s.use(func() error { return s.lend(ctx, f) })
}

func (s *Store) lend(ctx context.Context, f func(*sql.Conn) error) (err error) {
	conn, err := s.write.Conn(ctx)
	if err != nil {
		return typed(err)
	}
	defer func() {
		err = typed(err)
		if errors.Is(err, ErrIO) {
			s.suspect.Store(true)
			discard(conn)
		}
		if e := conn.Close(); e != nil && err == nil && !errors.Is(e, sql.ErrConnDone) {
			err = e
		}
	}()
	if s.suspect.Load() {
		if err := s.rewrite(ctx, conn); err != nil {
			return fmt.Errorf("write everything again after an earlier fault: %w", err)
		}
		s.suspect.Store(false)
	}
	return f(conn)
}

func tx(ctx context.Context, conn *sql.Conn, f func(*sql.Tx) error) error {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return rollback(tx, err)
	}
	err = tx.Commit()
	if errors.Is(err, sql.ErrTxDone) && ctx.Err() != nil {
		return ctx.Err() // it was undone when the context ended
	}
	return err
}

// rewrite makes sure of everything that is read from the log, and that the log
// itself is gone: SQLite does not wait for its end to be on the disk, nor look
// whether the name of a new one is. After a fault the log may lack its newest
// entries there, and a power cut that brought it back would undo them in the file.
func (s *Store) rewrite(ctx context.Context, conn *sql.Conn) error {
	if err := checkpoint(ctx, conn); err != nil {
		return err
	}
	if err := fsync(s.path + "-wal"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return fsync(filepath.Dir(s.path))
}

// rollback keeps the cause; a transaction that SQLite itself has already rolled
// back (a full disk does) is no second failure.
func rollback(tx *sql.Tx, cause error) error {
	if err := tx.Rollback(); err != nil && kindOf(cause) == nil && !errors.Is(err, sql.ErrTxDone) {
		return errors.Join(cause, err)
	}
	return cause
}

// discard makes the pool open a new connection next time: an I/O fault leaves
// the old one's view of the log unknown.
func discard(conn *sql.Conn) {
	_ = conn.Raw(func(any) error { return driver.ErrBadConn })
}

// View runs f in one reading transaction: a snapshot that no writer disturbs. f
// must not use s.
func (s *Store) View(ctx context.Context, f func(*sql.Tx) error) error {
	return s.use(func() error {
		tx, err := s.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
		if err != nil {
			return typed(err)
		}
		if err := f(tx); err != nil {
			return typed(rollback(tx, err))
		}
		return typed(tx.Rollback())
	})
}

// Close waits for running transactions, moves the log into the file and closes.
// When there is no room or another program reads, the log stays where it is and
// the next [Open] takes it up: nothing is lost, so that is no error.
func (s *Store) Close() error {
	var err error
	if !s.opt.ReadOnly && s.down == nil {
		// Readers first: an open snapshot would keep the log from being emptied.
		err = s.read.Close()
		ctx := context.Background()
		if e := s.alone(ctx, func(conn *sql.Conn) error { return checkpoint(ctx, conn) }); !errors.Is(e, ErrFull) && !errors.Is(e, ErrBusy) {
			err = errors.Join(err, e)
		}
	}
	return errors.Join(err, s.closeAll())
}

func (s *Store) closeAll() error {
	var err error
	if s.read != nil {
		err = s.read.Close()
	}
	if s.write != nil {
		err = errors.Join(err, s.write.Close())
	}
	return typed(err)
}

// ownPages is what stays free inside a file of limited size for [Store.Room].
const ownPages = 32

// Room asks, inside a writing transaction, whether something new may be taken.
// [ErrFull] comes while there is still room for the small writes of a queue that
// empties itself: a file that is full to the last page could not even note that
// an entry was sent. Pages that the file has to spare are room too, since it does
// not shrink when the queue does; but the log beside it must find its own.
func (s *Store) Room(ctx context.Context, tx *sql.Tx) error {
	free, err := Free(filepath.Dir(s.path))
	if err != nil {
		return err
	}
	if s.opt.MaxBytes == 0 && free >= s.opt.Reserve {
		return nil
	}
	var pages, spare int64
	row := tx.QueryRowContext(ctx, "SELECT (SELECT page_count FROM pragma_page_count), (SELECT freelist_count FROM pragma_freelist_count)")
	if err := row.Scan(&pages, &spare); err != nil {
		return err
	}
	log, err := size(s.path + "-wal")
	if err != nil {
		return err
	}
	if free+log < s.opt.Reserve/4*3 || free+spare*pageSize < s.opt.Reserve {
		return &Error{Kind: ErrFull, Err: fmt.Errorf("%d bytes are free and %d to spare in the file, %d are kept back", free, spare*pageSize, s.opt.Reserve)}
	}
	if used := pages - spare; s.opt.MaxBytes > 0 && used+ownPages > s.opt.MaxBytes/pageSize {
		return &Error{Kind: ErrFull, Err: fmt.Errorf("%d pages are used, %d are allowed", used, s.opt.MaxBytes/pageSize)}
	}
	return nil
}

// Pages is how much of the file so many bytes of one row take, in whole pages.
func Pages(n int64) int64 { return (n + pageSize - 1) / pageSize * pageSize }

func size(path string) (int64, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// Free is the room in bytes that is left for an unprivileged user where the
// directory dir lies.
func Free(dir string) (int64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, fmt.Errorf("ask for free space: %w", err)
	}
	return int64(st.Bavail) * st.Bsize, nil
}
