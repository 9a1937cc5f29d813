package appliance

import (
	"regexp"
	"strings"
	"testing"

	"leye/app/policy"
	"leye/app/terminal/internal/receipt"
	"leye/app/terminal/internal/ui/text"
	"leye/assets"
)

var (
	bracketed = regexp.MustCompile(`\([^()]*\)|（[^（）]*）`)
	han       = regexp.MustCompile(`\p{Han}+`)
)

// TestEnglishPolicySlipNamesTermsInBrackets makes the text of every policy's
// slip; what stands around it is in both languages on purpose.
func TestEnglishPolicySlipNamesTermsInBrackets(t *testing.T) {
	policies, err := policy.Load(assets.Policies())
	if err != nil {
		t.Fatal(err)
	}
	texts, err := text.Load(assets.Text())
	if err != nil {
		t.Fatal(err)
	}
	paper := slips{policies: policies, texts: texts}
	for _, p := range policies.Policies() {
		var slip receipt.Slip
		paper.addPolicy(&slip, p.ID, words{language: "en", texts: texts})
		if slip.Title != p.Title.EN || len(slip.Text) != 1+len(p.Figures) {
			t.Errorf("%s: %q with %d texts", p.ID, slip.Title, len(slip.Text))
		}
		for _, line := range append([]string{slip.Title}, slip.Text...) {
			for bracketed.MatchString(line) {
				line = bracketed.ReplaceAllString(line, "")
			}
			if found := han.FindString(line); found != "" {
				t.Errorf("%s: %q stands bare in %q", p.ID, found, line)
			}
		}
		for _, line := range slip.Text[1:] {
			if said := strings.HasSuffix(line, "(the counter decides)"); said != p.Uncertain() {
				t.Errorf("%s: %q says that the counter decides: %v", p.ID, line, said)
			}
		}
	}
}
