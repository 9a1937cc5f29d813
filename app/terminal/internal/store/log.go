package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Checkpoint moves the log into the file and empties it, so that what was
// deleted (bodies, with their personal data) is overwritten in both. [ErrBusy]
// means that a reader was in the way: try later.
func (s *Store) Checkpoint(ctx context.Context) error {
	return s.use(func() error { return s.checkpoint(ctx) })
}

func (s *Store) checkpoint(ctx context.Context) error {
	if noLog(s.path + "-wal") {
		return nil
	}
	return s.alone(ctx, func(conn *sql.Conn) error {
		if err := checkpoint(ctx, conn); err != nil {
			return err
		}
		return s.lengthen(ctx, conn)
	})
}

// alone runs f while no transaction of this program is under way.
func (s *Store) alone(ctx context.Context, f func(*sql.Conn) error) error {
	conn, err := s.write.Conn(ctx)
	if err != nil {
		return typed(err)
	}
	return typed(errors.Join(f(conn), conn.Close()))
}

// Settle moves a log that has become long into the file, while all others go on;
// else whoever commits next would have to. It is for quiet moments.
func (s *Store) Settle(ctx context.Context) error {
	return s.use(func() error { return s.settle(ctx) })
}

func (s *Store) settle(ctx context.Context) error {
	var busy, pages, moved int64
	// The first only asks (SQLite 3.51).
	for _, mode := range []string{"NOOP", "PASSIVE"} {
		row := s.read.QueryRowContext(ctx, "PRAGMA wal_checkpoint("+mode+")")
		err := typed(row.Scan(&busy, &pages, &moved))
		if errors.Is(err, ErrFull) || errors.Is(err, ErrBusy) {
			return nil // the log stays, and is as good
		}
		if err != nil {
			return fmt.Errorf("settle store: %w", err)
		}
		if (pages-moved)*pageSize < logRoom/2 {
			return nil
		}
	}
	return nil // a reader or another checkpoint is in the way
}

// noLog reports whether the log holds nothing and has the length that it is given
// then: flash need not be written for that every minute.
func noLog(path string) bool {
	f, err := os.Open(filepath.Clean(path))
	if err != nil {
		return false
	}
	defer f.Close()
	first := make([]byte, 4)
	_, err = io.ReadFull(f, first)
	return err == nil && string(first) == "\xff\xff\xff\xff" // SQLite's mark is another
}

// logRoom is how long an empty log is made, in bytes: what some ten visits write.
const logRoom = 1 << 20

// lengthen fills an empty log with ones, which SQLite takes for no log at all. A
// filing then overwrites what the file system has already found a place for, and
// need not wait until that is written down too. Without room it stays short.
func (s *Store) lengthen(ctx context.Context, conn *sql.Conn) error {
	free, err := Free(filepath.Dir(s.path))
	if err != nil || free < s.opt.Reserve+logRoom {
		return err
	}
	tx, err := conn.BeginTx(ctx, nil) // keeps all other writers away
	if err != nil {
		return err
	}
	return errors.Join(ones(s.path+"-wal", logRoom), tx.Rollback())
}

// ones writes so many bytes of them into an empty file; one that is not empty is left alone.
func ones(path string, n int) error {
	f, err := os.OpenFile(filepath.Clean(path), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil && info.Size() == 0 {
		// First that it is empty: over an old log that came back with a power cut
		// some of this would leave the oldest of it, for SQLite to undo newer pages by.
		err = f.Sync()
		piece := bytes.Repeat([]byte{0xff}, 64<<10) // no more at once than scripts/faults power can read of a call
		for at := 0; at < n && err == nil; at += len(piece) {
			_, err = f.WriteAt(piece[:min(n-at, len(piece))], int64(at))
		}
		err = errors.Join(err, f.Sync())
	}
	return errors.Join(err, f.Close())
}

func checkpoint(ctx context.Context, conn *sql.Conn) error {
	var busy, pages, moved int
	row := conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	if err := row.Scan(&busy, &pages, &moved); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	if busy != 0 {
		return &Error{Kind: ErrBusy, Err: errors.New("checkpoint: a reader is active")}
	}
	return nil
}
