package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
	"unicode/utf16"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// memoryJudge looks for a resident in the memory of a terminal that stands idle
// again: that is what a core dump or a swapped page would show.
func memoryJudge() judge {
	return judge{
		name: "memory", what: "a visit is over: its words are sought in the memory of the running kiosk",
		bad: "found two minutes later", of: "words, each in five encodings", long: true, try: tryMemory,
		worse: mutant{
			why:      "no painting has the screen forget",
			edits:    []edit{{"app/terminal/cmd/kiosk/feed.go", "\t\tf.fade()\n", ""}},
			programs: []program{{pkg: "./app/terminal/cmd/kiosk", tag: "probe"}},
		},
	}
}

// secrets are the words of the visit's person, as its declaration has them.
var secrets = []string{"李试样", "310101199203159026", "上海市黄浦区样例路100弄5号602室", "13800001234", "普陀区长寿路100号"}

const (
	secretVisit = "scripts/visit/visits/flexible-employment-registration.toml"
	forgotten   = 2 * time.Minute // after the visit, at the latest
)

func tryMemory(ctx context.Context, t *trial) (n tally, err error) {
	k := &terminal{trial: t, claims: map[string]bool{}}
	defer func() { err = errors.Join(err, k.close()) }()
	if err := k.prepare(ctx); err != nil {
		return n, err
	}
	if err := errors.Join(k.configure(), k.central.open(ctx), k.open(ctx)); err != nil {
		return n, err
	}
	if before, err := k.remembered(); err != nil || len(before) > 0 {
		return n, errors.Join(err, fmt.Errorf("before the visit %d words are in memory", len(before)))
	}
	if err := k.playWhole(ctx); err != nil {
		return n, err
	}
	during, err := k.remembered()
	if err != nil {
		return n, err
	}
	n.of = len(secrets)
	n.note("%d words are found at the visit's end", len(during))
	if len(during) == 0 {
		return n, errors.New("no word is found at the visit's end: nothing is proved")
	}
	return n, k.awaitForgotten(ctx, &n)
}

// playWhole plays the visit to its last screen.
func (k *terminal) playWhole(ctx context.Context) error {
	play := exec.CommandContext(ctx, k.program("visit"), "play", "--visit", secretVisit,
		"--probe", string(k.socket()), "--devices", string(k.devices), "--out", k.path("visit"))
	if words, err := play.CombinedOutput(); err != nil {
		return fmt.Errorf("play a visit: %w\n%s", err, words)
	}
	return nil
}

// awaitForgotten says when the last word was gone, or counts those that stay.
func (k *terminal) awaitForgotten(ctx context.Context, n *tally) error {
	if err := k.running.await(ctx, time.Minute, "the terminal to stand idle", func() bool {
		view, err := k.socket().Look(ctx)
		return err == nil && view.Screen == "idle"
	}); err != nil {
		return err
	}
	began := time.Now()
	var left []string
	for time.Since(began) < forgotten {
		var err error
		if left, err = k.remembered(); err != nil {
			return err
		}
		if len(left) == 0 {
			n.note("the last one was gone after %.0f s", time.Since(began).Seconds())
			return nil
		}
		select {
		case <-time.After(5 * time.Second):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for _, word := range left {
		n.fault("found: %s", word)
	}
	return nil
}

// remembered are the secrets that lie in the kiosk's memory that it may write.
func (k *terminal) remembered() ([]string, error) {
	pid := k.running.cmd.Process.Pid
	regions, err := writable(pid)
	if err != nil {
		return nil, err
	}
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		return nil, err
	}
	defer mem.Close()
	forms := map[string][][]byte{}
	for _, s := range secrets {
		forms[s] = encodings(s)
	}
	found := map[string]bool{}
	for _, r := range regions {
		content := make([]byte, r.to-r.from)
		// A page that went away meanwhile ends the region early.
		read, err := io.ReadFull(io.NewSectionReader(mem, r.from, r.to-r.from), content)
		if read == 0 && err != nil {
			continue
		}
		for s, fs := range forms {
			for i, f := range fs {
				if bytes.Contains(content[:read], f) {
					found[fmt.Sprintf("%s in encoding %d at %s", s, i, r.name)] = true
				}
			}
		}
	}
	var list []string
	for f := range found {
		list = append(list, f)
	}
	slices.Sort(list)
	return list, nil
}

type region struct {
	from, to int64
	name     string
}

// writable lists the memory that a process may write: what it holds of anybody
// lies there.
func writable(pid int) ([]region, error) {
	maps, err := os.Open(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		return nil, err
	}
	defer maps.Close()
	var list []region
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 5 || !strings.HasPrefix(fields[1], "rw") {
			continue
		}
		r := region{name: "memory without a name"}
		if len(fields) > 5 {
			r.name = fields[5]
		}
		if _, err := fmt.Sscanf(fields[0], "%x-%x", &r.from, &r.to); err != nil {
			return nil, fmt.Errorf("read the map of memory: %w", err)
		}
		list = append(list, r)
	}
	return list, nil
}

// encodings are the forms in which a word may lie in memory.
func encodings(s string) [][]byte {
	var wide, wideBig, runes []byte
	for _, u := range utf16.Encode([]rune(s)) {
		wide = append(wide, byte(u), byte(u>>8))
		wideBig = append(wideBig, byte(u>>8), byte(u))
	}
	for _, r := range s {
		runes = append(runes, byte(r), byte(r>>8), byte(r>>16), 0)
	}
	forms := [][]byte{[]byte(s), wide, wideBig, runes}
	if gb, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(s)); err == nil && string(gb) != s {
		forms = append(forms, gb)
	}
	return forms
}
