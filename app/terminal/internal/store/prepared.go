package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"strings"

	"modernc.org/sqlite"
)

// openPrepared opens a database for writing whose connections keep what they have
// parsed: the statements of the terminal are few and constant, and parsing them
// anew takes a third of the processor time of a filing.
func openPrepared(dsn string) (*sql.DB, error) {
	c, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(preparing{c}), nil
}

type preparing struct{ driver.Connector }

func (p preparing) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := p.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	whole, ok := c.(wholeConn)
	if !ok {
		c.Close()
		return nil, fmt.Errorf("keep statements: the driver's connection is a %T", c)
	}
	return &preparedConn{wholeConn: whole, kept: map[string]driver.Stmt{}}, nil
}

// wholeConn is what every connection of the driver can do; a wrapper that hid
// one of these would lose cancelling or the check of used connections.
type wholeConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

type preparedConn struct {
	wholeConn
	kept map[string]driver.Stmt // those that nobody uses now
}

// Unwrap gives the driver's own connection, as the driver asks of wrappers.
func (c *preparedConn) Unwrap() driver.Conn { return c.wholeConn }

// Close also ends the statements.
func (c *preparedConn) Close() error {
	for query, s := range c.kept {
		delete(c.kept, query)
		s.Close() // the connection goes anyway
	}
	return c.wholeConn.Close()
}

// repeated reports whether a statement is of the kind that comes again.
func repeated(query string) bool {
	verb, _, _ := strings.Cut(strings.TrimLeft(query, " \t\n"), " ")
	switch verb {
	case "SELECT", "INSERT", "UPDATE", "DELETE", "BEGIN", "COMMIT", "ROLLBACK":
		return true
	}
	return false
}

// BeginTx takes the lock at once, so that nothing is read which another writer
// changes before it is written.
func (c *preparedConn) BeginTx(ctx context.Context, _ driver.TxOptions) (driver.Tx, error) {
	_, err := c.ExecContext(ctx, "BEGIN IMMEDIATE", nil)
	return preparedTx{c}, err
}

type preparedTx struct{ c *preparedConn }

// Commit leaves no transaction behind, also when it fails.
func (t preparedTx) Commit() error {
	_, err := t.c.ExecContext(context.Background(), "COMMIT", nil)
	if err != nil {
		_ = t.Rollback() // most failures have done that, and then there is nothing to undo
	}
	return err
}

func (t preparedTx) Rollback() error {
	_, err := t.c.ExecContext(context.Background(), "ROLLBACK", nil)
	return err
}

// take gives a statement to its one user; put gives it back. One that is asked
// for while it is in use is parsed a second time.
func (c *preparedConn) take(ctx context.Context, query string) (driver.Stmt, error) {
	s, ok := c.kept[query]
	if !ok {
		return c.PrepareContext(ctx, query)
	}
	delete(c.kept, query)
	return s, nil
}

func (c *preparedConn) put(query string, s driver.Stmt, err error) {
	if _, ok := c.kept[query]; ok || err != nil {
		s.Close() // what failed may not be fit to be used again
		return
	}
	c.kept[query] = s
}

// ExecContext runs a statement that returns no rows. One that comes again is short
// and, once begun, not broken off: a watch over each would cost as much as it.
func (c *preparedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if !repeated(query) {
		return c.wholeConn.ExecContext(ctx, query, args)
	}
	ctx = context.WithoutCancel(ctx)
	s, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	r, err := s.(driver.StmtExecContext).ExecContext(ctx, args)
	c.put(query, s, err)
	return r, err
}

// QueryContext runs a statement that returns rows; it is in use until they are
// closed.
func (c *preparedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if !repeated(query) {
		return c.wholeConn.QueryContext(ctx, query, args)
	}
	ctx = context.WithoutCancel(ctx)
	s, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	r, err := s.(driver.StmtQueryContext).QueryContext(ctx, args)
	if err != nil {
		c.put(query, s, err)
		return nil, err
	}
	return &preparedRows{Rows: r, close: func(err error) { c.put(query, s, err) }}, nil
}

type preparedRows struct {
	driver.Rows
	close func(error)
}

func (r *preparedRows) Close() error {
	err := r.Rows.Close()
	if r.close != nil {
		r.close(err)
		r.close = nil
	}
	return err
}
