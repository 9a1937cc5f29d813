package appliance

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"time"

	"leye/app/api"
	"leye/app/terminal/internal/attest"
	"leye/app/terminal/internal/clock"
	"leye/app/terminal/internal/health"
	"leye/app/terminal/internal/heartbeat"
	"leye/app/terminal/internal/identity"
	"leye/app/terminal/internal/journal"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/outbox"
	"leye/app/terminal/internal/privacy"
	"leye/app/terminal/internal/quarantine"
	"leye/app/terminal/internal/relay"
	"leye/app/terminal/internal/seal"
	"leye/app/terminal/internal/session"
	"leye/app/terminal/internal/store"
	"leye/devices/idcard"
	"leye/devices/printer"
)

// tolerance is how far clocks may be apart before due dates and slips are in
// doubt.
const tolerance = 2 * time.Minute

// pulse finds out, for each heartbeat, what is wrong with the terminal, and
// keeps the board of it.
type pulse struct {
	board    *health.Board
	queue    *outbox.Outbox
	db       *store.Store
	inspect  *inspection
	session  *session.Session
	slips    *slips
	scanner  bool // there is one
	kept     privacy.Table
	stateDir string
	ownKey   func() (name string, made time.Time) // the terminal's, as it is in use
	freshKey func() (*seal.Key, error)            // puts another in its place
	versions struct{ program, catalogue, policies string }
	trust    trust
	journal  *journal.Journal
	witness  *attest.Witness
	clock    *clock.Clock
	identity *identity.Live // nil in the clear
	newer    func()         // told when the central has other packs than in the last beat
	told     [2]string
	log      *slog.Logger
}

// stranger reports that the central knows no such terminal: it is not enrolled.
func (p *pulse) stranger() bool { return p.identity != nil && p.identity.Current() == nil }

// gather is the heartbeat as of now.
func (p *pulse) gather(ctx context.Context) api.Heartbeat {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	beat := api.Heartbeat{
		SentAt: time.Now(), Version: p.versions.program,
		CatalogueVersion: &p.versions.catalogue, PoliciesVersion: &p.versions.policies,
	}
	p.stand(kiosk.CodeNotEnrolled, p.stranger())
	p.devices(ctx)
	p.storage(ctx)
	p.tidy(ctx)
	p.paper(ctx)
	p.service(ctx)
	if count, err := p.queue.Count(ctx); err != nil {
		p.fault(kiosk.CodeStoreFailing, err)
	} else {
		p.stand(kiosk.CodeEntryParked, count.Parked > 0)
		p.stand(kiosk.CodeEntryLate, count.Late > 0)
		p.stand(kiosk.CodeFenced, count.Fenced > 0)
		waiting := count.Waiting()
		beat.Queued, beat.Parked = &waiting, &count.Parked
		if !count.Oldest.IsZero() {
			beat.OldestQueuedAt = &count.Oldest
		}
	}
	p.attest(ctx, &beat)
	beat.PaperLeft = p.paperLeft(ctx)
	conditions := []api.Condition{}
	for _, c := range p.board.Snapshot() {
		conditions = append(conditions, api.Condition{Code: string(c.Code), Severity: api.ConditionSeverity(c.Severity), Text: &c.Text.ZH})
	}
	beat.Conditions = &conditions
	return beat
}

// doubtful is how long a slip in doubt is worth a look at the paper exit.
const doubtful = 12 * time.Hour

// paper looks into the record of slips.
func (p *pulse) paper(ctx context.Context) {
	n, err := p.slips.ledger.Doubtful(ctx, time.Now().Add(-doubtful))
	if err != nil {
		p.fault(storeCode(err), err)
		return
	}
	p.stand(kiosk.CodeSlipInDoubt, n > 0)
}

// service takes the terminal out of service as long as it is evacuated.
func (p *pulse) service(ctx context.Context) {
	shut, err := p.queue.Retired(ctx)
	if err != nil {
		p.fault(storeCode(err), err)
		return
	}
	p.stand(kiosk.CodeEvacuated, shut)
	p.session.Serve(!shut)
}

// paperLeft is what is left of the roll, in mm; nil while it cannot be counted.
func (p *pulse) paperLeft(ctx context.Context) *int {
	roll, err := p.slips.ledger.Roll(ctx)
	if err != nil {
		p.fault(storeCode(err), err)
		return nil
	}
	left, known := roll.Left()
	if !known {
		return nil
	}
	return &left
}

// attest tells how far the journal reaches, for the central to keep: nothing where
// there is no key to sign with.
func (p *pulse) attest(ctx context.Context, beat *api.Heartbeat) {
	id := p.self()
	if id == nil {
		return
	}
	if err := p.witness.Tell(ctx, id, beat); err != nil {
		p.fault(storeCode(err), err)
	}
}

// signed is a head in the terminal's hand, "" where there is no key to sign with.
func (p *pulse) signed(head journal.Head) (string, error) {
	id := p.self()
	if id == nil {
		return "", nil
	}
	return attest.Sign(id, head)
}

// self is who the terminal is, nil where it is nobody: in the clear, or not enrolled.
func (p *pulse) self() *identity.Identity {
	if p.identity == nil {
		return nil
	}
	return p.identity.Current()
}

// devices asks the printer only while nobody is served: a slip on its way has
// the line for itself.
func (p *pulse) devices(ctx context.Context) {
	st := p.session.State()
	p.stand(kiosk.CodeReaderOffline, st.Reader == idcard.Offline)
	p.stand(kiosk.CodeScannerOffline, p.scanner && !st.Scanner)
	if st.Stage != session.Idle {
		return
	}
	status, err := p.slips.Status(ctx)
	if err != nil {
		p.fault(kiosk.CodePrinterOffline, err)
		return
	}
	p.stand(kiosk.CodePrinterOffline, !status.Online && !status.CoverOpen && status.Paper != printer.PaperOut)
	p.stand(kiosk.CodePaperOut, status.Paper == printer.PaperOut)
	fits, err := p.slips.Fits(ctx)
	p.stand(kiosk.CodePaperNearEnd, status.Paper == printer.PaperNearEnd || err == nil && !fits)
	p.stand(kiosk.CodeCoverOpen, status.CoverOpen)
	p.stand(kiosk.CodePrinterFault, status.CutterError || status.HeadHot || status.Jam || status.Unrecoverable)
}

func (p *pulse) storage(ctx context.Context) {
	err := p.db.Tx(ctx, func(tx *sql.Tx) error { return p.db.Room(ctx, tx) })
	p.board.Clear(kiosk.CodeStoreFull, kiosk.CodeStoreDamaged, kiosk.CodeStoreFailing)
	if err == nil {
		err = p.inspect.fault()
	}
	if err != nil {
		p.fault(storeCode(err), err)
	}
	aside, _, err := quarantine.Standing(p.stateDir)
	if err != nil {
		p.fault(kiosk.CodeStoreFailing, err)
		return
	}
	p.stand(kiosk.CodeStoreSetAside, aside > 0)
}

// tidy removes what has been kept long enough and overwrites on the disk what was
// deleted, while nobody waits for it.
func (p *pulse) tidy(ctx context.Context) {
	if p.session.State().Stage != session.Idle {
		return
	}
	var n int64
	var err error
	if now, ok := p.today(); ok {
		n, err = p.queue.Purge(ctx, p.kept.Sweep(now))
	}
	switch {
	case err != nil:
		p.log.Warn("purge later", "err", err)
	case n > 0:
		p.log.Info("purged what the central has had for long", "entries", n)
	}
	p.renewKey(ctx)
	if err := p.queue.Tidy(ctx); err != nil && !errors.Is(err, store.ErrBusy) {
		p.log.Warn("tidy later", "err", err)
	}
}

// keyLife is how long the terminal's key is used, where the queue lets it go.
const keyLife = 24 * time.Hour

// renewKey changes the terminal's key once it has had its day. Where something
// waits for long it stays: kioskctl doctor says since when.
func (p *pulse) renewKey(ctx context.Context) {
	if _, made := p.ownKey(); time.Since(made) < keyLife {
		return
	}
	// What lies in a quarantined store may be wrapped to this key, and be salvaged yet.
	aside, _, err := quarantine.Standing(p.stateDir)
	if err != nil || aside > 0 {
		return // the board says what stands there
	}
	renewed, err := p.queue.RenewKey(ctx, p.freshKey)
	if err != nil {
		p.log.Error("renew the terminal's key", "renewed", renewed, "err", err)
	} else if renewed {
		name, _ := p.ownKey()
		p.log.Info("the terminal's key is another", "key", name)
	}
}

// today is the time by which things are old. A machine whose clock jumped years
// ahead would delete everything: the central's time counts, and until it is known
// nothing is old. In the clear nobody signs it.
func (p *pulse) today() (time.Time, bool) {
	if p.identity == nil {
		return time.Now(), true
	}
	return p.clock.Told()
}

// heard takes what the central's answer says of line and clock.
func (p *pulse) heard(a heartbeat.Answer) {
	wrong := kiosk.Code("")
	if a.Err != nil {
		wrong = lineCode(a.Err)
	}
	p.stand(kiosk.CodeLineDown, wrong == kiosk.CodeLineDown && !p.stranger())
	p.stand(kiosk.CodeUntrusted, wrong == kiosk.CodeUntrusted && !p.stranger())
	p.stand(kiosk.CodeCentralRefused, wrong == kiosk.CodeCentralRefused)
	p.stand(kiosk.CodeCentralFailing, wrong == kiosk.CodeCentralFailing)
	var f *relay.Failure
	if errors.As(a.Err, &f) && f.Code == "http_400" {
		p.witness.Refused()
	}
	if a.Err != nil {
		return
	}
	p.witness.Heard(a.HeartbeatAnswer)
	p.stand(kiosk.CodeJournalDoubted, a.JournalAlarm != nil)
	p.stand(kiosk.CodeClockWrong, a.Skew.Abs() > tolerance)
	p.stand(kiosk.CodeOtherSealKey, p.trust.heard(a.SealKey))
	theirs := [2]string{a.CatalogueVersion, a.PoliciesVersion}
	if theirs != p.told {
		p.told = theirs
		p.newer()
	}
}

// stand raises or takes down a condition and logs what is news.
func (p *pulse) stand(code kiosk.Code, stands bool) {
	if stands {
		p.fault(code, nil)
	} else if p.board.Clear(code) {
		p.log.Info("condition is over", "code", code)
	}
}

// came is stand with the cause of what is wrong, or nil.
func (p *pulse) came(code kiosk.Code, err error) {
	if err != nil {
		p.fault(code, err)
		return
	}
	p.stand(code, false)
}

func (p *pulse) fault(code kiosk.Code, err error) {
	if p.board.Set(code, time.Now()) {
		p.log.Warn("condition stands", "code", code, "err", err)
	}
}
