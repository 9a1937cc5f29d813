package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
)

// readingsJudge reads cards over lines that damage bytes.
func readingsJudge() judge {
	return judge{
		name: "readings", what: "10,000 cards are read over noisy lines (600 in a short run)",
		bad: "wrong cards accepted", of: "cards", try: tryReadings,
		worse: mutant{
			why:   "a fitting answer is believed at once, whatever the line did",
			edits: []edit{{"devices/idcard/samv/reading.go", "if !r.doubtful() && !contradicts(got.card) || ", "if true || "}},
		},
	}
}

var readings = regexp.MustCompile(`driver: +(\d+) right, (\d+) wrong, (\d+) refused`)

func tryReadings(ctx context.Context, t *trial) (n tally, err error) {
	args := []string{"test", "-trimpath", "-tags", t.tags, "-count=1", "-v", "-timeout=60m", "-run=^TestNoWrongCardIsAccepted$"}
	cards := t.rounds(600, 10_000)
	if t.control {
		args = append(args, "-overlay", t.path("overlay.json"))
		cards = 2000 // one answer in hundreds is damaged and fits
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "./devices/idcard/samv")...)
	cmd.Env = append(os.Environ(), fmt.Sprintf("KIOSK_READINGS=%d", cards))
	words, failed := cmd.CombinedOutput()
	said := readings.FindStringSubmatch(string(words))
	if said == nil {
		return n, fmt.Errorf("read cards: %w\n%s", failed, words)
	}
	var right, refused int
	for i, to := range []*int{&right, &n.bad, &refused} {
		if *to, err = strconv.Atoi(said[i+1]); err != nil {
			return n, err
		}
	}
	n.of = right + n.bad + refused
	n.note("%s", said[0])
	if failed != nil && n.bad == 0 {
		return n, errors.New(string(words))
	}
	return n, nil
}
