package harden

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// KeepFromSwap locks all that this process has in memory and will have, each page
// when it is first used (mlockall(2), MCL_ONFAULT), so that none of it is ever
// written to swap. The user must be allowed to lock without limit (LimitMEMLOCK=infinity
// of a systemd unit, or CAP_IPC_LOCK): with less, the memory that is asked for next
// could be refused, so that nothing is locked and the error says why.
func KeepFromSwap() error {
	err := liftLimit()
	if err == nil {
		err = unix.Mlockall(unix.MCL_CURRENT | unix.MCL_FUTURE | unix.MCL_ONFAULT)
	}
	if err != nil {
		return fmt.Errorf("keep memory from swap: %w", err)
	}
	return nil
}

// liftLimit raises the limit as far as a user may; whoever has the right to lock is
// not held to it.
func liftLimit() error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_MEMLOCK, &limit); err != nil {
		return err
	}
	if limit.Max == unix.RLIM_INFINITY {
		limit.Cur = limit.Max
		return unix.Setrlimit(unix.RLIMIT_MEMLOCK, &limit)
	}
	may, err := mayLock()
	if err == nil && !may {
		err = fmt.Errorf("this user may lock only %d KiB", limit.Max/1024)
	}
	return err
}

// mayLock asks for CAP_IPC_LOCK (capabilities(7)).
func mayLock() (bool, error) {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return false, errors.Join(errors.New("ask for capabilities"), err)
	}
	return data[0].Effective&(1<<unix.CAP_IPC_LOCK) != 0, nil
}
