package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// mutant is a control: the product with some lines changed for the worse. The
// changed files are laid over the tree for one build and never written into it.
type mutant struct {
	why      string // what is worse, in a few words
	edits    []edit
	programs []program // built anew
}

// edit changes the one place where old stands.
type edit struct{ file, old, new string }

// program is one to build: its package and, after the product's own, one more tag.
// A static one runs where there is no C library.
type program struct {
	pkg, tag string
	static   bool
}

// build makes the control's programs; a control without edits needs none.
func (m mutant) build(ctx context.Context, t *trial) error {
	if len(m.edits) == 0 {
		return nil
	}
	overlay, err := m.overlay(t)
	if err != nil {
		return fmt.Errorf("change the product for the worse: %w", err)
	}
	if err := os.MkdirAll(t.programs, 0o755); err != nil {
		return err
	}
	for _, p := range m.programs {
		tags := strings.Trim(t.tags+","+p.tag, ",")
		cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-tags", tags, "-ldflags", t.link, "-overlay", overlay, "-o", t.programs+"/", p.pkg)
		if p.static {
			cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0")
		}
		if words, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", p.pkg, err, words)
		}
	}
	return nil
}

// overlay writes the changed files and the list of them that go build takes.
func (m mutant) overlay(t *trial) (string, error) {
	replace := map[string]string{}
	changed := map[string]string{} // path to content
	for _, e := range m.edits {
		path, err := filepath.Abs(e.file)
		if err != nil {
			return "", err
		}
		text, ok := changed[path]
		if !ok {
			content, err := os.ReadFile(path)
			if err != nil {
				return "", err
			}
			text = string(content)
		}
		if n := strings.Count(text, e.old); n != 1 {
			return "", fmt.Errorf("%s: %q stands there %d times, the control has to follow it", e.file, e.old, n)
		}
		changed[path] = strings.Replace(text, e.old, e.new, 1)
		replace[path] = t.path(strings.ReplaceAll(e.file, "/", "_"))
	}
	for path, text := range changed {
		if err := os.WriteFile(replace[path], []byte(text), 0o644); err != nil {
			return "", err
		}
	}
	data, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	return t.path("overlay.json"), os.WriteFile(t.path("overlay.json"), data, 0o644)
}
