package form_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"unicode/utf8"

	"leye/app/catalogue"
	"leye/app/form"
)

func ExampleAnswers() {
	a := form.Answers{
		"name":   form.Text("样本甲"),
		"pay":    form.Number("03500.50"),
		"agent":  form.Bool(false),
		"notice": form.List("sms", "post"),
		"family": form.Rows(form.Answers{"n": form.Text("样本乙")}),
	}
	data, _ := json.Marshal(a)
	fmt.Println(string(data))
	// Output: {"agent":false,"family":[{"n":"样本乙"}],"name":"样本甲","notice":["sms","post"],"pay":3500.50}
}

func TestNumbersKeepEveryDigit(t *testing.T) {
	for in, want := range map[string]string{
		"7": "7", "007": "7", "-0": "0", "-0.00": "0.00", ".5": "0.5", "5.": "5", " 12 ": "12", "-3.10": "-3.10",
		"123456789012345678901234567890.01": "123456789012345678901234567890.01",
	} {
		if v := form.Number(in); v.Kind() != form.KindNumber || v.Text() != want {
			t.Errorf("Number(%q) = %q of kind %d, want %q", in, v.Text(), v.Kind(), want)
		}
	}
	for _, in := range []string{"", ".", "-", "1e3", "+1", "0x1", "1,000", "一", "1.2.3", "--1", "١"} {
		if v := form.Number(in); v.Kind() != form.KindText || v.Text() != in {
			t.Errorf("Number(%q) is a number", in)
		}
	}
}

func TestEqualComparesWhatWasAnswered(t *testing.T) {
	for _, c := range []struct {
		a, b form.Value
		want bool
	}{
		{form.Number("1.0"), form.Number("1"), true},
		{form.Number("1"), form.Text("1"), false},
		{form.Number("-1"), form.Number("1"), false},
		{form.List("a", "b"), form.List("b", "a"), false},
		{form.Rows(form.Answers{"a": form.Bool(true)}), form.Rows(form.Answers{"a": form.Bool(true), "b": form.Value{}}), true},
		{form.Rows(form.Answers{"a": form.Bool(true)}), form.Rows(form.Answers{"a": form.Bool(false)}), false},
		{form.Value{}, form.Value{}, true},
		{form.Bool(false), form.Value{}, false},
	} {
		if c.a.Equal(c.b) != c.want || c.b.Equal(c.a) != c.want {
			t.Errorf("%v equal %v: want %v", c.a, c.b, c.want)
		}
	}
}

func TestJSONRefusesOtherShapes(t *testing.T) {
	for _, s := range []string{
		`{"a":{}}`, `{"a":[1]}`, `{"a":["x",1]}`, `{"a":[["x"]]}`, `{"a":[{"b":[{"c":"d"}]}]}`, `{"a":[{"b":{}}]}`, `{"a":[null]}`, `[]`, `{"a":`, `{"a":["x",{}]}`,
	} {
		var a form.Answers
		if err := json.Unmarshal([]byte(s), &a); err == nil {
			t.Errorf("%s was read as %v", s, a)
		}
	}
}

func FuzzAnswersJSON(f *testing.F) {
	for _, s := range []string{
		`{"name":"样本","n":3500.50,"ok":true,"l":["a"],"r":[{"n":"x","l":["y"]}],"none":null}`, `{"n":1e99,"e":[],"x":[{}]}`,
		`{"n":-0,"t":"\ud800"}`, `{"a":[ "x" , "y" ]}`, `[]`, `{"":""}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var a form.Answers
		if json.Unmarshal(data, &a) != nil {
			return
		}
		out, err := json.Marshal(a)
		if err != nil {
			t.Fatalf("cannot write what was read: %v", err)
		}
		var b form.Answers
		if err := json.Unmarshal(out, &b); err != nil {
			t.Fatalf("cannot read %s again: %v", out, err)
		}
		again, err := json.Marshal(b)
		if err != nil || string(again) != string(out) {
			t.Fatalf("%s became %s (%v)", out, again, err)
		}
	})
}

func FuzzCheck(f *testing.F) {
	for _, s := range []string{"样本甲", "310107199001010010", "6222020000000000000", "2026-02-29", "\xff", "13800000000", "-1.5", "\u202e", "91310107MA1G00000Q"} {
		f.Add(s)
	}
	fields := []catalogue.Field{
		{Key: "text", Type: catalogue.TypeText, Required: true, Constraint: &catalogue.Constraint{MinLen: ptr(1), MaxLen: ptr(50), Charset: "GB 18030-2022 level 3", Allow: "U+00B7"}},
		{Key: "id", Type: catalogue.TypeIDNumber, Constraint: &catalogue.Constraint{Check: "gb11643"}},
		{Key: "uscc", Type: catalogue.TypeText, Constraint: &catalogue.Constraint{Check: "uscc-gb32100"}},
		{Key: "bank", Type: catalogue.TypeBankAccount, Constraint: &catalogue.Constraint{Check: "luhn when 16-19 digits and card"}},
		{Key: "date", Type: catalogue.TypeDate, Constraint: &catalogue.Constraint{NotBefore: "today-2y", NotAfter: "field:date"}},
		{Key: "phone", Type: catalogue.TypePhone},
		{Key: "choice", Type: catalogue.TypeChoice, OptionsRef: "sex"},
		{Key: "number", Type: catalogue.TypeNumber, Constraint: &catalogue.Constraint{Min: "-5", Max: "param:unsure", Decimals: ptr(2)}},
		{Key: "several", Type: catalogue.TypeMultiChoice, OptionsRef: "sex"},
	}
	trial := compile(f, fields...)
	f.Fuzz(func(t *testing.T, s string) {
		for _, d := range fields {
			for _, v := range []form.Value{form.Text(s), form.Number(s), form.List(s), form.Rows(form.Answers{d.Key: form.Text(s)})} {
				a := form.Answers{d.Key: v}
				p := trial.Check(d, v, a)
				if p == nil && !utf8.ValidString(s) {
					t.Fatalf("%s took broken text", d.Key)
				}
				clean := trial.Clean(a)
				if q := trial.Check(d, clean[d.Key], clean); p == nil && q != nil {
					t.Fatalf("%s: %q passes, but not when cleaned: %v", d.Key, s, q)
				}
				if twice := trial.Clean(clean); !twice.Equal(clean) {
					t.Fatalf("%s: cleaning twice differs", d.Key)
				}
			}
		}
	})
}
