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
	"strings"
	"sync"
	"syscall"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"

	"leye/app/catalogue"
	"leye/app/terminal/internal/appliance"
	"leye/app/terminal/internal/config"
	"leye/app/terminal/internal/ime"
	"leye/app/terminal/internal/ui"
	"leye/app/terminal/internal/ui/screen"
	"leye/app/terminal/internal/ui/text"
	"leye/app/terminal/internal/ui/theme"
	"leye/assets"
)

const usage = `kiosk is the self-service terminal: screens, card reader, scanner, queue and printer.

Usage:
  kiosk [--config FILE]...

Each --config file overrides the ones before it; see packaging/kiosk.toml for
every key. Without one, the built-in defaults are used.

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
	flag.Usage = func() { fmt.Fprint(os.Stderr, usage) }
	flag.Parse()
	if flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	if err := run(configs, log); err != nil {
		log.Error("kiosk cannot start", "err", err)
		os.Exit(1)
	}
}

func run(configs []string, log *slog.Logger) (err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	cfg, err := config.Load(configs...)
	if err != nil {
		return err
	}
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
		return ime.Open(ime.Options{PageSize: 6})
	}, log)
	defer func() { err = errors.Join(err, engine.Close()) }()
	defer release()
	defer time.AfterFunc(time.Second, release).Stop()
	return show(ctx, cfg, a, engine, log)
}

// show opens the window and returns when it has closed and every task has ended.
func show(ctx context.Context, cfg config.Config, a *appliance.Appliance, engine ime.Engine, log *slog.Logger) error {
	// The panel's own millimetres lie; all sizes of the screens are pixels.
	for _, kv := range [][2]string{{"FYNE_SCALE", "1"}, {"FYNE_DISABLE_DPI_DETECTION", "1"}, {"FYNE_PLATFORM", "x11"}} {
		if err := os.Setenv(kv[0], kv[1]); err != nil {
			return err
		}
	}
	texts, err := text.Load(assets.Text())
	if err != nil {
		return err
	}
	faces, err := theme.New(assets.Font(), theme.Standard)
	if err != nil {
		return err
	}
	fy := app.NewWithID("cn.shpt.leye.kiosk")
	fy.Settings().SetTheme(faces)
	w := fy.NewWindow("乐业自助服务终端")
	feed := newScreenFeed(a.Session)
	u := ui.New(ui.Config{
		App: fy, Window: w, Theme: faces, Icons: theme.NewIcons(assets.Icon()), Texts: texts,
		Catalogue: a.Catalogue, Policies: a.Policies, Place: placeOf(cfg), Engine: engine, Visit: feed, Now: time.Now,
	})
	w.Resize(fyne.NewSize(float32(cfg.Display.Width), float32(cfg.Display.Height)))
	w.SetFullScreen(cfg.Display.Fullscreen)
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
