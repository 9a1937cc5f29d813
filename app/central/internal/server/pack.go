package server

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"unicode/utf8"

	"leye/app/api"
)

// Pack is a folder of declared files, ready to be sent.
type Pack struct {
	version string
	body    []byte
}

// NewPack reads a folder of UTF-8 text. Its version is a hash over names and
// contents, computed like the catalogue's own, so that both sides name the same
// content alike. Names that begin with a dot are left out.
func NewPack(fsys fs.FS) (Pack, error) {
	files := map[string]string{}
	sum := sha256.New()
	err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasPrefix(entry.Name(), ".") {
			return err
		}
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		if !utf8.Valid(data) {
			return fmt.Errorf("%s is not UTF-8", name)
		}
		fmt.Fprintf(sum, "%s %d\n", name, len(data))
		sum.Write(data)
		files[name] = string(data)
		return nil
	})
	if err != nil {
		return Pack{}, fmt.Errorf("read pack: %w", err)
	}
	version := hex.EncodeToString(sum.Sum(nil))[:12]
	body, err := json.Marshal(api.Pack{Version: version, Files: files})
	if err != nil {
		return Pack{}, fmt.Errorf("read pack: %w", err)
	}
	return Pack{version: version, body: body}, nil
}

// Version is the hash of the pack's content.
func (p Pack) Version() string { return p.version }

func (p Pack) send(w http.ResponseWriter, ifNoneMatch *string) {
	tag := `"` + p.version + `"`
	w.Header().Set("ETag", tag)
	w.Header().Set("Cache-Control", "no-cache")
	if ifNoneMatch != nil && matches(*ifNoneMatch, tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(p.body) // the caller has gone; there is nobody to tell
}

// matches compares weakly, as RFC 9110 section 13.1.2 has it for reading.
func matches(header, tag string) bool {
	for one := range strings.SplitSeq(header, ",") {
		one = strings.TrimPrefix(strings.TrimSpace(one), "W/")
		if one == "*" || one == tag {
			return true
		}
	}
	return false
}
