package catalogue

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// Fault is one thing wrong in a declared file.
type Fault struct {
	File    string // path below the catalogue's root
	Line    int    // from 1
	Key     string // dotted TOML key, for example "fields.options_ref"
	Problem string
}

// Error is the fault as file:line: key: problem, which editors can jump to.
func (f Fault) Error() string {
	if f.Key == "" {
		return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Problem)
	}
	return fmt.Sprintf("%s:%d: %s: %s", f.File, f.Line, f.Key, f.Problem)
}

// Faults are all faults of a catalogue, ordered.
type Faults []Fault

// Error has one line for each fault.
func (f Faults) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "catalogue has %d fault(s)", len(f))
	for _, one := range f {
		b.WriteString("\n" + one.Error())
	}
	return b.String()
}

func byPlace(a, b Fault) int {
	return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line),
		cmp.Compare(a.Key, b.Key), cmp.Compare(a.Problem, b.Problem))
}

// fault notes a fault at a key, given with the indexes of its tables, as in
// "fields[2].constraint.min".
func (r *reader) fault(s *source, key, problem string, args ...any) {
	r.faults = append(r.faults, s.fault(key, fmt.Sprintf(problem, args...)))
}

func (s *source) fault(key, problem string) Fault {
	return Fault{File: s.path, Line: s.line(key), Key: withoutIndex(key), Problem: problem}
}

// FaultsIn makes faults of a declared file that is not the catalogue's own. A key
// has the indexes of its tables, as in "figures[2].label.en"; its fault has the
// line where it stands, or that of the table that should hold it.
func FaultsIn(name string, data []byte) func(key, problem string) Fault {
	return (&source{path: name, data: data}).fault
}

// line is where a key stands. A key that is missing has the line of the table
// that should hold it.
func (s *source) line(key string) int {
	if s.lines == nil {
		s.lines = keyLines(s.data)
	}
	for {
		if n, ok := s.lines[key]; ok {
			return n
		}
		cut := strings.LastIndexAny(key, ".[")
		if cut < 0 {
			return 1
		}
		key = key[:cut]
	}
}

func withoutIndex(key string) string {
	var b strings.Builder
	skip := false
	for _, c := range key {
		switch {
		case c == '[':
			skip = true
		case c == ']':
			skip = false
		case !skip:
			b.WriteRune(c)
		}
	}
	return b.String()
}

// at is the key of the i-th element of a list.
func at(key string, i int) string { return key + "[" + strconv.Itoa(i) + "]" }

// under is a key below a table; the file itself is the table "".
func under(table, key string) string {
	if table == "" {
		return key
	}
	return table + "." + key
}

// keyLines maps each key of a TOML document to its line. The decoder forgets
// where values stood, so a fault in the meaning of a file is looked up in the
// syntax tree, and only then.
func keyLines(data []byte) map[string]int {
	l := &lineIndex{data: data, lines: map[string]int{}, count: map[string]int{}}
	l.parser.Reset(data)
	for l.parser.NextExpression() {
		e := l.parser.Expression()
		switch e.Kind {
		case unstable.Table, unstable.ArrayTable:
			l.header(e)
		case unstable.KeyValue:
			l.keyValue(l.table, e)
		}
	}
	return l.lines
}

type lineIndex struct {
	parser unstable.Parser
	data   []byte
	lines  map[string]int
	count  map[string]int // rows so far of each array of tables
	table  string
}

func (l *lineIndex) header(e *unstable.Node) {
	name := ""
	line := 1
	for it := e.Key(); it.Next(); {
		k := it.Node()
		line = l.lineOf(k)
		name = under(name, string(k.Data))
		switch n := l.count[name]; {
		case it.IsLast() && e.Kind == unstable.ArrayTable:
			l.mark(name, line)
			l.count[name]++
			name = at(name, n)
		case n > 0:
			name = at(name, n-1)
		}
	}
	l.mark(name, line)
	l.table = name
}

func (l *lineIndex) keyValue(table string, e *unstable.Node) {
	name := table
	for it := e.Key(); it.Next(); {
		k := it.Node()
		name = under(name, string(k.Data))
		l.mark(name, l.lineOf(k))
	}
	l.value(name, e.Value())
}

// value marks what stands inside inline tables and arrays. An element has the
// line of its first key, for only keys keep their place in the tree.
func (l *lineIndex) value(name string, v *unstable.Node) {
	switch v.Kind {
	case unstable.InlineTable:
		for it := v.Children(); it.Next(); {
			l.keyValue(name, it.Node())
		}
	case unstable.Array:
		i := 0
		for it := v.Children(); it.Next(); i++ {
			l.element(at(name, i), it.Node())
		}
	}
}

func (l *lineIndex) element(name string, v *unstable.Node) {
	if v.Raw.Length > 0 {
		l.mark(name, l.lineOf(v))
	}
	l.value(name, v)
}

func (l *lineIndex) mark(name string, line int) {
	if _, ok := l.lines[name]; !ok {
		l.lines[name] = line
	}
}

func (l *lineIndex) lineOf(n *unstable.Node) int {
	return 1 + bytes.Count(l.data[:n.Raw.Offset], []byte("\n"))
}

func decodeStrict(data []byte, v any) error {
	return toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields().Decode(v)
}

// sorted puts faults in order and drops repetitions.
func sorted(faults []Fault) []Fault {
	slices.SortFunc(faults, byPlace)
	return slices.Compact(faults)
}
