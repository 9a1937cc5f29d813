//go:build !rime

package ime

// Open opens the built-in engine; with build tag rime, librime.
func Open(o Options) (Engine, error) { return OpenBuiltIn(o) }
