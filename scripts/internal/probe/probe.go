// Package probe asks a kiosk that was built with the tag "probe" what is on its
// screen. It only reads: no call of it changes the program.
package probe

import (
	"context"
	"encoding/json"
	"fmt"
	"image"
	"io"
	"net"
	"strings"
)

// View is the screen as the program laid it out, in pixels of its window.
type View struct {
	Screen   string    `json:"screen"` // idle, home, event, service, ... end
	Serial   int       `json:"serial"` // rises with each change of the state
	Lang     string    `json:"lang"`
	Busy     bool      `json:"busy"` // a layout or an animation is under way
	Texts    []string  `json:"texts"`
	Controls []Control `json:"controls"`
	Scrolls  []Scroll  `json:"scrolls"`

	// Marks are the boxes, lines of text and pictures that are painted, as the
	// program gave them: the bare window paints the same.
	Marks json.RawMessage `json:"marks,omitempty"`
}

// Control is one thing that a finger can touch.
type Control struct {
	ID      string  `json:"id"` // for example "choice:sex:2"
	Kind    string  `json:"kind"`
	Label   string  `json:"label"`
	X       float64 `json:"x"`
	Y       float64 `json:"y"`
	W       float64 `json:"w"`
	H       float64 `json:"h"`
	Visible bool    `json:"visible"`
	Enabled bool    `json:"enabled"`
	Scroll  string  `json:"scroll,omitempty"` // id of the scroll that it lies in
}

// Scroll is a part of the screen whose content moves under the finger.
type Scroll struct {
	ID      string  `json:"id"`
	X       float64 `json:"x"`
	Y       float64 `json:"y"`
	W       float64 `json:"w"`
	H       float64 `json:"h"`
	Offset  float64 `json:"offset"`  // how far the content is moved up
	Content float64 `json:"content"` // its whole height
}

// Bounds is where the control lies, even when it is scrolled away.
func (c Control) Bounds() image.Rectangle {
	return image.Rect(int(c.X), int(c.Y), int(c.X+c.W), int(c.Y+c.H))
}

// Bounds is the part of the screen through which the content is seen.
func (s Scroll) Bounds() image.Rectangle {
	return image.Rect(int(s.X), int(s.Y), int(s.X+s.W), int(s.Y+s.H))
}

// Control returns the control with this id.
func (v View) Control(id string) (Control, bool) {
	for _, c := range v.Controls {
		if c.ID == id {
			return c, true
		}
	}
	return Control{}, false
}

// WithPrefix returns the controls whose id begins so, in the screen's order.
func (v View) WithPrefix(prefix string) []Control {
	var found []Control
	for _, c := range v.Controls {
		if strings.HasPrefix(c.ID, prefix) {
			found = append(found, c)
		}
	}
	return found
}

// Scroll returns the scroll with this id.
func (v View) Scroll(id string) (Scroll, bool) {
	for _, s := range v.Scrolls {
		if s.ID == id {
			return s, true
		}
	}
	return Scroll{}, false
}

// Socket is the path of the unix socket that the kiosk answers on.
type Socket string

// The largest screen, the check of a long form, is some 60 KiB.
const maxView = 4 << 20

// Look returns the screen as it is now.
func (s Socket) Look(ctx context.Context) (View, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", string(s))
	if err != nil {
		return View{}, fmt.Errorf("ask the kiosk what is on screen: %w", err)
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return View{}, fmt.Errorf("ask the kiosk what is on screen: %w", err)
		}
	}
	return Decode(io.LimitReader(conn, maxView))
}

// Decode reads one view.
func Decode(r io.Reader) (View, error) {
	var v View
	if err := json.NewDecoder(r).Decode(&v); err != nil {
		return View{}, fmt.Errorf("read what is on screen: %w", err)
	}
	return v, nil
}
