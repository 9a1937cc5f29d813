package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"leye/devices/sim"
)

// replay serves a traced reader until ctx ends.
func replay(ctx context.Context, args []string, out io.Writer) (err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	flags := flag.NewFlagSet("devsim replay", flag.ContinueOnError)
	dir := flags.String("dir", ".", "")
	baud := flags.Int("baud", 0, "")
	if done, err := parse(flags, args, out); done {
		return err
	}
	if flags.NArg() != 1 {
		return fmt.Errorf("%w: replay needs one file", errUsage)
	}
	reader, err := openReplay(flags.Arg(0))
	if err != nil {
		return err
	}
	reader.Baud = *baud
	if err := os.MkdirAll(*dir, 0o755); err != nil {
		return fmt.Errorf("make folder of devices: %w", err)
	}
	d := &desk{dir: *dir}
	defer func() {
		stop()
		err = errors.Join(err, d.clear())
	}()
	port, err := d.serve(ctx, "reader", reader.Run)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(out, "reader ", port); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

func openReplay(path string) (*sim.Replay, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open trace: %w", err)
	}
	defer f.Close()
	return sim.NewReplay(f)
}
