package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"leye/app/terminal/internal/config"
	"leye/app/terminal/internal/journal"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/outbox"
	"leye/app/terminal/internal/store"
)

// Free room at the state file, in bytes: below the first nothing new is taken,
// below the second somebody should look.
const (
	leastRoom = 8 << 20
	fairRoom  = 256 << 20
)

// checkStore looks at the file, the room around it, the queue and journal in it,
// and the keys that it is sealed with.
func (d *diagnosis) checkStore(ctx context.Context, cfg config.Config) {
	path := filepath.Join(cfg.Store.Dir, store.FileName)
	db, err := store.Open(ctx, path, store.Options{ReadOnly: true})
	if errors.Is(err, fs.ErrNotExist) {
		d.add(finding{Check: "store", Status: warn, What: "there is no state file " + path, Next: "start the kiosk once, or name its configuration with --config"})
		return
	}
	if err != nil {
		d.condition("store", storeCode(err), err.Error())
		return
	}
	var pace outbox.Pace
	if err := db.Check(ctx); err != nil {
		d.condition("store", storeCode(err), err.Error())
	} else {
		d.good("store", "%s is whole", path)
		pace = d.checkQueue(ctx, db)
		d.checkJournal(ctx, db)
		d.checkSeal(ctx, cfg, db)
	}
	if err := db.Close(); err != nil {
		d.condition("store", storeCode(err), err.Error())
	}
	d.checkRoom(cfg.Store.Dir, pace)
}

func storeCode(err error) kiosk.Code {
	switch {
	case errors.Is(err, store.ErrDamaged):
		return kiosk.CodeStoreDamaged
	case errors.Is(err, store.ErrFull):
		return kiosk.CodeStoreFull
	}
	return kiosk.CodeStoreFailing
}

// checkRoom says how long the terminal could do without its line.
func (d *diagnosis) checkRoom(dir string, pace outbox.Pace) {
	free, err := store.Free(dir)
	room := fmt.Sprintf("%d MiB free in %s", free>>20, dir)
	if pace.Bytes > 0 {
		room += fmt.Sprintf(", enough for some %d days without a line (还可离线保存约 %[1]d 天) at %.0f applications a day", pace.Days(free-leastRoom), pace.PerDay)
	}
	switch {
	case err != nil:
		d.condition("disk", kiosk.CodeStoreFailing, err.Error())
	case free < leastRoom:
		d.condition("disk", kiosk.CodeStoreFull, room)
	case free < fairRoom:
		d.add(finding{Check: "disk", Status: warn, What: "little room is left: " + room, Next: "remove files that do not belong here"})
	default:
		d.good("disk", "%s", room)
	}
}

func (d *diagnosis) checkQueue(ctx context.Context, db *store.Store) outbox.Pace {
	reader := outbox.NewReader(db, nil)
	n, err := reader.Count(ctx)
	pace, paceErr := reader.Pace(ctx)
	if err := errors.Join(err, paceErr); err != nil {
		d.condition("queue", storeCode(err), err.Error())
		return pace
	}
	seen := fmt.Sprintf("waiting %d, parked %d", n.Waiting(), n.Parked)
	if !n.Oldest.IsZero() {
		seen += ", the oldest since " + n.Oldest.In(kiosk.China).Format(minute)
	}
	if n.Late > 0 {
		d.condition("queue", kiosk.CodeEntryLate, fmt.Sprintf("late %d, %s", n.Late, seen))
	}
	if n.Parked > 0 {
		d.condition("queue", kiosk.CodeEntryParked, seen)
	}
	if n.Late == 0 && n.Parked == 0 {
		d.good("queue", "%s", seen)
	}
	return pace
}

func (d *diagnosis) checkJournal(ctx context.Context, db *store.Store) {
	now, err := journal.New(db, journal.Options{}).Verify(ctx, journal.Head{})
	var broken *journal.Broken
	switch {
	case errors.As(err, &broken):
		d.condition("journal", kiosk.CodeJournalBroken, err.Error())
	case err != nil:
		d.condition("journal", storeCode(err), err.Error())
	default:
		d.good("journal", "the chain holds, lines: %d", now.Seq)
	}
}
