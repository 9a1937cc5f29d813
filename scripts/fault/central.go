package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	_ "modernc.org/sqlite" // reads the central's file: no call of its contract lists all cases
)

// central is the real one. It comes back at the same address after each end.
type central struct {
	t       *trial
	db      string
	address string
	door    string // where terminals come in by certificate; empty: at address, in the clear
	running *process
}

// held is what the central has of one application.
type held struct {
	id, reference, number, body string
}

// whole reports whether the body is one that a filer makes, unchanged.
func (h held) whole() bool {
	var b struct {
		ID, Reference string
		Answers       struct{ Period, By, Filling string }
	}
	if json.Unmarshal([]byte(h.body), &b) != nil {
		return false
	}
	a := b.Answers
	return b.ID != "" && b.Reference == h.reference && a.Period == "q" && a.By == "town" &&
		a.Filling != "" && strings.ReplaceAll(a.Filling, b.ID, "") == ""
}

func newCentral(ctx context.Context, t *trial) (*central, error) {
	address, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	pem, err := t.key.PEM()
	if err != nil {
		return nil, err
	}
	c := &central{t: t, db: t.path("central.db"), address: address}
	return c, os.WriteFile(t.path("central.key"), pem, 0o600)
}

func (c *central) url() string { return "http://" + c.address }

func (c *central) doorURL() string { return "https://" + c.door }

// open starts it and waits until it answers.
func (c *central) open(ctx context.Context) (err error) {
	if c.running != nil && !c.running.ended() {
		return nil
	}
	args := []string{"serve", "--db", c.db, "--seal-key", c.t.path("central.key"), "--listen", c.address}
	if c.door != "" {
		args = append(args, "--terminals", c.door)
	}
	if c.running, err = c.t.start(c.t.program("central"), args...); err != nil {
		return err
	}
	return c.running.await(ctx, 30*time.Second, "the central", func() bool {
		return answers(ctx, c.url()+"/v1/health") && (c.door == "" || listens(ctx, c.door))
	})
}

// kill ends it suddenly; without one that runs it does nothing.
func (c *central) kill() error {
	if c.running == nil {
		return nil
	}
	err := c.running.kill()
	c.running = nil
	return err
}

// all lists what the central holds.
func (c *central) all(ctx context.Context) (list []held, err error) {
	db, err := sql.Open("sqlite", "file:"+c.db+"?mode=ro&_pragma=busy_timeout(5000)")
	if err != nil {
		return nil, fmt.Errorf("open the central's ledger: %w", err)
	}
	defer db.Close()
	rows, err := db.QueryContext(ctx, `SELECT a.id, c.reference, c.number, a.body FROM application a JOIN case_file c ON c.application_id = a.id`)
	if err != nil {
		return nil, fmt.Errorf("read the central's ledger: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var h held
		if err := rows.Scan(&h.id, &h.reference, &h.number, &h.body); err != nil {
			return nil, fmt.Errorf("read the central's ledger: %w", err)
		}
		list = append(list, h)
	}
	return list, rows.Err()
}

// renew begins with an empty ledger.
func (c *central) renew(ctx context.Context) error {
	err := c.kill()
	for _, more := range []string{"", "-wal", "-shm"} {
		if e := os.Remove(c.db + more); !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	if err != nil {
		return err
	}
	return c.open(ctx)
}
