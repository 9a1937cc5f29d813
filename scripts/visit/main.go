// Command visit plays a resident's whole visit on a running kiosk, by touches
// on its X display and cards on its simulated reader, and judges what came of
// it. It never calls into the kiosk: what a finger cannot do, it cannot do.
//
//	visit play    --visit FILE --out DIR --probe SOCKET --devices URL [--until SCREEN]
//	visit fetch   --visit FILE --out DIR --central URL
//	visit compare --visit FILE --out DIR [--tamper]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"leye/scripts/internal/devices"
	"leye/scripts/internal/paper"
	"leye/scripts/internal/probe"
	"leye/scripts/internal/x11"
)

// errDiffers ends compare when the three sides do not agree.
var errDiffers = errors.New("screen, slip and central differ")

type options struct {
	visit, out, probe, display, devices, central, db, until string
	offline, tamper, trouble, english                       bool
	limit                                                   time.Duration
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	switch {
	case err == nil:
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	default:
		fmt.Fprintln(os.Stderr, "visit:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	commands := map[string]func(context.Context, options, io.Writer) error{
		"play": play, "fetch": fetch, "compare": compare,
	}
	if len(args) == 0 || commands[args[0]] == nil {
		return errors.New("say what to do: play, fetch or compare")
	}
	var o options
	flags := flag.NewFlagSet("visit "+args[0], flag.ContinueOnError)
	flags.StringVar(&o.visit, "visit", "", "the visit's declaration, a TOML `file`")
	flags.StringVar(&o.out, "out", ".", "`folder` of what the visit leaves")
	flags.StringVar(&o.probe, "probe", os.Getenv("KIOSK_PROBE"), "`socket` of the kiosk's probe")
	flags.StringVar(&o.display, "display", os.Getenv("DISPLAY"), "X `display` of the kiosk")
	flags.StringVar(&o.devices, "devices", "", "`URL` of the simulated devices' control")
	flags.StringVar(&o.central, "central", "", "`URL` of the central")
	flags.StringVar(&o.db, "db", "", "the central's database `file`")
	flags.StringVar(&o.until, "until", "", "stop play when this `screen` is reached, without pictures")
	flags.BoolVar(&o.offline, "offline", false, "the central is away: expect the slip of what is kept")
	flags.BoolVar(&o.english, "english", false, "the visit is made in English")
	flags.BoolVar(&o.trouble, "trouble", false, "a damaged card comes first, and the printer stands open when the slip is due")
	flags.BoolVar(&o.tamper, "tamper", false, "change one thing at a time and demand that each is found")
	flags.DurationVar(&o.limit, "limit", 10*time.Minute, "longest time of a visit")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	return commands[args[0]](ctx, o, out)
}

func play(ctx context.Context, o options, out io.Writer) error {
	visit, err := LoadVisit(o.visit, time.Now())
	if err != nil {
		return err
	}
	folder := Folder(o.out)
	if visit.Before != "" {
		if err := visit.follow(ctx, folder, devices.Control(o.devices)); err != nil {
			return err
		}
	}
	display, err := x11.Open(o.display)
	if err != nil {
		return err
	}
	defer display.Close()
	ctx, cancel := context.WithTimeout(ctx, o.limit)
	defer cancel()
	player := &Player{
		Visit: visit, Screen: probe.Socket(o.probe), Finger: display, Devices: devices.Control(o.devices),
		Picture: func(name string) error { return folder.savePicture(name, display) },
		Say:     func(format string, args ...any) { fmt.Fprintf(out, format+"\n", args...) },
		Record:  Record{Visit: visit, Offline: o.offline, English: o.english}, Trouble: o.trouble,
		Until: o.until,
	}
	if o.until != "" {
		player.Picture = func(string) error { return nil }
		return player.Play(ctx)
	}
	err = player.Play(ctx)
	return errors.Join(err, folder.saveRecord(player.Record), folder.saveSlip(ctx, devices.Control(o.devices)))
}

func fetch(ctx context.Context, o options, out io.Writer) error {
	folder := Folder(o.out)
	record, err := folder.record()
	if err != nil {
		return err
	}
	slip, err := folder.slip()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, o.limit)
	defer cancel()
	proof := paper.Read(slip)
	switch {
	case record.Visit.Before != "":
		proof = record.Visit.asked()
		if err := Ledger(o.db).alone(ctx); err != nil {
			return err
		}
	case record.Offline:
		if proof, err = Ledger(o.db).find(ctx, proof.Reference); err != nil {
			return err
		}
	}
	document, err := Central(o.central).get(ctx, proof)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "the central holds case %s\n", proof.Number)
	return folder.save("case.json", document)
}

func compare(_ context.Context, o options, out io.Writer) error {
	evidence, err := Folder(o.out).evidence()
	if err != nil {
		return err
	}
	if o.tamper {
		return Tamper(evidence, out)
	}
	rows := Compare(evidence)
	printRows(out, rows)
	if !agreed(rows) {
		return errDiffers
	}
	return nil
}
