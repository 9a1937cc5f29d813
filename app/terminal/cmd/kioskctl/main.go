// Command kioskctl is the technicians' and staff's tool on a terminal: it looks
// at everything that the kiosk works with and tries its devices, over a serial
// line or SSH and without a screen.
//
// It changes nothing in the terminal's state but who it is to the central, and
// shows nobody's answers: they lie sealed.
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
	if err := harden.Process(); err != nil { // staff need it all the same
		fmt.Fprintln(os.Stderr, "warning:", err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr, os.DirFS("/")})
	stop()
	os.Exit(code)
}
