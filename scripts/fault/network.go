package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"
)

// networkJudge puts a bad line between terminal and central: nothing may be lost
// on it, and an answer that gets lost may not make a second case.
func networkJudge() judge {
	return judge{
		name: "network", what: "nine faults of the line between terminal and central",
		bad: "lost or doubled", of: "sent", try: tryNetwork, worse: forgetful(),
	}
}

// lineFault is a toxic of toxiproxy: how the line is bad, on which way, and for
// which share of the connections.
type lineFault struct {
	Type       string         `json:"type"`
	Stream     string         `json:"stream"`
	Toxicity   float64        `json:"toxicity"`
	Attributes map[string]any `json:"attributes"`
}

// The terminal gives up after a second; what would stop everything hits only some
// of the connections.
var lineFaults = map[string]lineFault{
	"late answers":         {"latency", "downstream", 1, map[string]any{"latency": 200, "jitter": 200}},
	"requests that vanish": {"timeout", "upstream", 0.5, map[string]any{"timeout": 0}},
	"answers that vanish":  {"timeout", "downstream", 0.5, map[string]any{"timeout": 0}},
	"resets":               {"reset_peer", "downstream", 0.5, map[string]any{"timeout": 0}},
	"cut answers":          {"limit_data", "downstream", 0.7, map[string]any{"bytes": 150}},
	"cut requests":         {"limit_data", "upstream", 0.7, map[string]any{"bytes": 300}},
	"a narrow line":        {"bandwidth", "upstream", 1, map[string]any{"rate": 8}},
	"crumbs":               {"slicer", "downstream", 1, map[string]any{"average_size": 12, "size_variation": 6, "delay": 2000}},
	"ends that linger":     {"slow_close", "downstream", 1, map[string]any{"delay": 300}},
}

func tryNetwork(ctx context.Context, t *trial) (n tally, err error) {
	if _, err := os.Stat(t.program("toxiproxy")); err != nil {
		return n, skipped{"toxiproxy is not built"}
	}
	c, err := newCentral(ctx, t)
	if err != nil {
		return n, err
	}
	defer func() { err = errors.Join(err, c.kill()) }()
	if err := c.open(ctx); err != nil {
		return n, err
	}
	line, err := t.openLine(ctx, c.address)
	if err != nil {
		return n, err
	}
	defer func() { err = errors.Join(err, line.running.kill()) }()
	s := newSaid()
	for _, name := range slices.Sorted(maps.Keys(lineFaults)) {
		if err := t.sendOver(ctx, s, line, lineFaults[name]); err != nil {
			return n, fmt.Errorf("%s: %w", name, err)
		}
	}
	cases, err := t.compareBoth(ctx, &n, s, c)
	if err != nil {
		return n, err
	}
	log, err := os.ReadFile(t.path("central.log"))
	if err != nil {
		return n, err
	}
	n.note("%d faults, %d cases, %d requests reached the central", len(lineFaults), len(cases), strings.Count(string(log), "PUT /v1/applications/"))
	return n, nil
}

// sendOver files and sends while the line is bad.
func (t *trial) sendOver(ctx context.Context, s *said, line *badLine, f lineFault) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	count := fmt.Sprint(t.rounds(6, 20))
	if err := s.listen(t.filer(ctx, "file", t.path("store"), "--count", count), func(*process) error { return nil }); err != nil {
		return err
	}
	if err := line.ask(ctx, http.MethodPost, "/proxies/line/toxics", f); err != nil {
		return err
	}
	if err := t.relay(ctx, s, t.path("store"), line.url(), nothing); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return fmt.Errorf("not all was sent in two minutes: %w", ctx.Err())
	}
	return line.ask(ctx, http.MethodDelete, "/proxies/line/toxics/"+f.Type+"_"+f.Stream, nil)
}

// badLine is toxiproxy with one line through it.
type badLine struct {
	running          *process
	control, address string
}

func (t *trial) openLine(ctx context.Context, upstream string) (*badLine, error) {
	control, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	address, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(control)
	if err != nil {
		return nil, err
	}
	l := &badLine{control: "http://" + control, address: address}
	if l.running, err = t.start(t.program("toxiproxy"), "-host", host, "-port", port); err != nil {
		return nil, err
	}
	err = l.running.await(ctx, 10*time.Second, "toxiproxy", func() bool { return answers(ctx, l.control+"/version") })
	if err == nil {
		err = l.ask(ctx, http.MethodPost, "/proxies", map[string]any{"name": "line", "listen": address, "upstream": upstream, "enabled": true})
	}
	if err != nil {
		return nil, errors.Join(err, l.running.kill())
	}
	return l, nil
}

func (l *badLine) url() string { return "http://" + l.address }

func (l *badLine) ask(ctx context.Context, method, path string, body any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, l.control+path, bytes.NewReader(data))
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		words, err := io.ReadAll(io.LimitReader(resp.Body, 1000))
		return errors.Join(fmt.Errorf("toxiproxy answers %s: %s", resp.Status, words), err)
	}
	return nil
}
