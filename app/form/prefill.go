package form

import (
	"fmt"
	"strconv"
	"time"

	"leye/app/catalogue"
)

// Facts are what a card says about its holder. What is empty is not known.
type Facts struct {
	Name    string
	Number  string
	DocKind string // code of the list id_document
	Sex     string // GB/T 2261.1
	Birth   string // YYYY-MM-DD
	Ethnic  string // GB/T 3304, two digits
	Address string
}

// String tells nothing of the card.
func (c Facts) String() string { return "facts of a card" }

// Format writes String whatever the verb.
func (c Facts) Format(f fmt.State, _ rune) { mask(f, c.String()) }

// MarshalText is String.
func (c Facts) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// byKey says which field takes which fact.
func (c Facts) byKey() map[string]string {
	return map[string]string{
		"name": c.Name, "id_doc": c.DocKind, "id_no": c.Number, "sex": c.Sex,
		"birth": c.Birth, "ethnic": c.Ethnic, "hukou_addr": c.Address,
	}
}

// Prefill answers what the card answers. A code that the form's list does not
// have is left for the resident to choose. All other facts are taken as the card
// has them, even when a check would refuse them: correcting a card is for staff.
func (f *Form) Prefill(c Facts) Answers {
	facts := c.byKey()
	out := Answers{}
	for i := range f.fields {
		d := f.fields[i].Field
		s := normal(d, facts[d.Key])
		if d.Prefill != "id-card" || s == "" {
			continue
		}
		if d.Type == catalogue.TypeChoice && !f.hasChoice(d, s) {
			continue
		}
		v := Text(s)
		v.prefilled = true
		out[d.Key] = v
	}
	return out
}

// Clean returns the answers as they are filed: unknown keys, answers to
// questions that are not relevant and empty answers dropped, text brought to the
// form in which it is kept, calculations made anew. a is not changed.
func (f *Form) Clean(a Answers) Answers {
	out := make(Answers, len(a))
	for i := range f.fields {
		d := f.fields[i].Field
		v := f.cleanValue(d, a[d.Key])
		if d.Prefill == "computed" {
			if c, ok := f.calculate(d, out); ok {
				v = c
			}
		}
		if !v.Empty() {
			out[d.Key] = v
		}
	}
	for i, is := range f.relevant(out) {
		if !is {
			delete(out, f.fields[i].Key)
		}
	}
	f.cleanRows(out)
	return out
}

func (f *Form) cleanValue(d catalogue.Field, v Value) Value {
	if v.kind != KindText {
		return v
	}
	out := Text(normal(d, v.text))
	if d.Type == catalogue.TypeNumber {
		out = Number(v.text)
	}
	out.prefilled = v.prefilled
	return out
}

// cleanRows does in rows what Clean does in the form. A row stays even when all
// of it was dropped, so that problems keep naming the row that the resident sees.
func (f *Form) cleanRows(out Answers) {
	outer := f.counted(out)
	for i := range f.fields {
		r := &f.fields[i]
		v := out[r.Key]
		if v.kind != KindRows {
			continue
		}
		rows := make([]Answers, len(v.rows))
		for n, row := range v.rows {
			rows[n] = f.cleanRow(r, row, outer)
		}
		out[r.Key] = Value{kind: KindRows, rows: rows}
	}
}

func (f *Form) cleanRow(r *field, row Answers, outer lookup) Answers {
	out := make(Answers, len(row))
	for j, is := range f.relevantRow(r, row, outer) {
		d := r.rows[j].Field
		if v := f.cleanValue(d, row[d.Key]); is && !v.Empty() {
			out[d.Key] = v
		}
	}
	return out
}

// calculate works out a computed field from the answers before it. It reports
// false when that cannot be done; then the field is asked like any other.
func (f *Form) calculate(d catalogue.Field, a Answers) (Value, bool) {
	if d.Key == "retire_gap" {
		return f.retireGap(a)
	}
	return Value{}, false
}

// retireGap counts the full months to the statutory retirement age. Since 2025
// the age depends on the month of birth, so the parameters retirement_months_1
// (men) and retirement_months_2 (women) are read at the day of birth and give the
// age in months. Nothing is calculated from a parameter that is missing or not
// surely known: women's age also depends on the kind of post, which the card does
// not tell (decision of the NPC Standing Committee of 2024-09-13).
func (f *Form) retireGap(a Answers) (Value, bool) {
	birth, ok := parseDay(a["birth"].Text())
	if !ok {
		return Value{}, false
	}
	value, sure, found := f.parameter("retirement_months_"+a["sex"].Text(), birth)
	if !found || !sure {
		return Value{}, false
	}
	months, err := strconv.Atoi(value)
	if err != nil {
		return Value{}, false
	}
	return Number(strconv.Itoa(wholeMonths(f.today, addMonths(birth, months)))), true
}

// Day returns the day that the form was compiled for.
func (f *Form) Day() time.Time { return f.today }
