package idcard

import (
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"
	"unicode/utf16"
)

// Card is what one reading delivered. Photo and fingerprints themselves are never
// kept. A Card prints and logs itself masked: its layout and masked number only.
type Card struct {
	Kind             Kind
	Name             string // Chinese name; on foreign cards it may be empty
	EnglishName      string // foreign cards only
	SexCode          string // GB/T 2261.1; see SexName
	EthnicCode       string // GB/T 3304, two digits; residents only; see EthnicName
	Nationality      string // three letters of GB/T 2659; foreign cards only
	Birth            Date
	Address          string
	Number           Number
	EarlierNumber    Number // rebuilt 2017 number of a 2023 card
	IssuingAuthority string
	ValidFrom        Date
	ValidTo          Date // zero when LongTerm
	LongTerm         bool
	TravelDocument   string    // permits only: number of the pass
	IssueCount       string    // permits only: "01", "02"
	CardVersion      string    // 2017 cards only: "01"
	AcceptedBy       string    // 2017 cards only: four digits, province and city
	RenewalCount     string    // 2023 cards only: "00", "01"
	EarlierLink      string    // 2023 cards only: what rebuilds EarlierNumber
	Issues           []string  // see the Issue constants; sorted as found
	Photo            Digest    // only what proves that it was read whole
	Fingerprints     *Digest   // nil when they were not asked for
	ReadAt           time.Time // by the clock of the terminal
}

// Digest stands for bytes that were read and thrown away.
type Digest struct {
	Length  int    // bytes
	SHA256  string // hex, empty when Length is 0
	Fingers []int  // fingerprints only: positions, 11 to 15 right hand, 16 to 20 left, 97 to 99 unknown
}

// Flags in Card.Issues. Those that end in a colon are followed by the key of the
// field, as Record names it. None of them keeps a card from being delivered.
const (
	IssueCheckDigit     = "id_number_check_digit"
	IssueNumberForm     = "id_number_form"
	IssueNumberBirth    = "id_number_birth_date"
	IssueNumberSex      = "id_number_sex"
	IssueNumberArea     = "id_number_area"
	IssueNumberNation   = "id_number_nationality"
	IssueBirthInFuture  = "birth_date_future"
	IssueValidity       = "valid_to_before_valid_from"
	IssueMissingDate    = "missing_date:"
	IssueImpossibleDate = "impossible_date:"
	IssuePrivateUse     = "private_use_character:"
	IssueMalformed      = "malformed_utf16:"
	IssueReplaced       = "replaced_character:"
)

// HasIssue reports whether the card carries the flag.
func (c Card) HasIssue(issue string) bool { return slices.Contains(c.Issues, issue) }

// ValidOn reports whether the card is valid on the given day: from its first to the
// whole of its last day. A card whose dates were unreadable is not.
func (c Card) ValidOn(day Date) bool {
	if c.ValidFrom.IsZero() || day.Before(c.ValidFrom) {
		return false
	}
	return c.LongTerm || (!c.ValidTo.IsZero() && !c.ValidTo.Before(day))
}

// DisplayName is the Chinese name, or the English one of a card that has no other.
func (c Card) DisplayName() string {
	if c.Name != "" {
		return c.Name
	}
	return c.EnglishName
}

// NameMayBeCut reports whether DisplayName fills its whole field on the chip, so that
// the end of a longer name may be missing.
func (c Card) NameMayBeCut() bool {
	units := len(utf16.Encode([]rune(c.DisplayName())))
	switch {
	case c.Name != "":
		return units >= 15
	case c.Kind == Foreign2017:
		return units >= 60
	}
	return units >= 46
}

// String is the layout and the masked number.
func (c Card) String() string { return fmt.Sprintf("%s card %s", c.Kind, c.Number) }

// Format writes String whatever the verb, so that %+v reveals nobody.
func (c Card) Format(f fmt.State, _ rune) {
	// The error of a print is the printer's own.
	_, _ = io.WriteString(f, c.String())
}

// MarshalText is String, for JSON and everything else that asks. What is meant to leave
// the program is a Record.
func (c Card) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// LogValue is the layout, the masked number and the flags.
func (c Card) LogValue() slog.Value {
	return slog.GroupValue(slog.String("kind", string(c.Kind)), slog.Any("number", c.Number), slog.Any("issues", c.Issues))
}
