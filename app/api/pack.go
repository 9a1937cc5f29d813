package api

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"strings"
	"unicode/utf8"
)

// NewPack reads a folder of UTF-8 text. The version is a hash over names and
// contents, so that both sides name the same content alike. Names that begin with
// a dot are left out.
func NewPack(fsys fs.FS) (Pack, error) {
	p := Pack{Files: map[string]string{}}
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
		p.Files[name] = string(data)
		return nil
	})
	if err != nil {
		return Pack{}, fmt.Errorf("read pack: %w", err)
	}
	p.Version = hex.EncodeToString(sum.Sum(nil))[:12]
	return p, nil
}
