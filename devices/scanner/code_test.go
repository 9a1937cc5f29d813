package scanner_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"leye/devices/scanner"
	"leye/devices/scanner/scannertest"
)

func TestEveryKindIsTold(t *testing.T) {
	for _, s := range scannertest.Samples() {
		if difference := s.Differs(scanner.Parse(s.Raw)); difference != "" {
			t.Errorf("%s: %s", s.Name, difference)
		}
	}
}

func TestAlmostACode(t *testing.T) {
	const city = "https://s.sh.gov.cn/"
	whole := string(scannertest.Get("suishenma").Raw)
	binary := string(scannertest.Get("suishenma_binary").Raw)
	for name, raw := range map[string]string{
		"empty":                        "",
		"slip without its end":         "LEYE:000-417-261124-0001-5",
		"slip with five digits":        "LEYE:000-417-261124-0001-5:40291",
		"slip with a short number":     "LEYE:0-1:402913",
		"slip with small letters":      "LEYE:pt01-1124-0007-3:",
		"slip within a text":           "see LEYE:000-417-261124-0001-5:402913",
		"printer command in a slip":    "LEYE:000-417\x1b@-2:402913 ",
		"the city's address alone":     city,
		"a digit short":                whole[:len(whole)-1],
		"a digit long":                 whole + "0",
		"a letter in the time":         whole[:len(whole)-1] + "x",
		"another host":                 strings.Replace(whole, "s.sh.gov.cn", "s.sh.gov.cn.example.test", 1),
		"plain http":                   strings.Replace(whole, "https", "http", 1),
		"binary without its end":       binary[:len(binary)-2],
		"binary with another end":      binary[:len(binary)-2] + "#!",
		"credit code with a slip":      "91310107MA1G00000R",
		"credit code inside a word":    "x91310107MA1G00000Q",
		"two credit codes":             "91310107MA1G00000Q 91310000631234567" + credit("91310000631234567"),
		"the number of a person":       "310101199203159026",
		"a person that passes as both": personThatPasses(t),
	} {
		if c := scanner.Parse([]byte(raw)); c.Kind != scanner.Other {
			t.Errorf("%s is taken for %s", name, c.Kind)
		}
	}
}

// personThatPasses is a made-up number of a person that also has the check character
// of a credit code.
func personThatPasses(t *testing.T) string {
	t.Helper()
	for serial := range 1000 {
		first := fmt.Sprintf("11010119900101%03d", serial)
		if s := first + person(first); person(first) == credit(first) {
			return s
		}
	}
	t.Fatal("no such number")
	return ""
}

func person(s string) string {
	sum := 0
	for i, w := range []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += w * int(s[i]-'0')
	}
	return string("10X98765432"[sum%11])
}

func credit(s string) string {
	sum := 0
	for i, w := range []int{1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28} {
		sum += w * int(s[i]-'0')
	}
	return string("0123456789ABCDEFGHJKLMNPQRTUWXY"[(31-sum%31)%31])
}

func TestACodeShowsNothingUnasked(t *testing.T) {
	for _, s := range scannertest.Samples() {
		c := scanner.Parse(s.Raw)
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("scanned", "code", c)
		asJSON, err := json.Marshal(map[string]any{"code": c})
		if err != nil {
			t.Fatal(err)
		}
		said := fmt.Sprintf("%v %+v %#v %s %q %x %d", c, c, c, c, c, c, c) + log.String() + string(asJSON)
		for _, part := range []string{string(s.Raw), s.Number, s.Query, s.CreditCode} {
			if len(part) > 5 && (strings.Contains(said, part) || strings.Contains(said, fmt.Sprintf("%x", part))) {
				t.Errorf("%s shows itself: %s", s.Name, said)
			}
		}
		if !strings.Contains(said, string(s.Kind)) {
			t.Errorf("%s does not name its kind: %s", s.Name, said)
		}
	}
}

func TestRecordShowsAll(t *testing.T) {
	got, err := json.Marshal(scanner.Parse(scannertest.Get("slip").Raw).Record())
	const want = `{"kind":"slip","bytes":33,"text":"LEYE:000-417-261124-0001-5:402913",` +
		`"hex":"4C4559453A3030302D3431372D3236313132342D303030312D353A343032393133","number":"000-417-261124-0001-5","query_code":"402913"}`
	if err != nil || string(got) != want {
		t.Errorf("%s, %v", got, err)
	}
}

func TestRepeatsSlideWithTheReadings(t *testing.T) {
	var r scanner.Repeats
	at := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	for i, step := range []struct {
		raw   string
		after time.Duration
		again bool
	}{
		{"a", 0, false},
		{"a", 2 * time.Second, true},
		{"a", 2 * time.Second, true}, // four seconds after the first, two after the last
		{"b", 0, false},
		{"a", 0, false}, // another was shown between
		{"a", scanner.Window, false},
		{"a", -time.Hour, true}, // a clock put back reveals no second showing
	} {
		at = at.Add(step.after)
		if again := r.Again([]byte(step.raw), at); again != step.again {
			t.Errorf("step %d: again %v", i, again)
		}
	}
}

// FuzzParse holds that a code is what its own parts say, and shows none of them.
func FuzzParse(f *testing.F) {
	for _, s := range scannertest.Samples() {
		f.Add(s.Raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		c := scanner.Parse(raw)
		number, query := c.Slip()
		if (c.Kind == scanner.Slip) != (number != "") || c.Kind == scanner.Slip && c.Text != "LEYE:"+number+":"+query {
			t.Errorf("slip %q %q of %q", number, query, raw)
		}
		code := c.CreditCode()
		if (c.Kind == scanner.CreditCode) != (code != "") || code != "" && !strings.Contains(strings.ToUpper(c.Text), code) {
			t.Errorf("credit code %q of %q", code, raw)
		}
		if c.Kind == scanner.Suishenma && !bytes.HasPrefix(raw, []byte("https://s.sh.gov.cn/")) && c.Text == "" {
			t.Errorf("随申码 of %q", raw)
		}
		if want := fmt.Sprintf("%s code of %d bytes", c.Kind, len(raw)); fmt.Sprintf("%+v", c) != want {
			t.Errorf("prints %+v", c)
		}
		if !bytes.Equal(c.Raw, raw) {
			t.Error("the bytes have changed")
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for _, name := range []string{"slip", "suishenma", "suishenma_binary", "credit_code_labelled", "other_long"} {
		raw := scannertest.Get(name).Raw
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				scanner.Parse(raw)
			}
		})
	}
}
