package idcardtest

import (
	"encoding/json"
	"fmt"
	"reflect"

	"leye/devices/idcard"
)

// Differs compares what was read with what the vector expects, key by key of the record.
// It returns the first difference in words, or "".
func (v Card) Differs(c idcard.Card) string {
	raw, err := json.Marshal(c.Record())
	if err != nil {
		return err.Error()
	}
	var got map[string]any
	if err := json.Unmarshal(raw, &got); err != nil {
		return err.Error()
	}
	for key, want := range v.Expect {
		if !reflect.DeepEqual(got[key], want) {
			return fmt.Sprintf("%s is %v, want %v", key, got[key], want)
		}
	}
	for key := range got {
		if _, ok := v.Expect[key]; !ok {
			return key + " is not expected"
		}
	}
	return ""
}

// record is what a vector expects, under the keys of idcard.Record.
type record struct {
	Kind           idcard.Kind   `json:"card_type"`
	Name           string        `json:"name"`
	ForeignName    string        `json:"name_cn"`
	EnglishName    string        `json:"name_en"`
	Sex            string        `json:"sex_code"`
	Ethnic         string        `json:"ethnic_code"`
	Nationality    string        `json:"nationality"`
	Birth          idcard.Date   `json:"birth_date"`
	Address        string        `json:"address"`
	Number         idcard.Number `json:"id_number"`
	Authority      string        `json:"issuing_authority"`
	From           idcard.Date   `json:"valid_from"`
	To             idcard.Date   `json:"valid_to"`
	LongTerm       bool          `json:"long_term"`
	Pass           string        `json:"pass_number"`
	Issue          string        `json:"issue_count"`
	Version        string        `json:"card_version"`
	AcceptedBy     string        `json:"acceptance_authority_code"`
	Renewal        string        `json:"renewal_count"`
	Link           string        `json:"previous_link"`
	Earlier        idcard.Number `json:"previous_number"`
	PhotoLength    int           `json:"photo_len"`
	PhotoSum       string        `json:"photo_sha256"`
	FingersLength  *int          `json:"fingerprint_len"`
	FingersSum     string        `json:"fingerprint_sha256"`
	FingerPosition []int         `json:"finger_positions"`
	Issues         []string      `json:"issues"`
}

// Value builds the card that the vector expects, without the help of any decoder. ReadAt
// is zero.
func (v Card) Value() idcard.Card {
	raw, err := json.Marshal(v.Expect)
	var r record
	if err == nil {
		err = json.Unmarshal(raw, &r)
	}
	if err != nil {
		panic(fmt.Sprintf("read expectation of %s: %v", v.Name, err))
	}
	c := idcard.Card{
		Kind: r.Kind, Name: r.Name + r.ForeignName, EnglishName: r.EnglishName,
		SexCode: r.Sex, EthnicCode: r.Ethnic, Nationality: r.Nationality, Birth: r.Birth,
		Address: r.Address, Number: r.Number, EarlierNumber: r.Earlier, IssuingAuthority: r.Authority,
		ValidFrom: r.From, ValidTo: r.To, LongTerm: r.LongTerm, TravelDocument: r.Pass, IssueCount: r.Issue,
		CardVersion: r.Version, AcceptedBy: r.AcceptedBy, RenewalCount: r.Renewal, EarlierLink: r.Link,
		Issues: r.Issues, Photo: idcard.Digest{Length: r.PhotoLength, SHA256: r.PhotoSum},
	}
	if r.FingersLength != nil {
		c.Fingerprints = &idcard.Digest{Length: *r.FingersLength, SHA256: r.FingersSum, Fingers: r.FingerPosition}
	}
	return c
}
