package ui

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"leye/app/catalogue"
	"leye/app/form"
	"leye/app/policy"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/privacy"
	"leye/app/terminal/internal/session"
	"leye/app/terminal/internal/ui/control"
	"leye/app/terminal/internal/ui/story"
	"leye/app/terminal/internal/ui/text"
	"leye/app/terminal/internal/ui/theme"
	"leye/assets"
	"leye/devices/idcard"
)

// heard is a visit that keeps what it was told.
type heard struct{ intents []session.Intent }

func (h *heard) Do(i session.Intent) { h.intents = append(h.intents, i) }

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
		Place: story.Place, Kept: story.Kept, Visit: &heard{}, Now: time.Now,
	})
	w.Resize(fyne.NewSize(1080, 1920))
	return u, services
}

// TestThePageTellsWhatTheSlipTells holds the page to the table that slip and
// sweeper go by.
func TestThePageTellsWhatTheSlipTells(t *testing.T) {
	u, _ := open(t)
	for _, days := range []int{1, 7, 365} {
		u.cfg.Kept = privacy.Table{KeepDays: days}
		for _, language := range []string{"zh", "en"} {
			st := session.State{Stage: session.Home, Language: language, Notice: true, Scans: 1}
			u.drawn = ""
			u.Show(st)
			page := strings.ReplaceAll(strings.Join(u.Inspect().Texts, ""), " ", "")
			say := func(key string, args ...string) string { return u.cfg.Texts.Get(language, key, args...) }
			place := story.Place
			asked := privacy.Asked{Desk: place.Desk.ZH, Phone: place.Phone.ZH}
			if language == "en" {
				asked.Desk = place.Desk.EN
			}
			for _, section := range u.cfg.Kept.Tell(st.Read(), asked, say) {
				for _, line := range append([]string{section.Title}, section.Lines...) {
					if !strings.Contains(page, strings.ReplaceAll(line, " ", "")) {
						t.Errorf("%s, %d days: the page does not tell %q", language, days, line)
					}
				}
			}
		}
	}
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

// TestASlowFingerIsNotLost: what a card reader or a clock changes on a page draws
// it anew, under a finger that may rest on a button for a second.
func TestASlowFingerIsNotLost(t *testing.T) {
	u, _ := open(t)
	told := u.cfg.Visit.(*heard)
	find := func(id string) (found *control.Tap) {
		walk(u.root, fyne.NewPos(0, 0), func(tap *control.Tap, _ fyne.Position) {
			if tap.ID == id {
				found = tap
			}
		})
		if found == nil {
			t.Fatalf("no control %s", id)
		}
		return found
	}
	u.Show(session.State{Stage: session.Idle, Language: "zh"})
	pressed := find("start")
	pressed.MouseDown(nil)
	u.Show(session.State{Stage: session.Idle, Language: "zh", Reader: idcard.Offline})
	released := find("start")
	if released == pressed {
		t.Fatal("the page was not drawn anew")
	}
	released.MouseUp(nil)
	if len(told.intents) != 1 || told.intents[0] != (session.Start{}) {
		t.Fatalf("heard %#v", told.intents)
	}
	released.MouseUp(nil)
	u.Show(session.State{Stage: session.Idle, Language: "zh"})
	find("start").MouseUp(nil)
	if len(told.intents) != 1 {
		t.Errorf("a finger that is not there was heard: %#v", told.intents)
	}
}

// TestADragGoesOnOverADrawing: the list follows a finger although it was drawn
// anew.
func TestADragGoesOnOverADrawing(t *testing.T) {
	u, services := open(t)
	st := session.State{Stage: session.Browse, Language: "zh", Event: "pension"}
	for _, s := range services.Services() {
		st.Found = append(st.Found, s.ID)
	}
	u.Show(st)
	began := u.framed.Scroll
	drag := func(dy float32) {
		began.Dragged(&fyne.DragEvent{Dragged: fyne.NewDelta(0, dy)})
	}
	drag(-100)
	u.draw(true)
	if u.framed.Scroll == began {
		t.Fatal("the page was not drawn anew")
	}
	drag(-50)
	if got := u.framed.Scroll.Offset(); got != 150 {
		t.Errorf("the list went to %v", got)
	}
	began.DragEnd()
}

var (
	bracketed = regexp.MustCompile(`\([^()]*\)|（[^（）]*）`)
	han       = regexp.MustCompile(`\p{Han}+`)
)

// bare is the Chinese on the screen outside of brackets, but for the word on the
// button that goes back to Chinese.
func bare(s Seen) []string {
	all := strings.Join(s.Texts, "")
	for bracketed.MatchString(all) {
		all = bracketed.ReplaceAllString(all, "")
	}
	return han.FindAllString(strings.Replace(all, "中文", "", 1), -1)
}

// TestEnglishPagesNameTermsInBrackets opens every policy and every service.
func TestEnglishPagesNameTermsInBrackets(t *testing.T) {
	u, services := open(t)
	policies := u.builder().Policies
	pages := []session.State{{Stage: session.PolicySearch, Hits: policies.Search("", "", "", time.Now())}}
	for _, p := range policies.Policies() {
		pages = append(pages, session.State{Stage: session.PolicyText, Policy: p.ID})
	}
	for _, svc := range services.Services() {
		pages = append(pages, session.State{Stage: session.Service, Service: svc.ID})
	}
	for n, st := range pages {
		st.Language, st.Serial = "en", n
		u.Show(st)
		s := u.Inspect()
		if len(s.Texts) < 5 {
			t.Errorf("%s %s%s shows only %q", s.Screen, st.Policy, st.Service, s.Texts)
		}
		if words := bare(s); len(words) > 0 {
			t.Errorf("%s %s%s: %q stand bare", s.Screen, st.Policy, st.Service, words)
		}
	}
}

// TestAScannedAnswerTakesThePlaceOfTyping: what was typed half would hide it.
func TestAScannedAnswerTakesThePlaceOfTyping(t *testing.T) {
	u, services := open(t)
	f := must[*form.Form](t)(form.Compile(services, session.ProgressService, time.Now()))
	st := session.State{Stage: session.Filling, Language: "zh", Form: f, Answers: form.Answers{}, Service: f.Service().ID, Scanner: true}
	st.Questions = f.Questions(st.Answers)
	u.Show(st)
	u.Edit("case_no")
	u.insert("000-4")
	if got := u.value("case_no"); got != "000-4" {
		t.Fatalf("typed %q", got)
	}
	st.Answers = form.Answers{"case_no": form.Text("000-417-261124-0001-5")}
	st.Scan, st.Scans = session.ScanFilled, 1
	if !u.Show(st) {
		t.Error("nothing was drawn anew")
	}
	if got := u.value("case_no"); got != "000-417-261124-0001-5" || u.active != "" || u.framed.Scroll.Offset() != 0 {
		t.Errorf("the field shows %q, typing into %q", got, u.active)
	}
}
