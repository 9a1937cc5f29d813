package catalogue

import (
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"time"
)

// dateWord is a day that is worked out when the form is filled; today may have
// an offset in days, months or years.
var dateWord = regexp.MustCompile(`^(today([+-][0-9]{1,3}[dmy])?|month-start|month-end)$`)

// decimalText is a plain decimal number.
var decimalText = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)

// formCheck judges the fields of one file. Its scope is every field that a
// condition may name, by key.
type formCheck struct {
	reader *reader
	source *source
	scope  map[string]Field
	open   bool // a group could not be read: unknown keys may well be its own
}

func (f *formCheck) fault(key, problem string, args ...any) {
	f.reader.fault(f.source, key, problem, args...)
}

// fields checks a list of fields. A condition may name a field further down, so
// the whole list is in scope before the first is judged.
func (f *formCheck) fields(key string, list []Field) {
	for i, v := range list {
		table := at(key, i)
		if v.Key == "" {
			f.fault(under(table, "key"), "no key")
		} else if _, twice := f.scope[v.Key]; twice {
			f.fault(under(table, "key"), "key %q stands twice in the form", v.Key)
		}
		f.scope[v.Key] = v
	}
	for i, v := range list {
		f.field(at(key, i), v)
	}
}

func (f *formCheck) field(table string, v Field) {
	r := f.reader
	r.both(f.source, table, v.Text)
	r.oneOf(f.source, under(table, "type"), string(v.Type), v.Type.Values())
	if v.Help != (Text{}) {
		r.both(f.source, under(table, "help"), v.Help)
	}
	if v.Prefill != "" {
		r.oneOf(f.source, under(table, "prefill"), v.Prefill, []string{"id-card", "shared", "case", "computed"})
	}
	f.options(table, v)
	f.rows(table, v)
	if v.Constraint != nil {
		f.constraint(under(table, "constraint"), *v.Constraint)
	}
	if v.When != nil {
		f.condition(under(table, "when"), *v.When)
	}
}

func (f *formCheck) options(table string, v Field) {
	chosen := v.Type == TypeChoice || v.Type == TypeMultiChoice
	switch {
	case chosen && v.OptionsRef == "" && len(v.Options) == 0:
		f.fault(table, "a choice without options")
	case !chosen && (v.OptionsRef != "" || len(v.Options) > 0):
		f.fault(under(table, "type"), "only a choice has options")
	case v.OptionsRef != "" && len(v.Options) > 0:
		f.fault(under(table, "options_ref"), "a field has options or names a list, not both")
	}
	f.reader.choices(f.source, under(table, "options"), v.Options)
	if v.OptionsRef == "" {
		return
	}
	folder, id := "codes", v.OptionsRef
	if rest, ok := strings.CutPrefix(id, runtimePrefix); ok {
		folder, id = "runtime", rest
	}
	f.reader.ref(f.source, under(table, "options_ref"), folder, id)
}

// rows checks the fields of one row of a repeat. Rows do not nest: no screen
// could show it.
func (f *formCheck) rows(table string, v Field) {
	if v.Type != TypeRepeat {
		if len(v.Fields) > 0 {
			f.fault(under(table, "fields"), "only a repeat has fields of its own")
		}
		return
	}
	if len(v.Fields) == 0 {
		f.fault(table, "a repeat without fields")
	}
	row := formCheck{reader: f.reader, source: f.source, scope: map[string]Field{}, open: f.open}
	for i, inner := range v.Fields {
		if inner.Type == TypeRepeat {
			f.fault(at(under(table, "fields"), i)+".type", "a repeat inside a repeat")
			return
		}
		if _, twice := row.scope[inner.Key]; twice {
			f.fault(at(under(table, "fields"), i)+".key", "key %q stands twice in the row", inner.Key)
		}
		row.scope[inner.Key] = inner
	}
	own := maps.Clone(row.scope)
	maps.Copy(row.scope, f.scope)
	maps.Copy(row.scope, own) // inside a row its own fields come first
	for i, inner := range v.Fields {
		row.field(at(under(table, "fields"), i), inner)
	}
}

func (f *formCheck) constraint(table string, c Constraint) {
	if _, err := regexp.Compile(c.Pattern); err != nil {
		f.fault(under(table, "pattern"), "%v", err)
	}
	if c.Check != "" {
		name, _, _ := strings.Cut(c.Check, " when ")
		f.reader.oneOf(f.source, under(table, "check"), name, []string{"gb11643", "uscc-gb32100", "luhn"})
	}
	f.number(under(table, "min"), c.Min)
	f.number(under(table, "max"), c.Max)
	if lo, ok := new(big.Rat).SetString(c.Min); ok {
		if hi, ok := new(big.Rat).SetString(c.Max); ok && lo.Cmp(hi) > 0 {
			f.fault(under(table, "min"), "%s is above the maximum %s", c.Min, c.Max)
		}
	}
	f.span(table, "min_len", "max_len", c.MinLen, c.MaxLen)
	f.span(table, "min_items", "max_items", c.MinItems, c.MaxItems)
	if c.Decimals != nil && (*c.Decimals < 0 || *c.Decimals > 6) {
		f.fault(under(table, "decimals"), "%d is not from 0 to 6", *c.Decimals)
	}
	f.date(under(table, "not_before"), c.NotBefore)
	f.date(under(table, "not_after"), c.NotAfter)
}

func (f *formCheck) number(key, bound string) {
	if bound == "" {
		return
	}
	if name, ok := strings.CutPrefix(bound, "param:"); ok {
		f.reader.ref(f.source, key, "parameters", name)
	} else if !decimalText.MatchString(bound) {
		f.fault(key, "%q is neither a decimal number nor param:KEY", bound)
	}
}

func (f *formCheck) span(table, low, high string, lo, hi *int) {
	if lo != nil && *lo < 0 {
		f.fault(under(table, low), "%d is below zero", *lo)
	}
	if lo != nil && hi != nil && *lo > *hi {
		f.fault(under(table, low), "%d is above %s %d", *lo, high, *hi)
	}
}

func (f *formCheck) date(key, bound string) {
	if bound == "" || dateWord.MatchString(bound) {
		return
	}
	if _, err := time.Parse(time.DateOnly, bound); err == nil {
		return
	}
	name, ok := strings.CutPrefix(bound, "field:")
	switch other, exists := f.scope[name]; {
	case !ok:
		f.fault(key, "%q is not a date bound", bound)
	case !exists && !f.open:
		f.fault(key, "%q is not a field of the form", name)
	case exists && other.Type != TypeDate:
		f.fault(key, "field %q is not a date", name)
	}
}

func (f *formCheck) condition(table string, c Condition) {
	parts := 0
	for _, set := range []bool{c.Field != "", len(c.All) > 0, len(c.Any) > 0, c.Not != nil} {
		if set {
			parts++
		}
	}
	if parts != 1 {
		f.fault(table, "a condition has exactly one of field, all, any and not")
	}
	if c.Field != "" {
		f.comparison(table, c)
	}
	for i, one := range c.All {
		f.condition(at(under(table, "all"), i), one)
	}
	for i, one := range c.Any {
		f.condition(at(under(table, "any"), i), one)
	}
	if c.Not != nil {
		f.condition(under(table, "not"), *c.Not)
	}
}

func (f *formCheck) comparison(table string, c Condition) {
	v, ok := f.scope[c.Field]
	if !ok {
		if !f.open {
			f.fault(under(table, "field"), "%q is not a field of the form", c.Field)
		}
		return
	}
	value := under(table, "value")
	switch c.Op {
	case "present", "absent":
		if c.Value != nil {
			f.fault(value, "%s takes no value", c.Op)
		}
	case "in", "not_in":
		list, ok := c.Value.([]any)
		if !ok || len(list) == 0 {
			f.fault(value, "%s takes a list", c.Op)
		}
		for i, one := range list {
			f.code(at(value, i), v, one)
		}
	case "eq", "ne", "gt", "gte", "lt", "lte":
		f.code(value, v, c.Value)
	default:
		f.fault(under(table, "op"), "%q is not an operator", c.Op)
	}
}

// code demands that a value is one that the field can have.
func (f *formCheck) code(key string, v Field, value any) {
	text, isText := value.(string)
	switch v.Type {
	case TypeBoolean:
		if _, ok := value.(bool); !ok {
			f.fault(key, "field %q is true or false", v.Key)
		}
	case TypeNumber:
		if decimal(value) == "" && !decimalText.MatchString(text) {
			f.fault(key, "field %q is a number", v.Key)
		}
	case TypeChoice, TypeMultiChoice:
		codes, fixed := f.codes(v)
		if !isText || fixed && !slices.Contains(codes, text) {
			f.fault(key, "field %q has no code %v", v.Key, value)
		}
	default:
		if !isText {
			f.fault(key, "field %q is text", v.Key)
		}
	}
}

// codes are the codes of a choice; not fixed are those of runtime lists, of
// lists that could not be read and of those that do not exist.
func (f *formCheck) codes(v Field) (codes []string, fixed bool) {
	list := v.Options
	if v.OptionsRef != "" {
		l, ok := find(f.reader.cat.codes, func(l CodeList) bool { return l.ID == v.OptionsRef })
		if !ok {
			return nil, false
		}
		list = l.Items
	}
	for _, c := range list {
		codes = append(codes, c.Code)
	}
	return codes, true
}
