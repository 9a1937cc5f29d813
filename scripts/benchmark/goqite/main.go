// Command goqite is the queue that filing is compared with: maragu.dev/goqite on
// the same driver, the same disk and with the same synchronous FULL, its messages
// as they are: not sealed, without a number and without a journal.
//
// It is a module of its own, so that what the comparison needs stays out of the
// product's go.mod; scripts/bench builds it.
package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"time"

	"maragu.dev/goqite"
	"modernc.org/sqlite"
)

func main() {
	path := flag.String("db", "", "`file` of the queue; made when it is not there")
	tables := flag.String("schema", "", "`file` with the library's tables, its schema_sqlite.sql")
	count := flag.Int("count", 100, "messages")
	size := flag.Int("size", 4096, "of a message in bytes")
	flag.Parse()
	if err := run(context.Background(), *path, *tables, *count, *size); err != nil {
		fmt.Fprintln(os.Stderr, "goqite:", err)
		os.Exit(1)
	}
}

// run sends and prints how long each message took, in microseconds.
func run(ctx context.Context, path, tables string, count, size int) (err error) {
	if _, err := sqlite.Fdatasync(true); err != nil { // as the terminal has it
		return err
	}
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {"journal_mode(WAL)", "synchronous(FULL)", "busy_timeout(5000)"}}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	if made, err := exists(ctx, db); err != nil {
		return err
	} else if !made {
		schema, err := os.ReadFile(tables)
		if err != nil {
			return fmt.Errorf("read tables: %w", err)
		}
		if _, err := db.ExecContext(ctx, string(schema)); err != nil {
			return fmt.Errorf("make tables: %w", err)
		}
	}
	queue := goqite.New(goqite.NewOpts{DB: db, Name: "filing"})
	body := bytes.Repeat([]byte{'x'}, size)
	for range count {
		began := time.Now()
		if err := queue.Send(ctx, goqite.Message{Body: body}); err != nil {
			return fmt.Errorf("send message: %w", err)
		}
		fmt.Println(time.Since(began).Microseconds())
	}
	return nil
}

func exists(ctx context.Context, db *sql.DB) (made bool, err error) {
	err = db.QueryRowContext(ctx, "SELECT count(*) > 0 FROM sqlite_schema").Scan(&made)
	if err != nil {
		return false, fmt.Errorf("open queue: %w", err)
	}
	return made, nil
}
