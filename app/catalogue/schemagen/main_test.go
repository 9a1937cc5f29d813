package main

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"path"
	"reflect"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"

	"leye/assets"
)

// TestSchemasHaveNotDrifted fails when a type was changed without go generate.
func TestSchemasHaveNotDrifted(t *testing.T) {
	kinds := documents()
	for name, kind := range kinds {
		want, err := schema(name, kind)
		if err != nil {
			t.Fatal(err)
		}
		got, err := fs.ReadFile(assets.Schema(), name+".json")
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s.json is not what the types say (%v): run go generate in app/catalogue", name, err)
		}
	}
}

// judge is a small reader of the schemas written here, enough to hold the shipped
// files against them.
type judge struct{ defs map[string]*node }

func (j judge) faults(n *node, key string, v any) (list []string) {
	if n.Ref != "" {
		n = j.defs[strings.TrimPrefix(n.Ref, "#/$defs/")]
	}
	switch v := v.(type) {
	case map[string]any:
		if n.Type != "object" {
			return []string{key + " is a table"}
		}
		for _, r := range n.Required {
			if _, ok := v[r]; !ok {
				list = append(list, key+"."+r+" is missing")
			}
		}
		for k, one := range v {
			if p := n.Properties[k]; p == nil {
				list = append(list, key+"."+k+" is unknown")
			} else {
				list = append(list, j.faults(p, key+"."+k, one)...)
			}
		}
	case []any:
		if n.Items == nil {
			break
		}
		for _, one := range v {
			list = append(list, j.faults(n.Items, key, one)...)
		}
	case string:
		if n.Type == "boolean" || n.Type == "integer" || len(n.Enum) > 0 && !strings.Contains(" "+strings.Join(n.Enum, " ")+" ", " "+v+" ") {
			list = append(list, key+" is "+v)
		}
	}
	return list
}

func TestShippedFilesFitTheirSchema(t *testing.T) {
	files := map[string]fs.FS{"catalogue/": assets.Catalogue(), "calendar/": assets.Calendar()}
	seen := map[string]int{}
	for root, fsys := range files {
		err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || path.Ext(name) != ".toml" {
				return err
			}
			data, err := fs.ReadFile(fsys, name)
			if err != nil {
				return err
			}
			first, _, _ := strings.Cut(string(data), "\n")
			link, ok := strings.CutPrefix(first, "#:schema ")
			kind, inSchema := strings.CutPrefix(path.Join(path.Dir(root+name), link), "schema/")
			if !ok || !inSchema {
				t.Errorf("%s: the first line %q names no schema", name, first)
				return nil
			}
			seen[kind]++
			hold(t, name, kind, data)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(seen) != len(documents()) {
		t.Errorf("schemas in use: %v", seen)
	}
}

func hold(t *testing.T, name, kind string, data []byte) {
	t.Helper()
	text, err := fs.ReadFile(assets.Schema(), kind)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	var root node
	var file map[string]any
	if err := json.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	if err := toml.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	for _, f := range (judge{root.Defs}).faults(&root, kind, file) {
		t.Errorf("%s: %s", name, f)
	}
}

func TestTypesWithoutAPlaceAreRefused(t *testing.T) {
	type hidden struct{ Name string }
	type odd struct {
		C chan int `toml:"c"`
	}
	for _, v := range []any{hidden{}, odd{}} {
		if text, err := schema("odd", reflect.TypeOf(v)); err == nil {
			t.Errorf("%T has the schema %s", v, text)
		}
	}
}
