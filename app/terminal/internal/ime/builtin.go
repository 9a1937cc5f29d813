package ime

import "strings"

// builtIn is the engine in plain Go: the stand-by of librime and the reference
// in tests. It keeps nothing on disk.
type builtIn struct {
	dict  *dict
	size  int // candidates a page
	input string
	picks []pick
	fresh bool // no letter came after the last pick
	found analysis
	page  int
}

// pick is a part of the input for which a candidate was chosen.
type pick struct{ text, input string }

// OpenBuiltIn reads the dictionary, which takes about 50 ms and 10 MB.
func OpenBuiltIn(o Options) (Engine, error) {
	o = o.filled()
	d, err := loadDict(o.Dict)
	if err != nil {
		return nil, err
	}
	return &builtIn{dict: d, size: o.PageSize}, nil
}

func (e *builtIn) Feed(key rune) State {
	c, ok := letter(key)
	if !ok || e.dict == nil || e.length() >= maxInput {
		return e.state()
	}
	if c == '\'' && (e.input == "" || strings.HasSuffix(e.input, "'")) {
		return e.state()
	}
	return e.read(e.input + string(rune(c)))
}

func (e *builtIn) Backspace() State {
	last := len(e.picks) - 1
	switch {
	case last >= 0 && (e.fresh || len(e.input) <= 1):
		rest := e.input
		if !e.fresh {
			rest = ""
		}
		p := e.picks[last]
		e.picks = e.picks[:last]
		return e.read(p.input + rest)
	case e.input != "":
		return e.read(e.input[:len(e.input)-1])
	}
	return e.state()
}

func (e *builtIn) Select(n int) State {
	shown := e.shown()
	if n < 0 || n >= len(shown) {
		return e.state()
	}
	c := shown[n]
	e.picks = append(e.picks, pick{c.text, e.input[:c.end]})
	if c.end < len(e.input) {
		e.read(e.input[c.end:])
		e.fresh = true
		return e.state()
	}
	text := e.picked()
	e.Reset()
	return State{Commit: text}
}

func (e *builtIn) Page(delta int) State {
	last := (len(e.found.candidates) - 1) / e.size
	e.page = max(0, min(e.page+max(-maxPages, min(delta, maxPages)), last))
	return e.state()
}

// maxPages keeps the sum of page and delta from overflowing.
const maxPages = 1 << 20

func (e *builtIn) Reset() {
	e.input, e.picks, e.fresh, e.found, e.page = "", nil, false, analysis{}, 0
}

func (e *builtIn) Close() error {
	e.Reset()
	e.dict = nil
	return nil
}

// read takes input as what waits for a choice.
func (e *builtIn) read(input string) State {
	e.input, e.fresh, e.page = input, false, 0
	e.found = e.dict.analyse(input)
	return e.state()
}

func (e *builtIn) state() State {
	s := State{Preedit: e.preedit(), Page: e.page}
	for _, c := range e.shown() {
		s.Candidates = append(s.Candidates, c.text)
	}
	s.HasPrev = e.page > 0
	s.HasNext = (e.page+1)*e.size < len(e.found.candidates)
	return s
}

// shown is the page of candidates.
func (e *builtIn) shown() []candidate {
	all := e.found.candidates
	from := min(e.page*e.size, len(all))
	return all[from:min(from+e.size, len(all))]
}

func (e *builtIn) picked() string {
	var b strings.Builder
	for _, p := range e.picks {
		b.WriteString(p.text)
	}
	return b.String()
}

// length is how many letters wait, those of picked parts too.
func (e *builtIn) length() int {
	n := len(e.input)
	for _, p := range e.picks {
		n += len(p.input)
	}
	return n
}

func (e *builtIn) preedit() string {
	var b strings.Builder
	b.WriteString(e.picked())
	from := 0
	for _, cut := range e.found.cuts {
		if cut < len(e.input) {
			b.WriteString(e.input[from:cut])
			if e.input[cut] != '\'' {
				b.WriteByte(' ')
			}
			from = cut
		}
	}
	b.WriteString(e.input[from:])
	return b.String()
}
