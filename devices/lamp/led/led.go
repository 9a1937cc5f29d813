// Package led lights a lamp of the kernel's LED class: a folder such as
// /sys/class/leds/leye-card, whatever drives the light behind it.
//
// It makes no lamp: a device tree, a module or a udev rule gives it its name. Files and
// values follow Documentation/ABI/testing/sysfs-class-led and sysfs-class-led-trigger-*.
package led

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"leye/devices/lamp"
)

// half is how long a blinking lamp is lit, and dark, in milliseconds.
const half = "500"

// LED is one lamp. It implements lamp.Lamp.
type LED struct {
	dir string

	mu     sync.Mutex
	closed bool
}

var _ lamp.Lamp = (*LED)(nil)

// Open names the lamp's folder. What is not there yet is looked for again by each Show.
func Open(dir string) (*LED, error) {
	if dir == "" {
		return nil, errors.New("open lamp: no folder named")
	}
	return &LED{dir: dir}, nil
}

func (l *LED) String() string { return "lamp " + l.dir }

// Show writes the state. A kernel without the trigger "timer" leaves a lamp lit that
// should blink.
func (l *LED) Show(s lamp.State) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return fmt.Errorf("light %s: %w", l.dir, os.ErrClosed)
	}
	return l.show(s)
}

func (l *LED) show(s lamp.State) error {
	if s == lamp.Blinking && l.blink() == nil {
		return nil
	}
	brightness := "0"
	if s != lamp.Off {
		var err error
		if brightness, err = l.most(); err != nil {
			return err
		}
	}
	// A trigger that runs would take the brightness for its own.
	return errors.Join(l.write("trigger", "none"), l.write("brightness", brightness))
}

// blink has the kernel do it: the files of its times are there once it has begun.
func (l *LED) blink() error {
	if err := l.write("trigger", "timer"); err != nil {
		return err
	}
	return errors.Join(l.write("delay_on", half), l.write("delay_off", half))
}

// most is the largest brightness, a decimal number.
func (l *LED) most() (string, error) {
	data, err := os.ReadFile(filepath.Join(l.dir, "max_brightness"))
	if err != nil {
		return "", fmt.Errorf("light lamp: %w", err)
	}
	text := strings.TrimSpace(string(data))
	if n, err := strconv.Atoi(text); err != nil || n < 1 {
		return "", fmt.Errorf("light lamp: %s: brightest is %.20q", l.dir, text)
	}
	return text, nil
}

// write never makes a file: a folder without them is no lamp.
func (l *LED) write(name, value string) error {
	f, err := os.OpenFile(filepath.Join(l.dir, name), os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return fmt.Errorf("light lamp: %w", err)
	}
	_, err = f.WriteString(value)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("light lamp: %w", err)
	}
	return nil
}

// Ready reports whether there is a lamp that this program may light. It changes nothing.
func (l *LED) Ready() error {
	if _, err := l.most(); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(l.dir, "brightness"), os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("light lamp: %w", err)
	}
	return f.Close()
}

// Close puts the lamp out.
func (l *LED) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil
	}
	l.closed = true
	err := l.show(lamp.Off)
	if errors.Is(err, os.ErrNotExist) {
		return nil // it is gone, and dark
	}
	return err
}
