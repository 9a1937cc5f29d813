package server_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"leye/app/api"
	"leye/app/central/internal/ledger"
	"leye/app/central/internal/server"
	"leye/app/proof"
)

// grower is a terminal with a journal, in its simplest form.
type grower struct {
	*gate
	cert  tls.Certificate
	line  *http.Client
	log   *bytes.Buffer
	lines []proof.Line
}

func startGrower(t *testing.T) *grower {
	t.Helper()
	x := &grower{log: &bytes.Buffer{}}
	x.gate = startGateAt(t, filepath.Join(t.TempDir(), "central.db"), func(c *server.Config) { c.Log = slog.New(slog.NewTextHandler(x.log, nil)) })
	x.cert = x.enrol("PT01")
	x.line = x.client(x.cert)
	return x
}

// grow adds lines; mark makes them others than those that another mark makes.
func (x *grower) grow(n int, mark string) {
	for range n {
		at := int64(len(x.lines))
		x.lines = append(x.lines, proof.Line{At: at, Event: "entry.put", Entry: fmt.Sprint("E", at), Code: mark})
	}
}

// head is that of line seq, of the journal as it is now.
func (x *grower) head(seq int) proof.Head {
	x.t.Helper()
	h, err := proof.Head{Terminal: "PT01"}.Grown(x.lines[:seq])
	fatal(x.t, err)
	return h
}

// beat sends the head of the newest line and lines.
func (x *grower) beat(lines []proof.Line) api.HeartbeatAnswer {
	return x.send(x.head(len(x.lines)), lines)
}

func (x *grower) send(h proof.Head, lines []proof.Line) (a api.HeartbeatAnswer) {
	x.t.Helper()
	note, err := h.Sign(x.cert.PrivateKey.(ed25519.PrivateKey))
	fatal(x.t, err)
	beat := api.Heartbeat{SentAt: x.clock.read(), Version: "1", JournalHead: &note}
	if lines != nil {
		shown := told(lines)
		beat.JournalLines = &shown
	}
	status, answer := x.post(x.line, "/v1/terminals/PT01/heartbeat", beat)
	if status != 200 {
		x.t.Fatalf("%d %s", status, answer)
	}
	fatal(x.t, json.Unmarshal(answer, &a))
	return a
}

func told(lines []proof.Line) (all []api.JournalLine) {
	for _, l := range lines {
		all = append(all, api.JournalLine{At: l.At, Event: l.Event, Entry: l.Entry, Code: l.Code})
	}
	return all
}

// kept holds what the ledger keeps and what the answer told against what should be.
func (x *grower) kept(a api.HeartbeatAnswer, h proof.Head, alarm ledger.HeadAlarm) {
	x.t.Helper()
	got, err := x.ledger.JournalHead(x.t.Context(), "PT01")
	if err != nil || got.Seq != h.Seq || got.Hash != h.Hash || got.Alarm != alarm {
		x.t.Errorf("kept %d %.8s with alarm %q, %v; want %d %.8s, %q", got.Seq, got.Hash, got.Alarm, err, h.Seq, h.Hash, alarm)
	}
	if a.JournalKept == nil || *a.JournalKept != (api.JournalKept{Generation: h.Generation, Seq: h.Seq}) {
		x.t.Errorf("told of %+v, want %d", a.JournalKept, h.Seq)
	}
	switch {
	case alarm == ledger.NoAlarm && a.JournalAlarm != nil:
		x.t.Errorf("told of alarm %q", *a.JournalAlarm)
	case alarm != ledger.NoAlarm && (a.JournalAlarm == nil || *a.JournalAlarm != string(alarm)):
		x.t.Errorf("told of alarm %v, want %q", a.JournalAlarm, alarm)
	}
}

func TestAJournalThatIsShownToGrowIsKept(t *testing.T) {
	x := startGrower(t)
	x.grow(5, "a")
	x.kept(x.beat(nil), x.head(5), ledger.NoAlarm) // the first counts
	x.grow(3, "a")
	x.kept(x.beat(x.lines[5:]), x.head(8), ledger.NoAlarm)
	x.kept(x.beat(nil), x.head(8), ledger.NoAlarm) // nothing new
	x.grow(2, "a")
	x.kept(x.beat(x.lines[5:]), x.head(10), ledger.NoAlarm) // an answer was lost: some were shown before
	x.grow(1, "a")
	x.kept(x.beat(x.lines), x.head(11), ledger.NoAlarm) // all of it
	x.kept(x.send(proof.Head{Terminal: "PT01", Generation: 1, Seq: 1, Hash: hash("e")}, nil), proof.Head{Generation: 1, Seq: 1, Hash: hash("e")}, ledger.HeadRestarted)
}

// The chain of a journal that was written anew holds by itself, and its head is
// higher: before lines were shown, nobody noticed.
func TestARewrittenJournalThatHasGrownIsNoticed(t *testing.T) {
	for _, shows := range []bool{true, false} {
		t.Run(fmt.Sprint("shows lines: ", shows), func(t *testing.T) {
			x := startGrower(t)
			x.grow(10, "a")
			first := x.head(10)
			x.kept(x.beat(nil), first, ledger.NoAlarm)
			x.lines = x.lines[:6]
			x.grow(9, "b")
			if !shows {
				x.kept(x.beat(nil), x.head(15), ledger.NoAlarm)
				return
			}
			x.log.Reset()
			x.kept(x.beat(x.lines[10:]), first, ledger.HeadRewritten)
			if !strings.Contains(x.log.String(), "level=ERROR") || !strings.Contains(x.log.String(), "alarm=rewritten") {
				t.Errorf("the log says %s", x.log)
			}
			note, err := x.ledger.JournalHead(t.Context(), "PT01")
			fatal(t, err)
			if h, err := proof.OpenHead(note.AlarmNote, note.Key); err != nil || h != x.head(15) {
				t.Errorf("kept of what came instead: %+v, %v", h, err)
			}
			x.grow(1, "b")
			x.kept(x.beat(x.lines[10:]), first, ledger.HeadRewritten)
			fatal(t, second(x.ledger.SettleHead(t.Context(), "PT01"))) // explained
			x.kept(x.beat(x.lines[10:]), x.head(16), ledger.NoAlarm)
		})
	}
}

func TestLinesThatAreNotTheJournalsMoveNothing(t *testing.T) {
	for name, tt := range map[string]struct {
		change func([]proof.Line) []proof.Line
		alarm  ledger.HeadAlarm
	}{
		"altered":           {func(l []proof.Line) []proof.Line { l[3].Code = "z"; return l }, ledger.HeadRewritten},
		"at another time":   {func(l []proof.Line) []proof.Line { l[0].At++; return l }, ledger.HeadRewritten},
		"reordered":         {func(l []proof.Line) []proof.Line { l[1], l[2] = l[2], l[1]; return l }, ledger.HeadRewritten},
		"doubled":           {func(l []proof.Line) []proof.Line { return append(l[:2:2], l[1:]...) }, ledger.HeadRewritten},
		"another instead":   {func(l []proof.Line) []proof.Line { l[4] = proof.Line{}; return l }, ledger.HeadRewritten},
		"one missing":       {func(l []proof.Line) []proof.Line { return slices.Delete(l, 2, 3) }, ledger.NoAlarm},
		"the first missing": {func(l []proof.Line) []proof.Line { return l[1:] }, ledger.NoAlarm},
		"the last missing":  {func(l []proof.Line) []proof.Line { return l[:4] }, ledger.NoAlarm},
		"all missing":       {func([]proof.Line) []proof.Line { return nil }, ledger.NoAlarm},
	} {
		t.Run(name, func(t *testing.T) {
			x := startGrower(t)
			x.grow(4, "a")
			x.beat(nil)
			x.grow(1, "a")
			before := x.head(5)
			x.kept(x.beat(x.lines[4:]), before, ledger.NoAlarm)
			x.grow(5, "a")
			x.kept(x.beat(tt.change(slices.Clone(x.lines[5:]))), before, tt.alarm)
			x.kept(x.beat(x.lines[5:]), x.head(10), tt.alarm) // the true ones are taken yet; an alarm stays
		})
	}
}

func TestWhoHasShownLinesCannotStop(t *testing.T) {
	x := startGrower(t)
	x.grow(1, "a")
	x.beat(nil)
	for range 40 { // as a terminal of the version before
		x.grow(1, "a")
		x.kept(x.beat(nil), x.head(len(x.lines)), ledger.NoAlarm)
	}
	x.grow(1, "a")
	x.beat(x.lines[len(x.lines)-1:])
	const most = 14
	for range 3 { // as one that starts again and again
		before := x.head(len(x.lines))
		for range most {
			x.grow(1, "a")
			x.kept(x.beat(nil), before, ledger.NoAlarm)
		}
		x.kept(x.beat(x.lines[before.Seq:]), x.head(len(x.lines)), ledger.NoAlarm)
	}
	before := x.head(len(x.lines))
	x.grow(1, "a")
	for range most {
		x.kept(x.beat(nil), before, ledger.NoAlarm)
	}
	x.kept(x.send(before, nil), before, ledger.NoAlarm) // the old head again is no proof
	x.kept(x.beat(nil), before, ledger.HeadUnproven)
	fatal(t, second(x.ledger.SettleHead(t.Context(), "PT01"))) // the program was put back to an older version
	for range 2 * most {
		x.grow(1, "a")
		x.kept(x.beat(nil), x.head(len(x.lines)), ledger.NoAlarm)
	}
}

func TestAHeartbeatHasBounds(t *testing.T) {
	x := startGrower(t)
	x.grow(proof.MostLines+1, "a")
	x.kept(x.send(x.head(1), nil), x.head(1), ledger.NoAlarm)
	long := func(l proof.Line) []api.JournalLine { return told([]proof.Line{l}) }
	for name, lines := range map[string][]api.JournalLine{
		"too many": told(x.lines), "event": long(proof.Line{Event: strings.Repeat("x", 129)}),
		"entry": long(proof.Line{Entry: strings.Repeat("x", 129)}), "code": long(proof.Line{Code: strings.Repeat("x", 4097)}),
	} {
		note, err := x.head(2).Sign(x.cert.PrivateKey.(ed25519.PrivateKey))
		fatal(t, err)
		status, answer := x.post(x.line, "/v1/terminals/PT01/heartbeat", api.Heartbeat{
			SentAt: x.clock.read(), Version: "1", JournalHead: &note, JournalLines: &lines,
		})
		if status != 400 {
			t.Errorf("%s: %d %s", name, status, answer)
		}
	}
	x.kept(x.beat(x.lines[1:]), x.head(proof.MostLines+1), ledger.NoAlarm)
}

// The lines that are known from the first prove nothing where they are not signed.
func TestLinesWithoutASignedHead(t *testing.T) {
	x := startGrower(t)
	x.grow(3, "a")
	x.kept(x.beat(nil), x.head(3), ledger.NoAlarm)
	x.grow(2, "a")
	lines := told(x.lines[3:])
	status, answer := x.post(x.line, "/v1/terminals/PT01/heartbeat", api.Heartbeat{SentAt: x.clock.read(), Version: "1", JournalLines: &lines})
	var a api.HeartbeatAnswer
	if err := json.Unmarshal(answer, &a); err != nil || status != 200 {
		t.Fatalf("%d %s", status, answer)
	}
	x.kept(a, x.head(3), ledger.HeadMissing)
}

func TestInTheClearNothingIsKept(t *testing.T) {
	c := start(t)
	note, lines := "leye journal\nPT01\n1\n"+hash("a")+"\n", []api.JournalLine{{Event: "entry.put"}}
	response, err := c.api.SendHeartbeatWithResponse(t.Context(), "PT01", nil, api.Heartbeat{SentAt: noon, Version: "1", JournalHead: &note, JournalLines: &lines})
	fatal(t, err)
	if a := response.JSON200; a == nil || a.JournalKept != nil || a.JournalAlarm != nil {
		t.Errorf("%d %s", response.StatusCode(), response.Body)
	}
}
