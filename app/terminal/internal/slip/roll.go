package slip

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"leye/devices/printer"
)

// Roll is the paper in the printer, as far as it can be counted.
type Roll struct {
	Length int       // of the roll when it was put in, mm
	Fed    int       // since then, mm
	Since  time.Time // when it was put in, as far as was seen
	Supply printer.Supply
}

// Left is how much paper there should be, in mm. It is not known once more was
// fed than the roll had: then it was changed while nobody looked.
func (r Roll) Left() (mm int, known bool) {
	switch {
	case r.Supply == printer.PaperOut:
		return 0, true
	case r.Length == 0 || r.Fed > r.Length+r.Length/20:
		return 0, false
	}
	return max(r.Length-r.Fed, 0), true
}

var supplies = map[printer.Supply]string{printer.PaperOK: "ok", printer.PaperNearEnd: "near", printer.PaperOut: "out"}

// Observe takes what the printer's sensors say. Paper that is enough again after
// it was near its end, or out, is a new roll of the given length in mm; so is the
// first that is seen at all.
func (l *Ledger) Observe(ctx context.Context, seen printer.Supply, length int) error {
	to, ok := supplies[seen]
	if !ok {
		return nil
	}
	// Asked twice a minute for years: only news is written.
	if r, err := l.Roll(ctx); err != nil || r.Supply == seen {
		return err
	}
	err := l.db.Tx(ctx, func(tx *sql.Tx) error {
		now := l.opt.Now().UnixMilli()
		_, err := tx.ExecContext(ctx, `INSERT INTO roll (id, length, fed, state, since) VALUES (1, ?1, 0, ?2, ?3) ON CONFLICT (id) DO UPDATE SET
			length = iif(?2 = 'ok' AND state <> 'ok', ?1, length),
			fed = CASE WHEN ?2 = 'ok' AND state <> 'ok' THEN 0 WHEN ?2 = 'out' THEN max(fed, length) ELSE fed END,
			since = iif(?2 = 'ok' AND state <> 'ok', ?3, since), state = ?2`, length, to, now)
		return err
	})
	if err != nil {
		return fmt.Errorf("observe roll: %w", err)
	}
	return nil
}

// Spend counts paper that went to something else than a slip, in mm.
func (l *Ledger) Spend(ctx context.Context, mm int) error {
	if err := l.db.Tx(ctx, func(tx *sql.Tx) error { return feed(ctx, tx, mm) }); err != nil {
		return fmt.Errorf("count paper: %w", err)
	}
	return nil
}

// feed counts paper; before a roll was seen there is nothing to count.
func feed(ctx context.Context, tx *sql.Tx, mm int) error {
	_, err := tx.ExecContext(ctx, "UPDATE roll SET fed = fed + ? WHERE id = 1", mm)
	return err
}

// Roll reads how the paper stands; one that was never seen is the zero Roll.
func (l *Ledger) Roll(ctx context.Context) (Roll, error) {
	var r Roll
	err := l.db.View(ctx, func(tx *sql.Tx) error {
		var state string
		var since int64
		err := tx.QueryRowContext(ctx, "SELECT length, fed, state, since FROM roll WHERE id = 1").Scan(&r.Length, &r.Fed, &state, &since)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		r.Since = time.UnixMilli(since)
		for supply, name := range supplies {
			if name == state {
				r.Supply = supply
			}
		}
		return err
	})
	if err != nil {
		return Roll{}, fmt.Errorf("read roll: %w", err)
	}
	return r, nil
}

// shortest is what is reserved before any slip was measured, in mm: a slip with a
// dozen answers.
const shortest = 300

// Reserve is the room to keep for the next slip, in mm: the longest of the last
// hundred.
func (l *Ledger) Reserve(ctx context.Context) (int, error) {
	longest := 0
	err := l.db.View(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, "SELECT coalesce(max(length), 0) FROM (SELECT length FROM slip ORDER BY seq DESC LIMIT 100)").Scan(&longest)
	})
	if err != nil {
		return 0, fmt.Errorf("reserve paper: %w", err)
	}
	return max(longest, shortest), nil
}
