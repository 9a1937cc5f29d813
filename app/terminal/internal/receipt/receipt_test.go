package receipt_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"leye/app/terminal/internal/privacy"
	"leye/app/terminal/internal/receipt"
	"leye/app/terminal/internal/ui/text"
	"leye/assets"
	"leye/devices/printer"
	"leye/devices/scanner"
)

func words(d printer.Document) string {
	var w strings.Builder
	for _, b := range append(d.Body, d.Tail...) {
		switch b := b.(type) {
		case printer.Line:
			fmt.Fprintln(&w, b.Text)
		case printer.Pair:
			fmt.Fprintln(&w, b.Label, b.Value)
		case printer.QR:
			fmt.Fprintln(&w, "QR", b.Data)
		case printer.Cut:
			fmt.Fprintln(&w, "CUT")
		}
	}
	return w.String()
}

func sample() receipt.Slip {
	return receipt.Slip{
		Centre: "样例中心", Desk: "综合窗口", Phone: "12333", Terminal: "PT01", At: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC),
		Language: "zh", Service: "灵活就业登记", Number: "005-0042", QueryCode: "482913", Reference: "PT01-1123-0007-3",
		Applicant: "李*样", ApplicantNumber: "3101*************6", Answers: []receipt.Item{{Label: "从业内容", Value: "送外卖"}},
	}
}

func TestEachSlipSaysItsOwnWordsOnly(t *testing.T) {
	l, err := receipt.Load(assets.Receipts())
	if err != nil {
		t.Fatal(err)
	}
	own := map[receipt.Kind]string{receipt.Accepted: "已受理", receipt.Saved: "已保存待上传", receipt.Parked: "未成功", receipt.Printout: "查询打印单", receipt.Progress: "进度打印单", receipt.Day: "日结单", receipt.Privacy: "个人信息说明单"}
	for kind, title := range own {
		for _, language := range []string{"zh", "en"} {
			s := sample()
			s.Language = language
			doc, err := l.Compose(kind, s)
			if err != nil {
				t.Fatal(err)
			}
			text := words(doc)
			for other, mark := range own {
				if strings.Contains(text, mark) != (other == kind) {
					t.Errorf("%s slip and the words %s:\n%s", kind, mark, text)
				}
			}
			if !strings.Contains(text, title) || !strings.HasSuffix(text, "CUT\n") || strings.ContainsAny(text, "{}") {
				t.Errorf("%s slip:\n%s", kind, text)
			}
			if number := strings.Contains(text, "005-0042"); number != (kind == receipt.Accepted || kind == receipt.Printout || kind == receipt.Progress) {
				t.Errorf("%s slip shows the case number: %v", kind, number)
			}
		}
	}
}

// A policy's printout is not a slip of its registration, yet says how that stands.
func TestPrintoutSaysWhetherItsRegistrationWasSent(t *testing.T) {
	l, err := receipt.Load(assets.Receipts())
	if err != nil {
		t.Fatal(err)
	}
	for _, number := range []string{"", "005-0042"} {
		s := sample()
		s.Number = number
		doc, err := l.Compose(receipt.Printout, s)
		if err != nil {
			t.Fatal(err)
		}
		if said := strings.Contains(words(doc), "已保存待上传"); said != (number == "") {
			t.Errorf("with number %q the printout says 已保存待上传: %v", number, said)
		}
	}
}

// A reprint says so and carries its own number, in the body and beside the code
// that makes it valid; a first print says nothing of either.
func TestReprintCarriesItsNumber(t *testing.T) {
	l, err := receipt.Load(assets.Receipts())
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []receipt.Kind{receipt.Accepted, receipt.Saved, receipt.Parked, receipt.Printout} {
		for print, want := range map[int]string{0: "", 1: "", 2: "补打（第2次打印）", 13: "补打（第13次打印）"} {
			s := sample()
			s.Print = print
			doc, err := l.Compose(kind, s)
			if err != nil {
				t.Fatal(err)
			}
			body, tail := words(printer.Document{Body: doc.Body}), words(printer.Document{Tail: doc.Tail})
			if want == "" && strings.Contains(body+tail, "补打") || want != "" && (!strings.Contains(body, want) || !strings.Contains(tail, want)) {
				t.Errorf("%s, print %d:\n%s%s", kind, print, body, tail)
			}
		}
	}
}

func TestNoClaimWithoutANumber(t *testing.T) {
	l, err := receipt.Load(assets.Receipts())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Compose(receipt.Accepted, receipt.Slip{}); err == nil {
		t.Error("an accepted slip without a case number")
	}
	for _, kind := range []receipt.Kind{receipt.Saved, receipt.Parked} {
		if _, err := l.Compose(kind, receipt.Slip{}); err == nil {
			t.Errorf("a %s slip without a reference", kind)
		}
	}
}

// TestAScannerReadsTheCodeOnASlip holds paper and scanner together.
func TestAScannerReadsTheCodeOnASlip(t *testing.T) {
	l, err := receipt.Load(assets.Receipts())
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []receipt.Kind{receipt.Accepted, receipt.Saved, receipt.Parked, receipt.Printout} {
		s := sample()
		number, query := s.Number, s.QueryCode
		if kind == receipt.Saved || kind == receipt.Parked {
			s.Number, s.QueryCode = "", ""
			number, query = s.Reference, ""
		}
		doc, err := l.Compose(kind, s)
		if err != nil {
			t.Fatal(err)
		}
		read := 0
		for _, b := range append(doc.Body, doc.Tail...) {
			code, ok := b.(printer.QR)
			if !ok {
				continue
			}
			read++
			if n, q := scanner.Parse([]byte(code.Data)).Slip(); n != number || q != query {
				t.Errorf("%s slip: the code says %q and %q, want %q and %q", kind, n, q, number, query)
			}
		}
		if (read == 1) != (kind != receipt.Parked) { // what was refused has no progress to ask for
			t.Errorf("%s slip has %d codes", kind, read)
		}
	}
}

var update = flag.Bool("update", false, "write the golden slips anew")

const columns = 48 // of 80 mm paper

// draw is a document as text; double-size rows are spaced out.
func draw(d printer.Document) string {
	var w strings.Builder
	part := func(name string, blocks []printer.Block) {
		fmt.Fprintf(&w, "[%s]\n", name)
		var run []printer.Pair
		for _, b := range append(blocks, nil) {
			if p, ok := b.(printer.Pair); ok {
				run = append(run, p)
				continue
			}
			at := printer.ValueColumn(run, columns)
			for _, p := range run {
				for row := range printer.PairRows(p, at, columns) {
					fmt.Fprintln(&w, row)
				}
			}
			run = nil
			drawBlock(&w, b)
		}
	}
	part("body", d.Body)
	part("tail", d.Tail)
	return w.String()
}

func drawBlock(w *strings.Builder, b printer.Block) {
	switch b := b.(type) {
	case printer.Line:
		width, size := columns, 1
		if b.Double {
			width, size = columns/2, 2
		}
		for row := range printer.Wrap(b.Text, width) {
			pad := 0
			if b.Align == printer.Center {
				pad = (columns - size*printer.TextWidth(row)) / 2
			}
			if b.Double {
				row = strings.Join(strings.Split(row, ""), "  ")
			}
			fmt.Fprintln(w, strings.TrimRight(strings.Repeat(" ", pad)+row, " "))
		}
	case printer.Rule:
		fmt.Fprintln(w, strings.Repeat("-", columns))
	case printer.QR:
		fmt.Fprintf(w, "<QR %s>\n", b.Data)
	case printer.Feed:
		fmt.Fprintf(w, "<feed %d>\n", b.Lines)
	case printer.Cut:
		fmt.Fprintln(w, "<cut>")
	}
}

// filed is the sample as each kind knows it.
func filed(kind receipt.Kind, language string) receipt.Slip {
	s := sample()
	s.Language = language
	s.Materials = []string{"身份证原件", "劳动合同"}
	switch kind {
	case receipt.Accepted:
		s.Due = "2026-12-07"
	case receipt.Saved:
		s.Number, s.QueryCode = "", ""
	case receipt.Parked:
		s.Number, s.QueryCode, s.Code = "", "", "K-404"
	case receipt.Printout:
		s.Number, s.QueryCode, s.Answers, s.Materials = "", "", nil, nil
		s.Title, s.Text = "灵活就业社会保险补贴", []string{"符合条件的人员可以申请。", "补贴比例 以窗口确认为准"}
	case receipt.Progress:
		s.Stands = map[string]string{"zh": "已告知补正", "en": "Papers asked for"}[language]
		s.Answers = []receipt.Item{{Label: "2026-11-20", Value: "已提交"}, {Label: "2026-11-22", Value: "已告知补正"}}
		s.Text = []string{"请带齐到综合窗口交，或打电话 12333 问清楚。"}
	case receipt.Privacy:
		s = receipt.Slip{Centre: s.Centre, Terminal: s.Terminal, At: s.At, Language: s.Language}
		texts, err := text.Load(assets.Text())
		if err != nil {
			panic(err) // the files are embedded
		}
		say := func(key string, args ...string) string { return texts.Get(language, key, args...) }
		desk := map[string]string{"zh": "综合窗口", "en": "the general counter"}[language]
		told := privacy.Table{KeepDays: privacy.DefaultDays}.Tell(privacy.Read{Card: true, Typed: true}, privacy.Asked{Desk: desk, Phone: "12333"}, say)
		for _, section := range told {
			s.Sections = append(s.Sections, receipt.Section(section))
		}
	}
	return s
}

func TestGoldenSlips(t *testing.T) {
	l, err := receipt.Load(assets.Receipts())
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []receipt.Kind{receipt.Accepted, receipt.Saved, receipt.Parked, receipt.Printout, receipt.Progress, receipt.Privacy} {
		for _, language := range []string{"zh", "en"} {
			name := string(kind) + "." + language
			t.Run(name, func(t *testing.T) {
				doc, err := l.Compose(kind, filed(kind, language))
				if err != nil {
					t.Fatal(err)
				}
				got, path := draw(doc), filepath.Join("testdata", name+".txt")
				if *update {
					if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(path)
				if err != nil || got != string(want) {
					t.Errorf("slip:\n%s\nwant:\n%s\n%v", got, want, err)
				}
			})
		}
	}
}

func TestValuesCommandNothing(t *testing.T) {
	l, err := receipt.Load(assets.Receipts())
	if err != nil {
		t.Fatal(err)
	}
	s := sample()
	s.Applicant = "{number}\x1b@"
	s.Answers = []receipt.Item{{Label: "甲\x00", Value: "乙\x1dV"}}
	s.Materials = []string{"丙\x07"}
	doc, err := l.Compose(receipt.Accepted, s)
	if err != nil {
		t.Fatal(err)
	}
	text := words(doc)
	if strings.ContainsAny(text, "\x00\x07\x1b\x1d") || !strings.Contains(text, "{number}@") {
		t.Errorf("slip: %q", text)
	}
}

func TestTheSlipShowsChinaTime(t *testing.T) {
	l, err := receipt.Load(assets.Receipts())
	if err != nil {
		t.Fatal(err)
	}
	doc, err := l.Compose(receipt.Accepted, sample())
	if err != nil || !strings.Contains(words(doc), "2026-11-23 18:00:00") {
		t.Errorf("%v:\n%s", err, words(doc))
	}
}

func TestBrokenLayoutsAreRefused(t *testing.T) {
	const cut = "\n[[tail]]\ncut = true\n"
	for text, want := range map[string]string{
		"[[body]]\nrule = true\n":                                   "does not cut",
		"[[body]]\ncolour = 1\n" + cut:                              "line 2: body.colour: unknown key",
		"[[body]]\nrule = 1\n" + cut:                                "line 2: body.rule",
		"[[body]]\nrule = true\nfeed = 1\n" + cut:                   "body block 1: 2 pieces",
		"[[body]]\nif = \"due\"\n" + cut:                            "body block 1: 0 pieces",
		"[[body]]\nif = \"weather\"\nrule = true\n" + cut:           "if: no such field \"weather\"",
		"[[body]]\nlist = \"people\"\n" + cut:                       "no such list",
		"[[body]]\nline = { zh = \"甲\", en = \"{nmber}\" }\n" + cut: "no such field \"nmber\"",
		"[[body]]\nqr = \"{x}\"\n" + cut:                            "no such field \"x\"",
		"[[body]]\nrule = true\nalign = \"up\"\n" + cut:             "align",
	} {
		_, err := receipt.Load(fstest.MapFS{"accepted.toml": {Data: []byte(text)}})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "accepted.toml") {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// FuzzLoad holds that a layout is refused or can be composed to the last cut.
func FuzzLoad(f *testing.F) {
	for _, kind := range []string{"accepted", "saved", "parked", "printout", "privacy"} {
		data, err := os.ReadFile("../../../../assets/receipts/" + kind + ".toml")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file := &fstest.MapFile{Data: data}
		l, err := receipt.Load(fstest.MapFS{"accepted.toml": file, "saved.toml": file, "parked.toml": file, "printout.toml": file, "privacy.toml": file})
		if err != nil {
			return
		}
		doc, err := l.Compose(receipt.Accepted, sample())
		if err != nil {
			t.Fatal(err)
		}
		if len(doc.Tail) == 0 {
			t.Fatal("nothing cuts")
		}
		if _, ok := doc.Tail[len(doc.Tail)-1].(printer.Cut); !ok {
			t.Fatal("the last block does not cut")
		}
	})
}
