package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"leye/app/terminal/internal/kiosk"
)

// serials counts the references of a day. The count is not written with each
// entry, which would be a page of the log more: the newest entry carries it, and
// the table reference_serial has that of the days before.
type serials struct {
	mu   sync.Mutex // held around each transaction that takes one
	day  string     // of the newest entry; empty when it has to be read
	last int        // serial of the newest entry
}

// dayForm is a day in a reference. The serial of a day goes on from one year to
// the next, so a reference never comes twice from one store.
const dayForm = "0102"

// next takes the next reference of the day of at inside tx. It is not given to
// anybody else even if the entry is removed later; when tx does not commit it was
// never taken, and [serials.forget] must be called.
func (s *serials) next(ctx context.Context, tx *sql.Tx, terminal string, at time.Time) (kiosk.Reference, error) {
	if day := at.In(kiosk.China).Format(dayForm); day != s.day {
		if err := s.turn(ctx, tx, day); err != nil {
			return "", fmt.Errorf("take a reference: %w", err)
		}
	}
	s.last++
	return kiosk.NewReference(terminal, at, s.last)
}

// turn writes down the count of one day and looks up that of another, which begins
// anew with each generation of the store.
func (s *serials) turn(ctx context.Context, tx *sql.Tx, day string) error {
	if err := s.write(ctx, tx); err != nil {
		return err
	}
	s.day, s.last = day, 0
	row := tx.QueryRowContext(ctx, `SELECT max(coalesce((SELECT n FROM reference_serial WHERE day = ?1), 0),
		?2 * min(?3, (SELECT coalesce(max(n), 0) FROM generation)))`, day, serialsEach, lastGeneration)
	return row.Scan(&s.last)
}

// write writes down the count, before the newest entry ceases to be the one that
// carries it.
func (s *serials) write(ctx context.Context, tx *sql.Tx) error {
	if s.day == "" {
		var newest kiosk.Reference
		err := tx.QueryRowContext(ctx, "SELECT reference FROM outbox ORDER BY seq DESC LIMIT 1").Scan(&newest)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		day, serial, ok := newest.Serial()
		if !ok {
			return nil
		}
		s.day, s.last = day, serial
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO reference_serial (day, n) VALUES (?, ?)
		ON CONFLICT (day) DO UPDATE SET n = max(n, excluded.n)`, s.day, s.last)
	return err
}

// forget has the next one read what the store says.
func (s *serials) forget() { s.day = "" }
