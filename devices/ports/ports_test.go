package ports_test

import (
	"os"
	"path/filepath"
	"testing"

	"leye/devices/ports"
)

// machine is a kernel's tree with a reader on an adapter, a printer of its own and
// a port of the mainboard.
func machine(t testing.TB) string {
	t.Helper()
	root := t.TempDir()
	put := func(path, text string) {
		t.Helper()
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	link := func(to, path string) {
		t.Helper()
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(to, path); err != nil {
			t.Fatal(err)
		}
	}
	adapter := "sys/devices/pci0/usb1/1-2/"
	for name, text := range map[string]string{"idVendor": "1a86\n", "idProduct": "7523\n", "serial": "A50285BI\n", "manufacturer": "QinHeng\n", "product": "USB Serial\n"} {
		put(adapter+name, text)
	}
	put(adapter+"1-2:1.0/ttyUSB0/tty/ttyUSB0/dev", "188:0\n")
	link("../../../devices/pci0/usb1/1-2/1-2:1.0/ttyUSB0", "sys/class/tty/ttyUSB0/device")
	put("sys/devices/platform/serial8250/x", "")
	link("../../../devices/platform/serial8250", "sys/class/tty/ttyS0/device")
	put("sys/class/tty/ttyS0/type", "4\n")
	link("../../../devices/platform/serial8250", "sys/class/tty/ttyS1/device")
	put("sys/class/tty/ttyS1/type", "0\n") // nothing is soldered there
	put("sys/class/tty/tty0/dev", "4:0\n")
	link("../../ttyUSB0", "dev/serial/by-path/pci-0000:00:14.0-usb-0:2:1.0-port0")
	link("../../ttyUSB0", "dev/serial/by-id/usb-QinHeng_USB_Serial_A50285BI-if00-port0")
	return root
}

func TestPortsAreListedByTheNamesThatStay(t *testing.T) {
	all, err := ports.List(machine(t))
	if err != nil || len(all) != 2 {
		t.Fatalf("%+v, %v", all, err)
	}
	want := ports.Port{
		Path: "/dev/ttyUSB0", ByPath: "/dev/serial/by-path/pci-0000:00:14.0-usb-0:2:1.0-port0",
		ByID: "/dev/serial/by-id/usb-QinHeng_USB_Serial_A50285BI-if00-port0", Vendor: "1a86", Product: "7523", Serial: "A50285BI", Name: "QinHeng USB Serial",
	}
	if all[1] != want || all[1].Stable() != want.ByPath {
		t.Errorf("%+v", all[1])
	}
	if board := (ports.Port{Path: "/dev/ttyS0"}); all[0] != board || all[0].Stable() != "/dev/ttyS0" || all[0].IDs() != "" {
		t.Errorf("%+v", all[0])
	}
}

func TestAPatternNamesAPort(t *testing.T) {
	all, err := ports.List(machine(t))
	if err != nil {
		t.Fatal(err)
	}
	for pattern, want := range map[string]bool{
		"/dev/ttyUSB0": true, "ttyUSB*": true, "1a86:7523": true, "1A86:7523": true, "A50285BI": true,
		"/dev/serial/by-path/*usb-0:2:*": true, "usb-QinHeng_*": true,
		"": false, "ttyS0": false, "1a86:7524": false, ":": false, "[": false, "A5": false,
	} {
		if got := all[1].Matches(pattern); got != want {
			t.Errorf("%q: %v", pattern, got)
		}
	}
	if all[0].Matches(":") || all[0].Matches("") {
		t.Error("a port without an adapter has its ids")
	}
}

func TestAMachineWithoutPorts(t *testing.T) {
	if all, err := ports.List(t.TempDir()); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
}

// FuzzList holds that whatever an adapter says of itself, its port is listed under
// names of this machine, and that a pattern never names a port that says nothing.
func FuzzList(f *testing.F) {
	f.Add("1a86\n", "7523\n", "A50285BI\n", "QinHeng\n", "USB Serial\n", "ttyUSB*")
	f.Add("", "", "", "", "", "")
	f.Add("1a86", "[", "\x00\xff", "..", "/", "[a-")
	root := machine(f)
	adapter := filepath.Join(root, "sys/devices/pci0/usb1/1-2")
	f.Fuzz(func(t *testing.T, vendor, product, serial, maker, name, pattern string) {
		for file, text := range map[string]string{"idVendor": vendor, "idProduct": product, "serial": serial, "manufacturer": maker, "product": name} {
			if err := os.WriteFile(filepath.Join(adapter, file), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		all, err := ports.List(root)
		if err != nil || len(all) != 2 {
			t.Fatalf("%d ports, %v", len(all), err)
		}
		p := all[1]
		if p.Path != "/dev/ttyUSB0" || p.Stable() != "/dev/serial/by-path/pci-0000:00:14.0-usb-0:2:1.0-port0" || !p.Matches(p.Path) || !p.Matches(p.Stable()) {
			t.Fatalf("%+v", p)
		}
		p.Matches(pattern)
		if (ports.Port{}).Matches(pattern) {
			t.Fatalf("%q names a port that says nothing", pattern)
		}
	})
}
