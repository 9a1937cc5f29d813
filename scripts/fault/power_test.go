package main

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func hex(s string) string {
	var b strings.Builder
	for i := range len(s) {
		b.WriteString(`\x`)
		b.WriteByte("0123456789abcdef"[s[i]>>4])
		b.WriteByte("0123456789abcdef"[s[i]&15])
	}
	return b.String()
}

// aTrace is a small one, with a call that two lines share and one that failed.
var aTrace = strings.NewReplacer("DIR", hex("/d"), "DB", hex("/d/db"), "LOG", hex("/d/log"), "ab", hex("ab"), "KEPT", hex("kept A r d 1\n")).Replace(
	`1 openat(AT_FDCWD<DIR>, "DB", O_RDWR|O_CREAT, 0600) = 3<DB>
1 pwrite64(3<DB>, "ab", 2, 4) = 2
1 fsync(3<DB> <unfinished ...>
2 write(1<pipe:[7]>, "KEPT", 13) = 13
1 <... fsync resumed>) = 0
1 fsync(3<DB>) = -1 EIO (Input/output error) (INJECTED)
2 +++ exited with 0 +++
1 rename("DB", "LOG") = 0
1 unlink("LOG") = 0
1 pwrite64(4</elsewhere>, "ab", 2, 0) = 2
`)

func TestReadTraceKeepsWhatConcernsTheFolder(t *testing.T) {
	steps, err := readTrace(strings.NewReader(aTrace), "/d")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range steps {
		mark := ""
		if s.bad {
			mark = "!"
		}
		got = append(got, s.what+mark)
	}
	if want := "create write say sync sync! rename remove"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
	if steps[1].at != 4 || string(steps[1].data) != "ab" || steps[5].to != "/d/log" {
		t.Errorf("steps %+v", steps)
	}
}

func FuzzReadTrace(f *testing.F) {
	f.Add(aTrace)
	f.Add("1 pwrite64(3</d/x>, \"\\x61\", 1, 9223372036854775807) = 1\n1 ftruncate(3</d/x>, -1) = 0")
	f.Fuzz(func(t *testing.T, text string) {
		steps, err := readTrace(strings.NewReader(text), "/d")
		if err != nil {
			return
		}
		for _, s := range steps {
			if s.what == "" || s.at < 0 {
				t.Errorf("step %+v", s)
			}
		}
	})
}

// left counts, over many cuts, what is found in the file "f".
func left(t *testing.T, steps ...step) map[string]int {
	t.Helper()
	found := map[string]int{}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		dir := t.TempDir()
		if _, err := cut(steps, dir, rng); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(filepath.Join(dir, "f"))
		if err != nil {
			content = []byte("none")
		}
		found[string(content)]++
	}
	return found
}

func TestACutLeavesWhatWasSyncedAndPerhapsTheRest(t *testing.T) {
	made, named := step{what: "create", path: "/d/f"}, step{what: "sync", path: "/d"}
	write := func(s string) step { return step{what: "write", path: "/d/f", data: []byte(s)} }
	synced := step{what: "sync", path: "/d/f"}
	failed := step{what: "sync", path: "/d/f", bad: true}
	for name, c := range map[string]struct {
		steps []step
		may   []string
	}{
		"synced":             {[]step{made, named, write("a"), synced}, []string{"a"}},
		"not synced":         {[]step{made, named, write("a")}, []string{"", "a"}},
		"written over":       {[]step{made, named, write("a"), synced, write("b")}, []string{"a", "b"}},
		"no name":            {[]step{made, write("a"), synced}, []string{"none", "a"}},
		"a failed sync":      {[]step{made, named, write("a"), failed, synced}, []string{"", "a"}},
		"written once more":  {[]step{made, named, write("a"), failed, write("b"), synced}, []string{"b"}},
		"taken and not sure": {[]step{made, named, write("a"), synced, {what: "remove", path: "/d/f"}}, []string{"none", "a"}},
		"renamed":            {[]step{{what: "create", path: "/d/g"}, {what: "append", path: "/d/g", data: []byte("a")}, {what: "sync", path: "/d/g"}, {what: "rename", path: "/d/g", to: "/d/f"}, named}, []string{"a"}},
	} {
		found := left(t, c.steps...)
		for _, want := range c.may {
			if found[want] == 0 {
				t.Errorf("%s: never left %q, but %v", name, want, found)
			}
		}
		if len(found) != len(c.may) {
			t.Errorf("%s: left %v, want only %q", name, found, c.may)
		}
	}
}

func FuzzSaidTake(f *testing.F) {
	f.Add("kept A r d 12")
	f.Add("accepted A n")
	f.Add("failed A io no space")
	f.Fuzz(func(_ *testing.T, line string) {
		_ = newSaid().take(line)
	})
}
