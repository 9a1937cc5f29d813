package idcard

import (
	"bytes"
	"encoding/json"
)

// Record is a Card laid out for other programs: the keys that its layout has, in the order
// of the layout, with nothing masked. Write it only where a person asked for the data.
type Record []Member

// Member is one key of a Record.
type Member struct {
	Key   string
	Value any
}

// MarshalJSON is one JSON object with the keys in order. Dates are ISO 8601 or null.
func (r Record) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range r {
		if i > 0 {
			b.WriteByte(',')
		}
		key, err := json.Marshal(m.Key)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(m.Value)
		if err != nil {
			return nil, err
		}
		b.Write(key)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func (r *Record) add(key string, value any) { *r = append(*r, Member{key, value}) }

// typeMarkers is the unit at offset 248 of the text; a resident card has none.
var typeMarkers = map[Kind]string{Foreign2017: "I", Foreign2023: "Y", HKMTPermit: "J"}

// Record returns the card unmasked.
func (c Card) Record() Record {
	r := Record{{"card_type", string(c.Kind)}, {"type_marker", typeMarkers[c.Kind]}}
	switch c.Kind {
	case Foreign2017, Foreign2023:
		r.add("name_en", c.EnglishName)
		r.add("name_cn", c.Name)
	default:
		r.add("name", c.Name)
	}
	r.add("sex_code", c.SexCode)
	r.add("sex", SexName(c.SexCode))
	if c.Kind == Resident {
		r.add("ethnic_code", c.EthnicCode)
		r.add("ethnic", EthnicName(c.EthnicCode))
	}
	r.add("birth_date", c.Birth)
	r.add("id_number", c.Number.Reveal())
	c.addLayout(&r)
	r.add("valid_from", c.ValidFrom)
	r.add("valid_to", c.ValidTo)
	r.add("long_term", c.LongTerm)
	c.addMedia(&r)
	r.add("issues", append([]string{}, c.Issues...))
	return r
}

// addLayout adds what only some layouts have.
func (c Card) addLayout(r *Record) {
	switch c.Kind {
	case Foreign2017:
		r.add("nationality", c.Nationality)
		r.add("card_version", c.CardVersion)
		r.add("acceptance_authority_code", c.AcceptedBy)
	case Foreign2023:
		r.add("nationality", c.Nationality)
		r.add("renewal_count", c.RenewalCount)
		r.add("previous_link", c.EarlierLink)
		var earlier any // null, not an empty string, when there was none
		if c.EarlierNumber != "" {
			earlier = c.EarlierNumber.Reveal()
		}
		r.add("previous_number", earlier)
	case HKMTPermit:
		r.add("address", c.Address)
		r.add("issuing_authority", c.IssuingAuthority)
		r.add("pass_number", c.TravelDocument)
		r.add("issue_count", c.IssueCount)
	default:
		r.add("address", c.Address)
		r.add("issuing_authority", c.IssuingAuthority)
	}
}

func (c Card) addMedia(r *Record) {
	if c.Photo.Length > 0 {
		r.add("photo_len", c.Photo.Length)
		r.add("photo_sha256", c.Photo.SHA256)
	}
	if c.Fingerprints == nil {
		return
	}
	r.add("fingerprint_len", c.Fingerprints.Length)
	if c.Fingerprints.Length > 0 {
		r.add("finger_positions", c.Fingerprints.Fingers)
		r.add("fingerprint_sha256", c.Fingerprints.SHA256)
	}
}
