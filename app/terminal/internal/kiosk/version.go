package kiosk

import (
	"cmp"
	"runtime/debug"
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
