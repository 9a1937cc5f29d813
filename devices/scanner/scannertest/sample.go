// Package scannertest holds made-up codes of every kind, a scanner in memory and the
// contract of scanners, for the tests of drivers and of what uses them.
package scannertest

import (
	"strings"

	"leye/devices/scanner"
)

// Sample is a made-up code and what it must be taken for.
type Sample struct {
	Name          string
	Raw           []byte
	Kind          scanner.Kind
	Number, Query string // of a slip
	CreditCode    string
}

const (
	city   = "https://s.sh.gov.cn/"
	token  = "0123456789abcdef0123456789ABCDEF"
	credit = "91310107MA1G00000Q"
)

// binary is a 随申码 of n bytes that holds all values in the middle of which a line
// might make something: NUL, CR, LF, XON, XOFF, STX and ETX among them. None of
// its CR and LF is the last of sixteen bytes: simulated lines carry so many at a
// time, and on a busy machine pause behind them as long as behind a code.
func binary(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i * 7)
	}
	copy(b, city)
	copy(b[33:], "\r\n\x00\r\x11\x13\x02\x03\r\n")
	copy(b[n-2:], "##")
	return b
}

// Samples are the made-up codes.
func Samples() []Sample {
	text := func(name, s string, kind scanner.Kind) Sample {
		return Sample{Name: name, Raw: []byte(s), Kind: kind}
	}
	slip := func(name, number, query string) Sample {
		s := text(name, "LEYE:"+number+":"+query, scanner.Slip)
		s.Number, s.Query = number, query
		return s
	}
	company := func(name, s string) Sample {
		c := text(name, s, scanner.CreditCode)
		c.CreditCode = credit
		return c
	}
	return []Sample{
		slip("slip", "000-417-261124-0001-5", "402913"),
		slip("slip_saved", "PT01-1124-0007-3", ""),
		text("suishenma", city+token+"1795500000000", scanner.Suishenma),
		{Name: "suishenma_binary", Raw: binary(237), Kind: scanner.Suishenma},
		{Name: "suishenma_binary_short", Raw: binary(233), Kind: scanner.Suishenma},
		company("credit_code", credit),
		company("credit_code_small", strings.ToLower(credit)),
		company("credit_code_labelled", "统一社会信用代码："+credit+"；名称：样例有限公司"),
		company("credit_code_address", "https://example.test/licence?uscc="+credit+"&type=1"),
		text("other", "https://example.test/微笑", scanner.Other),
		text("other_long", strings.Repeat("0123456789abcdef", scanner.MaxSize/16), scanner.Other),
		{Name: "other_binary", Raw: []byte("a\xFF\x00\rb\r\nc"), Kind: scanner.Other},
	}
}

// Get returns the sample of a name, which must be one.
func Get(name string) Sample {
	for _, s := range Samples() {
		if s.Name == name {
			return s
		}
	}
	panic("no sample " + name)
}

// Differs compares what was scanned with the sample. It returns the difference in
// words, or "".
func (s Sample) Differs(c scanner.Code) string {
	number, query := c.Slip()
	switch {
	case c.Kind != s.Kind:
		return "kind is " + string(c.Kind)
	case string(c.Raw) != string(s.Raw):
		return "the bytes are others"
	case number != s.Number || query != s.Query:
		return "the slip's number is another"
	case c.CreditCode() != s.CreditCode:
		return "the credit code is another"
	}
	return ""
}
