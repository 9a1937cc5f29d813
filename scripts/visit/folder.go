package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"os"
	"path/filepath"

	"leye/scripts/internal/devices"
	"leye/scripts/internal/x11"
)

// Folder is where a visit leaves its pictures, its slip and its case.
type Folder string

func (f Folder) path(name string) string { return filepath.Join(string(f), name) }

func (f Folder) save(name string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(f.path(name)), 0o755); err != nil {
		return fmt.Errorf("save %s: %w", name, err)
	}
	return os.WriteFile(f.path(name), data, 0o644)
}

func (f Folder) savePicture(name string, display *x11.Display) (err error) {
	img, err := display.Picture()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(f.path("screens"), 0o755); err != nil {
		return fmt.Errorf("save picture: %w", err)
	}
	file, err := os.Create(f.path("screens/" + name + ".png"))
	if err != nil {
		return fmt.Errorf("save picture: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	encoder := png.Encoder{CompressionLevel: png.BestSpeed}
	return encoder.Encode(file, img)
}

func (f Folder) saveRecord(r Record) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("save record: %w", err)
	}
	return f.save("record.json", append(data, '\n'))
}

func (f Folder) saveSlip(ctx context.Context, control devices.Control) error {
	for _, kind := range []string{"bin", "txt", "png"} {
		data, err := control.Paper(context.WithoutCancel(ctx), kind)
		if err != nil {
			return err
		}
		if err := f.save("slip."+kind, data); err != nil {
			return err
		}
	}
	return nil
}

func (f Folder) record() (Record, error) {
	var r Record
	return r, f.load("record.json", &r)
}

func (f Folder) slip() (string, error) {
	data, err := os.ReadFile(f.path("slip.txt"))
	if err != nil {
		return "", fmt.Errorf("read slip: %w", err)
	}
	return string(data), nil
}

func (f Folder) load(name string, into any) error {
	data, err := os.ReadFile(f.path(name))
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	return nil
}

// evidence gathers all that compare holds against each other.
func (f Folder) evidence() (Evidence, error) {
	var e Evidence
	if err := f.load("record.json", &e.Record); err != nil {
		return e, err
	}
	if err := f.load("case.json", &e.Case); err != nil {
		return e, err
	}
	slip, err := f.slip()
	if err != nil {
		return e, err
	}
	e.Slip = slip
	e.Words, err = loadWords(cmp.Or(e.Record.Visit.Before, e.Record.Visit.Service), e.Record.English)
	return e, err
}
