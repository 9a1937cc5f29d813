// Command measure compares the kiosk with bare programs on the same machine, in
// the same minutes and by the same means: touches and pixels of one X display.
// It prints a line for each figure and ends with 1 when one is over its limit.
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
	"text/tabwriter"
	"time"

	"leye/scripts/internal/devices"
	"leye/scripts/internal/probe"
	"leye/scripts/internal/x11"
)

// line is one figure beside its floor.
type line struct {
	what         string
	value, floor float64
	unit         string
	limit        float64 // of value/floor, or of value when there is no floor
}

func (l line) ratio() float64 {
	if l.floor == 0 {
		return l.value
	}
	return l.value / l.floor
}

func (l line) over() bool { return l.ratio() > l.limit }

type config struct {
	kiosk, settings, bare, socket, card, dir string
	devices                                  devices.Control
	rounds                                   int
	module                                   time.Duration
}

func main() {
	var c config
	flag.StringVar(&c.kiosk, "kiosk", "", "`program`, built with the tag probe")
	flag.StringVar(&c.settings, "config", "", "configuration `file` of the kiosk")
	flag.StringVar(&c.bare, "bare", "", "`program` to compare with")
	flag.StringVar(&c.socket, "probe", "", "`socket` that the kiosk answers on")
	flag.StringVar((*string)(&c.devices), "devices", "", "`URL` of the simulated devices' control")
	flag.StringVar(&c.dir, "dir", ".", "`folder` for what the programs hand each other")
	flag.StringVar(&c.card, "card", "resident_plain", "`name` of the card that is laid")
	flag.IntVar(&c.rounds, "rounds", 5, "how often each thing is measured")
	flag.DurationVar(&c.module, "module", 0, "own time of the simulated card module")
	filing := flag.String("filing", "", "`file` with the output of the queue's benchmark")
	drivers := flag.String("drivers", "", "`file` with the output of the drivers' benchmarks")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	over, err := run(ctx, c, *filing, *drivers, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
	}
	if err != nil || over {
		os.Exit(1)
	}
}

func run(ctx context.Context, c config, filing, drivers string, out io.Writer) (over bool, err error) {
	display, err := x11.Open("")
	if err != nil {
		return false, err
	}
	defer display.Close()
	m := &measurer{config: c, display: display, screen: probe.Socket(c.socket)}
	lines, err := m.all(ctx)
	if err != nil {
		return false, err
	}
	if filing != "" {
		l, err := readFiling(filing)
		if err != nil {
			return false, err
		}
		lines = append(lines, l)
	}
	if drivers != "" {
		more, err := readDrivers(drivers)
		if err != nil {
			return false, err
		}
		lines = append(lines, more...)
	}
	return table(out, lines)
}

func table(out io.Writer, lines []line) (over bool, err error) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "what\tvalue\tfloor\tratio\tlimit\t")
	for _, l := range lines {
		floor, ratio, limit := "-", "-", fmt.Sprintf("%g %s", l.limit, l.unit)
		if l.floor != 0 {
			floor, ratio, limit = figure(l.floor)+" "+l.unit, fmt.Sprintf("%.2f", l.ratio()), fmt.Sprintf("%.2f", l.limit)
		}
		verdict := "ok"
		if l.over() {
			verdict, over = "OVER", true
		}
		fmt.Fprintf(w, "%s\t%s %s\t%s\t%s\t%s\t%s\n", l.what, figure(l.value), l.unit, floor, ratio, limit, verdict)
	}
	return over, w.Flush()
}

// figure has three digits that say something.
func figure(v float64) string {
	if v < 10 {
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.1f", v)
}

var errNothing = errors.New("nothing was measured")

// median of some measured times, in milliseconds.
func median(times []time.Duration) (float64, error) {
	if len(times) == 0 {
		return 0, errNothing
	}
	sorted := slices.Sorted(slices.Values(times))
	return float64(sorted[len(sorted)/2].Microseconds()) / 1000, nil
}
