package acceptance

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"leye/app/proof"
	"leye/app/proof/prooftest"
	"leye/devices/printer/printertest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func fatal(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// passing is a sheet where all is well.
func passing() Sheet {
	s := Sheet{
		Terminal: "PT01", Centre: "样例社区事务受理服务中心", Staff: "A1024", Program: "1.2.3",
		Began: time.Date(2026, 11, 25, 1, 0, 0, 0, time.UTC), Ended: time.Date(2026, 11, 25, 1, 9, 0, 0, time.UTC),
	}
	for _, c := range Checks() {
		l := Line{Check: c, Result: Passed}
		switch c {
		case Reader2, Sound:
			l.Result = NotFitted
		case Reader:
			l.Add("port", "/dev/leye-reader")
			l.Add("module", "05.01-20260101-0000012345-0123456789")
			l.Add("adapter", "")
		}
		s.Lines = append(s.Lines, l)
	}
	return s
}

func (s Sheet) with(c Check, r Result) Sheet {
	s.Lines = append([]Line(nil), s.Lines...)
	for i := range s.Lines {
		if s.Lines[i].Check == c {
			s.Lines[i].Result = r
			s.Lines[i].Reason = Words{}
			if r == Failed || r == Skipped {
				s.Lines[i].Reason = Words{"打印机无应答", "the printer does not answer"}
			}
		}
	}
	return s
}

func signed(t testing.TB, s Sheet) File {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	fatal(t, err)
	cert := prooftest.New(t).Sign(&x509.Certificate{Subject: pkix.Name{CommonName: s.Terminal}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}, public)
	f, err := NewFile(s)
	fatal(t, err)
	f.Statement, err = f.Sign(private, cert)
	fatal(t, err)
	return f
}

func TestOnlyAWholeTerminalIsAccepted(t *testing.T) {
	if !Judge(passing().Lines) {
		t.Error("a whole terminal is not accepted")
	}
	if Judge(nil) {
		t.Error("nothing that was checked is accepted")
	}
	for _, c := range Checks() {
		if Judge(passing().with(c, Failed).Lines) {
			t.Errorf("a failed %s is accepted", c)
		}
		if got := Judge(passing().with(c, Skipped).Lines); got == c.Mandatory() {
			t.Errorf("a skipped %s: accepted %v", c, got)
		}
		var without []Line
		for _, l := range passing().Lines {
			if l.Check != c {
				without = append(without, l)
			}
		}
		if got := Judge(without); got == c.Mandatory() {
			t.Errorf("without %s: accepted %v", c, got)
		}
	}
}

func TestSheetsComeBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	if _, err := Open(path); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	for _, s := range []Sheet{passing(), passing().with(Printer, Failed)} {
		want := signed(t, s)
		fatal(t, want.Save(path))
		got, err := Load(filepath.Dir(path))
		fatal(t, err)
		if _, err := got.Check(); err != nil || got.Digest() != want.Digest() || got.Accepted != Judge(s.Lines) || !reflect.DeepEqual(got.Lines, want.Lines) {
			t.Errorf("%v: %+v", err, got.Sheet)
		}
		if len(got.Code()) != 14 || !strings.Contains(got.QR(), got.Digest()) || !strings.HasPrefix(strings.ReplaceAll(got.Digest(), "-", ""), strings.ReplaceAll(got.Code(), "-", "")) {
			t.Errorf("code %q of %s", got.Code(), got.Digest())
		}
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("%v, %v", left, err)
	}
}

func TestASheetThatCannotBe(t *testing.T) {
	for name, change := range map[string]func(*Sheet){
		"a staff number that is a person's": func(s *Sheet) { s.Staff = "310101199001010016" },
		"nobody":                            func(s *Sheet) { s.Staff = "" },
		"no terminal":                       func(s *Sheet) { s.Terminal = "" },
		"ended before it began":             func(s *Sheet) { s.Ended = s.Began.Add(-1) },
		"a check twice":                     func(s *Sheet) { s.Lines = append(s.Lines, s.Lines[0]) },
		"no reason":                         func(s *Sheet) { s.Lines[0].Result = Failed },
		"a printer that is not fitted":      func(s *Sheet) { *s = s.with(Printer, NotFitted) },
		"another check":                     func(s *Sheet) { s.Lines[0].Check = "smell" },
		"another result":                    func(s *Sheet) { s.Lines[0].Result = "fine" },
		"another fact":                      func(s *Sheet) { s.Lines[0].Facts = []Fact{{"colour", "red"}} },
	} {
		s := passing()
		s.Lines = append([]Line(nil), s.Lines...)
		change(&s)
		if _, err := NewFile(s); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	s := passing().with(Printer, Failed)
	s.Accepted = true // what NewFile would not write
	content, err := json.Marshal(s)
	fatal(t, err)
	for name, text := range map[string]string{
		"accepted against its lines": string(content),
		"a key twice":                strings.Replace(string(content), `{"terminal"`, `{"terminal":"PT02","terminal"`, 1),
		"a key in other letters":     strings.Replace(string(content), `"staff"`, `"Staff"`, 1),
		"more than it has":           strings.Replace(string(content), `"staff"`, `"salary":1,"staff"`, 1),
		"no sheet":                   `[]`,
	} {
		file, err := json.Marshal(proof.Statement{Form: Form, Content: json.RawMessage(text)})
		fatal(t, err)
		if f, err := Read(bytes.NewReader(file)); err == nil {
			t.Errorf("%s was read as %+v", name, f.Sheet)
		}
	}
}

func TestPaperAndPageSayTheSame(t *testing.T) {
	bad := passing().with(Printer, Failed).with(Scanner, Skipped)
	for name, s := range map[string]Sheet{"accepted": passing(), "refused": bad} {
		f, err := NewFile(s)
		fatal(t, err)
		for kind, got := range map[string]string{"slip48": printertest.Text(f.Document(), 48), "slip32": printertest.Text(f.Document(), 32), "page": f.Page()} {
			file := filepath.Join("testdata", name+"-"+kind+".txt")
			if *update {
				fatal(t, os.WriteFile(file, []byte(got), 0o600))
			}
			want, err := os.ReadFile(file)
			fatal(t, err)
			if got != string(want) {
				t.Errorf("%s:\n%s\nwant\n%s", file, got, want)
			}
			if !strings.Contains(got, f.Code()) || strings.Contains(got, "不合格") == f.Accepted {
				t.Errorf("%s:\n%s", file, got)
			}
		}
	}
	if f := signed(t, passing()); !strings.Contains(printertest.Text(f.Document(), 48), "文件由本终端签名") {
		t.Error("a signed file's paper does not say so")
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []Sheet{passing(), passing().with(Printer, Failed)} {
		text, err := signed(f, s).Encode()
		fatal(f, err)
		f.Add(text)
	}
	f.Add([]byte(`{"form":"leye acceptance 1","content":{"terminal":"PT01"},"certificate":"","signature":""}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		if file.Accepted != Judge(file.Lines) || !StaffNumber(file.Staff) || file.Page() == "" || len(file.Document().Tail) == 0 {
			t.Errorf("%q was read as %+v", data, file.Sheet)
		}
	})
}
