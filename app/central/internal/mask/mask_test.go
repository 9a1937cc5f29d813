package mask_test

import (
	"encoding/json"
	"strings"
	"testing"

	"leye/app/catalogue"
	"leye/app/central/internal/mask"
	"leye/app/form"
)

func TestMasks(t *testing.T) {
	for _, tt := range []struct {
		name       string
		mask       func(string) string
		from, want string
	}{
		{"two characters", mask.Name, "张三", "张*"},
		{"three characters", mask.Name, "张示例", "张*例"},
		{"four characters", mask.Name, "欧阳示例", "欧**例"},
		{"middle dot", mask.Name, "示例提·样本尔", "示**·**尔"},
		{"extension plane", mask.Name, "𠮷示例", "𠮷*例"},
		{"one character", mask.Name, "张", "张"},
		{"no name", mask.Name, "", ""},
		{"identity number", mask.Identity, "310107199001011234", "310107********1234"},
		{"passport", mask.Identity, "E12345678", "*******78"},
		{"three digits", mask.Identity, "123", "***"},
		{"mobile", mask.Phone, "13800005678", "138****5678"},
		{"emergency number", mask.Phone, "110", "***"},
		{"bank card", mask.Account, "6222000000001234", "**** **** **** 1234"},
		{"short account", mask.Account, "1234", "**** ****"},
		{"address", mask.Address, "上海市普陀区样板路1号", "上海市普陀区****"},
		{"address with town", mask.Address, "上海市普陀区桃浦镇样板路1号", "上海市普陀区桃浦镇****"},
		{"address without district", mask.Address, "样板路1号", "****"},
		{"birth", mask.Day, "1990-01-01", "1990-**-**"},
	} {
		if got := tt.mask(tt.from); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestAnswers(t *testing.T) {
	fields := []catalogue.Field{
		{Key: "name", Type: catalogue.TypeText, Constraint: &catalogue.Constraint{Charset: "GB 18030-2022 level 3"}},
		{Key: "id_no", Type: catalogue.TypeIDNumber, Sensitive: true},
		{Key: "disabled", Type: catalogue.TypeBoolean, Sensitive: true},
		{Key: "wish", Type: catalogue.TypeMultiChoice},
		{Key: "family", Type: catalogue.TypeRepeat, Fields: []catalogue.Field{
			{Key: "n", Type: catalogue.TypeText, Constraint: &catalogue.Constraint{Charset: "GB 18030-2022 level 3"}},
			{Key: "kin", Type: catalogue.TypeChoice},
		}},
	}
	body := `{"answers":{"name":"张示例","id_no":"310107199001011234","disabled":false,"wish":["a"],
		"family":[{"n":"李样本","kin":"2"}],"other":"13800005678"}}`
	answers, err := mask.Read([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(mask.Answers(fields, answers))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"disabled":"已登记","family":[{"kin":"2","n":"李*本"}],"id_no":"310107********1234",` +
		`"name":"张*例","other":"已登记","wish":["a"]}`
	if string(got) != want {
		t.Errorf("masked answers are\n%s, want\n%s", got, want)
	}
}

func TestWithoutAuthor(t *testing.T) {
	tip := catalogue.Service{
		StateMach: "inspection", FieldGroups: []string{"respondent"},
		Fields: []catalogue.Field{{Key: "mobile", Type: catalogue.TypePhone}, {Key: "facts", Type: catalogue.TypeText}},
	}
	answers := form.Answers{"mobile": form.Text("13800005678"), "facts": form.Text("事实"), "resp_phone": form.Text("02100000000")}
	got := mask.WithoutAuthor(tip, answers)
	if got["mobile"].Text() != mask.Recorded || got["facts"].Text() != "事实" || got["resp_phone"].Text() != "02100000000" {
		t.Error("the author is not hidden, or more than the author is")
	}
	if again := mask.Answers(tip.Fields, got); again["mobile"].Text() != mask.Recorded {
		t.Errorf("masked again: %s", again["mobile"].Text())
	}
	tip.FieldGroups = append(tip.FieldGroups, "applicant")
	if got := mask.WithoutAuthor(tip, answers); got["mobile"].Text() != "13800005678" {
		t.Error("a complaint in the applicant's own name was taken for a tip-off")
	}
}

// FuzzMasks holds every mask to hiding something of what it was given.
func FuzzMasks(f *testing.F) {
	for _, s := range []string{"", "张示例", "310107199001011234", "上海市普陀区样板路1号", "\xff\xfe", "·"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for i, hide := range []func(string) string{mask.Identity, mask.Phone, mask.Account, mask.Address} {
			if got := hide(s); s != "" && !strings.Contains(s, "*") && got == s {
				t.Errorf("mask %d leaves %q as it is", i, s)
			}
		}
		mask.Name(s)
		_ = mask.Day(s)
		if _, err := json.Marshal(mask.Answers(nil, form.Answers{s: form.Text(s)})); err != nil {
			t.Error(err)
		}
	})
}
