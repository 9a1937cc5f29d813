// Kiosk is the terminal's program: it shows the screens, reads cards and codes, keeps
// applications safe, hands them to the central and prints slips.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"

	"leye/app/catalogue"
	"leye/app/harden"
	"leye/app/terminal/internal/appliance"
	"leye/app/terminal/internal/config"
	"leye/app/terminal/internal/ime"
	"leye/app/terminal/internal/panel"
	"leye/app/terminal/internal/privacy"
	"leye/app/terminal/internal/ui"
	"leye/app/terminal/internal/ui/screen"
	"leye/app/terminal/internal/ui/text"
	"leye/app/terminal/internal/ui/theme"
	"leye/assets"
)

const usage = `kiosk is the self-service terminal: screens, card reader, scanner, queue and printer.

Usage:
  kiosk [--config FILE]...
  kiosk --try touch|display [--config FILE]...

Each --config file overrides the ones before it; see packaging/kiosk.toml for
every key. Without one, the built-in defaults are used.

--try has a technician try the touch screen or the display, prints what came of
it as JSON and ends; it opens no device and no file of state. kioskctl devices
accept runs it. End the kiosk first, or its window covers this one.

Examples:
  kiosk --config /etc/leye/kiosk.toml
  kiosk --config district.toml --config terminal.toml

Exit codes: 0 ended by a signal or its window, 1 could not start, 2 wrong usage.
`

// files collects repeated --config flags.
type files []string

func (f *files) String() string     { return strings.Join(*f, ",") }
func (f *files) Set(s string) error { *f = append(*f, s); return nil }

func main() {
	var configs files
	flag.Var(&configs, "config", "configuration file; may be repeated")
	part := flag.String("try", "", "part of the screen to try")
	flag.Usage = func() { fmt.Fprint(os.Stderr, usage) }
	flag.Parse()
	if flag.NArg() > 0 || !slices.Contains([]panel.Part{"", panel.Touch, panel.Display}, panel.Part(*part)) {
		flag.Usage()
		os.Exit(2)
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	if err := harden.Process(); err != nil { // a terminal that serves is worth more
		log.Error("other processes may read what residents enter", "err", err)
	}
	if err := run(configs, panel.Part(*part), log); err != nil {
		log.Error("kiosk cannot start", "err", err)
		os.Exit(1)
	}
}

func run(configs []string, part panel.Part, log *slog.Logger) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	cfg, err := config.Load(configs...)
	if err != nil {
		return err
	}
	if part != "" {
		return try(ctx, cfg, part, os.Stdout)
	}
	return serve(ctx, cfg, log)
}

// serve serves residents until ctx ends or the window closes.
func serve(ctx context.Context, cfg config.Config, log *slog.Logger) (err error) {
	a, err := appliance.Open(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	// Reading the declared files leaves three times their size behind, and a
	// terminal has quiet hours enough for its collector.
	debug.SetGCPercent(25)
	debug.FreeOSMemory()
	// librime takes half a second of a processor that the first frames need; the
	// first resident takes longer to reach a keyboard.
	quiet := make(chan struct{})
	release := sync.OnceFunc(func() { close(quiet) })
	engine := ime.Later(func() (ime.Engine, error) {
		<-quiet
		defer keepFromSwap(log)
		return ime.Open(ime.Options{PageSize: 6})
	}, log)
	defer func() { err = errors.Join(err, engine.Close()) }()
	defer release()
	defer time.AfterFunc(time.Second, release).Stop()
	return show(ctx, cfg, a, engine, log)
}

// keepFromSwap is called before anybody has entered anything, but not before librime
// stands: the 45 MB with which it makes itself ready go back to the system then, and
// locked memory would be kept.
func keepFromSwap(log *slog.Logger) {
	if err := harden.KeepFromSwap(); err != nil {
		log.Warn("what residents enter may be swapped out", "err", err)
	}
}

// opened is a window with what it is drawn with.
type opened struct {
	app    fyne.App
	window fyne.Window
	faces  *theme.Theme
	texts  text.Bundle
}

func openWindow() (o opened, err error) {
	// The panel's own millimetres lie; all sizes of the screens are pixels.
	for _, kv := range [][2]string{{"FYNE_SCALE", "1"}, {"FYNE_DISABLE_DPI_DETECTION", "1"}, {"FYNE_PLATFORM", "x11"}} {
		if err := os.Setenv(kv[0], kv[1]); err != nil {
			return o, err
		}
	}
	if o.texts, err = text.Load(assets.Text()); err != nil {
		return o, err
	}
	if o.faces, err = theme.New(assets.Font(), theme.Standard); err != nil {
		return o, err
	}
	o.app = app.NewWithID("cn.shpt.leye.kiosk")
	o.app.Settings().SetTheme(o.faces)
	o.window = o.app.NewWindow("乐业自助服务终端")
	return o, nil
}

// size gives the window its size, once its content is in it.
func (o opened) size(d config.Display) {
	o.window.Resize(fyne.NewSize(float32(d.Width), float32(d.Height)))
	o.window.SetFullScreen(d.Fullscreen)
}

// show opens the window and returns when it has closed and every task has ended.
func show(ctx context.Context, cfg config.Config, a *appliance.Appliance, engine ime.Engine, log *slog.Logger) error {
	o, err := openWindow()
	if err != nil {
		return err
	}
	fy, w := o.app, o.window
	feed := newScreenFeed(a.Session)
	u := ui.New(ui.Config{
		App: fy, Window: w, Theme: o.faces, Icons: theme.NewIcons(assets.Icon()), Texts: o.texts,
		Catalogue: a.Catalogue, Policies: a.Policies, Place: placeOf(cfg),
		Kept: privacy.Table{KeepDays: cfg.Store.KeepDays}, Engine: engine, Visit: feed, Now: time.Now,
	})
	o.size(cfg.Display)
	feed.ui = u
	a.Session.Listen(feed.show)
	stopProbe, err := startProbe(u, log)
	if err != nil {
		return err
	}
	defer stopProbe()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan struct{})
	fy.Lifecycle().SetOnStarted(func() {
		go func() {
			defer close(done)
			a.Run(ctx)
			// Not App.Quit: that closes windows, also those that are gone.
			fyne.Do(fy.Driver().Quit)
		}()
	})
	w.ShowAndRun()
	cancel()
	<-done
	feed.stop()
	return nil
}

func placeOf(cfg config.Config) screen.Place {
	t := cfg.Terminal
	return screen.Place{
		Centre: catalogue.Text{ZH: t.CentreZH, EN: t.CentreEN},
		Phone:  catalogue.Text{ZH: t.Phone, EN: t.Phone},
		Desk:   catalogue.Text{ZH: t.DeskZH, EN: t.DeskEN},
	}
}
