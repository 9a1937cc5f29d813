package samv

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode/utf16"

	"leye/devices/idcard"
)

// Sizes of a read answer in bytes.
const (
	textSize  = 256
	photoSize = 1024
)

// ErrLayout reports a read answer whose lengths or type marker fit no card.
var ErrLayout = errors.New("card data of an unknown layout")

// Decode turns the data of a read answer (after the status bytes) into a card.
// fingerprints says whether command 30 10 was sent. today judges dates that lie
// in the future. Doubts about single fields are issues of the card, not errors.
func Decode(data []byte, fingerprints bool, today idcard.Date) (idcard.Card, error) {
	head := 4
	if fingerprints {
		head = 6
	}
	if len(data) < head {
		return idcard.Card{}, fmt.Errorf("%w: %d bytes", ErrLayout, len(data))
	}
	text, photo, finger := int(binary.BigEndian.Uint16(data)), int(binary.BigEndian.Uint16(data[2:])), 0
	if fingerprints {
		finger = int(binary.BigEndian.Uint16(data[4:]))
	}
	if text != textSize || photo != photoSize || finger != 0 && finger != 512 && finger != 1024 || len(data) != head+text+photo+finger {
		return idcard.Card{}, fmt.Errorf("%w: text %d, photo %d, fingerprints %d in %d bytes", ErrLayout, text, photo, finger, len(data))
	}
	card, err := decodeText(data[head:head+text], today)
	if err != nil {
		return idcard.Card{}, err
	}
	card.Photo = digest(data[head+text : head+text+photo])
	if fingerprints {
		d := digest(data[head+text+photo:])
		for at := 0; at+512 <= finger; at += 512 {
			d.Fingers = append(d.Fingers, int(data[head+text+photo+at+5]))
		}
		card.Fingerprints = &d
	}
	return card, nil
}

func digest(b []byte) idcard.Digest {
	if len(b) == 0 {
		return idcard.Digest{}
	}
	sum := sha256.Sum256(b)
	return idcard.Digest{Length: len(b), SHA256: hex.EncodeToString(sum[:])}
}

// text is UTF-16LE with the issues found in them.
type text struct {
	units  []uint16
	issues []string
	today  idcard.Date
}

// newText takes apart an even number of bytes.
func newText(b []byte, today idcard.Date) *text {
	t := &text{units: make([]uint16, len(b)/2), today: today}
	for i := range t.units {
		t.units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return t
}

// decodeText picks the layout by the unit at offset 248 and cross-checks it with
// the number, which stands at offset 122 in all four.
func decodeText(b []byte, today idcard.Date) (idcard.Card, error) {
	t := newText(b, today)
	var c idcard.Card
	kind := markers[t.units[markerAt/2]]
	if kind == "" {
		kind = idcard.Resident
	}
	first := t.units[61]
	if fits := map[idcard.Kind]bool{
		idcard.Foreign2017: first >= 'A' && first <= 'Z', idcard.Foreign2023: first == '9',
		idcard.HKMTPermit: first == '8', idcard.Resident: first >= '1' && first <= '6',
	}[kind]; !fits {
		return c, fmt.Errorf("%w: type marker and number disagree", ErrLayout)
	}
	c.Kind = kind
	switch kind {
	case idcard.Foreign2017:
		t.foreign2017(&c)
	case idcard.Foreign2023:
		t.foreign2023(&c)
	case idcard.HKMTPermit:
		t.resident(&c)
		c.TravelDocument, c.IssueCount = t.plain(220, 18), t.plain(238, 4)
	default:
		t.resident(&c)
		c.EthnicCode = t.plain(32, 4)
	}
	t.judge(&c)
	c.Issues = t.issues
	return c, nil
}

var markers = map[uint16]idcard.Kind{'I': idcard.Foreign2017, 'Y': idcard.Foreign2023, 'J': idcard.HKMTPermit}

// resident reads what residents' cards and permits share (GA/T 490).
func (t *text) resident(c *idcard.Card) {
	c.Name = t.field("name", 0, 30)
	c.SexCode = t.plain(30, 2)
	c.Birth = t.date("birth_date", 36)
	c.Address = t.field("address", 52, 70)
	c.Number = t.number(122, 36)
	c.IssuingAuthority = t.field("issuing_authority", 158, 30)
	c.ValidFrom = t.date("valid_from", 188)
	if t.plain(204, 16) == "长期" {
		c.LongTerm = true
	} else {
		c.ValidTo = t.date("valid_to", 204)
	}
}

func (t *text) foreign2017(c *idcard.Card) {
	c.EnglishName = t.field("name_en", 0, 120)
	c.SexCode = t.plain(120, 2)
	c.Number = t.number(122, 30)
	c.Nationality = t.plain(152, 6)
	c.Name = t.field("name_cn", 158, 30)
	c.ValidFrom, c.ValidTo = t.date("valid_from", 188), t.date("valid_to", 204)
	c.Birth = t.date("birth_date", 220)
	c.CardVersion, c.AcceptedBy = t.plain(236, 4), t.plain(240, 8)
}

func (t *text) foreign2023(c *idcard.Card) {
	c.Name = t.field("name_cn", 0, 30)
	c.SexCode, c.RenewalCount = t.plain(30, 2), t.plain(32, 4)
	c.Birth = t.date("birth_date", 36)
	// Joined before trimming: a space may fall on the border of the two parts.
	c.EnglishName = t.join("name_en", t.units[26:61], t.units[110:121])
	c.Number = t.number(122, 36)
	c.ValidFrom, c.ValidTo = t.date("valid_from", 188), t.date("valid_to", 204)
	c.Nationality, c.EarlierLink = t.plain(242, 6), t.plain(250, 6)
	if c.EarlierLink != "" {
		c.EarlierNumber = idcard.EarlierNumber(c.Number, c.Nationality, c.EarlierLink)
	}
}

// field is a text at a byte offset, with what is wrong in it noted under key.
func (t *text) field(key string, offset, size int) string {
	return t.join(key, t.units[offset/2:(offset+size)/2])
}

func (t *text) join(key string, parts ...[]uint16) string {
	var units []uint16
	for _, p := range parts {
		units = append(units, p...)
	}
	s := strings.Trim(string(utf16.Decode(units)), " \x00")
	if malformed(units) {
		t.note(idcard.IssueMalformed + key)
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r >= 0xE000 && r <= 0xF8FF }) {
		t.note(idcard.IssuePrivateUse + key)
	}
	return s
}

// malformed reports a surrogate without its other half.
func malformed(units []uint16) bool {
	for i := 0; i < len(units); i++ {
		switch u := rune(units[i]); {
		case u >= 0xD800 && u < 0xDC00:
			if i+1 == len(units) || units[i+1] < 0xDC00 || units[i+1] > 0xDFFF {
				return true
			}
			i++
		case u >= 0xDC00 && u <= 0xDFFF:
			return true
		}
	}
	return false
}

func (t *text) plain(offset, size int) string {
	return strings.Trim(string(utf16.Decode(t.units[offset/2:(offset+size)/2])), " \x00")
}

func (t *text) number(offset, size int) idcard.Number {
	return idcard.Number(strings.ToUpper(t.plain(offset, size)))
}

func (t *text) note(issue string) { t.issues = append(t.issues, issue) }

// date reads YYYYMMDD. An impossible day is noted and moved back into its month:
// adding years to a leap day has been seen to make one.
func (t *text) date(key string, offset int) idcard.Date {
	s := t.plain(offset, 16)
	if s == "" || s == "00000000" {
		t.note(idcard.IssueMissingDate + key)
		return idcard.Date{}
	}
	d, err := idcard.ParseDate(s)
	if err == nil {
		return d
	}
	t.note(idcard.IssueImpossibleDate + key)
	if len(s) == 8 {
		for _, day := range []string{"30", "29", "28"} {
			if d, err := idcard.ParseDate(s[:6] + day); err == nil && s[6:] > day {
				return d
			}
		}
	}
	return idcard.Date{}
}

// issueOf names why a number is refused.
func issueOf(err error) string {
	switch {
	case errors.Is(err, idcard.ErrNumberCheckDigit):
		return idcard.IssueCheckDigit
	case errors.Is(err, idcard.ErrNumberArea):
		return idcard.IssueNumberArea
	case errors.Is(err, idcard.ErrNumberFuture):
		return idcard.IssueBirthInFuture
	default:
		return idcard.IssueNumberForm
	}
}

// judge compares number, birth date and sex: an exclusive-or alone lets wrong
// data through.
func (t *text) judge(c *idcard.Card) {
	if err := c.Number.Check(c.Kind, t.today); err != nil {
		t.note(issueOf(err))
	}
	if !c.Birth.IsZero() && !c.Number.BornOn(c.Birth) {
		t.note(idcard.IssueNumberBirth)
	}
	if !c.Number.Of(c.Nationality) {
		t.note(idcard.IssueNumberNation)
	}
	if sex := c.Number.SexCode(); sex != "" && (c.SexCode == "1" || c.SexCode == "2") && sex != c.SexCode {
		t.note(idcard.IssueNumberSex)
	}
	if t.today.Before(c.Birth) {
		t.note(idcard.IssueBirthInFuture)
	}
	if !c.ValidTo.IsZero() && c.ValidTo.Before(c.ValidFrom) {
		t.note(idcard.IssueValidity)
	}
}
