package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"leye/scripts/internal/x11"
)

// program is a running kiosk or bare window.
type program struct {
	cmd *exec.Cmd
}

func launch(name string, args ...string) (*program, error) {
	cmd := exec.Command(name, args...)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return &program{cmd: cmd}, nil
}

// stop ends it and waits until the X server has forgotten its window.
func (p *program) stop(display *x11.Display) error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop %s: %w", p.cmd.Path, err)
	}
	// One that does not end says where it hangs, in the log.
	late := time.AfterFunc(10*time.Second, func() { p.cmd.Process.Signal(syscall.SIGQUIT) }) //nolint:errcheck // it may have ended
	var exit *exec.ExitError
	if err := p.cmd.Wait(); err != nil && !errors.As(err, &exit) {
		return err
	}
	if !late.Stop() {
		return fmt.Errorf("%s did not end at SIGTERM", p.cmd.Path)
	}
	black := make([]byte, 4*8*8)
	deadline := time.Now().Add(10 * time.Second)
	for time.Now().Before(deadline) {
		data, err := display.Raw(centre(display))
		if err != nil {
			return err
		}
		if sameColours(data, black) {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return errors.New("the window stays after its program has ended")
}

func centre(display *x11.Display) image.Rectangle {
	b := display.Bounds()
	return image.Rect(b.Dx()/2, b.Dy()/2, b.Dx()/2+8, b.Dy()/2+8)
}

// sameColours leaves out the fourth byte, which no program sets.
func sameColours(a, b []byte) bool {
	for i := 0; i+3 < len(a) && i+3 < len(b); i += 4 {
		if !bytes.Equal(a[i:i+3], b[i:i+3]) {
			return false
		}
	}
	return len(a) == len(b)
}

// change waits until a part of the screen looks otherwise than before.
func change(ctx context.Context, display *x11.Display, part image.Rectangle, before []byte) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for ctx.Err() == nil {
		now, err := display.Raw(part)
		if err != nil {
			return err
		}
		if !sameColours(now, before) {
			return nil
		}
	}
	return fmt.Errorf("wait for %v to change: %w", part, ctx.Err())
}

// rest is the share of a processor, in per cent, that the program takes while nobody
// touches it.
func (p *program) rest(ctx context.Context) (float64, error) {
	const settled, watched = 5 * time.Second, 30 * time.Second
	var busy [2]time.Duration
	for i, wait := range []time.Duration{settled, watched} {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return 0, ctx.Err()
		}
		var err error
		if busy[i], err = p.busy(); err != nil {
			return 0, err
		}
	}
	return 100 * (busy[1] - busy[0]).Seconds() / watched.Seconds(), nil
}

// resident is the memory that the program has in the machine, in MiB.
func (p *program) resident() (float64, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("read memory: %w", err)
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.Atoi(strings.Fields(rest)[0])
			return float64(kib) / 1024, err
		}
	}
	return 0, errors.New("read memory: no VmRSS")
}

// ticks is in how many parts the kernel counts a second of a processor.
const ticks = 100

// busy is the processor time that the program has had.
func (p *program) busy() (time.Duration, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("read processor time: %w", err)
	}
	// Behind the program's name, which may hold anything, the 12th and 13th field.
	fields := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
	if len(fields) < 13 {
		return 0, errors.New("read processor time: too few fields")
	}
	user, err := strconv.Atoi(fields[11])
	system, failed := strconv.Atoi(fields[12])
	return time.Duration(user+system) * time.Second / ticks, errors.Join(err, failed)
}
