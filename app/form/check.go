package form

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"leye/app/catalogue"
)

// Problem says why an answer is refused. Its words stand in the screen's texts
// under the code; the params fill them.
type Problem struct {
	Field  string // key, or "repeat.key" for a field of a row
	Row    int    // row of the repeat, from 0; -1: none
	Code   string
	Params map[string]string // "bound" what would be right, "example" an answer that would pass
	Soft   bool              // the rule is not surely known: say so, then let the answer pass
}

// The codes of problems.
const (
	CodeRequired       = "required"
	CodeKind           = "kind" // another kind of value than the field takes
	CodeTooShort       = "too_short"
	CodeTooLong        = "too_long"
	CodeCharset        = "charset" // control or broken characters
	CodePattern        = "pattern"
	CodePhone          = "phone"
	CodeIdentity       = "id_number"
	CodeCreditCode     = "credit_code"
	CodeBankNumber     = "bank_number" // the check digit of a bank card is wrong
	CodeChoice         = "choice"      // not one of the choices
	CodeState          = "state"
	CodeNumber         = "number" // not a decimal number
	CodeDecimals       = "decimals"
	CodeTooSmall       = "too_small"
	CodeTooLarge       = "too_large"
	CodeBoundUncertain = "bound_uncertain" // outside a bound that is not surely known
	CodeDate           = "date"
	CodeTooEarly       = "too_early"
	CodeTooLate        = "too_late"
	CodeTooFew         = "too_few"
	CodeTooMany        = "too_many"
	CodeMustBe         = "must_be"
)

// longest answer taken where nothing is declared, in characters.
const longest = 2000

func (r *rule) problem(code string, params ...string) *Problem {
	p := &Problem{Row: -1, Code: code, Params: map[string]string{}}
	for i := 0; i+1 < len(params); i += 2 {
		p.Params[params[i]] = params[i+1]
	}
	if _, set := p.Params["example"]; !set && r.example != "" {
		p.Params["example"] = r.example
	}
	return p
}

// Check judges one answer to d among the answers a (of a row: the row's). It
// returns nil when the answer may stand. For a repeat it returns the first
// problem of its rows. Whether d is relevant is not asked.
func (f *Form) Check(d catalogue.Field, v Value, a Answers) *Problem {
	p := f.check(d, v, a)
	if p != nil && p.Field == "" {
		p.Field = d.Key
	}
	return p
}

func (f *Form) check(d catalogue.Field, v Value, a Answers) *Problem {
	r := f.rule(d)
	if v.Empty() {
		return r.checkEmpty(d)
	}
	switch d.Type {
	case catalogue.TypeBoolean:
		return r.checkBool(v)
	case catalogue.TypeNumber:
		return r.checkNumber(v)
	case catalogue.TypeRepeat:
		return f.checkRepeat(d, r, v, a)
	case catalogue.TypeMultiChoice:
		return f.checkList(d, r, v)
	}
	if v.kind != KindText {
		return r.problem(CodeKind)
	}
	switch d.Type {
	case catalogue.TypeChoice:
		if !f.hasChoice(d, v.text) {
			return r.problem(CodeChoice)
		}
		return nil
	case catalogue.TypeAttachmentNote:
		if !slices.Contains(r.declared.States, v.text) {
			return r.problem(CodeState)
		}
		return nil
	case catalogue.TypeDate:
		return r.checkDate(v.text, a)
	}
	return r.checkText(d, normal(d, v.text), a)
}

func (r *rule) checkEmpty(d catalogue.Field) *Problem {
	if n := number(r.declared.MinItems); n > 0 && d.Required {
		return r.problem(CodeTooFew, "bound", strconv.Itoa(n))
	}
	if d.Required {
		return r.problem(CodeRequired)
	}
	return nil
}

func (r *rule) checkBool(v Value) *Problem {
	if v.kind != KindBool {
		return r.problem(CodeKind)
	}
	if m := r.declared.MustBe; m != nil && *m != v.flag {
		return r.problem(CodeMustBe, "bound", strconv.FormatBool(*m))
	}
	return nil
}

func (r *rule) checkNumber(v Value) *Problem {
	switch v.kind {
	case KindText:
		return r.problem(CodeNumber)
	case KindNumber:
	default:
		return r.problem(CodeKind)
	}
	if len(v.text) > 40 {
		return r.problem(CodeTooLarge, "bound", r.max.value)
	}
	if n := r.declared.Decimals; n != nil && decimals(v.text) > *n {
		return r.problem(CodeDecimals, "bound", strconv.Itoa(*n))
	}
	if b := r.min; b.value != "" && compareDecimal(v.text, b.value) < 0 {
		return r.outside(CodeTooSmall, b)
	}
	if b := r.max; b.value != "" && compareDecimal(v.text, b.value) > 0 {
		return r.outside(CodeTooLarge, b)
	}
	return nil
}

func (r *rule) outside(code string, b bound) *Problem {
	if !b.uncertain {
		return r.problem(code, "bound", b.value)
	}
	p := r.problem(CodeBoundUncertain, "bound", b.value, "side", code, "parameter", b.parameter)
	p.Soft = true
	return p
}

func (r *rule) checkDate(s string, a Answers) *Problem {
	if _, ok := parseDay(s); !ok {
		return r.problem(CodeDate)
	}
	if b := r.notBefore.at(a); b != "" && s < b {
		return r.problem(CodeTooEarly, "bound", b, "example", b)
	}
	if b := r.notAfter.at(a); b != "" && s > b {
		return r.problem(CodeTooLate, "bound", b, "example", b)
	}
	return nil
}

func (f *Form) checkList(d catalogue.Field, r *rule, v Value) *Problem {
	if v.kind != KindList {
		return r.problem(CodeKind)
	}
	for i, code := range v.list {
		if !f.hasChoice(d, code) || slices.Contains(v.list[:i], code) {
			return r.problem(CodeChoice)
		}
	}
	return r.checkCount(len(v.list))
}

func (r *rule) checkCount(n int) *Problem {
	if m := r.declared.MinItems; m != nil && n < *m {
		return r.problem(CodeTooFew, "bound", strconv.Itoa(*m))
	}
	if m := r.declared.MaxItems; m != nil && n > *m {
		return r.problem(CodeTooMany, "bound", strconv.Itoa(*m))
	}
	return nil
}

func (f *Form) checkRepeat(d catalogue.Field, r *rule, v Value, a Answers) *Problem {
	if v.kind != KindRows {
		return r.problem(CodeKind)
	}
	if p := r.checkCount(len(v.rows)); p != nil {
		return p
	}
	for i, row := range v.rows {
		if found := f.checkRow(d, i, row, a, true); len(found) > 0 {
			return &found[0]
		}
	}
	return nil
}

// checkRow judges row i of the repeat d; first stops at the first problem.
func (f *Form) checkRow(d catalogue.Field, i int, row, a Answers, first bool) []Problem {
	at, ok := f.index[d.Key]
	if !ok {
		return nil
	}
	r := &f.fields[at]
	var out []Problem
	for j, is := range f.relevantRow(r, row, f.counted(a)) {
		if !is {
			continue
		}
		inner := r.rows[j].Field
		p := f.check(inner, row[inner.Key], row)
		if p == nil {
			continue
		}
		p.Field, p.Row = d.Key+"."+inner.Key, i
		if out = append(out, *p); first {
			return out
		}
	}
	return out
}

// CheckAll judges the whole form: every relevant field and every row. Answers to
// questions that are not relevant are passed over; Clean drops them.
func (f *Form) CheckAll(a Answers) []Problem {
	var out []Problem
	for i, is := range f.relevant(a) {
		if !is {
			continue
		}
		d := f.fields[i].Field
		v := a[d.Key]
		if d.Type != catalogue.TypeRepeat || v.kind != KindRows || len(v.rows) == 0 {
			if p := f.Check(d, v, a); p != nil {
				out = append(out, *p)
			}
			continue
		}
		if p := f.rule(d).checkCount(len(v.rows)); p != nil {
			p.Field = d.Key
			out = append(out, *p)
		}
		for n, row := range v.rows {
			out = append(out, f.checkRow(d, n, row, a, false)...)
		}
	}
	return out
}

func (r *rule) checkText(d catalogue.Field, s string, a Answers) *Problem {
	c := r.declared
	if !readable(s, c.Charset != "") {
		return r.problem(CodeCharset)
	}
	length := utf8.RuneCountInString(s)
	if n := number(c.MinLen); length < n {
		return r.problem(CodeTooShort, "bound", strconv.Itoa(n), "length", strconv.Itoa(length))
	}
	most := longest
	if c.MaxLen != nil {
		most = *c.MaxLen
	}
	if length > most {
		return r.problem(CodeTooLong, "bound", strconv.Itoa(most), "length", strconv.Itoa(length))
	}
	if p := r.checkShape(d, s); p != nil {
		return p
	}
	return r.checkDigits(s, a)
}

// checkShape looks at the form of what was typed, before any check digit.
func (r *rule) checkShape(d catalogue.Field, s string) *Problem {
	code := CodePattern
	switch {
	case d.Type == catalogue.TypePhone:
		code = CodePhone
	case r.check.name == checkCredit:
		code = CodeCreditCode
	}
	if r.pattern != nil {
		if !r.pattern.MatchString(s) {
			return r.problem(code)
		}
		return nil
	}
	switch d.Type {
	case catalogue.TypePhone:
		if n := len(s) - strings.Count(s, "-"); n < 5 || n > 20 || !digits(strings.ReplaceAll(strings.TrimPrefix(s, "+"), "-", "")) {
			return r.problem(code)
		}
	case catalogue.TypeBankAccount:
		if !digits(s) {
			return r.problem(code)
		}
	}
	return nil
}

func (r *rule) checkDigits(s string, a Answers) *Problem {
	switch r.check.name {
	case checkIdentity:
		if r.check.applies(s, a) && !ValidIdentityNumber(s) {
			return r.problem(CodeIdentity)
		}
	case checkCredit:
		if !ValidCreditCode(s) {
			return r.problem(CodeCreditCode)
		}
	case checkLuhn:
		return r.checkCard(s, a)
	}
	return nil
}

func (c *numberCheck) applies(s string, a Answers) bool {
	if c.field == "" {
		return true
	}
	code := a[c.field].Text()
	if slices.Contains(c.only18, code) {
		return len(s) == 18
	}
	return slices.Contains(c.codes, code)
}

// checkCard applies the check digit of bank cards. A number that begins with 62
// is a UnionPay card and must pass. Any other may be a passbook, which carries no
// check digit, so the doubt is said but does not refuse; an account of a unit is
// never a card.
func (r *rule) checkCard(s string, a Answers) *Problem {
	if r.check.max > 0 && (len(s) < r.check.min || len(s) > r.check.max) {
		return nil
	}
	if a["bank_kind"].Text() == "unit" || ValidCardNumber(s) {
		return nil
	}
	p := r.problem(CodeBankNumber)
	p.Soft = !strings.HasPrefix(s, "62")
	return p
}

// readable reports whether s can be kept and printed: GB 18030 encodes all of
// Unicode except surrogates, which UTF-8 cannot hold either, so what is left to
// refuse is broken text, noncharacters and control characters. Private-use
// characters stay: older cards have them in names. A line may be broken in free
// text, not in a name.
func readable(s string, name bool) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, c := range s {
		switch {
		case c == '\n' && !name:
		case unicode.IsControl(c), c == utf8.RuneError, c&0xFFFE == 0xFFFE, c >= 0xFDD0 && c <= 0xFDEF:
			return false
		case c == '\u2028', c == '\u2029', c >= '\u202A' && c <= '\u202E', c >= '\u2066' && c <= '\u2069', c == '\uFEFF':
			return false // these turn the text of a slip around or break its lines
		}
	}
	return true
}

// normal brings typed text to the form in which it is kept: no blanks around,
// numbers without the blanks that people type between groups, the check
// character in upper case, the dot of a name as U+00B7.
func normal(d catalogue.Field, s string) string {
	if !utf8.ValidString(s) {
		return s // it is refused as it is: cut apart, its bytes become other characters
	}
	s = strings.TrimSpace(s)
	switch d.Type {
	case catalogue.TypeIDNumber:
		return strings.ToUpper(without(s, " "))
	case catalogue.TypeBankAccount, catalogue.TypePhone:
		return without(s, " ")
	}
	if d.Constraint == nil {
		return s
	}
	if strings.HasPrefix(d.Constraint.Check, checkCredit) {
		return strings.ToUpper(without(s, " "))
	}
	if d.Constraint.Allow == "U+00B7" && strings.ContainsAny(s, nameDots) {
		return strings.Map(func(c rune) rune {
			if strings.ContainsRune(nameDots, c) {
				return '·'
			}
			return c
		}, s)
	}
	return s
}

// nameDots are the dots that keyboards and other systems put into names of
// ethnic groups in place of the middle dot.
const nameDots = "•‧∙⋅・・"

func without(s, cut string) string {
	if !strings.Contains(s, cut) {
		return s
	}
	return strings.ReplaceAll(s, cut, "")
}
