package nonce

import (
	"strconv"
	"testing"
	"time"
)

func TestEachOnce(t *testing.T) {
	now := time.Unix(1790000000, 0)
	m := New(func() time.Time { return now })
	if !m.First("a", now) || !m.First("b", now) || m.First("a", now) {
		t.Error("a nonce is new once")
	}
	for n := range capacity - 2 {
		m.First(strconv.Itoa(n), now.Add(time.Minute))
	}
	now = now.Add(time.Second)
	if !m.First("c", now) || len(m.till) != capacity-1 {
		t.Errorf("what is over was not forgotten: %d", len(m.till))
	}
	m.First("d", now.Add(time.Minute))
	if m.First("e", now) || len(m.till) != capacity {
		t.Error("a full memory takes more")
	}
}
