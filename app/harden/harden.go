// Package harden keeps what is in a program's memory there: no core file, no look
// by another process, no swap, and a place for keys of which no copy stays behind.
//
// Where the user may not lock all memory, what Go's own heap holds, such as answers
// on a screen or the tables that a cipher makes of its key, may be swapped; swap must
// be off or encrypted then, and kioskctl doctor says whether it is. Nothing here
// stops root, who can read any process.
package harden

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// Process closes the memory of this process, first thing after its start: the
// kernel writes no core of it and lets no process of the same user trace it or read
// its memory (prctl(2), PR_SET_DUMPABLE; ptrace(2), access mode checks). Programs
// that it starts are not covered.
func Process() error {
	err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
	// The limit alone does not stop a kernel that pipes cores into a program.
	if err = errors.Join(err, unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)); err != nil {
		return fmt.Errorf("close the process's memory: %w", err)
	}
	return nil
}
