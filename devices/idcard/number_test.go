package idcard_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"leye/devices/idcard"
	"leye/devices/idcard/idcardtest"
)

// asOf is the day for which the vectors were judged.
func asOf(t testing.TB) idcard.Date {
	t.Helper()
	d, err := idcard.ParseDate(idcardtest.Load().AsOf)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestNumbersOfTheReference(t *testing.T) {
	numbers := idcardtest.Load().Numbers
	if len(numbers) < 35 {
		t.Fatalf("%d numbers in the reference", len(numbers))
	}
	for _, v := range numbers {
		n, err := idcard.ParseNumber(v.Number, asOf(t))
		if (err == nil) != v.Valid {
			t.Errorf("%s: %v, want valid %v (%s)", v.Number, err, v.Valid, v.Why)
			continue
		}
		if !v.Valid {
			if n != "" {
				t.Errorf("%s: a refused number was returned", v.Number)
			}
			continue
		}
		if n.Reveal() != strings.ToUpper(v.Number) || string(n.Kind()) != v.Kind {
			t.Errorf("%s: %s of kind %s, want %s", v.Number, n.Reveal(), n.Kind(), v.Kind)
		}
	}
}

func TestNumberIsRefusedForItsOwnReason(t *testing.T) {
	for _, tt := range []struct {
		number string
		want   error
	}{
		{"", idcard.ErrNumberForm},
		{"1101051949123100", idcard.ErrNumberForm},
		{"110105491231002", idcard.ErrNumberForm}, // fifteen digits are no chip's
		{"1101051949I231002X", idcard.ErrNumberForm},
		{"110105194912310X2X", idcard.ErrNumberForm},
		{"11010519491231002Y", idcard.ErrNumberForm},
		{" 11010519491231002X", idcard.ErrNumberForm},
		{"DEU31008504201", idcard.ErrNumberForm},
		{"DE1310085042013", idcard.ErrNumberForm},
		{"110105194912310021", idcard.ErrNumberCheckDigit},
		{"PAK310080010104", idcard.ErrNumberCheckDigit},
		{"110105194902290029", idcard.ErrNumberDate},
		{"310101209901019019", idcard.ErrNumberFuture},
		{number18("99010519491231002"), idcard.ErrNumberArea}, // as a 2023 number: province 90
		{number18("16010519491231002"), idcard.ErrNumberArea},
		{number18("71010519491231002"), idcard.ErrNumberArea},
		{number15("DEU31008513201"), idcard.ErrNumberDate},
	} {
		if _, err := idcard.ParseNumber(tt.number, asOf(t)); !errors.Is(err, tt.want) {
			t.Errorf("%q: %v, want %v", tt.number, err, tt.want)
		}
	}
	if err := idcard.Number("11010519491231002X").Check(idcard.HKMTPermit, asOf(t)); !errors.Is(err, idcard.ErrNumberKind) {
		t.Errorf("resident's number on a permit: %v", err)
	}
	if err := idcard.Number("310101209901019019").Check(idcard.Resident, idcard.Date{}); err != nil {
		t.Errorf("without a day nothing lies in the future: %v", err)
	}
}

// number18 appends the check character by the sum of the standard: the package
// itself works by Horner's rule.
func number18(s string) string {
	sum := 0
	for i, w := range []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += int(s[i]-'0') * w
	}
	return s + "10X98765432"[sum%11:][:1]
}

// number15 appends the digit that the 7-3-1 rule asks for, found by trying all.
func number15(s string) string {
	for d := range 10 {
		n := fmt.Sprint(s, d)
		if !errors.Is(idcard.Number(n).Check(idcard.Foreign2017, idcard.Date{}), idcard.ErrNumberCheckDigit) {
			return n
		}
	}
	return ""
}

func TestOneWrongOrSwappedDigitIsFound(t *testing.T) {
	const good = "310101199203159026"
	for i := range 17 {
		for d := byte('0'); d <= '9'; d++ {
			if d == good[i] {
				continue
			}
			bad := good[:i] + string(d) + good[i+1:]
			if _, err := idcard.ParseNumber(bad, asOf(t)); err == nil {
				t.Errorf("%s stands its checks with digit %d changed", bad, i)
			}
		}
		if i > 0 && good[i] != good[i-1] {
			bad := good[:i-1] + good[i:i+1] + good[i-1:i] + good[i+1:]
			if _, err := idcard.ParseNumber(bad, asOf(t)); err == nil {
				t.Errorf("%s stands its checks with digits %d and %d swapped", bad, i-1, i)
			}
		}
	}
}

func TestNumberTells(t *testing.T) {
	for _, tt := range []struct {
		number              idcard.Number
		birth, sex, country string
	}{
		{"310101199203159026", "1992-03-15", "2", ""},
		{"310104198802299017", "1988-02-29", "1", ""},
		{"931276198504200027", "1985-04-20", "2", "276"},
		{"DEU310085042013", "", "", ""},
		{"310101199213159026", "", "2", ""},
		{"31010119920315902", "", "", ""},
		{"3101011992031590X6", "1992-03-15", "", ""},
		{"", "", "", ""},
	} {
		birth, ok := tt.number.Birth()
		if birth.String() != tt.birth || ok != (tt.birth != "") || tt.number.SexCode() != tt.sex || tt.number.CountryDigits() != tt.country {
			t.Errorf("%s: born %s, sex %q, country %q", tt.number.Reveal(), birth, tt.number.SexCode(), tt.number.CountryDigits())
		}
	}
}

func TestEarlierNumberIsRebuilt(t *testing.T) {
	const now = "931276198504200027"
	if got := idcard.EarlierNumber(now, "DEU", "001").Reveal(); got != "DEU310085042013" {
		t.Errorf("rebuilt %s", got)
	}
	for _, tt := range []struct {
		number                idcard.Number
		nationality, link, is string
	}{
		{now, "DEU", "", "no link"},
		{now, "DEU", "0A1", "letters in the link"},
		{now, "D1U", "001", "digits in the nationality"},
		{now, "DE", "001", "two letters"},
		{"DEU310085042013", "DEU", "001", "a number of 2017"},
		{"93127619850420X027", "DEU", "001", "a damaged number"},
	} {
		if got := idcard.EarlierNumber(tt.number, tt.nationality, tt.link); got != "" {
			t.Errorf("%s: rebuilt %s", tt.is, got.Reveal())
		}
	}
}

// show is every way in which a value leaves a program without being asked for.
func show(t *testing.T, v any) map[string]string {
	t.Helper()
	var text, lines strings.Builder
	slog.New(slog.NewTextHandler(&text, nil)).Info("shown", "value", v)
	slog.New(slog.NewJSONHandler(&lines, nil)).Info("shown", "value", v)
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{"text log": text.String(), "JSON log": lines.String(), "JSON": string(raw)}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		out[verb] = fmt.Sprintf(verb, v)
	}
	return out
}

func TestNumberShowsItselfMasked(t *testing.T) {
	const whole = "310101199203159026"
	for way, got := range show(t, idcard.Number(whole)) {
		if strings.Contains(got, "19920315") || !strings.Contains(got, "3101*************6") {
			t.Errorf("%s: %s", way, got)
		}
	}
	for number, want := range map[idcard.Number]string{"": "", "123456789": "*********", "1234567890": "1234*****0"} {
		if number.String() != want {
			t.Errorf("%q is shown as %s, want %s", number.Reveal(), number, want)
		}
	}
}

// FuzzParseNumber holds that what passes is one of the two forms, passes again,
// and is never shown whole.
func FuzzParseNumber(f *testing.F) {
	for _, v := range idcardtest.Load().Numbers {
		f.Add(v.Number)
	}
	today := asOf(f)
	f.Fuzz(func(t *testing.T, s string) {
		n, err := idcard.ParseNumber(s, today)
		if err != nil {
			if n != "" || strings.Contains(err.Error(), s) && len(s) > 9 {
				t.Fatalf("refused with %q, %v", n.Reveal(), err)
			}
			return
		}
		if len(n) != 15 && len(n) != 18 || strings.ToUpper(s) != n.Reveal() {
			t.Fatalf("%q became %q", s, n.Reveal())
		}
		if again, err := idcard.ParseNumber(n.Reveal(), today); err != nil || again != n {
			t.Fatalf("%q passed once: %v", s, err)
		}
		if birth, ok := n.Birth(); ok != (len(n) == 18) || today.Before(birth) {
			t.Fatalf("%q: born %s, %v", s, birth, ok)
		}
		if strings.Contains(n.String(), n.Reveal()[4:len(n)-1]) {
			t.Fatalf("%q is shown as %s", s, n)
		}
		_ = idcard.EarlierNumber(n, "DEU", "001")
	})
}
