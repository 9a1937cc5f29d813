//go:build probe

package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"

	"fyne.io/fyne/v2"

	"leye/app/terminal/internal/ui"
)

// startProbe answers, on the socket that KIOSK_PROBE names, each connection with
// one JSON document of what is on the screen. It is built in for played visits
// only.
func startProbe(u *ui.UI, log *slog.Logger) (stop func(), err error) {
	path := os.Getenv("KIOSK_PROBE")
	if path == "" {
		return func() {}, nil
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("open probe: %w", err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			var seen ui.Seen
			fyne.DoAndWait(func() { seen = u.Inspect() })
			if err := json.NewEncoder(c).Encode(seen); err != nil {
				log.Warn("answer probe", "err", err)
			}
			c.Close()
		}
	})
	return func() {
		l.Close()
		serving.Wait()
	}, nil
}
