package serialport

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/creack/pty"
)

const replugs = 1000

// TestALineIsUnpluggedAndPluggedInOverAndOver pulls a real terminal out and puts
// another one under the same name. The waits between attempts pass on a clock of
// the test.
func TestALineIsUnpluggedAndPluggedInOverAndOver(t *testing.T) {
	for _, driver := range []string{DriverBugst, DriverTarm} {
		t.Run(driver, func(t *testing.T) {
			link := filepath.Join(t.TempDir(), "reader")
			r := NewReopening(Config{Path: link, Driver: driver})
			s := &socket{t: t, r: r, link: link}
			var waited time.Duration
			r.sleep = func(ctx context.Context, d time.Duration) error {
				waited += d
				return ctx.Err()
			}
			s.plugIn()
			if err := r.Ensure(t.Context()); err != nil {
				t.Fatal(err)
			}
			goroutines, files := runtime.NumGoroutine(), descriptors(t)
			var longest time.Duration
			for round := range replugs {
				s.pull()
				for range round % 7 { // away for a while
					if err := r.Ensure(t.Context()); !errors.Is(err, fs.ErrNotExist) {
						t.Fatalf("round %d, away: %v", round, err)
					}
				}
				waited = 0
				s.plugIn()
				if err := r.Ensure(t.Context()); err != nil {
					t.Fatalf("round %d: %v", round, err)
				}
				s.exchange()
				longest = max(longest, waited)
			}
			t.Logf("%d rounds, at most %v from plugged in to open", replugs, longest)
			// One more second passes between two attempts of whoever uses the line.
			if longest+time.Second >= 3*time.Second {
				t.Errorf("back only after %v", longest)
			}
			if g, f := runtime.NumGoroutine(), descriptors(t); g > goroutines || f > files {
				t.Errorf("%d goroutines became %d, %d descriptors %d", goroutines, g, files, f)
			}
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// socket is where the device of a test is plugged in.
type socket struct {
	t             *testing.T
	r             *Reopening
	link          string
	master, slave *os.File
}

func (s *socket) plugIn() {
	s.t.Helper()
	var err error
	if s.master, s.slave, err = pty.Open(); err != nil {
		s.t.Skip("no pseudo terminals here:", err)
	}
	if err := os.Symlink(s.slave.Name(), s.link); err != nil {
		s.t.Fatal(err)
	}
}

// pull takes the device out; the line notices.
func (s *socket) pull() {
	s.t.Helper()
	if err := errors.Join(os.Remove(s.link), s.master.Close()); err != nil {
		s.t.Fatal(err)
	}
	_, err := s.r.Read(s.t.Context(), make([]byte, 8))
	if err := errors.Join(s.slave.Close()); err != nil {
		s.t.Fatal(err)
	}
	if !errors.Is(err, ErrUnplugged) {
		s.t.Fatalf("pulled: %v", err)
	}
}

func (s *socket) exchange() {
	s.t.Helper()
	buf := make([]byte, 8)
	if _, err := s.master.Write([]byte{5}); err != nil {
		s.t.Fatal(err)
	}
	if n, err := s.r.Read(s.t.Context(), buf); err != nil || n != 1 || buf[0] != 5 {
		s.t.Fatalf("read %d bytes: %v", n, err)
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip(err)
	}
	return len(open)
}
