package sim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// ScannerConfig describes a scanner; the zero value is a serial one at 115200 baud
// in continuous mode that puts CR LF behind each code.
type ScannerConfig struct {
	Baud int // 0 means 115200
	// Packets makes it send each code in a packet with its length and a check byte.
	Packets bool
	Decode  time.Duration // from a code held up to its first byte; 0 means 80 ms
}

// ScanFault is what goes wrong with one showing of a code.
type ScanFault string

// The faults.
const (
	ScanGarbage   ScanFault = "garbage"   // bytes that are no code go before it
	ScanDuplicate ScanFault = "duplicate" // it is read again while it stays: three times in all
	ScanSplit     ScanFault = "split"     // the line stops for a moment in its middle
	ScanSlow      ScanFault = "slow"      // it comes byte by byte with pauses between
	ScanTorn      ScanFault = "torn"      // its last third never comes
)

// ScanFaults are all of them.
func ScanFaults() []ScanFault {
	return []ScanFault{ScanGarbage, ScanDuplicate, ScanSplit, ScanSlow, ScanTorn}
}

// The times of the faults. A line that stops is a busy USB bridge; a slow one sends
// at the rate of an old engine.
const (
	stopped   = 200 * time.Millisecond
	between   = 10 * time.Millisecond
	readAgain = 500 * time.Millisecond
	after     = 600 * time.Millisecond // of silence behind garbage
)

// Scanner is a simulated 2D code scanner. Its methods may be called at any time.
type Scanner struct {
	Faults

	cfg    ScannerConfig
	showed chan showing
	sent   atomic.Int64
}

type showing struct {
	content []byte
	fault   ScanFault
}

// NewScanner returns a scanner with nothing before it.
func NewScanner(c ScannerConfig) *Scanner {
	if c.Decode == 0 {
		c.Decode = 80 * time.Millisecond
	}
	return &Scanner{cfg: c, showed: make(chan showing, 64)}
}

// Show holds a code up; the fault may be empty. Codes shown while one is being sent
// are sent after it.
func (s *Scanner) Show(content []byte, fault ScanFault) error {
	switch {
	case len(content) == 0:
		return errors.New("show code: it is empty")
	case s.cfg.Packets && len(content) > longestPacket:
		return fmt.Errorf("show code: a packet holds %d bytes at most", longestPacket)
	case fault != "" && !slices.Contains(ScanFaults(), fault):
		return fmt.Errorf("show code: no fault %q, there are %v", fault, ScanFaults())
	}
	select {
	case s.showed <- showing{append([]byte(nil), content...), fault}:
		return nil
	default:
		return fmt.Errorf("show code: %d wait to be sent", cap(s.showed))
	}
}

// Sent is how many readings were sent.
func (s *Scanner) Sent() int { return int(s.sent.Load()) }

// Run serves one line until it is unplugged or ctx ends. What the host sends is
// taken and not answered.
func (s *Scanner) Run(ctx context.Context, line io.ReadWriteCloser) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = line.Close() })
	defer stop()
	w := newWire(line, s.cfg.Baud, &s.Faults)
	var hearing sync.WaitGroup
	hearing.Go(func() {
		defer cancel() // unplugged
		for buf := make([]byte, 64); ; {
			if _, err := line.Read(buf); err != nil {
				return
			}
		}
	})
	defer hearing.Wait()
	defer cancel()
	for {
		select {
		case <-ctx.Done():
			return nil
		case v := <-s.showed:
			sleep(ctx, s.cfg.Decode)
			if err := s.send(ctx, w, v); err != nil && ctx.Err() == nil {
				return fmt.Errorf("serve scanner: %w", err)
			}
		}
	}
}

// send sends one showing with what goes wrong with it.
func (s *Scanner) send(ctx context.Context, w io.Writer, v showing) error {
	whole := s.wrap(v.content)
	step, pause := len(whole), time.Duration(0)
	times := 1
	switch v.fault {
	case ScanGarbage:
		if _, err := w.Write(garbage()); err != nil {
			return err
		}
		sleep(ctx, after)
	case ScanDuplicate:
		times = 3
	case ScanSplit:
		step, pause = (len(whole)+1)/2, stopped
	case ScanSlow:
		step, pause = 1, between
	case ScanTorn:
		whole = whole[:len(whole)-(len(whole)+2)/3]
	}
	for n := range times {
		if n > 0 {
			sleep(ctx, readAgain)
		}
		if err := inSteps(ctx, w, whole, step, pause); err != nil {
			return err
		}
		s.sent.Add(1)
	}
	return nil
}

func inSteps(ctx context.Context, w io.Writer, b []byte, step int, pause time.Duration) error {
	for at := 0; at < len(b); at += step {
		if at > 0 {
			sleep(ctx, pause)
		}
		if _, err := w.Write(b[at:min(at+step, len(b))]); err != nil {
			return err
		}
	}
	return nil
}

// wrap is a code as it goes over the line: CR LF behind it, or in a packet of STX,
// four digits of length, the code, ETX and the exclusive-or of all that.
func (s *Scanner) wrap(content []byte) []byte {
	if !s.cfg.Packets {
		return append(append([]byte(nil), content...), '\r', '\n')
	}
	b := fmt.Appendf(nil, "\x02%04d%s\x03", len(content), content)
	sum := byte(0)
	for _, c := range b {
		sum ^= c
	}
	return append(b, sum)
}

// longestPacket is what four digits can count.
const longestPacket = 9999

// garbage is some 300 bytes, always the same.
func garbage() []byte {
	r := rand.New(rand.NewPCG(1, 0))
	b := make([]byte, 300)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}
