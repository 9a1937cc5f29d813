package main

import "testing"

func TestTheEndOfItsTimeIsNoFailureOfATarget(t *testing.T) {
	const ran = "fuzz: elapsed: 1m0s, execs: 93000 (0/sec), new interesting: 3 (total: 9)\n"
	for words, want := range map[string]bool{
		ran + "--- FAIL: FuzzLine (60.03s)\n    context deadline exceeded\nFAIL\n": true,
		ran + "--- FAIL: FuzzLine (31.00s)\n    --- FAIL: FuzzLine (0.00s)\n        line_test.go:9: context deadline exceeded\n    \n    Failing input written to testdata/fuzz/FuzzLine/5a\nFAIL\n": false,
		ran + "--- FAIL: FuzzLine (31.00s)\n    context deadline exceeded\n    Failing input written to testdata/fuzz/FuzzLine/5a\nFAIL\n":                                                           false,
		ran + "PASS\n": false,
	} {
		if got := outOfTime(words); got != want {
			t.Errorf("%q: %v", words, got)
		}
	}
}
