package ui

import (
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"leye/app/catalogue"
	"leye/app/form"
	"leye/app/policy"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/session"
	"leye/app/terminal/internal/ui/screen"
	"leye/app/terminal/internal/ui/text"
	"leye/app/terminal/internal/ui/theme"
	"leye/assets"
)

// deaf is a visit that nothing comes of.
type deaf struct{}

func (deaf) Do(session.Intent) {}

func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func open(t *testing.T) (*UI, *catalogue.Catalogue) {
	t.Helper()
	services := must[*catalogue.Catalogue](t)(catalogue.Load(assets.Catalogue()))
	faces := must[*theme.Theme](t)(theme.New(assets.Font(), theme.Standard))
	a := test.NewTempApp(t)
	a.Settings().SetTheme(faces)
	w := test.NewTempWindow(t, nil)
	u := New(Config{
		App: a, Window: w, Theme: faces, Icons: theme.NewIcons(assets.Icon()), Texts: must[text.Bundle](t)(text.Load(assets.Text())),
		Catalogue: services, Policies: must[*policy.Library](t)(policy.Load(assets.Policies())),
		Place: screen.Place{Phone: catalogue.Text{ZH: "12333", EN: "12333"}}, Visit: deaf{}, Now: time.Now,
	})
	w.Resize(fyne.NewSize(1080, 1920))
	return u, services
}

// TestAFailureIsSeenEachTime: the notice stands at the top of a long page whose
// button is at its bottom.
func TestAFailureIsSeenEachTime(t *testing.T) {
	u, services := open(t)
	f := must[*form.Form](t)(form.Compile(services, "flexible-employment-registration", time.Now()))
	st := session.State{Stage: session.Reviewing, Language: "zh", Form: f, Answers: form.Answers{}, Service: f.Service().ID}
	st.Questions = f.Questions(st.Answers)
	u.Show(st)
	if r := u.framed.Scroll.Range(); r < 400 {
		t.Fatalf("the page can be scrolled by %v only", r)
	}
	for failure := range 2 {
		u.framed.Scroll.ScrollTo(400)
		u.draw(true)
		if got := u.framed.Scroll.Offset(); got != 400 {
			t.Fatalf("the page went to %v though nothing happened", got)
		}
		st.Fault, st.Failures = kiosk.CodeStoreFull, failure+1
		u.Show(st)
		if got := u.framed.Scroll.Offset(); got != 0 {
			t.Errorf("failure %d left the page at %v", failure+1, got)
		}
	}
}
