package appliance

import (
	"context"
	"log/slog"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"leye/app/terminal/internal/config"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/outbox"
	"leye/app/terminal/internal/privacy"
	"leye/app/terminal/internal/seal"
	"leye/app/terminal/internal/session"
	"leye/app/terminal/internal/store"
	"leye/devices/printer"
	"leye/devices/printer/printertest"
	"leye/devices/sim"
)

// TestSlipAndSweeperAgree sweeps a real queue with the table of a configuration,
// and holds the printed notice against what went. The screen is held to the same
// table by the test of its page.
func TestSlipAndSweeperAgree(t *testing.T) {
	for _, days := range []int{1, 7, privacy.DefaultDays} {
		cfg := config.Default()
		cfg.Store.KeepDays = days
		b := &build{cfg: cfg}
		db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), store.FileName), store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		s, err := newSlips(db, nil)
		if err != nil {
			t.Fatal(err)
		}
		s.kept = b.kept()
		doc, err := s.notice("zh", privacy.Read{}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		row := b.kept().Row(privacy.Reference)
		want := s.texts.Get("zh", "privacy.until.acknowledged.days", "days", strconv.Itoa(row.Days))
		if row.Days != days || !strings.Contains(printertest.Text(doc, 200), want) {
			t.Errorf("the slip does not say %q:\n%s", want, printertest.Text(doc, 200))
		}
		if left := sweep(t, db, b.kept()); left[days-1] != 1 || left[days+1] != 0 {
			t.Errorf("told are %d days; left of what was accepted before so many days: %v", days, left)
		}
	}
}

// sweep has entries accepted some days ago and sweeps; it says which are left.
func sweep(t *testing.T, db *store.Store, kept privacy.Table) map[int]int {
	t.Helper()
	key, err := seal.OpenKey(t.TempDir(), seal.Options{Keep: seal.File})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	queue, err := outbox.New(t.Context(), db, outbox.Options{Seal: seal.New(key), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	days := []int{kept.KeepDays - 1, kept.KeepDays + 1}
	ids := map[int]kiosk.ApplicationID{}
	for _, n := range days {
		now = time.Now().AddDate(0, 0, -n)
		ids[n] = accepted(t, queue)
	}
	now = time.Now()
	p := pulse{queue: queue, kept: kept, session: session.New(session.Config{}), ownKey: seal.New(key).Own, log: slog.New(slog.DiscardHandler)}
	p.tidy(t.Context())
	left := map[int]int{}
	for n, id := range ids {
		if _, err := queue.Get(t.Context(), id); err == nil {
			left[n] = 1
		}
	}
	return left
}

func accepted(t *testing.T, queue *outbox.Outbox) kiosk.ApplicationID {
	t.Helper()
	id := kiosk.NewApplicationID()
	queue.SendOpen()
	if err := queue.Put(t.Context(), kiosk.Application{ID: id, Service: "job-search"}, []byte("{}")); err != nil {
		t.Fatal(err)
	}
	at, err := queue.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	e, ok, err := queue.Lease(t.Context(), at, time.Minute)
	if err != nil || !ok {
		t.Fatalf("leased %v, %v", ok, err)
	}
	err = queue.Accept(t.Context(), id, kiosk.Acknowledgement{ID: id, Number: "N-1", Digest: e.Digest})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// The notice goes over the wire like any slip, counts its paper and leaves no
// record; a printer that is off says so and nothing is claimed.
func TestTheNoticeIsPrinted(t *testing.T) {
	device := sim.NewPrinter(sim.PrinterConfig{Speed: 3000})
	p, err := openQuick(plug(t, device), false)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), store.FileName), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s, err := newSlips(db, p)
	if err != nil {
		t.Fatal(err)
	}
	s.kept = privacy.Table{KeepDays: 11}
	if _, err := s.Status(t.Context()); err != nil {
		t.Fatal(err)
	}
	proof, err := s.PrintNotice(t.Context(), "en", privacy.Read{Card: true})
	if err != nil || proof < printer.Processed {
		t.Fatalf("%v, %v", proof, err)
	}
	paper := strings.Join(strings.Fields(device.Text()), " ")
	for _, want := range []string{"YOUR PERSONAL DATA", "ID card (read this time)", "11 more days after the central has it", "call 12333"} {
		if !strings.Contains(paper, want) {
			t.Errorf("%q is not on\n%s", want, device.Text())
		}
	}
	roll, err := s.ledger.Roll(t.Context())
	if err != nil || roll.Fed < 100 {
		t.Errorf("paper fed: %d mm, %v", roll.Fed, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if proof, err := s.PrintNotice(ctx, "zh", privacy.Read{}); err == nil || proof != printer.NotSent {
		t.Errorf("without a printer: %v, %v", proof, err)
	}
}
