// Package form joins a declared service with answers: which questions are
// relevant, what an answer may be, what follows from other answers and what the
// card already says.
//
// It is pure: no widgets, no clock, no storage. The same code checks an answer
// at the terminal as it is given and at the central as it comes in.
package form

import (
	"fmt"
	"time"

	"leye/app/catalogue"
)

// Source is what a form needs of the catalogue.
type Source interface {
	Service(id string) (catalogue.Service, bool)
	Fields(catalogue.Service) []catalogue.Field
	Choices(catalogue.Field) []catalogue.Choice
	Parameter(key string, day time.Time) (catalogue.Parameter, bool)
}

// Form is one service's form at one day. It does not change after Compile and
// may be used by many goroutines.
type Form struct {
	source    Source
	service   catalogue.Service
	today     time.Time
	fields    []field
	index     map[string]int
	materials []material
	rules     map[*catalogue.Constraint]*rule
	lists     map[string][]catalogue.Choice // by options_ref
	codes     map[string]map[string]bool    // by options_ref
	layout    []layout
}

type field struct {
	catalogue.Field
	section string // name of its field group; "" for the service's own
	when    *condition
	rows    []field
}

type material struct {
	catalogue.Material
	when *condition
}

// Compile makes the form of a service as it stands on day, which is the day of
// the case: bounds such as "today" and "param:KEY" are resolved by it. A service
// or a declaration that cannot be used is an error.
func Compile(source Source, service string, day time.Time) (*Form, error) {
	s, ok := source.Service(service)
	if !ok {
		return nil, fmt.Errorf("compile form: no service %q", service)
	}
	f := &Form{
		source: source, service: s,
		today: time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, time.UTC),
		index: map[string]int{}, rules: map[*catalogue.Constraint]*rule{},
		lists: map[string][]catalogue.Choice{}, codes: map[string]map[string]bool{},
	}
	if err := f.compile(); err != nil {
		return nil, fmt.Errorf("compile form of %s: %w", service, err)
	}
	return f, nil
}

func (f *Form) compile() error {
	sections := f.sections()
	for _, d := range f.source.Fields(f.service) {
		if _, twice := f.index[d.Key]; twice {
			return fmt.Errorf("field %s: declared twice", d.Key)
		}
		c, err := f.compileField(d, f.known)
		if err != nil {
			return fmt.Errorf("field %s: %w", d.Key, err)
		}
		c.section = sections[d.Key]
		f.index[d.Key] = len(f.fields)
		f.fields = append(f.fields, c)
	}
	for _, m := range f.service.Materials {
		when, err := compileCondition(m.When, f.known)
		if err != nil {
			return fmt.Errorf("material %s: %w", m.EN, err)
		}
		f.materials = append(f.materials, material{m, when})
	}
	f.layout = f.arrange()
	return nil
}

func (f *Form) known(key string) bool {
	_, ok := f.index[key]
	return ok
}

func (f *Form) compileField(d catalogue.Field, known func(string) bool) (field, error) {
	when, err := compileCondition(d.When, known)
	if err != nil {
		return field{}, err
	}
	if err := f.compileRule(d); err != nil {
		return field{}, err
	}
	f.compileChoices(d)
	out := field{Field: d, when: when}
	before := map[string]bool{}
	for _, inner := range d.Fields {
		c, err := f.compileField(inner, func(k string) bool { return before[k] || known(k) })
		if err != nil {
			return field{}, fmt.Errorf("field %s: %w", inner.Key, err)
		}
		before[inner.Key] = true
		out.rows = append(out.rows, c)
	}
	return out, nil
}

// compileChoices keeps a shared list once, with its codes for a quick look-up.
func (f *Form) compileChoices(d catalogue.Field) {
	if d.OptionsRef == "" || f.codes[d.OptionsRef] != nil {
		return
	}
	list := f.source.Choices(d)
	codes := make(map[string]bool, len(list))
	for _, c := range list {
		codes[c.Code] = true
	}
	f.lists[d.OptionsRef], f.codes[d.OptionsRef] = list, codes
}

// sections tells which declared group each field came from.
func (f *Form) sections() map[string]string {
	out := map[string]string{}
	for _, g := range f.service.FieldGroups {
		for _, d := range f.source.Fields(catalogue.Service{FieldGroups: []string{g}}) {
			out[d.Key] = g
		}
	}
	return out
}

// Service returns the service that the form belongs to.
func (f *Form) Service() catalogue.Service { return f.service }

// Fields returns all fields, relevant or not, in the order of asking.
func (f *Form) Fields() []catalogue.Field {
	out := make([]catalogue.Field, len(f.fields))
	for i := range f.fields {
		out[i] = f.fields[i].Field
	}
	return out
}

// Field finds a field by its key, or a field of a repeat's rows by
// "repeat.key", which is how problems name it.
func (f *Form) Field(key string) (catalogue.Field, bool) {
	if i, ok := f.index[key]; ok {
		return f.fields[i].Field, true
	}
	for i := range f.fields {
		for _, inner := range f.fields[i].rows {
			if f.fields[i].Key+"."+inner.Key == key {
				return inner.Field, true
			}
		}
	}
	return catalogue.Field{}, false
}

// Relevant returns the fields that a answers must or may answer, in order.
func (f *Form) Relevant(a Answers) []catalogue.Field {
	relevant := f.relevant(a)
	out := make([]catalogue.Field, 0, len(f.fields))
	for i, is := range relevant {
		if is {
			out = append(out, f.fields[i].Field)
		}
	}
	return out
}

// RelevantRow returns the relevant fields of one row of the repeat key.
func (f *Form) RelevantRow(key string, row, a Answers) []catalogue.Field {
	i, ok := f.index[key]
	if !ok {
		return nil
	}
	relevant := f.relevantRow(&f.fields[i], row, f.counted(a))
	var out []catalogue.Field
	for j, is := range relevant {
		if is {
			out = append(out, f.fields[i].rows[j].Field)
		}
	}
	return out
}

// relevantRow decides in a row of the repeat r; a key that the row does not have
// means the form around it.
func (f *Form) relevantRow(r *field, row Answers, outer lookup) []bool {
	out := make([]bool, len(r.rows))
	find := func(key string) Value {
		for j := range r.rows {
			if r.rows[j].Key == key {
				if out[j] {
					return row[key]
				}
				return Value{}
			}
		}
		return outer(key)
	}
	for j := range r.rows {
		out[j] = r.rows[j].when.holds(find)
	}
	return out
}

// relevant decides field by field; conditions only look back, so one pass does.
func (f *Form) relevant(a Answers) []bool {
	out := make([]bool, len(f.fields))
	find := func(key string) Value {
		if i, ok := f.index[key]; ok && out[i] {
			return a[key]
		}
		return Value{}
	}
	for i := range f.fields {
		out[i] = f.fields[i].when.holds(find)
	}
	return out
}

// counted looks answers up as conditions see them.
func (f *Form) counted(a Answers) lookup {
	relevant := f.relevant(a)
	return func(key string) Value {
		if i, ok := f.index[key]; ok && relevant[i] {
			return a[key]
		}
		return Value{}
	}
}

// Materials returns the papers and records that the matter needs with these
// answers, in the declared order.
func (f *Form) Materials(a Answers) []catalogue.Material {
	find := f.counted(a)
	var out []catalogue.Material
	for _, m := range f.materials {
		if m.when.holds(find) {
			out = append(out, m.Material)
		}
	}
	return out
}

// Choices returns what a choice, multi-choice or attachment note may be answered
// with. The states of an attachment note come as codes without labels: the
// screen has the words for them.
func (f *Form) Choices(d catalogue.Field) []catalogue.Choice {
	if d.Type == catalogue.TypeAttachmentNote {
		if d.Constraint == nil {
			return nil
		}
		out := make([]catalogue.Choice, len(d.Constraint.States))
		for i, s := range d.Constraint.States {
			out[i].Code = s
		}
		return out
	}
	if len(d.Options) > 0 {
		return d.Options
	}
	return f.lists[d.OptionsRef]
}

func (f *Form) hasChoice(d catalogue.Field, code string) bool {
	if len(d.Options) == 0 {
		return f.codes[d.OptionsRef][code]
	}
	for i := range d.Options {
		if d.Options[i].Code == code {
			return true
		}
	}
	return false
}
