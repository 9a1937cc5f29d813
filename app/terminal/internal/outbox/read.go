package outbox

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/store"
)

const columns = `id, reference, service, state, attempts, due_at, filed_at, promised_at, changed_at, code, reason, digest, ack,
	central_key, wrap_terminal IS NOT NULL, left_by, came_by`

// Reader looks at the queue and changes nothing: it also works on a store that is
// open for reading only, beside the program that writes.
type Reader struct {
	db  *store.Store
	now func() time.Time
}

// NewReader gives the queue that lies in db; now may be nil.
func NewReader(db *store.Store, now func() time.Time) *Reader {
	if now == nil {
		now = time.Now
	}
	return &Reader{db, now}
}

// Filter chooses entries; the zero value chooses all.
type Filter struct {
	States []kiosk.State // any of these
	LateAt time.Time     // only those not accepted by their promised time that are to be sent from here, seen at LateAt
	Limit  int           // 0: no limit

	Reference kiosk.Reference // only the one with this reference
}

// Count is how many entries are in each state.
type Count struct {
	Pending, InFlight, Retry, Accepted, Parked int

	Evacuated int       // another terminal sends them, or may
	Fenced    int       // of these the central said so
	Late      int       // on their way or parked after the promised time
	Oldest    time.Time // filing time of the oldest that is on its way; zero when none
}

// Waiting is how many are on their way.
func (c Count) Waiting() int { return c.Pending + c.InFlight + c.Retry }

// Get reads one entry without its body, or [ErrUnknown].
func (r *Reader) Get(ctx context.Context, id kiosk.ApplicationID) (Entry, error) {
	var e Entry
	err := r.db.View(ctx, func(tx *sql.Tx) (err error) {
		e, err = readOne(ctx, tx, id)
		return err
	})
	if err != nil {
		return Entry{}, fmt.Errorf("read entry: %w", err)
	}
	return e, nil
}

// List reads entries without their bodies, oldest first.
func (r *Reader) List(ctx context.Context, f Filter) ([]Entry, error) {
	where, args := f.where()
	var list []Entry
	err := r.db.View(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, "SELECT "+columns+" FROM outbox WHERE "+where+" ORDER BY seq LIMIT ?", args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			e, err := scanEntry(rows)
			if err != nil {
				return err
			}
			list = append(list, e)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("list entries: %w", err)
	}
	return list, nil
}

// late is [kiosk.Entry.Late] of a time, and that time and kiosk.Ahead.
const late = "state NOT IN ('accepted', 'evacuated') AND (promised_at < ? OR filed_at > ?)"

func (f Filter) where() (string, []any) {
	where, args := "1", []any{}
	if len(f.States) > 0 {
		where += " AND state IN (''"
		for _, s := range f.States {
			where += ", ?"
			args = append(args, string(s))
		}
		where += ")"
	}
	if !f.LateAt.IsZero() {
		where += " AND " + late
		args = append(args, f.LateAt.UnixMilli(), f.LateAt.Add(kiosk.Ahead).UnixMilli())
	}
	if f.Reference != "" {
		where += " AND reference = ?"
		args = append(args, string(f.Reference))
	}
	limit := f.Limit
	if limit == 0 {
		limit = -1
	}
	return where, append(args, limit)
}

// Count counts the entries by state.
func (r *Reader) Count(ctx context.Context) (Count, error) {
	var c Count
	now := r.now()
	err := r.db.View(ctx, func(tx *sql.Tx) error {
		var oldest sql.NullInt64
		row := tx.QueryRowContext(ctx, `SELECT
			count(*) FILTER (WHERE state = 'pending'), count(*) FILTER (WHERE state = 'in_flight'),
			count(*) FILTER (WHERE state = 'retry'), count(*) FILTER (WHERE state = 'accepted'),
			count(*) FILTER (WHERE state = 'parked'), count(*) FILTER (WHERE state = 'evacuated'),
			count(*) FILTER (WHERE state = 'evacuated' AND reason = 'fenced'),
			count(*) FILTER (WHERE `+late+`),
			min(filed_at) FILTER (WHERE due_at IS NOT NULL) FROM outbox`, now.UnixMilli(), now.Add(kiosk.Ahead).UnixMilli())
		err := row.Scan(&c.Pending, &c.InFlight, &c.Retry, &c.Accepted, &c.Parked, &c.Evacuated, &c.Fenced, &c.Late, &oldest)
		if oldest.Valid {
			c.Oldest = time.UnixMilli(oldest.Int64)
		}
		return err
	})
	if err != nil {
		return Count{}, fmt.Errorf("count entries: %w", err)
	}
	return c, nil
}

func readOne(ctx context.Context, tx *sql.Tx, id kiosk.ApplicationID) (Entry, error) {
	return scanEntry(tx.QueryRowContext(ctx, "SELECT "+columns+" FROM outbox WHERE id = ?", string(id)))
}

// scanEntry reads [columns], and what the caller asked for behind them into more.
func scanEntry(row interface{ Scan(...any) error }, more ...any) (Entry, error) {
	var e Entry
	var due sql.NullInt64
	var filed, promised, changed int64
	var ack sql.NullString
	to := []any{&e.ID, &e.Reference, &e.Service, &e.State, &e.Attempts, &due, &filed, &promised, &changed,
		&e.Code, &e.Reason, &e.Digest, &ack, &e.CentralKey, &e.Readable, &e.LeftBy, &e.CameBy}
	if err := row.Scan(append(to, more...)...); errors.Is(err, sql.ErrNoRows) {
		return Entry{}, ErrUnknown
	} else if err != nil {
		return Entry{}, err
	}
	if due.Valid {
		e.DueAt = time.UnixMilli(due.Int64)
	}
	e.FiledAt, e.PromisedAt, e.ChangedAt = time.UnixMilli(filed), time.UnixMilli(promised), time.UnixMilli(changed)
	if ack.Valid {
		e.Ack = new(kiosk.Acknowledgement)
		if err := json.Unmarshal([]byte(ack.String), e.Ack); err != nil {
			return Entry{}, store.Damaged(fmt.Errorf("read the acknowledgement: %w", err))
		}
	}
	return e, nil
}
