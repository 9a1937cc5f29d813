// Command fault harms the running product in one way after another and counts
// what was lost by it. A count of nothing proves little by itself: every judge
// therefore counts a second time on a control, the same product with one thing
// changed for the worse, which must be found out.
//
//	fault list
//	fault run --bin DIR --dir DIR --tags TAGS --link FLAGS [--short] [--seed N] NAME...
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
	"time"
)

// errFailed ends a run in which a judge was not content.
var errFailed = errors.New("not all that was tried holds")

// errUsage is a command line that says nothing that can be done.
var errUsage = errors.New("wrong usage: fault list, or fault run and names")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	switch {
	case err == nil:
	case errors.Is(err, errUsage), errors.Is(err, flag.ErrHelp):
		fmt.Fprintln(os.Stderr, "fault:", err)
		os.Exit(2)
	default:
		fmt.Fprintln(os.Stderr, "fault:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	switch {
	case len(args) == 1 && args[0] == "list":
		list(out)
		return nil
	case len(args) == 0 || args[0] != "run":
		return errUsage
	}
	var c court
	flags := flag.NewFlagSet("fault run", flag.ContinueOnError)
	flags.StringVar(&c.bin, "bin", "", "`folder` of the built programs")
	flags.StringVar(&c.dir, "dir", "", "`folder` for all that is left")
	flags.StringVar(&c.tags, "tags", "", "build `tags` of the product")
	flags.StringVar(&c.link, "link", "", "linker `flags` of the product")
	flags.BoolVar(&c.short, "short", false, "small figures")
	flags.Uint64Var(&c.seed, "seed", uint64(time.Now().UnixNano()), "of all that is random")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	chosen, err := choose(flags.Args())
	if err != nil {
		return err
	}
	if c.short && flags.NArg() == 0 {
		chosen = slices.DeleteFunc(chosen, func(j judge) bool { return j.long })
	}
	return c.hear(ctx, chosen, out)
}

func list(out io.Writer) {
	for _, j := range judges() {
		fmt.Fprintf(out, "%-8s  %s\n", j.name, j.what)
	}
}

// choose finds the judges by their names; none named means all.
func choose(names []string) ([]judge, error) {
	all := judges()
	if len(names) == 0 {
		return all, nil
	}
	var chosen []judge
	for _, name := range names {
		i := slices.IndexFunc(all, func(j judge) bool { return j.name == name })
		if i < 0 {
			return nil, fmt.Errorf("%w: there is no judge named %q", errUsage, name)
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

// judges are all that there are, in the order in which they are heard.
func judges() []judge {
	return []judge{
		kioskJudge(), killJudge(), drainJudge(), powerJudge(), errorsJudge(), bitsJudge(), fullJudge(), networkJudge(),
		liarJudge(), backlogJudge(), memoryJudge(), evacuateJudge(), remainsJudge(), guestJudge(),
		readingsJudge(), fuzzJudge(),
	}
}
