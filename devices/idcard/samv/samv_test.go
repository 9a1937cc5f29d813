package samv

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"leye/devices/idcard"
	"leye/devices/idcard/idcardtest"
	"leye/devices/internal/frame"
	"leye/devices/internal/porttest"
)

var asOf = idcard.Date{Year: 2026, Month: 11, Day: 23}

func TestDecodeAllCards(t *testing.T) {
	for _, v := range idcardtest.Load().Cards {
		t.Run(v.Name, func(t *testing.T) {
			c, err := Decode(frame.Body(v.Frame)[3:], v.Command == "3010", asOf)
			if err != nil {
				t.Fatal(err)
			}
			if difference := v.Differs(c); difference != "" {
				t.Error(difference)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	good := frame.Body(idcardtest.Load().Card("resident_plain").Frame)[3:]
	marker := append([]byte(nil), good...)
	marker[4+248] = 'I'
	for name, data := range map[string][]byte{"empty": nil, "short": good[:100], "long": append(append([]byte(nil), good...), 0), "marker": marker} {
		if _, err := Decode(data, false, asOf); !errors.Is(err, ErrLayout) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestDialogues plays the recorded readings on a simulated clock.
func TestDialogues(t *testing.T) {
	vectors := idcardtest.Load()
	for _, d := range vectors.Dialogues {
		if d.Name == "no_fingerprint_on_card" {
			continue // see TestDialogueWithFingerprints
		}
		t.Run(d.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { play(t, vectors, d) })
		})
	}
}

// script is a port that plays a dialogue.
func script(t *testing.T, vectors *idcardtest.Vectors, d idcardtest.Dialogue) *porttest.Port {
	t.Helper()
	var steps []porttest.Step
	for _, s := range d.Steps {
		want, ok := vectors.Request(s.Send)
		if !ok {
			t.Fatalf("no request %s", s.Send)
		}
		step := porttest.Step{Want: want, Delay: time.Duration(s.DelayMS) * time.Millisecond}
		if s.Reply != nil {
			step.Reply, _ = vectors.Answer(*s.Reply)
		}
		steps = append(steps, step)
	}
	return porttest.New(t, steps...)
}

func play(t *testing.T, vectors *idcardtest.Vectors, d idcardtest.Dialogue) {
	port := script(t, vectors, d)
	baud := 115200
	if d.Steps[0].Send == "sam_status" {
		baud = 0 // the question that finds the rate
	}
	r := newReader(port, baud, nil)
	defer r.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	card, err := r.Read(ctx)
	switch d.Result {
	case "out_of_service":
		if outOfService(err) == nil {
			t.Errorf("read: %v", err)
		}
	case "no_card":
		if !errors.Is(err, idcard.ErrRemoved) {
			t.Errorf("read: %v", err)
		}
	case "unsupported_card":
		if !errors.Is(err, idcard.ErrNotACard) {
			t.Errorf("read: %v", err)
		}
	default:
		if err != nil || card.Name != idcardtest.Load().Card(d.Result).Expect["name"] {
			t.Errorf("read: %v, %v", card, err)
		}
	}
	for port.Left() > 0 && ctx.Err() == nil {
		if _, _, err := r.cycle(ctx); err != nil {
			t.Fatalf("after the card: %v", err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, v := range idcardtest.Load().Cards {
		f.Add(frame.Body(v.Frame)[3:], v.Command == "3010")
	}
	f.Fuzz(func(_ *testing.T, data []byte, fingers bool) {
		if c, err := Decode(data, fingers, asOf); err == nil {
			_ = c.Record()
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	data := frame.Body(idcardtest.Load().Card("resident_plain").Frame)[3:]
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(data, false, asOf); err != nil {
			b.Fatal(err)
		}
	}
}
