package catalogue

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"
)

// maxFile bounds one declared file; packs may come from the network.
const maxFile = 1 << 20

// runtimePrefix marks a field's options_ref that names a runtime list.
const runtimePrefix = "runtime:"

// Counter is the code of the one choice that an empty runtime list offers, so
// that a form never ends where nothing can be chosen.
const Counter = "counter"

// Catalogue is the whole of the declared files, read and found free of faults.
// It is safe for use by many goroutines, because nothing in it changes.
type Catalogue struct {
	version string

	services   []Service
	groups     []Group
	codes      []CodeList
	runtime    []CodeList
	clocks     []Clock
	machines   []Machine
	series     []Series
	receipts   []Receipt
	identities []Identity
	events     []Event

	serviceAt map[string]int
	fields    map[string][]Field // by service
	choices   map[string][]Choice
	seriesAt  map[string]int
}

// Load reads the declared files under fsys, which is rooted at
// assets/catalogue. The error is a [Faults] when the files were readable but
// not right.
func Load(fsys fs.FS) (*Catalogue, error) {
	r, err := read(fsys)
	if err != nil {
		return nil, fmt.Errorf("load catalogue: %w", err)
	}
	if faults := r.check(); len(faults) > 0 {
		return nil, Faults(faults)
	}
	r.cat.index()
	return &r.cat, nil
}

// Check reads the declared files and names every fault, ordered by file and
// line. A catalogue that has none loads.
func Check(fsys fs.FS) []Fault {
	r, err := read(fsys)
	if err != nil {
		return []Fault{{Problem: err.Error()}}
	}
	return r.check()
}

// reader is a catalogue while it is read: what was decoded, from which file,
// and what was wrong so far.
type reader struct {
	cat    Catalogue
	from   map[owner]*source
	broken map[string]bool            // folders with a file that could not be used
	ids    map[string]map[string]bool // by folder: the names of all files
	faults []Fault
}

// owner says whose file a source is: a folder and an id in it, or "clock" and
// the id of a clock.
type owner struct{ folder, id string }

// read decodes every file once. It fails only when a file cannot be read.
func read(fsys fs.FS) (*reader, error) {
	r := &reader{from: map[owner]*source{}, broken: map[string]bool{}, ids: map[string]map[string]bool{}}
	sum := sha256.New()
	err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() || strings.HasPrefix(entry.Name(), ".") {
			return nil
		}
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		fmt.Fprintf(sum, "%s %d\n", name, len(data))
		sum.Write(data)
		r.decode(&source{path: name, data: data})
		return nil
	})
	if err != nil {
		return nil, err
	}
	r.cat.version = hex.EncodeToString(sum.Sum(nil))[:12]
	if len(r.ids) == 0 && len(r.faults) == 0 {
		return nil, errors.New("no declared file")
	}
	return r, nil
}

// decode reads one file into the part of the catalogue that its folder names.
func (r *reader) decode(s *source) {
	c := &r.cat
	switch s.folder() {
	case "services":
		add(r, s, &c.services, func(v *Service) string { return v.ID })
	case "groups":
		add(r, s, &c.groups, func(v *Group) string { return v.ID })
	case "codes":
		add(r, s, &c.codes, func(v *CodeList) string { return v.ID })
	case "runtime":
		add(r, s, &c.runtime, func(v *CodeList) string { return v.ID })
	case "machines":
		add(r, s, &c.machines, func(v *Machine) string { return v.ID })
	case "parameters":
		add(r, s, &c.series, func(v *Series) string { return v.Key })
	case "receipts":
		add(r, s, &c.receipts, func(v *Receipt) string { return v.ID })
	case "identity":
		add(r, s, &c.identities, func(v *Identity) string { return v.ID })
	case "events":
		add(r, s, &c.events, func(v *Event) string { return v.ID })
	case "clocks":
		var files []ClockFile
		add(r, s, &files, func(v *ClockFile) string { return v.Family })
		for _, f := range files {
			r.addClocks(s, f)
		}
	default:
		r.faults = append(r.faults, Fault{File: s.path, Line: 1, Problem: "no such folder of declared files"})
	}
}

// add decodes s as a T and appends it. The id inside must be the file's name:
// people find a file by it.
func add[T any](r *reader, s *source, to *[]T, id func(*T) string) {
	folder, name := s.folder(), s.id()
	if r.ids[folder] == nil {
		r.ids[folder] = map[string]bool{}
	}
	r.ids[folder][name] = true
	v, faults, ok := decodeFile[T](s)
	r.faults = append(r.faults, faults...)
	if !ok {
		r.broken[folder] = true
		return
	}
	if id(&v) != name {
		key := "id"
		switch folder {
		case "parameters":
			key = "key"
		case "clocks":
			key = "family"
		}
		r.fault(s, key, "%q is not the file's name %q", id(&v), name)
		r.broken[folder] = true
		return
	}
	r.from[owner{folder, name}] = s
	*to = append(*to, v)
}

func (r *reader) addClocks(s *source, f ClockFile) {
	for i, clock := range f.Clocks {
		if slices.ContainsFunc(r.cat.clocks, func(c Clock) bool { return c.ID == clock.ID }) {
			r.fault(s, at("clocks", i)+".id", "clock %q is declared twice", clock.ID)
			continue
		}
		r.from[owner{"clock", clock.ID}] = s
		r.cat.clocks = append(r.cat.clocks, clock)
	}
}

// index orders what has an order and works out what is asked for often.
func (c *Catalogue) index() {
	slices.SortStableFunc(c.events, func(a, b Event) int { return a.Order - b.Order })
	c.orderServices()
	c.serviceAt, c.fields = map[string]int{}, map[string][]Field{}
	for i, s := range c.services {
		c.serviceAt[s.ID] = i
		c.fields[s.ID] = c.joined(s)
	}
	c.choices = map[string][]Choice{}
	for _, l := range c.codes {
		c.choices[l.ID] = l.Items
	}
	for _, l := range c.runtime {
		c.choices[runtimePrefix+l.ID] = c.runtimeItems(l)
	}
	c.seriesAt = map[string]int{}
	for i, s := range c.series {
		c.seriesAt[s.Key] = i
	}
}

// orderServices puts the services in the order of the tiles they stand behind.
func (c *Catalogue) orderServices() {
	rank := map[string]int{}
	for _, e := range c.events {
		for _, id := range e.Services {
			if _, ok := rank[id]; !ok {
				rank[id] = len(rank)
			}
		}
	}
	slices.SortStableFunc(c.services, func(a, b Service) int { return rank[a.ID] - rank[b.ID] })
}

// joined is the fields of the service's groups and then its own.
func (c *Catalogue) joined(s Service) []Field {
	var fields []Field
	for _, id := range s.FieldGroups {
		if i := slices.IndexFunc(c.groups, func(g Group) bool { return g.ID == id }); i >= 0 {
			fields = append(fields, c.groups[i].Fields...)
		}
	}
	return append(fields, s.Fields...)
}

func (c *Catalogue) runtimeItems(l CodeList) []Choice {
	items := l.Items
	if l.Source == sourceServices {
		items = nil
		for _, s := range c.services {
			if !slices.Equal(s.Audience, []string{"staff"}) {
				items = append(items, Choice{Code: s.ID, Text: s.Text})
			}
		}
	}
	if len(items) == 0 {
		items = []Choice{{Code: Counter, Text: Text{ZH: "到窗口确认", EN: "To be confirmed at the counter"}}}
	}
	return items
}

// Version names the content of the files: twelve hexadecimal digits that change
// when any byte of them does.
func (c *Catalogue) Version() string { return c.version }

// Services are all services, in the order of the home screen's tiles and behind
// each tile most used first.
func (c *Catalogue) Services() []Service { return c.services }

// Service finds a service by its id.
func (c *Catalogue) Service(id string) (Service, bool) {
	i, ok := c.serviceAt[id]
	if !ok {
		return Service{}, false
	}
	return c.services[i], true
}

// Fields are all fields of a service's form: those of its groups, then its own.
// The service need not be one of the catalogue's.
func (c *Catalogue) Fields(s Service) []Field {
	if fields, ok := c.fields[s.ID]; ok {
		return fields
	}
	return c.joined(s)
}

// Choices are what a field offers: its own options, a code list or a runtime
// list. A runtime list without rows offers the single choice [Counter].
func (c *Catalogue) Choices(f Field) []Choice {
	if f.OptionsRef == "" {
		return f.Options
	}
	return c.choices[f.OptionsRef]
}

// Events are the life events by order, those for staff included.
func (c *Catalogue) Events() []Event { return c.events }

// Event finds a life event by its id.
func (c *Catalogue) Event(id string) (Event, bool) {
	return find(c.events, func(e Event) bool { return e.ID == id })
}

// Clocks are all time limits by family.
func (c *Catalogue) Clocks() []Clock { return c.clocks }

// Clock finds a time limit by its id.
func (c *Catalogue) Clock(id string) (Clock, bool) {
	return find(c.clocks, func(k Clock) bool { return k.ID == id })
}

// Machines are all case state machines by id.
func (c *Catalogue) Machines() []Machine { return c.machines }

// Machine finds a case state machine by its id.
func (c *Catalogue) Machine(id string) (Machine, bool) {
	return find(c.machines, func(m Machine) bool { return m.ID == id })
}

// Receipt finds a kind of slip by its id.
func (c *Catalogue) Receipt(id string) (Receipt, bool) {
	return find(c.receipts, func(r Receipt) bool { return r.ID == id })
}

// Identity finds a way to say who one is by its id.
func (c *Catalogue) Identity(id string) (Identity, bool) {
	return find(c.identities, func(i Identity) bool { return i.ID == id })
}

// CodeList finds a declared list of choices by its id.
func (c *Catalogue) CodeList(id string) (CodeList, bool) {
	return find(c.codes, func(l CodeList) bool { return l.ID == id })
}

// Parameter is the figure that is valid on the calendar day of day, as day's
// own location counts days. It reports false when no row covers the day.
func (c *Catalogue) Parameter(key string, day time.Time) (Parameter, bool) {
	i, ok := c.seriesAt[key]
	if !ok {
		return Parameter{}, false
	}
	s, on := c.series[i], day.Format(time.DateOnly)
	for _, row := range slices.Backward(s.Rows) {
		if row.From.String() > on {
			continue
		}
		p := Parameter{
			Key: s.Key, Text: s.Text, Value: decimal(row.Value), From: row.From.String(),
			Basis: s.Basis, Confidence: s.Confidence, Note: s.Note,
		}
		if row.To != nil {
			p.To = row.To.String()
		}
		return p, p.To == "" || on <= p.To
	}
	return Parameter{}, false
}

// decimal is a figure's text without an exponent; not a figure is empty.
func decimal(v any) string {
	switch v := v.(type) {
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return ""
}

func find[T any](list []T, is func(T) bool) (T, bool) {
	if i := slices.IndexFunc(list, is); i >= 0 {
		return list[i], true
	}
	var none T
	return none, false
}

// source is one declared file.
type source struct {
	path  string
	data  []byte
	lines map[string]int // made when a fault first asks for it
}

func (s *source) folder() string { return path.Dir(s.path) }

func (s *source) id() string { return strings.TrimSuffix(path.Base(s.path), ".toml") }

// Decode reads a declared file that is not the catalogue's own, as strictly as
// those that are. The value is only good when there is no fault.
func Decode[T any](name string, data []byte) (T, []Fault) {
	v, faults, _ := decodeFile[T](&source{path: name, data: data})
	return v, faults
}

// decodeFile is strict: a key that nothing reads is a fault, for it is most
// often a misspelt one. It reports false when the rest could not be read.
func decodeFile[T any](s *source) (v T, faults []Fault, ok bool) {
	if path.Ext(s.path) != ".toml" {
		return v, []Fault{{File: s.path, Line: 1, Problem: "not a TOML file"}}, false
	}
	if len(s.data) > maxFile {
		return v, []Fault{{File: s.path, Line: 1, Problem: "longer than 1 MiB"}}, false
	}
	err := decodeStrict(s.data, &v)
	if err == nil {
		return v, nil, true
	}
	var unknown *toml.StrictMissingError
	if errors.As(err, &unknown) {
		for _, e := range unknown.Errors {
			line, _ := e.Position()
			faults = append(faults, Fault{File: s.path, Line: line, Key: strings.Join(e.Key(), "."), Problem: "unknown key"})
		}
		return v, faults, true
	}
	f := Fault{File: s.path, Line: 1, Problem: err.Error()}
	var wrong *toml.DecodeError
	if errors.As(err, &wrong) {
		f.Line, _ = wrong.Position()
		f.Key, f.Problem = strings.Join(wrong.Key(), "."), strings.TrimPrefix(wrong.Error(), "toml: ")
	}
	return v, []Fault{f}, false
}
