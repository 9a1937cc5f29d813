//go:build rime

package ime

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// envOpen has the test binary open librime in a folder, say so, and wait to be killed.
const envOpen = "LEYE_IME_OPEN"

// openElsewhere opens librime in another process.
func openElsewhere(t *testing.T, dir string) (kill func()) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestWhatAKilledProcessLeftGoes$")
	child.Env = append(os.Environ(), envOpen+"="+dir)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "open\n" {
		t.Fatalf("the other process says %q, %v", line, err)
	}
	return func() {
		if err := child.Process.Kill(); err != nil {
			t.Error(err)
		}
		if err := child.Wait(); err == nil {
			t.Error("the other process ended by itself")
		}
	}
}

func names(t *testing.T, dir string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func TestWhatAKilledProcessLeftGoes(t *testing.T) {
	if dir := os.Getenv(envOpen); dir != "" {
		openRime(t, dir)
		if _, err := os.Stdout.WriteString("open\n"); err != nil {
			t.Fatal(err)
		}
		select {} // until it is killed
	}
	dir := t.TempDir()
	kill := openElsewhere(t, dir)
	theirs := names(t, dir)
	if len(theirs) != 1 {
		t.Fatalf("the other process made %q", theirs)
	}
	if err := openRime(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir); !slices.Equal(got, theirs) {
		t.Errorf("while the other lives there is %q, want %q", got, theirs)
	}
	kill()
	if got := names(t, dir); !slices.Equal(got, theirs) {
		t.Fatalf("the killed one left %q, want %q", got, theirs)
	}
	e := openRime(t, dir)
	if got := names(t, dir); len(got) != 1 || got[0] == theirs[0] {
		t.Errorf("the next one found %q and has %q", theirs, got)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir); len(got) != 0 {
		t.Errorf("it leaves %q", got)
	}
}

// Whoever may write into the folder for temporary files must not have others' files
// removed by a name.
func TestASweepTakesNothingElse(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	kept := filepath.Join(elsewhere, "kept")
	for _, err := range []error{
		os.WriteFile(kept, nil, 0o600),
		os.WriteFile(filepath.Join(dir, folderName+"file"), nil, 0o600),
		os.Symlink(elsewhere, filepath.Join(dir, folderName+"link")),
		os.MkdirAll(filepath.Join(dir, folderName+"left", "deep"), 0o700),
		os.Symlink(elsewhere, filepath.Join(dir, folderName+"left", "deep", "link")),
		os.Mkdir(filepath.Join(dir, "another"), 0o700),
		sweep(dir),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if got, want := names(t, dir), []string{"another", folderName + "file", folderName + "link"}; !slices.Equal(got, want) {
		t.Errorf("it left %q, want %q", got, want)
	}
	if _, err := os.Stat(kept); err != nil {
		t.Error(err)
	}
}

func TestASweepLeavesOthersFolders(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can give a folder away")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, folderName+"theirs")
	for _, err := range []error{os.Mkdir(path, 0o700), os.Chown(path, 1, 1), sweep(dir)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if got := names(t, dir); len(got) != 1 {
		t.Errorf("left: %q", got)
	}
}
