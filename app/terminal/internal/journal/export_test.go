package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"time"

	"leye/app/terminal/internal/kiosk"
)

// made is an export of n lines that nobody had to write into a database.
func made(tb testing.TB, n int) (lines [][]byte, heads []Head) {
	tb.Helper()
	prev := []byte{}
	for seq := int64(1); seq <= int64(n); seq++ {
		e := kiosk.Event{At: time.UnixMilli(1790000000000 + seq*977), Name: fmt.Sprint("entry.", seq%5), Entry: kiosk.ApplicationID(fmt.Sprintf("ID%024d", seq/3)), Code: "http_503"}
		hash := sum(seq, e, prev)
		var b bytes.Buffer
		err := exported{seq, e.At.UnixMilli(), e.Name, string(e.Entry), e.Code, hex.EncodeToString(prev), hex.EncodeToString(hash)}.write(&b)
		if err != nil {
			tb.Fatal(err)
		}
		lines, heads, prev = append(lines, b.Bytes()), append(heads, Head{Seq: seq, Hash: hex.EncodeToString(hash)}), hash
	}
	return lines, heads
}

func TestAnExportVerifiesElsewhere(t *testing.T) {
	_, j := openTest(t)
	early := fill(t, j, 5)
	late := fill(t, j, 5)
	var b bytes.Buffer
	if err := j.Export(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	for _, known := range []Head{{}, early, late} {
		if got, err := VerifyExport(bytes.NewReader(b.Bytes()), known); err != nil || got != late {
			t.Errorf("known %v: got %v, %v", known, got, err)
		}
	}
	var truncated *Truncated
	if _, err := VerifyExport(strings.NewReader(""), late); !errors.As(err, &truncated) || truncated.Known != 10 {
		t.Errorf("nothing left: %v", err)
	}
	if got, err := VerifyExport(strings.NewReader(""), Head{}); err != nil || got != (Head{}) {
		t.Errorf("an empty journal: %v, %v", got, err)
	}
}

func parse(t *testing.T, line []byte) (e exported, at time.Time) {
	t.Helper()
	if err := json.Unmarshal(line, &e); err != nil {
		t.Fatal(err)
	}
	return e, time.UnixMilli(e.At)
}

// rehash writes a chain anew from some line on, as somebody with the file and
// this source in hand would.
func rehash(t *testing.T, lines [][]byte, change func(n int, e *kiosk.Event) bool) [][]byte {
	t.Helper()
	var out [][]byte
	prev, seq := []byte{}, int64(0)
	for n, line := range lines {
		e, at := parse(t, line)
		event := kiosk.Event{At: at, Name: e.Event, Entry: kiosk.ApplicationID(e.Entry), Code: e.Code}
		if !change(n, &event) {
			continue
		}
		seq++
		hash := sum(seq, event, prev)
		var b bytes.Buffer
		err := exported{seq, event.At.UnixMilli(), event.Name, string(event.Entry), event.Code, hex.EncodeToString(prev), hex.EncodeToString(hash)}.write(&b)
		if err != nil {
			t.Fatal(err)
		}
		out, prev = append(out, b.Bytes()), hash
	}
	return out
}

// TestAThousandMutations changes an exported chain in a thousand ways; all are
// found against the head that was given away, and most by the chain alone.
func TestAThousandMutations(t *testing.T) {
	const size = 120
	lines, heads := made(t, size)
	seed := rand.New(rand.NewPCG(30, 1042))
	kinds := []string{
		"a byte flipped", "a field edited", "a time moved", "a line deleted", "lines swapped", "a line doubled", "cut off",
		"cut within a line", "edited and hashed anew", "deleted and hashed anew", "cut off and grown again", "a hash exchanged",
	}
	caught, alone := map[string]int{}, 0
	for n := range 1000 {
		kind := kinds[n%len(kinds)]
		mutated := mutate(t, seed, n%len(kinds), lines)
		if bytes.Equal(mutated, bytes.Join(lines, nil)) {
			t.Fatalf("%d: %s changed nothing", n, kind)
		}
		_, err := VerifyExport(bytes.NewReader(mutated), heads[size-1])
		var broken *Broken
		var truncated *Truncated
		if !errors.As(err, &broken) && !errors.As(err, &truncated) {
			t.Errorf("%d: %s passes: %v", n, kind, err)
			continue
		}
		caught[kind]++
		if _, err := VerifyExport(bytes.NewReader(mutated), Head{}); err != nil {
			alone++
		}
	}
	total := 0
	for _, n := range caught {
		total += n
	}
	if alone == total {
		t.Error("the head was never needed: the control does not discriminate")
	}
	t.Logf("1,000 tried, %d caught, %d of them without the head; %v", total, alone, caught)
}

func mutate(t *testing.T, seed *rand.Rand, kind int, lines [][]byte) []byte {
	t.Helper()
	at := seed.IntN(len(lines) - 1)
	own := append([][]byte(nil), lines...)
	whole := bytes.Join(lines, nil)
	edit := func(n int, e *kiosk.Event) bool {
		if n == at {
			e.Code = "http_500"
		}
		return true
	}
	switch kind {
	case 0:
		i := seed.IntN(len(whole))
		whole[i] ^= 1 << seed.IntN(8)
		return whole
	case 1:
		own[at] = bytes.Replace(own[at], []byte("http_503"), []byte("http_500"), 1)
	case 2:
		own[at] = bytes.Replace(own[at], []byte(`"at":179`), []byte(`"at":178`), 1)
	case 3:
		own = append(own[:at:at], own[at+1:]...)
	case 4:
		own[at], own[at+1] = own[at+1], own[at]
	case 5:
		own = append(own[:at+1:at+1], own[at:]...)
	case 6:
		own = own[:at+1]
	case 7:
		return whole[:len(whole)-1-seed.IntN(len(own[len(own)-1])-1)]
	case 8:
		own = rehash(t, own, edit)
	case 9:
		own = rehash(t, own, func(n int, _ *kiosk.Event) bool { return n != at })
	case 10:
		own = rehash(t, append(own[:at+1:at+1], own[:len(own)-at-1]...), func(int, *kiosk.Event) bool { return true })
	case 11:
		other := sha256.Sum256([]byte{byte(at)})
		e, _ := parse(t, own[at])
		own[at] = bytes.ReplaceAll(own[at], []byte(e.Hash), []byte(hex.EncodeToString(other[:])))
	}
	return bytes.Join(own, nil)
}

func FuzzVerifyExport(f *testing.F) {
	lines, heads := made(f, 3)
	right := bytes.Join(lines, nil)
	f.Add(right)
	f.Add(right[:100])
	f.Add([]byte("{}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := VerifyExport(bytes.NewReader(data), heads[2]); err == nil && !bytes.HasPrefix(data, right) {
			t.Errorf("taken: %q", data)
		}
	})
}

// BenchmarkVerifyExport verifies 200,000 lines, more than a busy terminal writes
// in half a year. On a busy machine only the processor's time tells something.
func BenchmarkVerifyExport(b *testing.B) {
	const size = 200_000
	lines, heads := made(b, size)
	data := bytes.Join(lines, nil)
	began := processor(b)
	for b.Loop() {
		if _, err := VerifyExport(bytes.NewReader(data), heads[size-1]); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric((processor(b)-began).Seconds()/float64(b.N), "cpu-s/op")
	b.ReportMetric(size, "lines")
}

// processor is the time that this process has had of processors.
func processor(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
