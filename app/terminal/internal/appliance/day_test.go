package appliance

import (
	"crypto/ed25519"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"leye/app/proof"
	"leye/app/terminal/internal/journal"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/outbox"
	"leye/app/terminal/internal/slip"
	"leye/devices/printer"
	"leye/devices/printer/printertest"
)

// newDayPaper is the day's paper of a desk, signed with a key of its own, which it
// returns as heads are checked with it.
func newDayPaper(t *testing.T, d desk) (dayPaper, string) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	fatal(t, err)
	check, err := proof.HeadKey("PT01", public)
	fatal(t, err)
	j := journal.New(d.db, journal.Options{})
	fatal(t, j.Append(t.Context(), kiosk.Event{Name: "entry.put"}))
	return dayPaper{d.slips, j, outbox.NewReader(d.db, nil), func(h journal.Head) (string, error) {
		return proof.Head{Terminal: "PT01", Seq: h.Seq, Hash: h.Hash}.Sign(private)
	}}, check
}

func TestTheDaysSlipCarriesTheSignedHead(t *testing.T) {
	d := newDesk(t, printertest.Options{})
	p, check := newDayPaper(t, d)
	head, err := p.journal.Head(t.Context())
	fatal(t, err)
	fatal(t, p.print(t.Context(), time.Now()))
	fatal(t, p.print(t.Context(), time.Now())) // it is out: nothing more is printed
	out := d.device.Slips()
	if len(out) != 1 {
		t.Fatalf("%d slips", len(out))
	}
	for _, b := range out[0].Tail {
		if code, ok := b.(printer.QR); ok {
			got, err := proof.OpenHead(code.Data, check)
			if err != nil || got.Hash != head.Hash || got.Seq != head.Seq {
				t.Errorf("the code says %+v, %v, want %+v", got, err, head)
			}
			return
		}
	}
	t.Error("no code on it")
}

// Without paper nothing is begun; a slip that may be about is printed again, marked.
func TestTheDaysSlipIsPrintedAgainOnlyWhenInDoubt(t *testing.T) {
	d := newDesk(t, printertest.Options{})
	p, _ := newDayPaper(t, d)
	now := time.Date(2026, 11, 24, 17, 0, 0, 0, kiosk.China)
	ready := printer.Status{Online: true, Paper: printer.PaperOK}
	d.device.SetStatus(printer.Status{Online: true, Paper: printer.PaperOut})
	if err := p.print(t.Context(), now); err == nil || len(d.states(t)) != 0 {
		t.Errorf("without paper: %v, record %v", err, d.states(t))
	}
	d.device.SetStatus(ready)
	d.device.StopIn(printertest.Tail, printer.Status{Paper: printer.PaperOut})
	if err := p.print(t.Context(), now); !errors.Is(err, printer.ErrStopped) {
		t.Error(err)
	}
	d.device.SetStatus(ready)
	fatal(t, p.print(t.Context(), now))
	fatal(t, p.print(t.Context(), now.Add(24*time.Hour)))
	if got := d.states(t); !slices.Equal(got, []slip.State{slip.Unknown, slip.Confirmed, slip.Confirmed}) {
		t.Errorf("record %v", got)
	}
	pieces := d.device.Pieces()
	for n, marks := range []int{0, 2, 0} {
		if strings.Count(pieces[n], "补打（第2次打印）") != marks {
			t.Errorf("print %d:\n%s", n, pieces[n])
		}
	}
}
