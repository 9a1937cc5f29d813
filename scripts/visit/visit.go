package main

import (
	"fmt"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"
)

// Visit declares one resident's visit: what is wanted, whose card lies on the
// reader and what is answered. All people are made up.
type Visit struct {
	Service string `json:"service"`
	Event   string `json:"event"`            // life event under which it is found
	Card    string `json:"card,omitempty"`   // name of a card of the simulated reader; empty for matters without identity
	Person  Person `json:"person,omitzero"`  // who the card names
	Scan    string `json:"scan,omitempty"`   // code that is held to the scanner at home; it leads to the service
	Before  string `json:"before,omitempty"` // declared visit that is played before, and whose matter is looked up
	Search  Answer `json:"search,omitzero"`  // typed into the search of policies
	Result  string `json:"result,omitempty"` // title of the policy that is read

	Answers map[string]Answer `json:"answers"`         // given by touch
	Given   map[string]any    `json:"given,omitempty"` // come from the card or the code and must stand everywhere
	Unseen  []string          `json:"unseen,omitempty"`
}

// Person is who the card names.
type Person struct {
	Name   string `json:"name" toml:"name"`
	Number string `json:"number" toml:"number"`
}

// Answer is a field's answer and the touches that give it.
type Answer struct {
	Value any      `json:"value"`          // string, bool, int64, []any
	Keys  []string `json:"keys,omitempty"` // how a text is typed: "putuo:普陀" by pinyin and candidates, or characters
}

type declaration struct {
	Service string         `toml:"service"`
	Event   string         `toml:"event"`
	Card    string         `toml:"card"`
	Person  Person         `toml:"person"`
	Scan    string         `toml:"scan"`
	Before  string         `toml:"before"`
	Search  any            `toml:"search"`
	Result  string         `toml:"result"`
	Answers map[string]any `toml:"answers"`
	Given   map[string]any `toml:"given"`
	Unseen  []string       `toml:"unseen"`
}

// LoadVisit reads a declaration. The word "today" as an answer becomes the day
// of now, in Shanghai.
func LoadVisit(path string, now time.Time) (Visit, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Visit{}, fmt.Errorf("read visit: %w", err)
	}
	v, err := ParseVisit(data, now)
	if err != nil {
		return Visit{}, fmt.Errorf("read visit %s: %w", path, err)
	}
	return v, nil
}

// ParseVisit reads a declaration from its text.
func ParseVisit(data []byte, now time.Time) (Visit, error) {
	var d declaration
	decoder := toml.NewDecoder(strings.NewReader(string(data)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&d); err != nil {
		return Visit{}, err
	}
	if d.Service == "" {
		return Visit{}, fmt.Errorf("no service")
	}
	v := Visit{
		Service: d.Service, Event: d.Event, Card: d.Card, Person: d.Person, Scan: d.Scan, Before: d.Before, Result: d.Result,
		Answers: map[string]Answer{}, Given: d.Given, Unseen: d.Unseen,
	}
	for key, value := range d.Answers {
		answer, err := parseAnswer(value, now)
		if err != nil {
			return Visit{}, fmt.Errorf("answer %s: %w", key, err)
		}
		v.Answers[key] = answer
	}
	if d.Search != nil {
		var err error
		if v.Search, err = parseAnswer(d.Search, now); err != nil {
			return Visit{}, fmt.Errorf("search: %w", err)
		}
	}
	return v, nil
}

func parseAnswer(value any, now time.Time) (Answer, error) {
	switch value := value.(type) {
	case string:
		if value == "today" {
			value = now.In(time.FixedZone("CST", 8*3600)).Format(time.DateOnly)
		}
		return Answer{Value: value}, nil
	case bool, int64, float64, []any:
		return Answer{Value: value}, nil
	case map[string]any:
		return parseTyped(value)
	}
	return Answer{}, fmt.Errorf("%T is no answer", value)
}

// parseTyped reads {text, keys} and holds the keys against the text.
func parseTyped(table map[string]any) (Answer, error) {
	text, _ := table["text"].(string)
	list, _ := table["keys"].([]any)
	answer := Answer{Value: text}
	typed := ""
	for _, item := range list {
		chunk, ok := item.(string)
		if !ok {
			return Answer{}, fmt.Errorf("keys must be texts, not %v", item)
		}
		answer.Keys = append(answer.Keys, chunk)
		_, produced := splitChunk(chunk)
		typed += produced
	}
	if text == "" || typed != text {
		return Answer{}, fmt.Errorf("the keys type %q, not %q", typed, text)
	}
	return answer, nil
}

// splitChunk returns the pinyin letters of a chunk, empty when its characters
// are keys themselves, and the text that it gives.
func splitChunk(chunk string) (pinyin, text string) {
	if before, after, ok := strings.Cut(chunk, ":"); ok && before != "" && after != "" && !isASCII(after) {
		return strings.ReplaceAll(before, " ", ""), after
	}
	return "", chunk
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// chunks is how the answer is typed: as declared, or key by key.
func (a Answer) chunks() []string {
	if len(a.Keys) > 0 {
		return a.Keys
	}
	return []string{fmt.Sprint(a.Value)}
}

// codes are the choices to touch: one, or several of a multiple choice.
func (a Answer) codes() []string {
	list, ok := a.Value.([]any)
	if !ok {
		return []string{fmt.Sprint(a.Value)}
	}
	var codes []string
	for _, item := range list {
		codes = append(codes, fmt.Sprint(item))
	}
	return codes
}
