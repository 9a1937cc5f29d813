package privacy_test

import (
	"database/sql"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"leye/app/api"
	"leye/app/terminal/internal/privacy"
	"leye/app/terminal/internal/store"
)

// nobody is what is kept and sent of the terminal itself.
const nobody privacy.Kind = ""

// stored is every column of the terminal's tables, under the kind of which residents
// are told. A column that is new has to be put here, and told.
var stored = map[string]map[privacy.Kind]string{
	"outbox": {
		privacy.Application: "suite schema central_key wrap_central wrap_terminal body digest order_key sealed_seq held in_open mark",
		privacy.Reference:   "seq id reference service state attempts due_at filed_at promised_at changed_at code reason left_by came_by ack",
	},
	"journal":          {privacy.Record: "seq at event entry code prev hash"},
	"journal_earlier":  {privacy.Record: "generation seq at event entry code prev hash"},
	"slip":             {privacy.Record: "seq entry print state running level cause length prepared_at changed_at"},
	"evacuation":       {privacy.Record: "id applications statement file made_at undone_at closed"},
	"adoption":         {privacy.Record: "id terminal applications adopted_at"},
	"generation":       {nobody: "n began_at quarantine"},
	"pack":             {nobody: "name version etag fetched_at content"},
	"reference_serial": {nobody: "day n"},
	"roll":             {nobody: "id length fed state since"},
	"secret":           {nobody: "name value"},
}

// TestOnlyWhatIsToldIsStored holds the tables of a new store against the list.
func TestOnlyWhatIsToldIsStored(t *testing.T) {
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), store.FileName), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	got := map[string][]string{}
	err = s.View(t.Context(), func(tx *sql.Tx) error {
		rows, err := tx.Query(`SELECT t.name, c.name FROM pragma_table_list t, pragma_table_info(t.name) c
			WHERE t.schema = 'main' AND t.name NOT LIKE 'sqlite%' AND t.name NOT LIKE 'goose%'`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var table, column string
			if err := rows.Scan(&table, &column); err != nil {
				return err
			}
			got[table] = append(got[table], column)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range slices.Sorted(maps.Keys(got)) {
		same(t, table, got[table], stored[table])
	}
	if len(got) != len(stored) {
		t.Errorf("%d tables, the list has %d", len(got), len(stored))
	}
}

// sent is every field that a terminal tells its central: what a resident hands in,
// sealed, and what it says of itself.
var sent = []struct {
	of     any
	fields map[privacy.Kind]string
}{
	{api.Application{}, map[privacy.Kind]string{
		privacy.Application: "answers",
		privacy.Reference:   "catalogueVersion filedAt id language reference service terminal",
	}},
	{api.Heartbeat{}, map[privacy.Kind]string{
		nobody: "catalogueVersion conditions journalHead journalLines oldestQueuedAt paperLeft parked policiesVersion queued sentAt version",
	}},
	{api.JournalLine{}, map[privacy.Kind]string{privacy.Record: "at event entry code"}},
	{api.Condition{}, map[privacy.Kind]string{nobody: "code severity text"}},
}

func TestOnlyWhatIsToldIsSent(t *testing.T) {
	for _, s := range sent {
		typ := reflect.TypeOf(s.of)
		var got []string
		for i := range typ.NumField() {
			name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
			got = append(got, name)
		}
		same(t, typ.Name(), got, s.fields)
	}
}

// same holds names against those under their kinds, each of which must be told.
func same(t *testing.T, what string, got []string, want map[privacy.Kind]string) {
	t.Helper()
	var all []string
	for kind, names := range want {
		if kind != nobody && (privacy.Table{}).Row(kind).Kind != kind {
			t.Errorf("%s: nobody is told of %s", what, kind)
		}
		all = append(all, strings.Fields(names)...)
	}
	slices.Sort(all)
	slices.Sort(got)
	if !slices.Equal(got, all) {
		t.Errorf("%s has %v, the list %v", what, got, all)
	}
}
