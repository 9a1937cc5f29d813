package idcard_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"leye/devices/idcard"
)

func keys(c idcard.Card) []string {
	var out []string
	for _, m := range c.Record() {
		out = append(out, m.Key)
	}
	return out
}

func TestRecordHasTheKeysOfItsLayout(t *testing.T) {
	const start, end = "card_type type_marker ", " valid_from valid_to long_term issues"
	for kind, middle := range map[idcard.Kind]string{
		idcard.Resident:    "name sex_code sex ethnic_code ethnic birth_date id_number address issuing_authority",
		idcard.HKMTPermit:  "name sex_code sex birth_date id_number address issuing_authority pass_number issue_count",
		idcard.Foreign2017: "name_en name_cn sex_code sex birth_date id_number nationality card_version acceptance_authority_code",
		idcard.Foreign2023: "name_en name_cn sex_code sex birth_date id_number nationality renewal_count previous_link previous_number",
	} {
		if got := strings.Join(keys(idcard.Card{Kind: kind}), " "); got != start+middle+end {
			t.Errorf("%s: %s", kind, got)
		}
	}
}

func TestRecordTellsMediaOnlyWhenRead(t *testing.T) {
	c := sample()
	c.Photo = idcard.Digest{Length: 1024, SHA256: "00"}
	if got := keys(c); !slices.Contains(got, "photo_len") || slices.Contains(got, "fingerprint_len") {
		t.Errorf("%v", got)
	}
	c.Fingerprints = &idcard.Digest{}
	if got := keys(c); !slices.Contains(got, "fingerprint_len") || slices.Contains(got, "finger_positions") {
		t.Errorf("%v", got)
	}
	c.Fingerprints = &idcard.Digest{Length: 512, SHA256: "00", Fingers: []int{11}}
	if got := keys(c); !slices.Contains(got, "finger_positions") || !slices.Contains(got, "fingerprint_sha256") {
		t.Errorf("%v", got)
	}
}

func TestRecordAsJSON(t *testing.T) {
	raw, err := json.Marshal(sample().Record())
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"card_type":"resident","type_marker":"","name":"李试样","sex_code":"2","sex":"女","ethnic_code":"01","ethnic":"汉",` +
		`"birth_date":"1992-03-15","id_number":"310101199203159026","address":"上海市黄浦区样例路100弄5号602室",` +
		`"issuing_authority":"上海市公安局黄浦分局","valid_from":"2020-05-18","valid_to":"2040-05-18","long_term":false,"issues":["id_number_sex"]}`
	if string(raw) != want {
		t.Errorf("%s\nwant %s", raw, want)
	}
	none, err := json.Marshal(idcard.Card{Kind: idcard.Foreign2023}.Record())
	if err != nil || !strings.Contains(string(none), `"previous_number":null`) || !strings.Contains(string(none), `"birth_date":null`) || !strings.Contains(string(none), `"issues":[]`) {
		t.Errorf("%s, %v", none, err)
	}
	if _, err := json.Marshal(idcard.Record{{Key: "x", Value: func() {}}}); err == nil {
		t.Error("a value that has no JSON was written")
	}
}

// FuzzRecord holds that whatever stands on a card, its record is one JSON object
// with each key once, in order, and every text unchanged where UTF-8 allows it.
func FuzzRecord(f *testing.F) {
	f.Add(uint8(0), "李试样", "上海市\"样例路\"", "310101199203159026", "001")
	f.Add(uint8(3), "DOE, JANE\u2028", "", "931276198504200027", "")
	kinds := []idcard.Kind{idcard.Resident, idcard.HKMTPermit, idcard.Foreign2017, idcard.Foreign2023}
	f.Fuzz(func(t *testing.T, kind uint8, name, address, number, code string) {
		c := idcard.Card{
			Kind: kinds[kind%4], Name: name, EnglishName: name, Address: address, Number: idcard.Number(number),
			SexCode: code, EthnicCode: code, Nationality: code, EarlierLink: code, Issues: []string{code},
			EarlierNumber: idcard.EarlierNumber(idcard.Number(number), code, code),
		}
		raw, err := json.Marshal(c.Record())
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		if err := json.Unmarshal(raw, &got); err != nil || len(got) != len(c.Record()) {
			t.Fatalf("%s: %d keys of %d, %v", raw, len(got), len(c.Record()), err)
		}
		if want := strings.ToValidUTF8(number, "\uFFFD"); number == want && got["id_number"] != want {
			t.Fatalf("number %q became %q", number, got["id_number"])
		}
	})
}
