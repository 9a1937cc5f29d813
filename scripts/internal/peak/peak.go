// Package peak is the most memory that a program had.
package peak

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// every is how often a program is looked at; it goes on counting in between.
const every = 5 * time.Millisecond

// Of returns the most memory that a process had until done is closed, in MiB
// (proc_pid_status(5), VmHWM). What the kernel tells of a child that has ended
// (getrusage(2), ru_maxrss) counts what its parent had when it forked, too.
func Of(pid int, done <-chan struct{}) (most float64) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		most = max(most, now(pid))
		select {
		case <-tick.C:
		case <-done:
			return most
		}
	}
}

// now is 0 of a process that has ended.
func now(pid int) float64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		var kib float64
		if n, _ := fmt.Sscanf(line, "VmHWM: %f kB", &kib); n == 1 {
			return kib / 1024
		}
	}
	return 0
}
