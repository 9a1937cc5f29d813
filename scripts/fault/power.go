package main

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// powerJudge cuts the power: from all that a program did to its disk it builds
// what a cut may leave, and starts a terminal on it. What was written and not
// synced may be there, missing or torn; a name may be there or not.
func powerJudge() judge {
	return judge{
		name: "power", what: "states of the disk that a power cut may leave, from a trace of system calls",
		bad: "with something lost", of: "states", try: tryPower,
		worse: mutant{
			why:      "synchronous = NORMAL",
			edits:    []edit{{storeFile, "synchronous(FULL)", "synchronous(NORMAL)"}},
			programs: []program{{pkg: "./app/terminal/cmd/filer"}},
		},
	}
}

const storeFile = "app/terminal/internal/store/store.go"

func tryPower(ctx context.Context, t *trial) (n tally, err error) {
	s := newSaid()
	// Enough for SQLite to move its log into the file once on the way.
	steps, err := t.trace(ctx, s, t.path("store"), []string{"--count", "160", "--size", "2000"})
	if err != nil {
		return n, err
	}
	for n.of < t.rounds(100, 1000) {
		if err := t.cuts(ctx, &n, "", steps, 0, 25); err != nil {
			return n, err
		}
	}
	n.note("%d applications filed in %d steps", len(s.kept), len(steps))
	return n, nil
}

// cuts builds so many states after at least the first steps, and looks at them.
// What was done to the program before goes before what is said of a loss.
func (t *trial) cuts(ctx context.Context, n *tally, before string, steps []step, first, states int) error {
	var folders []string
	var claims []map[string]claim
	for i := range states {
		k := first + t.rng.IntN(len(steps)-first+1)
		folder := t.path(fmt.Sprintf("state-%d", i))
		claimed, err := cut(steps[:k], folder, t.rng)
		if err != nil {
			return err
		}
		folders, claims = append(folders, folder), append(claims, claimed)
	}
	found, err := t.look(ctx, folders...)
	if err != nil {
		return err
	}
	for i := range states {
		var one tally
		compareStore(&one, claims[i], found[i])
		n.of++
		if one.bad > 0 {
			n.fault("%s%d claimed; %s", before, len(claims[i]), strings.TrimSpace(one.notes[0]))
		}
		if err := os.RemoveAll(folders[i]); err != nil {
			return err
		}
	}
	return nil
}

// disk is what is surely there, and what may be.
type disk struct {
	rng   *rand.Rand
	files map[string]*file // by path, as the program sees them
	names map[string]*file // as they surely are on the disk
	moves []move           // names made and removed since the folder was synced
}

// move is a change of a folder, done wholly or not at all: a file loses a name,
// gets one, or both.
type move struct {
	from, to string
	file     *file
}

type file struct {
	sure []byte
	may  []step // since the last sync
}

// cut plays the steps and leaves in the folder what a cut after the last of them
// may leave. It returns what had been claimed by then.
func cut(steps []step, folder string, rng *rand.Rand) (map[string]claim, error) {
	d := &disk{rng: rng, files: map[string]*file{}, names: map[string]*file{}}
	s := newSaid()
	for _, step := range steps {
		if step.what != "say" {
			d.do(step)
			continue
		}
		for line := range strings.Lines(string(step.data)) {
			if err := s.take(strings.TrimSuffix(line, "\n")); err != nil {
				return nil, err
			}
		}
	}
	return s.kept, d.leave(folder)
}

func (d *disk) do(s step) {
	switch s.what {
	case "create":
		if d.files[s.path] == nil {
			d.files[s.path] = &file{}
			d.moves = append(d.moves, move{to: s.path, file: d.files[s.path]})
		}
	case "remove":
		delete(d.files, s.path)
		d.moves = append(d.moves, move{from: s.path})
	case "rename":
		f := d.files[s.path]
		delete(d.files, s.path)
		d.files[s.to] = f
		d.moves = append(d.moves, move{s.path, s.to, f})
	case "sync":
		d.sync(s)
	default:
		if f := d.files[s.path]; f != nil && !s.bad {
			f.may = append(f.may, s)
		}
	}
}

// sync makes sure what may have been. A failed one leaves each write on the disk
// or not, and no later one brings it back: the kernel holds it for written.
func (d *disk) sync(s step) {
	f := d.files[s.path]
	switch {
	case f == nil && !s.bad: // the folder
		for _, m := range d.moves {
			d.move(m)
		}
		d.moves = nil
	case f != nil:
		for _, w := range f.may {
			if !s.bad || d.rng.IntN(2) == 0 {
				f.apply(w)
			}
		}
		f.may = nil
	}
}

func (d *disk) move(m move) {
	delete(d.names, m.from)
	if m.to != "" {
		d.names[m.to] = m.file
	}
}

// leave writes the files as the cut may have left them. The shared memory beside
// the log is no file that survives.
func (d *disk) leave(folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	for mood, i := d.rng.IntN(3), 0; i < len(d.moves); i++ {
		if mood == 1 || mood == 2 && d.rng.IntN(2) == 0 {
			d.move(d.moves[i])
		}
	}
	for _, path := range slices.Sorted(maps.Keys(d.names)) {
		if strings.HasSuffix(path, "-shm") {
			continue
		}
		f := d.names[path]
		f.cut(d.rng)
		if err := os.WriteFile(filepath.Join(folder, filepath.Base(path)), f.sure, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// sector is what a disk writes whole, in bytes.
const sector = 512

// cut keeps some of what may be there: mostly none or all, else any, some torn.
func (f *file) cut(rng *rand.Rand) {
	mood := rng.IntN(4)
	for _, w := range f.may {
		switch {
		case mood == 0 || mood > 1 && rng.IntN(2) == 0:
		case mood == 3 && w.what == "write" && len(w.data) > sector:
			for at := 0; at < len(w.data); at += sector {
				if rng.IntN(2) == 0 {
					f.apply(step{what: "write", at: w.at + int64(at), data: w.data[at:min(at+sector, len(w.data))]})
				}
			}
		default:
			f.apply(w)
		}
	}
	f.may = nil
}

func (f *file) apply(s step) {
	if s.what == "append" {
		f.sure = append(f.sure, s.data...)
		return
	}
	size := s.at
	if s.what == "write" {
		size = max(s.at+int64(len(s.data)), int64(len(f.sure)))
	}
	if grow := size - int64(len(f.sure)); grow > 0 {
		f.sure = append(f.sure, make([]byte, grow)...)
	}
	f.sure = f.sure[:size]
	copy(f.sure[min(s.at, size):], s.data)
}
