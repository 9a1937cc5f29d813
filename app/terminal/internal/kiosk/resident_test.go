package kiosk_test

import (
	"testing"

	"leye/app/terminal/internal/kiosk"
)

func TestMaskedNumbersKeepFourAndOne(t *testing.T) {
	for number, want := range map[string]string{
		"310101199203159026": "3101*************6",
		"H12345678":          "H123****8",
		"1234567":            "*******",
		"":                   "",
		"右手食指骨折":             "******",
		"右手食指骨折，住院三天":        "********", // somebody's words
		"M1234567号":          "********",
	} {
		if got := kiosk.MaskNumber(number); got != want {
			t.Errorf("%q is masked as %q, want %q", number, got, want)
		}
	}
}
