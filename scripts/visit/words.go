package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"leye/app/catalogue"
	"leye/assets"
)

// Words are the service's own labels: how a field and a choice are called on
// screen and slip.
type Words struct {
	Service string
	Fields  []FieldWords
	screens map[string]string // words of the screens by key
	states  map[string]string // of its cases
}

// FieldWords is one field as a resident reads it.
type FieldWords struct {
	Key     string
	Label   string
	Type    catalogue.FieldType
	Choices map[string]string // code to words
}

func loadWords(service string, english bool) (Words, error) {
	cat, err := catalogue.Load(assets.Catalogue())
	if err != nil {
		return Words{}, err
	}
	s, ok := cat.Service(service)
	if !ok {
		return Words{}, fmt.Errorf("the catalogue has no service %q", service)
	}
	language := "zh"
	if english {
		language = "en"
	}
	screens, err := loadScreens(language)
	if err != nil {
		return Words{}, err
	}
	say := func(t catalogue.Text) string {
		if english {
			return t.EN
		}
		return t.ZH
	}
	words := Words{Service: say(s.Text), screens: screens, states: map[string]string{}}
	machine, _ := cat.Machine(s.StateMach)
	for _, state := range machine.States {
		words.states[state.ID] = say(state.Text)
	}
	for _, f := range cat.Fields(s) {
		w := FieldWords{Key: f.Key, Label: say(f.Text), Type: f.Type, Choices: map[string]string{}}
		for _, c := range cat.Choices(f) {
			w.Choices[c.Code] = say(c.Text)
		}
		words.Fields = append(words.Fields, w)
	}
	return words, nil
}

func loadScreens(language string) (map[string]string, error) {
	data, err := fs.ReadFile(assets.Text(), language+".json")
	if err != nil {
		return nil, fmt.Errorf("read the screens' words: %w", err)
	}
	words := map[string]string{}
	if err := json.Unmarshal(data, &words); err != nil {
		return nil, fmt.Errorf("read the screens' words: %w", err)
	}
	return words, nil
}

func (w Words) field(key string) (FieldWords, bool) {
	i := slices.IndexFunc(w.Fields, func(f FieldWords) bool { return f.Key == key })
	if i < 0 {
		return FieldWords{Key: key, Label: key}, false
	}
	return w.Fields[i], true
}

// forms are the ways in which an answer may be written for people; the first is
// the screens'.
func (w Words) forms(f FieldWords, value any) []string {
	text := fmt.Sprint(value)
	if words, ok := f.Choices[text]; ok {
		return []string{words}
	}
	switch f.Type {
	case catalogue.TypeBoolean:
		key := map[string]string{"true": "yes", "false": "no"}[text]
		return []string{w.screens[key], w.screens[key+".agree"]}
	case catalogue.TypeDate:
		if day, err := time.Parse(time.DateOnly, text); err == nil {
			return w.dates(day)
		}
	case catalogue.TypeAttachmentNote:
		return []string{w.screens["note."+text]}
	}
	return []string{text}
}

func (w Words) dates(day time.Time) []string {
	y, m, d := strconv.Itoa(day.Year()), strconv.Itoa(int(day.Month())), strconv.Itoa(day.Day())
	long := strings.NewReplacer("{y}", y, "{m}", m, "{d}", d, "{w}", w.screens["weekday."+strconv.Itoa(int(day.Weekday()))])
	return []string{long.Replace(w.screens["date.day"]), long.Replace(w.screens["date.past"]), y + "年" + m + "月" + d + "日", day.Format("2006年01月02日"), day.Format(time.DateOnly)}
}
