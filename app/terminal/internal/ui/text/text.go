// Package text holds the words of the screens in each language, read from the
// declared files, and fills in what varies.
package text

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// Bundle is the words of every language by key.
type Bundle map[string]map[string]string

// Load reads every <language>.json of a folder: an object of key to words.
func Load(dir fs.FS) (Bundle, error) {
	names, err := fs.Glob(dir, "*.json")
	if err != nil {
		return nil, err
	}
	b := Bundle{}
	for _, name := range names {
		data, err := fs.ReadFile(dir, name)
		if err != nil {
			return nil, fmt.Errorf("read texts: %w", err)
		}
		words := map[string]string{}
		if err := json.Unmarshal(data, &words); err != nil {
			return nil, fmt.Errorf("read texts %s: %w", name, err)
		}
		b[strings.TrimSuffix(path.Base(name), ".json")] = words
	}
	if len(b) == 0 {
		return nil, fmt.Errorf("read texts: no file")
	}
	return b, nil
}

// Get returns the words of key, with each {name} replaced by the argument that
// follows name in args. A key without words shows itself in brackets: a gap
// must be seen, never be blank.
func (b Bundle) Get(language, key string, args ...string) string {
	words, ok := b[language][key]
	if !ok {
		return "⟦" + key + "⟧"
	}
	if len(args) == 0 {
		return words
	}
	pairs := make([]string, 0, len(args))
	for i := 0; i+1 < len(args); i += 2 {
		pairs = append(pairs, "{"+args[i]+"}", args[i+1])
	}
	return strings.NewReplacer(pairs...).Replace(words)
}

// Has reports whether a key has words in a language.
func (b Bundle) Has(language, key string) bool {
	_, ok := b[language][key]
	return ok
}
