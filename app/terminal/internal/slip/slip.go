// Package slip is the durable record of paper: what became of each slip that was
// sent to the printer, and how much of the roll is left.
//
// It prints nothing. A row says "unknown" before the first byte leaves for the
// printer and says more only when the printer has: whatever ends the program in
// between, a kill or a power cut, the row claims nothing.
package slip

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/store"
	"leye/devices/printer"
)

// State is what is known of one slip's paper.
type State string

// The states, as far as they go.
const (
	Prepared  State = "prepared"  // no valid slip came out; printing it is no reprint
	Unknown   State = "unknown"   // one may have come out
	Sent      State = "sent"      // sent, no fault seen; the printer can say no more
	Confirmed State = "confirmed" // the printer said so, as far as its level goes
	Taken     State = "taken"     // and it is gone from the exit
	Retracted State = "retracted" // it was left behind and drawn back
)

// Valid reports whether s is one of the states.
func (s State) Valid() bool {
	return slices.Contains([]State{Prepared, Unknown, Sent, Confirmed, Taken, Retracted}, s)
}

// Of is the state that a proof allows a printer of the level to claim.
func Of(p printer.Proof, l printer.Level) State {
	switch min(p, max(l.Best(), printer.InDoubt)) {
	case printer.NotSent:
		return Prepared
	case printer.Sent:
		return Sent
	case printer.Processed, printer.Printed:
		return Confirmed
	default:
		return Unknown
	}
}

// Slip is one row: one print of one application.
type Slip struct {
	Seq        int64
	Entry      kiosk.ApplicationID
	Print      int // of this application, from 1; a reprint from 2
	State      State
	Running    bool // was under way when the row was last written
	Level      printer.Level
	Cause      string // what stopped it, without personal data
	Length     int    // of the paper that it took, mm
	PreparedAt time.Time
	ChangedAt  time.Time
}

// Reprint reports whether an earlier print of the same slip may be about.
func (s Slip) Reprint() bool { return s.Print > 1 }

// Errors that callers tell apart.
var (
	ErrNotPrepared = errors.New("the slip is not prepared")
	ErrNotRunning  = errors.New("the slip is not under way")
)

// Journal takes the record of each change, in the same transaction.
type Journal interface {
	Add(ctx context.Context, tx *sql.Tx, e kiosk.Event) error
}

// Options for [New]; the zero value records nothing in a journal.
type Options struct {
	Journal Journal
	Now     func() time.Time
}

// Ledger is the record in one store. Its methods may be called from any
// goroutine; those that only read work on a store that is open for reading.
type Ledger struct {
	db  *store.Store
	opt Options
}

// New gives the record that lies in db.
func New(db *store.Store, opt Options) *Ledger {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	return &Ledger{db, opt}
}

// Prepare gives the row of the next print of entry. A row of which no valid slip
// came out is used again; after any other the next one is a reprint with a
// number of its own.
func (l *Ledger) Prepare(ctx context.Context, entry kiosk.ApplicationID) (Slip, error) {
	var s Slip
	err := l.db.Tx(ctx, func(tx *sql.Tx) (err error) {
		s, err = scan(tx.QueryRowContext(ctx, "SELECT "+columns+" FROM slip WHERE entry = ? ORDER BY print DESC LIMIT 1", string(entry)))
		switch {
		case err == nil && s.State == Prepared:
			return nil
		case err != nil && !errors.Is(err, sql.ErrNoRows):
			return err
		}
		now := l.opt.Now().UnixMilli()
		s, err = scan(tx.QueryRowContext(ctx, "INSERT INTO slip (entry, print, state, prepared_at, changed_at) VALUES (?, ?, ?, ?, ?) RETURNING "+columns,
			string(entry), s.Print+1, string(Prepared), now, now))
		return err
	})
	if err != nil {
		return Slip{}, fmt.Errorf("prepare slip: %w", err)
	}
	return s, nil
}

// Begin is called before the first byte leaves: when it returns nil, the row says
// unknown and stays so whatever happens.
func (l *Ledger) Begin(ctx context.Context, s Slip) error {
	err := l.db.Tx(ctx, func(tx *sql.Tx) error {
		return l.change(ctx, tx, s, ErrNotPrepared, "UPDATE slip SET state = 'unknown', running = 1, cause = '', changed_at = ? WHERE seq = ? AND state = 'prepared'",
			"slip.begun", l.opt.Now().UnixMilli(), s.Seq)
	})
	if err != nil {
		return fmt.Errorf("begin slip: %w", err)
	}
	return nil
}

// Outcome is what a print came to.
type Outcome struct {
	Proof  printer.Proof
	Level  printer.Level
	Cause  string // of a failure, without personal data
	Length int    // of the paper that was fed, mm
}

// Settle ends what Begin began.
func (l *Ledger) Settle(ctx context.Context, s Slip, o Outcome) error {
	to := Of(o.Proof, o.Level)
	err := l.db.Tx(ctx, func(tx *sql.Tx) error {
		err := l.change(ctx, tx, s, ErrNotRunning, `UPDATE slip SET state = ?, running = 0, level = ?, cause = ?, length = length + ?, changed_at = ?
			WHERE seq = ? AND running = 1`, "slip."+string(to), string(to), int(o.Level), o.Cause, o.Length, l.opt.Now().UnixMilli(), s.Seq)
		if err != nil {
			return err
		}
		return feed(ctx, tx, o.Length)
	})
	if err != nil {
		return fmt.Errorf("settle slip: %w", err)
	}
	return nil
}

// HandOver records where a confirmed slip went: Taken or Retracted.
func (l *Ledger) HandOver(ctx context.Context, s Slip, to State) error {
	if to != Taken && to != Retracted {
		return fmt.Errorf("hand slip over: %q is no end of it", to)
	}
	err := l.db.Tx(ctx, func(tx *sql.Tx) error {
		return l.change(ctx, tx, s, errors.New("the slip is not confirmed"), "UPDATE slip SET state = ?, changed_at = ? WHERE seq = ? AND state = 'confirmed'",
			"slip."+string(to), string(to), l.opt.Now().UnixMilli(), s.Seq)
	})
	if err != nil {
		return fmt.Errorf("hand slip over: %w", err)
	}
	return nil
}

// change runs an update of one row and puts it on record; otherwise is the error
// when the row was not as the statement wants it.
func (l *Ledger) change(ctx context.Context, tx *sql.Tx, s Slip, otherwise error, update, event string, args ...any) error {
	done, err := tx.ExecContext(ctx, update, args...)
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n != 1 {
		return errors.Join(otherwise, err)
	}
	if l.opt.Journal == nil {
		return nil
	}
	return l.opt.Journal.Add(ctx, tx, kiosk.Event{At: l.opt.Now(), Name: event, Entry: s.Entry, Code: fmt.Sprint(s.Print)})
}

// Filter chooses rows; the zero value chooses all.
type Filter struct {
	Entry kiosk.ApplicationID
	State State
}

// List reads rows, oldest first.
func (l *Ledger) List(ctx context.Context, f Filter) ([]Slip, error) {
	var list []Slip
	err := l.db.View(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, "SELECT "+columns+" FROM slip WHERE (?1 = '' OR entry = ?1) AND (?2 = '' OR state = ?2) ORDER BY seq", string(f.Entry), string(f.State))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			s, err := scan(rows)
			if err != nil {
				return err
			}
			list = append(list, s)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("list slips: %w", err)
	}
	return list, nil
}

// Doubtful counts the applications whose newest print may or may not have come
// out, among those printed since.
func (l *Ledger) Doubtful(ctx context.Context, since time.Time) (int, error) {
	n := 0
	err := l.db.View(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT count(*) FROM slip AS s WHERE state = 'unknown' AND running = 0 AND changed_at >= ?
			AND NOT EXISTS (SELECT 1 FROM slip WHERE entry = s.entry AND print > s.print)`, since.UnixMilli()).Scan(&n)
	})
	if err != nil {
		return 0, fmt.Errorf("count slips in doubt: %w", err)
	}
	return n, nil
}

// Interrupted reports whether the program ended while the newest slip was under
// way: a piece of it may hang in the printer.
func (l *Ledger) Interrupted(ctx context.Context) (bool, error) {
	var running bool
	err := l.db.View(ctx, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, "SELECT running FROM slip ORDER BY changed_at DESC, seq DESC LIMIT 1").Scan(&running)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	if err != nil {
		return false, fmt.Errorf("look for an interrupted slip: %w", err)
	}
	return running, nil
}

const columns = "seq, entry, print, state, running, level, cause, length, prepared_at, changed_at"

func scan(row interface{ Scan(...any) error }) (Slip, error) {
	var s Slip
	var prepared, changed int64
	err := row.Scan(&s.Seq, &s.Entry, &s.Print, &s.State, &s.Running, &s.Level, &s.Cause, &s.Length, &prepared, &changed)
	s.PreparedAt, s.ChangedAt = time.UnixMilli(prepared), time.UnixMilli(changed)
	return s, err
}
