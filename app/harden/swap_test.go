package harden

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// TestNothingIsSwappedOut has the kernel swap out a process that holds an answer,
// and looks for it in the swap file. The control must leave it there.
func TestNothingIsSwappedOut(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root may add swap")
	}
	if may, err := mayLock(); err != nil || !may {
		t.Skipf("this user may not let others lock memory: %v", err)
	}
	for _, role := range []string{"unswapped", "control"} {
		area := newSwap(t)
		cmd, _ := running(t, role)
		pageOut(t, cmd.Process.Pid)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		found := bytes.Count(area.take(t), []byte(canary()))
		t.Logf("%s: the answer is found %d times in swap", role, found)
		if swapped := found > 0; swapped != (role == "control") {
			t.Errorf("%s: the answer is found %d times in swap", role, found)
		}
	}
}

// TestOneWhoMayLockLittleLocksNothing: half a promise would end the program later.
func TestOneWhoMayLockLittleLocksNothing(t *testing.T) {
	before := memlock(t)
	cmd, _ := child(t, "limited")
	said, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(said), "may lock only 64 KiB") || !strings.Contains(string(said), "locked 0") {
		t.Errorf("child says %q, %v", said, err)
	}
	if after := memlock(t); after != before {
		t.Errorf("the limit is %v, was %v", after, before)
	}
}

func memlock(t *testing.T) (limit unix.Rlimit) {
	t.Helper()
	if err := unix.Getrlimit(unix.RLIMIT_MEMLOCK, &limit); err != nil {
		t.Fatal(err)
	}
	return limit
}

// limited is a child that may lock little.
func limited() error {
	if err := unix.Setrlimit(unix.RLIMIT_MEMLOCK, &unix.Rlimit{Cur: 64 << 10, Max: 64 << 10}); err != nil {
		return err
	}
	fmt.Println(KeepFromSwap())
	status, err := os.ReadFile("/proc/self/status")
	fmt.Println("locked", number(string(status), "VmLck:"))
	return err
}

// swap is a file that the kernel swaps to.
type swap struct {
	path string
	on   bool
}

func newSwap(t *testing.T) *swap {
	t.Helper()
	s := &swap{path: filepath.Join(t.TempDir(), "swap")}
	if err := os.WriteFile(s.path, make([]byte, 32<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, program := range []string{"/sbin/mkswap", "/sbin/swapon"} {
		if said, err := exec.CommandContext(t.Context(), program, s.path).CombinedOutput(); err != nil {
			t.Skipf("no swap can be added here: %s: %v: %s", program, err, said)
		}
	}
	s.on = true
	t.Cleanup(func() { s.off(t) })
	return s
}

func (s *swap) off(t *testing.T) {
	t.Helper()
	if !s.on {
		return
	}
	if said, err := exec.CommandContext(context.WithoutCancel(t.Context()), "/sbin/swapoff", s.path).CombinedOutput(); err != nil {
		t.Errorf("end swapping: %v: %s", err, said)
	}
	s.on = false
}

// take ends the swapping and reads what it has left on the disk, not what the page
// cache remembers of the file.
func (s *swap) take(t *testing.T) []byte {
	t.Helper()
	s.off(t)
	f, err := os.Open(s.path)
	if err == nil {
		defer f.Close()
		err = errors.Join(f.Sync(), unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED))
	}
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(s.path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// pageOut asks the kernel to swap out all that a process has written
// (process_madvise(2), MADV_PAGEOUT). What is locked it refuses.
func pageOut(t *testing.T, pid int) {
	t.Helper()
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		t.Skipf("no process can be named here: %v", err)
	}
	defer unix.Close(fd)
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(maps)) {
		var from, to uintptr
		var rights string
		if _, err := fmt.Sscanf(line, "%x-%x %s", &from, &to, &rights); err != nil || rights != "rw-p" {
			continue
		}
		area := [2]uintptr{from, to - from} // struct iovec
		_, _, errno := unix.Syscall6(unix.SYS_PROCESS_MADVISE, uintptr(fd), uintptr(unsafe.Pointer(&area)), 1, unix.MADV_PAGEOUT, 0, 0)
		if errno != 0 && errno != unix.EINVAL {
			t.Skipf("this kernel swaps nothing out when it is asked to: %v", errno)
		}
	}
}
