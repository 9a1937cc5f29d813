package main

import (
	"runtime/debug"
	"sync"
	"time"

	"fyne.io/fyne/v2"

	"leye/app/terminal/internal/session"
	"leye/app/terminal/internal/ui"
)

// screenFeed stands between the session's goroutine and Fyne's: intents one way,
// states the other. When Fyne is behind, only the newest state is drawn.
type screenFeed struct {
	visit *session.Session
	ui    *ui.UI

	idle    bool          // the state before was idle; the session's goroutine only
	fading  []*time.Timer // of the last visit's traces; likewise
	mu      sync.Mutex
	next    session.State
	pending bool
	news    chan struct{} // holds one token while next has not been drawn
}

func newScreenFeed(visit *session.Session) *screenFeed {
	return &screenFeed{visit: visit, news: make(chan struct{}, 1)}
}

// promptly is how long a touch waits for the session's answer, which takes far
// less than a millisecond unless the machine is busy.
const promptly = 10 * time.Millisecond

// Do hands an intent on, from Fyne's goroutine. It draws the answer at once when
// there is one: the released button and the new page then share a frame, and a
// frame is what takes time on a terminal without a graphics processor.
func (f *screenFeed) Do(i session.Intent) {
	f.visit.Do(i)
	if _, quiet := i.(session.Touch); quiet {
		return
	}
	t := time.NewTimer(promptly)
	defer t.Stop()
	for drawn := false; !drawn; {
		select {
		case <-f.news:
			drawn = f.draw()
		case <-t.C:
			return
		}
	}
}

// show takes a state, from the session's goroutine. After a visit the memory that
// it used goes back to the system, which clears it: what a resident told must not
// lie about until the collector comes by.
func (f *screenFeed) show(st session.State) {
	f.pass(st)
	before := f.idle
	f.idle = st.Stage == session.Idle
	switch {
	case f.idle && !before:
		debug.FreeOSMemory()
		f.fade()
	case before && !f.idle:
		f.stop()
	}
}

// cleaned is how long after a painting Fyne has let go of what faded.
const cleaned = 15 * time.Second

// fade has the screen's own memory of a visit go when its time has come. Who
// begins the next visit before has the screen painted anyway.
func (f *screenFeed) fade() {
	f.fading = []*time.Timer{
		time.AfterFunc(ui.Fading, func() { fyne.Do(f.ui.Forget) }),
		time.AfterFunc(ui.Fading+cleaned, debug.FreeOSMemory),
	}
}

// stop ends what fade began, once the session's goroutine has ended or on it.
func (f *screenFeed) stop() {
	for _, t := range f.fading {
		t.Stop()
	}
	f.fading = nil
}

func (f *screenFeed) pass(st session.State) {
	f.mu.Lock()
	f.next = st
	asked := f.pending
	f.pending = true
	f.mu.Unlock()
	select {
	case f.news <- struct{}{}:
	default:
	}
	if !asked {
		fyne.Do(func() { f.draw() })
	}
}

func (f *screenFeed) draw() bool {
	f.mu.Lock()
	st := f.next
	f.pending = false
	f.mu.Unlock()
	return f.ui.Show(st)
}
