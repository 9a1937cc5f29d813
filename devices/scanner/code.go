package scanner

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"leye/devices/idcard"
)

// Code is what one reading delivered. It may open a person's matters, so it prints,
// logs and marshals itself as its kind and size only; see Record.
type Code struct {
	Kind Kind
	Text string // without control characters; empty when Raw is no text
	Raw  []byte // as it was in the code
}

// Kind is what a code shows itself to be. Records and logs show it as it is.
type Kind string

// The kinds.
const (
	Slip       Kind = "slip"        // of a terminal: a number and perhaps its query code
	Suishenma  Kind = "suishenma"   // 随申码, as text or binary
	CreditCode Kind = "credit_code" // holds one 统一社会信用代码
	Other      Kind = "other"
)

var (
	// slip is what terminals print: LEYE, the case number or the terminal's
	// reference, and the query code, or nothing while the central gave none.
	slip = regexp.MustCompile(`^LEYE:([0-9A-Z][0-9A-Z-]{6,38}[0-9A-Z]):([0-9]{6})?$`)
	// suishenma is the text form: a token of 32 hexadecimal digits and a time in
	// milliseconds. Both are opaque here.
	suishenma = regexp.MustCompile(`^https://s\.sh\.gov\.cn/[0-9a-fA-F]{32}[0-9]{13}$`)
)

// Parse tells what a code is. Raw is kept as it is, not copied.
func Parse(raw []byte) Code {
	c := Code{Kind: Other, Raw: raw}
	if binarySuishenma(raw) {
		c.Kind = Suishenma
		return c
	}
	if !utf8.Valid(raw) {
		return c
	}
	c.Text = strings.Map(printable, string(raw))
	switch {
	case slip.MatchString(c.Text):
		c.Kind = Slip
	case suishenma.MatchString(c.Text):
		c.Kind = Suishenma
	case creditCode(c.Text) != "":
		c.Kind = CreditCode
	}
	return c
}

func printable(r rune) rune {
	if unicode.IsControl(r) {
		return -1
	}
	return r
}

// binarySuishenma recognises the form for use without a line: prefix, length (4
// bytes), SM2 signature (64), UUID (32), flags (2), client (2), expiry (14), key (1),
// a transport part (96) and "##". The one public description gives 47 bytes for the
// middle part although its items add up to 51; both sizes are taken.
func binarySuishenma(raw []byte) bool {
	const prefix, end = "https://s.sh.gov.cn/", "##"
	const size = len(prefix) + 4 + 64 + 51 + 96 + len(end)
	return (len(raw) == size || len(raw) == size-4) &&
		bytes.HasPrefix(raw, []byte(prefix)) && bytes.HasSuffix(raw, []byte(end))
}

// Slip is the case number, or the terminal's reference, of a slip, and its query
// code: six digits, or empty on a slip that was printed before the central answered.
// Both are empty for other kinds.
func (c Code) Slip() (number, query string) {
	if c.Kind != Slip {
		return "", ""
	}
	m := slip.FindStringSubmatch(c.Text)
	return m[1], m[2]
}

// CreditCode is the 统一社会信用代码 in a code of that kind, in capitals.
func (c Code) CreditCode() string {
	if c.Kind != CreditCode {
		return ""
	}
	return creditCode(c.Text)
}

// creditCode finds the one valid credit code (GB 32100) that stands by itself in a
// text: alone, behind a label or in a web address, as licences and certificates have
// it. Two different ones, or none, give nothing.
func creditCode(s string) string {
	found := ""
	for _, run := range strings.FieldsFunc(s, func(r rune) bool { return !letterOrDigit(r) }) {
		code := strings.ToUpper(run)
		if !validCreditCode(code) {
			continue
		}
		if found != "" && found != code {
			return ""
		}
		found = code
	}
	return found
}

func letterOrDigit(r rune) bool {
	return r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

// creditAlphabet has no I, O, S, V and Z.
const creditAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"

// validCreditCode proves form and check character: weights 3^i modulo 31. The number
// of a person passes it one time in 31 and is told apart by its own rules.
func validCreditCode(s string) bool {
	if len(s) != 18 || !digits(s[2:8]) {
		return false
	}
	sum, weight := 0, 1
	for i := range len(s) {
		n := strings.IndexByte(creditAlphabet, s[i])
		if n < 0 {
			return false
		}
		if i == 17 { // the check character itself
			weight = 1
		}
		sum += n * weight
		weight = weight * 3 % 31
	}
	if sum%31 != 0 {
		return false
	}
	_, err := idcard.ParseNumber(s, idcard.Date{})
	return err != nil
}

func digits(s string) bool {
	return strings.Trim(s, "0123456789") == ""
}

// String is the kind and the size.
func (c Code) String() string { return fmt.Sprintf("%s code of %d bytes", c.Kind, len(c.Raw)) }

// Format writes String whatever the verb, so that %+v reveals nothing.
func (c Code) Format(f fmt.State, _ rune) {
	// The error of a print is the printer's own.
	_, _ = io.WriteString(f, c.String())
}

// MarshalText is String, for JSON and everything else that asks. What is meant to
// leave the program is a Record.
func (c Code) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// LogValue is the kind and the size.
func (c Code) LogValue() slog.Value {
	return slog.GroupValue(slog.String("kind", string(c.Kind)), slog.Int("bytes", len(c.Raw)))
}

// Record is a Code laid out for other programs, with nothing masked. Write it only
// where a person asked for it.
type Record struct {
	Kind       Kind   `json:"kind"`
	Bytes      int    `json:"bytes"`
	Text       string `json:"text"`
	Hex        string `json:"hex"` // of all bytes
	Number     string `json:"number,omitempty"`
	QueryCode  string `json:"query_code,omitempty"`
	CreditCode string `json:"credit_code,omitempty"`
}

// Record returns the code unmasked.
func (c Code) Record() Record {
	number, query := c.Slip()
	return Record{
		Kind: c.Kind, Bytes: len(c.Raw), Text: c.Text, Hex: fmt.Sprintf("%X", c.Raw),
		Number: number, QueryCode: query, CreditCode: c.CreditCode(),
	}
}
