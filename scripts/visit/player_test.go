package main

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"leye/scripts/internal/paper"
)

func fakeVisit() Visit {
	return Visit{Service: "flex", Event: "flexible", Card: "resident_plain", Answers: map[string]Answer{
		"kind": {Value: "b"}, "sure": {Value: true}, "when": {Value: "2025-08-02"},
		"place": {Value: "普陀区1", Keys: []string{"putuoqu:普陀区", "1"}},
	}}
}

// playFake plays v on k and returns the names of the pictures.
func playFake(t *testing.T, k *fakeKiosk, v Visit) (*Player, []string, error) {
	t.Helper()
	k.screen, k.answers = "idle", map[string]string{}
	var pictures []string
	p := &Player{
		Visit: v, Screen: k, Finger: k, Devices: k, Say: t.Logf,
		Picture: func(name string) error { pictures = append(pictures, name); return nil },
	}
	var err error
	synctest.Test(t, func(t *testing.T) { err = p.Play(t.Context()) })
	return p, pictures, err
}

func TestPlayerAnswersByTouchAndWalksToTheEnd(t *testing.T) {
	kiosk := &fakeKiosk{}
	p, pictures, err := playFake(t, kiosk, fakeVisit())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"kind": "b", "place": "普陀区1", "sure": "true", "when": "2025-08-02"}
	if !maps.Equal(kiosk.answers, want) {
		t.Errorf("answers = %v, want %v", kiosk.answers, want)
	}
	if kiosk.card != "" || kiosk.screen != "idle" {
		t.Errorf("the card %q lies on a terminal that shows %s", kiosk.card, kiosk.screen)
	}
	if pictures[0] != "01-idle" || !slices.Contains(pictures, "02-home") || !strings.HasSuffix(pictures[len(pictures)-1], "-idle") {
		t.Errorf("pictures = %v", pictures)
	}
	if got := paper.Read(strings.Join(p.Record.texts("filed"), "\n")); got.Number != "000-417-261124-0001-5" {
		t.Errorf("recorded proof = %+v", got)
	}
}

func TestPlayerHoldsACodeUpAndFollowsIt(t *testing.T) {
	k, v := &fakeKiosk{}, fakeVisit()
	v.Event, v.Scan = "", "LEYE:flex"
	if _, pictures, err := playFake(t, k, v); err != nil || k.code != v.Scan || k.screen != "idle" || slices.Contains(pictures, "03-event") {
		t.Errorf("scanned %q, then %v, pictures %v", k.code, err, pictures)
	}
	v.Scan = "LEYE:nowhere"
	if _, _, err := playFake(t, &fakeKiosk{}, v); err == nil || !strings.Contains(err.Error(), "where the code leads") {
		t.Errorf("a code that leads nowhere: %v", err)
	}
}

func TestPlayerTakesAlongWhatIsToldOfACase(t *testing.T) {
	k, v := &fakeKiosk{}, fakeVisit()
	v.Scan = "LEYE:case"
	p, pictures, err := playFake(t, k, v)
	if err != nil || k.slip == "" || k.screen != "idle" || !slices.Contains(pictures, "04-case-printed") {
		t.Errorf("%v: slip %q on %s, pictures %v", err, k.slip, k.screen, pictures)
	}
	if got := paper.Read(strings.Join(p.Record.texts("case"), "\n")); got.Number != "000-417-261124-0001-5" {
		t.Errorf("recorded proof = %+v", got)
	}
}

func TestPlayerStopsBeforeTheScreenThatIsNamed(t *testing.T) {
	k := &fakeKiosk{screen: "idle", answers: map[string]string{}}
	p := &Player{
		Visit: fakeVisit(), Screen: k, Finger: k, Devices: k, Say: t.Logf, Until: "check",
		Picture: func(string) error { return nil },
	}
	synctest.Test(t, func(t *testing.T) {
		if err := p.Play(t.Context()); err != nil {
			t.Error(err)
		}
	})
	if k.screen != "check" || k.slip != "" {
		t.Errorf("stopped on %s, slip %q", k.screen, k.slip)
	}
}

func TestPlayerSaysWhereItIsStuckAndWhatItWaitedFor(t *testing.T) {
	other := fakeVisit()
	other.Event = "pets"
	noCard := fakeVisit()
	noCard.Card = ""
	wrongChoice := fakeVisit()
	wrongChoice.Answers["kind"] = Answer{Value: "z"}
	for name, c := range map[string]struct {
		kiosk *fakeKiosk
		visit Visit
		words []string
	}{
		"a button that does nothing":    {&fakeKiosk{mute: true}, fakeVisit(), []string{"question", "another screen after next"}},
		"a list that does not scroll":   {&fakeKiosk{stiff: true}, fakeVisit(), []string{"home", "event:flexible", "scrolling"}},
		"a tile that is not there":      {&fakeKiosk{}, other, []string{"home", "event:pets"}},
		"a card that nobody declared":   {&fakeKiosk{}, noCard, []string{"identify", "declares none"}},
		"a choice that is not offered":  {&fakeKiosk{}, wrongChoice, []string{"question", "choice:kind:z"}},
		"a screen that is not in order": {&fakeKiosk{}, Visit{Event: "flexible", Service: "other"}, []string{"event"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, pictures, err := playFake(t, c.kiosk, c.visit)
			if err == nil {
				t.Fatal("it went through")
			}
			for _, word := range append(c.words, "99-stuck.png") {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("the message lacks %q:\n%v", word, err)
				}
			}
			if pictures[len(pictures)-1] != "99-stuck" {
				t.Errorf("no picture of where it is stuck: %v", pictures)
			}
		})
	}
}
