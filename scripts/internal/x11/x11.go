// Package x11 is a hand and an eye on an X display: real motion, button presses
// and drags by the XTEST extension, and pictures of the root window. It knows
// nothing of the program that is shown there.
package x11

import (
	"errors"
	"fmt"
	"image"
	"io"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
	"github.com/jezek/xgb/xtest"
)

// A finger is not faster than this; programs that poll for input (GLFW, 60 times
// a second) then see press and motion in their order.
const (
	touch = 30 * time.Millisecond
	step  = 16 * time.Millisecond
)

// Display is a connection to an X server.
type Display struct {
	conn   *xgb.Conn
	root   xproto.Window
	bounds image.Rectangle
	depth  byte
}

// Open connects to the display with this name (":1"; empty: $DISPLAY).
func Open(name string) (*Display, error) {
	xgb.Logger.SetOutput(io.Discard) // it would report each display without a cookie
	conn, err := xgb.NewConnDisplay(name)
	if err != nil {
		return nil, fmt.Errorf("open display: %w", err)
	}
	if err := xtest.Init(conn); err != nil {
		conn.Close()
		return nil, fmt.Errorf("use XTEST: %w", err)
	}
	screen := xproto.Setup(conn).DefaultScreen(conn)
	return &Display{
		conn:   conn,
		root:   screen.Root,
		bounds: image.Rect(0, 0, int(screen.WidthInPixels), int(screen.HeightInPixels)),
		depth:  screen.RootDepth,
	}, nil
}

// Close ends the connection.
func (d *Display) Close() { d.conn.Close() }

// Bounds is the size of the root window in pixels.
func (d *Display) Bounds() image.Rectangle { return d.bounds }

// Tap presses and releases the first button at (x, y).
func (d *Display) Tap(x, y int) error {
	if err := d.Press(x, y); err != nil {
		return err
	}
	time.Sleep(touch)
	return d.release(x, y)
}

// Press moves to (x, y) and presses the first button; Release ends it.
func (d *Display) Press(x, y int) error {
	if !(image.Point{X: x, Y: y}).In(d.bounds) {
		return fmt.Errorf("tap at %d,%d: outside of the screen %v", x, y, d.bounds)
	}
	if err := d.fake(xproto.MotionNotify, 0, x, y); err != nil {
		return err
	}
	return d.fake(xproto.ButtonPress, 1, x, y)
}

// Release releases the first button at (x, y).
func (d *Display) Release(x, y int) error { return d.release(x, y) }

// Drag presses at one point, moves in small steps, rests as a finger does that
// wants no inertia, and releases at the other point.
func (d *Display) Drag(fromX, fromY, toX, toY int) error {
	if err := d.Press(fromX, fromY); err != nil {
		return err
	}
	time.Sleep(touch)
	steps := max(6, max(abs(toX-fromX), abs(toY-fromY))/24)
	for i := 1; i <= steps; i++ {
		x, y := fromX+(toX-fromX)*i/steps, fromY+(toY-fromY)*i/steps
		if err := d.fake(xproto.MotionNotify, 0, x, y); err != nil {
			return errors.Join(err, d.release(x, y))
		}
		time.Sleep(step)
	}
	for range 8 {
		time.Sleep(step)
		if err := d.fake(xproto.MotionNotify, 0, toX, toY); err != nil {
			return err
		}
	}
	return d.release(toX, toY)
}

func (d *Display) release(x, y int) error { return d.fake(xproto.ButtonRelease, 1, x, y) }

func (d *Display) fake(kind, detail byte, x, y int) error {
	err := xtest.FakeInputChecked(d.conn, kind, detail, 0, d.root, int16(x), int16(y), 0).Check()
	if err != nil {
		return fmt.Errorf("send touch: %w", err)
	}
	return nil
}

// Picture is what the root window shows now.
func (d *Display) Picture() (*image.RGBA, error) { return d.Region(d.bounds) }

// Region is what a part of the root window shows now.
func (d *Display) Region(r image.Rectangle) (*image.RGBA, error) {
	data, err := d.Raw(r)
	if err != nil {
		return nil, err
	}
	img := image.NewRGBA(image.Rect(0, 0, r.Dx(), r.Dy()))
	for i := 0; i+3 < len(data) && i+3 < len(img.Pix); i += 4 {
		img.Pix[i], img.Pix[i+1], img.Pix[i+2], img.Pix[i+3] = data[i+2], data[i+1], data[i], 0xff
	}
	return img, nil
}

// Raw is a part of the root window as the server keeps it: four bytes a pixel,
// blue first. It is the cheap way to see whether anything changed.
func (d *Display) Raw(r image.Rectangle) ([]byte, error) {
	if d.depth != 24 {
		return nil, fmt.Errorf("read screen: depth %d, only 24 is understood", d.depth)
	}
	r = r.Intersect(d.bounds)
	if r.Empty() {
		return nil, errors.New("read screen: nothing of it is on the screen")
	}
	reply, err := xproto.GetImage(d.conn, xproto.ImageFormatZPixmap, xproto.Drawable(d.root),
		int16(r.Min.X), int16(r.Min.Y), uint16(r.Dx()), uint16(r.Dy()), ^uint32(0)).Reply()
	if err != nil {
		return nil, fmt.Errorf("read screen: %w", err)
	}
	return reply.Data, nil
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}
