package idcard_test

import (
	"strings"
	"testing"

	"leye/devices/idcard"
)

// sample is a made-up person.
func sample() idcard.Card {
	return idcard.Card{
		Kind: idcard.Resident, Name: "李试样", SexCode: "2", EthnicCode: "01", Number: "310101199203159026",
		Birth: idcard.Date{Year: 1992, Month: 3, Day: 15}, Address: "上海市黄浦区样例路100弄5号602室",
		IssuingAuthority: "上海市公安局黄浦分局", Issues: []string{idcard.IssueNumberSex},
		ValidFrom: idcard.Date{Year: 2020, Month: 5, Day: 18}, ValidTo: idcard.Date{Year: 2040, Month: 5, Day: 18},
	}
}

func TestValidThroughTheWholeLastDay(t *testing.T) {
	timed, open, unread := sample(), sample(), sample()
	open.LongTerm, open.ValidTo = true, idcard.Date{}
	unread.ValidTo = idcard.Date{}
	blank := open
	blank.ValidFrom = idcard.Date{}
	for _, tt := range []struct {
		name string
		card idcard.Card
		day  string
		want bool
	}{
		{"day before the first", timed, "2020-05-17", false},
		{"first day", timed, "2020-05-18", true},
		{"last day", timed, "2040-05-18", true},
		{"day after the last", timed, "2040-05-19", false},
		{"long term", open, "2099-01-01", true},
		{"long term, before the first", open, "2019-01-01", false},
		{"unreadable end", unread, "2026-01-01", false},
		{"unreadable begin", blank, "2026-01-01", false},
	} {
		day, err := idcard.ParseDate(tt.day)
		if err != nil {
			t.Fatal(err)
		}
		if got := tt.card.ValidOn(day); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

func TestNameThatFillsItsFieldMayBeCut(t *testing.T) {
	for _, tt := range []struct {
		card idcard.Card
		want bool
	}{
		{idcard.Card{Name: strings.Repeat("样", 14)}, false},
		{idcard.Card{Name: strings.Repeat("样", 15)}, true},
		{idcard.Card{Name: strings.Repeat("样", 13) + "𠮷"}, true}, // two units
		{idcard.Card{Kind: idcard.Foreign2017, EnglishName: strings.Repeat("A", 59)}, false},
		{idcard.Card{Kind: idcard.Foreign2017, EnglishName: strings.Repeat("A", 60)}, true},
		{idcard.Card{Kind: idcard.Foreign2023, EnglishName: strings.Repeat("A", 45)}, false},
		{idcard.Card{Kind: idcard.Foreign2023, EnglishName: strings.Repeat("A", 46)}, true},
		{idcard.Card{Kind: idcard.Foreign2023, Name: "样", EnglishName: strings.Repeat("A", 46)}, false},
	} {
		if got := tt.card.NameMayBeCut(); got != tt.want {
			t.Errorf("%q: %v", tt.card.DisplayName(), got)
		}
	}
}

func TestIssuesAreFound(t *testing.T) {
	if c := sample(); !c.HasIssue(idcard.IssueNumberSex) || c.HasIssue(idcard.IssueCheckDigit) {
		t.Errorf("issues %v", c.Issues)
	}
}

func TestCardShowsNobody(t *testing.T) {
	c := sample()
	within := struct{ Card idcard.Card }{c}
	for what, v := range map[string]any{"card": c, "pointer": &c, "inside another value": within, "list": []idcard.Card{c}} {
		for way, got := range show(t, v) {
			for _, secret := range []string{"李试样", "样例路", "19920315", "1992-03-15", "黄浦"} {
				if strings.Contains(got, secret) {
					t.Errorf("%s by %s: %s", what, way, got)
				}
			}
		}
	}
	if got := c.String(); got != "resident card 3101*************6" {
		t.Error(got)
	}
}

func TestProgressHasAWord(t *testing.T) {
	for p, want := range map[idcard.Progress]string{idcard.Waiting: "waiting", idcard.Reading: "reading", idcard.Retry: "retry", idcard.Offline: "offline", 9: "unknown"} {
		if p.String() != want {
			t.Errorf("%d is %s", p, p)
		}
	}
}

func TestCodesHaveTheirNames(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{idcard.SexName("0"), "未知"}, {idcard.SexName("1"), "男"}, {idcard.SexName("2"), "女"}, {idcard.SexName("9"), "未说明"}, {idcard.SexName("7"), "7"},
		{idcard.EthnicName("01"), "汉"}, {idcard.EthnicName("31"), "达斡尔"}, {idcard.EthnicName("46"), "德昂"}, {idcard.EthnicName("56"), "基诺"},
		{idcard.EthnicName("57"), "57"}, {idcard.EthnicName("00"), "00"}, {idcard.EthnicName(""), ""}, {idcard.EthnicName("1"), "1"}, {idcard.EthnicName("0A"), "0A"},
		{idcard.EthnicName("81"), "穿青人"}, {idcard.EthnicName("83"), "革家人"}, {idcard.EthnicName("97"), "其他"}, {idcard.EthnicName("98"), "外国血统中国籍人士"},
		{idcard.EthnicTitle("01"), "汉族"}, {idcard.EthnicTitle("56"), "基诺族"}, {idcard.EthnicTitle("97"), "其他"}, {idcard.EthnicTitle("57"), "57"},
		{idcard.NationalityName("DEU"), "德国"}, {idcard.NationalityName("XXX"), "XXX"}, {idcard.NationalityName("D"), "D"}, {idcard.NationalityName("deu"), "deu"},
		{idcard.NationalityDigits("AUS"), "036"}, {idcard.NationalityDigits("USA"), "840"}, {idcard.NationalityDigits("KOR"), "410"}, {idcard.NationalityDigits("QQQ"), ""},
	} {
		if tt.got != tt.want {
			t.Errorf("%q, want %q", tt.got, tt.want)
		}
	}
}
