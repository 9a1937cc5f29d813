package main

import (
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"strconv"
	"strings"

	"leye/devices/sim"
)

// panel is the control: what a person's hands would do to the devices.
type panel struct {
	reader  *sim.Reader
	printer *sim.Printer
	scanner *sim.Scanner
	lamp    *sim.Lamp

	readerPort, printerPort, scannerPort string
}

func (p *panel) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.page)
	mux.HandleFunc("GET /state", func(w http.ResponseWriter, _ *http.Request) { answer(w, p.state()) })
	mux.HandleFunc("GET /cards", func(w http.ResponseWriter, _ *http.Request) { answer(w, p.reader.Cards()) })
	mux.HandleFunc("POST /card/lay", func(w http.ResponseWriter, r *http.Request) {
		if err := p.reader.Lay(r.FormValue("name")); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		p.done(w, r)
	})
	p.act(mux, "POST /card/take", "when", map[string]func(){"": p.reader.Take, "read": p.reader.TakeWhileRead})
	p.act(mux, "POST /paper", "state", map[string]func(){
		"ok":   func() { p.printer.SetPaper(sim.PaperOK) },
		"near": func() { p.printer.SetPaper(sim.PaperNear) },
		"out":  func() { p.printer.SetPaper(sim.PaperOut) },
	})
	p.act(mux, "POST /cover", "open", map[string]func(){"true": func() { p.printer.SetCover(true) }, "false": func() { p.printer.SetCover(false) }})
	p.act(mux, "POST /printer", "power", map[string]func(){"on": func() { p.printer.SetPower(true) }, "off": func() { p.printer.SetPower(false) }})
	p.act(mux, "POST /paper/clear", "", map[string]func(){"": p.printer.TakePaper})
	mux.HandleFunc("GET /scenarios", func(w http.ResponseWriter, _ *http.Request) { p.scenarios(w) })
	p.play(mux, "POST /scenario", sim.Scenario.Begin)
	p.play(mux, "POST /mend", sim.Scenario.End)
	p.act(mux, "POST /slip/take", "", map[string]func(){"": p.printer.TakeSlip})
	p.faults(mux, "reader", &p.reader.Faults)
	p.faults(mux, "printer", &p.printer.Faults)
	p.faults(mux, "scanner", &p.scanner.Faults)
	mux.HandleFunc("POST /scan", p.scan)
	mux.HandleFunc("GET /paper.bin", func(w http.ResponseWriter, _ *http.Request) {
		send(w, "application/octet-stream", p.printer.Raw())
	})
	mux.HandleFunc("GET /paper.txt", func(w http.ResponseWriter, _ *http.Request) {
		send(w, "text/plain; charset=utf-8", []byte(p.printer.Text()))
	})
	mux.HandleFunc("GET /paper.png", func(w http.ResponseWriter, _ *http.Request) {
		img, err := p.printer.PNG()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		send(w, "image/png", img)
	})
	return mux
}

// scenarios lists what can go wrong, one a line.
func (p *panel) scenarios(w http.ResponseWriter) {
	var list strings.Builder
	for _, s := range sim.Scenarios() {
		fmt.Fprintf(&list, "%-16s %s\n", s.Name, s.Text)
	}
	send(w, "text/plain; charset=utf-8", []byte(list.String()))
}

// play serves what begins or ends a scenario.
func (p *panel) play(mux *http.ServeMux, route string, deed func(sim.Scenario, sim.Desk)) {
	mux.HandleFunc(route, func(w http.ResponseWriter, r *http.Request) {
		s, ok := sim.Find(r.FormValue("name"))
		if !ok {
			http.Error(w, "name: there is no such scenario", http.StatusBadRequest)
			return
		}
		deed(s, sim.Desk{Reader: p.reader, Printer: p.printer, Scanner: p.scanner})
		p.done(w, r)
	})
}

// faults serves what can be wrong with the line of a device. The seed of noise says
// which bytes it spoils; 0 ends it.
func (p *panel) faults(mux *http.ServeMux, device string, f *sim.Faults) {
	p.act(mux, "POST /"+device+"/silence", "on", map[string]func(){"true": func() { f.Silence(true) }, "false": func() { f.Silence(false) }})
	mux.HandleFunc("POST /"+device+"/noise", func(w http.ResponseWriter, r *http.Request) {
		seed, err := strconv.ParseUint(r.FormValue("seed"), 10, 64)
		if err != nil {
			http.Error(w, "seed: want a whole number, 0 for none", http.StatusBadRequest)
			return
		}
		f.Noise(seed)
		p.done(w, r)
	})
}

// longestCode is more than any code holds: a file of garbage is a code too.
const longestCode = 1 << 20

// scan holds the body of the request to the scanner, or the text of the page's field.
func (p *panel) scan(w http.ResponseWriter, r *http.Request) {
	fault, text := r.URL.Query().Get("fault"), ""
	if r.URL.Query().Has("page") {
		text = r.FormValue("text")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, longestCode))
	if err == nil {
		err = p.scanner.Show(append(body, text...), sim.ScanFault(fault))
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	p.done(w, r)
}

// act serves a route whose one parameter picks what is done.
func (p *panel) act(mux *http.ServeMux, route, key string, deeds map[string]func()) {
	mux.HandleFunc(route, func(w http.ResponseWriter, r *http.Request) {
		value := ""
		if key != "" {
			value = r.FormValue(key)
		}
		deed, ok := deeds[value]
		if !ok {
			http.Error(w, key+": "+value+" is not known", http.StatusBadRequest)
			return
		}
		deed()
		p.done(w, r)
	})
}

// done answers a program with the state and a browser with the page.
func (p *panel) done(w http.ResponseWriter, r *http.Request) {
	if r.FormValue("page") != "" {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	answer(w, p.state())
}

func (p *panel) state() any {
	return map[string]any{
		"reader":  map[string]any{"port": p.readerPort, "card": p.reader.Card(), "line": p.reader.Line()},
		"printer": map[string]any{"port": p.printerPort, "state": p.printer.State(), "line": p.printer.Line()},
		"scanner": map[string]any{"port": p.scannerPort, "sent": p.scanner.Sent(), "line": p.scanner.Line()},
		"lamp":    map[string]any{"folder": p.lamp.Path(), "shows": p.lamp.Shows().String()},
	}
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	// A client that has gone away needs no answer.
	_ = json.NewEncoder(w).Encode(v)
}

func send(w http.ResponseWriter, kind string, data []byte) {
	w.Header().Set("Content-Type", kind)
	_, _ = w.Write(data)
}

var page = template.Must(template.New("page").Parse(`<!doctype html><meta charset="utf-8"><title>devsim</title>
<style>body{font:16px sans-serif;margin:2em;display:flex;gap:3em}form{display:inline}button{font:inherit;margin:.2em;padding:.4em .8em}img{border:1px solid #ccc;max-width:420px}</style>
<div><h1>devsim</h1><p>Card: <b>{{or .Card "none"}}</b>, lamp: <b>{{.Lamp}}</b></p>
{{range .Cards}}<form method="post" action="/card/lay?name={{.}}&amp;page=1"><button>{{.}}</button></form>{{end}}
<form method="post" action="/card/take?page=1"><button>take the card</button></form>
<h2>Scanner</h2><p>{{.Sent}} sent</p>
<form method="post" action="/scan?page=1"><input name="text" size="40"><button>scan</button></form>
<h2>Printer</h2><p>{{printf "%+v" .Printer}}</p>
{{range .Deeds}}<form method="post" action="{{.}}&amp;page=1"><button>{{.}}</button></form>{{end}}
<h2>Scenarios</h2><table>{{range .Scenarios}}<tr><td><form method="post" action="/scenario?name={{.Name}}&amp;page=1"><button>{{.Name}}</button></form></td><td><form method="post" action="/mend?name={{.Name}}&amp;page=1"><button>mend</button></form></td><td>{{.Text}}</td></tr>{{end}}</table></div>
<div><h2>Paper</h2><img src="/paper.png" alt="printed paper"></div>`))

func (p *panel) page(w http.ResponseWriter, _ *http.Request) {
	// The template is checked at start; only a vanished client can fail here.
	_ = page.Execute(w, map[string]any{
		"Card": p.reader.Card(), "Lamp": p.lamp.Shows().String(), "Cards": p.reader.Cards(), "Printer": p.printer.State(), "Sent": p.scanner.Sent(),
		"Scenarios": sim.Scenarios(),
		"Deeds": []string{"/paper?state=ok", "/paper?state=near", "/paper?state=out", "/cover?open=true", "/cover?open=false", "/printer?power=on", "/printer?power=off", "/paper/clear?x=1", "/slip/take?x=1", "/card/take?when=read",
			"/reader/noise?seed=1", "/reader/noise?seed=0", "/reader/silence?on=true", "/reader/silence?on=false",
			"/printer/noise?seed=1", "/printer/noise?seed=0", "/printer/silence?on=true", "/printer/silence?on=false",
			"/scanner/noise?seed=1", "/scanner/noise?seed=0", "/scanner/silence?on=true", "/scanner/silence?on=false"},
	})
}
