package sim

import (
	"encoding/json"
	"math"
	"os"
	"strconv"
	"testing"
)

// TestWireHasTheReferenceTimes holds the pace of the line to the reference's table.
func TestWireHasTheReferenceTimes(t *testing.T) {
	data, err := os.ReadFile("../printer/escpos/testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var v struct {
		Timing struct {
			Native  map[string]float64 `json:"native_991"`
			Picture map[string]float64 `json:"picture_qr_7294"`
			Raster  map[string]float64 `json:"all_raster_69580"`
		}
	}
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	tried := 0
	for n, times := range map[int]map[string]float64{991: v.Timing.Native, 7294: v.Timing.Picture, 69580: v.Timing.Raster} {
		for rate, want := range times {
			tried++
			baud, err := strconv.Atoi(rate)
			if err != nil {
				t.Fatal(err)
			}
			if got := newWire(nil, baud, nil).time(n).Seconds(); math.Abs(got-want) > 0.005 {
				t.Errorf("%d bytes at %d baud: %.3f s, want %.3f", n, baud, got, want)
			}
		}
	}
	if tried != 12 {
		t.Errorf("%d times in the reference", tried)
	}
}
