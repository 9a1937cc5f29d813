package idcard

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// Number is the number of an identity card, letters in upper case. It prints, logs and
// marshals itself masked; Reveal gives the whole. So a number that is meant to leave the
// terminal must be revealed where everybody can see it.
type Number string

// Why a number is refused.
var (
	ErrNumberForm       = errors.New("number has a wrong form")
	ErrNumberCheckDigit = errors.New("check digit of the number is wrong")
	ErrNumberDate       = errors.New("birth date in the number does not exist")
	ErrNumberFuture     = errors.New("birth date in the number is in the future")
	ErrNumberArea       = errors.New("area in the number does not exist")
	ErrNumberKind       = errors.New("number belongs to another kind of card")
)

// ParseNumber reads a number of any of the four kinds and checks all that the number
// itself can prove on the given day. A final x may be a small letter; spaces and full-width
// digits are refused, since no card has them.
func ParseNumber(s string, today Date) (Number, error) {
	n := Number(strings.ToUpper(s))
	if err := n.Check(n.Kind(), today); err != nil {
		return "", fmt.Errorf("read card number: %w", err)
	}
	return n, nil
}

// Reveal is the whole number.
func (n Number) Reveal() string { return string(n) }

// String is the number masked: the first four and the last character, stars between.
func (n Number) String() string {
	const head, tail = 4, 1
	if len(n) < 2*(head+tail) {
		return strings.Repeat("*", len(n))
	}
	return string(n[:head]) + strings.Repeat("*", len(n)-head-tail) + string(n[len(n)-tail:])
}

// Format writes the masked number whatever the verb.
func (n Number) Format(f fmt.State, _ rune) {
	// The error of a print is the printer's own.
	_, _ = io.WriteString(f, n.String())
}

// LogValue is the masked number.
func (n Number) LogValue() slog.Value { return slog.StringValue(n.String()) }

// MarshalText is the masked number, for JSON and everything else that asks.
func (n Number) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// Kind is the layout of the card that a number of this form stands on: a letter begins
// the 2017 form, 9 the 2023 form, 81 to 83 a permit; all else is taken for a resident's.
func (n Number) Kind() Kind {
	switch {
	case n == "":
		return Resident
	case n[0] >= 'A' && n[0] <= 'Z':
		return Foreign2017
	case n[0] == '9':
		return Foreign2023
	case len(n) > 1 && n[0] == '8' && n[1] >= '1' && n[1] <= '3':
		return HKMTPermit
	}
	return Resident
}

// Check proves what the number itself can prove: form, check digit, birth date, area and
// that it belongs to the kind. Sources: GB 11643 with ISO 7064 MOD 11-2 for the numbers
// of 18 characters, the 7-3-1 rule of travel documents for those of 15.
func (n Number) Check(kind Kind, today Date) error {
	if n.Kind() != kind {
		return ErrNumberKind
	}
	if kind == Foreign2017 {
		return n.check15()
	}
	return n.check18(today)
}

func (n Number) check18(today Date) error {
	if len(n) != 18 || !digits(string(n[:17])) || (n[17] != 'X' && !digits(string(n[17:]))) {
		return ErrNumberForm
	}
	if n[17] != checkCharacter(string(n[:17])) {
		return ErrNumberCheckDigit
	}
	birth, ok := n.Birth()
	if !ok {
		return ErrNumberDate
	}
	if !today.IsZero() && today.Before(birth) {
		return ErrNumberFuture
	}
	if !n.areaExists() {
		return ErrNumberArea
	}
	return nil
}

// checkCharacter is ISO 7064 MOD 11-2 over 17 digits, by Horner's rule.
func checkCharacter(s string) byte {
	p := 0
	for i := range len(s) {
		p = (p + int(s[i]-'0')) * 2 % 11
	}
	return "10X98765432"[p]
}

// areaExists looks at the first two digits only: the codes below them are abolished and
// merged, and old ones stay on valid cards.
func (n Number) areaExists() bool {
	province := string(n[:2])
	if n.Kind() == Foreign2023 {
		province = string(n[1:3])
	}
	const all = "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 81 82 83"
	return strings.Contains(all, province)
}

func (n Number) check15() error {
	if len(n) != 15 || !letters(string(n[:3])) || !digits(string(n[3:])) {
		return ErrNumberForm
	}
	if n[14] != travelCheckDigit(string(n[:14])) {
		return ErrNumberCheckDigit
	}
	// The century is unknown; a year that is 29 February's in either one passes.
	if _, err := ParseDate("20" + string(n[7:13])); err != nil {
		return ErrNumberDate
	}
	return nil
}

func letters(s string) bool {
	for i := range len(s) {
		if s[i] < 'A' || s[i] > 'Z' {
			return false
		}
	}
	return s != ""
}

// travelCheckDigit is the rule of machine-readable travel documents: weights 7, 3, 1,
// letters from A = 10.
func travelCheckDigit(s string) byte {
	sum := 0
	for i := range len(s) {
		v := int(s[i] - '0')
		if s[i] >= 'A' {
			v = int(s[i]-'A') + 10
		}
		sum += v * [...]int{7, 3, 1}[i%3]
	}
	return byte('0' + sum%10)
}

// Birth is the birth date in a number of 18 characters, and whether there is one. A 2017
// number holds no century.
func (n Number) Birth() (Date, bool) {
	if len(n) != 18 {
		return Date{}, false
	}
	d, err := ParseDate(string(n[6:14]))
	return d, err == nil
}

// BornOn reports whether the birth date in the number can be that day. A 2017 number
// tells the last two digits of the year only.
func (n Number) BornOn(d Date) bool {
	if n.Kind() == Foreign2017 && len(n) == 15 {
		return string(n[7:13]) == fmt.Sprintf("%02d%02d%02d", d.Year%100, d.Month, d.Day)
	}
	b, ok := n.Birth()
	return !ok || b == d
}

// Of reports whether the country in the number of a foreigner can be that of the
// three letters; a holder may have changed nationality since.
func (n Number) Of(nationality string) bool {
	switch {
	case nationality == "" || len(n) < 15:
		return true
	case n.Kind() == Foreign2017:
		return string(n[:3]) == nationality
	}
	inside, known := n.CountryDigits(), NationalityDigits(nationality)
	return inside == "" || known == "" || inside == known
}

// SexCode is "1" or "2" after the parity of the sequence in a number of 18 characters, or
// empty.
func (n Number) SexCode() string {
	if len(n) != 18 || !digits(string(n[16:17])) {
		return ""
	}
	if (n[16]-'0')%2 == 1 {
		return "1"
	}
	return "2"
}

// CountryDigits is the numeric country code inside a 2023 number, or empty.
func (n Number) CountryDigits() string {
	if len(n) != 18 || n.Kind() != Foreign2023 {
		return ""
	}
	return string(n[3:6])
}

// EarlierNumber rebuilds the 2017 number that a holder had before the 2023 card: the
// letters of the nationality, province and birth date out of the number, city and
// sequence out of the three characters of the link. It is empty when something is missing.
func EarlierNumber(n Number, nationality, link string) Number {
	if len(n) != 18 || len(nationality) != 3 || !letters(nationality) || len(link) != 3 || !digits(link) || !digits(string(n[:17])) {
		return ""
	}
	s := nationality + string(n[1:3]) + link[:2] + string(n[8:14]) + link[2:]
	return Number(s + string(travelCheckDigit(s)))
}
