package idcard

import (
	"fmt"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// SexName is the Chinese word for a code of GB/T 2261.1; an unknown code stays as it is.
func SexName(code string) string {
	switch code {
	case "0":
		return "未知"
	case "1":
		return "男"
	case "2":
		return "女"
	case "9":
		return "未说明"
	}
	return code
}

// ethnicNames is GB/T 3304 from 01 on.
var ethnicNames = [...]string{
	"汉", "蒙古", "回", "藏", "维吾尔", "苗", "彝", "壮", "布依", "朝鲜",
	"满", "侗", "瑶", "白", "土家", "哈尼", "哈萨克", "傣", "黎", "傈僳",
	"佤", "畲", "高山", "拉祜", "水", "东乡", "纳西", "景颇", "柯尔克孜", "土",
	"达斡尔", "仫佬", "羌", "布朗", "撒拉", "毛南", "仡佬", "锡伯", "阿昌", "普米",
	"塔吉克", "怒", "乌孜别克", "俄罗斯", "鄂温克", "德昂", "保安", "裕固", "京", "塔塔尔",
	"独龙", "鄂伦春", "赫哲", "门巴", "珞巴", "基诺",
}

// EthnicName is the name of a group as the card prints it, without 族; an unknown code
// stays as it is.
func EthnicName(code string) string {
	switch code {
	case "81":
		return "穿青人"
	case "83":
		return "革家人"
	case "97":
		return "其他"
	case "98":
		return "外国血统中国籍人士"
	}
	if len(code) != 2 || !digits(code) {
		return code
	}
	if n := number(code); n >= 1 && n <= len(ethnicNames) {
		return ethnicNames[n-1]
	}
	return code
}

// EthnicTitle is the name as forms write it: with 族 behind it, except for the codes that
// name no such group.
func EthnicTitle(code string) string {
	name := EthnicName(code)
	if n := len(code); n != 2 || name == code || code > "56" {
		return name
	}
	return name + "族"
}

// region finds a country by its three letters. CLDR knows more regions than the standard;
// those without a number are not countries.
func region(letters string) (language.Region, bool) {
	if len(letters) != 3 {
		return language.Region{}, false
	}
	r, err := language.ParseRegion(letters)
	if err != nil || r.ISO3() != letters || r.M49() == 0 || !r.IsCountry() {
		return language.Region{}, false
	}
	return r, true
}

// NationalityName is the Chinese name of a country or region by the three letters of
// GB/T 2659; an unknown code stays as it is.
func NationalityName(letters string) string {
	if r, ok := region(letters); ok {
		return display.Regions(language.SimplifiedChinese).Name(r)
	}
	return letters
}

// NationalityDigits is the three-digit code of ISO 3166-1 by the three letters, or empty.
func NationalityDigits(letters string) string {
	if r, ok := region(letters); ok {
		return fmt.Sprintf("%03d", r.M49())
	}
	return ""
}
