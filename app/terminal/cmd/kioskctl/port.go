package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io/fs"

	"golang.org/x/sys/unix"

	"leye/app/terminal/internal/config"
)

// errTaken says that another program, most likely the kiosk, has the port for
// itself.
var errTaken = errors.New("another program has the port open")

// vacant looks whether a port is there and free. The serial library asks for it
// too, but the kernel lets root open a taken port all the same; then the bytes of
// a resident's visit would end up here.
func vacant(path string) error {
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.EBUSY) {
		err = errTaken
	}
	if err != nil {
		return fmt.Errorf("open port %s: %w", path, err)
	}
	exclusive, err := unix.IoctlGetInt(fd, unix.TIOCGEXCL)
	err = errors.Join(err, unix.Close(fd))
	switch {
	case errors.Is(err, unix.ENOTTY):
		return fmt.Errorf("open port %s: it is not a serial port", path)
	case err != nil:
		return fmt.Errorf("ask port %s: %w", path, err)
	case exclusive != 0:
		return fmt.Errorf("open port %s: %w", path, errTaken)
	}
	return nil
}

// portHint says what helps when a port cannot be used.
func portHint(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "plug the device in and look for it: kioskctl devices"
	case errors.Is(err, errTaken):
		return "end the kiosk program first, or look again when it is not running"
	case errors.Is(err, fs.ErrPermission):
		return "run this as the kiosk's user, or as a member of the port's group"
	}
	return "check the device's power and cable, and that port, driver and baud are right"
}

// deviceFailure is an error about a port or what is behind it.
func deviceFailure(err error) error { return &failure{exitDevice, err, portHint(err)} }

// device are the flags that choose a device. With --port the configuration is
// not read: a technician tries a device before there is one.
type device struct {
	configs      files
	port, driver string
	baud         int
}

func (d *device) bind(f *flag.FlagSet) {
	d.configs.bind(f)
	f.StringVar(&d.port, "port", "", "serial `PORT` of the device; the configuration is not read then")
	f.StringVar(&d.driver, "driver", "", "serial library by `NAME`: bugst or tarm")
	f.IntVar(&d.baud, "baud", 0, "`BITS` a second; a card reader at --port is asked for its own")
}

// settings returns the configuration to use: the built-in one with --port.
func (d *device) settings() (config.Config, error) {
	if d.driver != "" && d.driver != "bugst" && d.driver != "tarm" {
		return config.Config{}, wrongUsage("read arguments: --driver %q is not bugst or tarm", d.driver)
	}
	if d.baud < 0 {
		return config.Config{}, wrongUsage("read arguments: --baud %d is no rate", d.baud)
	}
	if d.port == "" {
		return d.configs.load()
	}
	cfg := config.Default()
	cfg.Reader.Baud = 0 // the driver finds the rate
	return cfg, nil
}

// over lays the flags over a device of the configuration.
func (d *device) over(s config.Serial) config.Serial {
	return config.Serial{Port: cmp.Or(d.port, s.Port), Driver: cmp.Or(d.driver, s.Driver), Baud: cmp.Or(d.baud, s.Baud)}
}
