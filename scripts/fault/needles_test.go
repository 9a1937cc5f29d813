package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"testing/iotest"
)

func TestEveryFormIsFoundWhereverItLies(t *testing.T) {
	list := append(forms("name", "李试样"), forms("mobile", "13912345678")...)
	h := newHaystack(list)
	for _, n := range list {
		// About the edge of a chunk, at an odd place, in a disk that is mostly empty.
		for _, at := range []int{0, 1<<20 - 1, 1<<20 - len(n.form)/2, 1<<20 + h.longest - 1, 3<<20 + 7} {
			disk := make([]byte, 4<<20)
			copy(disk[at:], n.form)
			found, err := h.find(bytes.NewReader(disk))
			if err != nil || len(found) == 0 {
				t.Fatalf("%s at %d: found %v, %v", n.what, at, found, err)
			}
			if got, ok := found[n]; !ok || got != int64(at) {
				t.Errorf("%s at %d: found at %d", n.what, at, got)
			}
		}
	}
	if found, err := h.find(iotest.HalfReader(strings.NewReader(strings.Repeat("李试\x00样1391234567", 1000)))); err != nil || len(found) != 0 {
		t.Errorf("found %v, %v", found, err)
	}
}

func TestFormsAreThoseInWhichThingsAreCarried(t *testing.T) {
	text := "长寿路535004号"
	whole, err := json.Marshal(map[string]string{"a": text})
	if err != nil {
		t.Fatal(err)
	}
	has := func(carried []byte, how string) {
		t.Helper()
		found, err := newHaystack(forms("home", text)).find(bytes.NewReader(carried))
		if err != nil {
			t.Fatal(err)
		}
		for n := range found {
			if strings.Contains(n.what, how) {
				return
			}
		}
		t.Errorf("%s: found %v", how, found)
	}
	has(whole, "UTF-8")
	has([]byte(`{"a":"\u957f\u5bff\u8def535004\u53f7"}`), "JSON")
	has([]byte("?a=%E9%95%BF%E5%AF%BF%E8%B7%AF535004%E5%8F%B7&b"), "URL")
	for before := range 6 {
		has([]byte(base64.StdEncoding.EncodeToString(append(make([]byte, before), whole...))), "base64")
	}
}
