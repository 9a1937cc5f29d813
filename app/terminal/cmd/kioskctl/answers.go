package main

import (
	"encoding/json"
	"fmt"
	"slices"

	"leye/app/catalogue"
	"leye/app/form"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/outbox"
	"leye/assets"
)

// answersOf reads the answers out of an entry's body: masked, unless show asks
// for all of them. Who made a tip-off stays hidden even then: only the assigned
// inspector may know, and nothing here can tell who that is.
func answersOf(e outbox.Entry, show bool) (form.Answers, error) {
	var body struct {
		Answers form.Answers `json:"answers"`
	}
	if err := json.Unmarshal(e.Body, &body); err != nil {
		return nil, fmt.Errorf("read answers of %s: the body is no application", e.Reference)
	}
	declared, err := catalogue.Load(assets.Catalogue())
	if err != nil {
		return nil, err
	}
	service, _ := declared.Service(e.Service)
	fields := declared.Fields(service)
	if tipOff(service) {
		return secret(service, fields, body.Answers, show), nil
	}
	if show {
		return body.Answers, nil
	}
	out := form.Answers{}
	for key, v := range body.Answers {
		out[key] = masked(fields, key, v)
	}
	return out, nil
}

// tipOff reports whether a service takes complaints whose author is protected.
func tipOff(s catalogue.Service) bool {
	return s.StateMach == "inspection" && !slices.Contains(s.FieldGroups, "applicant")
}

// secret hides what the service's own fields tell of the author; the employer's
// data come from a group.
func secret(s catalogue.Service, fields []catalogue.Field, answers form.Answers, show bool) form.Answers {
	out := form.Answers{}
	for key, v := range answers {
		_, own := find(s.Fields, key)
		_, declared := find(fields, key)
		if v.Empty() || harmless(fields, key) || show && declared && !own {
			out[key] = v
		} else {
			out[key] = form.Text(hidden)
		}
	}
	return out
}

func find(fields []catalogue.Field, key string) (catalogue.Field, bool) {
	i := slices.IndexFunc(fields, func(d catalogue.Field) bool { return d.Key == key })
	if i < 0 {
		return catalogue.Field{}, false
	}
	return fields[i], true
}

// masked shows a name and a document number in part, so that staff find the
// person in front of them, and else only what was chosen from a list.
func masked(fields []catalogue.Field, key string, v form.Value) form.Value {
	d, _ := find(fields, key)
	switch {
	case v.Empty() || harmless(fields, key):
		return v
	case d.Type == catalogue.TypeText && d.Prefill == "id-card":
		return form.Text(kiosk.MaskName(v.Text()))
	case d.Type == catalogue.TypeIDNumber:
		return form.Text(kiosk.MaskNumber(v.Text()))
	}
	return form.Text(hidden)
}

// harmless reports whether a field names nobody: chosen from a list, not off the
// card, where sex and ethnic group stand.
func harmless(fields []catalogue.Field, key string) bool {
	d, ok := find(fields, key)
	if !ok || d.Sensitive || d.Prefill == "id-card" {
		return false
	}
	return d.Type == catalogue.TypeChoice || d.Type == catalogue.TypeMultiChoice || d.Type == catalogue.TypeBoolean
}
