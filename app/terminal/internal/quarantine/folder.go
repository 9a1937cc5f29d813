package quarantine

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Folder is one damaged store.
type Folder struct {
	Report
	Name   string `json:"-"` // 001-20261125T213000: its number, and when in UTC
	Number int64  `json:"-"` // from 1; the generation of the store that took its place
	Path   string `json:"-"`
}

// Report says why a store was set aside and what was salvaged of it. It names no
// person.
type Report struct {
	At    time.Time `json:"at"`
	Cause string    `json:"cause"`

	InPlace   bool           `json:"inPlace"`             // the store that took its place was made
	Taken     map[string]int `json:"taken,omitempty"`     // rows by table
	Left      map[string]int `json:"left,omitempty"`      // rows that are not what was kept, by table
	Entries   []Lost         `json:"entries,omitempty"`   // applications among them
	Missing   []string       `json:"missing,omitempty"`   // applications that only the journal knows
	Lines     int64          `json:"lines"`               // the last line known of its journal
	Hash      string         `json:"hash,omitempty"`      // of that line, hex
	Error     string         `json:"error,omitempty"`     // why salvage was given up
	Discarded *time.Time     `json:"discarded,omitempty"` // when staff had the files deleted
}

// Lost is an application that could not be salvaged.
type Lost struct {
	Reference string `json:"reference,omitempty"` // empty when that is lost too
	ID        string `json:"id,omitempty"`
	Problem   string `json:"problem"`
}

// Lost counts the applications that stayed behind or are gone.
func (r Report) Lost() int { return len(r.Entries) + len(r.Missing) }

const reportName = "report.json"

// write has the report whole on the disk.
func (f Folder) write(step func(string) error) error {
	text, err := json.MarshalIndent(f.Report, "", "\t")
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	if err := step("write report"); err != nil {
		return err
	}
	if err := f.replace(append(text, '\n')); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

func (f Folder) replace(text []byte) error {
	file, err := os.CreateTemp(f.Path, ".report-*") // of mode 0600
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = os.Rename(file.Name(), filepath.Join(f.Path, reportName))
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return fsync(f.Path)
}

var folderName = regexp.MustCompile(`^([0-9]{3,})-[0-9]{8}T[0-9]{6}$`)

// List reads what was set aside in the state directory dir, oldest first. One whose
// move was cut off is not among them: the next start ends that.
func List(dir string) ([]Folder, error) {
	entries, err := os.ReadDir(filepath.Join(dir, DirName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list quarantine: %w", err)
	}
	var list []Folder
	for _, e := range entries {
		m := folderName.FindStringSubmatch(e.Name())
		if m == nil || !e.IsDir() {
			continue
		}
		f := Folder{Name: e.Name(), Path: filepath.Join(dir, DirName, e.Name())}
		if f.Number, err = strconv.ParseInt(m[1], 10, 64); err != nil {
			continue
		}
		if f.Report, err = readReport(f.Path); err != nil {
			return nil, fmt.Errorf("list quarantine: %w", err)
		}
		list = append(list, f)
	}
	return list, nil
}

// readReport takes one that cannot be read for none: the disk is in doubt, and what
// it says can be found out again.
func readReport(folder string) (r Report, err error) {
	text, err := os.ReadFile(filepath.Join(folder, reportName))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Report{}, nil
	case err != nil:
		return Report{}, err
	}
	if json.Unmarshal(text, &r) != nil {
		r = Report{Cause: "its report cannot be read"}
	}
	return r, nil
}

// Standing counts those whose files staff have not discarded yet.
func Standing(dir string) (n, lost int, err error) {
	list, err := List(dir)
	for _, f := range list {
		if f.Discarded == nil {
			n, lost = n+1, lost+f.Lost()
		}
	}
	return n, lost, err
}

// newest is the one with the highest number; false when there is none.
func (k *keeper) newest() (Folder, bool, error) {
	list, err := List(filepath.Dir(k.path))
	if err != nil || len(list) == 0 {
		return Folder{}, false, err
	}
	newest := list[0]
	for _, f := range list {
		if f.Number > newest.Number {
			newest = f
		}
	}
	return newest, true, nil
}

// Discard deletes the damaged files of a folder; its report stays, because its number
// may not be given again.
func Discard(f Folder, now time.Time) error {
	entries, err := os.ReadDir(f.Path)
	if err != nil {
		return fmt.Errorf("discard %s: %w", f.Name, err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), reportName) {
			if err := os.Remove(filepath.Join(f.Path, e.Name())); err != nil {
				return fmt.Errorf("discard %s: %w", f.Name, err)
			}
		}
	}
	now = now.UTC()
	f.Discarded = &now
	return f.write(func(string) error { return nil })
}
