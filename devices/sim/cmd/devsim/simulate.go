package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"leye/assets"
	"leye/devices/sim"
	"leye/devices/sim/paper"
)

// options of the simulation.
type options struct {
	dir     string // folder for the devices' names
	control string // loopback address of the control
	card    string // lies on the reader at the start
	baud    int    // of all lines, bit/s
	profile string // of the scanner: crlf or packet
	family  string // the printer's
}

// simulate runs the devices and the control until ctx ends.
func simulate(ctx context.Context, o options, out io.Writer) (err error) {
	ctx, stop := context.WithCancel(ctx)
	fonts, err := loadFonts()
	if err != nil {
		stop()
		return err
	}
	d := &desk{dir: o.dir}
	defer func() {
		stop()
		err = errors.Join(err, d.clear())
	}()
	p := &panel{
		reader:  sim.NewReader(sim.ReaderConfig{Baud: o.baud}),
		printer: sim.NewPrinter(sim.PrinterConfig{Baud: o.baud, Charset: paper.ShortGB18030, Family: strings.TrimPrefix(o.family, "epson"), Fonts: fonts, Log: slog.Default()}),
		scanner: sim.NewScanner(sim.ScannerConfig{Baud: o.baud, Packets: o.profile == "packet"}),
	}
	if o.card != "" {
		if err := p.reader.Lay(o.card); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(o.dir, 0o755); err != nil {
		return fmt.Errorf("make folder of devices: %w", err)
	}
	if p.readerPort, err = d.serve(ctx, "reader", p.reader.Run); err != nil {
		return err
	}
	if p.printerPort, err = d.serve(ctx, "printer", p.printer.Run); err != nil {
		return err
	}
	if p.scannerPort, err = d.serve(ctx, "scanner", p.scanner.Run); err != nil {
		return err
	}
	if p.lamp, err = sim.NewLamp(filepath.Join(o.dir, "lamp")); err != nil {
		return err
	}
	d.names = append(d.names, p.lamp.Remove)
	return d.listen(ctx, o.control, p, out)
}

func loadFonts() (*paper.Fonts, error) {
	regular, err := fs.ReadFile(assets.Font(), "NotoSansSC-Regular.otf")
	if err != nil {
		return nil, err
	}
	bold, err := fs.ReadFile(assets.Font(), "NotoSansSC-Bold.otf")
	if err != nil {
		return nil, err
	}
	return paper.NewFonts(regular, bold)
}

// desk is the folder with the names that lead to the devices.
type desk struct {
	dir   string
	lines sync.WaitGroup
	names []func() error // take them away again
}

// serve opens a pseudo terminal under a stable name and runs a device on it.
func (d *desk) serve(ctx context.Context, name string, device func(context.Context, io.ReadWriteCloser) error) (string, error) {
	line, err := sim.OpenPTY()
	if err != nil {
		return "", err
	}
	link := filepath.Join(d.dir, name)
	if err := d.name(link, line.Path()); err != nil {
		return "", errors.Join(fmt.Errorf("name %s: %w", name, err), line.Close())
	}
	d.lines.Go(func() {
		if err := device(ctx, line); err != nil && ctx.Err() == nil {
			slog.Error("serve device", "device", name, "err", err)
		}
	})
	return link, nil
}

// name makes a link to a device, in the place of one that an earlier run left.
func (d *desk) name(link, device string) error {
	switch info, err := os.Lstat(link); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case info.Mode()&fs.ModeSymlink == 0:
		return fmt.Errorf("%s is in the way and no link", link)
	default:
		if err := os.Remove(link); err != nil {
			return err
		}
	}
	if err := os.Symlink(device, link); err != nil {
		return err
	}
	d.names = append(d.names, func() error {
		if to, err := os.Readlink(link); err == nil && to == device {
			return os.Remove(link)
		}
		return nil // another run has taken the name over
	})
	return nil
}

// clear waits for the devices to end and takes their names away.
func (d *desk) clear() error {
	d.lines.Wait()
	var err error
	for _, remove := range d.names {
		err = errors.Join(err, remove())
	}
	return err
}

// controlFile holds the address of the control.
func controlFile(dir string) string { return filepath.Join(dir, "control") }

func (d *desk) listen(ctx context.Context, address string, p *panel, out io.Writer) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("open control: %w", err)
	}
	if host, _, _ := net.SplitHostPort(l.Addr().String()); !net.ParseIP(host).IsLoopback() {
		return errors.Join(fmt.Errorf("open control: %s is not a loopback address", host), l.Close())
	}
	url := "http://" + l.Addr().String()
	if err := d.announce(url); err != nil {
		return errors.Join(fmt.Errorf("open control: %w", err), l.Close())
	}
	server := &http.Server{Handler: p.routes(), ReadHeaderTimeout: 5 * time.Second}
	closed := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer closed()
	if _, err := fmt.Fprintf(out, "reader  %s\nprinter %s\nscanner %s\nlamp    %s\ncontrol %s\n", p.readerPort, p.printerPort, p.scannerPort, p.lamp.Path(), url); err != nil {
		return errors.Join(err, l.Close())
	}
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// announce writes the address down whole: who waits for the file never reads half
// of it.
func (d *desk) announce(url string) error {
	file := controlFile(d.dir)
	if err := os.WriteFile(file+".new", []byte(url), 0o600); err != nil {
		return err
	}
	if err := os.Rename(file+".new", file); err != nil {
		return err
	}
	d.names = append(d.names, func() error {
		if now, err := os.ReadFile(file); err == nil && string(now) == url {
			return os.Remove(file)
		}
		return nil
	})
	return nil
}
