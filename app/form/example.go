package form

import "leye/app/catalogue"

// exampleOf finds an answer that would pass, to stand beside a refusal. All
// numbers are made up: the birthday is the first of a year, the serial number of
// the code and the card are plain counting.
func exampleOf(d catalogue.Field, r *rule) string {
	switch d.Type {
	case catalogue.TypeNumber:
		switch {
		case r.min.value != "" && compareDecimal(r.min.value, "1") > 0:
			return r.min.value
		case r.max.value != "" && compareDecimal(r.max.value, "1") < 0:
			return r.max.value
		}
		return "1"
	case catalogue.TypeDate:
		return "2026-01-31"
	case catalogue.TypeIDNumber:
		return exampleIdentity
	case catalogue.TypePhone:
		if r.pattern == nil {
			return examplePhone
		}
	}
	if r.check.name == checkCredit {
		return exampleCredit
	}
	if r.pattern == nil {
		return ""
	}
	for _, s := range []string{examplePhone, "021-62345678", exampleCard, "08:30", "123456", "PT01-1124-0007"} {
		if r.pattern.MatchString(s) {
			return s
		}
	}
	return ""
}

const (
	exampleIdentity = "310107199001010010"
	exampleCredit   = "91310107MA1G00000Q"
	examplePhone    = "13800000000"
	exampleCard     = "6222020000000000000"
)
