package peak

import (
	"bufio"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

const mib = 1 << 20

// fill has so much memory, all of it used.
func fill(n int) []byte {
	b := make([]byte, n*mib)
	for i := 0; i < len(b); i += 4096 {
		b[i] = 1
	}
	return b
}

func TestMain(m *testing.M) {
	if os.Getenv("PEAK_TEST_CHILD") != "" {
		b := fill(40)
		println("ready", b[0])
		_, _ = os.Stdin.Read(make([]byte, 1))
		return
	}
	os.Exit(m.Run())
}

// TestAProgramsOwnMemoryCounts holds the kernel's word of an ended child beside it,
// which is its parent's.
func TestAProgramsOwnMemoryCounts(t *testing.T) {
	large := fill(150)
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe")
	cmd.Env = append(os.Environ(), "PEAK_TEST_CHILD=yes")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	said, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	done, most := make(chan struct{}), make(chan float64)
	go func() { most <- Of(cmd.Process.Pid, done) }()
	if _, err := bufio.NewReader(said).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	close(done)
	got := <-most
	_ = in.Close()
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	kernel := float64(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss) / 1024
	t.Logf("%.0f MiB, by the kernel's word %.0f, %d here", got, kernel, len(large)/mib)
	// The kernel counts pages in its processors' own books and sums them up now and then.
	if got < 30 || got > 100 || kernel < 150 {
		t.Errorf("%.0f MiB of 40, the kernel's word is %.0f with a parent of 150", got, kernel)
	}
}
