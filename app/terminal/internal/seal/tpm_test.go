package seal

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-tpm/tpm2"
)

// simulated starts a TPM 2.0 in a process of its own and returns its socket.
func simulated(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("swtpm")
	if err != nil {
		t.Skip("there is no swtpm here (Debian package swtpm)")
	}
	// A socket's path has at most 107 bytes; t.TempDir may be longer.
	dir, err := os.MkdirTemp("", "tpm")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "socket")
	// As a daemon it returns when it listens.
	cmd := exec.CommandContext(t.Context(), program, "socket", "--tpm2", "--tpmstate", "dir="+dir, "--flags", "not-need-init,startup-clear",
		"--server", "type=unixio,path="+socket, "--ctrl", "type=unixio,path="+filepath.Join(dir, "control"),
		"--daemon", "--pid", "file="+filepath.Join(dir, "pid"))
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("start swtpm: %v\n%s", err, said)
	}
	t.Cleanup(func() { end(t, filepath.Join(dir, "pid")) })
	return socket
}

func end(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err == nil {
		err = syscall.Kill(pid, syscall.SIGTERM)
	}
	if err != nil {
		t.Error(err)
	}
}

// bootOtherwise changes the boot state, as other firmware keys would.
func bootOtherwise(t *testing.T, socket string) {
	t.Helper()
	tpm, err := openTPM(socket)
	if err != nil {
		t.Fatal(err)
	}
	defer tpm.Close()
	_, err = tpm2.PCRExtend{
		PCRHandle: tpm2.AuthHandle{Handle: tpm2.TPMHandle(7), Auth: tpm2.PasswordAuth(nil)},
		Digests:   tpm2.TPMLDigestValues{Digests: []tpm2.TPMTHA{{HashAlg: tpm2.TPMAlgSHA256, Digest: make([]byte, 32)}}},
	}.Execute(tpm)
	if err != nil {
		t.Fatal(err)
	}
}

func TestATPMKeepsTheKey(t *testing.T) {
	socket, dir := simulated(t), t.TempDir()
	path := filepath.Join(dir, FileName)
	for _, keep := range []Kind{None, TPM} {
		opt := Options{Keep: keep, Device: socket}
		k, err := OpenKey(dir, opt)
		if err != nil || k.Kind != TPM || k.Replaced != nil {
			t.Fatalf("made %v, %v", k, err)
		}
		r := seal(t, New(k))
		again, err := OpenKey(dir, opt)
		if err != nil || again.Replaced != nil {
			t.Fatalf("opened %v, %v", again, err)
		}
		if got, err := New(again).Open(r); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("after a restart: %q, %v", got, err)
		}
	}
	if held, err := Look(dir); held.Kind != TPM || err != nil {
		t.Errorf("looks like %v, %v", held, err)
	}
	var s stored
	if text, err := os.ReadFile(path); err != nil || json.Unmarshal(text, &s) != nil || s.Secret != nil || s.Sealed == nil {
		t.Errorf("the file holds %+v, %v", s, err)
	}
}

// A stolen disk in another machine, and this machine started otherwise.
func TestOtherTPMsAndBootStatesDoNotOpenIt(t *testing.T) {
	for name, theft := range map[string]func(t *testing.T, socket string) (device string){
		"another TPM":        func(t *testing.T, _ string) string { return simulated(t) },
		"another boot state": func(t *testing.T, socket string) string { bootOtherwise(t, socket); return socket },
		"no TPM":             func(t *testing.T, _ string) string { return filepath.Join(t.TempDir(), "none") },
	} {
		socket, dir := simulated(t), t.TempDir()
		k, err := OpenKey(dir, Options{Device: socket})
		if err != nil {
			t.Fatal(err)
		}
		r := seal(t, New(k))
		device := theft(t, socket)
		if _, err := OpenKey(dir, Options{Keep: TPM, Device: device}); err == nil {
			t.Errorf("%s, where a TPM must keep the key: opened", name)
		}
		if kept, err := Look(dir); err != nil || kept.Kind != TPM {
			t.Errorf("%s: the key was touched: %v, %v", name, kept, err)
		}
		other, err := OpenKey(dir, Options{Device: device})
		if err != nil || other.Replaced == nil {
			t.Fatalf("%s: %v", name, err)
		}
		if _, err := New(other).Open(r); err == nil {
			t.Errorf("%s: opens what it must not", name)
		}
		if aside, err := filepath.Glob(filepath.Join(dir, FileName+".unreadable-*")); err != nil || len(aside) != 1 {
			t.Errorf("%s: set aside %v, %v", name, aside, err)
		}
	}
}

func TestWithoutATPM(t *testing.T) {
	dir, device := t.TempDir(), filepath.Join(t.TempDir(), "none")
	if _, err := OpenKey(dir, Options{Keep: TPM, Device: device}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("where a TPM must keep the key: %v", err)
	}
	if k, err := OpenKey(dir, Options{Device: device}); err != nil || k.Kind != File {
		t.Errorf("where it may: %v, %v", k, err)
	}
	if _, err := OpenKey(dir, Options{Keep: TPM, Device: device}); err == nil || !strings.Contains(err.Error(), "move that away") {
		t.Errorf("a key file where a TPM must keep the key: %v", err)
	}
}

// FuzzStored holds that no file makes the terminal stumble, and that only one of
// the right form is a key.
func FuzzStored(f *testing.F) {
	f.Add([]byte(`{"kind":"file","secret":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}`))
	f.Add([]byte(`{"kind":"tpm","sealed":{"public":"AAA=","private":"AAA="}}`))
	f.Add([]byte(`{"kind":"tpm","secret":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}`))
	device := filepath.Join(f.TempDir(), "none")
	f.Fuzz(func(t *testing.T, text []byte) {
		var s stored
		if json.Unmarshal(text, &s) != nil {
			return
		}
		k, err := Options{Device: device}.open(s)
		if err == nil && (s.Kind != File || len(s.Secret) != secretSize || k.Kind != File) {
			t.Errorf("%s is taken for a key", text)
		}
		if k != nil {
			if err := k.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}
