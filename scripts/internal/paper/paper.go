// Package paper reads from the words of a screen or a slip what they claim: under
// which number the central has an application, or the terminal keeps it.
package paper

import "regexp"

// Proof is what a slip lets its holder ask with.
type Proof struct {
	Number    string // case number, of the central
	QueryCode string
	Reference string // of the terminal
}

var (
	numberShape    = regexp.MustCompile(`\b\d{3}-\d{3}-\d{6}-\d{4,}-[\dX]\b`)
	referenceShape = regexp.MustCompile(`\b[A-Z]{2}\d{2,4}-\d{4}-\d{4,6}-[2-9A-HJKMNP-Z]\b`)
	codeShape      = regexp.MustCompile(`(?:查询码|[Qq]uery code)[^\d]{0,40}(\d{6})\b`)
)

// Read finds the number, the query code and the reference in a slip's text.
func Read(text string) Proof {
	p := Proof{Number: numberShape.FindString(text), Reference: referenceShape.FindString(text)}
	if m := codeShape.FindStringSubmatch(text); m != nil {
		p.QueryCode = m[1]
	}
	return p
}
