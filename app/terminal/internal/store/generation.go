package store

import (
	"context"
	"database/sql"
	"fmt"
)

// Generation is how many damaged files there were before this one.
func Generation(ctx context.Context, tx *sql.Tx) (n int64, err error) {
	if err := tx.QueryRowContext(ctx, "SELECT coalesce(max(n), 0) FROM generation").Scan(&n); err != nil {
		return 0, fmt.Errorf("read the store's generation: %w", err)
	}
	return n, nil
}

// Row is a row that was read without SQL, out of a damaged file: nil, int64,
// float64, string or []byte by column. Whoever owns the table says whether it is
// what was once kept.
type Row map[string]any

// Text is a column's text; empty when it has none.
func (r Row) Text(column string) string { s, _ := r[column].(string); return s }

// Int is a column's number; 0 when it has none.
func (r Row) Int(column string) int64 { n, _ := r[column].(int64); return n }

// Blob is a column's bytes; nil when it has none.
func (r Row) Blob(column string) []byte { b, _ := r[column].([]byte); return b }
