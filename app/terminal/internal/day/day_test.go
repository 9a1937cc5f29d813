package day_test

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"leye/app/terminal/internal/day"
	"leye/app/terminal/internal/journal"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/outbox"
	"leye/app/terminal/internal/seal"
	"leye/app/terminal/internal/store"
)

func TestSumCountsTheDayInChina(t *testing.T) {
	dir := t.TempDir()
	db, err := store.Open(t.Context(), filepath.Join(dir, store.FileName), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	key, err := seal.OpenKey(dir, seal.Options{Keep: seal.File})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 24, 15, 59, 0, 0, time.UTC) // a minute before midnight in China
	clock := func() time.Time { return now }
	j := journal.New(db, journal.Options{Now: clock})
	queue, err := outbox.New(t.Context(), db, outbox.Options{Terminal: "PT01", Seal: seal.New(key), Journal: j, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	put := func() kiosk.ApplicationID {
		app := kiosk.Application{ID: kiosk.NewApplicationID(), Service: "job-search", FiledAt: now}
		if err := queue.Put(t.Context(), app, []byte("{}")); err != nil {
			t.Fatal(err)
		}
		return app.ID
	}
	put() // the day before
	now = now.Add(2 * time.Minute)
	refused := put()
	put()
	if _, _, err := queue.Lease(t.Context(), now, time.Minute); err != nil {
		t.Fatal(err)
	}
	err = errors.Join(queue.Park(t.Context(), refused, "http_422"), j.Append(t.Context(), kiosk.Event{Name: "slip.begun"}))
	if err != nil {
		t.Fatal(err)
	}
	head, err := j.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sum, err := day.Sum(t.Context(), j, queue.Reader, now)
	want := day.Summary{Day: "2026-11-25", Filed: 2, Refused: 1, Slips: 1, Waiting: 2, Parked: 1, Head: head}
	if err != nil || sum != want {
		t.Errorf("got %+v, %v, want %+v", sum, err, want)
	}
}
