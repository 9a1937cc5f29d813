// Package ime turns typed pinyin into Chinese text. It knows no screen and no
// keyboard: letters go in, a State to show comes out.
//
// Neither engine learns: what one resident chose must not be offered to the next.
package ime

import (
	"io/fs"
	"log/slog"

	"leye/assets"
)

// maxInput is the most letters that may wait for a choice; an address typed
// without choosing is shorter, and a stuck key must not cost ever more time.
const maxInput = 48

// Engine is one resident's input. Its methods may be called from one goroutine
// at a time and answer within a few milliseconds.
type Engine interface {
	// Feed takes a letter a-z or A-Z, or the apostrophe that parts syllables
	// (xi'an). Any other rune changes nothing.
	Feed(key rune) State
	// Backspace takes back the last choice when no letter came after it,
	// otherwise the last letter.
	Backspace() State
	// Select takes candidate n of the page shown, counted from 0; a number
	// that is not shown changes nothing.
	Select(n int) State
	// Page turns by delta pages and stops at the first and the last one.
	Page(delta int) State
	// Reset forgets everything typed and chosen.
	Reset()
	// Close frees what the engine holds; afterwards every State is empty.
	Close() error
}

// State is what to show after a key.
type State struct {
	Preedit    string   // parts already chosen, then the letters, syllables parted by spaces
	Candidates []string // the page of candidates
	Commit     string   // text that this very call completed; otherwise empty
	Page       int      // number of the page, from 0
	HasNext    bool
	HasPrev    bool
}

// Options says where an engine finds its data. The zero value works.
type Options struct {
	Dict     fs.FS  // holds pinyin.dict.gz; default: the embedded assets
	PageSize int    // candidates a page; default 9
	TempDir  string // where librime's private folder is made; default: the system's
	Log      *slog.Logger
}

func (o Options) filled() Options {
	if o.Dict == nil {
		o.Dict = assets.IME()
	}
	if o.PageSize <= 0 {
		o.PageSize = 9
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// letter returns the key as the engines take it, or false.
func letter(key rune) (byte, bool) {
	if key >= 'A' && key <= 'Z' {
		key += 'a' - 'A'
	}
	if key >= 'a' && key <= 'z' || key == '\'' {
		return byte(key), true
	}
	return 0, false
}
