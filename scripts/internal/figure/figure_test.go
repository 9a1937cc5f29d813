package figure

import (
	"strings"
	"testing"
)

func TestALineOverItsLimitIsSaidAndReturned(t *testing.T) {
	var out strings.Builder
	over, err := Table(&out, []Line{
		{What: "fine", Value: 120, Floor: 100, Unit: "ms", Limit: 1.3},
		{What: "slow", Value: 140, Floor: 100, Unit: "ms", Limit: 1.3},
		{What: "alone", Value: 250, Unit: "ms", Limit: 300},
	})
	if err != nil || !over {
		t.Errorf("over = %v, %v", over, err)
	}
	for i, want := range []string{"limit", "ok", "OVER", "ok"} {
		if row := strings.Split(out.String(), "\n")[i]; !strings.Contains(row, want) {
			t.Errorf("row %d = %q, want %s", i, row, want)
		}
	}
	if over, _ := Table(&out, []Line{{Value: 1, Floor: 1, Limit: 1}}); over {
		t.Error("a ratio at its limit is over")
	}
}
