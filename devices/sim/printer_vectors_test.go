package sim_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"leye/devices/sim"
)

// vector is one exchange of the protocol reference.
type vector struct{ Request, Reply, Meaning, Family string }

type vectors struct {
	Status    []vector `json:"realtime_status"`
	Clear     []vector `json:"realtime_requests"`
	Ordered   []vector `json:"gs_r"`
	ProcessID []vector `json:"gs_paren_h"`
	Identify  []vector `json:"gs_i"`
	ASB       struct {
		Blocks []struct{ Block, Meaning string }
	}
	QR struct {
		Steps []struct {
			Fn  int
			Hex string
		}
		Full string               `json:"full_hex"`
		Size struct{ Hex string } `json:"fn182_reply"`
	}
	Receipt struct {
		Hex   string
		Lines []string
	} `json:"full_receipt"`
}

func loadVectors(t *testing.T) vectors {
	t.Helper()
	data, err := os.ReadFile("../printer/escpos/testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// printerOnCable runs f with a printer at the end of a cable; say sends bytes
// and returns all that comes back within two seconds, as hex.
func printerOnCable(t *testing.T, c sim.PrinterConfig, f func(t *testing.T, p *sim.Printer, say func([]byte) string)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p, cable := sim.NewPrinter(c), sim.NewCable()
		ctx, cancel := context.WithCancel(context.Background())
		var run sync.WaitGroup
		run.Go(func() { _ = p.Run(ctx, cable.Device()) })
		f(t, p, func(b []byte) string {
			if _, err := cable.Write(b); err != nil {
				t.Fatal(err)
			}
			return listen(cable)
		})
		cancel()
		run.Wait()
	})
}

func listen(cable *sim.Cable) string {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	var out []byte
	var b [64]byte
	for {
		n, err := cable.Read(ctx, b[:])
		out = append(out, b[:n]...)
		if err != nil {
			return strings.ToUpper(strings.TrimSpace(spaced(out)))
		}
	}
}

func spaced(b []byte) string {
	var s strings.Builder
	for _, c := range b {
		s.WriteString(hex.EncodeToString([]byte{c}) + " ")
	}
	return s.String()
}

// states are what the reference's meanings look like on the device.
var states = map[string]func(*sim.Printer){
	"online, drawer low":       nil,
	"offline":                  func(p *sim.Printer) { p.SetCover(true) },
	"no offline cause":         nil,
	"cover open":               func(p *sim.Printer) { p.SetCover(true) },
	"stopped by paper end":     func(p *sim.Printer) { p.SetPaper(sim.PaperOut) },
	"error present (read n=3)": func(p *sim.Printer) { p.SetCutterError(true) },
	"cover open and paper-end stop": func(p *sim.Printer) {
		p.SetPaper(sim.PaperOut)
		p.SetCover(true)
	},
	"paper-end stop and error": func(p *sim.Printer) {
		p.SetPaper(sim.PaperOut)
		p.SetCutterError(true)
	},
	"no error":                    nil,
	"cutter error":                func(p *sim.Printer) { p.SetCutterError(true) },
	"paper present, not near end": nil,
	"near end":                    func(p *sim.Printer) { p.SetPaper(sim.PaperNear) },
	"near end and paper end":      func(p *sim.Printer) { p.SetPaper(sim.PaperOut) },
	"online, paper ok (printers that set the four undefined bits of byte 4)":        nil,
	"cover open (offline + bit 5)":                                                  func(p *sim.Printer) { p.SetCover(true) },
	"paper end and near end":                                                        func(p *sim.Printer) { p.SetPaper(sim.PaperOut) },
	"head temperature: recovers by itself":                                          func(p *sim.Printer) { p.SetHot(true) },
	"automatically recoverable error: head too hot, or cover opened while printing": func(p *sim.Printer) { p.SetHot(true) },
}

func TestRealTimeStatusHasTheReferenceBytes(t *testing.T) {
	tried := 0
	for _, v := range loadVectors(t).Status {
		set, ok := states[v.Meaning]
		if !ok || v.Family != "" {
			continue
		}
		tried++
		printerOnCable(t, sim.PrinterConfig{}, func(t *testing.T, p *sim.Printer, say func([]byte) string) {
			if set != nil {
				set(p)
			}
			if got := say(unhex(t, v.Request)); got != v.Reply {
				t.Errorf("%s (%s): %s, want %s", v.Request, v.Meaning, got, v.Reply)
			}
		})
	}
	if tried < 14 {
		t.Errorf("only %d status bytes were tried", tried)
	}
}

func TestAutomaticStatusHasTheReferenceBytes(t *testing.T) {
	tried := 0
	for _, v := range loadVectors(t).ASB.Blocks {
		set, ok := states[v.Meaning]
		if !ok {
			continue
		}
		tried++
		printerOnCable(t, sim.PrinterConfig{}, func(t *testing.T, p *sim.Printer, say func([]byte) string) {
			first := say([]byte{0x1D, 'a', 0x4E})
			if set == nil {
				if first != v.Block {
					t.Errorf("at once: %s, want %s", first, v.Block)
				}
				return
			}
			set(p)
			if got := say(nil); got != v.Block {
				t.Errorf("%s: %s, want %s", v.Meaning, got, v.Block)
			}
			if got := say(nil); got != "" {
				t.Errorf("%s: said twice: %s", v.Meaning, got)
			}
		})
	}
	if tried < 6 {
		t.Errorf("only %d blocks were tried", tried)
	}
}

func TestQueuedAnswersHaveTheReferenceBytes(t *testing.T) {
	v := loadVectors(t)
	exchange := func(c sim.PrinterConfig, set func(*sim.Printer), of vector) {
		t.Helper()
		printerOnCable(t, c, func(t *testing.T, p *sim.Printer, say func([]byte) string) {
			if set != nil {
				set(p)
			}
			if got := say(unhex(t, of.Request)); got != of.Reply {
				t.Errorf("%s (%s): %s, want %s", of.Request, of.Meaning, got, of.Reply)
			}
		})
	}
	exchange(sim.PrinterConfig{}, nil, v.Ordered[0])
	exchange(sim.PrinterConfig{}, states["near end"], v.Ordered[1])
	exchange(sim.PrinterConfig{}, nil, v.Ordered[3])
	exchange(sim.PrinterConfig{}, nil, v.ProcessID[0])
	exchange(sim.PrinterConfig{}, nil, v.ProcessID[1])
	exchange(sim.PrinterConfig{}, nil, v.Identify[0])
	exchange(sim.PrinterConfig{Font: "CHINA GB2312"}, nil, v.Identify[1])
	exchange(sim.PrinterConfig{Font: "TAIWAN BIG-5"}, nil, v.Identify[2])
	exchange(sim.PrinterConfig{Maker: "EPSON"}, nil, v.Identify[3])
	exchange(sim.PrinterConfig{Model: "TM-T82III"}, nil, v.Identify[4])
	exchange(sim.PrinterConfig{}, nil, v.Identify[5])
	exchange(sim.PrinterConfig{}, nil, v.Identify[6])
	for _, of := range v.Clear {
		exchange(sim.PrinterConfig{}, nil, of)
	}
	exchange(sim.PrinterConfig{}, nil, v.ProcessID[2])
	exchange(sim.PrinterConfig{}, states["cover open"], v.Clear[3]) // works offline
	for _, of := range v.ProcessID[3:5] {
		printerOnCable(t, sim.PrinterConfig{}, func(t *testing.T, p *sim.Printer, say func([]byte) string) {
			if got := say(unhex(t, of.Request)); got != "" {
				t.Errorf("%s: answered before it went offline: %s", of.Request, got)
			}
			p.SetCover(true)
			if got := say(nil); got != of.Reply {
				t.Errorf("%s: %s, want %s", of.Request, got, of.Reply)
			}
		})
	}
}

func TestLevelsStaySilent(t *testing.T) {
	asks := []struct {
		name  string
		bytes []byte
		level int
	}{
		{"DLE EOT", []byte{0x10, 4, 1}, 1},
		{"GS r", []byte{0x1D, 'r', 1}, 2},
		{"GS I", []byte{0x1D, 'I', 69}, 2},
		{"GS a", []byte{0x1D, 'a', 0x4E}, 3},
		{"GS ( H", []byte("\x1D(H\x06\x0000B001"), 4},
	}
	for _, level := range []int{sim.Silent, 1, 2, 3, 4} {
		printerOnCable(t, sim.PrinterConfig{Level: level}, func(t *testing.T, _ *sim.Printer, say func([]byte) string) {
			for _, ask := range asks {
				if got := say(ask.bytes); (got != "") != (level >= ask.level) {
					t.Errorf("level %d: %s answers %q", level, ask.name, got)
				}
			}
		})
	}
}

func TestReferenceReceiptOnPaper(t *testing.T) {
	v := loadVectors(t)
	printerOnCable(t, sim.PrinterConfig{}, func(t *testing.T, p *sim.Printer, say func([]byte) string) {
		start := time.Now()
		if got := say(unhex(t, v.Receipt.Hex)); got != "37 22 41 30 30 31 00" {
			t.Errorf("answers: %s", got)
		}
		if time.Since(start) < 2*time.Second {
			t.Error("the clock does not run")
		}
		// The doubled title is 52 columns wide: the printer wraps it.
		var want strings.Builder
		for i, line := range v.Receipt.Lines {
			switch i {
			case 0:
				r := []rune(line)
				want.WriteString(string(r[:12]) + "\n" + strings.Repeat(" ", 22) + string(r[12:]) + "\n")
			case 1:
				want.WriteString(strings.Repeat(" ", 18) + line + "\n")
			default:
				want.WriteString(line + "\n")
			}
		}
		got, _, _ := strings.Cut(p.Text(), "[QR ")
		if got != want.String() {
			t.Errorf("paper:\n%s\nwant:\n%s", got, want.String())
		}
		if p.State().Slips != 1 || len(p.Raw()) != 991 {
			t.Errorf("state %+v, %d bytes", p.State(), len(p.Raw()))
		}
	})
}

func TestSizeOfTheCodeIsTold(t *testing.T) {
	v := loadVectors(t)
	printerOnCable(t, sim.PrinterConfig{}, func(t *testing.T, _ *sim.Printer, say func([]byte) string) {
		say(unhex(t, v.QR.Full))
		for _, step := range v.QR.Steps {
			if step.Fn == 182 {
				if got := say(unhex(t, step.Hex)); got != v.QR.Size.Hex {
					t.Errorf("size: %s, want %s", got, v.QR.Size.Hex)
				}
			}
		}
	})
}

// TestGhostAfterARollChange shows what real machines do, and what the clear
// command is for.
func TestGhostAfterARollChange(t *testing.T) {
	for _, clear := range []bool{false, true} {
		printerOnCable(t, sim.PrinterConfig{}, func(t *testing.T, p *sim.Printer, say func([]byte) string) {
			p.SetPaper(sim.PaperOut)
			say([]byte("A\n"))
			if p.Text() != "" {
				t.Errorf("printed without paper: %q", p.Text())
			}
			if clear {
				say([]byte{0x10, 0x14, 8, 1, 3, 0x14, 1, 6, 2, 8})
			}
			p.SetPaper(sim.PaperOK)
			say(nil)
			if want := map[bool]string{false: "A\n", true: ""}[clear]; p.Text() != want {
				t.Errorf("cleared %v: %q", clear, p.Text())
			}
		})
	}
}

// TestBufferNeverOverflows sends far more than the buffer holds: the host is
// held up, and nothing is lost.
func TestBufferNeverOverflows(t *testing.T) {
	printerOnCable(t, sim.PrinterConfig{Speed: 50}, func(t *testing.T, p *sim.Printer, say func([]byte) string) {
		line := strings.Repeat("x", 47) + "\n"
		for range 300 {
			say([]byte(line))
		}
		time.Sleep(5 * time.Minute)
		if got := p.Text(); got != strings.Repeat(line, 300) {
			t.Errorf("%d lines came out", strings.Count(got, "\n"))
		}
	})
}

func TestSilentAndNoisyLines(t *testing.T) {
	printerOnCable(t, sim.PrinterConfig{}, func(t *testing.T, p *sim.Printer, say func([]byte) string) {
		ask := []byte{0x10, 4, 1}
		p.Silence(true)
		if got := say(ask); got != "" {
			t.Errorf("silent: %s", got)
		}
		p.Silence(false)
		p.Noise(7)
		good := 0
		for range 200 {
			if say(ask) == "12" {
				good++
			}
		}
		if good == 200 || good < 150 {
			t.Errorf("noise: %d of 200 answers are whole", good)
		}
		p.Noise(0)
		if got := say(ask); got != "12" {
			t.Errorf("mended: %s", got)
		}
	})
}
