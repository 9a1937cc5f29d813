package quarantine

import (
	"archive/zip"
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"leye/app/terminal/internal/journal"
	"leye/app/terminal/internal/outbox"
	"leye/app/terminal/internal/store"
	"leye/app/terminal/internal/store/pages"
)

// owner is what is known of a table beyond its shape.
type owner struct {
	intact func(store.Row) error // nil: what the table itself demands is enough
	into   string                // the table that takes the rows; empty: the same
	newer  string                // replaces what is there when this holds; empty: what is there stays
}

// owners are the tables whose rows have more to say than their shape.
func owners(generation int64) map[string]owner {
	return map[string]owner{
		// Of one entry the newer row counts, but the central's word is never taken back.
		"outbox":           {intact: outbox.Intact, newer: "outbox.state <> 'accepted' AND excluded.changed_at > outbox.changed_at"},
		"slip":             {newer: "excluded.changed_at > slip.changed_at"},
		"journal":          {intact: journal.Intact, into: "journal_earlier"},
		"journal_earlier":  {intact: journal.Intact},
		"secret":           {intact: outbox.IntactSecret},
		"pack":             {intact: intactPack},
		"reference_serial": {intact: func(r store.Row) error { return outbox.IntactSerial(r, generation) }, newer: "excluded.n > reference_serial.n"},
	}
}

// keys are the columns by which two rows are the same.
var keys = map[string]string{"outbox": "id", "slip": "entry, print", "reference_serial": "day"}

func intactPack(r store.Row) error {
	z, err := zip.NewReader(bytes.NewReader(r.Blob("content")), int64(len(r.Blob("content"))))
	if err != nil {
		return err
	}
	for _, f := range z.File {
		file, err := f.Open()
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, file)
		if err = errors.Join(err, file.Close()); err != nil {
			return err
		}
	}
	return nil
}

// errNotHere says that a row belongs into no table, or in none of this generation.
var errNotHere = outbox.ErrOtherRange

// salvage brings every row of the folder's files that is what was once kept into db,
// and says in the report what became of all.
func salvage(ctx context.Context, db *store.Store, f *Folder) error {
	file, err := pages.Open(filepath.Join(f.Path, store.FileName))
	if err != nil {
		return err
	}
	s := salvager{db: db, folder: f}
	err = s.run(ctx, file)
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("salvage %s: %w", f.Name, err)
	}
	return nil
}

type salvager struct {
	db     *store.Store
	folder *Folder
	shapes []shape
	owners map[string]owner
	before int64 // generation of the damaged store

	waiting []found
	size    int
}

// found is a row that goes into a table.
type found struct {
	shape shape
	row   store.Row
}

func (s *salvager) run(ctx context.Context, file *pages.File) (err error) {
	if s.shapes, err = shapes(ctx, s.db); err != nil {
		return err
	}
	s.folder.Report = Report{
		At: s.folder.At, Cause: s.folder.Cause, InPlace: s.folder.InPlace, Discarded: s.folder.Discarded,
		Taken: map[string]int{}, Left: map[string]int{},
	}
	s.before = s.generation(file)
	s.owners = owners(s.before + 1)
	if err := s.readAll(ctx, file); err != nil {
		return err
	}
	if file.Doubt() {
		if err := s.readAll(ctx, file); err != nil {
			return err
		}
	}
	return s.db.View(ctx, func(tx *sql.Tx) error { return s.compare(ctx, tx) })
}

func (s *salvager) readAll(ctx context.Context, file *pages.File) error {
	for c := range file.Cells() {
		if err := s.look(ctx, c); err != nil {
			return err
		}
	}
	return s.flush(ctx)
}

// generation finds which one the damaged store was: its rows are few and small, and
// what is read of the rest depends on it.
func (s *salvager) generation(file *pages.File) int64 {
	n := s.folder.Number - 1
	for c := range file.Cells() {
		if c.Index || c.Columns() != 3 {
			continue
		}
		if found, ok := s.match(c); ok && found.shape.table == "generation" {
			n = max(n, min(found.row.Int("n"), s.folder.Number+mostLost))
		}
	}
	return n
}

// mostLost bounds how far a damaged row may raise the generation.
const mostLost = 10

// look takes one cell: into the next transaction, or to what is left.
func (s *salvager) look(ctx context.Context, c pages.Cell) error {
	f, ok := s.match(c)
	if !ok {
		s.leaveUnread(c)
		return nil
	}
	if err := s.judge(f); err != nil {
		if !errors.Is(err, errNotHere) {
			s.leave(f, err)
		}
		return nil
	}
	s.waiting = append(s.waiting, f)
	for _, v := range f.row {
		if b, ok := v.([]byte); ok {
			s.size += len(b)
		}
	}
	if len(s.waiting) >= 500 || s.size > 4<<20 {
		return s.flush(ctx)
	}
	return nil
}

func (s *salvager) judge(f found) error {
	if intact := s.owners[f.shape.table].intact; intact != nil {
		return intact(f.row)
	}
	return nil
}

// leave counts a row that stays behind.
func (s *salvager) leave(f found, why error) {
	s.folder.Left[f.shape.table]++
	if f.shape.table == "outbox" {
		s.folder.Entries = append(s.folder.Entries, Lost{f.row.Text("reference"), f.row.Text("id"), why.Error()})
	}
}

// leaveUnread counts a row that does not hold together, as far as its head tells what
// it was.
func (s *salvager) leaveUnread(c pages.Cell) {
	n, head := c.Columns(), c.Head()
	for _, sh := range s.shapes {
		if sh.index != c.Index || len(sh.columns) != n || !sh.begins(head) || sh.index && len(head) < n {
			continue
		}
		if _, err := c.Values(); err == nil {
			continue // a row of another table with as many columns
		}
		s.leave(found{sh, sh.row(head, c.Rowid)}, pages.ErrRow)
		return
	}
}

// flush writes what waits in one transaction.
func (s *salvager) flush(ctx context.Context) error {
	if len(s.waiting) == 0 {
		return nil
	}
	err := s.db.Tx(ctx, func(tx *sql.Tx) error {
		for _, f := range s.waiting {
			taken, err := s.insert(ctx, tx, f)
			if store.Kind(err) != nil || ctx.Err() != nil {
				return err
			}
			switch {
			case err != nil: // the table refuses it
				s.leave(f, err)
			case taken:
				s.folder.Taken[f.shape.table]++
			}
		}
		return nil
	})
	s.waiting, s.size = s.waiting[:0], 0
	return err
}

// insert reports whether the row is there now; false when a better one was.
func (s *salvager) insert(ctx context.Context, tx *sql.Tx, f found) (bool, error) {
	own, table := s.owners[f.shape.table], f.shape.table
	var names, sets []string
	var values []any
	add := func(name string, value any) {
		names, sets, values = append(names, name), append(sets, name+" = excluded."+name), append(values, value)
	}
	if own.into != "" {
		table = own.into
		add("generation", s.before)
	}
	for _, c := range f.shape.columns {
		if value, ok := f.row[c.name]; ok {
			add(c.name, value)
		}
	}
	text := "INSERT INTO " + table + " (" + strings.Join(names, ", ") + ") VALUES (?" + strings.Repeat(", ?", len(names)-1) + ") ON CONFLICT "
	if own.newer == "" {
		text += "DO NOTHING"
	} else {
		text += "(" + keys[table] + ") DO UPDATE SET " + strings.Join(sets, ", ") + " WHERE " + own.newer
	}
	done, err := tx.ExecContext(ctx, text, values...)
	if err != nil {
		return false, err
	}
	n, err := done.RowsAffected()
	return n > 0, err
}

// compare finds how far the journal before is known, and the applications that it
// names and that are nowhere.
func (s *salvager) compare(ctx context.Context, tx *sql.Tx) error {
	err := tx.QueryRowContext(ctx, "SELECT seq, lower(hex(hash)) FROM journal_earlier WHERE generation = ? ORDER BY seq DESC LIMIT 1", s.before).
		Scan(&s.folder.Lines, &s.folder.Hash)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if err := s.dropTaken(ctx, tx); err != nil {
		return err
	}
	rows, err := tx.QueryContext(ctx, `SELECT entry FROM journal_earlier j WHERE generation = ? AND event IN ('entry.put', 'entry.adopted')
		AND NOT EXISTS (SELECT 1 FROM outbox WHERE id = j.entry)
		AND NOT EXISTS (SELECT 1 FROM journal_earlier a WHERE a.generation = j.generation AND a.entry = j.entry
			AND a.event IN ('entry.accepted', 'entry.fenced', 'entry.evacuated'))
		ORDER BY seq`, s.before)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return err
		}
		if !slices.ContainsFunc(s.folder.Entries, func(l Lost) bool { return l.ID == id }) {
			s.folder.Missing = append(s.folder.Missing, id)
		}
	}
	return rows.Err()
}

// dropTaken takes off the list those of which another version was whole.
func (s *salvager) dropTaken(ctx context.Context, tx *sql.Tx) error {
	var left []Lost
	for _, l := range s.folder.Entries {
		var n int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM outbox WHERE id = ?", l.ID).Scan(&n); err != nil {
			return err
		}
		if n == 0 && !slices.Contains(left, l) {
			left = append(left, l)
		}
	}
	s.folder.Entries = left
	if delete(s.folder.Left, "outbox"); len(left) > 0 {
		s.folder.Left["outbox"] = len(left)
	}
	return nil
}

// Salvage brings what can still be salvaged of a folder into the store that runs,
// once more: what is there already stays as it is.
func Salvage(ctx context.Context, db *store.Store, f Folder, now time.Time) (Folder, error) {
	if err := salvage(ctx, db, &f); err != nil {
		return f, err
	}
	err := db.Tx(ctx, func(tx *sql.Tx) error { return f.record(ctx, tx, db, "store.salvaged") })
	if err != nil {
		return f, fmt.Errorf("salvage %s: %w", f.Name, err)
	}
	return f, f.write(func(string) error { return nil })
}
