// Devsim simulates what is plugged into a kiosk: an ID card reader, a receipt
// printer and a code scanner on pseudo terminals, at the pace of real lines. It is
// never shipped.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
)

const usage = `devsim simulates a card reader, a receipt printer and a code scanner on pseudo
terminals, and the lamp at the card reader.

Usage:
  devsim --dir DIR [--control 127.0.0.1:0] [--baud 115200] [--card NAME] [--profile crlf]
         [--family epson|custom|citizen]
  devsim ctl --dir DIR COMMAND...
  devsim replay [--dir .] [--baud 115200] FILE

DIR is made if need be. DIR/reader, DIR/printer and DIR/scanner lead to the devices,
DIR/lamp holds the files of a lamp of the kernel's LED class, for [light] led, and
DIR/control the address of the control, which a browser can open too; all of them
go when devsim ends. The scanner puts CR LF behind each code, with --profile packet
it packs each with its length.

Replay puts a reader at DIR/reader that answers as one did while kioskctl trace
wrote FILE, until it is ended.

Commands of ctl, the hands at the devices:
  card lay NAME            lay a card on the reader; "cards" lists the names
  card take                take it away
  card pull                it is taken in the middle of its next reading
  cards                    the names of the made-up cards
  paper out|near|in        end the roll, let it run low, put in a new one
  cover open|close         open or close the printer's cover
  power off|on             switch the printer
  scan TEXT                hold a code of this text to the scanner
  scan --file FILE         or of what a file holds
  scan --hex HEX           or of these bytes
  scan --fault FAULT ...   with a fault: garbage, duplicate, split, slow, torn
  noise reader|printer|scanner N
                           spoil bytes that the device sends; N picks which, 0 ends it
  silence reader|printer|scanner on|off
  scenarios                what can go wrong, by name
  scenario NAME            let it go wrong
  mend NAME                and put it right
  slip                     what has been printed, as text
  tear                     take all paper away
  take slip                take the slip away that a presenter holds (family custom or citizen)
  state                    how the devices are, as JSON

Examples:
  devsim --dir run
  devsim --dir run --baud 9600 --card resident_plain
  devsim ctl --dir run card lay resident_plain
  devsim replay reader.trace
  devsim ctl --dir run paper out
  devsim ctl --dir run scan LEYE:000-417-261124-0001-5:402913
  devsim ctl --dir run scan --fault split 91310107MA1G00000Q
  devsim ctl --dir run scenario cutter-error
  devsim ctl --dir run noise reader 7
  curl "$(cat run/control)/paper.png" >slip.png

Exit codes: 0 done, or ended by a signal; 1 failed; 2 wrong usage.
`

// errUsage is a command line that says nothing which devsim can do.
var errUsage = errors.New("wrong usage, see devsim --help")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, "devsim:", err)
	if errors.Is(err, errUsage) {
		os.Exit(2)
	}
	os.Exit(1)
}

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) > 0 && args[0] == "ctl" {
		return control(ctx, args[1:], out)
	}
	if len(args) > 0 && args[0] == "replay" {
		return replay(ctx, args[1:], out)
	}
	var o options
	flags := flag.NewFlagSet("devsim", flag.ContinueOnError)
	flags.StringVar(&o.dir, "dir", "", "")
	flags.StringVar(&o.control, "control", "127.0.0.1:0", "")
	flags.IntVar(&o.baud, "baud", 115200, "")
	flags.StringVar(&o.card, "card", "", "")
	flags.StringVar(&o.family, "family", "epson", "")
	flags.StringVar(&o.profile, "profile", "crlf", "")
	if done, err := parse(flags, args, out); done {
		return err
	}
	families, profiles := []string{"epson", "custom", "citizen"}, []string{"crlf", "packet"}
	if o.dir == "" || flags.NArg() > 0 || o.baud <= 0 || !slices.Contains(families, o.family) || !slices.Contains(profiles, o.profile) {
		return errUsage
	}
	return simulate(ctx, o, out)
}

// parse reads the flags; done says that there is nothing more to do.
func parse(flags *flag.FlagSet, args []string, out io.Writer) (done bool, err error) {
	flags.SetOutput(io.Discard)
	err = flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		_, err = io.WriteString(out, usage)
		return true, err
	case err != nil:
		return true, fmt.Errorf("%w: %w", errUsage, err)
	}
	return false, nil
}
