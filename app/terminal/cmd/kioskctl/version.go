package main

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"runtime/debug"

	"leye/app/catalogue"
	"leye/app/terminal/internal/kiosk"
	"leye/assets"
)

// contractVersion is that of app/api/openapi.yaml.
const contractVersion = "1.4.0"

// build is what this program was made of.
type build struct {
	Version   string `json:"version"`
	Revision  string `json:"revision"` // of the source, "" when unknown
	Modified  bool   `json:"modified"` // the source was changed after that revision
	Built     string `json:"built"`    // time of that revision
	Go        string `json:"go"`
	Catalogue string `json:"catalogue"`
	Contract  string `json:"contract"`
}

func thisBuild() (build, error) {
	b := build{Version: kiosk.Version(), Contract: contractVersion}
	if info, ok := debug.ReadBuildInfo(); ok {
		b.Go = info.GoVersion
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				b.Revision = s.Value
			case "vcs.modified":
				b.Modified = s.Value == "true"
			case "vcs.time":
				b.Built = s.Value
			}
		}
	}
	declared, err := catalogue.Load(assets.Catalogue())
	if err != nil {
		return b, err
	}
	b.Catalogue = declared.Version()
	return b, nil
}

func versionCommand() command {
	return command{
		name:     "version",
		summary:  "print the versions of program, source, catalogue and contract",
		examples: []string{"version", "version --json"},
		exits:    []int{exitFailed},
		bind: func(f *flag.FlagSet) action {
			asJSON := f.Bool("json", false, "print JSON")
			return func(_ context.Context, _ []string, s streams) error {
				b, err := thisBuild()
				if err != nil {
					return err
				}
				if *asJSON {
					return writeJSON(s.out, b)
				}
				source := cmp.Or(b.Revision, "unknown")
				if b.Modified {
					source += " with changes"
				}
				_, err = fmt.Fprintf(s.out, "kioskctl   %s\nsource     %s\ncatalogue  %s\ncontract   %s\ngo         %s\n",
					b.Version, source, b.Catalogue, b.Contract, b.Go)
				return err
			}
		},
	}
}

func writeJSON(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
