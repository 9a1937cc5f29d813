package assets_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"

	"leye/assets"
)

// foreign is Western punctuation that touches a Han character: on a screen it
// stands too low and too close.
var foreign = regexp.MustCompile(`\p{Han}[,;:?!()]|[,;:?!()]\p{Han}`)

func TestChineseTextsHaveChinesePunctuation(t *testing.T) {
	texts := 0
	each(t, "zh", func(place, text string) {
		texts++
		if found := foreign.FindString(text); found != "" {
			t.Errorf("%s: %q in %q", place, found, text)
		}
	})
	if texts < 2000 {
		t.Errorf("only %d Chinese texts were read", texts)
	}
}

var (
	bracketed = regexp.MustCompile(`\([^()]*\)|（[^（）]*）`)
	han       = regexp.MustCompile(`\p{Han}+`)
)

// TestEnglishTextsNameTermsInBrackets: what is declared says in Chinese only the
// terms that a reader shows at the counter. The screens' own words are exempt;
// they name the slips' titles and the pinyin keyboard as they are.
func TestEnglishTextsNameTermsInBrackets(t *testing.T) {
	texts := 0
	each(t, "en", func(place, text string) {
		if strings.HasPrefix(place, "text/") {
			return
		}
		texts++
		for bracketed.MatchString(text) {
			text = bracketed.ReplaceAllString(text, "")
		}
		if found := han.FindString(text); found != "" {
			t.Errorf("%s: %q in %q", place, found, text)
		}
	})
	if texts < 2000 {
		t.Errorf("only %d English texts were read", texts)
	}
}

// each reads every declared text of a language: the values under its key, and
// all of its file of the screens' words.
func each(t *testing.T, language string, f func(place, text string)) {
	t.Helper()
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
			case path.Base(file) == language+".json":
				err = json.Unmarshal(data, &v)
			}
			walk(v, "", func(key, text string) {
				if path.Ext(key) == "."+language || path.Ext(file) == ".json" {
					f(name+"/"+file+": "+key, text)
				}
			})
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}

func walk(v any, key string, f func(key, text string)) {
	switch v := v.(type) {
	case map[string]any:
		for k, inner := range v {
			walk(inner, key+"."+k, f)
		}
	case []any:
		for n, inner := range v {
			walk(inner, fmt.Sprintf("%s[%d]", key, n), f)
		}
	case string:
		f(key, v)
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
