package samv

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"leye/devices/idcard"
)

// variant is the made-up card of a layout with some fields changed, and what must
// come of it.
type variant struct {
	name   string
	marker uint16
	put    []placed
	want   func(c idcard.Card) bool
	issues []string
}

// pad fills a field of n units.
func pad(s string, n int) string {
	return s + strings.Repeat(" ", n-len(utf16.Encode([]rune(s))))
}

var birthday = idcard.Date{Year: 1990, Month: 1, Day: 1}

var variants = []variant{
	{"resident", 0, nil, func(c idcard.Card) bool {
		return c.Name == "样张" && c.SexCode == "2" && c.EthnicCode == "01" && c.Birth == birthday && c.Address == "上海市样张区样张路1号" && c.IssuingAuthority == "样张公安局"
	}, nil},
	{"all fifteen units of a name", 0, []placed{{0, "阿卜杜热合曼·阿卜杜热合曼江甲"}}, func(c idcard.Card) bool { return c.NameMayBeCut() && strings.Contains(c.Name, "·") }, nil},
	{"two rare characters in four units", 0, []placed{{0, pad("𠮷𬭎", 15)}}, func(c idcard.Card) bool { return c.Name == "𠮷𬭎" && !c.NameMayBeCut() }, nil},
	{"private use in name and address", 0, []placed{{0, pad("\uE863\uE000", 15)}, {52, pad("\uE81E路", 35)}}, func(c idcard.Card) bool {
		return c.Name == "\uE863\uE000" && idcard.StandardText(c.Name) == "\u4DAE\uE000"
	}, []string{"private_use_character:name", "private_use_character:address"}},
	{"a space inside a name", 0, []placed{{0, pad("样 张", 15)}}, func(c idcard.Card) bool { return c.Name == "样 张" }, nil},
	{"for ever", 0, []placed{{204, pad("长期", 8)}}, func(c idcard.Card) bool {
		return c.LongTerm && c.ValidTo.IsZero() && c.ValidOn(idcard.Date{Year: 2099, Month: 1, Day: 1})
	}, nil},
	{"sex not stated", 0, []placed{{30, "9"}}, func(c idcard.Card) bool { return idcard.SexName(c.SexCode) == "未说明" }, nil},
	{"an unknown group", 0, []placed{{32, "99"}}, func(c idcard.Card) bool { return idcard.EthnicName(c.EthnicCode) == "99" }, nil},
	{"a leap day too many", 0, []placed{{204, "20410229"}}, func(c idcard.Card) bool { return c.ValidTo == idcard.Date{Year: 2041, Month: 2, Day: 28} }, []string{"impossible_date:valid_to"}},
	{"no date", 0, []placed{{188, "00000000"}}, func(c idcard.Card) bool { return c.ValidFrom.IsZero() && !c.ValidOn(asOf) }, []string{"missing_date:valid_from"}},
	{"ends before it begins", 0, []placed{{204, "20100101"}}, nil, []string{idcard.IssueValidity}},
	{"born another day", 0, []placed{{36, "19900102"}}, nil, []string{idcard.IssueNumberBirth}},
	{"another sex", 0, []placed{{30, "1"}}, nil, []string{idcard.IssueNumberSex}},
	{"a digit wrong", 0, []placed{{122, "310101199001010014"}}, nil, []string{idcard.IssueCheckDigit, idcard.IssueNumberSex}},
	{"a small x", 0, []placed{{36, "19491231"}, {122, "11010519491231002x"}}, func(c idcard.Card) bool { return c.Number.Reveal() == "11010519491231002X" }, nil},
	{"born tomorrow", 0, []placed{{36, "20261124"}}, nil, []string{idcard.IssueNumberBirth, idcard.IssueBirthInFuture}},

	{"permit of Hong Kong", 'J', nil, func(c idcard.Card) bool {
		return c.TravelDocument == "H00000000" && c.IssueCount == "01" && c.EthnicCode == ""
	}, nil},
	{"permit of Taiwan, old", 'J', []placed{{122, "830000199001010004"}, {220, pad("00000000", 9)}, {238, "  "}}, func(c idcard.Card) bool { return c.TravelDocument == "00000000" && c.IssueCount == "" }, nil},

	{"2017", 'I', nil, func(c idcard.Card) bool {
		return c.EnglishName == "SPECIMEN, SAMPLE" && c.Name == "样张" && c.AcceptedBy == "3100" && c.CardVersion == "01"
	}, nil},
	{"2017 without a Chinese name, the other full", 'I', []placed{{0, strings.Repeat("ABCDE ", 9) + "FGHIJK"}, {158, pad("", 15)}}, func(c idcard.Card) bool {
		return c.Name == "" && len(c.EnglishName) == 60 && c.NameMayBeCut() && c.DisplayName() == c.EnglishName
	}, nil},
	{"2017, born another day", 'I', []placed{{220, "19900102"}}, nil, []string{idcard.IssueNumberBirth}},
	{"2017, another nationality", 'I', []placed{{152, "DEU"}}, nil, []string{idcard.IssueNumberNation}},

	{"2023", 'Y', nil, func(c idcard.Card) bool {
		return c.EnglishName == "SPECIMEN, SAMPLE" && c.RenewalCount == "00" && c.EarlierNumber == "" && c.IssuingAuthority == ""
	}, nil},
	{"2023, a space on the border of the two parts", 'Y', []placed{{0, pad("", 15)}, {52, strings.Repeat("A", 34) + " "}, {220, "BCDEFGHIJKL"}}, func(c idcard.Card) bool {
		return c.EnglishName == strings.Repeat("A", 34)+" BCDEFGHIJKL" && c.NameMayBeCut()
	}, nil},
	{"2023, renewed twice, with the old number", 'Y', []placed{{32, "02"}, {36, "19850420"}, {122, "931276198504200027"}, {242, "DEU"}, {250, "001"}}, func(c idcard.Card) bool {
		return c.RenewalCount == "02" && c.EarlierLink == "001" && c.EarlierNumber.Reveal() == "DEU310085042013"
	}, nil},
	{"2023, another nationality", 'Y', []placed{{36, "19850420"}, {122, "931276198504200027"}, {242, "FRA"}}, nil, []string{idcard.IssueNumberNation}},
}

// made is the text of a variant, padded with blanks or with zeros.
func made(v variant, zeros bool) []byte {
	text := specimenOf(v.marker)
	for _, f := range v.put {
		for i, unit := range utf16.Encode([]rune(f.text)) {
			binary.LittleEndian.PutUint16(text[f.at+2*i:], unit)
		}
	}
	for at := 0; zeros && at < textSize; at += 2 {
		end := at == textSize-2 || text[at+2] == ' ' && text[at+3] == 0
		if text[at] == ' ' && text[at+1] == 0 && end {
			text[at] = 0
		}
	}
	return text
}

func TestEveryVariantOfEveryLayout(t *testing.T) {
	for _, v := range variants {
		for _, zeros := range []bool{false, true} {
			c, err := decodeText(made(v, zeros), asOf)
			if err != nil || v.want != nil && !v.want(c) || !slices.Equal(c.Issues, v.issues) {
				t.Errorf("%s (zeros %v): name %q, issues %v, %v", v.name, zeros, c.Name+c.EnglishName, c.Issues, err)
			}
		}
	}
}

// TestHalfACharacter has a name that the chip cut inside of a pair of units.
func TestHalfACharacter(t *testing.T) {
	text := specimenOf(0)
	for i := range 14 {
		binary.LittleEndian.PutUint16(text[2*i:], '样')
	}
	binary.LittleEndian.PutUint16(text[28:], 0xD842)
	c, err := decodeText(text, asOf)
	if err != nil || c.Name != strings.Repeat("样", 14)+"\uFFFD" || !slices.Equal(c.Issues, []string{"malformed_utf16:name"}) {
		t.Errorf("%q, %v, %v", c.Name, c.Issues, err)
	}
}

// TestFingerprintsOfEachLength reads what 30 10 may answer.
func TestFingerprintsOfEachLength(t *testing.T) {
	for length, fingers := range map[int][]int{0: nil, 512: {11}, 1024: {11, 16}} {
		data := binary.BigEndian.AppendUint16(nil, textSize)
		data = binary.BigEndian.AppendUint16(data, photoSize)
		data = binary.BigEndian.AppendUint16(data, uint16(length))
		data = append(append(data, specimenOf(0)...), make([]byte, photoSize)...)
		for i := range fingers {
			finger := make([]byte, 512)
			finger[5] = byte(fingers[i])
			data = append(data, finger...)
		}
		c, err := Decode(data, true, asOf)
		if err != nil || c.Fingerprints == nil || c.Fingerprints.Length != length || !slices.Equal(c.Fingerprints.Fingers, fingers) {
			t.Errorf("%d: %v, %v", length, c.Fingerprints, err)
		}
		if _, err := Decode(data, false, asOf); err == nil {
			t.Errorf("%d: taken for an answer without fingerprints", length)
		}
	}
	for _, length := range []int{1, 256, 513, 2048} {
		data := append([]byte{1, 0, 4, 0, byte(length >> 8), byte(length)}, make([]byte, textSize+photoSize+length)...)
		if _, err := Decode(data, true, asOf); err == nil {
			t.Errorf("%d bytes of fingerprints were taken", length)
		}
	}
}
