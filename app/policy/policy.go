// Package policy holds the policy texts that residents look up: what they say,
// since when and until when, and how sure their figures are.
//
// It searches and says what is valid on a day; it knows nothing of screens,
// slips or cases.
package policy

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"

	"leye/app/catalogue"
)

// Policy is one text with its figures and sources.
type Policy struct {
	ID           string               `toml:"id"`
	Title        catalogue.Text       `toml:"title"`
	Summary      catalogue.Text       `toml:"summary"` // English may be empty: the Chinese text is the binding one
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
	Name     string `toml:"name"`
	Number   string `toml:"number,omitempty"`
	Articles string `toml:"articles,omitempty"`
}

// Figure is one number of a policy. An empty value is not confirmed.
type Figure struct {
	Label string `toml:"label"`
	Value string `toml:"value"`
	Unit  string `toml:"unit,omitempty"`
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

// Load reads every *.toml of a folder, one policy a file, strictly: an unknown
// key or a wrong type is an error that names file, line and key.
func Load(dir fs.FS) (*Library, error) {
	names, err := fs.Glob(dir, "*.toml")
	if err != nil {
		return nil, err
	}
	l := &Library{byID: map[string]*Policy{}}
	var faults []error
	for _, name := range names {
		p, err := read(dir, name)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		l.policies, l.byID[p.ID] = append(l.policies, p), p
	}
	return l, errors.Join(faults...)
}

func read(dir fs.FS, name string) (*Policy, error) {
	data, err := fs.ReadFile(dir, name)
	if err != nil {
		return nil, fmt.Errorf("read policy: %w", err)
	}
	p, err := Decode(data)
	if err != nil {
		return nil, fmt.Errorf("%s:%w", name, err)
	}
	if p.ID != strings.TrimSuffix(path.Base(name), ".toml") {
		return nil, fmt.Errorf("%s: id: is %q, the file's name says otherwise", name, p.ID)
	}
	return p, nil
}

// Decode reads one policy. Its errors begin with the line.
func Decode(data []byte) (*Policy, error) {
	d := toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields()
	var p Policy
	err := d.Decode(&p)
	var strict *toml.StrictMissingError
	var wrong *toml.DecodeError
	switch {
	case errors.As(err, &strict):
		row, _ := strict.Errors[0].Position()
		return nil, fmt.Errorf("%d: %s: unknown key", row, strings.Join(strict.Errors[0].Key(), "."))
	case errors.As(err, &wrong):
		row, _ := wrong.Position()
		return nil, fmt.Errorf("%d: %s: %s", row, strings.Join(wrong.Key(), "."), wrong.Error())
	case err != nil:
		return nil, fmt.Errorf("1: %w", err)
	}
	return &p, p.check()
}

func (p *Policy) check() error {
	switch {
	case p.ID == "":
		return errors.New("1: id: missing")
	case p.Title.ZH == "" || p.Title.EN == "":
		return errors.New("1: title: missing in a language")
	case p.Summary.ZH == "":
		return errors.New("1: summary: missing")
	}
	for key, day := range map[string]string{"valid_from": p.ValidFrom, "valid_to": p.ValidTo} {
		if _, err := time.Parse(time.DateOnly, day); day != "" && err != nil {
			return fmt.Errorf("1: %s: %q is no day", key, day)
		}
	}
	return nil
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
