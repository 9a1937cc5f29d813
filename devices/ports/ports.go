// Package ports lists the serial ports of this machine under the names that stay
// when a plug is moved or the machine starts anew. It reads what the kernel says
// and opens no port, so it disturbs no device.
package ports

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Port is one serial port. What is not known is empty.
type Port struct {
	Path            string // device file, such as /dev/ttyUSB0: another one after the next start
	ByPath          string // name by the socket into which it is plugged
	ByID            string // name by the serial number of its adapter
	Vendor, Product string // of a USB adapter, four hex digits each
	Serial          string
	Name            string // maker and product as the adapter says
}

// Stable is the name to write into a configuration: by the socket, since many
// adapters of one make share a serial number or have none.
func (p Port) Stable() string { return cmp.Or(p.ByPath, p.ByID, p.Path) }

// IDs are vendor and product as lsusb writes them, or empty.
func (p Port) IDs() string {
	if p.Vendor == "" {
		return ""
	}
	return p.Vendor + ":" + p.Product
}

// Matches reports whether a pattern names the port: one of its paths or the last
// part of one, with * and ? as in file names; its USB ids; or its serial number.
func (p Port) Matches(pattern string) bool {
	if pattern == "" {
		return false
	}
	if strings.EqualFold(pattern, p.IDs()) || pattern == p.Serial {
		return true
	}
	for _, name := range []string{p.Path, p.ByPath, p.ByID} {
		if name == "" {
			continue
		}
		for _, n := range []string{name, filepath.Base(name)} {
			if ok, err := filepath.Match(pattern, n); ok && err == nil {
				return true
			}
		}
	}
	return false
}

// List returns the ports below root, "/" for this machine, by their device files.
// Names of ports that have no hardware behind them are left out.
func List(root string) ([]Port, error) {
	class := filepath.Join(root, "sys/class/tty")
	entries, err := os.ReadDir(class)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list serial ports: %w", err)
	}
	byPath, byID := links(root, "by-path"), links(root, "by-id")
	var all []Port
	for _, e := range entries {
		device, err := filepath.EvalSymlinks(filepath.Join(class, e.Name(), "device"))
		if err != nil || value(filepath.Join(class, e.Name()), "type") == "0" {
			continue // a terminal of the kernel, or a socket of which the mainboard has none
		}
		p := Port{Path: "/dev/" + e.Name(), ByPath: byPath[e.Name()], ByID: byID[e.Name()]}
		p.askUSB(root, device)
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b Port) int { return cmp.Compare(a.Path, b.Path) })
	return all, nil
}

// askUSB looks for the adapter above a device in the kernel's tree.
func (p *Port) askUSB(root, device string) {
	for dir := device; len(dir) > len(root) && dir != "/"; dir = filepath.Dir(dir) {
		if p.Vendor = value(dir, "idVendor"); p.Vendor != "" {
			p.Product, p.Serial = value(dir, "idProduct"), value(dir, "serial")
			p.Name = strings.TrimSpace(value(dir, "manufacturer") + " " + value(dir, "product"))
			return
		}
	}
}

// value is one word that the kernel says, or empty.
func value(dir, name string) string {
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// links are the names that udev gives, by the device's own.
func links(root, kind string) map[string]string {
	dir := filepath.Join("dev/serial", kind)
	entries, err := os.ReadDir(filepath.Join(root, dir))
	if err != nil {
		return nil // no adapter is plugged in
	}
	names := map[string]string{}
	for _, e := range entries {
		if to, err := os.Readlink(filepath.Join(root, dir, e.Name())); err == nil {
			names[filepath.Base(to)] = "/" + filepath.Join(dir, e.Name())
		}
	}
	return names
}
