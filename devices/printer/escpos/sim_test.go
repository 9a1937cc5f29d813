package escpos_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"leye/assets"
	"leye/devices/printer"
	"leye/devices/printer/dots"
	"leye/devices/printer/escpos"
	"leye/devices/printer/printertest"
	"leye/devices/sim"
	"leye/devices/sim/paper"
)

// bench is a driver on a simulated printer.
type bench struct {
	*escpos.Printer
	sim *sim.Printer
}

// onCable connects the two in memory, for tests on a simulated clock.
func onCable(t testing.TB, dev sim.PrinterConfig, cfg escpos.Config) bench {
	t.Helper()
	return onLine(t, dev, cfg, func(p escpos.Port) escpos.Port { return p })
}

// onLine is onCable with something in the line.
func onLine(t testing.TB, dev sim.PrinterConfig, cfg escpos.Config, over func(escpos.Port) escpos.Port) bench {
	t.Helper()
	b := bench{sim: sim.NewPrinter(dev)}
	ctx, cancel := context.WithCancel(context.Background())
	var lines sync.WaitGroup
	cfg.Baud = dev.Baud
	cfg.Dial = func() (escpos.Port, error) {
		cable := sim.NewCable()
		lines.Go(func() { _ = b.sim.Run(ctx, cable.Device()) })
		return over(cable), nil
	}
	p, err := escpos.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	b.Printer = p
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		cancel()
		lines.Wait()
	})
	return b
}

// onPTY connects the two over a pseudo terminal and a serial library, in real
// time.
func onPTY(t testing.TB, dev sim.PrinterConfig, cfg escpos.Config) bench {
	t.Helper()
	b := bench{sim: sim.NewPrinter(dev)}
	pty := b.plug(t)
	cfg.Port = pty.Path()
	p, err := escpos.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	b.Printer = p
	t.Cleanup(func() { _ = p.Close() })
	return b
}

func (b bench) plug(t testing.TB) *sim.PTY {
	t.Helper()
	pty, err := sim.OpenPTY()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var run sync.WaitGroup
	run.Go(func() { _ = b.sim.Run(ctx, pty) })
	t.Cleanup(func() {
		cancel()
		run.Wait()
	})
	return pty
}

// pieces are what was cut off.
func (b bench) pieces() []string {
	all := strings.Split(b.sim.Text(), paper.CutLine+"\n")
	return all[:len(all)-1]
}

// valid counts the codes on the paper: what makes a slip valid.
func (b bench) valid() int { return strings.Count(b.sim.Text(), "[QR ") }

// bodyBytes is about how many bytes the printer carries out before the tail.
func bodyBytes(t testing.TB) int {
	e := escpos.NewEncoder(escpos.Profile{Charset: escpos.GB18030})
	var out escpos.Encoded
	e.Setup(&out)
	if err := e.Encode(&out, printertest.Sample().Body); err != nil {
		t.Fatal(err)
	}
	return len(out.Buffer)
}

// fast is a printer whose mechanism does not hold a test up.
func fast(level int) sim.PrinterConfig { return sim.PrinterConfig{Level: level, Speed: 3000} }

// swift are limits for it; the device answers within a few milliseconds.
func swift(columns int) escpos.Config {
	return escpos.Config{Columns: columns, Speed: 1500, Timing: escpos.Timing{RealTime: 100 * time.Millisecond, Queued: 100 * time.Millisecond}}
}

func TestContractOverPseudoTerminals(t *testing.T) {
	for name, of := range map[string]struct {
		driver string
		level  int
	}{"bugst": {"bugst", 4}, "tarm": {"tarm", 4}, "without process IDs": {"bugst", 2}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			printertest.RunPrinter(t, func(t *testing.T) printertest.Rig {
				cfg := swift(48)
				cfg.Driver = of.driver
				b := onPTY(t, fast(of.level), cfg)
				return b.rig(t, of.level)
			})
		})
	}
}

func (b bench) rig(t *testing.T, level int) printertest.Rig {
	return printertest.Rig{
		Printer: b,
		Proof:   map[int]printer.Proof{2: printer.Processed, 4: printer.Printed}[level],
		Paper: func(s printer.Supply) {
			b.sim.SetPaper(map[printer.Supply]sim.Paper{printer.PaperNearEnd: sim.PaperNear, printer.PaperOut: sim.PaperOut}[s])
		},
		Cover: b.sim.SetCover,
		Power: b.sim.SetPower,
		StopIn: func(part printertest.Part, by printertest.Fault) {
			at := bodyBytes(t) / 2
			if part == printertest.Tail {
				at = bodyBytes(t) + 60
			}
			if by == printertest.CoverOpens {
				b.sim.CoverOpenAt(at)
				return
			}
			b.sim.PaperOutAt(at)
		},
		Pieces: b.pieces,
	}
}

// TestRealPrinter holds a device on the desk to the same contract; package devices
// says how. Cases that need a hand at the device are skipped.
func TestRealPrinter(t *testing.T) {
	port := os.Getenv("KIOSK_PRINTER_PORT")
	if port == "" {
		t.Skip("KIOSK_PRINTER_PORT names no printer")
	}
	baud, err := strconv.Atoi(cmp.Or(os.Getenv("KIOSK_PRINTER_BAUD"), "0"))
	if err != nil {
		t.Fatal(err)
	}
	printertest.RunPrinter(t, func(t *testing.T) printertest.Rig {
		p, err := escpos.Open(escpos.Config{
			Port: port, Baud: baud, Driver: os.Getenv("KIOSK_PRINTER_DRIVER"), Family: os.Getenv("KIOSK_PRINTER_FAMILY"),
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			c := p.Capability()
			t.Logf("%q: level %d: %v; %d mm of paper", c.Model, int(c.Level), c.Level, p.Fed())
			_ = p.Close()
		})
		return printertest.Rig{Printer: p}
	})
}

func TestLevelsClaimWhatTheyProve(t *testing.T) {
	tests := []struct {
		level     int
		writeOnly bool
		want      printer.Proof
		atLevel   printer.Level
	}{
		{sim.Silent, true, printer.Sent, 0},
		{1, false, printer.Sent, 1},
		{2, false, printer.Processed, 2},
		{3, false, printer.Processed, 3},
		{4, false, printer.Printed, 4},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint("level ", tt.atLevel), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := onCable(t, sim.PrinterConfig{Level: tt.level}, escpos.Config{WriteOnly: tt.writeOnly})
				proof, err := b.Print(t.Context(), printertest.Sample())
				if err != nil || proof != tt.want {
					t.Errorf("Print: %v, %v; want %v", proof, err, tt.want)
				}
				if got := b.Capability().Level; got != tt.atLevel {
					t.Errorf("level %d, want %d", got, tt.atLevel)
				}
				if want := printertest.Text(printertest.Sample(), 48); b.sim.Text() != want {
					t.Errorf("paper:\n%s\nwant:\n%s", b.sim.Text(), want)
				}
			})
		})
	}
}

// A printer that answers later than it is asked again is slow, not another one.
func TestLateAnswersBelongToTheirQuestion(t *testing.T) {
	for _, late := range []time.Duration{50 * time.Millisecond, 250 * time.Millisecond, 450 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			cable := sim.NewCable()
			var slow sync.WaitGroup
			slow.Go(func() { answerLate(cable.Device(), late) })
			p, err := escpos.Open(escpos.Config{Dial: func() (escpos.Port, error) { return cable, nil }})
			if err != nil {
				t.Fatal(err)
			}
			st, err := p.Status(t.Context())
			if err != nil || st.Paper != printer.PaperNearEnd || st.CoverOpen || !st.Online {
				t.Errorf("after %v: %v, %v", late, st, err)
			}
			if err := p.Close(); err != nil {
				t.Error(err)
			}
			slow.Wait()
		})
	}
}

// answerLate is a printer with its paper near the end that knows only DLE EOT.
func answerLate(line io.ReadWriter, late time.Duration) {
	var seen []byte
	var b [64]byte
	for {
		n, err := line.Read(b[:])
		for _, c := range b[:n] {
			seen = append(seen, c)
			if l := len(seen); l < 3 || seen[l-3] != 0x10 || seen[l-2] != 0x04 {
				continue
			}
			answer := byte(0x12)
			if c == 4 {
				answer |= 0x0C
			}
			time.AfterFunc(late, func() { _, _ = line.Write([]byte{answer}) })
		}
		if err != nil {
			return
		}
	}
}

func TestNothingIsClaimedOfASilentPrinter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := onCable(t, sim.PrinterConfig{Level: sim.Silent}, escpos.Config{})
		proof, err := b.Print(t.Context(), printertest.Sample())
		if proof != printer.NotSent || !errors.Is(err, printer.ErrSilent) {
			t.Errorf("Print: %v, %v", proof, err)
		}
		if n := len(b.sim.Raw()); n != 0 {
			t.Errorf("%d bytes of the slip were carried out", n)
		}
	})
}

func TestWrongFontIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := onCable(t, sim.PrinterConfig{Font: "TAIWAN BIG-5"}, escpos.Config{})
		if proof, err := b.Print(t.Context(), printertest.Sample()); proof != printer.NotSent || !errors.Is(err, printer.ErrFont) {
			t.Errorf("Print: %v, %v", proof, err)
		}
	})
}

func TestTwoByteFontGetsNoFourByteCodes(t *testing.T) {
	doc := printer.Document{Body: []printer.Block{printer.Line{Text: "张䶮𠮷·"}}}
	font, err := dots.Open(assets.Dots())
	if err != nil {
		t.Fatal(err)
	}
	for name, of := range map[string]struct {
		font   string
		has    paper.Charset
		config escpos.Config
		want   string
	}{
		"GB 18030":                 {"CHINA GB18030", paper.GB18030, escpos.Config{}, "张䶮𠮷·\n"},
		"GB 18030, less than said": {"CHINA GB18030", paper.ShortGB18030, escpos.Config{}, "张䶮▯·\n"},
		"the same with dots":       {"CHINA GB18030", paper.ShortGB18030, escpos.Config{Glyphs: font}, "张䶮▣·\n"},
		"configured, with dots":    {"CHINA GB18030", paper.GB18030, escpos.Config{Glyphs: font, Charset: escpos.GB18030}, "张䶮𠮷·\n"},
		"GB 2312":                  {"CHINA GB2312", paper.GB2312, escpos.Config{}, "张〓〓·\n"},
		"GB 2312 with dots":        {"CHINA GB2312", paper.GB2312, escpos.Config{Glyphs: font}, "张▣▣·\n"},
		"GBK, configured":          {"CHINA", paper.GBK, escpos.Config{Glyphs: font, Charset: escpos.GBK}, "张䶮▣·\n"},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := onCable(t, sim.PrinterConfig{Font: of.font, Charset: of.has}, of.config)
			if _, err := b.Print(t.Context(), doc); err != nil {
				t.Fatal(err)
			}
			if got := b.sim.Text(); got != of.want {
				t.Errorf("%s: %q, want %q", name, got, of.want)
			}
		})
	}
}

func TestHotHeadIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := onCable(t, sim.PrinterConfig{}, escpos.Config{})
		if _, err := b.Status(t.Context()); err != nil {
			t.Fatal(err)
		}
		hot := time.AfterFunc(500*time.Millisecond, func() { b.sim.SetHot(true) })
		cool := time.AfterFunc(20*time.Second, func() { b.sim.SetHot(false) })
		defer hot.Stop()
		defer cool.Stop()
		start := time.Now()
		proof, err := b.Print(t.Context(), printertest.Sample())
		if proof != printer.Printed || err != nil || time.Since(start) < 19*time.Second {
			t.Errorf("Print: %v, %v after %v", proof, err, time.Since(start))
		}
	})
}

func TestEndedContextStopsTheBodyOnly(t *testing.T) {
	for after, want := range map[time.Duration]printer.Proof{100 * time.Millisecond: printer.NotSent, 500 * time.Millisecond: printer.Printed} {
		synctest.Test(t, func(t *testing.T) {
			b := onCable(t, sim.PrinterConfig{}, escpos.Config{})
			if _, err := b.Status(t.Context()); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), after)
			defer cancel()
			proof, err := b.Print(ctx, printertest.Sample())
			if proof != want || (want == printer.Printed) != (err == nil) {
				t.Errorf("after %v: %v, %v; want %v\n%s", after, proof, err, want, b.sim.Text())
			}
			if got := b.valid(); got != int(want/printer.Printed) {
				t.Errorf("after %v: %d valid slips", after, got)
			}
		})
	}
}

func TestNoiseNeverMakesAProof(t *testing.T) {
	for seed := uint64(1); seed <= 40; seed++ {
		synctest.Test(t, func(t *testing.T) {
			b := onCable(t, sim.PrinterConfig{}, escpos.Config{})
			if _, err := b.Status(t.Context()); err != nil {
				t.Fatal(err)
			}
			b.sim.Noise(seed)
			proof, err := b.Print(t.Context(), printertest.Sample())
			if proof == printer.Printed && b.valid() != 1 || proof == printer.NotSent && b.valid() != 0 {
				t.Errorf("seed %d: %v, %v with %d valid slips", seed, proof, err, b.valid())
			}
			if proof != printer.Printed && err == nil {
				t.Errorf("seed %d: %v without an error", seed, proof)
			}
		})
	}
}

// forger is a line on which the process IDs of one block come back as others.
type forger struct {
	escpos.Port
	letter byte
}

func (f forger) Read(ctx context.Context, p []byte) (int, error) {
	n, err := f.Port.Read(ctx, p)
	if i := bytes.Index(p[:n], []byte{0x37, 0x22, f.letter}); i >= 0 && i+6 <= n {
		p[i+5]++
	}
	return n, err
}

// TestOnlyItsOwnIDProvesASlip answers with the ID of another slip.
func TestOnlyItsOwnIDProvesASlip(t *testing.T) {
	for letter, want := range map[byte]printer.Proof{'B': printer.NotSent, 'T': printer.InDoubt} {
		synctest.Test(t, func(t *testing.T) {
			dev := sim.NewPrinter(sim.PrinterConfig{})
			ctx, cancel := context.WithCancel(context.Background())
			var lines sync.WaitGroup
			defer lines.Wait()
			defer cancel()
			p, err := escpos.Open(escpos.Config{Dial: func() (escpos.Port, error) {
				cable := sim.NewCable()
				lines.Go(func() { _ = dev.Run(ctx, cable.Device()) })
				return forger{cable, letter}, nil
			}})
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			proof, err := p.Print(t.Context(), printertest.Sample())
			if proof != want || !errors.Is(err, printer.ErrStopped) {
				t.Errorf("block %c: %v, %v", letter, proof, err)
			}
			if n := strings.Count(dev.Text(), "[QR "); letter == 'B' && n != 0 {
				t.Errorf("%d valid slips without the proof of a body", n)
			}
		})
	}
}

// TestNotFasterThanPaper measures a slip against what wire and mechanism take.
func TestNotFasterThanPaper(t *testing.T) {
	for _, baud := range []int{9600, 19200, 115200} {
		synctest.Test(t, func(t *testing.T) {
			b := onCable(t, sim.PrinterConfig{Baud: baud, Speed: 150}, escpos.Config{Speed: 150})
			if _, err := b.Status(t.Context()); err != nil {
				t.Fatal(err)
			}
			var out escpos.Encoded
			e := escpos.NewEncoder(escpos.Profile{})
			e.Setup(&out)
			doc := printertest.Sample()
			if err := errors.Join(e.Encode(&out, doc.Body), e.Encode(&out, doc.Tail)); err != nil {
				t.Fatal(err)
			}
			wire := time.Duration(len(out.Buffer)) * 10 * time.Second / time.Duration(baud)
			floor := max(wire, time.Duration(out.Dots)*time.Second/1200+300*time.Millisecond)
			start := time.Now()
			if _, err := b.Print(t.Context(), doc); err != nil {
				t.Fatal(err)
			}
			took := time.Since(start)
			t.Logf("%d baud: %d bytes, %d dots: %v, floor %v", baud, len(out.Buffer), out.Dots, took.Round(time.Millisecond), floor.Round(time.Millisecond))
			if took < floor {
				t.Errorf("%d baud: %v is faster than the paper, %v", baud, took, floor)
			}
		})
	}
}

func TestUnpluggedLineIsOpenedAgain(t *testing.T) {
	b := bench{sim: sim.NewPrinter(fast(4))}
	link := t.TempDir() + "/printer"
	point := func(pty *sim.PTY) {
		_ = os.Remove(link)
		if err := os.Symlink(pty.Path(), link); err != nil {
			t.Fatal(err)
		}
	}
	pty := b.plug(t)
	point(pty)
	cfg := swift(48)
	cfg.Port = link
	p, err := escpos.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	b.Printer = p
	defer p.Close()
	if s, err := b.Status(t.Context()); err != nil || !s.Ready() {
		t.Fatalf("status %v, %v", s, err)
	}
	if err := pty.Close(); err != nil {
		t.Fatal(err)
	}
	if proof, err := b.Print(t.Context(), printertest.Sample()); proof != printer.NotSent || err == nil {
		t.Fatalf("unplugged: %v, %v", proof, err)
	}
	point(b.plug(t))
	if proof, err := b.Print(t.Context(), printertest.Sample()); proof != printer.Printed || err != nil {
		t.Fatalf("plugged in again: %v, %v", proof, err)
	}
	if want := printertest.Text(printertest.Sample(), 48); b.sim.Text() != want {
		t.Errorf("paper:\n%s", b.sim.Text())
	}
}

// TestLostLineInTheSlip pulls the plug in the middle; the printer still prints
// what it holds, and the claim must know that.
func TestLostLineInTheSlip(t *testing.T) {
	claims := map[printer.Proof]int{}
	for after := 50 * time.Millisecond; claims[printer.Printed] == 0; after += 50 * time.Millisecond {
		synctest.Test(t, func(t *testing.T) { claims[loseLine(t, after)]++ })
	}
	if claims[printer.NotSent] == 0 || claims[printer.InDoubt] == 0 {
		t.Errorf("the losses did not meet both blocks: %v", claims)
	}
}

func loseLine(t *testing.T, after time.Duration) printer.Proof {
	dev := sim.NewPrinter(sim.PrinterConfig{})
	ctx, cancel := context.WithCancel(context.Background())
	var lines sync.WaitGroup
	defer lines.Wait()
	defer cancel()
	var cable *sim.Cable
	p, err := escpos.Open(escpos.Config{Dial: func() (escpos.Port, error) {
		cable = sim.NewCable()
		lines.Go(func() { _ = dev.Run(ctx, cable.Device()) })
		return cable, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if _, err := p.Status(t.Context()); err != nil {
		t.Fatal(err)
	}
	pull := time.AfterFunc(after, func() { _ = cable.Close() })
	defer pull.Stop()
	proof, err := p.Print(t.Context(), printertest.Sample())
	time.Sleep(time.Minute)
	n := strings.Count(dev.Text(), "[QR ")
	if (err == nil) != (proof == printer.Printed) || proof == printer.NotSent && n > 0 || proof == printer.Printed && n != 1 {
		t.Errorf("after %v: %v, %v with %d valid slips", after, proof, err, n)
	}
	if again, err := p.Print(t.Context(), printertest.Sample()); again != printer.Printed || err != nil {
		t.Errorf("after %v: again %v, %v", after, again, err)
	}
	return proof
}
