package identity_test

import (
	"context"
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"leye/app/proof/prooftest"
	"leye/app/terminal/internal/identity"
)

// following runs a Live on a folder in virtual time; after says what was taken up
// by the next glance.
func following(t *testing.T, dir string, f func(l *identity.Live, after func() *identity.Identity)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var taken atomic.Pointer[identity.Identity]
		l, err := identity.Follow(identity.LiveConfig{Dir: dir, Name: "PT01", Changed: taken.Store})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- l.Run(ctx) }()
		defer func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		}()
		f(l, func() *identity.Identity {
			taken.Store(nil)
			time.Sleep(3 * time.Second)
			synctest.Wait()
			return taken.Load()
		})
	})
}

// TestARunningTerminalIsEnrolled begins without an identity, is enrolled, and
// enrolled once more under another authority.
func TestARunningTerminalIsEnrolled(t *testing.T) {
	dir := t.TempDir()
	following(t, dir, func(l *identity.Live, after func() *identity.Identity) {
		if after() != nil || l.Current() != nil || l.Key() != nil || len(l.Trust().Roots) != 0 || len(l.TLS(time.Now).Certificates) != 0 {
			t.Error("somebody, though nobody is enrolled")
		}
		for range 2 {
			id, err := identity.Enrol(dir, "PT01", grant(prooftest.New(t)))
			if err != nil {
				t.Fatal(err)
			}
			if got := after(); got == nil || got != l.Current() || !l.Key().Equal(id.Key()) || len(l.TLS(time.Now).Certificates) != 1 {
				t.Errorf("taken up: %v", got)
			}
			if after() != nil {
				t.Error("taken up twice")
			}
		}
	})
}

// What is no identity of this terminal does not take the place of one.
func TestARunningTerminalKeepsItsIdentity(t *testing.T) {
	ca := prooftest.New(t)
	dir, id := enrol(t, ca)
	path := filepath.Join(dir, identity.FileName)
	right, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	other := t.TempDir()
	if _, err := identity.Enrol(other, "PT02", grant(ca)); err != nil {
		t.Fatal(err)
	}
	foreign, err := os.ReadFile(filepath.Join(other, identity.FileName))
	if err != nil {
		t.Fatal(err)
	}
	following(t, dir, func(l *identity.Live, after func() *identity.Identity) {
		for name, text := range map[string][]byte{"half": right[:len(right)/2], "another terminal's": foreign, "rubbish": []byte("x")} {
			if err := os.WriteFile(path, text, 0o600); err != nil {
				t.Fatal(err)
			}
			if got := after(); got != nil || l.Current() == nil || !l.Key().Equal(id.Key()) {
				t.Errorf("%s: took up %v", name, got)
			}
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if after(); l.Current() == nil {
			t.Error("a file that was taken away took the identity with it")
		}
	})
}

// A renewal writes the same file and is no news; one that was asked for before the
// terminal was enrolled anew is not kept.
func TestARenewalIsNoEnrolment(t *testing.T) {
	ca := prooftest.New(t)
	dir, _ := enrol(t, ca)
	begun := time.Now() // by the clock that the authority began with
	later := func(c *x509.Certificate) { c.NotBefore, c.NotAfter = begun, begun.Add(48*time.Hour) }
	following(t, dir, func(l *identity.Live, after func() *identity.Identity) {
		before := l.Current()
		request, err := before.Request()
		if err != nil {
			t.Fatal(err)
		}
		issued, err := grant(ca, later)(request)
		if err == nil {
			err = before.Take(issued)
		}
		if err != nil {
			t.Fatal(err)
		}
		if after() != nil || l.Current() != before {
			t.Error("its own renewal is taken for an enrolment")
		}
		anew, err := identity.Enrol(dir, "PT01", grant(prooftest.New(t)))
		if err != nil {
			t.Fatal(err)
		}
		if err := before.Take(issued); err == nil || !strings.Contains(err.Error(), "enrolled anew") {
			t.Errorf("the renewal of the identity before: %v", err)
		}
		if got := after(); got == nil || !got.Key().Equal(anew.Key()) {
			t.Errorf("taken up: %v", got)
		}
	})
}

func TestAnotherTerminalsIdentityIsNone(t *testing.T) {
	dir := t.TempDir()
	if _, err := identity.Enrol(dir, "PT02", grant(prooftest.New(t))); err != nil {
		t.Fatal(err)
	}
	l, err := identity.Follow(identity.LiveConfig{Dir: dir, Name: "PT01"})
	if err == nil || l == nil || l.Current() != nil {
		t.Errorf("%v, %v", l.Current(), err)
	}
}
