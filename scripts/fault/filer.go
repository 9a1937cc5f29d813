package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// said is what filers of one store have said, in all their lives.
type said struct {
	kept     map[string]claim    // by identifier
	accepted map[string]string   // identifier to case number
	failed   map[string][]string // identifier to the kinds of its failures
}

// claim is one application that was called kept.
type claim struct {
	reference, digest string
	took              time.Duration
}

func newSaid() *said {
	return &said{kept: map[string]claim{}, accepted: map[string]string{}, failed: map[string][]string{}}
}

// take reads one line of a filer.
func (s *said) take(line string) error {
	word := strings.Fields(line)
	switch {
	case len(word) == 5 && word[0] == "kept":
		micros, err := strconv.Atoi(word[4])
		if err != nil {
			return fmt.Errorf("read what the filer says: %w", err)
		}
		s.kept[word[1]] = claim{word[2], word[3], time.Duration(micros) * time.Microsecond}
	case len(word) > 1 && word[0] == "accepted":
		s.accepted[word[1]] = strings.Join(word[2:], " ")
	case len(word) > 3 && word[0] == "failed":
		s.failed[word[1]] = append(s.failed[word[1]], word[2])
	default:
		return fmt.Errorf("read what the filer says: %q", line)
	}
	return nil
}

// filer makes the command of one, which seals to the central's key.
func (t *trial) filer(ctx context.Context, command, store string, args ...string) *exec.Cmd {
	args = append([]string{command, "--store", store, "--seal-to", t.key.Public().String()}, args...)
	return exec.CommandContext(ctx, t.program("filer"), args...)
}

// listen runs a filer and takes every line that it managed to say, until it has
// ended; each is called after each.
func (s *said) listen(cmd *exec.Cmd, each func(*process) error) error {
	return listen(cmd, func(line string, p *process) error {
		if err := s.take(line); err != nil {
			return err
		}
		return each(p)
	})
}

// listen runs a program and hears every line that it managed to say, until it has
// ended.
func listen(cmd *exec.Cmd, hear func(line string, p *process) error) error {
	return listenFrom(cmd, func(*process) {}, hear)
}

// listenFrom is listen that calls begun as soon as the program runs.
func listenFrom(cmd *exec.Cmd, begun func(*process), hear func(line string, p *process) error) error {
	// An open pipe of our own: what was written before a kill is still read.
	r, w := io.Pipe()
	var words bytes.Buffer
	cmd.Stdout, cmd.Stderr = w, &words
	p, err := launch(cmd)
	if err != nil {
		return err
	}
	begun(p)
	go func() {
		<-p.done
		w.Close()
	}()
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, longestLine)
	for lines.Scan() {
		if err := hear(lines.Text(), p); err != nil {
			r.Close() // nobody reads on, and the program must not wait for it
			return errors.Join(fmt.Errorf("%w\n%s", err, words.String()), p.kill())
		}
	}
	return lines.Err()
}

// longestLine is more than a filer says of a store full of applications, in bytes.
const longestLine = 4 << 20

// seen is what a terminal finds in its store when it starts.
type seen struct {
	Fault, Journal string
	Lines, Opened  int64
	Aside, Lost    int    // damaged stores that were set aside, and what was not salvaged
	Why            string // the last was set aside
	Entries        []listed
}

// listed is one application in it.
type listed struct {
	ID, Reference, State, Digest, Number string
	Whole                                bool
}

// look opens stores as a terminal does when it starts.
func (t *trial) look(ctx context.Context, folders ...string) ([]seen, error) {
	cmd := exec.CommandContext(ctx, t.program("filer"), "look")
	cmd.Stdin = strings.NewReader(strings.Join(folders, "\n") + "\n")
	words, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("look into the store: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(words))
	list := make([]seen, len(folders))
	for i := range list {
		if err := decoder.Decode(&list[i]); err != nil {
			return nil, fmt.Errorf("look into the store: %w", err)
		}
	}
	return list, nil
}

// compareStore demands that each claim is kept once and whole, that no reference
// was given twice, and that the journal holds.
func compareStore(n *tally, claims map[string]claim, found seen) {
	n.of += len(claims)
	if found.Fault != "" {
		n.fault("the store does not open: %s", found.Fault)
		n.bad += max(0, len(claims)-1)
		return
	}
	if found.Journal != "" {
		n.fault("%s", found.Journal)
	}
	if found.Aside > 0 {
		n.fault("the store was called damaged: %s", found.Why)
	}
	times, references := map[string]int{}, map[string]string{}
	for _, e := range found.Entries {
		times[e.ID]++
		c, claimed := claims[e.ID]
		if claimed && c.digest != "-" && (c.reference != e.Reference || c.digest != e.Digest) || !e.Whole {
			n.fault("%s is not what was filed", e.ID)
		}
		if other := references[e.Reference]; other != "" {
			n.fault("%s and %s have the reference %s", other, e.ID, e.Reference)
		}
		references[e.Reference] = e.ID
	}
	for id := range claims {
		if times[id] != 1 {
			n.fault("%s was claimed and is kept %d times", id, times[id])
		}
	}
}
