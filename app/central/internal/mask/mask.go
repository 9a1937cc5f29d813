// Package mask hides the personal part of answers, for screens and for people
// who hold no more than a slip: names, numbers, addresses, health.
//
// It knows the fields' declarations, not who is asking; whether masked answers
// are enough is the caller's decision.
package mask

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"leye/app/catalogue"
	"leye/app/form"
)

// Recorded stands for an answer of which not even a part may be shown: that
// there is one, and nothing else.
const Recorded = "已登记"

// middleDot joins the parts of many ethnic names and stays visible.
const middleDot = '·'

// Name hides a personal name but for its first character, its last when there
// are three or more, and middle dots: 张*, 张*例, 买***·**尔.
func Name(s string) string {
	r := []rune(strings.TrimSpace(s))
	for i := range r {
		first, last := i == 0, i == len(r)-1 && len(r) > 2
		if !first && !last && r[i] != middleDot {
			r[i] = '*'
		}
	}
	return string(r)
}

// Identity shows the first six and the last four characters of an identity
// number, and of a shorter document number the last two.
func Identity(s string) string {
	if len([]rune(s)) < 15 {
		return ends(s, 0, 2)
	}
	return ends(s, 6, 4)
}

// Phone shows the first three and the last four digits.
func Phone(s string) string { return ends(s, 3, 4) }

// Account shows the last four digits of a bank account, in the usual groups.
func Account(s string) string {
	r := []rune(s)
	if len(r) < 8 {
		return "**** ****"
	}
	return "**** **** **** " + string(r[len(r)-4:])
}

// Address shows an address down to its district, street or town.
func Address(s string) string {
	cut := -1
	for _, end := range []string{"区", "县", "镇", "街道", "乡"} {
		if i := strings.Index(s, end); i >= 0 && i+len(end) > cut {
			cut = i + len(end)
		}
	}
	if cut < 0 || cut == len(s) {
		return "****"
	}
	return s[:cut] + "****"
}

// Day shows the year of a day.
func Day(s string) string {
	if len(s) < 4 {
		return "****"
	}
	return s[:4] + "-**-**"
}

func ends(s string, head, tail int) string {
	r := []rune(s)
	if len(r) < head+tail+3 {
		return strings.Repeat("*", len(r))
	}
	return string(r[:head]) + strings.Repeat("*", len(r)-head-tail) + string(r[len(r)-tail:])
}

// Answers returns answers as they may be shown, by the declarations in fields.
// What has no declaration is hidden whole: nothing is known about it.
func Answers(fields []catalogue.Field, answers form.Answers) form.Answers {
	out := make(form.Answers, len(answers))
	declared := byKey(fields)
	for key, v := range answers {
		d, ok := declared[key]
		if !ok {
			out[key] = form.Text(Recorded)
			continue
		}
		out[key] = Value(d, v)
	}
	return out
}

// Value returns one answer as it may be shown.
func Value(d catalogue.Field, v form.Value) form.Value {
	if v.Empty() || v.Text() == Recorded {
		return v
	}
	if d.Type == catalogue.TypeRepeat {
		rows := make([]form.Answers, len(v.Rows()))
		for i, row := range v.Rows() {
			rows[i] = Answers(d.Fields, row)
		}
		return form.Rows(rows...)
	}
	hide := rule(d)
	if hide == nil {
		return v
	}
	return form.Text(hide(v.Text()))
}

// Personal reports whether d's answers are masked.
func Personal(d catalogue.Field) bool { return rule(d) != nil }

// rule chooses how d's answers are hidden; nil when they are not. A declared
// character set is the mark of a field that takes a person's name.
func rule(d catalogue.Field) func(string) string {
	switch d.Type {
	case catalogue.TypeIDNumber:
		return Identity
	case catalogue.TypePhone:
		return Phone
	case catalogue.TypeBankAccount:
		return Account
	case catalogue.TypeAddress:
		return Address
	case catalogue.TypeDate:
		// The day of birth is also in the hidden part of the identity number.
		if d.Prefill == "id-card" {
			return Day
		}
	}
	if d.Sensitive {
		return func(string) string { return Recorded }
	}
	if d.Constraint != nil && d.Constraint.Charset != "" {
		return Name
	}
	return nil
}

func byKey(fields []catalogue.Field) map[string]catalogue.Field {
	out := make(map[string]catalogue.Field, len(fields))
	for _, d := range fields {
		out[d.Key] = d
	}
	return out
}

// WithoutAuthor hides who made a tip-off. Nobody but the assigned inspector may
// know that, and nothing here can tell an inspector from other staff, so it is
// hidden from all. The author's data stand in the service's own fields, since a
// tip-off has no applicant; those of the employer come from a group and stay.
func WithoutAuthor(s catalogue.Service, answers form.Answers) form.Answers {
	if s.StateMach != "inspection" || slices.Contains(s.FieldGroups, "applicant") {
		return answers
	}
	out := maps.Clone(answers)
	for _, d := range s.Fields {
		if v, ok := out[d.Key]; ok && !v.Empty() && Personal(d) {
			out[d.Key] = form.Text(Recorded)
		}
	}
	return out
}

// Read returns the answers of an application's body as they came.
func Read(body []byte) (form.Answers, error) {
	var application struct {
		Answers form.Answers `json:"answers"`
	}
	if err := json.NewDecoder(bytes.NewReader(body)).Decode(&application); err != nil {
		return nil, fmt.Errorf("read answers: %w", err)
	}
	return application.Answers, nil
}
