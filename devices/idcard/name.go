package idcard

import (
	"strings"

	"golang.org/x/text/unicode/norm"
)

// privateUse are the places that older cards use for characters that had no code then, and
// the codes they have now.
var privateUse = strings.NewReplacer(
	"\uE863", "\u4DAE",
	"\uE81E", "\u9FB4", "\uE826", "\u9FB5", "\uE82B", "\u9FB6", "\uE82C", "\u9FB7",
	"\uE832", "\u9FB8", "\uE843", "\u9FB9", "\uE854", "\u9FBA", "\uE864", "\u9FBB",
)

// separators of minority names. U+00B7 is the prescribed one.
var separators = strings.NewReplacer("\u2022", "\u00B7", "\u30FB", "\u00B7", "\uFF0E", "\u00B7", "\u2027", "\u00B7")

// StandardText replaces the private-use characters of older cards whose standard code is
// known, for display and for comparison. The original stays what the card says.
func StandardText(s string) string { return privateUse.Replace(s) }

// SameName reports whether two spellings are one name: equal after NFC, with the name
// separators and the known private-use characters taken as one.
func SameName(a, b string) bool { return comparableName(a) == comparableName(b) }

// comparableName stays with NFC: the compatibility forms would merge characters that are
// different names.
func comparableName(s string) string {
	return separators.Replace(StandardText(norm.NFC.String(strings.TrimSpace(s))))
}
