package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"

	"leye/app/api"
	"leye/app/proof"
	"leye/app/terminal/internal/clock"
	"leye/app/terminal/internal/config"
	"leye/app/terminal/internal/identity"
	"leye/app/terminal/internal/kiosk"
	"leye/app/terminal/internal/uplink"
)

func enrolCommand() command {
	return command{
		name:    "enrol",
		summary: "make this terminal known to its central, with a one-time code",
		about: "The central's staff print the code with central terminals add, and the root file, once for all terminals,\n" +
			"with central ca show; bring the file by a way that nobody else can write to. The terminal makes a new key,\n" +
			"gets a certificate for it and keeps both in " + identity.FileName + " in its state directory, readable for the directory's\n" +
			"owner alone. An identity from before is replaced. A running kiosk takes it up by itself, and renews it.",
		examples: []string{
			"enrol --central https://central.example:8701 --code 7KQ4M-WX2TD --root root.pem",
			"enrol --config terminal.toml --code 7KQ4M-WX2TD --root root.pem",
		},
		exits: []int{exitFailed, exitNotReady},
		own:   map[int]string{exitFailed: "failed", exitNotReady: "the central does not take the code"},
		bind: func(f *flag.FlagSet) action {
			var configs files
			configs.bind(f)
			central := f.String("central", "", "https `ADDRESS` of the central (that of the configuration)")
			code := f.String("code", "", "one-time `CODE`")
			root := f.String("root", "", "`FILE` with the roots and the key that central ca show prints")
			return func(ctx context.Context, _ []string, s streams) error {
				cfg, err := configs.load()
				if err != nil {
					return err
				}
				named := cfg.Central.URL
				cfg.Central.URL = cmp.Or(*central, named)
				id, err := enrol(ctx, cfg, *code, *root)
				if err != nil {
					return err
				}
				next := "a kiosk that runs takes it up within seconds"
				if cfg.Central.URL != named {
					next = fmt.Sprintf("set [central] url = %q and start the kiosk again", cfg.Central.URL)
				}
				_, err = fmt.Fprintf(s.out, "ok, terminal %s is enrolled until %s\n%s\n",
					id.Name(), id.Certificate().NotAfter.In(kiosk.China).Format(minute), next)
				return err
			}
		},
	}
}

func enrol(ctx context.Context, cfg config.Config, code, root string) (*identity.Identity, error) {
	switch u, err := url.Parse(cfg.Central.URL); {
	case err != nil || u.Scheme != "https" || u.Hostname() == "":
		return nil, wrongUsage("enrol terminal: %q is not an https address: give --central", cfg.Central.URL)
	case code == "" || root == "":
		return nil, wrongUsage("enrol terminal: --code and --root are needed")
	}
	text, err := os.ReadFile(root)
	if err != nil {
		return nil, fmt.Errorf("enrol terminal: %w", err)
	}
	trust, err := proof.ParseTrust(text)
	if err != nil {
		return nil, fmt.Errorf("enrol terminal: %w", err)
	}
	if err := os.MkdirAll(cfg.Store.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("enrol terminal: %w", err)
	}
	line, err := uplink.New(uplink.Config{Base: cfg.Central.URL, Timeout: cfg.Central.Timeout, Trust: trust, Clock: clock.New(kiosk.BuiltAt())})
	if err != nil {
		return nil, err
	}
	id, err := identity.Enrol(cfg.Store.Dir, cfg.Terminal.ID, func(request string) (api.Certificate, error) {
		return line.Enrol(ctx, cfg.Terminal.ID, code, request)
	})
	err = errors.Join(err, line.Close())
	if errors.Is(err, uplink.ErrCode) {
		return nil, &failure{exitNotReady, fmt.Errorf("enrol terminal %s: %w", cfg.Terminal.ID, err), "ask for another: central terminals add " + cfg.Terminal.ID}
	}
	if err != nil {
		return nil, fmt.Errorf("enrol terminal %s: %w", cfg.Terminal.ID, err)
	}
	return id, nil
}
