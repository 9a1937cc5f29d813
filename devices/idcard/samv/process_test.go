package samv

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"leye/devices/sim"
)

// moduleRate names the variable that makes the test's program a simulated module at
// so many bit/s: what a driver costs is seen only where the module is another process.
const moduleRate = "SAMV_TEST_MODULE"

func TestMain(m *testing.M) {
	if rate, ok := os.LookupEnv(moduleRate); ok {
		if err := beModule(rate); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// beModule says the path of its line, then does what each line of its input names
// until that ends.
func beModule(rate string) error {
	baud, err := strconv.Atoi(rate)
	if err != nil {
		return err
	}
	line, err := sim.OpenPTY()
	if err != nil {
		return err
	}
	module := sim.NewReader(sim.ReaderConfig{Baud: baud})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- module.Run(ctx, line) }()
	fmt.Println(line.Path())
	for hands := bufio.NewScanner(os.Stdin); hands.Scan(); {
		switch card := hands.Text(); card {
		case "":
			module.Take()
		default:
			if err := module.Lay(card); err != nil {
				stop()
				return err
			}
		}
	}
	stop()
	return <-ended
}

// process is a simulated module in a process of its own.
type process struct {
	path  string
	hands *os.File
}

// startModule skips where there are no pseudo terminals.
func startModule(t testing.TB, baud int) process {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	// It ends with its input, after the test's context, and says how it went.
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), os.Args[0])
	cmd.Env = append(os.Environ(), moduleRate+"="+strconv.Itoa(baud))
	cmd.Stdin, cmd.Stderr = read, os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	read.Close()
	t.Cleanup(func() {
		write.Close()
		if err := cmd.Wait(); err != nil {
			t.Error("module:", err)
		}
	})
	path, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Skip("no module:", err)
	}
	return process{strings.TrimSpace(path), write}
}

// lay puts the named card on the module, or takes what lies there when it is empty.
func (p process) lay(t testing.TB, card string) {
	t.Helper()
	if _, err := fmt.Fprintln(p.hands, card); err != nil {
		t.Fatal(err)
	}
}
