package ui

import (
	"image"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"leye/app/form"
	"leye/app/terminal/internal/heaptest"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/session"
	"leye/app/terminal/internal/ui/story"
)

// canary stands in everything that the resident of a marked story is or says.
const canary = "金丝雀七三九一"

// marked is a story's state with somebody's words that stand in no other.
func marked(st session.State, n int) session.State {
	word := canary + strconv.Itoa(n)
	if st.Resident != nil {
		st.Resident = &kiosk.Resident{Name: word, Address: word, Number: st.Resident.Number}
	}
	if st.Filing != nil {
		filing := *st.Filing
		filing.Resident, filing.Ack.Number = st.Resident, word
		st.Filing = &filing
	}
	if st.Case != nil {
		c := *st.Case
		c.Applicant, c.Desk = word, word
		st.Case = &c
	}
	if st.Query != "" {
		st.Query = word
	}
	answers := form.Answers{}
	for key, v := range st.Answers {
		if v.Kind() == form.KindText && slices.Contains([]string{"name", "live_addr", "place", "content", "platform"}, key) {
			v = form.Text(word)
		}
		answers[key] = v
	}
	st.Answers = answers
	return st
}

// deaf is a visit that keeps nothing of what it is told.
type deaf struct{}

func (deaf) Do(session.Intent) {}

// Nothing of a visit stays on the screen, or in what the screens and Fyne's caches
// hold once they were told to forget. The caches go by the clock.
func TestAWipedScreenRemembersNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// Other tests of this process may have cleaned the caches in the years to come.
		time.Sleep(time.Until(time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)))
		u, services := open(t)
		u.cfg.Visit = deaf{}
		stories := must[[]story.Story](t)(story.Tell(services, u.cfg.Policies))
		stories = slices.DeleteFunc(stories, func(s story.Story) bool {
			return s.State.Resident == nil && s.State.Query == "" && s.State.Case == nil
		})
		idle := session.State{Stage: session.Idle, Language: "zh"}
		picture := func() []byte { return u.cfg.Window.Canvas().Capture().(*image.NRGBA).Pix }
		u.Show(idle)
		clean := picture()
		for n := range 200 {
			s := stories[n%len(stories)]
			st := marked(s.State, n)
			st.Language, st.Serial = "zh", n
			u.Show(st)
			if s.Edit != "" {
				u.Edit(s.Edit)
				u.insert(canary)
			}
			if n == 0 && slices.Equal(picture(), clean) {
				t.Fatal("control: the visit is not on the screen")
			}
			u.Show(session.State{Stage: session.Ended, Language: "zh"})
			u.Show(idle)
			if n%10 == 0 && !slices.Equal(picture(), clean) {
				t.Fatalf("%s: the idle screen is not as before", s.Name)
			}
		}
		if heaptest.Count(t, canary) == 0 {
			t.Fatal("control: the visits are not in memory")
		}
		time.Sleep(Fading)
		u.Forget()
		picture()
		if n := heaptest.Count(t, canary); n != 0 {
			t.Errorf("found %d times after 200 visits", n)
		}
	})
}
