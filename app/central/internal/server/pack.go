package server

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"strings"

	"leye/app/api"
)

// Pack is a folder of declared files, ready to be sent.
type Pack struct {
	version string
	body    []byte
}

// NewPack reads a folder; see [api.NewPack].
func NewPack(fsys fs.FS) (Pack, error) {
	pack, err := api.NewPack(fsys)
	if err != nil {
		return Pack{}, err
	}
	body, err := json.Marshal(pack)
	if err != nil {
		return Pack{}, fmt.Errorf("write pack: %w", err)
	}
	return Pack{version: pack.Version, body: body}, nil
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
