package main

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"leye/scripts/internal/probe"
)

// fakeKiosk is a terminal of a few screens that obeys only touches: what lies
// outside of its scroll's window cannot be hit, and a disabled control stays
// dead. It exists to show what the player does, not what the kiosk does.
type fakeKiosk struct {
	screen  string
	page    int // of the form
	serial  int
	offset  float64
	looks   int // since the screen came up
	focus   string
	preedit string
	month   time.Time
	latin   bool
	answers map[string]string
	card    string
	code    string // that was scanned
	slip    string

	stiff bool // does not follow the finger
	mute  bool // next does nothing
}

const (
	window   = 1000.0 // height of the scroll's window, which begins at 100
	pitch    = 300.0
	fakeSlip = "受理回执\n编号 000-417-261124-0001-5\n查询码 123456\n"
)

// fakeForm: a choice, a text, a date, and a boolean far below.
var fakeForm = [][]string{{"choice:kind:a", "choice:kind:b"}, {"field:place", "pad:1", "pad:2", "pad:3", "field:when", "choice:sure:false", "choice:sure:true"}}

var fakeCandidates = map[string][]string{"putuoqu": {"葡萄", "普陀", "普"}, "qu": {"去", "区"}, "a": {"啊"}}

func (k *fakeKiosk) Look(context.Context) (probe.View, error) {
	k.looks++
	if k.screen == "end" && k.card == "" && k.looks > 8 {
		k.show("idle")
	}
	v := probe.View{Screen: k.screen, Serial: k.serial, Busy: k.looks == 1, Texts: []string{k.screen}}
	scrolled, fixed := k.controls()
	for i, id := range scrolled {
		y := 100 + float64(i)*pitch - k.offset
		v.Controls = append(v.Controls, probe.Control{ID: id, X: 0, Y: y, W: 400, H: 200, Visible: y < 100+window && y+200 > 100, Enabled: true, Scroll: "main", Label: k.answers[strings.TrimPrefix(id, "field:")]})
	}
	for i, id := range fixed {
		c := probe.Control{ID: id, X: float64(i) * 30, Y: 1200, W: 28, H: 100, Visible: true, Enabled: k.enabled(id)}
		if n, ok := strings.CutPrefix(id, "cand:"); ok {
			c.Label = fakeCandidates[k.preedit][n[0]-'1']
		}
		if n, ok := strings.CutPrefix(id, "day:"); ok {
			day, _ := strconv.Atoi(n)
			c.Label = k.month.AddDate(0, 0, day-1).Format(time.DateOnly)
		}
		v.Controls = append(v.Controls, c)
	}
	content := float64(len(scrolled)) * pitch
	v.Scrolls = []probe.Scroll{{ID: "main", Y: 100, W: 1000, H: window, Offset: k.offset, Content: content}}
	if k.screen == "filed" || k.screen == "case" {
		v.Texts = strings.Split(fakeSlip, "\n")
	}
	return v, nil
}

func (k *fakeKiosk) enabled(id string) bool {
	switch id {
	case "begin":
		return k.looks > 3 // the printer is still being asked
	case "confirm":
		return k.card != ""
	case "finish":
		return k.slip != ""
	}
	return true
}

func (k *fakeKiosk) controls() (scrolled, fixed []string) {
	switch k.screen {
	case "idle":
		return nil, []string{"start"}
	case "home":
		return []string{"event:job", "event:pension", "event:a", "event:b", "event:flexible"}, []string{"leave"}
	case "event":
		return []string{"service:other", "service:flex"}, nil
	case "service":
		return nil, []string{"begin"}
	case "identify":
		return nil, []string{"confirm"}
	case "question":
		return fakeForm[k.page], k.keyboard()
	case "check":
		return []string{"change:kind", "change:place", "row", "row2", "change:sure"}, []string{"submit"}
	case "filed":
		return nil, []string{"finish"}
	case "case":
		if k.slip == "" {
			return nil, []string{"another", "print"}
		}
		return nil, []string{"another", "finish"}
	}
	return nil, nil
}

func (k *fakeKiosk) keyboard() []string {
	if k.focus == "when" {
		return []string{"month:prev", "year:open", "month:next", "day:1", "day:2", "year:2025"}
	}
	if k.focus == "" {
		return []string{"next"}
	}
	ids := []string{"key:done", "key:mode", "key:backspace", "key:1"}
	for _, r := range "abcdefghijklmnopqrstuvwxyz" {
		ids = append(ids, "key:"+string(r))
	}
	for i := range fakeCandidates[k.preedit] {
		if !k.latin {
			ids = append(ids, "cand:"+string(rune('1'+i)))
		}
	}
	return ids
}

func (k *fakeKiosk) Tap(x, y int) error {
	v, _ := k.Look(context.Background())
	for _, c := range v.Controls {
		b := c.Bounds()
		inside := x >= b.Min.X && x < b.Max.X && y >= b.Min.Y && y < b.Max.Y
		if inside && c.Enabled && (c.Scroll == "" || y >= 100 && y < 100+window) {
			k.act(c.ID)
			return nil
		}
	}
	return nil
}

func (k *fakeKiosk) Drag(_, fromY, _, toY int) error {
	if k.stiff {
		return nil
	}
	scrolled, _ := k.controls()
	k.offset = max(0, min(k.offset+float64(fromY-toY), float64(len(scrolled))*pitch-window))
	k.serial++
	return nil
}

func (k *fakeKiosk) show(screen string) {
	k.screen, k.offset, k.looks = screen, 0, 0
	k.serial++
}

func (k *fakeKiosk) act(id string) {
	ways := map[string]string{"start": "home", "event:flexible": "event", "service:flex": "service", "begin": "identify", "confirm": "question", "finish": "end"}
	kind, rest, _ := strings.Cut(id, ":")
	switch {
	case ways[id] != "":
		k.show(ways[id])
	case kind == "choice":
		field, code, _ := strings.Cut(rest, ":")
		k.answers[field] = code
		k.serial++
	case kind == "field":
		k.focus, k.latin, k.month = rest, true, time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
		k.serial++
	case kind == "month", kind == "year", kind == "day":
		k.turn(id)
		k.serial++
	case kind == "key", kind == "cand":
		k.typed(kind, rest)
		k.serial++
	case id == "next" && !k.mute:
		if k.page++; k.page == len(fakeForm) {
			k.show("check")
			return
		}
		k.show("question")
	case id == "print":
		k.slip = fakeSlip
		k.serial++
	case id == "submit":
		k.slip = fakeSlip
		k.show("filed")
	}
}

func (k *fakeKiosk) turn(id string) {
	switch id {
	case "month:prev":
		k.month = k.month.AddDate(0, -1, 0)
	case "month:next":
		k.month = k.month.AddDate(0, 1, 0)
	case "year:2025":
		k.month = time.Date(2025, k.month.Month(), 1, 0, 0, 0, 0, time.UTC)
	case "day:1", "day:2":
		k.answers["when"] = k.month.Format("2006-01-0") + id[len("day:"):]
		k.focus = ""
	}
}

func (k *fakeKiosk) typed(kind, rest string) {
	switch {
	case kind == "cand":
		chosen := fakeCandidates[k.preedit][rest[0]-'1']
		k.answers[k.focus] += chosen
		k.preedit = map[string]string{"普陀": "qu", "葡萄": "qu"}[chosen]
	case rest == "done":
		k.focus, k.preedit = "", ""
	case rest == "mode":
		k.latin = !k.latin
	case rest == "backspace" && k.preedit != "":
		k.preedit = k.preedit[:len(k.preedit)-1]
	case rest == "backspace":
		if text := k.answers[k.focus]; text != "" {
			k.answers[k.focus] = text[:len(text)-1]
		}
	case k.latin || rest == "1":
		k.answers[k.focus] += rest
	default:
		k.preedit += rest
	}
}

func (k *fakeKiosk) LayCard(_ context.Context, name string) error {
	if name == "" {
		return errors.New("no such card")
	}
	k.card = name
	k.serial++
	return nil
}

func (k *fakeKiosk) TakeCard(context.Context) error {
	k.card = ""
	k.show("idle")
	return nil
}

func (k *fakeKiosk) Scan(_ context.Context, text string) error {
	k.code = text
	if text == "LEYE:flex" {
		k.show("service")
	}
	if text == "LEYE:case" {
		k.show("case")
	}
	return nil
}

func (k *fakeKiosk) Slip(context.Context) (string, error) { return k.slip, nil }

func (k *fakeKiosk) Cover(context.Context, bool) error { return nil }
