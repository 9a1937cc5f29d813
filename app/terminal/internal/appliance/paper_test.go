package appliance

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"leye/app/catalogue"
	"leye/app/form"
	"leye/app/policy"
	"leye/app/terminal/internal/config"
	"leye/app/terminal/internal/journal"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/receipt"
	"leye/app/terminal/internal/session"
	"leye/app/terminal/internal/slip"
	"leye/app/terminal/internal/store"
	"leye/app/terminal/internal/ui/text"
	"leye/assets"
	"leye/devices/printer"
	"leye/devices/printer/escpos"
	"leye/devices/printer/printertest"
	"leye/devices/sim"
)

// In a child process these name the file, the printer's port and the driver: the
// real one, or the control that takes a written byte for a printed one.
const (
	envFile   = "SLIP_KILL_FILE"
	envPort   = "SLIP_KILL_PORT"
	envDriver = "SLIP_KILL_DRIVER"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(envFile); path != "" {
		if err := printUntilKilled(path, os.Getenv(envPort), os.Getenv(envDriver) == "trusting"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// newSlips are the terminal's, on any printer.
func newSlips(db *store.Store, p device) (*slips, error) {
	s := &slips{
		terminal: config.Default().Terminal, printer: p, roll: 80_000, log: slog.New(slog.DiscardHandler),
		ledger: slip.New(db, slip.Options{Journal: journal.New(db, journal.Options{})}), presented: make(chan slip.Slip, 1),
	}
	var err, failed error
	s.layouts, err = receipt.Load(assets.Receipts())
	s.texts, failed = text.Load(assets.Text())
	err = errors.Join(err, failed)
	s.policies, failed = policy.Load(assets.Policies())
	return s, errors.Join(err, failed)
}

// newFiling is one that was accepted under a number that stands on no other slip.
func newFiling(n int) (session.Filing, error) {
	declared, err := catalogue.Load(assets.Catalogue())
	if err != nil {
		return session.Filing{}, err
	}
	f, err := form.Compile(declared, "job-search", time.Now())
	id := kiosk.NewApplicationID()
	return session.Filing{
		Outcome: session.Accepted, Form: f, Answers: form.Answers{}, At: time.Now(),
		App: kiosk.Application{ID: id, Service: "job-search", Language: "zh", Reference: "PT01-1124-0007-X"},
		Ack: kiosk.Acknowledgement{ID: id, Number: string(id), QueryCode: fmt.Sprintf("%06d", n)},
	}, err
}

// quick are limits for the simulated mechanism; it answers within milliseconds.
var quick = escpos.Timing{RealTime: 300 * time.Millisecond, Queued: 300 * time.Millisecond, Poll: 20 * time.Millisecond}

func openQuick(port string, void bool) (*escpos.Printer, error) {
	return escpos.Open(escpos.Config{Port: port, Speed: 1500, Charset: escpos.GB18030, Timing: quick, Void: void})
}

func printUntilKilled(path, port string, trusting bool) error {
	ctx := context.Background()
	db, err := store.Open(ctx, path, store.Options{})
	if err != nil {
		return err
	}
	void, err := slip.New(db, slip.Options{}).Interrupted(ctx)
	if err != nil {
		return err
	}
	p, err := openQuick(port, void)
	if err != nil {
		return err
	}
	var d device = p
	if trusting {
		d = trustsTheWrite{p}
	}
	s, err := newSlips(db, d)
	if err != nil {
		return err
	}
	if _, err := p.Status(ctx); err != nil {
		return err
	}
	for n := 0; ; n++ {
		f, err := newFiling(n)
		if err != nil {
			return err
		}
		fmt.Println("printing")
		proof, err := s.Print(ctx, f)
		if err != nil {
			return fmt.Errorf("%v: %w", proof, err)
		}
	}
}

// trustsTheWrite claims a slip while it is only on its way.
type trustsTheWrite struct{ *escpos.Printer }

func (p trustsTheWrite) Print(ctx context.Context, d printer.Document) (printer.Proof, error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = p.Printer.Print(ctx, d)
	}()
	select {
	case <-done:
	case <-time.After(5 * time.Millisecond): // the last byte is in the buffer
	}
	return printer.Printed, nil
}

// TestKilledInASlipLeavesUnknown kills, with no chance to tidy up, a terminal that
// prints without pause on a printer that goes on. What the record calls confirmed
// must be on paper whole; what was under way must be unknown.
func TestKilledInASlipLeavesUnknown(t *testing.T) {
	kills := 12
	if testing.Short() {
		kills = 4
	}
	list, wrong := killOften(t, "real", kills)
	states := map[slip.State]int{}
	for _, s := range list {
		states[s.State]++
	}
	t.Logf("%d kills: %v, %d confirmed ones are not on paper", kills, states, wrong)
	if wrong != 0 || states[slip.Confirmed] == 0 || states[slip.Unknown] == 0 {
		t.Errorf("%v, %d confirmed ones are not on paper", states, wrong)
	}
	for _, s := range list {
		if s.State == slip.Unknown && !s.Running {
			t.Errorf("slip %d is not as the kill left it: %+v", s.Seq, s)
		}
	}
}

// TestKillControlThatTrustsTheWriteIsCaught claims when the bytes are written: the
// same kills must find it out.
func TestKillControlThatTrustsTheWriteIsCaught(t *testing.T) {
	list, wrong := killOften(t, "trusting", 6)
	t.Logf("%d slips, %d confirmed ones are not on paper", len(list), wrong)
	if wrong == 0 {
		t.Error("nothing is wrong: the kills come at harmless moments only")
	}
}

func killOften(t *testing.T, driver string, kills int) (list []slip.Slip, wrong int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), store.FileName)
	device := sim.NewPrinter(sim.PrinterConfig{Speed: 3000})
	line := plug(t, device)
	rng := rand.New(rand.NewPCG(5, 6))
	for range kills {
		killIn(t, path, line, driver, 1+rng.IntN(3), time.Duration(rng.IntN(500))*time.Millisecond)
	}
	db, err := store.Open(t.Context(), path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if list, err = slip.New(db, slip.Options{}).List(t.Context(), slip.Filter{}); err != nil {
		t.Fatal(err)
	}
	paper := device.Text()
	for _, s := range list {
		if s.State == slip.Confirmed && strings.Count(paper, "[QR LEYE:"+string(s.Entry)) != 1 {
			wrong++
		}
	}
	return list, wrong
}

func plug(t *testing.T, device *sim.Printer) string {
	t.Helper()
	line, err := sim.OpenPTY()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var run sync.WaitGroup
	run.Go(func() { _ = device.Run(ctx, line) })
	t.Cleanup(func() {
		cancel()
		run.Wait()
	})
	return line.Path()
}

// killIn runs the child until it has begun n slips, and kills it a while later.
func killIn(t *testing.T, path, port, driver string, n int, after time.Duration) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), envFile+"="+path, envPort+"="+port, envDriver+"="+driver)
	var complaint strings.Builder
	child.Stderr = &complaint
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for seen := 0; lines.Scan(); {
		if seen++; seen == n {
			time.AfterFunc(after, func() { _ = child.Process.Kill() })
		}
	}
	if err := child.Wait(); err == nil || complaint.Len() > 0 {
		t.Fatalf("the child ended by itself: %v, %s", err, complaint.String())
	}
}

// watched looks at the record, over a connection of its own, when the first byte
// would leave.
type watched struct {
	*printertest.Printer
	at          func() // may be nil
	fed, length int
	handover    printer.Handover
}

func (w *watched) Fed() int { return w.fed }

func (w *watched) AwaitTaken(context.Context, time.Duration) (printer.Handover, error) {
	return w.handover, nil
}

func (w *watched) Print(ctx context.Context, d printer.Document) (printer.Proof, error) {
	if w.at != nil {
		w.at()
	}
	w.fed += w.length
	return w.Printer.Print(ctx, d)
}

type desk struct {
	*slips
	device *watched
	db     *store.Store
}

func newDesk(t *testing.T, o printertest.Options) desk {
	t.Helper()
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), store.FileName), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &watched{Printer: printertest.New(o), length: 150}
	s, err := newSlips(db, w)
	if err != nil {
		t.Fatal(err)
	}
	return desk{s, w, db}
}

func (d desk) states(t *testing.T) (states []slip.State) {
	t.Helper()
	r, err := store.Open(t.Context(), d.db.Path(), store.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	list, err := slip.New(r, slip.Options{}).List(t.Context(), slip.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range list {
		states = append(states, s.State)
	}
	return states
}

func (d desk) print(t *testing.T, f session.Filing) (printer.Proof, error) {
	t.Helper()
	return d.Print(t.Context(), f)
}

func TestRecordSaysUnknownBeforeTheFirstByte(t *testing.T) {
	d := newDesk(t, printertest.Options{})
	var then []slip.State
	d.device.at = func() { then = d.states(t) }
	f, err := newFiling(1)
	if err != nil {
		t.Fatal(err)
	}
	if proof, err := d.print(t, f); proof != printer.Printed || err != nil {
		t.Fatalf("%v, %v", proof, err)
	}
	if now := d.states(t); len(then) != 1 || then[0] != slip.Unknown || now[0] != slip.Confirmed {
		t.Errorf("at the first byte %v, afterwards %v", then, now)
	}
}

func TestRecordClaimsWhatTheLevelAllows(t *testing.T) {
	for level, want := range map[printer.Level]slip.State{0: slip.Sent, 1: slip.Sent, 2: slip.Confirmed, 3: slip.Confirmed, 4: slip.Confirmed, 5: slip.Confirmed} {
		d := newDesk(t, printertest.Options{Level: level, Silent: level == 0})
		f, err := newFiling(1)
		if err != nil {
			t.Fatal(err)
		}
		if proof, err := d.print(t, f); proof != level.Best() || err != nil || d.states(t)[0] != want {
			t.Errorf("level %d: %v, %v, record %v, want %s", level, proof, err, d.states(t), want)
		}
	}
}

// TestOnlyASlipThatMayBeAboutMakesAReprint: what did not come out is printed again
// as it was; after doubt the next one is marked and numbered.
func TestOnlyASlipThatMayBeAboutMakesAReprint(t *testing.T) {
	d := newDesk(t, printertest.Options{})
	f, err := newFiling(1)
	if err != nil {
		t.Fatal(err)
	}
	stop := func(part printertest.Part) {
		t.Helper()
		d.device.StopIn(part, printer.Status{Paper: printer.PaperOut})
		if _, err := d.print(t, f); !errors.Is(err, printer.ErrStopped) {
			t.Fatal(err)
		}
		d.device.SetStatus(printer.Status{Online: true, Paper: printer.PaperOK})
	}
	stop(printertest.Body)
	stop(printertest.Tail)
	for n := 2; n <= 3; n++ {
		if _, err := d.print(t, f); err != nil {
			t.Fatal(err)
		}
		pieces := d.device.Pieces()
		if last := pieces[len(pieces)-1]; strings.Count(last, "补打（第"+strconv.Itoa(n)+"次打印）") != 2 {
			t.Errorf("print %d:\n%s", n, last)
		}
	}
	if first := d.device.Pieces()[0]; strings.Contains(first, "补打") {
		t.Errorf("the first print:\n%s", first)
	}
}

func TestPaperThatIsTooShortIsToldBefore(t *testing.T) {
	d := newDesk(t, printertest.Options{})
	d.roll = 1000
	for n, want := range []bool{true, true, true, true, true, false, false} { // 150 mm each, 300 kept
		if _, err := d.Status(t.Context()); err != nil {
			t.Fatal(err)
		}
		if fits, err := d.Fits(t.Context()); fits != want || err != nil {
			t.Errorf("after %d slips: fits %v, %v", n, fits, err)
		}
		f, err := newFiling(n)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.print(t, f); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range []printer.Supply{printer.PaperOut, printer.PaperOK} {
		d.device.SetStatus(printer.Status{Online: true, Paper: s})
		if _, err := d.Status(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if fits, err := d.Fits(t.Context()); !fits || err != nil {
		t.Errorf("on a new roll: fits %v, %v", fits, err)
	}
}

func TestWhatBecameOfASlipAtTheExitIsOnRecord(t *testing.T) {
	for _, c := range []struct {
		level    printer.Level
		handover printer.Handover
		want     slip.State
	}{
		{5, printer.Taken, slip.Taken}, {5, printer.Retracted, slip.Retracted},
		{5, printer.LeftBehind, slip.Confirmed}, {5, printer.HandoverUnknown, slip.Confirmed},
		{4, printer.Taken, slip.Confirmed}, // no level that tells
	} {
		d := newDesk(t, printertest.Options{Level: c.level})
		d.device.handover = c.handover
		f, err := newFiling(1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.print(t, f); err != nil {
			t.Fatal(err)
		}
		select {
		case row := <-d.presented:
			d.handOver(t.Context(), row)
		default:
			if c.level == 5 {
				t.Error("nothing to watch")
			}
		}
		if got := d.states(t)[0]; got != c.want {
			t.Errorf("level %d, %v: %s, want %s", c.level, c.handover, got, c.want)
		}
	}
}

// TestEveryFamilyCanBeConfigured holds the declared families and the configuration
// together.
func TestEveryFamilyCanBeConfigured(t *testing.T) {
	for _, name := range escpos.FamilyNames() {
		cfg := config.Default()
		if err := cfg.Merge("kiosk.toml", []byte("printer.family = \""+name+"\"\n")); err != nil || cfg.Printer.Family != name {
			t.Errorf("%s: %v", name, err)
		}
	}
}
