// Package formtest answers forms at random, as residents who are in no hurry
// would: question by question, each answer valid where it is given. Everything
// comes from the random source handed in, so a seed is a visit.
//
// It is for tests, benchmarks and load; the people in it do not exist.
package formtest

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"regexp/syntax"
	"strconv"
	"strings"
	"time"

	"leye/app/catalogue"
	"leye/app/form"
)

// Facts makes up a card's holder, of working age at day.
func Facts(r *rand.Rand, day time.Time) form.Facts {
	birth := day.AddDate(-18-r.IntN(45), 0, -r.IntN(365))
	sequence := r.IntN(1000)
	sex := "2"
	if sequence%2 == 1 {
		sex = "1"
	}
	return form.Facts{
		Name:    name(r),
		Number:  identity(birth, sequence),
		DocKind: "id-card",
		Sex:     sex,
		Birth:   birth.Format("2006-01-02"),
		Ethnic:  "01",
		Address: "上海市普陀区样板路" + strconv.Itoa(1+r.IntN(999)) + "号",
	}
}

// Random answers the whole form from the first question to the last, beginning
// with a card in two of three visits. It ends with an error that names the
// question when there is no valid answer to a required one.
func Random(r *rand.Rand, f *form.Form) (form.Answers, error) {
	a := form.Answers{}
	if r.IntN(3) > 0 {
		a = f.Prefill(Facts(r, f.Day()))
	}
	done := map[string]bool{}
	for {
		q, ok := next(f.Questions(a), done)
		if !ok {
			return f.Clean(a), nil
		}
		done[q.ID] = true
		for _, d := range q.Fields {
			if !a[d.Key].Empty() {
				continue
			}
			if err := answer(r, f, d, a, a); err != nil {
				return nil, fmt.Errorf("question %s: %w", q.ID, err)
			}
		}
	}
}

// next is the first question that was not answered yet.
func next(questions []form.Question, done map[string]bool) (form.Question, bool) {
	for _, q := range questions {
		if !done[q.ID] {
			return q, true
		}
	}
	return form.Question{}, false
}

// answer puts a valid answer to d into target; an optional one now and then not.
// Several values are tried, because a generated text may miss a check that is
// not declared as a pattern.
func answer(r *rand.Rand, f *form.Form, d catalogue.Field, target, a form.Answers) error {
	if !d.Required && r.IntN(3) == 0 {
		return nil
	}
	var last *form.Problem
	for range 20 {
		v, err := Value(r, f, d, target, a)
		if err != nil {
			if d.Required {
				return err
			}
			return nil
		}
		if last = f.Check(d, v, target); last == nil {
			target[d.Key] = v
			return nil
		}
	}
	if !d.Required {
		return nil
	}
	return fmt.Errorf("field %s has no valid answer: %s", d.Key, last.Code)
}

// Value makes up an answer to d, which is valid unless the form's rules leave no
// room. near holds the answers beside d (its row's, for a field of a row) and a
// those of the form.
func Value(r *rand.Rand, f *form.Form, d catalogue.Field, near, a form.Answers) (form.Value, error) {
	switch d.Type {
	case catalogue.TypeBoolean:
		if d.Constraint != nil && d.Constraint.MustBe != nil {
			return form.Bool(*d.Constraint.MustBe), nil
		}
		return form.Bool(r.IntN(2) == 0), nil
	case catalogue.TypeChoice, catalogue.TypeAttachmentNote:
		list := f.Choices(d)
		if len(list) == 0 {
			return form.Value{}, fmt.Errorf("field %s has no choices", d.Key)
		}
		return form.Text(list[r.IntN(len(list))].Code), nil
	case catalogue.TypeMultiChoice:
		return several(r, f, d)
	case catalogue.TypeDate:
		return date(r, f.Limits(d, near), f.Day()), nil
	case catalogue.TypeNumber:
		return decimal(r, f.Limits(d, near), d), nil
	case catalogue.TypeRepeat:
		return rows(r, f, d, a)
	}
	return form.Text(text(r, d, f.Day())), nil
}

func several(r *rand.Rand, f *form.Form, d catalogue.Field) (form.Value, error) {
	list := f.Choices(d)
	least, most := count(f.Limits(d, nil), len(list))
	if len(list) == 0 || least > len(list) {
		return form.Value{}, fmt.Errorf("field %s has too few choices", d.Key)
	}
	var codes []string
	for _, i := range r.Perm(len(list))[:least+r.IntN(most-least+1)] {
		codes = append(codes, list[i].Code)
	}
	return form.List(codes...), nil
}

// count is from how many to how many items an answer may have here.
func count(l form.Limits, available int) (least, most int) {
	least = max(l.MinItems, 1)
	most = min(least+2, available)
	if l.MaxItems > 0 {
		most = min(most, l.MaxItems)
	}
	return least, max(most, least)
}

func rows(r *rand.Rand, f *form.Form, d catalogue.Field, a form.Answers) (form.Value, error) {
	least, most := count(f.Limits(d, nil), 1<<20)
	var out []form.Answers
	for range least + r.IntN(most-least+1) {
		row := form.Answers{}
		for _, inner := range d.Fields {
			if !contains(f.RelevantRow(d.Key, row, a), inner.Key) {
				continue
			}
			if err := answer(r, f, inner, row, a); err != nil {
				return form.Value{}, fmt.Errorf("row of %s: %w", d.Key, err)
			}
		}
		out = append(out, row)
	}
	return form.Rows(out...), nil
}

func contains(list []catalogue.Field, key string) bool {
	for i := range list {
		if list[i].Key == key {
			return true
		}
	}
	return false
}

// date picks a day within the limits, mostly near today, at times the limit
// itself.
func date(r *rand.Rand, l form.Limits, today time.Time) form.Value {
	first, last := today.AddDate(-30, 0, 0), today.AddDate(1, 0, 0)
	if t, err := time.Parse("2006-01-02", l.Earliest); err == nil {
		first = t
		if last.Before(first) {
			last = first.AddDate(0, 3, 0)
		}
	}
	if t, err := time.Parse("2006-01-02", l.Latest); err == nil {
		last = t
		if first.After(last) {
			first = last
			if l.Earliest != "" {
				first, _ = time.Parse("2006-01-02", l.Earliest)
			}
		}
	}
	days := max(int(last.Sub(first).Hours()/24), 0)
	n := r.IntN(days + 1)
	switch r.IntN(8) {
	case 0:
		n = 0
	case 1:
		n = days
	}
	return form.Text(first.AddDate(0, 0, n).Format("2006-01-02"))
}

// decimal picks a number within the limits with the declared digits after the
// point.
func decimal(r *rand.Rand, l form.Limits, d catalogue.Field) form.Value {
	places := 0
	if d.Constraint != nil && d.Constraint.Decimals != nil {
		places = *d.Constraint.Decimals
	}
	scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(places)), nil)
	low, high := scaled(l.Min, "0", scale), scaled(l.Max, "100000", scale)
	span := new(big.Int).Sub(high, low)
	if !span.IsInt64() || span.Sign() < 0 {
		return form.Number(l.Min)
	}
	n := low.Add(low, big.NewInt(r.Int64N(span.Int64()+1))).String()
	if places > 0 {
		n = strings.Repeat("0", max(places+1-len(n), 0)) + n
		n = n[:len(n)-places] + "." + n[len(n)-places:]
	}
	return form.Number(n)
}

func scaled(s, otherwise string, scale *big.Int) *big.Int {
	if s == "" {
		s = otherwise
	}
	x, ok := new(big.Rat).SetString(s)
	if !ok {
		x = new(big.Rat)
	}
	x.Mul(x, new(big.Rat).SetInt(scale))
	return new(big.Int).Quo(x.Num(), x.Denom())
}

func text(r *rand.Rand, d catalogue.Field, day time.Time) string {
	c := d.Constraint
	if c == nil {
		c = &catalogue.Constraint{}
	}
	switch {
	case d.Type == catalogue.TypeIDNumber:
		return identity(day.AddDate(-20-r.IntN(40), 0, -r.IntN(300)), r.IntN(1000))
	case strings.HasPrefix(c.Check, "uscc"):
		return credit(r)
	case d.Type == catalogue.TypeBankAccount:
		return card(r)
	case c.Pattern != "":
		return Match(r, c.Pattern)
	case d.Type == catalogue.TypePhone:
		return "138" + Match(r, "[0-9]{8}")
	case c.Charset != "":
		return name(r)
	}
	most := 20
	if c.MaxLen != nil {
		most = min(most, *c.MaxLen)
	}
	least := 1
	if c.MinLen != nil {
		least = max(*c.MinLen, 1)
	}
	const letters = "普陀区样板路公司测试材料说明上午下午小组服务一二三四五六七八九十"
	var b strings.Builder
	all := []rune(letters)
	for range least + r.IntN(max(most-least, 0)+1) {
		b.WriteRune(all[r.IntN(len(all))])
	}
	return b.String()
}

func name(r *rand.Rand) string {
	names := []string{"样本甲", "例子", "试样乙", "阿样·买买提", "样丙丁"}
	return names[r.IntN(len(names))]
}

func identity(birth time.Time, sequence int) string {
	body := fmt.Sprintf("310107%s%03d", birth.Format("20060102"), sequence)
	return finish(body, "0123456789X", form.ValidIdentityNumber)
}

func credit(r *rand.Rand) string {
	body := "91310107" + Match(r, "[0-9A-HJ-NPQRTUWXY]{9}")
	return finish(body, "0123456789ABCDEFGHJKLMNPQRTUWXY", form.ValidCreditCode)
}

func card(r *rand.Rand) string {
	body := "622202" + Match(r, "[0-9]{9,12}")
	return finish(body, "0123456789", form.ValidCardNumber)
}

// finish finds the check character of body by asking for each.
func finish(body, alphabet string, valid func(string) bool) string {
	for _, c := range alphabet {
		if s := body + string(c); valid(s) {
			return s
		}
	}
	return body
}

// Match makes up a text that the RE2 pattern matches as a whole; repetitions
// without an end run at most three times beyond their least. It panics on a
// pattern that does not parse, which the catalogue's check refuses before.
func Match(r *rand.Rand, pattern string) string {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		panic(err)
	}
	var b strings.Builder
	generate(r, re, &b)
	return b.String()
}

func generate(r *rand.Rand, re *syntax.Regexp, b *strings.Builder) {
	switch re.Op {
	case syntax.OpLiteral:
		b.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		b.WriteRune(pick(r, re.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteByte(byte('a' + r.IntN(26)))
	case syntax.OpConcat, syntax.OpCapture:
		for _, sub := range re.Sub {
			generate(r, sub, b)
		}
	case syntax.OpAlternate:
		generate(r, re.Sub[r.IntN(len(re.Sub))], b)
	case syntax.OpStar:
		repeat(r, re, b, 0, 3)
	case syntax.OpPlus:
		repeat(r, re, b, 1, 4)
	case syntax.OpQuest:
		repeat(r, re, b, 0, 1)
	case syntax.OpRepeat:
		most := re.Max
		if most < 0 {
			most = re.Min + 3
		}
		repeat(r, re, b, re.Min, most)
	}
}

func repeat(r *rand.Rand, re *syntax.Regexp, b *strings.Builder, least, most int) {
	for range least + r.IntN(most-least+1) {
		generate(r, re.Sub[0], b)
	}
}

// pick takes one rune of the ranges of a character class.
func pick(r *rand.Rand, ranges []rune) rune {
	i := 2 * r.IntN(len(ranges)/2)
	return ranges[i] + r.Int32N(ranges[i+1]-ranges[i]+1)
}
