// Package lamp is the value of a light at a device, such as the ring around the place
// where a card is laid: what it shows, whichever driver lights it.
//
// It decides nothing about when it shows what, and lights nothing itself; see package
// led for the driver.
package lamp

// State is what a lamp shows.
type State int

// The states of a lamp.
const (
	Off State = iota
	On
	Blinking // about once a second, for eyes that look elsewhere
)

// Lamp is one light. Its methods may be called from several goroutines.
type Lamp interface {
	// Show has the lamp show a state, and returns at once. A lamp that was lost
	// and is back shows the state that it is given next.
	Show(s State) error
	String() string
	// Close leaves the lamp dark. A second Close does nothing.
	Close() error
}

var states = [...]string{"off", "on", "blinking"}

// String is the state as logs show it.
func (s State) String() string {
	if s < 0 || int(s) >= len(states) {
		return "unknown"
	}
	return states[s]
}
