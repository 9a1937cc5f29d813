package kiosk

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"unicode/utf8"
)

// Resident is the person at the terminal as the card names them. It prints and
// logs itself masked.
type Resident struct {
	Name    string
	Number  string // citizen number or its sibling on permits
	DocKind string // code of the list id_document
	Sex     string // GB/T 2261.1
	Birth   string // YYYY-MM-DD
	Ethnic  string // GB/T 3304, two digits
	Address string
}

// MaskedName shows the family name and the last character: 李*样.
func (r Resident) MaskedName() string { return MaskName(r.Name) }

// MaskedNumber shows the first four and the last character.
func (r Resident) MaskedNumber() string { return MaskNumber(r.Number) }

func (r Resident) String() string { return r.MaskedName() }

// Format writes String whatever the verb.
func (r Resident) Format(f fmt.State, _ rune) { mask(f, r.String()) }

// MarshalText is String, for JSON and everything else that asks.
func (r Resident) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// LogValue keeps the person out of every log.
func (r Resident) LogValue() slog.Value { return slog.StringValue("resident") }

// mask writes what stands for a value; the error of a print is the printer's own.
func mask(f fmt.State, words string) { _, _ = io.WriteString(f, words) }

// MaskName keeps the first and, from three characters on, the last character of
// a name.
func MaskName(name string) string {
	runes := []rune(name)
	switch n := len(runes); {
	case n <= 1:
		return name
	case n == 2:
		return string(runes[:1]) + "*"
	default:
		return string(runes[0]) + strings.Repeat("*", min(n-2, 3)) + string(runes[n-1])
	}
}

// MaskNumber keeps the first four and the last character of a document number. Of
// what is no number but somebody's words nothing is kept.
func MaskNumber(number string) string {
	n := utf8.RuneCountInString(number)
	if n < 8 || n != len(number) {
		return strings.Repeat("*", min(n, 8))
	}
	return number[:4] + strings.Repeat("*", n-5) + number[n-1:]
}
