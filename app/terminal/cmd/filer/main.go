// Filer is a terminal without screen and devices, for the judges in scripts/fault:
// it files without pause, relays, and says what it has kept. It is never shipped.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"leye/app/terminal/internal/relay"
)

const usage = `filer is a terminal without screen and devices, for trials.

Usage:
  filer file  --store DIR [--terminal ID] [--seal-to KEY] [--count N] [--size BYTES] [--early]
  filer relay --store DIR --central URL [--empty] [--timeout D] [--lease D]
  filer bare  --store DIR --central URL --seal-to KEY --count N [--size BYTES]
  filer look                          reads folders from its input, one a line
  filer where --store DIR

file prints "kept ID REFERENCE DIGEST MICROSECONDS" after each commit, and
"failed ID KIND CAUSE" when one fails; it tries each application up to three
times, as a resident touches again. --early prints before the commit instead.
relay prints "accepted ID NUMBER"; --empty ends it when nothing waits. The line is
that of the identity in DIR, and in the clear without one.
bare sends without a queue what it has sealed before, as many at once as the relay,
and prints "sent N MICROSECONDS".
look opens each folder's store as a terminal does when it starts, and prints a
line of JSON on what is there. where does not open it, and prints for each
application a line on where in the files all of it stands.

Exit codes: 0 done, 1 failed, 2 wrong usage.
`

var errUsage = errors.New("wrong usage, see filer --help")

type options struct {
	store, central, sealTo string
	terminal               string
	count, size            int
	early, empty           bool
	timeout, lease         time.Duration
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout)
	stop()
	switch {
	case err == nil:
	case errors.Is(err, errUsage):
		fmt.Fprintln(os.Stderr, "filer:", err)
		os.Exit(2)
	default:
		fmt.Fprintln(os.Stderr, "filer:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	if len(args) == 0 {
		return errUsage
	}
	var o options
	flags := flag.NewFlagSet("filer", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.store, "store", "", "")
	flags.StringVar(&o.central, "central", "", "")
	flags.StringVar(&o.terminal, "terminal", "PT01", "")
	flags.StringVar(&o.sealTo, "seal-to", "", "")
	flags.IntVar(&o.count, "count", 0, "")
	flags.IntVar(&o.size, "size", 0, "")
	flags.BoolVar(&o.early, "early", false, "")
	flags.BoolVar(&o.empty, "empty", false, "")
	flags.DurationVar(&o.timeout, "timeout", time.Second, "")
	flags.DurationVar(&o.lease, "lease", 2*time.Second, "")
	if args[0] == "--help" || args[0] == "-h" {
		_, err := io.WriteString(out, usage)
		return err
	}
	if err := flags.Parse(args[1:]); err != nil || flags.NArg() > 0 {
		return errUsage
	}
	switch args[0] {
	case "file":
		return file(ctx, o, out)
	case "relay":
		return send(ctx, o, out)
	case "bare":
		return bare(ctx, o, out)
	case "look":
		return lookAtAll(ctx, in, out)
	case "where":
		return where(o.store, out)
	}
	return errUsage
}

// file files until the count is reached; without one it never ends by itself.
func file(ctx context.Context, o options, out io.Writer) (err error) {
	t, err := open(ctx, o.store, o.terminal, o.sealTo)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	for n := 0; (o.count == 0 || n < o.count) && ctx.Err() == nil; n++ {
		if err := t.file(ctx, o, out); err != nil {
			return err
		}
	}
	return nil
}

// atOnce is how many sendings are under way.
const atOnce = 4

// send relays until ctx ends, or until nothing waits.
func send(ctx context.Context, o options, out io.Writer) (err error) {
	t, err := open(ctx, o.store, o.terminal, o.sealTo)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	line, err := o.line()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, line.Close()) }()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	q := &spoken{Outbox: t.queue, out: out, done: func() {}}
	if o.empty {
		q.done = cancel
		if err := q.look(ctx); err != nil {
			return err
		}
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	return relay.New(relay.Config{
		Queue: q, Sender: line, Check: line.Check, Log: log, AtOnce: atOnce, Lease: o.lease,
		First: 20 * time.Millisecond, Most: 200 * time.Millisecond,
	}).Run(ctx)
}

func lookAtAll(ctx context.Context, in io.Reader, out io.Writer) error {
	folders := bufio.NewScanner(in)
	encoder := json.NewEncoder(out)
	for folders.Scan() {
		if err := encoder.Encode(look(ctx, folders.Text())); err != nil {
			return err
		}
	}
	return folders.Err()
}
