// Devsim simulates what is plugged into a kiosk: an ID card reader and a receipt
// printer on pseudo terminals, at the pace of real lines. It is never shipped.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"leye/assets"
	"leye/devices/sim"
	"leye/devices/sim/paper"
)

const usage = `devsim simulates a card reader and a receipt printer on pseudo terminals.

Usage:
  devsim --dir DIR [--control 127.0.0.1:0] [--baud 115200] [--card NAME]

DIR/reader and DIR/printer lead to the devices, DIR/control holds the address of
the control, which a browser can open too.

Examples:
  devsim --dir run
  curl -X POST "$(cat run/control)/card/lay?name=resident_plain"
  curl -X POST "$(cat run/control)/paper?state=out"
  curl "$(cat run/control)/paper.txt"

Exit codes: 0 ended by a signal, 1 failed, 2 wrong usage.
`

func main() {
	dir := flag.String("dir", "", "folder for the devices' names")
	control := flag.String("control", "127.0.0.1:0", "loopback address of the control; port 0 picks a free one")
	baud := flag.Int("baud", 115200, "rate of both lines, bit/s")
	card := flag.String("card", "", "card that lies on the reader at the start")
	flag.Usage = func() { fmt.Fprint(os.Stderr, usage) }
	flag.Parse()
	if *dir == "" || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*dir, *control, *card, *baud); err != nil {
		fmt.Fprintln(os.Stderr, "devsim:", err)
		os.Exit(1)
	}
}

func run(dir, control, card string, baud int) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	fonts, err := loadFonts()
	if err != nil {
		return err
	}
	p := &panel{reader: sim.NewReader(sim.ReaderConfig{Baud: baud}), printer: sim.NewPrinter(sim.PrinterConfig{Baud: baud, Fonts: fonts, Log: slog.Default()})}
	if card != "" {
		if err := p.reader.Lay(card); err != nil {
			return err
		}
	}
	var lines sync.WaitGroup
	defer lines.Wait()
	defer stop()
	if p.readerPort, err = serve(ctx, &lines, dir, "reader", p.reader.Run); err != nil {
		return err
	}
	if p.printerPort, err = serve(ctx, &lines, dir, "printer", p.printer.Run); err != nil {
		return err
	}
	return p.listen(ctx, control, filepath.Join(dir, "control"))
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

// serve opens a pseudo terminal under a stable name and runs a device on it.
func serve(ctx context.Context, lines *sync.WaitGroup, dir, name string, device func(context.Context, io.ReadWriteCloser) error) (string, error) {
	line, err := sim.OpenPTY()
	if err != nil {
		return "", err
	}
	link := filepath.Join(dir, name)
	if err := os.Remove(link); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if err := os.Symlink(line.Path(), link); err != nil {
		return "", err
	}
	lines.Go(func() {
		if err := device(ctx, line); err != nil && ctx.Err() == nil {
			slog.Error("serve device", "device", name, "err", err)
		}
	})
	return link, nil
}

func (p *panel) listen(ctx context.Context, address, file string) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("open control: %w", err)
	}
	if host, _, _ := net.SplitHostPort(l.Addr().String()); !net.ParseIP(host).IsLoopback() {
		return errors.Join(fmt.Errorf("open control: %s is not a loopback address", host), l.Close())
	}
	server := &http.Server{Handler: p.routes(), ReadHeaderTimeout: 5 * time.Second}
	if err := os.WriteFile(file, []byte("http://"+l.Addr().String()), 0o600); err != nil {
		return errors.Join(err, l.Close())
	}
	closed := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer closed()
	fmt.Printf("reader  %s\nprinter %s\ncontrol http://%s\n", p.readerPort, p.printerPort, l.Addr())
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
