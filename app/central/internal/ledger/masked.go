package ledger

import (
	"fmt"
	"io"
	"log/slog"
)

// String names the case and nobody.
func (c Case) String() string { return "case " + c.Number + ", " + c.State }

// Format writes String whatever the verb: a case holds a full name and a query code.
func (c Case) Format(f fmt.State, _ rune) { mask(f, c.String()) }

// MarshalText is String; what leaves the process of a case has types of its own.
func (c Case) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// LogValue is String.
func (c Case) LogValue() slog.Value { return slog.StringValue(c.String()) }

// String names the application and nobody.
func (f Filing) String() string { return "application " + f.ID + " for " + f.Service }

// Format writes String whatever the verb.
func (f Filing) Format(to fmt.State, _ rune) { mask(to, f.String()) }

// LogValue is String.
func (f Filing) LogValue() slog.Value { return slog.StringValue(f.String()) }

// mask writes what stands for a value; the error of a print is the printer's own.
func mask(f fmt.State, words string) { _, _ = io.WriteString(f, words) }
