package assets_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"testing"

	"github.com/pelletier/go-toml/v2"

	"leye/assets"
)

// foreign is Western punctuation that touches a Han character: on a screen it
// stands too low and too close.
var foreign = regexp.MustCompile(`\p{Han}[,;:?!()]|[,;:?!()]\p{Han}`)

// TestChineseTextsHaveChinesePunctuation reads every value that is shown in
// Chinese: those under the keys zh and label, and all of zh.json.
func TestChineseTextsHaveChinesePunctuation(t *testing.T) {
	texts := 0
	for name, folder := range map[string]fs.FS{"catalogue": assets.Catalogue(), "policies": assets.Policies(), "receipts": assets.Receipts(), "text": assets.Text()} {
		err := fs.WalkDir(folder, ".", func(file string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			var v any
			data, err := fs.ReadFile(folder, file)
			switch {
			case err != nil:
				return err
			case path.Ext(file) == ".toml":
				err = toml.Unmarshal(data, &v)
			case path.Base(file) == "zh.json":
				err = json.Unmarshal(data, &v)
			}
			walk(v, "", path.Base(file) == "zh.json", func(key, text string) {
				texts++
				if found := foreign.FindString(text); found != "" {
					t.Errorf("%s/%s: %s: %q in %q", name, file, key, found, text)
				}
			})
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	if texts < 2000 {
		t.Errorf("only %d Chinese texts were read", texts)
	}
}

func walk(v any, key string, shown bool, f func(key, text string)) {
	switch v := v.(type) {
	case map[string]any:
		for k, inner := range v {
			walk(inner, key+"."+k, shown || k == "zh" || k == "label", f)
		}
	case []any:
		for n, inner := range v {
			walk(inner, fmt.Sprintf("%s[%d]", key, n), shown, f)
		}
	case string:
		if shown && path.Ext(key) != ".en" {
			f(key, v)
		}
	}
}

func TestForeignPunctuationIsFound(t *testing.T) {
	for text, want := range map[string]bool{
		"\u81ea\u5df1,\u4ed6": true, "\u533a(\u5176": true, "\u5417?": true, "\u81ea\u5df1\uff0c\u4ed6": false, "08:30-17:00": false, "A, B": false,
	} {
		if foreign.MatchString(text) != want {
			t.Errorf("%q: want %v", text, want)
		}
	}
}
