package main

import (
	"sync"

	"fyne.io/fyne/v2"

	"leye/app/terminal/internal/session"
	"leye/app/terminal/internal/ui"
)

// screenFeed hands states from the session's goroutine to Fyne's. When Fyne is
// behind, only the newest state is drawn.
type screenFeed struct {
	ui *ui.UI

	mu      sync.Mutex
	next    session.State
	pending bool
}

func newScreenFeed(u *ui.UI) *screenFeed { return &screenFeed{ui: u} }

func (f *screenFeed) show(st session.State) {
	f.mu.Lock()
	f.next = st
	asked := f.pending
	f.pending = true
	f.mu.Unlock()
	if !asked {
		fyne.Do(f.draw)
	}
}

func (f *screenFeed) draw() {
	f.mu.Lock()
	st := f.next
	f.pending = false
	f.mu.Unlock()
	f.ui.Show(st)
}
