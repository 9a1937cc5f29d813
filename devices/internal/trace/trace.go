// Package trace is the written form of what passes on a serial line: exchanges of
// requests and answers as hex that a person can review. What the bytes mean, and
// what of them must not be written down, is the driver's matter.
package trace

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"time"
)

// Exchange is a request and what came after it.
type Exchange struct {
	Request []byte        // empty: the answer came by itself
	Answer  []byte        // nil: silence
	After   time.Duration // from the request to the first byte of the answer
}

// WriteTo writes the exchange as Parse reads it.
func (e Exchange) WriteTo(w io.Writer) (int64, error) {
	var b strings.Builder
	if len(e.Request) > 0 {
		fmt.Fprintf(&b, "> % X\n", e.Request)
	}
	if len(e.Answer) > 0 {
		fmt.Fprintf(&b, "< %s % X\n", e.After.Round(time.Millisecond), e.Answer)
	}
	n, err := io.WriteString(w, b.String())
	return int64(n), err
}

// Parse reads exchanges. Each line is empty, a comment after #, what is written to
// the device after >, or what the device sends after <, as hex bytes; a delay may
// stand before the bytes of the device:
//
//	# find, no card
//	> AA AA AA 96 69 00 03 20 01 22
//	< 30ms AA AA AA 96 69 00 04 00 00 80 84
//
// Lines of the device that follow each other are answers that come by themselves.
func Parse(r io.Reader) ([]Exchange, error) {
	var all []Exchange
	scan := bufio.NewScanner(r)
	for line := 1; scan.Scan(); line++ {
		text, _, _ := strings.Cut(scan.Text(), "#")
		words := strings.Fields(text)
		if len(words) == 0 {
			continue
		}
		e, err := parseLine(words)
		if err != nil {
			return nil, fmt.Errorf("read trace: line %d: %w", line, err)
		}
		if last := len(all) - 1; words[0] == "<" && last >= 0 && all[last].Answer == nil {
			all[last].Answer, all[last].After = e.Answer, e.After
			continue
		}
		all = append(all, e)
	}
	if err := scan.Err(); err != nil {
		return nil, fmt.Errorf("read trace: %w", err)
	}
	return all, nil
}

func parseLine(words []string) (Exchange, error) {
	var e Exchange
	mark, words := words[0], words[1:]
	if mark == "<" && len(words) > 0 {
		if d, err := time.ParseDuration(words[0]); err == nil && strings.HasSuffix(words[0], "s") {
			e.After, words = d, words[1:]
		}
	}
	b, err := hex.DecodeString(strings.Join(words, ""))
	if err != nil {
		return e, err
	}
	if len(b) == 0 {
		return e, fmt.Errorf("no bytes after %s", mark)
	}
	switch mark {
	case ">":
		e.Request = b
	case "<":
		e.Answer = b
	default:
		return e, fmt.Errorf("line begins with %q, want > or <", mark)
	}
	return e, nil
}
