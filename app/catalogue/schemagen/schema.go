package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// node is the part of JSON Schema, draft 2020-12, that declared files need.
// encoding/json sorts the keys of maps, so the text is always the same.
type node struct {
	Schema     string           `json:"$schema,omitempty"`
	Title      string           `json:"title,omitempty"`
	Ref        string           `json:"$ref,omitempty"`
	Type       any              `json:"type,omitempty"` // a word or a list of words
	Format     string           `json:"format,omitempty"`
	Enum       []string         `json:"enum,omitempty"`
	Items      *node            `json:"items,omitempty"`
	Properties map[string]*node `json:"properties,omitempty"`
	Required   []string         `json:"required,omitempty"`
	Closed     *bool            `json:"additionalProperties,omitempty"`
	Defs       map[string]*node `json:"$defs,omitempty"`
}

// enumerated is a type whose values are few and named.
type enumerated interface{ Values() []string }

// schema is the schema of files that decode into t. Structs inside it stand
// under $defs, because fields and conditions nest in themselves.
func schema(name string, t reflect.Type) ([]byte, error) {
	g := generator{defs: map[string]*node{}}
	root, err := g.object(t)
	if err != nil {
		return nil, err
	}
	root.Schema = "https://json-schema.org/draft/2020-12/schema"
	root.Title = name
	root.Defs = g.defs
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(root); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

type generator struct {
	defs map[string]*node
}

func (g *generator) of(t reflect.Type) (*node, error) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == reflect.TypeFor[toml.LocalDate]() {
		return &node{Type: "string", Format: "date"}, nil
	}
	if v, ok := reflect.Zero(t).Interface().(enumerated); ok && t.Kind() == reflect.String {
		return &node{Type: "string", Enum: v.Values()}, nil
	}
	switch t.Kind() {
	case reflect.String:
		return &node{Type: "string"}, nil
	case reflect.Bool:
		return &node{Type: "boolean"}, nil
	case reflect.Int:
		return &node{Type: "integer"}, nil
	case reflect.Interface: // a condition's value or a parameter's figure
		return &node{Type: []string{"string", "number", "boolean", "array"}}, nil
	case reflect.Slice:
		items, err := g.of(t.Elem())
		return &node{Type: "array", Items: items}, err
	case reflect.Struct:
		return g.ref(t)
	}
	return nil, fmt.Errorf("%s has no place in a declared file", t)
}

func (g *generator) ref(t reflect.Type) (*node, error) {
	name := strings.ToLower(t.Name())
	if _, known := g.defs[name]; !known {
		g.defs[name] = nil // a type that holds itself ends here
		object, err := g.object(t)
		if err != nil {
			return nil, err
		}
		g.defs[name] = object
	}
	return &node{Ref: "#/$defs/" + name}, nil
}

func (g *generator) object(t reflect.Type) (*node, error) {
	closed := false
	n := &node{Type: "object", Properties: map[string]*node{}, Closed: &closed}
	for _, f := range reflect.VisibleFields(t) {
		key, rest, tagged := strings.Cut(f.Tag.Get("toml"), ",")
		if f.Anonymous && key == "" {
			continue // its fields are visible ones of t
		}
		if key == "" || !f.IsExported() {
			return nil, fmt.Errorf("%s.%s has no TOML key", t, f.Name)
		}
		property, err := g.of(f.Type)
		if err != nil {
			return nil, fmt.Errorf("%s.%s: %w", t, f.Name, err)
		}
		n.Properties[key] = property
		if !tagged || !strings.Contains(rest, "omitempty") {
			n.Required = append(n.Required, key)
		}
	}
	slices.Sort(n.Required)
	return n, nil
}
