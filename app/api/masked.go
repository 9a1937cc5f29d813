package api

import (
	"fmt"
	"io"
	"log/slog"
)

// String names the application and nobody.
func (a Application) String() string { return "application " + a.Id + " for " + a.Service }

// Format writes String whatever the verb; JSON is what is sent.
func (a Application) Format(f fmt.State, _ rune) {
	// The error of a print is the printer's own.
	_, _ = io.WriteString(f, a.String())
}

// LogValue is String.
func (a Application) LogValue() slog.Value { return slog.StringValue(a.String()) }
