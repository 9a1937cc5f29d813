// Command queue measures the durable queue beside its floors in the same minutes:
// a rival library, a client without a queue, and what the packages' own benchmarks
// say. It prints a line for each figure and ends with 1 when one is over its limit.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"leye/scripts/internal/figure"
)

type config struct {
	bench                     string // what go test -bench printed
	filer, goqite, schema     string
	central, sealTo, identity string
	dir                       string
	rounds, messages, drain   int
}

func main() {
	var c config
	flag.StringVar(&c.bench, "bench", "", "`file` with the output of the packages' benchmarks")
	flag.StringVar(&c.filer, "filer", "", "`program`: the terminal without screen and devices")
	flag.StringVar(&c.goqite, "goqite", "", "`program`: the rival")
	flag.StringVar(&c.schema, "schema", "", "`file` with the rival's tables")
	flag.StringVar(&c.central, "central", "", "`URL` of the central's door for terminals")
	flag.StringVar(&c.sealTo, "seal-to", "", "the central's public `key`")
	flag.StringVar(&c.identity, "identity", "", "`file` of an enrolled terminal")
	flag.StringVar(&c.dir, "dir", ".", "`folder` for stores")
	flag.IntVar(&c.rounds, "rounds", 5, "how often rivals take turns")
	flag.IntVar(&c.messages, "messages", 100, "messages in a turn")
	flag.IntVar(&c.drain, "drain", 10_000, "applications that wait for the line")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	over, err := c.run(ctx, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "queue:", err)
	}
	if err != nil || over {
		os.Exit(1)
	}
}

func (c config) run(ctx context.Context, out io.Writer) (over bool, err error) {
	b, err := readBench(c.bench)
	if err != nil {
		return false, err
	}
	lines, err := b.lines()
	if err != nil {
		return false, err
	}
	rival, err := c.filing(ctx)
	if err != nil {
		return false, err
	}
	sending, err := c.sending(ctx)
	if err != nil {
		return false, err
	}
	return figure.Table(out, append(append(lines, rival), sending...))
}
