package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"leye/app/terminal/internal/config"
	"leye/app/terminal/internal/journal"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/outbox"
	"leye/app/terminal/internal/quarantine"
	"leye/app/terminal/internal/slip"
	"leye/app/terminal/internal/store"
	"leye/devices/printer"
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
	d.checkQuarantine(cfg.Store.Dir)
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
		d.checkEvacuations(ctx, db)
		d.checkJournal(ctx, db)
		d.checkSeal(ctx, cfg, db)
		d.checkPaper(ctx, slip.New(db, slip.Options{}))
	}
	if err := db.Close(); err != nil {
		d.condition("store", storeCode(err), err.Error())
	}
	d.checkRoom(cfg.Store.Dir, pace)
}

// checkQuarantine tells of damaged files that were set aside and that nobody has
// dealt with.
func (d *diagnosis) checkQuarantine(dir string) {
	n, lost, err := quarantine.Standing(dir)
	switch {
	case err != nil:
		d.condition("quarantine", kiosk.CodeStoreFailing, err.Error())
	case n > 0:
		d.condition("quarantine", kiosk.CodeStoreSetAside, fmt.Sprintf("set aside %d, applications not salvaged %d", n, lost))
	}
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

// checkEvacuations says whether the queue was carried away.
func (d *diagnosis) checkEvacuations(ctx context.Context, db *store.Store) {
	reader := outbox.NewReader(db, nil)
	list, err := reader.Evacuations(ctx)
	n, countErr := reader.Count(ctx)
	if err := errors.Join(err, countErr); err != nil {
		d.condition("evacuation", storeCode(err), err.Error())
		return
	}
	for _, e := range list {
		if e.Closed {
			d.condition("evacuation", kiosk.CodeEvacuated, fmt.Sprintf("%s, applications: %d, %s", e.ID, e.Count, e.File))
		}
	}
	if n.Fenced > 0 {
		d.condition("evacuation", kiosk.CodeFenced, fmt.Sprintf("applications: %d", n.Fenced))
	}
}

// doubtful is how long a slip in doubt is worth a look at the paper exit.
const doubtful = 12 * time.Hour

// checkPaper looks at what is known of the slips and of the roll.
func (d *diagnosis) checkPaper(ctx context.Context, ledger *slip.Ledger) {
	n, err := ledger.Doubtful(ctx, d.At.Add(-doubtful))
	var roll slip.Roll
	var need int
	if err == nil {
		roll, err = ledger.Roll(ctx)
	}
	if err == nil {
		need, err = ledger.Reserve(ctx)
	}
	if err != nil {
		d.condition("paper", storeCode(err), err.Error())
		return
	}
	if n > 0 {
		d.condition("paper", kiosk.CodeSlipInDoubt, fmt.Sprintf("slips in doubt: %d, see kioskctl slips", n))
	}
	left, known := roll.Left()
	metres := fmt.Sprintf("%.1f of %d m are left", float64(left)/1000, roll.Length/1000)
	switch {
	case !known:
		d.good("paper", "how much is left is not known")
	case roll.Supply == printer.PaperOut:
		// The printer itself says it, if it can be asked.
	case left < need:
		d.condition("paper", kiosk.CodePaperNearEnd, metres)
	default:
		d.good("paper", "about %s, room for %d slips", metres, left/need)
	}
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
