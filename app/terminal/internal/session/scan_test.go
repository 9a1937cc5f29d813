package session_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"leye/app/form"
	"leye/app/terminal/internal/session"
	"leye/assets"
	"leye/devices/scanner/scannertest"
)

// scan holds a sample up. Codes are shown far enough apart to count anew.
func (v *stage) scan(name string) session.State {
	v.scanner.Show(scannertest.Get(name).Raw)
	time.Sleep(4 * time.Second)
	synctest.Wait()
	return v.s.State()
}

// lookUp goes to the questions of the progress look-up.
func (v *stage) lookUp() session.State {
	return v.do(session.Start{}, session.ChooseService{Service: session.ProgressService}, session.Begin{})
}

// holds wants what the two questions of the look-up hold.
func (v *stage) holds(st session.State, number, query string) {
	v.t.Helper()
	v.want(st, session.Filling)
	if n, q := st.Answers["case_no"].Text(), st.Answers["code"].Text(); n != number || q != query {
		v.t.Errorf("the look-up holds %q and %q, want %q and %q", n, q, number, query)
	}
}

func TestASlipAnswersTheProgressLookUp(t *testing.T) {
	visit(t, func(v *stage) {
		v.holds(v.lookUp(), "", "")
		v.do(session.Answer{Field: "case_no", Value: form.Text("000-4")})
		st := v.scan("slip")
		v.holds(st, "000-417-261124-0001-5", "402913")
		if st.Scan != session.ScanFilled || st.Scans != 1 {
			t.Errorf("says %q, %d times", st.Scan, st.Scans)
		}
		if st = v.do(session.Next{}, session.Next{}); st.Scan != "" {
			t.Errorf("still says %q", st.Scan)
		}
		v.want(st, session.CaseTold)
		if asked := v.central.asked; len(asked) != 1 || asked[0] != "000-417-261124-0001-5 402913" {
			t.Errorf("asked %q", asked)
		}
	})
}

func TestASlipLeadsToTheProgressLookUp(t *testing.T) {
	for name, before := range map[string][]session.Intent{
		"from the idle screen": nil,
		"from home":            {session.Start{}},
		"from the search":      {session.Start{}, session.OpenSearch{}},
		"from its own page":    {session.Start{}, session.ChooseService{Service: session.ProgressService}},
	} {
		t.Run(name, func(t *testing.T) {
			visit(t, func(v *stage) {
				v.do(before...)
				st := v.scan("slip")
				v.want(st, session.Service)
				if st.Service != session.ProgressService || st.Scan != session.ScanSlip {
					t.Errorf("at %s, says %q", st.Service, st.Scan)
				}
				st = v.do(session.Begin{})
				v.holds(st, "000-417-261124-0001-5", "402913")
				if st.Scan != session.ScanFilled {
					t.Errorf("says %q", st.Scan)
				}
			})
		})
	}
}

func TestASlipOfOneVisitIsNotTheNexts(t *testing.T) {
	visit(t, func(v *stage) {
		v.do(session.Start{})
		v.want(v.scan("slip"), session.Service)
		v.do(session.Leave{})
		v.holds(v.lookUp(), "", "")
	})
}

func TestASlipWithoutQueryCodeFillsNoOther(t *testing.T) {
	visit(t, func(v *stage) {
		v.lookUp()
		v.scan("slip")
		st := v.scan("slip_saved")
		v.holds(st, "PT01-1124-0007-3", "")
		if st.Scan != "scan.slip_saved" {
			t.Errorf("says %q", st.Scan)
		}
	})
}

func TestASlipChangesNothingElsewhere(t *testing.T) {
	visit(t, func(v *stage) {
		v.do(session.Start{}, session.ChooseService{Service: "job-search"}, session.Begin{}, session.Answer{Field: "kw", Value: form.Text("电工")})
		before := v.s.State()
		st := v.scan("slip")
		if st.Scan != "scan.slip_elsewhere" || fmt.Sprint(st.Answers) != fmt.Sprint(before.Answers) || st.Stage != before.Stage {
			t.Errorf("says %q at %s, answers %v", st.Scan, st.Stage, st.Answers)
		}
		// Nor later, when the look-up is opened for something else.
		v.do(session.Back{}, session.Back{})
		v.holds(v.do(session.ChooseService{Service: session.ProgressService}, session.Begin{}), "", "")
	})
}

// The contract has no way to ask whose a 随申码 is: it identifies nobody, and the
// screen says so.
func TestASuishenmaIdentifiesNobody(t *testing.T) {
	for _, name := range []string{"suishenma", "suishenma_binary"} {
		visit(t, func(v *stage) {
			v.do(session.Start{}, session.ChooseService{Service: "flexible-employment-registration"}, session.Begin{})
			st := v.scan(name)
			v.want(st, session.Identify)
			if st.Resident != nil || st.Scan != "scan.suishenma" {
				t.Errorf("resident %v, says %q", st.Resident != nil, st.Scan)
			}
			v.want(v.do(session.ConfirmIdentity{}), session.Identify)
			if kept := fmt.Sprintf("%+v", st); strings.Contains(kept, "s.sh.gov.cn") {
				t.Errorf("the code is kept: %s", kept)
			}
			v.reader.cards <- sample
			synctest.Wait()
			if st := v.s.State(); st.Resident == nil || st.Scan != "" {
				t.Errorf("with a card: resident %v, says %q", st.Resident != nil, st.Scan)
			}
		})
		visit(t, func(v *stage) {
			if st := v.scan(name); st.Stage != session.Home || st.Scan != "scan.suishenma" {
				t.Errorf("on the idle screen: %s, says %q", st.Stage, st.Scan)
			}
		})
	}
}

func TestACreditCodeAnswersItsQuestion(t *testing.T) {
	const code = "91310107MA1G00000Q"
	for service, want := range map[string]string{"key-enterprise-service": code, "flexible-employment-registration": ""} {
		visit(t, func(v *stage) {
			v.do(session.Start{}, session.ChooseService{Service: service}, session.Begin{})
			if st := v.scan("credit_code_address"); st.Scan != "scan.not_here" {
				t.Errorf("where nothing is asked it says %q", st.Scan)
			}
			v.reader.cards <- sample
			synctest.Wait()
			v.do(session.ConfirmIdentity{}, session.Answer{Field: "emp_name", Value: form.Text("样例有限公司")}, session.Next{})
			st := v.scan("credit_code_address")
			v.want(st, session.Filling)
			if st.Answers["emp_uscc"].Text() != want || (st.Scan == session.ScanFilled) != (want != "") {
				t.Errorf("%s: holds %q, says %q", service, st.Answers["emp_uscc"].Text(), st.Scan)
			}
		})
	}
}

func TestWhatIsNoCodeForThis(t *testing.T) {
	visit(t, func(v *stage) {
		v.scan("other")
		v.scanner.ShowTorn()
		synctest.Wait()
		if st := v.s.State(); st.Stage != session.Idle || st.Scans != 0 {
			t.Errorf("a passer-by's code began a visit: %s", st.Stage)
		}
		v.lookUp()
		if st := v.scan("other_binary"); st.Scan != "scan.unknown" {
			t.Errorf("says %q", st.Scan)
		}
		v.scanner.ShowTorn()
		synctest.Wait()
		if st := v.s.State(); st.Scan != "scan.unreadable" || st.Scans != 2 {
			t.Errorf("says %q, %d times", st.Scan, st.Scans)
		}
		v.holds(v.s.State(), "", "")
	})
}

func TestAScannerThatIsAwayComesBack(t *testing.T) {
	visit(t, func(v *stage) {
		v.lookUp()
		if !v.s.State().Scanner {
			t.Error("the scanner is not there")
		}
		for range 3 {
			v.scanner.Fail(errors.New("unplugged"))
			synctest.Wait()
		}
		if st := v.s.State(); st.Scanner || st.Scan != "" {
			t.Errorf("scanner there: %v, says %q", st.Scanner, st.Scan)
		}
		if st := v.scan("slip"); !st.Scanner || st.Scan != session.ScanFilled {
			t.Errorf("scanner there: %v, says %q", st.Scanner, st.Scan)
		}
	})
}

func TestACodeKeepsTheVisitAwake(t *testing.T) {
	visit(t, func(v *stage) {
		v.lookUp()
		time.Sleep(80 * time.Second)
		v.scan("slip")
		time.Sleep(80 * time.Second)
		synctest.Wait()
		if st := v.s.State(); st.Overlay != session.NoOverlay {
			t.Errorf("asks %q", st.Overlay)
		}
	})
}

func TestWhatIsSaidOfACodeHasWords(t *testing.T) {
	keys := []string{
		session.ScanFilled, session.ScanSlip, "scan.slip_saved", "scan.slip_elsewhere", "scan.suishenma",
		"scan.not_here", "scan.unknown", "scan.unreadable",
	}
	for _, language := range []string{"zh", "en"} {
		data, err := fs.ReadFile(assets.Text(), language+".json")
		if err != nil {
			t.Fatal(err)
		}
		var words map[string]string
		if err := json.Unmarshal(data, &words); err != nil {
			t.Fatal(err)
		}
		for _, key := range keys {
			if words[key] == "" {
				t.Errorf("%s has no words for %s", language, key)
			}
		}
	}
}
