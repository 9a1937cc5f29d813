// Command central is the reference central that kiosks relay to: it takes
// applications in, keeps cases and shows both in a console.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"leye/app/harden"
)

func main() {
	if err := harden.Process(); err != nil { // a central that serves is worth more
		fmt.Fprintln(os.Stderr, "warning:", err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
