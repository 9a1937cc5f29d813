package harden

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// In a child process this says how it starts: hardened, or as the control.
const envRole = "HARDEN_TEST_ROLE"

// canary is put together when it runs, so that it stands in no program file.
func canary() string { return strings.Join([]string{"CANARY", "310101", "199203159026"}, "-") }

func TestMain(m *testing.M) {
	switch role := os.Getenv(envRole); role {
	case "":
		os.Exit(m.Run())
	case "look":
		if err := look(os.Args[1]); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	case "unlockable":
		if err := unix.Setrlimit(unix.RLIMIT_MEMLOCK, &unix.Rlimit{}); err != nil {
			panic(err)
		}
		hold(false)
	case "limited":
		if err := limited(); err != nil {
			panic(err)
		}
	case "unswapped":
		if err := KeepFromSwap(); err != nil {
			panic(err)
		}
		hold(true)
	default:
		hold(role == "hardened")
	}
}

// hold keeps a secret in the vault and an answer on the heap until it is killed.
func hold(hardened bool) {
	if hardened {
		if err := Process(); err != nil {
			panic(err)
		}
	}
	v, err := NewVault()
	if err != nil {
		panic(err)
	}
	key, err := v.Keep([]byte("key-" + canary()))
	if err != nil {
		panic(err)
	}
	answer := strings.Repeat(canary(), 100)
	fmt.Println("ready", v.Locked())
	_, _ = io.Copy(io.Discard, os.Stdin) // until the parent lets go
	fmt.Println(len(key), len(answer))
}

// look reads another process's memory, as debuggers and thieves do.
func look(pid string) error {
	f, err := os.Open(filepath.Join("/proc", pid, "mem"))
	if err != nil {
		return err
	}
	return f.Close()
}

// child starts the test program in a role, under a user without rights where the
// test has them to give up, in a folder where a core would fall.
func child(t *testing.T, role string, args ...string) (cmd *exec.Cmd, dir string) {
	t.Helper()
	dir = t.TempDir()
	program := filepath.Join(dir, "program")
	self, err := os.ReadFile("/proc/self/exe")
	if err == nil {
		err = os.WriteFile(program, self, 0o755)
	}
	for d := dir; err == nil && strings.HasPrefix(d, os.TempDir()) && d != os.TempDir(); d = filepath.Dir(d) {
		err = os.Chmod(d, 0o777)
	}
	if err != nil {
		t.Fatal(err)
	}
	// A shell lifts the limit on cores, as far as it may be lifted, for the control's sake.
	cmd = exec.CommandContext(t.Context(), "/bin/sh", append([]string{"-c", `ulimit -c unlimited 2>/dev/null; exec "$0" "$@"`, program}, args...)...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), envRole+"="+role, "GOTRACEBACK=crash")
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		if role == "unswapped" { // as AmbientCapabilities= of a systemd unit
			cmd.SysProcAttr.AmbientCaps = []uintptr{unix.CAP_IPC_LOCK}
		}
	}
	return cmd, dir
}

// running starts a child that holds secrets, and returns when it does.
func running(t *testing.T, role string) (cmd *exec.Cmd, dir string) {
	t.Helper()
	cmd, dir = child(t, role)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	said := make([]byte, 100)
	n, err := out.Read(said)
	if err != nil || !strings.HasPrefix(string(said[:n]), "ready <nil>") {
		t.Fatalf("child says %q, %v", said[:n], err)
	}
	return cmd, dir
}

// TestACrashLeavesNoCore ends real processes by the signals that make cores. The
// control must leave one with the secret in it, or the machine proves nothing.
func TestACrashLeavesNoCore(t *testing.T) {
	pattern, err := os.ReadFile("/proc/sys/kernel/core_pattern")
	if err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(string(pattern), "|/") {
		t.Skipf("cores do not fall where a process runs here: core_pattern is %q", pattern)
	}
	for _, signal := range []syscall.Signal{syscall.SIGSEGV, syscall.SIGABRT, syscall.SIGQUIT} {
		for _, role := range []string{"hardened", "control"} {
			cmd, dir := running(t, role)
			if err := cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait()
			found, secret := cores(t, dir)
			t.Logf("%v, %s: %d cores, the answer in it: %v", signal, role, found, secret)
			if role == "hardened" && found != 0 {
				t.Errorf("%v: a core was left", signal)
			}
			if role == "control" && !secret {
				t.Errorf("%v: the control leaves no core with the answer", signal)
			}
		}
	}
}

func cores(t *testing.T, dir string) (found int, secret bool) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "core*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		secret = secret || bytes.Contains(data, []byte(canary()))
		if bytes.Contains(data, []byte("key-"+canary())) {
			t.Error("the vault is in a core")
		}
	}
	return len(files), secret
}

// TestMemoryIsClosed asks the kernel, and tries it as another process of the same
// user.
func TestMemoryIsClosed(t *testing.T) {
	for _, role := range []string{"hardened", "control"} {
		cmd, _ := running(t, role)
		pid := fmt.Sprint(cmd.Process.Pid)
		limits, err := os.ReadFile("/proc/" + pid + "/limits")
		if err != nil {
			t.Fatal(err)
		}
		closed := false
		for line := range strings.Lines(string(limits)) {
			if f := strings.Fields(line); strings.HasPrefix(line, "Max core file size") {
				closed = f[4] == "0" && f[5] == "0"
			}
		}
		thief, _ := child(t, "look", pid)
		said, err := thief.CombinedOutput()
		refused := err != nil && strings.Contains(string(said), "permission denied")
		status, e := os.ReadFile("/proc/" + pid + "/status")
		if e != nil {
			t.Fatal(e)
		}
		t.Logf("%s: cores limited to nothing %v, memory refused %v", role, closed, refused)
		if want := role == "hardened"; closed != want || refused != want {
			t.Errorf("%s: cores limited %v, memory refused %v: %s", role, closed, refused, said)
		}
		if locked := number(string(status), "VmLck:"); locked < os.Getpagesize()/1024 {
			t.Errorf("%s: %d kB are locked", role, locked)
		}
	}
}

func number(status, key string) (n int) {
	for line := range strings.Lines(status) {
		if rest, ok := strings.CutPrefix(line, key); ok {
			_, _ = fmt.Sscan(rest, &n)
		}
	}
	return n
}

func TestAVaultMovesSecrets(t *testing.T) {
	v, err := NewVault()
	if err != nil {
		t.Fatal(err)
	}
	given := []byte("secret")
	kept, err := v.Keep(given)
	if err != nil || string(kept) != "secret" || !bytes.Equal(given, make([]byte, 6)) {
		t.Errorf("kept %q of %q, %v", kept, given, err)
	}
	second, err := v.Keep([]byte("other"))
	if err != nil || string(append(kept, 'x')) != "secretx" || string(second) != "other" {
		t.Errorf("the first grew into the second: %q, %v", second, err)
	}
	if _, err := v.Keep(make([]byte, os.Getpagesize())); !errors.Is(err, ErrFull) {
		t.Errorf("beyond the page: %v", err)
	}
	if err := errors.Join(v.Close(), v.Close()); err != nil {
		t.Error(err)
	}
}

// A system that locks nothing does not stop the program, and is not passed over.
func TestAVaultSaysWhenItIsNotLocked(t *testing.T) {
	cmd, _ := child(t, "unlockable")
	said, err := cmd.CombinedOutput()
	if err != nil || !strings.HasPrefix(string(said), "ready ") || strings.Contains(string(said), "<nil>") {
		t.Errorf("child says %q, %v", said, err)
	}
}
