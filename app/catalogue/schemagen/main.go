// Command schemagen writes the JSON Schemas of the declared files, so that an
// editor completes and judges them while they are written.
//
//	go run ./schemagen ../../assets/schema
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"

	"leye/app/casework"
	"leye/app/catalogue"
)

// documents are the kinds of declared files by the name of their schema.
func documents() map[string]reflect.Type {
	return map[string]reflect.Type{
		"service":   reflect.TypeFor[catalogue.Service](),
		"group":     reflect.TypeFor[catalogue.Group](),
		"codes":     reflect.TypeFor[catalogue.CodeList](),
		"clocks":    reflect.TypeFor[catalogue.ClockFile](),
		"machine":   reflect.TypeFor[catalogue.Machine](),
		"parameter": reflect.TypeFor[catalogue.Series](),
		"receipt":   reflect.TypeFor[catalogue.Receipt](),
		"identity":  reflect.TypeFor[catalogue.Identity](),
		"event":     reflect.TypeFor[catalogue.Event](),
		"calendar":  reflect.TypeFor[casework.YearFile](),
	}
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: schemagen FOLDER")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func write(folder string) error {
	for name, t := range documents() {
		text, err := schema(name, t)
		if err != nil {
			return fmt.Errorf("make schema %s: %w", name, err)
		}
		if err := os.WriteFile(filepath.Join(folder, name+".json"), text, 0o644); err != nil {
			return fmt.Errorf("write schema: %w", err)
		}
	}
	return nil
}
