// Package receipt composes slips: what was filed and what became of it, on paper
// that says no more than is known.
//
// The layouts are declared files; it prints nothing and decides nothing.
package receipt

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/pelletier/go-toml/v2"

	"leye/app/terminal/internal/kiosk"
	"leye/devices/printer"
)

// Kind is which slip it is. The kinds are told apart at first sight.
type Kind string

// The slips.
const (
	Accepted Kind = "accepted" // 已受理: the central holds it
	Saved    Kind = "saved"    // 已保存待上传: safe on this terminal
	Parked   Kind = "parked"   // 未成功: the central refused it, it waits for staff
	Printout Kind = "printout" // a policy to take along
	Progress Kind = "progress" // 进度打印单: how far a case has come, as the central told it
	Day      Kind = "day"      // 日结单: what a day came to, for staff
	Privacy  Kind = "privacy"  // 个人信息说明单: what is read and until when it stays
)

var allKinds = []Kind{Accepted, Saved, Parked, Printout, Progress, Day, Privacy}

// Slip is what a layout can name. Names and numbers of people come masked.
type Slip struct {
	Centre, Desk, Phone string
	Terminal            string
	At                  time.Time
	Language            string // "zh" or "en"
	Service             string
	Number, QueryCode   string // when accepted
	Reference           string // the terminal's own
	Applicant           string
	ApplicantNumber     string
	Answers             []Item
	Materials           []string
	Stands              string // how far a case has come
	Due                 string // day as YYYY-MM-DD, or empty
	Title               string // of the printed text
	Text                []string
	Sections            []Section
	Code                string // for staff, when parked
	Print               int    // of this slip, from 1; 0 where prints are not counted
	Proof               string // signed head of the journal, on the day's slip
}

// Item is one answer.
type Item struct{ Label, Value string }

// Section is a heading with its paragraphs.
type Section struct {
	Title string
	Lines []string
}

// layout is one declared slip.
type layout struct {
	Body []block `toml:"body"`
	Tail []block `toml:"tail"`
}

// block is one declared piece. Exactly one of line, pair, rule, list, qr, feed
// and cut is set. If names a field of the slip that must not be empty.
type block struct {
	If     string `toml:"if"`
	Line   words  `toml:"line"`
	Pair   *pair  `toml:"pair"`
	Rule   bool   `toml:"rule"`
	List   string `toml:"list"` // one of lists
	QR     string `toml:"qr"`
	Feed   int    `toml:"feed"`
	Cut    bool   `toml:"cut"`
	Align  string `toml:"align"` // left, center or right
	Bold   bool   `toml:"bold"`
	Double bool   `toml:"double"`
}

type words struct {
	ZH string `toml:"zh"`
	EN string `toml:"en"` // added below the Chinese when the visit is in English
}

type pair struct {
	Label words  `toml:"label"`
	Value string `toml:"value"`
}

// Layouts are the declared slips.
type Layouts struct{ byKind map[Kind]layout }

// Load reads <kind>.toml for every kind, strictly.
func Load(dir fs.FS) (*Layouts, error) {
	l := &Layouts{byKind: map[Kind]layout{}}
	for _, kind := range allKinds {
		name := string(kind) + ".toml"
		data, err := fs.ReadFile(dir, name)
		if err != nil {
			return nil, fmt.Errorf("read slip layout: %w", err)
		}
		parsed, err := decode(data)
		if err != nil {
			return nil, fmt.Errorf("read slip layout %s: %w", path.Base(name), err)
		}
		l.byKind[kind] = parsed
	}
	return l, nil
}

func decode(data []byte) (layout, error) {
	var l layout
	err := toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields().Decode(&l)
	var unknown *toml.StrictMissingError
	if errors.As(err, &unknown) {
		row, _ := unknown.Errors[0].Position()
		return l, fmt.Errorf("line %d: %s: unknown key", row, strings.Join(unknown.Errors[0].Key(), "."))
	}
	var wrong *toml.DecodeError
	if errors.As(err, &wrong) {
		row, _ := wrong.Position()
		return l, fmt.Errorf("line %d: %s: %w", row, strings.Join(wrong.Key(), "."), err)
	}
	if err != nil {
		return l, err
	}
	return l, l.check()
}

// check finds what the file's shape alone does not: each block must print
// something that a slip has, and the paper must come off at the end.
func (l layout) check() error {
	for part, blocks := range map[string][]block{"body": l.Body, "tail": l.Tail} {
		for n, b := range blocks {
			if err := b.check(); err != nil {
				return fmt.Errorf("%s block %d: %w", part, n+1, err)
			}
		}
	}
	if n := len(l.Tail); n == 0 || !l.Tail[n-1].Cut || l.Tail[n-1].If != "" {
		return errors.New("tail: the last block does not cut")
	}
	return nil
}

func (b block) check() error {
	pieces := 0
	for _, set := range []bool{b.Line.ZH != "", b.Pair != nil, b.Rule, b.List != "", b.QR != "", b.Feed > 0, b.Cut} {
		if set {
			pieces++
		}
	}
	if pieces != 1 {
		return fmt.Errorf("%d pieces, want exactly one", pieces)
	}
	if b.If != "" && !named(b.If) {
		return fmt.Errorf("if: no such field %q", b.If)
	}
	if _, ok := aligns[b.Align]; !ok {
		return fmt.Errorf("align: %q is not left, center or right", b.Align)
	}
	if b.List != "" && !slices.Contains(lists, b.List) {
		return fmt.Errorf("list: no such list %q", b.List)
	}
	texts := b.Line.ZH + b.Line.EN + b.QR
	if b.Pair != nil {
		if b.Pair.Label.ZH == "" {
			return errors.New("pair: no Chinese label")
		}
		texts += b.Pair.Value
	}
	for _, m := range placeholder.FindAllStringSubmatch(texts, -1) {
		if !named(m[1]) {
			return fmt.Errorf("no such field %q", m[1])
		}
	}
	return nil
}

var lists = []string{"answers", "materials", "text", "sections"}

var placeholder = regexp.MustCompile(`\{([^{}]*)\}`)

// Compose fills the layout of a kind.
func (l *Layouts) Compose(kind Kind, s Slip) (printer.Document, error) {
	declared, ok := l.byKind[kind]
	if !ok {
		return printer.Document{}, fmt.Errorf("compose slip: no layout %q", kind)
	}
	if kind == Accepted && s.Number == "" || (kind == Saved || kind == Parked) && s.Reference == "" {
		return printer.Document{}, fmt.Errorf("compose slip: %s without its number", kind)
	}
	fill := strings.NewReplacer(s.values()...)
	var doc printer.Document
	for _, b := range declared.Body {
		doc.Body = append(doc.Body, s.blocks(b, fill)...)
	}
	for _, b := range declared.Tail {
		doc.Tail = append(doc.Tail, s.blocks(b, fill)...)
	}
	return doc, nil
}

// fields are the names that layouts use, in braces.
func (s Slip) fields() map[string]string {
	reprint, pending := "", ""
	if s.Print > 1 {
		reprint = strconv.Itoa(s.Print)
	}
	if s.Number == "" {
		pending = s.Reference
	}
	return map[string]string{
		"centre": s.Centre, "desk": s.Desk, "phone": s.Phone, "terminal": s.Terminal, "at": s.At.In(kiosk.China).Format("2006-01-02 15:04:05"),
		"service": s.Service, "number": s.Number, "query_code": s.QueryCode, "reference": s.Reference, "pending": pending, "applicant": s.Applicant,
		"applicant_number": s.ApplicantNumber, "due": s.Due, "title": s.Title, "stands": s.Stands, "code": s.Code, "reprint": reprint, "qr": kiosk.SlipCode(s.Number, kiosk.Reference(s.Reference), s.QueryCode),
		"materials": strings.Join(s.Materials, "\n"), "answers": strings.Repeat("1", len(s.Answers)), "text": strings.Join(s.Text, "\n"), "proof": s.Proof,
	}
}

func named(field string) bool {
	_, ok := Slip{}.fields()[field]
	return ok
}

func (s Slip) values() []string {
	var out []string
	for k, v := range s.fields() {
		out = append(out, "{"+k+"}", plain(v))
	}
	return out
}

// plain drops what a printer would obey: values come from keyboards, cards and
// the central.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' {
			return -1
		}
		return r
	}, s)
}

func (s Slip) blocks(b block, fill *strings.Replacer) []printer.Block {
	if b.If != "" && s.fields()[b.If] == "" {
		return nil
	}
	switch {
	case b.Line.ZH != "":
		out := []printer.Block{printer.Line{Text: fill.Replace(b.Line.ZH), Align: aligns[b.Align], Bold: b.Bold, Double: b.Double}}
		if s.Language == "en" && b.Line.EN != "" {
			out = append(out, printer.Line{Text: fill.Replace(b.Line.EN), Align: aligns[b.Align], Bold: b.Bold})
		}
		return out
	case b.Pair != nil:
		label := b.Pair.Label.ZH
		if s.Language == "en" && b.Pair.Label.EN != "" {
			label += " " + b.Pair.Label.EN
		}
		return []printer.Block{printer.Pair{Label: label, Value: fill.Replace(b.Pair.Value), Bold: b.Bold}}
	case b.List != "":
		return s.list(b.List)
	case b.QR != "":
		return []printer.Block{printer.QR{Data: fill.Replace(b.QR)}}
	case b.Rule:
		return []printer.Block{printer.Rule{}}
	case b.Feed > 0:
		return []printer.Block{printer.Feed{Lines: b.Feed}}
	case b.Cut:
		return []printer.Block{printer.Cut{}}
	}
	return nil
}

var aligns = map[string]printer.Align{"": printer.Left, "left": printer.Left, "center": printer.Center, "right": printer.Right}

func (s Slip) list(name string) []printer.Block {
	var out []printer.Block
	switch name {
	case "answers":
		for _, a := range s.Answers {
			out = append(out, printer.Pair{Label: plain(a.Label), Value: plain(a.Value)})
		}
	case "materials":
		for _, m := range s.Materials {
			out = append(out, item(m))
		}
	case "text":
		for _, t := range s.Text {
			out = append(out, printer.Line{Text: plain(t)})
		}
	case "sections":
		for _, c := range s.Sections {
			out = append(out, printer.Rule{}, printer.Line{Text: plain(c.Title), Bold: true})
			for _, t := range c.Lines {
				out = append(out, item(t))
			}
		}
	}
	return out
}

// item is one of several: its second line stands below the first, not below the mark.
func item(text string) printer.Block { return printer.Pair{Label: "-", Value: plain(text)} }
