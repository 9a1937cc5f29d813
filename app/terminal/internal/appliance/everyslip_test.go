package appliance

import (
	"errors"
	"fmt"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"leye/app/catalogue"
	"leye/app/form"
	"leye/app/form/formtest"
	"leye/app/terminal/internal/acceptance"
	"leye/app/terminal/internal/day"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/privacy"
	"leye/app/terminal/internal/session"
	"leye/assets"
	"leye/devices/printer"
	"leye/devices/printer/escpos"
	"leye/devices/printer/printertest"
	"leye/devices/sim/paper"
)

// judgeDir names a folder: every slip is left there for scripts/judge, as its
// bytes (.bin), as what it says (.txt) and, where it has a code, as a picture.
const judgeDir = "LEYE_JUDGE_DIR"

var filedAt = time.Date(2026, 11, 24, 10, 0, 0, 0, kiosk.China)

// TestEverySlipStandsOnPaperAsComposed prints every service's slip in each outcome
// and every policy, in both languages, first and again, the notice, and what staff
// have printed.
func TestEverySlipStandsOnPaperAsComposed(t *testing.T) {
	s, err := newSlips(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	declared, err := catalogue.Load(assets.Catalogue())
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(11, 12))
	slips := 0
	each := func(name string, f session.Filing) {
		slips++
		doc, err := s.compose(f, 1+slips%2)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		standsOnPaper(t, name, doc)
	}
	for _, svc := range declared.Services() {
		for _, language := range []string{"zh", "en"} {
			for _, outcome := range []session.Outcome{session.Accepted, session.Saved, session.Parked} {
				f, err := randomFiling(r, declared, svc.ID, language, outcome)
				if err != nil {
					t.Fatal(err)
				}
				each(strings.Join([]string{svc.ID, language, string(outcome)}, "."), f)
			}
		}
	}
	for _, p := range s.policies.Policies() {
		for _, language := range []string{"zh", "en"} {
			f, err := randomFiling(r, declared, session.PolicyService, language, session.Accepted)
			if err != nil {
				t.Fatal(err)
			}
			f.Policy = p.ID
			each(strings.Join([]string{"policy", p.ID, language}, "."), f)
		}
	}
	for name, doc := range staffPapers(t) {
		slips++
		standsOnPaper(t, name, doc)
	}
	for _, language := range []string{"zh", "en"} {
		slips++
		doc, err := s.notice(language, privacy.Read{Card: true}, filedAt)
		if err != nil {
			t.Fatal(err)
		}
		standsOnPaper(t, "privacy."+language, doc)
	}
	for name, c := range toldCases(declared) {
		for _, language := range []string{"zh", "en"} {
			slips++
			doc, err := s.progress(language, c)
			if err != nil {
				t.Fatal(err)
			}
			standsOnPaper(t, strings.Join([]string{"progress", name, language}, "."), doc)
		}
	}
	t.Logf("%d slips", slips)
}

// toldCases are a case in each state of each machine, and what no catalogue knows.
func toldCases(declared *catalogue.Catalogue) map[string]session.Case {
	told := map[string]session.Case{"unknown": {Number: "000-417-261124-0001-5", Unsure: true, At: filedAt, Steps: []session.Step{{At: filedAt}}}}
	for _, svc := range declared.Services() {
		m, _ := declared.Machine(svc.StateMach)
		c := session.Case{Number: "000-417-261124-0001-5", Applicant: "李*样", Matter: svc.Text, Due: "2026-12-15", At: filedAt, Unsure: catalogue.Uncertain(svc.Confidence)}
		for n, state := range m.States {
			c.Steps = append(c.Steps, session.Step{At: filedAt.AddDate(0, 0, n), What: state.Text})
			c.Stands, c.Ended, c.Papers = state.Text, state.End, state.ID == "supplement-noticed"
		}
		told[svc.ID] = c
	}
	return told
}

// staffPapers are the day's slip, first and again, and the sheets of a terminal that
// is accepted and of one that is not.
func staffPapers(t *testing.T) map[string]printer.Document {
	t.Helper()
	papers := map[string]printer.Document{}
	paper, _ := newDayPaper(t, newDesk(t, printertest.Options{}))
	for print, name := range []string{"day", "day.again"} {
		sum, err := day.Sum(t.Context(), paper.journal, paper.queue, filedAt)
		if err == nil {
			papers[name], err = paper.day(sum, filedAt, 1+print)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, result := range map[string]acceptance.Result{"sheet.accepted": acceptance.Passed, "sheet.refused": acceptance.Failed} {
		sheet := acceptance.Sheet{Terminal: "PT01", Centre: "样例社区事务受理服务中心", Staff: "A1024", Program: "1.2.3", Began: filedAt, Ended: filedAt.Add(9 * time.Minute)}
		for _, c := range acceptance.Checks() {
			l := acceptance.Line{Check: c, Result: acceptance.Passed}
			l.Add("port", "/dev/serial/by-path/platform-fd500000.pcie-pci-0000:01:00.0-usb-0:1.2:1.0-port0")
			if c == acceptance.Printer && result == acceptance.Failed {
				l.Fail("打印机无应答", "the printer does not answer", "read status: /dev/leye-printer: nothing came in 1s")
			}
			sheet.Lines = append(sheet.Lines, l)
		}
		file, err := acceptance.NewFile(sheet)
		if err != nil {
			t.Fatal(err)
		}
		papers[name] = file.Document()
	}
	return papers
}

func randomFiling(r *rand.Rand, declared *catalogue.Catalogue, service, language string, o session.Outcome) (session.Filing, error) {
	compiled, err := form.Compile(declared, service, filedAt)
	if err != nil {
		return session.Filing{}, err
	}
	answers, err := formtest.Random(r, compiled)
	if err != nil {
		return session.Filing{}, err
	}
	facts := formtest.Facts(r, filedAt)
	f := session.Filing{
		Outcome: o, Form: compiled, Answers: answers, At: filedAt,
		Resident: &kiosk.Resident{Name: facts.Name, Number: facts.Number},
		App:      kiosk.Application{Service: service, Language: language, Reference: "PT01-1124-0007-3"},
	}
	if o == session.Accepted {
		f.Ack = kiosk.Acknowledgement{Number: fmt.Sprintf("000-417-261124-%04d-5", r.IntN(10000)), QueryCode: fmt.Sprintf("%06d", r.IntN(1e6)), Due: "2026-12-15"}
	}
	if o == session.Parked {
		f.Code = kiosk.CodeEntryParked
	}
	return f, nil
}

func standsOnPaper(t *testing.T, name string, doc printer.Document) {
	t.Helper()
	e := escpos.NewEncoder(escpos.Profile{Charset: escpos.GB18030})
	var out escpos.Encoded
	e.Setup(&out)
	err := e.Encode(&out, doc.Body)
	out.ProcessID([4]byte{'B', '0', '0', '1'})
	err = errors.Join(err, e.Encode(&out, doc.Tail))
	out.ProcessID([4]byte{'T', '0', '0', '1'})
	if err != nil || out.Missing > 0 {
		t.Fatalf("%s: %v, %d characters missing", name, err, out.Missing)
	}
	roll := paper.NewRoll(paper.Config{})
	moved := 0
	for rest := []byte(out.Buffer); len(rest) > 0; {
		c, n := paper.Next(rest)
		if n == 0 {
			t.Fatalf("%s: cut off at % X", name, rest)
		}
		moved += roll.Do(c).Dots
		rest = rest[n:]
	}
	want := printertest.Text(doc, 48)
	if got := roll.Text(); got != want {
		t.Errorf("%s: paper\n%s\nwant\n%s", name, got, want)
	}
	// What the budget counts is what the paper moves.
	if off := float64(out.Dots-moved) / float64(moved); off < -0.05 || off > 0.05 {
		t.Errorf("%s: counted %d dots, moved %d: %+.1f %%", name, out.Dots, moved, 100*off)
	}
	if dir := os.Getenv(judgeDir); dir != "" {
		leave(t, filepath.Join(dir, name), out.Buffer, want, doc)
	}
}

func leave(t *testing.T, path string, raw []byte, text string, doc printer.Document) {
	t.Helper()
	err := errors.Join(os.WriteFile(path+".bin", raw, 0o600), os.WriteFile(path+".txt", []byte(text), 0o600))
	if err == nil && strings.Contains(text, "[QR ") {
		err = draw(path+".png", doc)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func draw(path string, doc printer.Document) error {
	img, err := printertest.Picture(doc, 48, nil)
	if err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(png.Encode(f, img), f.Close())
}
