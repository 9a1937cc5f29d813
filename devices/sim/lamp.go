package sim

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"leye/devices/lamp"
)

// Lamp is a folder with the files of the kernel's LED class. What is written there
// stays; nothing is lit.
type Lamp struct{ dir string }

// NewLamp makes the folder of a dark lamp, in the place of one that is left there.
func NewLamp(dir string) (*Lamp, error) {
	err := os.MkdirAll(dir, 0o755)
	for name, text := range map[string]string{"brightness": "0", "max_brightness": "255", "trigger": "none", "delay_on": "0", "delay_off": "0"} {
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, name), []byte(text+"\n"), 0o644))
	}
	if err != nil {
		return nil, fmt.Errorf("make lamp: %w", err)
	}
	return &Lamp{dir}, nil
}

// Path is the folder for the driver.
func (l *Lamp) Path() string { return l.dir }

// Shows is what would be seen of it.
func (l *Lamp) Shows() lamp.State {
	switch {
	case l.text("trigger") == "timer" && l.number("delay_on") > 0 && l.number("delay_off") > 0:
		return lamp.Blinking
	case l.text("trigger") == "none" && l.number("brightness") > 0:
		return lamp.On
	}
	return lamp.Off
}

func (l *Lamp) text(name string) string {
	data, err := os.ReadFile(filepath.Join(l.dir, name))
	if err != nil {
		return "" // somebody took it away: dark
	}
	return strings.TrimSpace(string(data))
}

func (l *Lamp) number(name string) int {
	n, err := strconv.Atoi(l.text(name))
	if err != nil {
		return 0
	}
	return n
}

// Remove takes the folder away.
func (l *Lamp) Remove() error { return os.RemoveAll(l.dir) }
