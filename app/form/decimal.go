package form

import (
	"cmp"
	"strings"
)

// Decimal numbers stay text from the keyboard to the case file: money that went
// through a float is no longer the money that was typed.

// canonical brings a plain decimal number ("-7", "07.50", ".5") to JSON's form.
// Exponents, signs of plus and digits other than 0-9 are no plain decimals.
func canonical(s string) (string, bool) {
	s = strings.TrimSpace(s)
	body, negative := strings.CutPrefix(s, "-")
	whole, fraction, dot := strings.Cut(body, ".")
	if whole == "" && fraction == "" || !digits(whole) || !digits(fraction) {
		return "", false
	}
	whole = strings.TrimLeft(whole, "0")
	if whole == "" {
		whole = "0"
	}
	out := whole
	if dot && fraction != "" {
		out += "." + fraction
	}
	if negative && strings.Trim(out, "0.") != "" {
		out = "-" + out
	}
	return out, true
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// compareDecimal orders two canonical decimals.
func compareDecimal(a, b string) int {
	na, nb := strings.HasPrefix(a, "-"), strings.HasPrefix(b, "-")
	switch {
	case na && nb:
		return compareMagnitude(b[1:], a[1:])
	case na:
		return -1
	case nb:
		return 1
	}
	return compareMagnitude(a, b)
}

func compareMagnitude(a, b string) int {
	wa, fa, _ := strings.Cut(a, ".")
	wb, fb, _ := strings.Cut(b, ".")
	if c := cmp.Compare(len(wa), len(wb)); c != 0 {
		return c
	}
	if c := strings.Compare(wa, wb); c != 0 {
		return c
	}
	return strings.Compare(strings.TrimRight(fa, "0"), strings.TrimRight(fb, "0"))
}

// decimals counts the digits after the point that say something.
func decimals(s string) int {
	_, fraction, _ := strings.Cut(s, ".")
	return len(strings.TrimRight(fraction, "0"))
}
