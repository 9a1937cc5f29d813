package appliance

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"leye/app/envelope"
	"leye/app/terminal/internal/health"
	"leye/app/terminal/internal/journal"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/outbox"
	"leye/app/terminal/internal/seal"
	"leye/app/terminal/internal/session"
	"leye/app/terminal/internal/store"
)

func TestAnEvacuatedTerminalIsOutOfServiceUntilStaffSaySo(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	db, err := store.Open(ctx, filepath.Join(dir, store.FileName), store.Options{})
	fatal(t, err)
	defer db.Close()
	own, err := seal.OpenKey(dir, seal.Options{Keep: seal.File})
	fatal(t, err)
	record := journal.New(db, journal.Options{})
	queue, err := outbox.New(ctx, db, outbox.Options{Terminal: "PT01", Seal: seal.New(own), Journal: record})
	fatal(t, err)
	central, err := envelope.NewPrivateKey()
	fatal(t, err)
	file := func() error {
		app := kiosk.Application{ID: kiosk.NewApplicationID(), Service: "job-search", Terminal: "PT01", Answers: []byte(`{}`)}
		return (&submitter{queue}).Put(ctx, &app)
	}
	fatal(t, errors.Join(queue.SealTo(ctx, central.Public()), file()))
	s := session.New(session.Config{})
	shut := make(chan bool, 16)
	s.Listen(func(st session.State) { shut <- st.Shut })
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- s.Run(running) }()
	p := &pulse{board: &health.Board{}, queue: queue, session: s, log: slog.New(slog.DiscardHandler)}
	look := func(want bool) {
		t.Helper()
		p.service(ctx)
		for got := range shut {
			if got == want {
				break
			}
		}
		if stands := len(p.board.Snapshot()) == 1 && p.board.Snapshot()[0].Code == kiosk.CodeEvacuated; stands != want {
			t.Errorf("conditions %+v, want it to stand: %v", p.board.Snapshot(), want)
		}
	}
	look(false)
	list, whole, err := queue.ToCarry(ctx, 10, 1<<20)
	if err != nil || len(list) != 1 {
		t.Fatalf("%d, %v", len(list), err)
	}
	_, err = outbox.Evacuate(ctx, db, record, outbox.Evacuation{ID: "E", Count: 1, At: time.Now()}, []kiosk.ApplicationID{list[0].ID}, whole)
	fatal(t, err)
	look(true)
	var said *failure
	if err := file(); !errors.As(err, &said) || said.Code() != kiosk.CodeEvacuated {
		t.Errorf("filed: %v", err)
	}
	if err := (&submitter{queue}).Ready(ctx); !errors.Is(err, outbox.ErrRetired) {
		t.Errorf("ready: %v", err)
	}
	fatal(t, outbox.Reopen(ctx, db, record, time.Now()))
	look(false)
	fatal(t, errors.Join(file(), (&submitter{queue}).Ready(ctx)))
	stop()
	fatal(t, <-ended)
}
