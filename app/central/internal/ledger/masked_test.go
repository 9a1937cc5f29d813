package ledger

import (
	"fmt"
	"strings"
	"testing"
)

func TestACaseNamesNobody(t *testing.T) {
	const canary = "CANARY310101199203159026"
	c := Case{Number: "000-417-261124-0001-5", Applicant: canary, ApplicantMasked: canary, QueryCode: "CANARY"}
	f := Filing{ID: "ID", Applicant: canary, ApplicantMasked: canary, Body: []byte(canary)}
	decimal := strings.Trim(fmt.Sprint([]byte(canary)), "[]")
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		for _, x := range []any{c, &c, f, &f, []any{c, f}, c.LogValue(), f.LogValue()} {
			if said := fmt.Sprintf(verb, x); strings.Contains(said, "CANARY") || strings.Contains(said, decimal) {
				t.Errorf("%s: %s", verb, said)
			}
		}
	}
}
