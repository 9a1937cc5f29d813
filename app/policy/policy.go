// Package policy holds the policy texts that residents look up: what they say,
// since when and until when, and how sure their figures are.
//
// It searches and says what is valid on a day; it knows nothing of screens,
// slips or cases.
package policy

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"leye/app/catalogue"
)

// Policy is one text with its figures and sources.
type Policy struct {
	ID           string               `toml:"id"`
	Title        catalogue.Text       `toml:"title"`
	Summary      catalogue.Text       `toml:"summary"` // the Chinese text is the binding one
	Category     string               `toml:"category"`
	Audience     []string             `toml:"audience"`
	ValidFrom    string               `toml:"valid_from,omitempty"` // YYYY-MM-DD; empty: not known
	ValidTo      string               `toml:"valid_to,omitempty"`   // last day; empty: open
	Confidence   catalogue.Confidence `toml:"confidence"`
	ChangesOften bool                 `toml:"changes_often,omitempty"`
	Services     []string             `toml:"services,omitempty"`
	PlanSection  []string             `toml:"plan_section,omitempty"`
	Source       []string             `toml:"source"`
	Basis        []Basis              `toml:"basis,omitempty"`
	Figures      []Figure             `toml:"figures,omitempty"`
}

// Basis is a law or document that a policy rests on.
type Basis struct {
	Name     catalogue.Text `toml:"name"`
	Number   string         `toml:"number,omitempty"` // the issuing office's own, in Chinese
	Articles string         `toml:"articles,omitempty"`
}

// Cite names the basis. The English keeps the official name and number in
// brackets, because that is what a counter or a search finds it by.
func (b Basis) Cite() catalogue.Text {
	official := strings.TrimSpace(b.Name.ZH + " " + b.Number)
	return catalogue.Text{ZH: official, EN: b.Name.EN + " (" + official + ")"}
}

// Figure is one number of a policy. An empty value is not confirmed.
type Figure struct {
	Label catalogue.Text `toml:"label"`
	Value string         `toml:"value"`
	Unit  catalogue.Text `toml:"unit,omitempty"`
}

// Amount is the value with its unit, and empty when it is not confirmed.
func (f Figure) Amount() catalogue.Text {
	switch {
	case f.Value == "":
		return catalogue.Text{}
	case f.Unit.EN == "" || strings.HasPrefix(f.Unit.EN, "%"):
		return catalogue.Text{ZH: f.Value + f.Unit.ZH, EN: f.Value + f.Unit.EN}
	}
	return catalogue.Text{ZH: f.Value + f.Unit.ZH, EN: f.Value + " " + f.Unit.EN}
}

// Valid reports whether the policy is in force on a day.
func (p *Policy) Valid(day time.Time) bool {
	iso := day.Format(time.DateOnly)
	return (p.ValidFrom == "" || p.ValidFrom <= iso) && (p.ValidTo == "" || iso <= p.ValidTo)
}

// Uncertain reports whether the counter must confirm the policy's figures before
// anybody relies on them.
func (p *Policy) Uncertain() bool {
	return p.Confidence != catalogue.High || p.ChangesOften
}

// Library is all policies. It does not change after Load.
type Library struct {
	policies []*Policy
	byID     map[string]*Policy
}

// Load reads every *.toml of a folder, one policy a file. The error joins all
// faults, each a [catalogue.Fault] that names file, line and key.
func Load(dir fs.FS) (*Library, error) {
	names, err := fs.Glob(dir, "*.toml")
	if err != nil {
		return nil, err
	}
	l := &Library{byID: map[string]*Policy{}}
	var problems []error
	for _, name := range names {
		data, err := fs.ReadFile(dir, name)
		if err != nil {
			problems = append(problems, fmt.Errorf("read policy: %w", err))
			continue
		}
		p, faults := Decode(name, data)
		for _, fault := range faults {
			problems = append(problems, fault)
		}
		if len(faults) == 0 {
			l.policies, l.byID[p.ID] = append(l.policies, p), p
		}
	}
	return l, errors.Join(problems...)
}

// Decode reads one policy, strictly: an unknown key, a wrong type or a text that
// lacks a language is a fault, and so is an id that is not the file's name.
func Decode(name string, data []byte) (*Policy, []catalogue.Fault) {
	p, faults := catalogue.Decode[Policy](name, data)
	if len(faults) > 0 {
		return nil, faults
	}
	c := checker{name: name, at: catalogue.FaultsIn(name, data)}
	c.policy(&p)
	return &p, c.faults
}

// checker collects what is wrong in the meaning of one file.
type checker struct {
	name   string
	at     func(key, problem string) catalogue.Fault
	faults []catalogue.Fault
}

func (c *checker) policy(p *Policy) {
	if p.ID+".toml" != c.name {
		c.fault("id", fmt.Sprintf("%q is not the file's name %q", p.ID, strings.TrimSuffix(c.name, ".toml")))
	}
	c.both("title", p.Title)
	c.both("summary", p.Summary)
	c.day("valid_from", p.ValidFrom)
	c.day("valid_to", p.ValidTo)
	for i, law := range p.Basis {
		c.both(fmt.Sprintf("basis[%d].name", i), law.Name)
	}
	for i, f := range p.Figures {
		c.both(fmt.Sprintf("figures[%d].label", i), f.Label)
		if f.Unit != (catalogue.Text{}) {
			c.both(fmt.Sprintf("figures[%d].unit", i), f.Unit)
		}
	}
}

// both demands that a text is there in both languages.
func (c *checker) both(key string, t catalogue.Text) {
	if strings.TrimSpace(t.ZH) == "" {
		c.fault(key+".zh", "no Chinese text")
	}
	if strings.TrimSpace(t.EN) == "" {
		c.fault(key+".en", "no English text")
	}
}

func (c *checker) day(key, day string) {
	if _, err := time.Parse(time.DateOnly, day); day != "" && err != nil {
		c.fault(key, fmt.Sprintf("%q is no day", day))
	}
}

func (c *checker) fault(key, problem string) {
	c.faults = append(c.faults, c.at(key, problem))
}

// Policies returns all, in the order of their files.
func (l *Library) Policies() []*Policy { return l.policies }

// Policy returns the policy of an id.
func (l *Library) Policy(id string) (*Policy, bool) {
	p, ok := l.byID[id]
	return p, ok
}

// Hit is a found policy and how well it fits: 0 when nothing was asked.
type Hit struct {
	Policy *Policy
	Score  int
}

// Search finds the policies in force on a day whose words fit a query, best
// first. An empty category or audience means any; an empty query finds all.
func (l *Library) Search(query, category, audience string, day time.Time) []Hit {
	terms := terms(query)
	var hits []Hit
	for _, p := range l.policies {
		if !p.Valid(day) || category != "" && p.Category != category || audience != "" && !slices.Contains(p.Audience, audience) {
			continue
		}
		score := p.score(terms)
		if score > 0 || len(terms) == 0 {
			hits = append(hits, Hit{p, score})
		}
	}
	slices.SortStableFunc(hits, func(a, b Hit) int { return b.Score - a.Score })
	return hits
}

// term is a piece of a query: whole words weigh more than pairs of characters.
type term struct {
	text   string
	weight int
}

// terms splits a query into its words and, because Chinese has no spaces, the
// pairs of characters in each.
func terms(query string) []term {
	var out []term
	for _, word := range strings.Fields(strings.ToLower(query)) {
		out = append(out, term{word, 20})
		runes := []rune(word)
		if len(runes) <= 2 || utf8.RuneLen(runes[0]) < 3 {
			continue
		}
		for i := range len(runes) - 1 {
			out = append(out, term{string(runes[i : i+2]), 2})
		}
	}
	return out
}

func (p *Policy) score(terms []term) int {
	title := strings.ToLower(p.Title.ZH + " " + p.Title.EN)
	body := strings.ToLower(p.Summary.ZH + " " + p.Summary.EN)
	score := 0
	for _, t := range terms {
		if strings.Contains(title, t.text) {
			score += 3 * t.weight
		}
		if strings.Contains(body, t.text) {
			score += t.weight
		}
	}
	return score
}
