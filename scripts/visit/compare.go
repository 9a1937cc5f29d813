package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"leye/scripts/internal/paper"
)

// Evidence is what a visit left, on three sides.
type Evidence struct {
	Record Record // the screens
	Slip   string // the paper
	Case   Case   // the central
	Words  Words
}

// Case is what compare reads of the central's case.
type Case struct {
	Number    string         `json:"number"`
	Reference string         `json:"reference"`
	Service   string         `json:"service"`
	Applicant string         `json:"applicant"`
	Answers   map[string]any `json:"answers"`
	State     string         `json:"state"`
	Due       string         `json:"due"`
	Events    []CaseEvent    `json:"events"`
}

// CaseEvent is one of its events.
type CaseEvent struct {
	At    time.Time `json:"at"`
	State string    `json:"state"` // after it
}

// Mark is what one side says of a fact.
type Mark string

// The marks. Unsaid is no difference: a slip in a waiting room does not say all.
const (
	Same   Mark = "ok"
	Other  Mark = "DIFFERS"
	Unsaid Mark = "-"
)

// Row is one fact and what each side says of it.
type Row struct {
	What, Want            string
	Screen, Slip, Central Mark
}

// Compare holds number, service, person and each answer against the screens,
// the slip and the central's case.
func Compare(e Evidence) []Row {
	v := e.Record.Visit
	if v.Before != "" {
		return e.lookUpRows()
	}
	filed := strings.Join(e.Record.texts("filed"), "\n")
	all := e.allTexts()
	rows := []Row{e.numberRow(filed), {
		What: "service", Want: e.Words.Service,
		Screen: contains(all, e.Words.Service), Slip: contains(e.Slip, e.Words.Service), Central: same(e.Case.Service == v.Service),
	}}
	if v.Person.Name != "" {
		rows = append(rows, Row{
			What: "person", Want: v.Person.Name, Screen: names(all, v.Person.Name), Slip: names(e.Slip, v.Person.Name),
			Central: same(agrees(e.Case.Applicant, v.Person.Name)),
		}, Row{
			What: "document", Want: v.Person.Number, Screen: names(all, v.Person.Number), Slip: unsaidUnless(names(e.Slip, v.Person.Number)),
			Central: Unsaid,
		})
	}
	if e.Record.Policy != "" {
		title := firstLine(e.Record.Policy)
		rows = append(rows, Row{What: "policy", Want: title, Screen: contains(strings.Join(e.Record.texts("policy"), "\n"), title), Slip: contains(e.Slip, title), Central: Unsaid})
	}
	return append(rows, e.answerRows()...)
}

func (e Evidence) numberRow(filed string) Row {
	screen, slip := paper.Read(filed), paper.Read(e.Slip)
	if e.Record.Offline {
		kept := contains(e.Slip, "已保存待上传")
		return Row{What: "reference", Want: e.Case.Reference, Screen: same(screen.Reference == e.Case.Reference), Slip: worst(kept, same(slip.Reference == e.Case.Reference)), Central: same(e.Case.Number != "")}
	}
	return Row{What: "number", Want: e.Case.Number, Screen: same(screen.Number == e.Case.Number), Slip: same(slip.Number == e.Case.Number), Central: same(e.Case.Number != "")}
}

// answerRows has a row for each answer that was given or read from the card, and
// for each that the central has and nobody gave.
func (e Evidence) answerRows() []Row {
	want := map[string]any{}
	for key, answer := range e.Record.Visit.Answers {
		want[key] = answer.Value
	}
	maps.Copy(want, e.Record.Visit.Given)
	var rows []Row
	if word := e.Record.Visit.Search.Value; word != nil {
		rows = append(rows, e.searchRow(fmt.Sprint(word)))
	}
	screen := segments(e.screenTexts(), e.Words)
	slip := segments(columns(e.Slip), e.Words)
	for _, key := range slices.Sorted(maps.Keys(want)) {
		rows = append(rows, e.answerRow(key, want[key], screen, slip))
	}
	for _, key := range slices.Sorted(maps.Keys(e.Case.Answers)) {
		if _, known := want[key]; !known && (key != searched || e.Record.Visit.Search.Value == nil) && !slices.Contains(e.Record.Visit.Unseen, key) {
			rows = append(rows, Row{What: key, Want: "(nothing)", Screen: Unsaid, Slip: Unsaid, Central: Other})
		}
	}
	return rows
}

// searched is the field of the look-up that the search word answers. It has no
// sheet with labels, and paper need not repeat it.
const searched = "kw"

func (e Evidence) searchRow(word string) Row {
	return Row{
		What: searched, Want: word, Screen: contains(strings.Join(e.Record.texts("policy-search"), "\n"), word),
		Slip: unsaidUnless(contains(e.Slip, word)), Central: same(sameValue(e.Case.Answers[searched], word)),
	}
}

func (e Evidence) answerRow(key string, value any, screen, slip map[string][]string) Row {
	f, known := e.Words.field(key)
	var want []string
	for _, one := range items(value) {
		want = append(want, e.Words.forms(f, one)[0])
	}
	row := Row{What: key, Want: strings.Join(want, "、"), Screen: e.Words.said(screen, f, value), Slip: e.Words.said(slip, f, value)}
	row.Central = same(known && sameValue(e.Case.Answers[key], value))
	if e.Case.Answers[key] == registered {
		row.Central = Unsaid
	}
	if !slices.Contains(e.Record.Visit.Unseen, key) {
		return row
	}
	if row.Screen == Other && screen[key] == nil {
		row.Screen = Unsaid
	}
	if row.Slip == Other && slip[key] == nil {
		row.Slip = Unsaid
	}
	return row
}

// screenTexts are those that show answers: the check sheet, or, where a matter
// has none, all screens.
func (e Evidence) screenTexts() []string {
	if texts := e.Record.texts("check"); len(texts) > 0 {
		return texts
	}
	return strings.Split(e.allTexts(), "\n")
}

func (e Evidence) allTexts() string {
	var texts []string
	for _, s := range e.Record.Steps {
		texts = append(texts, s.Texts...)
	}
	return strings.Join(texts, "\n")
}

// sheet is a screen or a paper without its white space, since paper is narrow
// and breaks words anywhere. Breaks are the places where a line began.
type sheet struct {
	text   string
	breaks map[int]bool
}

func newSheet(lines []string) sheet {
	s := sheet{breaks: map[int]bool{}}
	var b strings.Builder
	for _, line := range lines {
		s.breaks[b.Len()] = true
		b.WriteString(squeeze(line))
	}
	s.breaks[b.Len()] = true
	s.text = b.String()
	return s
}

// pieces is the text from one place to another, cut where lines began and at
// the marks of lists.
func (s sheet) pieces(from, to int) []string {
	var found []string
	for start, i := from, from; i <= to; i++ {
		if i == to || s.breaks[i] {
			found = append(found, strings.FieldsFunc(s.text[start:i], func(r rune) bool { return strings.ContainsRune("、::", r) })...)
			start = i
		}
	}
	return found
}

// segments cuts a sheet at the labels of fields: what stands between a label and
// the next one is that field's answer, in pieces.
func segments(lines []string, words Words) map[string][]string {
	s := newSheet(lines)
	type cut struct {
		key         string
		label, from int
	}
	var cuts []cut
	for _, f := range words.Fields {
		label := squeeze(f.Label)
		for at := 0; label != ""; {
			i := strings.Index(s.text[at:], label)
			if i < 0 {
				break
			}
			at += i + len(label)
			if s.labelled(at-len(label), at) {
				cuts = append(cuts, cut{f.Key, at - len(label), at})
			}
		}
	}
	slices.SortFunc(cuts, func(a, b cut) int { return a.label - b.label })
	found := map[string][]string{}
	for i, c := range cuts {
		end := len(s.text)
		if i+1 < len(cuts) {
			end = max(c.from, cuts[i+1].label)
		}
		found[c.key] = append(found[c.key], s.pieces(c.from, end)...)
	}
	return found
}

// gap is what stands between the columns of a slip.
var gap = regexp.MustCompile(` {2,}`)

// columns takes a slip's label and value, which stand side by side, for two
// lines.
func columns(slip string) []string {
	return strings.Split(gap.ReplaceAllString(slip, "\n"), "\n")
}

// labelled tells a label from the same words inside a text: it begins a line,
// and ends it or has a colon after it.
func (s sheet) labelled(from, to int) bool {
	rest := s.text[to:]
	return s.breaks[from] && (s.breaks[to] || strings.HasPrefix(rest, ":") || strings.HasPrefix(rest, ":"))
}

// said judges what a sheet says after the field's label.
func (w Words) said(found map[string][]string, f FieldWords, value any) Mark {
	pieces, ok := found[f.Key]
	if !ok {
		return Other
	}
	for _, one := range items(value) {
		if !slices.ContainsFunc(w.forms(f, one), func(form string) bool { return stands(pieces, squeeze(form)) }) {
			if slices.Contains(pieces, registered) {
				return Unsaid
			}
			return Other
		}
	}
	return Same
}

// registered is what papers say instead of health, hardship and the like.
const registered = "已登记"

// stands looks for the value, whole or masked, in one piece or, where it was
// broken or has marks of its own, in several that follow each other.
func stands(pieces []string, value string) bool {
	marks := strings.NewReplacer("、", "", ":", "", ":", "")
	value = marks.Replace(value)
	for i := range pieces {
		for j := i + 1; j <= len(pieces); j++ {
			text := strings.Join(pieces[i:j], "")
			if text == value || i == 0 && wholeMask(pieces, j) && agrees(text, value) {
				return true
			}
		}
	}
	return false
}

// wholeMask reports whether no mask is torn between piece j and the one before:
// the end of a mask alone would fit too many values.
func wholeMask(pieces []string, j int) bool {
	return j == len(pieces) || !strings.HasPrefix(pieces[j], "*")
}

func items(value any) []any {
	if list, ok := value.([]any); ok {
		return list
	}
	return []any{value}
}

// sameValue compares a declared answer with the central's, which masks what is
// personal.
func sameValue(got, want any) bool {
	if got == nil {
		return false
	}
	if text, ok := got.(string); ok {
		return agrees(text, fmt.Sprint(want))
	}
	a, errA := json.Marshal(got)
	b, errB := json.Marshal(want)
	return errA == nil && errB == nil && string(a) == string(b)
}

// names looks for the value, whole or masked, as one of a sheet's pieces.
func names(sheet, value string) Mark {
	pieces := strings.FieldsFunc(sheet, func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune("::,,。;;()()", r)
	})
	return same(contains(sheet, value) == Same || slices.ContainsFunc(pieces, func(piece string) bool { return agrees(piece, value) }))
}

// agrees holds a text, in which stars may stand for any characters, against the
// whole value. A mask must show something.
func agrees(masked, value string) bool {
	if masked == value {
		return true
	}
	parts := strings.FieldsFunc(masked, func(r rune) bool { return r == '*' || unicode.IsSpace(r) })
	if len(parts) == 0 || !strings.Contains(masked, "*") {
		return false
	}
	rest := value
	for i, part := range parts {
		at := strings.Index(rest, part)
		if i == len(parts)-1 && !strings.HasSuffix(masked, "*") {
			at = strings.LastIndex(rest, part)
			if at+len(part) != len(rest) {
				return false
			}
		}
		if at < 0 || i == 0 && at > 0 && !strings.HasPrefix(masked, "*") {
			return false
		}
		rest = rest[at+len(part):]
	}
	return true
}

func contains(sheet, text string) Mark {
	return same(text != "" && strings.Contains(squeeze(sheet), squeeze(text)))
}

// squeeze drops white space, which line breaks on narrow paper add anywhere.
func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
}

func same(ok bool) Mark {
	if ok {
		return Same
	}
	return Other
}

func worst(marks ...Mark) Mark {
	if slices.Contains(marks, Other) {
		return Other
	}
	return Same
}

func unsaidUnless(m Mark) Mark {
	if m == Same {
		return Same
	}
	return Unsaid
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

func (r Row) agrees() bool { return r.Screen != Other && r.Slip != Other && r.Central != Other }

func agreed(rows []Row) bool {
	return !slices.ContainsFunc(rows, func(r Row) bool { return !r.agrees() })
}

func printRows(w io.Writer, rows []Row) {
	fmt.Fprintf(w, "%-18s %-8s %-8s %-8s %s\n", "what", "screen", "slip", "central", "value")
	for _, r := range rows {
		fmt.Fprintf(w, "%-18s %-8s %-8s %-8s %s\n", r.What, r.Screen, r.Slip, r.Central, r.Want)
	}
}
