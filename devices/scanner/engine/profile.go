package engine

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// profile is how a scanner marks where a code ends. Its setting must be made at the
// scanner too.
type profile struct {
	name     string
	suffixes []string      // one of them, then gap of silence, ends a code
	stall    time.Duration // the silence after which no more of a code comes
	bare     bool          // what came until then is a code, though without suffix
	packed   bool          // see packet
}

// gap is the silence after a suffix that makes it one: some ten bytes' time on the
// slowest line, and less than any scanner takes for its next code.
const gap = 50 * time.Millisecond

var profiles = [...]profile{
	// For scanners whose setting nobody knows: CR, LF, both or nothing.
	{name: "auto", suffixes: []string{"\r\n", "\r", "\n"}, stall: 300 * time.Millisecond, bare: true},
	// What came without its CR LF broke off and is no code.
	{name: "crlf", suffixes: []string{"\r\n"}, stall: 500 * time.Millisecond},
	{name: "packet", packed: true, stall: 500 * time.Millisecond},
}

// Profiles are the names that Config.Profile takes, the usual one first.
func Profiles() []string {
	var names []string
	for _, p := range profiles {
		names = append(names, p.name)
	}
	return names
}

func profileOf(name string) (profile, error) {
	if name == "" {
		return profiles[0], nil
	}
	i := slices.IndexFunc(profiles[:], func(p profile) bool { return p.name == name })
	if i < 0 {
		return profile{}, fmt.Errorf("unknown profile %q, there are %s", name, strings.Join(Profiles(), ", "))
	}
	return profiles[i], nil
}
