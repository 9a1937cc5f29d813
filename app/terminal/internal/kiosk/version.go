package kiosk

import (
	"cmp"
	"runtime/debug"
	"time"
)

// version is set when a release is built
// (-ldflags "-X leye/app/terminal/internal/kiosk.version=1.2.3").
var version string

// Version is that of the program's build, "development" when it is not a release.
func Version() string {
	built := ""
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "(devel)" {
		built = info.Main.Version
	}
	return cmp.Or(version, built, "development")
}

// BuiltAt is the time of the source's revision, before which no true clock can
// be; zero when it is not known.
func BuiltAt() time.Time {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return time.Time{}
	}
	for _, s := range info.Settings {
		if at, err := time.Parse(time.RFC3339, s.Value); s.Key == "vcs.time" && err == nil {
			return at
		}
	}
	return time.Time{}
}
