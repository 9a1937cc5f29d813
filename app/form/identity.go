package form

import "strings"

// ValidIdentityNumber reports whether s is an 18-digit citizen number by GB
// 11643: a valid date of birth and the check character of ISO 7064 MOD 11-2.
// The permits of Hong Kong, Macao and Taiwan residents and the foreign permanent
// residents' cards of 2023 follow the same rule.
func ValidIdentityNumber(s string) bool {
	if len(s) != 18 || !digits(s[:17]) {
		return false
	}
	if _, ok := parseDay(s[6:10] + "-" + s[10:12] + "-" + s[12:14]); !ok {
		return false
	}
	return identityCheck(s[:17]) == s[17]
}

func identityCheck(first17 string) byte {
	weights := [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}
	sum := 0
	for i, w := range weights {
		sum += w * int(first17[i]-'0')
	}
	return "10X98765432"[sum%11]
}

const usccAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"

// ValidCreditCode reports whether s is a unified social credit code by GB 32100:
// 18 characters without I, O, S, V and Z, weights 3^i modulo 31.
func ValidCreditCode(s string) bool {
	if len(s) != 18 {
		return false
	}
	c, ok := creditCheck(s[:17])
	return ok && c == s[17]
}

func creditCheck(first17 string) (byte, bool) {
	sum, weight := 0, 1
	for i := range len(first17) {
		n := strings.IndexByte(usccAlphabet, first17[i])
		if n < 0 {
			return 0, false
		}
		sum += n * weight
		weight = weight * 3 % 31
	}
	return usccAlphabet[(31-sum%31)%31], true
}

// ValidCardNumber reports whether the digits of s pass the modulus 10 check of
// bank cards (ISO/IEC 7812-1). Passbooks and unit accounts do not carry it.
func ValidCardNumber(s string) bool {
	if s == "" || !digits(s) {
		return false
	}
	return luhnCheck(s[:len(s)-1]) == s[len(s)-1]
}

func luhnCheck(body string) byte {
	sum := 0
	for i := range len(body) {
		d := int(body[len(body)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return byte('0' + (10-sum%10)%10)
}
