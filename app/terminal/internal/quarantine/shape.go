package quarantine

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"leye/app/terminal/internal/store"
	"leye/app/terminal/internal/store/pages"
)

// shape is what rows of a table look like, as the new store makes it.
type shape struct {
	table   string
	index   bool // it has no row numbers, so that its rows stand in an index
	columns []column
}

type column struct {
	name, kind string
	null       bool // may be missing
	rowid      bool // is the row's number and not kept in the row
	added      bool // has a default: rows of an older program may end before it
}

// shapes reads them from the new store. The migrations' own table is none of them:
// the new store has run its own.
func shapes(ctx context.Context, db *store.Store) (list []shape, err error) {
	err = db.View(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT t.name, t.wr, c.name, c.type, c."notnull", c.pk, c.dflt_value IS NOT NULL,
			(SELECT count(*) FROM pragma_table_info(t.name) WHERE pk > 0)
			FROM pragma_table_list t, pragma_table_info(t.name) c
			WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite%' AND t.name NOT LIKE 'goose%' ORDER BY t.name, c.cid`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var name string
			var index, notNull, withDefault bool
			var c column
			var key, keyed int
			if err := rows.Scan(&name, &index, &c.name, &c.kind, &notNull, &key, &withDefault, &keyed); err != nil {
				return err
			}
			c.rowid = !index && key == 1 && keyed == 1 && c.kind == "INTEGER"
			c.null, c.added = !notNull && !(index && key > 0), withDefault || !notNull
			if len(list) == 0 || list[len(list)-1].table != name {
				list = append(list, shape{table: name, index: index})
			}
			last := &list[len(list)-1]
			last.columns = append(last.columns, c)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("read the tables' shapes: %w", err)
	}
	return list, nil
}

// begins reports whether a row that starts with values could be one of the table.
func (s shape) begins(values []any) bool {
	if len(values) > len(s.columns) {
		return false
	}
	for i, v := range values {
		if !s.columns[i].takes(v) {
			return false
		}
	}
	return true
}

// fits is begins for a whole row; what it lacks must have been added to the table
// since.
func (s shape) fits(values []any) bool {
	if !s.begins(values) {
		return false
	}
	for _, c := range s.columns[len(values):] {
		if !c.added {
			return false
		}
	}
	return true
}

func (c column) takes(v any) bool {
	switch v.(type) {
	case nil:
		return c.null || c.rowid
	case int64:
		return strings.HasPrefix(c.kind, "INT") && !c.rowid
	case string:
		return c.kind == "TEXT"
	case []byte:
		return c.kind == "BLOB"
	}
	return false
}

func (s shape) row(values []any, rowid int64) store.Row {
	row := store.Row{}
	for i, v := range values {
		if s.columns[i].rowid {
			v = rowid
		}
		row[s.columns[i].name] = v
	}
	return row
}

// match finds the table that a cell is a row of: one with exactly its columns, else
// the first that has more.
func (s *salvager) match(c pages.Cell) (found, bool) {
	values, err := c.Values()
	if err != nil {
		return found{}, false
	}
	var best shape
	for _, sh := range s.shapes {
		if sh.index != c.Index || !sh.fits(values) {
			continue
		}
		if best.table == "" || len(sh.columns) == len(values) && len(best.columns) != len(values) {
			best = sh
		}
	}
	if best.table == "" {
		return found{}, false
	}
	return found{best, best.row(values, c.Rowid)}, true
}
