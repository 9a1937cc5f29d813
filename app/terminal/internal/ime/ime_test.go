package ime

import (
	"bytes"
	"compress/gzip"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"
)

// opener opens an engine that keeps its files, if it has any, below dir.
type opener func(t testing.TB, dir string) Engine

func openBuiltIn(t testing.TB, dir string) Engine {
	t.Helper()
	e, err := OpenBuiltIn(Options{TempDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func TestBuiltIn(t *testing.T) { contract(t, openBuiltIn) }

// contract is what the keyboard relies on, whichever engine is built in.
func contract(t *testing.T, open opener) {
	dir := t.TempDir()
	e := open(t, dir)
	run := func(name string, f func(*testing.T, Engine)) {
		e.Reset()
		t.Run(name, func(t *testing.T) { f(t, e) })
	}
	run("words", testWords)
	run("initials", testInitials)
	run("select parts", testSelectParts)
	run("backspace", testBackspace)
	run("backspace after a choice", testBackspaceAfterChoice)
	run("pages", testPages)
	run("apostrophe", testApostrophe)
	run("junk keys", testJunk)
	run("input is bounded", testBounded)
	run("does not learn", testDoesNotLearn)
	run("random keys", testRandomKeys)
	t.Run("leaves nothing behind", func(t *testing.T) { testLeavesNothing(t, e, dir) })
}

func feed(e Engine, keys string) (s State) {
	for _, k := range keys {
		s = e.Feed(k)
	}
	return s
}

// offered is every candidate of the first pages.
func offered(e Engine, s State, pages int) []string {
	all := slices.Clone(s.Candidates)
	for range pages - 1 {
		if !s.HasNext {
			break
		}
		s = e.Page(1)
		all = append(all, s.Candidates...)
	}
	return all
}

func testWords(t *testing.T, e Engine) {
	for _, c := range []struct {
		keys, want string
		within     int // the first so many candidates
	}{
		{"shanghai", "上海", 1},
		{"SHANGHAI", "上海", 1},
		{"caoyang", "曹杨", 1},
		{"caoyangxincun", "曹杨新村", 1},
		{"putuo", "普陀", 1},
		{"linghuojiuye", "灵活就业", 1},
		{"chuangyedanbaodaikuan", "创业担保贷款", 1},
		{"zhangxiaoming", "张小明", 9},
		{"woaizhongguo", "我爱中国", 1},
		{"shehuibaozhang", "社会保障", 3},
		{"yiliaobaoxian", "医疗保险", 3},
		{"laodongzhe", "劳动者", 3},
		{"nvshi", "女士", 9},
		{"nverhong", "女儿红", 18},
		{"lvse", "绿色", 9},
		{"lueguo", "掠过", 9},
		{"lveguo", "掠过", 9},
		{"jvmin", "居民", 9},
		{"wang", "王", 9},
		{"shang", "上", 3},
		{"shangh", "上海", 9},
		{"yan", "䶮", 400},
		{"jie", "㛃", 400},
	} {
		e.Reset()
		got := offered(e, feed(e, c.keys), 50)
		if i := slices.Index(got, c.want); i < 0 || i >= c.within {
			t.Errorf("%s: %s at %d of %v, want within the first %d", c.keys, c.want, i, got[:min(20, len(got))], c.within)
		}
	}
}

func testInitials(t *testing.T, e Engine) {
	for keys, want := range map[string]string{"zs": "张三", "shh": "上海", "zhg": "中国", "zgrm": "中国人民", "sh": "上海"} {
		e.Reset()
		if got := offered(e, feed(e, keys), 50); !slices.Contains(got, want) {
			t.Errorf("%s: no %s in %v", keys, want, got[:min(20, len(got))])
		}
	}
}

func testSelectParts(t *testing.T, e Engine) {
	s := feed(e, "zhangxiaoming")
	s = choose(t, e, s, "张")
	if s.Commit != "" || !strings.HasPrefix(s.Preedit, "张") {
		t.Fatalf("after the first part: %+v", s)
	}
	if s = choose(t, e, s, "晓"); s.Commit != "" || !strings.HasPrefix(s.Preedit, "张晓") {
		t.Fatalf("after the second part: %+v", s)
	}
	if s = choose(t, e, s, "明"); s.Commit != "张晓明" || s.Preedit != "" || len(s.Candidates) != 0 {
		t.Fatalf("after the last part: %+v", s)
	}
	if s = e.Feed('w'); s.Commit != "" || s.Preedit != "w" {
		t.Errorf("the next key: %+v", s)
	}
}

// choose turns pages until text is shown, then selects it.
func choose(t *testing.T, e Engine, s State, text string) State {
	t.Helper()
	for {
		if i := slices.Index(s.Candidates, text); i >= 0 {
			return e.Select(i)
		}
		if !s.HasNext {
			t.Fatalf("%s is not offered for %q", text, s.Preedit)
		}
		s = e.Page(1)
	}
}

func testBackspace(t *testing.T, e Engine) {
	feed(e, "shanghaix")
	s := e.Backspace()
	if plain(s.Preedit) != "shanghai" || s.Candidates[0] != "上海" {
		t.Fatalf("after one: %+v", s)
	}
	for range 8 {
		s = e.Backspace()
	}
	if s.Preedit != "" || len(s.Candidates) != 0 || s.Commit != "" {
		t.Errorf("after all: %+v", s)
	}
	if s = e.Backspace(); s.Preedit != "" || s.Commit != "" {
		t.Errorf("on nothing: %+v", s)
	}
}

func testBackspaceAfterChoice(t *testing.T, e Engine) {
	choose(t, e, feed(e, "zhangxiaoming"), "张")
	s := e.Backspace()
	if plain(s.Preedit) != "zhangxiaoming" {
		t.Errorf("the choice is not taken back: %+v", s)
	}
	choose(t, e, s, "张")
	e.Feed('h')
	for range 21 {
		s = e.Backspace()
	}
	if s.Preedit != "" || s.Commit != "" {
		t.Errorf("something stays: %+v", s)
	}
}

// plain is a preedit without the spaces between syllables.
func plain(preedit string) string { return strings.ReplaceAll(preedit, " ", "") }

func testPages(t *testing.T, e Engine) {
	first := feed(e, "shi")
	if first.Page != 0 || first.HasPrev || !first.HasNext || len(first.Candidates) != 9 {
		t.Fatalf("first page: %+v", first)
	}
	second := e.Page(1)
	if second.Page != 1 || !second.HasPrev || slices.Equal(first.Candidates, second.Candidates) {
		t.Errorf("second page: %+v", second)
	}
	if back := e.Page(-1); !slices.Equal(back.Candidates, first.Candidates) {
		t.Errorf("back: %+v", back)
	}
	if under := e.Page(-5); under.Page != 0 {
		t.Errorf("before the first: %+v", under)
	}
	last := e.Page(1000)
	if last.HasNext || !last.HasPrev || len(last.Candidates) == 0 {
		t.Errorf("last page: %+v", last)
	}
	if over := e.Page(1); over.Page != last.Page {
		t.Errorf("after the last: %+v", over)
	}
	want := last.Candidates[len(last.Candidates)-1] // it may stand for the first letters only
	if s := e.Select(len(last.Candidates) - 1); !strings.HasPrefix(s.Commit+s.Preedit, want) {
		t.Errorf("select on the last page: %+v, want %s", s, want)
	}
}

func testApostrophe(t *testing.T, e Engine) {
	if s := e.Feed('\''); s.Preedit != "" {
		t.Errorf("at the beginning: %+v", s)
	}
	if s := feed(e, "xi'an"); !slices.Contains(s.Candidates, "西安") || slices.Contains(s.Candidates, "先") {
		t.Errorf("xi'an: %+v", s)
	}
}

func testJunk(t *testing.T, e Engine) {
	for _, k := range "19 ,.-\x00\n\t\U0001F600上é~" + string(utf8.RuneError) {
		if s := e.Feed(k); s.Preedit != "" || s.Commit != "" || len(s.Candidates) != 0 {
			t.Errorf("%q: %+v", k, s)
		}
	}
	if s := feed(e, "vvviiuu"); s.Commit != "" || plain(s.Preedit) != "vvviiuu" {
		t.Errorf("letters that spell nothing: %+v", s)
	}
	before := e.Page(0)
	for _, n := range []int{-1, 99, len(before.Candidates)} {
		if s := e.Select(n); s.Commit != "" || s.Preedit != before.Preedit {
			t.Errorf("select %d: %+v", n, s)
		}
	}
}

func testBounded(t *testing.T, e Engine) {
	s := feed(e, strings.Repeat("zhuang", 50))
	if n := len(plain(s.Preedit)); n != maxInput {
		t.Errorf("%d letters wait, want %d", n, maxInput)
	}
}

func testDoesNotLearn(t *testing.T, e Engine) {
	before := feed(e, "zhangsan")
	order := slices.Clone(before.Candidates)
	for range 5 {
		e.Reset()
		s := feed(e, "zhangsan")
		e.Select(len(s.Candidates) - 1)
		e.Reset()
	}
	if s := feed(e, "zhangsan"); !slices.Equal(s.Candidates, order) {
		t.Errorf("candidates were %v, are %v", order, s.Candidates)
	}
}

func testRandomKeys(t *testing.T, e Engine) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 10_000 {
		check(t, strike(e, r.IntN(256), r.IntN(12)))
	}
}

// strike does one of all the things a keyboard can do.
func strike(e Engine, what, n int) State {
	switch {
	case what < 180:
		return e.Feed('a' + rune(what%26))
	case what < 190:
		return e.Feed('\'')
	case what < 200:
		return e.Feed(rune(n * what))
	case what < 215:
		return e.Backspace()
	case what < 240:
		return e.Select(n - 1)
	case what < 254:
		return e.Page(n - 6)
	}
	e.Reset()
	return State{}
}

func check(t testing.TB, s State) {
	t.Helper()
	if !utf8.ValidString(s.Preedit) || !utf8.ValidString(s.Commit) {
		t.Fatalf("not UTF-8: %+v", s)
	}
	if len(s.Candidates) > 9 || s.HasPrev != (s.Page > 0) || s.Page > 0 && len(s.Candidates) == 0 {
		t.Fatalf("page is wrong: %+v", s)
	}
	if s.Preedit == "" && len(s.Candidates) > 0 {
		t.Fatalf("candidates for nothing: %+v", s)
	}
}

func testLeavesNothing(t *testing.T, e Engine, dir string) {
	walk := func() (files []string) {
		err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
			files = append(files, strings.TrimPrefix(path, dir))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return files
	}
	for _, f := range walk() {
		if strings.Contains(f, "userdb") || strings.HasSuffix(f, ".log") {
			t.Errorf("%s was written", f)
		}
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if got := walk(); len(got) != 1 {
		t.Errorf("after Close: %v", got)
	}
	if err := e.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	for _, s := range []State{e.Feed('a'), e.Backspace(), e.Select(0), e.Page(1)} {
		if s.Preedit != "" || s.Commit != "" || len(s.Candidates) != 0 {
			t.Errorf("closed engine answers %+v", s)
		}
	}
}

func TestParseDictFaults(t *testing.T) {
	for text, want := range map[string]string{
		"":                             "no word",
		"shang hai":                    "line 1: no word after",
		"shang hai\t上海":                "line 1: word without weight",
		"shang hai\t\t5":               "line 1: word without weight",
		"shang hai\t上海\tmany":          "line 1: weight",
		"shang hai\t上海\t-1":            "line 1: weight",
		"Shang\t上\t1":                  "not a syllable",
		"shang  hai\t上海\t1":            "not a syllable",
		"b\t不\t1\na\t啊\t1":             "line 2: reading \"a\" is not in order",
		"a\t啊\t1\na\t阿\t1":             "line 2: reading \"a\" occurs twice",
		"a a a a a a a a a\t啊\t1":      "more than 8 syllables",
		strings.Repeat("a", 7) + "\t啊": "not a syllable",
	} {
		if _, err := parseDict(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestOpenFaults(t *testing.T) {
	var big bytes.Buffer
	z := gzip.NewWriter(&big)
	_, err := z.Write(make([]byte, maxDict+1))
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	for want, dir := range map[string]fstest.MapFS{
		"open dictionary":   {},
		"unpack dictionary": {dictFile: {Data: []byte("text")}},
		"more than":         {dictFile: {Data: big.Bytes()}},
	} {
		if _, err := OpenBuiltIn(Options{Dict: dir}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestPreeditPartsSyllables(t *testing.T) {
	e := openBuiltIn(t, "")
	for keys, want := range map[string]string{
		"shanghai": "shang hai", "woaizhongguo": "wo ai zhong guo", "xi'an": "xi'an", "zs": "z s", "shangvv": "shang vv",
	} {
		e.Reset()
		if s := feed(e, keys); s.Preedit != want {
			t.Errorf("%s: %q, want %q", keys, s.Preedit, want)
		}
	}
}

func TestBackspaceTakesLaterLettersFirst(t *testing.T) {
	e := openBuiltIn(t, "")
	choose(t, e, feed(e, "zhangxi"), "张")
	e.Feed('a')
	if s := e.Backspace(); s.Preedit != "张xi" {
		t.Errorf("%+v, want 张xi", s)
	}
}

func FuzzParseDict(f *testing.F) {
	f.Add("shang\t上\t5\t商\t3\nshang hai\t上海\t46654\n")
	f.Add("lue\t略\t1\n")
	f.Fuzz(func(t *testing.T, text string) {
		d, err := parseDict(text)
		if err == nil {
			d.analyse("shanghailvea'z")
		}
	})
}

func FuzzBuiltIn(f *testing.F) {
	e := openBuiltIn(f, "")
	f.Add([]byte("shanghai\xc8\xf0"))
	f.Add([]byte("zhangxiaoming\xd9\xd9\xd9"))
	f.Fuzz(func(t *testing.T, keys []byte) {
		e.Reset()
		for _, k := range keys {
			check(t, strike(e, int(k), int(k)%12))
		}
	})
}

func BenchmarkBuiltIn(b *testing.B) { benchmark(b, openBuiltIn) }

// benchmark reports the mean time of a key while names and words are typed.
func benchmark(b *testing.B, open opener) {
	e := open(b, b.TempDir())
	defer e.Close()
	texts := []string{"shanghai", "zhangxiaoming", "caoyangxincun", "shehuibaozhang", "zs", "hsz"}
	keys := 0
	for b.Loop() {
		for _, text := range texts {
			e.Reset()
			feed(e, text)
			keys += len(text)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(keys), "ns/key")
}

func BenchmarkOpenBuiltIn(b *testing.B) {
	for b.Loop() {
		openBuiltIn(b, "").Close()
	}
}
