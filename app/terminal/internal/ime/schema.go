//go:build rime

package ime

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const schemaID = "leye_pinyin"

// schema is librime's description of the input method. Without user dictionary it
// learns nothing; without punctuator and key binder only letters reach it. The
// spelling rules: initials stand for syllables, v for ü, and a final may be unfinished.
const schema = `schema:
  schema_id: leye_pinyin
  name: 拼音
  version: "1"
engine:
  processors: [speller, selector, navigator, express_editor]
  segmentors: [abc_segmentor, fallback_segmentor]
  translators: [script_translator]
speller:
  alphabet: zyxwvutsrqponmlkjihgfedcba
  delimiter: " '"
  algebra:
    - abbrev/^([a-z]).+$/$1/
    - abbrev/^([zcs]h).+$/$1/
    - derive/^([nl])ue$/$1ve/
    - derive/^([jqxy])u/$1v/
translator:
  dictionary: leye_pinyin
  enable_user_dict: false
menu:
  page_size: %d
`

// writeSchema writes what librime needs into dir: the list of schemas, the
// schema, and the dictionary as it reads them.
func writeSchema(dir string, d *dict, size int) error {
	files := map[string]string{
		"default.yaml":            fmt.Sprintf("schema_list:\n  - schema: %s\nmenu:\n  page_size: %d\n", schemaID, size),
		schemaID + ".schema.yaml": fmt.Sprintf(schema, size),
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return fmt.Errorf("write librime schema: %w", err)
		}
	}
	return writeRimeDict(filepath.Join(dir, schemaID+".dict.yaml"), d)
}

func writeRimeDict(path string, d *dict) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("write librime dictionary: %w", err)
	}
	defer func() {
		if e := f.Close(); err == nil && e != nil {
			err = fmt.Errorf("write librime dictionary: %w", e)
		}
	}()
	w := bufio.NewWriter(f)
	fmt.Fprintf(w, "---\nname: %s\nversion: \"1\"\nsort: by_weight\nuse_preset_vocabulary: false\n...\n\n", schemaID)
	for _, c := range d.root.children {
		c.write(w, nil)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write librime dictionary: %w", err)
	}
	return nil
}

// write writes the words below n; the writer keeps the first error.
func (n *node) write(w *bufio.Writer, before []string) {
	reading := append(before, n.syllable)
	for _, word := range n.words {
		fmt.Fprintf(w, "%s\t%s\t%d\n", word.text, strings.Join(reading, " "), word.weight)
	}
	for _, c := range n.children {
		c.write(w, reading)
	}
}
