package form_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"leye/app/catalogue"
	"leye/app/form"
)

// memory is a catalogue of one service.
type memory struct {
	service    catalogue.Service
	groups     map[string][]catalogue.Field
	lists      map[string][]catalogue.Choice
	parameters map[string]catalogue.Parameter
}

func (m memory) Service(id string) (catalogue.Service, bool) { return m.service, id == m.service.ID }

func (m memory) Fields(s catalogue.Service) []catalogue.Field {
	var out []catalogue.Field
	for _, g := range s.FieldGroups {
		out = append(out, m.groups[g]...)
	}
	return append(out, s.Fields...)
}

func (m memory) Choices(f catalogue.Field) []catalogue.Choice {
	if len(f.Options) > 0 {
		return f.Options
	}
	return m.lists[f.OptionsRef]
}

func (m memory) Parameter(key string, day time.Time) (catalogue.Parameter, bool) {
	p, ok := m.parameters[key]
	return p, ok && day.Format("2006-01-02") >= p.From
}

var day = time.Date(2026, 8, 31, 10, 0, 0, 0, time.UTC)

func ptr[T any](v T) *T { return &v }

func compile(t testing.TB, fields ...catalogue.Field) *form.Form {
	t.Helper()
	f, err := form.Compile(source(fields...), "trial", day)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func source(fields ...catalogue.Field) memory {
	return memory{
		service: catalogue.Service{ID: "trial", Fields: fields},
		lists:   map[string][]catalogue.Choice{"sex": {{Code: "1"}, {Code: "2"}, {Code: "9"}}},
		parameters: map[string]catalogue.Parameter{
			"sure":                {Value: "2740", From: "2025-07-01", Confidence: catalogue.High},
			"unsure":              {Value: "7546", From: "2026-07-01", Confidence: catalogue.Medium},
			"retirement_months_1": {Value: "728", From: "1965-01-01", Confidence: catalogue.High},
		},
	}
}

func TestCheckRefusesWhatTheRulesForbid(t *testing.T) {
	text := func(c catalogue.Constraint) catalogue.Field {
		return catalogue.Field{Type: catalogue.TypeText, Required: true, Constraint: &c}
	}
	number := func(c catalogue.Constraint) catalogue.Field {
		return catalogue.Field{Type: catalogue.TypeNumber, Constraint: &c}
	}
	date := func(c catalogue.Constraint) catalogue.Field {
		return catalogue.Field{Type: catalogue.TypeDate, Constraint: &c}
	}
	name := text(catalogue.Constraint{MinLen: ptr(1), MaxLen: ptr(5), Charset: "GB 18030-2022 level 3", Allow: "U+00B7"})
	identity := catalogue.Field{Type: catalogue.TypeIDNumber, Constraint: &catalogue.Constraint{Check: "gb11643"}}
	document := catalogue.Field{Type: catalogue.TypeIDNumber, Constraint: &catalogue.Constraint{
		MaxLen: ptr(18), Check: "gb11643 when id_doc in (id-card, hkmt-residence, foreign-pr 18-digit)"}}
	credit := text(catalogue.Constraint{Check: "uscc-gb32100", Pattern: "^[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}$"})
	account := catalogue.Field{Type: catalogue.TypeBankAccount, Constraint: &catalogue.Constraint{
		Pattern: "^[0-9]{12,25}$", Check: "luhn when 16-19 digits and card"}}
	mobile := catalogue.Field{Type: catalogue.TypePhone, Constraint: &catalogue.Constraint{Pattern: "^1[3-9][0-9]{9}$"}}
	choice := catalogue.Field{Type: catalogue.TypeChoice, Options: []catalogue.Choice{{Code: "a"}, {Code: "b"}}}
	several := catalogue.Field{Type: catalogue.TypeMultiChoice, Required: true, Options: []catalogue.Choice{{Code: "a"}, {Code: "b"}, {Code: "c"}},
		Constraint: &catalogue.Constraint{MinItems: ptr(1), MaxItems: ptr(2)}}
	agree := catalogue.Field{Type: catalogue.TypeBoolean, Required: true, Constraint: &catalogue.Constraint{MustBe: ptr(true)}}
	paper := catalogue.Field{Type: catalogue.TypeAttachmentNote, Constraint: &catalogue.Constraint{States: []string{"seen", "to-follow"}}}
	whole := catalogue.Constraint{Min: "0", Max: "100", Decimals: ptr(0)}
	money := catalogue.Constraint{Min: "0.10", Max: "500000", Decimals: ptr(2)}
	with := func(kv ...string) form.Answers {
		a := form.Answers{}
		for i := 0; i < len(kv); i += 2 {
			a[kv[i]] = form.Text(kv[i+1])
		}
		return a
	}

	for _, c := range []struct {
		name   string
		field  catalogue.Field
		value  form.Value
		beside form.Answers
		want   string // code; "" passes; "~code" is soft
	}{
		{"a name", name, form.Text("样本甲"), nil, ""},
		{"no name", name, form.Value{}, nil, "required"},
		{"blanks for a name", name, form.Text("  "), nil, "required"},
		{"a name of an ethnic group with another dot", name, form.Text("阿•样"), nil, ""},
		{"a name beyond the first plane", name, form.Text("𫖯𬀩𠮷"), nil, ""},
		{"a private-use character of an old card", name, form.Text("样\uE863"), nil, ""},
		{"a name of too many characters", name, form.Text("一二三四五六"), nil, "too_long"},
		{"a name with a line break", name, form.Text("样\n本"), nil, "charset"},
		{"a name with a broken character", name, form.Text("样\uFFFD"), nil, "charset"},
		{"broken UTF-8", name, form.Text("样\xff"), nil, "charset"},
		{"a noncharacter", name, form.Text("样\uFFFE"), nil, "charset"},
		{"text that turns the direction around", name, form.Text("样\u202E本"), nil, "charset"},
		{"a number for a name", name, form.Number("5"), nil, "kind"},
		{"text too short", text(catalogue.Constraint{MinLen: ptr(3)}), form.Text("样本"), nil, "too_short"},
		{"text without a declared limit", text(catalogue.Constraint{}), form.Text(strings.Repeat("样", 2001)), nil, "too_long"},
		{"a time of day", text(catalogue.Constraint{Pattern: "^([01][0-9]|2[0-3]):[0-5][0-9]$"}), form.Text("24:00"), nil, "pattern"},

		{"an identity number", identity, form.Text("310107199001010010"), nil, ""},
		{"an identity number with a small x", identity, form.Text("31010719900101007x"), nil, ""},
		{"an identity number with blanks between", identity, form.Text("310107 19900101 0010"), nil, ""},
		{"a wrong check digit", identity, form.Text("310107199001010012"), nil, "id_number"},
		{"a birthday that never was", identity, form.Text("310107199002300017"), nil, "id_number"},
		{"a card number that is wrong", document, form.Text("310107199001010012"), with("id_doc", "id-card"), "id_number"},
		{"a passport number", document, form.Text("E12345678"), with("id_doc", "passport"), ""},
		{"an old foreign card of 15", document, form.Text("USA310190010101"), with("id_doc", "foreign-pr"), ""},
		{"a new foreign card that is wrong", document, form.Text("911300199001010019"), with("id_doc", "foreign-pr"), "id_number"},
		{"a document number that is too long", document, form.Text("E123456789012345678"), with("id_doc", "passport"), "too_long"},

		{"a credit code", credit, form.Text("91310107MA1G00000Q"), nil, ""},
		{"a wrong check character", credit, form.Text("91310107MA1G000000"), nil, "credit_code"},
		{"a credit code in small letters", credit, form.Text("91310107ma1g00000q"), nil, ""},
		{"a credit code with a letter it cannot have", credit, form.Text("9131010OMA1G00000Q"), nil, "credit_code"},
		{"a mobile", mobile, form.Text("13800000000"), nil, ""},
		{"a mobile typed in groups", mobile, form.Text("138 0000 0000"), nil, ""},
		{"a mobile one digit short", mobile, form.Text("1380000000"), nil, "phone"},
		{"any phone", catalogue.Field{Type: catalogue.TypePhone}, form.Text("021-62345678"), nil, ""},
		{"letters for a phone", catalogue.Field{Type: catalogue.TypePhone}, form.Text("12ab5678"), nil, "phone"},

		{"a card", account, form.Text("6222020000000000000"), with("bank_kind", "debit"), ""},
		{"a card with a digit wrong", account, form.Text("6222020000000000001"), with("bank_kind", "debit"), "bank_number"},
		{"a passbook of 19", account, form.Text("1001234567890123456"), with("bank_kind", "debit"), "~bank_number"},
		{"a passbook of 15", account, form.Text("100123456789012"), with("bank_kind", "debit"), ""},
		{"an account of a unit", account, form.Text("1001234567890123456"), with("bank_kind", "unit"), ""},
		{"letters in an account", account, form.Text("10012345678x"), nil, "pattern"},

		{"a choice", choice, form.Text("b"), nil, ""},
		{"an unknown choice", choice, form.Text("z"), nil, "choice"},
		{"a list for one choice", choice, form.List("a"), nil, "kind"},
		{"a shared list", catalogue.Field{Type: catalogue.TypeChoice, OptionsRef: "sex"}, form.Text("9"), nil, ""},
		{"a code that the list does not have", catalogue.Field{Type: catalogue.TypeChoice, OptionsRef: "sex"}, form.Text("3"), nil, "choice"},
		{"two of three", several, form.List("a", "c"), nil, ""},
		{"none of three", several, form.List(), nil, "too_few"},
		{"three of two", several, form.List("a", "b", "c"), nil, "too_many"},
		{"the same twice", several, form.List("a", "a"), nil, "choice"},
		{"one of them unknown", several, form.List("z"), nil, "choice"},
		{"agreed", agree, form.Bool(true), nil, ""},
		{"not agreed", agree, form.Bool(false), nil, "must_be"},
		{"no word", agree, form.Value{}, nil, "required"},
		{"yes as text", agree, form.Text("true"), nil, "kind"},
		{"seen", paper, form.Text("seen"), nil, ""},
		{"a state that does not exist", paper, form.Text("lost"), nil, "state"},

		{"a whole number", number(whole), form.Number("100"), nil, ""},
		{"a whole number with zeros behind the point", number(whole), form.Number("7.0"), nil, ""},
		{"one too many", number(whole), form.Number("101"), nil, "too_large"},
		{"less than none", number(whole), form.Number("-1"), nil, "too_small"},
		{"half a person", number(whole), form.Number("1.5"), nil, "decimals"},
		{"a word for a number", number(whole), form.Number("ten"), nil, "number"},
		{"a power of ten", number(whole), form.Number("1e2"), nil, "number"},
		{"a truth for a number", number(whole), form.Bool(true), nil, "kind"},
		{"ten fen", number(money), form.Number("0.1"), nil, ""},
		{"a fen less", number(money), form.Number("0.09"), nil, "too_small"},
		{"beyond what a float can tell apart", number(catalogue.Constraint{Max: "9007199254740992"}), form.Number("9007199254740993"), nil, "too_large"},
		{"a hundred digits", number(catalogue.Constraint{}), form.Number(strings.Repeat("9", 100)), nil, "too_large"},
		{"below a sure parameter", number(catalogue.Constraint{Min: "param:sure"}), form.Number("2739.99"), nil, "too_small"},
		{"at a sure parameter", number(catalogue.Constraint{Min: "param:sure"}), form.Number("2740"), nil, ""},
		{"below an unsure parameter", number(catalogue.Constraint{Min: "param:unsure"}), form.Number("7545"), nil, "~bound_uncertain"},
		{"above an unsure parameter", number(catalogue.Constraint{Max: "param:unsure"}), form.Number("7547"), nil, "~bound_uncertain"},
		{"a parameter without a figure", number(catalogue.Constraint{Max: "param:nowhere"}), form.Number("7547"), nil, ""},

		{"today", date(catalogue.Constraint{NotAfter: "today"}), form.Text("2026-08-31"), nil, ""},
		{"tomorrow", date(catalogue.Constraint{NotAfter: "today"}), form.Text("2026-09-01"), nil, "too_late"},
		{"yesterday", date(catalogue.Constraint{NotBefore: "today"}), form.Text("2026-08-30"), nil, "too_early"},
		{"six months before the end of August", date(catalogue.Constraint{NotAfter: "today-6m"}), form.Text("2026-02-28"), nil, ""},
		{"a day less than six months", date(catalogue.Constraint{NotAfter: "today-6m"}), form.Text("2026-03-01"), nil, "too_late"},
		{"two years ago", date(catalogue.Constraint{NotBefore: "today-2y"}), form.Text("2024-08-31"), nil, ""},
		{"more than two years ago", date(catalogue.Constraint{NotBefore: "today-2y"}), form.Text("2024-08-30"), nil, "too_early"},
		{"the first of the month", date(catalogue.Constraint{NotBefore: "month-start"}), form.Text("2026-08-01"), nil, ""},
		{"the month before", date(catalogue.Constraint{NotBefore: "month-start"}), form.Text("2026-07-31"), nil, "too_early"},
		{"the month after", date(catalogue.Constraint{NotAfter: "month-end"}), form.Text("2026-09-01"), nil, "too_late"},
		{"before the other date", date(catalogue.Constraint{NotBefore: "field:from"}), form.Text("2026-01-01"), with("from", "2026-01-02"), "too_early"},
		{"the other date", date(catalogue.Constraint{NotBefore: "field:from"}), form.Text("2026-01-02"), with("from", "2026-01-02"), ""},
		{"the other date is not given", date(catalogue.Constraint{NotBefore: "field:from"}), form.Text("2026-01-02"), nil, ""},
		{"29 February of no leap year", date(catalogue.Constraint{}), form.Text("2025-02-29"), nil, "date"},
		{"a date in another order", date(catalogue.Constraint{}), form.Text("31/08/2026"), nil, "date"},
		{"the year 1026", date(catalogue.Constraint{}), form.Text("1026-08-31"), nil, "date"},
		{"an optional answer left out", date(catalogue.Constraint{}), form.Value{}, nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.field.Key = "it"
			f := compile(t, c.field)
			p := f.Check(c.field, c.value, c.beside)
			if got := outcome(p); got != c.want {
				t.Fatalf("Check(%v) = %q (%v), want %q", c.value, got, p, c.want)
			}
			if p != nil && (p.Field != "it" || p.Row != -1) {
				t.Errorf("problem names field %q row %d", p.Field, p.Row)
			}
		})
	}
}

func outcome(p *form.Problem) string {
	switch {
	case p == nil:
		return ""
	case p.Soft:
		return "~" + p.Code
	}
	return p.Code
}

func TestProblemsSayWhatWouldBeRight(t *testing.T) {
	pay := catalogue.Field{Key: "pay", Type: catalogue.TypeNumber, Constraint: &catalogue.Constraint{Min: "param:unsure"}}
	start := catalogue.Field{Key: "start", Type: catalogue.TypeDate, Constraint: &catalogue.Constraint{NotBefore: "month-start"}}
	f := compile(t, pay, start)
	p := f.Check(pay, form.Number("1"), nil)
	if p.Params["bound"] != "7546" || p.Params["side"] != form.CodeTooSmall || p.Params["parameter"] != "unsure" {
		t.Errorf("uncertain bound: %v", p.Params)
	}
	p = f.Check(start, form.Text("2026-01-01"), nil)
	if p.Params["bound"] != "2026-08-01" || p.Params["example"] != "2026-08-01" {
		t.Errorf("date bound: %v", p.Params)
	}
	for _, d := range []catalogue.Field{
		{Key: "a", Type: catalogue.TypeIDNumber, Constraint: &catalogue.Constraint{Check: "gb11643"}},
		{Key: "b", Type: catalogue.TypeText, Constraint: &catalogue.Constraint{Check: "uscc-gb32100"}},
		{Key: "c", Type: catalogue.TypePhone, Constraint: &catalogue.Constraint{Pattern: "^1[3-9][0-9]{9}$"}},
		{Key: "d", Type: catalogue.TypeBankAccount, Constraint: &catalogue.Constraint{Pattern: "^[0-9]{12,25}$", Check: "luhn when 16-19 digits and card"}},
		{Key: "e", Type: catalogue.TypeText, Constraint: &catalogue.Constraint{Pattern: "^[A-Z0-9-]{8,24}$"}},
	} {
		f := compile(t, d)
		p := f.Check(d, form.Text("?"), nil)
		if p == nil {
			t.Fatalf("%s: a question mark passes", d.Type)
		}
		if again := f.Check(d, form.Text(p.Params["example"]), nil); again != nil {
			t.Errorf("%s: the example %q is refused: %v", d.Key, p.Params["example"], again)
		}
	}
}

func TestConditionsDecideWhatIsAsked(t *testing.T) {
	kind := catalogue.Field{Key: "kind", Type: catalogue.TypeChoice, OptionsRef: "sex"}
	several := catalogue.Field{Key: "several", Type: catalogue.TypeMultiChoice, OptionsRef: "sex"}
	flag := catalogue.Field{Key: "flag", Type: catalogue.TypeBoolean}
	age := catalogue.Field{Key: "age", Type: catalogue.TypeNumber}
	since := catalogue.Field{Key: "since", Type: catalogue.TypeDate}
	is := func(field, op string, value any) catalogue.Condition {
		return catalogue.Condition{Field: field, Op: op, Value: value}
	}
	not := is("kind", "eq", "1")
	for _, c := range []struct {
		name string
		when catalogue.Condition
		a    form.Answers
		want bool
	}{
		{"eq", is("kind", "eq", "1"), form.Answers{"kind": form.Text("1")}, true},
		{"eq another", is("kind", "eq", "1"), form.Answers{"kind": form.Text("2")}, false},
		{"eq not answered", is("kind", "eq", "1"), nil, false},
		{"ne not answered", is("kind", "ne", "1"), nil, true},
		{"eq true", is("flag", "eq", true), form.Answers{"flag": form.Bool(true)}, true},
		{"eq false", is("flag", "eq", false), form.Answers{"flag": form.Bool(false)}, true},
		{"eq false not answered", is("flag", "eq", false), nil, false},
		{"eq number", is("age", "eq", int64(16)), form.Answers{"age": form.Number("16.0")}, true},
		{"eq in several", is("several", "eq", "2"), form.Answers{"several": form.List("1", "2")}, true},
		{"in several", is("several", "in", []any{"9", "2"}), form.Answers{"several": form.List("1", "2")}, true},
		{"not_in several", is("several", "not_in", []any{"9"}), form.Answers{"several": form.List("1", "2")}, true},
		{"in", is("kind", "in", []any{"1", "2"}), form.Answers{"kind": form.Text("2")}, true},
		{"not_in", is("kind", "not_in", []any{"1", "2"}), form.Answers{"kind": form.Text("2")}, false},
		{"gt", is("age", "gt", int64(9)), form.Answers{"age": form.Number("10")}, true},
		{"gte", is("age", "gte", int64(10)), form.Answers{"age": form.Number("10")}, true},
		{"lt", is("age", "lt", 10.5), form.Answers{"age": form.Number("10.49")}, true},
		{"lte", is("age", "lte", int64(10)), form.Answers{"age": form.Number("10.01")}, false},
		{"lt not answered", is("age", "lt", int64(10)), nil, false},
		{"gt of a date", is("since", "gt", "2026-01-01"), form.Answers{"since": form.Text("2026-01-02")}, true},
		{"present", is("kind", "present", nil), form.Answers{"kind": form.Text("1")}, true},
		{"present of a no", is("flag", "present", nil), form.Answers{"flag": form.Bool(false)}, true},
		{"absent", is("kind", "absent", nil), form.Answers{"kind": form.Text(" ")}, true},
		{"all", catalogue.Condition{All: []catalogue.Condition{is("flag", "eq", true), not}}, form.Answers{"flag": form.Bool(true)}, false},
		{"any", catalogue.Condition{Any: []catalogue.Condition{is("flag", "eq", true), not}}, form.Answers{"flag": form.Bool(true)}, true},
		{"any of none", catalogue.Condition{Any: []catalogue.Condition{is("flag", "eq", true), not}}, nil, false},
		{"not", catalogue.Condition{Not: &not}, nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			it := catalogue.Field{Key: "it", Type: catalogue.TypeText, When: &c.when}
			got := keys(compile(t, kind, several, flag, age, since, it).Relevant(c.a))
			if slices.Contains(got, "it") != c.want {
				t.Errorf("relevant: %v, want it: %v", got, c.want)
			}
		})
	}
}

func keys(fields []catalogue.Field) []string {
	var out []string
	for _, d := range fields {
		out = append(out, d.Key)
	}
	return out
}

func TestCompileRefusesDeclarationsThatCannotWork(t *testing.T) {
	number := func(c catalogue.Constraint) catalogue.Field {
		return catalogue.Field{Key: "it", Type: catalogue.TypeNumber, Constraint: &c}
	}
	later := catalogue.Field{Key: "later", Type: catalogue.TypeBoolean}
	for name, fields := range map[string][]catalogue.Field{
		"a condition on a later field": {{Key: "it", When: &catalogue.Condition{Field: "later", Op: "present"}}, later},
		"a condition on itself":        {{Key: "it", When: &catalogue.Condition{Field: "it", Op: "present"}}},
		"an unknown operator":          {later, {Key: "it", When: &catalogue.Condition{Field: "later", Op: "like", Value: "x"}}},
		"a condition without words":    {later, {Key: "it", When: &catalogue.Condition{}}},
		"two values for eq":            {later, {Key: "it", When: &catalogue.Condition{Field: "later", Op: "eq", Value: []any{"a", "b"}}}},
		"a field twice":                {later, later},
		"a broken pattern":             {number(catalogue.Constraint{Pattern: "("})},
		"an unknown check":             {number(catalogue.Constraint{Check: "crc"})},
		"a check without its list":     {number(catalogue.Constraint{Check: "gb11643 when id_doc is fine"})},
		"a bound that is no number":    {number(catalogue.Constraint{Min: "much"})},
		"a date word that is none":     {number(catalogue.Constraint{NotAfter: "today-6w"})},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := form.Compile(source(fields...), "trial", day); err == nil {
				t.Error("it compiles")
			}
		})
	}
	if _, err := form.Compile(source(), "another", day); err == nil {
		t.Error("an unknown service compiles")
	}
}

func agentForm(t testing.TB) *form.Form {
	yes := &catalogue.Condition{Field: "by_agent", Op: "eq", Value: true}
	return compile(t,
		catalogue.Field{Key: "by_agent", Type: catalogue.TypeBoolean, Required: true},
		catalogue.Field{Key: "agent_name", Type: catalogue.TypeText, Required: true, When: yes, Constraint: &catalogue.Constraint{MaxLen: ptr(50)}},
		catalogue.Field{Key: "agent_id_no", Type: catalogue.TypeIDNumber, Required: true, When: yes},
		catalogue.Field{Key: "proof", Type: catalogue.TypeBoolean, Required: true, When: &catalogue.Condition{Field: "agent_name", Op: "present"}},
	)
}

func TestCleanKeepsOnlyWhatCounts(t *testing.T) {
	f := agentForm(t)
	a := form.Answers{
		"by_agent": form.Bool(false), "agent_name": form.Text(" 样本甲 "), "agent_id_no": form.Text(" 31010719900101001x "),
		"proof": form.Bool(true), "stranger": form.Text("x"),
	}
	if got := f.Clean(a); !got.Equal(form.Answers{"by_agent": form.Bool(false)}) || len(got) != 1 {
		t.Errorf("without an agent: %v", got)
	}
	a["by_agent"] = form.Bool(true)
	got := f.Clean(a)
	if got["agent_name"].Text() != "样本甲" || got["agent_id_no"].Text() != "31010719900101001X" || !got["proof"].Bool() || len(got) != 4 {
		t.Errorf("with an agent: %v", got)
	}
	if a["agent_name"].Text() != " 样本甲 " {
		t.Error("Clean changed its argument")
	}
	if got := f.CheckAll(form.Answers{"by_agent": form.Bool(false), "agent_name": form.Text("\x00")}); len(got) != 0 {
		t.Errorf("answers that do not count are judged: %v", got)
	}
}

func TestRowsAreJudgedOneByOne(t *testing.T) {
	rows := catalogue.Field{Key: "staff", Type: catalogue.TypeRepeat, Required: true,
		Constraint: &catalogue.Constraint{MinItems: ptr(1), MaxItems: ptr(2)},
		Fields: []catalogue.Field{
			{Key: "n", Type: catalogue.TypeText, Required: true},
			{Key: "from", Type: catalogue.TypeDate, Required: true, Constraint: &catalogue.Constraint{NotAfter: "today"}},
			{Key: "to", Type: catalogue.TypeDate, Constraint: &catalogue.Constraint{NotBefore: "field:from"}, When: &catalogue.Condition{Field: "n", Op: "present"}},
		}}
	f := compile(t, rows)
	good := form.Answers{"n": form.Text("样本甲"), "from": form.Text("2026-01-01"), "to": form.Text("2026-02-01")}
	bad := form.Answers{"n": form.Text("样本乙"), "from": form.Text("2027-01-01"), "to": form.Text("2026-02-01")}
	for _, c := range []struct {
		name  string
		value form.Value
		want  []string
	}{
		{"none", form.Value{}, []string{"staff -1 too_few"}},
		{"no rows", form.Rows(), []string{"staff -1 too_few"}},
		{"good", form.Rows(good), nil},
		{"one bad", form.Rows(good, bad), []string{"staff.from 1 too_late", "staff.to 1 too_early"}},
		{"empty row", form.Rows(form.Answers{}), []string{"staff.n 0 required", "staff.from 0 required"}},
		{"too many", form.Rows(good, good, good), []string{"staff -1 too_many"}},
		{"a list", form.List("x"), []string{"staff -1 kind"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, p := range f.CheckAll(form.Answers{"staff": c.value}) {
				got = append(got, strings.Join([]string{p.Field, itoa(p.Row), p.Code}, " "))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("problems %q, want %q", got, c.want)
			}
			if first := f.Check(rows, c.value, nil); (first == nil) != (len(c.want) == 0) {
				t.Errorf("Check says %v", first)
			}
		})
	}
	if d, ok := f.Field("staff.from"); !ok || d.Key != "from" {
		t.Error("the field of a row is not found by its name in problems")
	}
	if got := keys(f.RelevantRow("staff", form.Answers{}, nil)); !slices.Equal(got, []string{"n", "from"}) {
		t.Errorf("relevant in an empty row: %v", got)
	}
}

func itoa(n int) string { b, _ := json.Marshal(n); return string(b) }

func TestQuestionsAreTightGroups(t *testing.T) {
	m := source(catalogue.Field{Key: "why", Type: catalogue.TypeText, Constraint: &catalogue.Constraint{MaxLen: ptr(300)}})
	m.service.FieldGroups = []string{"who", "bank"}
	in := func(codes ...any) *catalogue.Condition {
		return &catalogue.Condition{Field: "bank_kind", Op: "in", Value: codes}
	}
	m.groups = map[string][]catalogue.Field{
		"who": {
			{Key: "name", Type: catalogue.TypeText, Prefill: "id-card", Constraint: &catalogue.Constraint{MaxLen: ptr(50)}},
			{Key: "sex", Type: catalogue.TypeChoice, OptionsRef: "sex", Prefill: "id-card"},
			{Key: "town", Type: catalogue.TypeChoice, OptionsRef: "sex"},
			{Key: "hukou_addr", Type: catalogue.TypeAddress, Prefill: "id-card"},
			{Key: "mobile", Type: catalogue.TypePhone},
		},
		"bank": {
			{Key: "bank_kind", Type: catalogue.TypeChoice, OptionsRef: "sex"},
			{Key: "bank_name", Type: catalogue.TypeText, When: in("1", "2"), Constraint: &catalogue.Constraint{MaxLen: ptr(60)}},
			{Key: "bank_no", Type: catalogue.TypeBankAccount, When: in("1", "2")},
			{Key: "bank_active", Type: catalogue.TypeBoolean, When: in("9")},
		},
	}
	f, err := form.Compile(m, "trial", day)
	if err != nil {
		t.Fatal(err)
	}
	card := f.Prefill(form.Facts{Name: "样本甲", Sex: "7", Address: "样板路1号"})
	if !card["name"].Prefilled() || !card["sex"].Empty() {
		t.Errorf("prefilled: %v", card)
	}
	with := func(a form.Answers, key string, v form.Value) form.Answers {
		out := form.Answers{key: v}
		for k, v := range a {
			out[k] = v
		}
		return out
	}
	for _, c := range []struct {
		name string
		a    form.Answers
		want string
	}{
		{"no card", nil, "name:name,sex town:town hukou_addr:hukou_addr mobile:mobile bank_kind:bank_kind why:why"},
		{"card", card, "applicant:name,sex,hukou_addr town:town mobile:mobile bank_kind:bank_kind why:why"},
		{"own account", with(card, "bank_kind", form.Text("1")), "applicant:name,sex,hukou_addr town:town mobile:mobile bank_kind:bank_kind bank_name:bank_name,bank_no why:why"},
		{"social security card", with(card, "bank_kind", form.Text("9")), "applicant:name,sex,hukou_addr town:town mobile:mobile bank_kind:bank_kind bank_name:bank_active why:why"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := outline(f.Questions(c.a)); got != c.want {
				t.Errorf("questions\n%s, want\n%s", got, c.want)
			}
		})
	}
	if f.Complete(f.Questions(card)[0], card) == false {
		t.Error("optional fields keep a question open")
	}
}

func outline(questions []form.Question) string {
	var out []string
	for _, q := range questions {
		out = append(out, q.ID+":"+strings.Join(keys(q.Fields), ","))
	}
	return strings.Join(out, " ")
}

func TestRetirementGapIsCalculatedFromSureFiguresOnly(t *testing.T) {
	fields := []catalogue.Field{
		{Key: "sex", Type: catalogue.TypeChoice, OptionsRef: "sex"}, {Key: "birth", Type: catalogue.TypeDate},
		{Key: "retire_gap", Type: catalogue.TypeNumber, Prefill: "computed"},
	}
	f := compile(t, fields...)
	man := form.Answers{"sex": form.Text("1"), "birth": form.Text("1967-05-20"), "retire_gap": form.Number("999")}
	// 728 months after 1967-05-20 is 2028-01-20: sixteen full months from the day of the case.
	if got := f.Clean(man)["retire_gap"]; !got.Equal(form.Number("16")) {
		t.Errorf("gap of a man: %v", got)
	}
	woman := form.Answers{"sex": form.Text("2"), "birth": form.Text("1967-05-20"), "retire_gap": form.Number("12")}
	if got := f.Clean(woman)["retire_gap"]; !got.Equal(form.Number("12")) {
		t.Errorf("what the resident answered is lost: %v", got)
	}
}
