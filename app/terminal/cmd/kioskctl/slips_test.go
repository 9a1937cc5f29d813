package main

import (
	"encoding/json"
	"strings"
	"testing"

	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/outbox"
	"leye/app/terminal/internal/slip"
	"leye/app/terminal/internal/store"
	"leye/devices/printer"
)

// printed puts a print of an application on record; one without a proof is cut
// off in it.
func (x terminal) printed(id kiosk.ApplicationID, o *slip.Outcome) {
	x.t.Helper()
	x.with(func(db *store.Store, _ *outbox.Outbox) {
		ledger := slip.New(db, slip.Options{})
		fatal(x.t, ledger.Observe(x.t.Context(), printer.PaperOK, 80_000))
		s, err := ledger.Prepare(x.t.Context(), id)
		fatal(x.t, err)
		fatal(x.t, ledger.Begin(x.t.Context(), s))
		if o != nil {
			fatal(x.t, ledger.Settle(x.t.Context(), s, *o))
		}
	})
}

func TestSlipsSayWhatIsKnownOfTheirPaper(t *testing.T) {
	x := newTerminal(t, "")
	e := x.put("document-reprint", answered)
	call(t, "slips", "--config", x.config).want(t, exitOK, "no slip")
	x.printed(e.ID, &slip.Outcome{Proof: printer.InDoubt, Level: 4, Cause: "print tail: printer stopped:\ncover open"})
	x.printed(e.ID, &slip.Outcome{Proof: printer.Printed, Level: 4, Length: 147})
	gone := kiosk.NewApplicationID()
	x.printed(gone, nil)
	r := call(t, "slips", "--config", x.config)
	r.want(t, exitOK, "REFERENCE", string(e.Reference), "printer stopped:; cover open", "confirmed", "147", "under way, or cut off in it")
	var list []printed
	r = call(t, "slips", "--json", "--config", x.config)
	if err := json.Unmarshal([]byte(r.out), &list); err != nil || len(list) != 3 {
		t.Fatalf("%v: %s", err, r)
	}
	if s := list[1]; s.Print != 2 || s.State != slip.Confirmed || s.Reference != e.Reference || s.Length != 147 || s.Level != 4 {
		t.Errorf("reprint %+v", s)
	}
	if s := list[2]; s.Print != 1 || s.State != slip.Unknown || !s.Running || s.ID != gone || s.Reference != "" {
		t.Errorf("cut off %+v", s)
	}
	r = call(t, "slips", "--state", "unknown", "--config", x.config)
	if r.want(t, exitOK, "cover open"); strings.Contains(r.out, "confirmed") {
		t.Errorf("others are listed: %s", r)
	}
	call(t, "slips", "--state", "lost").want(t, exitUsage, "is no state")
}
