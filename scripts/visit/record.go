package main

import (
	"fmt"

	"leye/scripts/internal/probe"
)

// Record is what a visit showed, for the comparison after it.
type Record struct {
	Visit    Visit  `json:"visit"`
	Offline  bool   `json:"offline,omitempty"`
	English  bool   `json:"english,omitempty"`
	Policy   string `json:"policy,omitempty"` // title of the text that was printed
	Steps    []Step `json:"steps"`
	Pictures int    `json:"pictures"`
}

// Step is one screen, or one question of the form.
type Step struct {
	Screen string   `json:"screen"`
	Key    string   `json:"key"`
	Texts  []string `json:"texts"`
}

// see keeps what the screen says; the same screen once more adds its new words.
func (r *Record) see(view probe.View) {
	key := stepKey(view)
	if len(r.Steps) == 0 || r.Steps[len(r.Steps)-1].Key != key {
		r.Steps = append(r.Steps, Step{Screen: view.Screen, Key: key})
	}
	r.Steps[len(r.Steps)-1].Texts = view.Texts
}

// pictureName numbers the pictures in the order of the visit.
func (r *Record) pictureName(screen string) string {
	r.Pictures++
	return fmt.Sprintf("%02d-%s", r.Pictures, screen)
}

// texts joins what all screens of a name said.
func (r *Record) texts(screen string) []string {
	var texts []string
	for _, s := range r.Steps {
		if s.Screen == screen {
			texts = append(texts, s.Texts...)
		}
	}
	return texts
}

// stepKey tells questions apart, which all are on the screen "question", by the
// first of their fields.
func stepKey(view probe.View) string {
	if fields := fieldsOn(view); view.Screen == "question" && len(fields) > 0 {
		return view.Screen + " " + fields[0]
	}
	return view.Screen
}
