//go:build !probe

package main

import (
	"log/slog"

	"leye/app/terminal/internal/ui"
)

// startProbe does nothing: the shipped program cannot be asked what it shows.
func startProbe(*ui.UI, *slog.Logger) (stop func(), err error) { return func() {}, nil }
