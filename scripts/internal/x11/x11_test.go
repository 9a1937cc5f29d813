package x11

import (
	"bufio"
	"image"
	"image/color"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// xvfb starts an X server of its own and returns its name.
func xvfb(t *testing.T) string {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	server := exec.CommandContext(t.Context(), "Xvfb", "-displayfd", "3", "-screen", "0", "400x600x24", "-nolisten", "tcp", "-noreset")
	server.ExtraFiles = []*os.File{write}
	if err := server.Start(); err != nil {
		t.Fatalf("start Xvfb (Debian package xvfb): %v", err)
	}
	write.Close()
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	})
	if err := read.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	number, err := bufio.NewReader(read).ReadString('\n')
	if err != nil {
		t.Fatalf("read the display's number: %v", err)
	}
	return ":" + strings.TrimSpace(number)
}

// window shows an orange window at (100, 200) that hears the pointer.
func window(t *testing.T, name string) *xgb.Conn {
	t.Helper()
	conn, err := xgb.NewConnDisplay(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	screen := xproto.Setup(conn).DefaultScreen(conn)
	id, err := xproto.NewWindowId(conn)
	if err != nil {
		t.Fatal(err)
	}
	err = xproto.CreateWindowChecked(conn, screen.RootDepth, id, screen.Root, 100, 200, 200, 300, 0,
		xproto.WindowClassInputOutput, screen.RootVisual, xproto.CwBackPixel|xproto.CwEventMask, []uint32{
			0xff8000, xproto.EventMaskButtonPress | xproto.EventMaskButtonRelease | xproto.EventMaskButtonMotion | xproto.EventMaskExposure,
		}).Check()
	if err != nil {
		t.Fatal(err)
	}
	if err := xproto.MapWindowChecked(conn, id).Check(); err != nil {
		t.Fatal(err)
	}
	if _, ok := next(t, conn).(xproto.ExposeEvent); !ok {
		t.Fatal("the window does not show")
	}
	return conn
}

func next(t *testing.T, conn *xgb.Conn) xgb.Event {
	t.Helper()
	event, err := conn.WaitForEvent()
	if err != nil || event == nil {
		t.Fatalf("wait for an event: %v, %v", event, err)
	}
	return event
}

func TestTheFingerIsFeltAndThePictureShowsTheWindow(t *testing.T) {
	name := xvfb(t)
	display, err := Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer display.Close()
	if display.Bounds() != image.Rect(0, 0, 400, 600) {
		t.Errorf("bounds = %v", display.Bounds())
	}
	conn := window(t, name)

	if err := display.Tap(150, 260); err != nil {
		t.Fatal(err)
	}
	if press, ok := next(t, conn).(xproto.ButtonPressEvent); !ok || press.EventX != 50 || press.EventY != 60 {
		t.Errorf("press = %v", press)
	}
	if release, ok := next(t, conn).(xproto.ButtonReleaseEvent); !ok || release.EventX != 50 {
		t.Errorf("release = %v", release)
	}

	if err := display.Drag(150, 450, 150, 250); err != nil {
		t.Fatal(err)
	}
	drag(t, conn)

	picture, err := display.Picture()
	if err != nil {
		t.Fatal(err)
	}
	if got := picture.RGBAAt(120, 220); got != (color.RGBA{0xff, 0x80, 0, 0xff}) {
		t.Errorf("the window is painted %v", got)
	}
	if err := display.Tap(500, 10); err == nil {
		t.Error("a tap beside the screen went through")
	}
}

// drag reads one whole drag: a press, motion in several steps, a release.
func drag(t *testing.T, conn *xgb.Conn) {
	t.Helper()
	steps := 0
	for {
		switch event := next(t, conn).(type) {
		case xproto.MotionNotifyEvent:
			steps++
		case xproto.ButtonReleaseEvent:
			if steps < 5 || event.EventY != 50 {
				t.Errorf("%d steps, released at %d", steps, event.EventY)
			}
			return
		}
	}
}
