package outbox

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"leye/app/terminal/internal/store"
)

// Pace is how fast the queue would fill if the line went down now.
type Pace struct {
	PerDay float64 // applications, the mean of at most two weeks that are on record
	Bytes  int64   // of the disk that one takes, with its journal lines and the log
}

// A terminal that is new, or whose entries have all been sent, is taken for one
// with twenty applications a day of 8 KiB; both are guesses on the safe side.
const (
	usualPerDay = 20
	usualBody   = 8 << 10
	overhead    = 4 << 10 // row, indexes and journal lines
	onRecord    = 14 * 24 * time.Hour
)

// Pace looks at what was filed.
func (r *Reader) Pace(ctx context.Context) (Pace, error) {
	var n int64
	var first sql.NullInt64
	var body sql.NullFloat64
	now := r.now()
	err := r.db.View(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, "SELECT count(*), min(filed_at), avg(length(body)) FROM outbox WHERE filed_at > ?",
			now.Add(-onRecord).UnixMilli()).Scan(&n, &first, &body)
	})
	if err != nil {
		return Pace{}, fmt.Errorf("look at the queue's pace: %w", err)
	}
	p := Pace{PerDay: usualPerDay, Bytes: usualBody}
	if body.Valid {
		p.Bytes = int64(body.Float64)
	}
	if days := now.Sub(time.UnixMilli(first.Int64)).Hours() / 24; first.Valid && days >= 1 {
		p.PerDay = max(1, float64(n)/days)
	}
	// Each page is written to the log before it is written to its place.
	p.Bytes = 2 * (store.Pages(p.Bytes) + overhead)
	return p, nil
}

// Days is how many whole days of filing fit into so many free bytes.
func (p Pace) Days(free int64) int {
	return int(float64(max(0, free)) / (p.PerDay * float64(p.Bytes)))
}
