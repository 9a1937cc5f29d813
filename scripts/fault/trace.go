package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// step is one thing that a traced program did to its disk or said.
type step struct {
	what string // write, append, truncate, sync, create, remove, rename, say
	path string
	to   string // of a renaming
	at   int64  // of a write: offset; of a truncation: size
	data []byte // of a write or an addition, or what was said
	bad  bool   // the call failed
}

// The calls that change files, and those that say something.
const traced = "open,openat,pwrite64,ftruncate,fsync,fdatasync,unlink,unlinkat,rename,renameat,renameat2,write"

// longest is more than any single write of SQLite, in bytes.
const longest = "70000"

// trace runs a filer under strace; the options say which calls are made to fail.
func (t *trial) trace(ctx context.Context, s *said, store string, args []string, options ...string) ([]step, error) {
	file := store + ".trace"
	filer := t.filer(ctx, "file", store, args...)
	all := append([]string{"-f", "-y", "-xx", "-s", longest, "-e", "trace=" + traced, "-o", file}, options...)
	cmd := exec.CommandContext(ctx, "strace", append(all, filer.Args...)...)
	if err := s.listen(cmd, func(*process) error { return nil }); err != nil {
		return nil, err
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("read the trace: %w", err)
	}
	defer f.Close()
	steps, err := readTrace(f, store)
	return steps, errors.Join(err, os.Remove(file))
}

// readTrace reads what strace -f -y -xx wrote and keeps what concerns files in
// the folder, and what was said on standard output.
func readTrace(r io.Reader, folder string) ([]step, error) {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return nil, err
	}
	var steps []step
	begun := map[string]string{} // calls of other threads that have not returned
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line, whole := join(lines.Text(), begun)
		if !whole {
			continue
		}
		s, ok, err := readCall(line, folder)
		if err != nil {
			return nil, fmt.Errorf("read the trace: %w: %.200s", err, line)
		}
		if ok {
			steps = append(steps, s)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read the trace: %w", err)
	}
	return steps, nil
}

var resumed = regexp.MustCompile(`^<\.\.\. \w+ resumed>`)

// join puts the two halves of a call together that another thread's calls have
// parted.
func join(line string, begun map[string]string) (call string, whole bool) {
	pid, call, ok := strings.Cut(line, " ")
	if !ok {
		return "", false
	}
	call = strings.TrimLeft(call, " ")
	if first, cut := strings.CutSuffix(call, " <unfinished ...>"); cut {
		begun[pid] = first
		return "", false
	}
	if head := resumed.FindString(call); head != "" {
		return begun[pid] + call[len(head):], begun[pid] != ""
	}
	return call, true
}

var (
	callShape = regexp.MustCompile(`^(\w+)\((.*)\)\s+= (-?\d+)`)
	fdShape   = regexp.MustCompile(`^(\d+|AT_FDCWD)<([^>]*)>`)
	textShape = regexp.MustCompile(`"((?:\\x[0-9a-f]{2})*)"`)
)

func readCall(line, folder string) (s step, ok bool, err error) {
	m := callShape.FindStringSubmatch(line)
	if m == nil {
		return s, false, nil // signals, exits
	}
	name, args := m[1], m[2]
	result, err := strconv.ParseInt(m[3], 10, 64)
	if err != nil {
		return s, false, err
	}
	fd, on := "", ""
	if m := fdShape.FindStringSubmatch(args); m != nil {
		fd, on = m[1], plain(m[2])
	}
	text := ""
	if m := textShape.FindStringSubmatch(args); m != nil {
		text = plain(m[1])
	}
	s.bad = result < 0
	switch name {
	case "write":
		if fd == "1" {
			return step{what: "say", data: []byte(text)}, !s.bad, nil
		}
		return step{what: "append", path: on, data: []byte(text), bad: s.bad}, filepath.Dir(on) == folder, nil
	case "rename", "renameat", "renameat2":
		names := textShape.FindAllStringSubmatch(args, 2)
		if len(names) < 2 {
			return s, false, errors.New("too few names")
		}
		return step{what: "rename", path: plain(names[0][1]), to: plain(names[1][1])}, filepath.Dir(plain(names[1][1])) == folder && !s.bad, nil
	case "open", "openat", "unlink", "unlinkat":
		s.what, s.path = "remove", text
		if !filepath.IsAbs(text) {
			s.path = filepath.Join(on, text)
		}
		opened := strings.HasPrefix(name, "open")
		if opened {
			s.what = "create"
		}
		return s, filepath.Dir(s.path) == folder && !s.bad && (!opened || strings.Contains(args, "O_CREAT")), nil
	}
	s.path = on
	if filepath.Dir(on) != folder && on != folder {
		return s, false, nil
	}
	return s, true, s.fill(name, args, text, result)
}

// fill takes the numbers at the end of a call's arguments.
func (s *step) fill(name, args, text string, result int64) error {
	if name == "fsync" || name == "fdatasync" {
		s.what = "sync"
		return nil
	}
	comma := strings.LastIndex(args, ", ")
	if comma < 0 {
		return errors.New("too few arguments")
	}
	at, err := strconv.ParseInt(args[comma+2:], 10, 64)
	if err != nil || at < 0 || at > 1<<30 {
		return errors.Join(errors.New("no place in a file of a terminal"), err)
	}
	s.what, s.at = "truncate", at
	if name == "pwrite64" {
		s.what, s.data = "write", []byte(text)
		if int64(len(text)) < result {
			return fmt.Errorf("%d of %d bytes are shown", len(text), result)
		}
		s.data = s.data[:max(0, result)]
	}
	return nil
}

// plain undoes strace -xx, which writes every byte as \x and two digits.
func plain(s string) string {
	if !strings.HasPrefix(s, `\x`) {
		return s
	}
	var b strings.Builder
	for i := 0; i+4 <= len(s); i += 4 {
		n, err := strconv.ParseUint(s[i+2:i+4], 16, 8)
		if err != nil {
			return s
		}
		b.WriteByte(byte(n))
	}
	return b.String()
}
