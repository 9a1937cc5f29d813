package catalogue

import (
	"slices"
	"strconv"
	"strings"
)

// sourceServices is the Source of a runtime list whose rows are the services.
const sourceServices = "services"

// largeTiles is how many large tiles the home screen has room for.
const largeTiles = 8

// Values are the families of services.
func (Kind) Values() []string {
	return []string{string(Lookup), string(Registration), string(Booking), string(Application), string(Certification), string(Complaint)}
}

// Values are the words of the scale, the surest first.
func (Confidence) Values() []string {
	return []string{string(High), string(MediumHigh), string(Medium), string(LowMedium), string(Low)}
}

// Values are the field types.
func (FieldType) Values() []string {
	return []string{
		string(TypeText), string(TypeChoice), string(TypeMultiChoice), string(TypeDate), string(TypeNumber), string(TypePhone),
		string(TypeIDNumber), string(TypeAddress), string(TypeBankAccount), string(TypeBoolean), string(TypeRepeat), string(TypeAttachmentNote),
	}
}

// Values are the units of clocks.
func (Unit) Values() []string {
	return []string{string(WorkingDay), string(CalendarDay), string(Month), string(Year), string(Hour)}
}

// Values are the kinds of clocks.
func (ClockKind) Values() []string {
	return []string{string(Statutory), string(PlanTarget), string(ClaimWindow), string(Commitment)}
}

// check judges the meaning of what was read and returns all faults in order.
func (r *reader) check() []Fault {
	for i := range r.cat.groups {
		r.checkGroup(&r.cat.groups[i])
	}
	for i := range r.cat.services {
		r.checkService(&r.cat.services[i])
	}
	r.checkLists()
	r.checkEvents()
	r.checkReceipts()
	r.checkSeries()
	r.checkClocks()
	for i := range r.cat.machines {
		r.checkMachine(&r.cat.machines[i])
	}
	r.faults = sorted(r.faults)
	return r.faults
}

// source finds the file of a declared thing.
func (r *reader) source(folder, id string) *source { return r.from[owner{folder, id}] }

// known tells whether a folder declares id, even in a file that is broken: one
// broken file shall not raise a fault in every file that names it.
func (r *reader) known(folder, id string) bool { return r.ids[folder][id] }

// both demands that a text is there in both languages.
func (r *reader) both(s *source, table string, t Text) {
	if strings.TrimSpace(t.ZH) == "" {
		r.fault(s, under(table, "zh"), "no Chinese text")
	}
	if strings.TrimSpace(t.EN) == "" {
		r.fault(s, under(table, "en"), "no English text")
	}
}

// oneOf demands that value is one of the words.
func (r *reader) oneOf(s *source, key, value string, words []string) {
	if !slices.Contains(words, value) {
		r.fault(s, key, "%q is not one of %s", value, strings.Join(words, ", "))
	}
}

// refs demands that each id of a list is declared in folder, once.
func (r *reader) refs(s *source, key, folder string, ids []string) {
	for i, id := range ids {
		switch {
		case !r.known(folder, id):
			r.fault(s, at(key, i), "%q is not declared in %s", id, folder)
		case slices.Contains(ids[:i], id):
			r.fault(s, at(key, i), "%q stands twice", id)
		}
	}
}

func (r *reader) checkService(v *Service) {
	s := r.source("services", v.ID)
	r.both(s, "", v.Text)
	r.both(s, "summary", v.Summary)
	r.both(s, "outcome", v.Outcome)
	if v.Note != (Text{}) {
		r.both(s, "note", v.Note)
	}
	for i, law := range v.Basis {
		r.both(s, at("basis", i), law)
	}
	r.oneOf(s, "kind", string(v.Kind), v.Kind.Values())
	r.oneOf(s, "confidence", string(v.Confidence), v.Confidence.Values())
	r.words(s, "audience", v.Audience, []string{"resident", "employer", "staff"})
	if v.Category == "" {
		r.fault(s, "category", "no category")
	}
	if len(v.Identity) == 0 {
		r.fault(s, "identity", "no identity level")
	}
	r.refs(s, "identity", "identity", v.Identity)
	r.refs(s, "field_groups", "groups", v.FieldGroups)
	r.ref(s, "state_machine", "machines", v.StateMach)
	r.ref(s, "receipt", "receipts", v.Receipt)
	for i, id := range v.TimeLimits {
		if !r.broken["clocks"] && r.source("clock", id) == nil {
			r.fault(s, at("time_limits", i), "%q is not a declared clock", id)
		}
	}
	r.checkForm(s, v)
}

func (r *reader) checkForm(s *source, v *Service) {
	f := formCheck{reader: r, source: s, scope: map[string]Field{}, open: r.anyBroken("groups", v.FieldGroups)}
	for i, id := range v.FieldGroups {
		g, _ := find(r.cat.groups, func(g Group) bool { return g.ID == id })
		for _, field := range g.Fields {
			if _, twice := f.scope[field.Key]; twice {
				r.fault(s, at("field_groups", i), "group %q has the key %q of a group before it", id, field.Key)
			}
			f.scope[field.Key] = field
		}
	}
	f.fields("fields", v.Fields)
	for i, m := range v.Materials {
		table := at("materials", i)
		r.both(s, table, m.Text)
		r.oneOf(s, under(table, "obtain"), m.Obtain, []string{"present", "upload", "shared", "sign"})
		if m.When != nil {
			f.condition(under(table, "when"), *m.When)
		}
	}
}

// anyBroken tells whether one of the ids stands in a file that was not decoded.
func (r *reader) anyBroken(folder string, ids []string) bool {
	return slices.ContainsFunc(ids, func(id string) bool { return r.known(folder, id) && r.source(folder, id) == nil })
}

func (r *reader) ref(s *source, key, folder, id string) {
	if !r.known(folder, id) {
		r.fault(s, key, "%q is not declared in %s", id, folder)
	}
}

// words demands a list of at least one, each of the words and none twice.
func (r *reader) words(s *source, key string, values, words []string) {
	if len(values) == 0 {
		r.fault(s, key, "the list is empty")
	}
	for i, v := range values {
		r.oneOf(s, at(key, i), v, words)
		if slices.Contains(values[:i], v) {
			r.fault(s, at(key, i), "%q stands twice", v)
		}
	}
}

func (r *reader) checkGroup(g *Group) {
	s := r.source("groups", g.ID)
	r.both(s, "", g.Text)
	if len(g.Fields) == 0 {
		r.fault(s, "fields", "the group has no field")
	}
	f := formCheck{reader: r, source: s, scope: map[string]Field{}}
	f.fields("fields", g.Fields)
}

func (r *reader) checkLists() {
	for _, l := range r.cat.codes {
		s := r.source("codes", l.ID)
		if len(l.Items) == 0 {
			r.fault(s, "items", "the code list is empty")
		}
		r.checkList(s, l)
	}
	for _, l := range r.cat.runtime {
		r.checkList(r.source("runtime", l.ID), l)
	}
}

func (r *reader) checkList(s *source, l CodeList) {
	r.both(s, "", l.Text)
	if l.Confidence != "" {
		r.oneOf(s, "confidence", string(l.Confidence), l.Confidence.Values())
	}
	if l.Source != "" {
		r.oneOf(s, "source", l.Source, []string{sourceServices})
	}
	r.choices(s, "items", l.Items)
}

// choices demands a code, once, and both languages for each choice.
func (r *reader) choices(s *source, key string, list []Choice) {
	seen := map[string]bool{}
	for i, c := range list {
		table := at(key, i)
		if c.Code == "" {
			r.fault(s, under(table, "code"), "no code")
		} else if seen[c.Code] {
			r.fault(s, under(table, "code"), "code %q stands twice", c.Code)
		}
		seen[c.Code] = true
		r.both(s, table, c.Text)
	}
}

func (r *reader) checkEvents() {
	order, large, reached := map[int]string{}, 0, map[string]bool{}
	for _, e := range r.cat.events {
		s := r.source("events", e.ID)
		r.both(s, "", e.Text)
		r.both(s, "hint", e.Hint)
		r.words(s, "audience", e.Audience, []string{"resident", "employer", "staff"})
		r.refs(s, "services", "services", e.Services)
		if e.Icon == "" {
			r.fault(s, "icon", "no icon")
		}
		if other, taken := order[e.Order]; taken {
			r.fault(s, "order", "event %q has the same order", other)
		}
		order[e.Order] = e.ID
		if e.Large {
			if large++; large > largeTiles {
				r.fault(s, "large", "more than %d large tiles", largeTiles)
			}
		}
		for _, id := range e.Services {
			reached[id] = true
		}
	}
	if r.broken["events"] {
		return
	}
	for _, v := range r.cat.services {
		if !reached[v.ID] {
			r.fault(r.source("services", v.ID), "id", "no event leads to the service")
		}
	}
}

func (r *reader) checkReceipts() {
	for _, v := range r.cat.receipts {
		s := r.source("receipts", v.ID)
		r.both(s, "", v.Text)
		if len(v.Contents) == 0 {
			r.fault(s, "contents", "the slip has no contents")
		}
		for i, t := range v.Contents {
			r.both(s, at("contents", i), t)
		}
	}
	for _, v := range r.cat.identities {
		s := r.source("identity", v.ID)
		r.both(s, "", v.Text)
		if v.Level < 0 || v.Level > 3 {
			r.fault(s, "level", "%d is not a level from 0 to 3", v.Level)
		}
	}
}

func (r *reader) checkSeries() {
	for _, v := range r.cat.series {
		s := r.source("parameters", v.Key)
		r.both(s, "", v.Text)
		r.oneOf(s, "confidence", string(v.Confidence), v.Confidence.Values())
		if v.Review == "" {
			r.fault(s, "review", "it is not said when the figure is looked at again")
		}
		for i, row := range v.Rows {
			r.checkRow(s, v.Rows, i, row)
		}
	}
}

func (r *reader) checkRow(s *source, rows []Row, i int, row Row) {
	table := at("rows", i)
	if decimal(row.Value) == "" {
		r.fault(s, under(table, "value"), "%v is not a figure", row.Value)
	}
	if row.To != nil && row.To.String() < row.From.String() {
		r.fault(s, under(table, "to"), "%s is before %s", row.To, row.From)
	}
	if i == 0 {
		return
	}
	before := rows[i-1]
	if row.From.String() <= before.From.String() {
		r.fault(s, under(table, "from"), "%s is not after %s of the row before", row.From, before.From)
	} else if before.To != nil && row.From.String() <= before.To.String() {
		r.fault(s, under(table, "from"), "%s is covered by the row before", row.From)
	}
}

func (r *reader) checkClocks() {
	index := map[*source]int{}
	for _, v := range r.cat.clocks {
		s := r.source("clock", v.ID)
		table := at("clocks", index[s])
		index[s]++
		r.both(s, table, v.Text)
		r.oneOf(s, under(table, "unit"), string(v.Unit), v.Unit.Values())
		r.oneOf(s, under(table, "kind"), string(v.Kind), v.Kind.Values())
		r.oneOf(s, under(table, "confidence"), string(v.Confidence), v.Confidence.Values())
		for _, w := range []struct{ key, value string }{{"id", v.ID}, {"from", v.From}, {"to", v.To}, {"bound", v.Bound}} {
			if w.value == "" {
				r.fault(s, under(table, w.key), "is empty")
			}
		}
		if v.Value <= 0 {
			r.fault(s, under(table, "value"), "%s is not above zero", strconv.Itoa(v.Value))
		}
		if x := v.Extension; x != nil && (x.Unit != v.Unit || x.Value < 0 || x.By == "") {
			r.fault(s, under(table, "extension"), "an extension names who grants it and counts in the clock's own unit")
		}
	}
}
