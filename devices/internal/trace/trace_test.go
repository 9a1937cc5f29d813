package trace_test

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"

	"leye/devices/internal/trace"
)

const sample = `
# a find without a card, then one answer in two pieces
> AA 01
< 30ms 80 84

> AA 02
< 1s 90
< 90
`

func TestParse(t *testing.T) {
	got, err := trace.Parse(strings.NewReader(sample))
	want := []trace.Exchange{
		{Request: []byte{0xAA, 1}, Answer: []byte{0x80, 0x84}, After: 30 * time.Millisecond},
		{Request: []byte{0xAA, 2}, Answer: []byte{0x90}, After: time.Second},
		{Answer: []byte{0x90}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestParseFaults(t *testing.T) {
	for _, bad := range []string{"= 01", "> 0", "> zz", "<", "< 5ms"} {
		if got, err := trace.Parse(strings.NewReader(bad)); err == nil {
			t.Errorf("%q gave %v", bad, got)
		}
	}
}

// FuzzParse wants what was read to be the same after it was written.
func FuzzParse(f *testing.F) {
	f.Add(sample)
	f.Fuzz(func(t *testing.T, s string) {
		all, err := trace.Parse(strings.NewReader(s))
		if err != nil {
			return
		}
		var b bytes.Buffer
		for i := range all {
			if len(all[i].Request)+len(all[i].Answer) == 0 {
				t.Fatal("empty exchange")
			}
			all[i].After = all[i].After.Round(time.Millisecond)
			if _, err := all[i].WriteTo(&b); err != nil {
				t.Fatal(err)
			}
		}
		again, err := trace.Parse(&b)
		if err != nil || !reflect.DeepEqual(all, again) {
			t.Fatalf("%v became %v, %v", all, again, err)
		}
	})
}
