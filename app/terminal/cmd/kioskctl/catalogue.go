package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"leye/app/catalogue"
	"leye/app/form"
	"leye/app/policy"
	"leye/assets"
)

func catalogueCheckCommand() command {
	return command{
		name: "catalogue check", words: "[DIR]", most: 1,
		summary: "name every fault of services, forms and policies",
		about: "DIR holds catalogue/, policies/ or both, as the source's assets folder does, or is a catalogue itself.\n" +
			"Without DIR what is built in is checked. Each fault is printed as file:line: key: what is wrong.",
		examples: []string{"catalogue check", "catalogue check assets"},
		exits:    []int{exitFailed},
		bind: func(*flag.FlagSet) action {
			return func(_ context.Context, words []string, s streams) error {
				faults := declaredFaults("catalogue", assets.Catalogue(), "policies", assets.Policies())
				if len(words) == 1 {
					var err error
					if faults, err = folderFaults(words[0]); err != nil {
						return err
					}
				}
				return printFaults("check catalogue", faults, s.out)
			}
		},
	}
}

func folderFaults(dir string) ([]error, error) {
	if _, err := os.ReadDir(dir); err != nil {
		return nil, fmt.Errorf("check catalogue: %w", err)
	}
	sub := func(name string) (string, fs.FS) {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err != nil || !info.IsDir() {
			return "", nil
		}
		return path, os.DirFS(path)
	}
	services, servicesFS := sub("catalogue")
	policies, policiesFS := sub("policies")
	if services == "" && policies == "" {
		services, servicesFS = dir, os.DirFS(dir)
	}
	return declaredFaults(services, servicesFS, policies, policiesFS), nil
}

// declaredFaults checks both folders; a nil file system is none.
func declaredFaults(services string, servicesFS fs.FS, policies string, policiesFS fs.FS) []error {
	var faults []error
	if servicesFS != nil {
		faults = catalogueFaults(services, servicesFS)
	}
	if policiesFS != nil {
		_, err := policy.Load(policiesFS)
		for _, fault := range split(err) {
			faults = append(faults, fmt.Errorf("%s/%w", policies, fault))
		}
	}
	return faults
}

// catalogueFaults also makes each service's form: it must be possible today.
func catalogueFaults(dir string, fsys fs.FS) []error {
	declared, err := catalogue.Load(fsys)
	var list catalogue.Faults
	switch {
	case errors.As(err, &list):
		var faults []error
		for _, fault := range list {
			faults = append(faults, fmt.Errorf("%s/%w", dir, fault))
		}
		return faults
	case err != nil:
		return []error{fmt.Errorf("%s: %w", dir, err)}
	}
	var faults []error
	for _, s := range declared.Services() {
		if _, err := form.Compile(declared, s.ID, time.Now()); err != nil {
			faults = append(faults, fmt.Errorf("%s/services/%s.toml:1: %w", dir, s.ID, err))
		}
	}
	return faults
}
