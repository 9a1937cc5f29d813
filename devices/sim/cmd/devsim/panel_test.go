package main

import (
	"bytes"
	"encoding/json"
	"image/png"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"leye/devices/sim"
)

func ask(t *testing.T, h http.Handler, method, path string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, path, nil))
	return w.Code, w.Body.String()
}

// newPanel has devices without lines.
func newPanel(t *testing.T) *panel {
	t.Helper()
	lamp, err := sim.NewLamp(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return &panel{
		reader: sim.NewReader(sim.ReaderConfig{}), printer: sim.NewPrinter(sim.PrinterConfig{}), scanner: sim.NewScanner(sim.ScannerConfig{}), lamp: lamp,
	}
}

func TestControl(t *testing.T) {
	p := newPanel(t)
	p.readerPort, p.printerPort, p.scannerPort = "dir/reader", "dir/printer", "dir/scanner"
	h := p.routes()
	type state struct {
		Reader  struct{ Port, Card, Line string }
		Printer struct {
			Port  string
			Line  string
			State sim.PrinterState
		}
		Scanner struct{ Port, Line string }
	}
	for _, step := range []struct {
		path string
		ok   func(s state) bool
	}{
		{"/card/lay?name=resident_plain", func(s state) bool { return s.Reader.Card == "resident_plain" && s.Reader.Port == "dir/reader" }},
		{"/card/take", func(s state) bool { return s.Reader.Card == "" }},
		{"/reader/noise?seed=3", func(s state) bool { return s.Reader.Line == "noisy" && s.Printer.Line == "good" }},
		{"/reader/silence?on=true", func(s state) bool { return s.Reader.Line == "silent" }},
		{"/reader/silence?on=false", func(s state) bool { return s.Reader.Line == "noisy" }},
		{"/reader/noise?seed=0", func(s state) bool { return s.Reader.Line == "good" }},
		{"/printer/noise?seed=3", func(s state) bool { return s.Printer.Line == "noisy" && s.Reader.Line == "good" }},
		{"/printer/noise?seed=0", func(s state) bool { return s.Printer.Line == "good" }},
		{"/paper?state=near", func(s state) bool { return s.Printer.State.Paper == "near" && s.Printer.Port == "dir/printer" }},
		{"/paper?state=out", func(s state) bool { return s.Printer.State.Paper == "out" }},
		{"/paper?state=ok", func(s state) bool { return s.Printer.State.Paper == "ok" }},
		{"/cover?open=true", func(s state) bool { return s.Printer.State.Cover == "open" }},
		{"/cover?open=false", func(s state) bool { return s.Printer.State.Cover == "closed" }},
		{"/printer?power=off", func(s state) bool { return s.Printer.State.Power == "off" }},
		{"/printer?power=on", func(s state) bool { return s.Printer.State.Power == "on" }},
		{"/scan?fault=split&page=&text=hello", func(s state) bool { return s.Scanner.Port == "dir/scanner" }},
		{"/scanner/noise?seed=3", func(s state) bool { return s.Scanner.Line == "noisy" && s.Printer.Line == "good" }},
		{"/paper/clear", func(s state) bool { return s.Printer.State.Bytes == 0 }},
	} {
		code, body := ask(t, h, http.MethodPost, step.path)
		var done, asked state
		if err := json.Unmarshal([]byte(body), &done); err != nil || code != http.StatusOK || !step.ok(done) {
			t.Errorf("%s: %d %s %v", step.path, code, body, err)
		}
		if _, body = ask(t, h, http.MethodGet, "/state"); json.Unmarshal([]byte(body), &asked) != nil || !step.ok(asked) {
			t.Errorf("state after %s: %s", step.path, body)
		}
	}
}

func TestControlRefuses(t *testing.T) {
	h := newPanel(t).routes()
	for _, path := range []string{"/card/lay?name=nobody", "/card/lay", "/paper?state=wet", "/cover", "/printer?power=", "/card/take?when=now", "/reader/noise", "/reader/noise?seed=x", "/printer/silence?on=", "/scan", "/scan?fault=ghost", "/scanner/noise", "/scenario?name=flood", "/scenario", "/mend?name="} {
		if code, body := ask(t, h, http.MethodPost, path); code != http.StatusBadRequest || body == "" {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
	if code, _ := ask(t, h, http.MethodGet, "/card/take"); code != http.StatusMethodNotAllowed {
		t.Errorf("a question takes the card: %d", code)
	}
}

func TestControlShowsThePaperAndTheCards(t *testing.T) {
	p := newPanel(t)
	h := p.routes()
	_, body := ask(t, h, http.MethodGet, "/cards")
	var cards []string
	if err := json.Unmarshal([]byte(body), &cards); err != nil || !slices.Contains(cards, "resident_plain") {
		t.Errorf("cards: %s %v", body, err)
	}
	for _, name := range cards {
		if code, _ := ask(t, h, http.MethodPost, "/card/lay?name="+name); code != http.StatusOK {
			t.Errorf("lay %s: %d", name, code)
		}
	}
	if _, page := ask(t, h, http.MethodGet, "/"); !strings.Contains(page, "resident_plain") || strings.Contains(page, "ZgotmplZ") {
		t.Errorf("page: %s", page)
	}
	_, img := ask(t, h, http.MethodGet, "/paper.png")
	if _, err := png.Decode(bytes.NewReader([]byte(img))); err != nil {
		t.Error(err)
	}
	for _, path := range []string{"/paper.txt", "/paper.bin"} {
		if code, body := ask(t, h, http.MethodGet, path); code != http.StatusOK || body != "" {
			t.Errorf("%s of new paper: %d %q", path, code, body)
		}
	}
}

// TestEveryScenarioShowsAndIsMended plays each by its name: the state or the line
// says so, and afterwards all is as before.
func TestEveryScenarioShowsAndIsMended(t *testing.T) {
	for _, s := range sim.Scenarios() {
		h := newPanel(t).routes()
		if code, body := ask(t, h, http.MethodPost, "/card/lay?name=resident_plain"); code != http.StatusOK {
			t.Fatal(body)
		}
		_, well := ask(t, h, http.MethodGet, "/state")
		code, begun := ask(t, h, http.MethodPost, "/scenario?name="+s.Name)
		if hidden := s.Name == "card-pulled"; code != http.StatusOK || (begun == well) != hidden {
			t.Errorf("%s: %d %s", s.Name, code, begun)
		}
		code, mended := ask(t, h, http.MethodPost, "/mend?name="+s.Name)
		if code != http.StatusOK || mended != well {
			t.Errorf("%s, mended: %d %s, before it was %s", s.Name, code, mended, well)
		}
		_, list := ask(t, h, http.MethodGet, "/scenarios")
		_, page := ask(t, h, http.MethodGet, "/")
		for where, text := range map[string]string{"list": list, "page": page} {
			if !strings.Contains(text, s.Name) || !strings.Contains(text, s.Text) {
				t.Errorf("%s does not stand on the %s", s.Name, where)
			}
		}
		if found, ok := sim.Find(s.Name); !ok || found.Text != s.Text || strings.HasSuffix(s.Text, ".") {
			t.Errorf("%s: %+v", s.Name, found)
		}
	}
}
