package sim

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// heard is what came at once, and when.
type heard struct {
	at    time.Duration
	bytes []byte
}

// listen runs a scanner on a cable and returns the bursts that come in ten seconds:
// what follows within a few milliseconds is one.
func listen(t *testing.T, s *Scanner) []heard {
	t.Helper()
	cable := NewCable()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, cable.Device()) }()
	start, last := time.Now(), time.Duration(-1)
	var bursts []heard
	for buf := make([]byte, 4096); ; {
		n, err := cable.Read(ctx, buf)
		if err != nil {
			break
		}
		now := time.Since(start)
		if last < 0 || now-last > 30*time.Millisecond {
			bursts = append(bursts, heard{at: now})
		}
		last = now
		b := &bursts[len(bursts)-1]
		b.bytes = append(b.bytes, buf[:n]...)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	return bursts
}

func TestScannerSendsAtItsPace(t *testing.T) {
	const code = "LEYE:000-417-261124-0001-5:402913"
	whole := []byte(code + "\r\n")
	for _, tt := range []struct {
		name   string
		config ScannerConfig
		fault  ScanFault
		times  []time.Duration // of the first 16 bytes of each burst
		ends   []byte          // of the last one
	}{
		{"plain", ScannerConfig{}, "", []time.Duration{ms(80, 1.39)}, whole},
		{"slow line", ScannerConfig{Baud: 9600}, "", []time.Duration{ms(80, 16.67)}, whole},
		{"own time", ScannerConfig{Decode: time.Second}, "", []time.Duration{ms(1000, 1.39)}, whole},
		{"packet", ScannerConfig{Packets: true}, "", []time.Duration{ms(80, 1.39)}, []byte("\x020033" + code + "\x03\x2D")},
		{"garbage", ScannerConfig{}, ScanGarbage, []time.Duration{ms(80, 1.39), ms(80+600, 26.04+1.39)}, whole},
		{"duplicate", ScannerConfig{}, ScanDuplicate, []time.Duration{ms(80, 1.39), ms(580, 3.04+1.39), ms(1080, 6.08+1.39)}, whole},
		{"split", ScannerConfig{}, ScanSplit, []time.Duration{ms(80, 1.39), ms(280, 1.56+1.39)}, whole[18:]},
		{"torn", ScannerConfig{}, ScanTorn, []time.Duration{ms(80, 1.39)}, whole[:23]},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := NewScanner(tt.config)
				if err := s.Show([]byte(code), tt.fault); err != nil {
					t.Fatal(err)
				}
				bursts := listen(t, s)
				if len(bursts) != len(tt.times) {
					t.Fatalf("%d bursts, want %d", len(bursts), len(tt.times))
				}
				for i, b := range bursts {
					if off := (b.at - tt.times[i]).Abs(); off > 100*time.Microsecond {
						t.Errorf("burst %d after %v, want %v", i, b.at, tt.times[i])
					}
				}
				if last := bursts[len(bursts)-1].bytes; !bytes.Equal(last, tt.ends) {
					t.Errorf("sent %q, want %q", last, tt.ends)
				}
			})
		})
	}
}

// ms adds whole milliseconds and the time on the line.
func ms(whole int, line float64) time.Duration {
	return time.Duration(whole)*time.Millisecond + time.Duration(line*float64(time.Millisecond))
}

func TestSlowScannerSendsByteByByte(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewScanner(ScannerConfig{})
		if err := s.Show([]byte("hello"), ScanSlow); err != nil {
			t.Fatal(err)
		}
		cable := NewCable()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		go func() { _ = s.Run(ctx, cable.Device()) }()
		for i, want := range []byte("hello\r\n") {
			start, buf := time.Now(), make([]byte, 8)
			n, err := cable.Read(ctx, buf)
			if err != nil || n != 1 || buf[0] != want {
				t.Fatalf("byte %d: %q, %v", i, buf[:n], err)
			}
			if took := time.Since(start); took < between {
				t.Errorf("byte %d came after %v", i, took)
			}
		}
		cancel()
		synctest.Wait()
		if s.Sent() != 1 {
			t.Errorf("%d sent", s.Sent())
		}
	})
}

func TestScannerRefuses(t *testing.T) {
	s := NewScanner(ScannerConfig{Packets: true})
	for name, err := range map[string]error{
		"empty":         s.Show(nil, ""),
		"unknown fault": s.Show([]byte("x"), "ghost"),
		"long packet":   s.Show(make([]byte, 10000), ""),
	} {
		if err == nil {
			t.Errorf("%s was shown", name)
		}
	}
	err := error(nil)
	for range 100 {
		err = errors.Join(err, s.Show([]byte("x"), ""))
	}
	if err == nil {
		t.Error("a hundred codes wait")
	}
}
