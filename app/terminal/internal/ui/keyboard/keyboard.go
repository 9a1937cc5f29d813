// Package keyboard is the terminal's own on-screen keyboard: number pads, Latin
// letters and pinyin with candidates.
//
// It does not know what is being typed or where it goes: whoever shows it gets
// the text.
package keyboard

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"leye/app/terminal/internal/ime"
	"leye/app/terminal/internal/ui/control"
	"leye/app/terminal/internal/ui/theme"
)

// Kind is the keyboard that fits a field.
type Kind int

// The kinds.
const (
	Words   Kind = iota // pinyin, Latin letters and marks
	Digits              // whole numbers, telephone and account numbers
	Decimal             // numbers with a point
	Number              // identity numbers: digits and X
	Code                // Latin capitals and digits
	Phone               // digits and a hyphen
)

// mode is what the letter keyboard shows.
type mode int

const (
	pinyin mode = iota
	latin
	marks
)

// Options say how the keyboard looks and where its text goes.
type Options struct {
	Kind   Kind
	Tokens theme.Tokens
	Icons  *theme.Icons
	Words  func(key string, args ...string) string
	Latin  bool       // start with Latin letters
	Low    bool       // keys as low as a finger allows
	Engine ime.Engine // nil: no pinyin

	OnText      func(string)
	OnBackspace func()
	OnDone      func()
}

// Keyboard is one on-screen keyboard.
type Keyboard struct {
	Object *fyne.Container

	opt   Options
	mode  mode
	upper bool
	state ime.State
	strip *fyne.Container
	keys  *fyne.Container
}

// New builds a keyboard.
func New(opt Options) *Keyboard {
	k := &Keyboard{opt: opt, strip: container.NewStack(), keys: container.NewStack()}
	if opt.Latin || opt.Engine == nil || opt.Kind == Code {
		k.mode = latin
	}
	k.upper = opt.Kind == Code
	k.rebuild()
	body := control.Stack(10, k.strip, k.keys)
	k.Object = container.NewStack(control.Rect(theme.Edge, nil, 0, 0), control.Pad(control.Insets{Top: 14, Right: 16, Bottom: 16, Left: 16}, body))
	return k
}

// height is that of a key. A lying screen has to show the field as well.
func (k *Keyboard) height() float32 {
	if k.opt.Low {
		return theme.Standard.Target
	}
	return k.opt.Tokens.Target + 4
}

func (k *Keyboard) rebuild() {
	k.keys.Objects = []fyne.CanvasObject{k.rows()}
	k.keys.Refresh()
	k.showStrip()
}

func (k *Keyboard) rows() fyne.CanvasObject {
	switch k.opt.Kind {
	case Words, Code:
		return k.letters()
	default:
		return k.pad()
	}
}

// pad is the number pad: three columns, large keys.
func (k *Keyboard) pad() fyne.CanvasObject {
	extra := map[Kind]string{Decimal: ".", Number: "X", Phone: "-"}[k.opt.Kind]
	var keys []fyne.CanvasObject
	for _, r := range "123456789" {
		keys = append(keys, k.char(string(r)))
	}
	if extra != "" {
		keys = append(keys, k.char(extra))
	} else {
		keys = append(keys, control.Space(1, 1))
	}
	keys = append(keys, k.char("0"), k.backspace())
	return control.Stack(10, control.Grid(3, 10, keys...), k.done())
}

var layouts = map[mode][3]string{
	pinyin: {"qwertyuiop", "asdfghjkl", "zxcvbnm"},
	latin:  {"qwertyuiop", "asdfghjkl", "zxcvbnm"},
	marks:  {"1234567890", "-/@#&_+.,", "\uff0c\u3002\u3001\uff1f\u00b7\u5f04\u53f7\u5ba4"}, // the last three: lane, number, room
}

func (k *Keyboard) letters() fyne.CanvasObject {
	rows := make([]fyne.CanvasObject, 0, 5)
	if k.mode != marks {
		rows = append(rows, k.charRow("1234567890"))
	}
	layout := layouts[k.mode]
	rows = append(rows, k.charRow(layout[0]), control.Pad(control.Sides(0, 40), k.charRow(layout[1])), k.thirdRow(layout[2]), k.lastRow())
	return control.Stack(10, rows...)
}

func (k *Keyboard) charRow(chars string) fyne.CanvasObject {
	var keys []fyne.CanvasObject
	for _, r := range chars {
		keys = append(keys, k.char(string(r)))
	}
	return control.Shares(10, keys...)
}

func (k *Keyboard) thirdRow(chars string) fyne.CanvasObject {
	shift := k.key("key:shift", k.opt.Words("key.shift"), "", func() {
		k.upper = !k.upper
		k.rebuild()
	})
	if k.mode != latin {
		return control.Row(10, 0, k.charRow(chars), control.Sized(170, k.height(), k.backspace()))
	}
	return control.Row(10, 1, control.Sized(150, k.height(), shift), k.charRow(chars), control.Sized(170, k.height(), k.backspace()))
}

func (k *Keyboard) lastRow() fyne.CanvasObject {
	wide := func(w float32, o fyne.CanvasObject) fyne.CanvasObject { return control.Sized(w, k.height(), o) }
	script := k.key("key:mode", k.opt.Words(map[mode]string{pinyin: "key.to_latin", latin: "key.to_pinyin", marks: "key.to_letters"}[k.mode]), "", k.switchScript)
	signs := k.key("key:marks", k.opt.Words("key.marks"), "", func() {
		k.mode = marks
		k.rebuild()
	})
	space := k.key("key:space", k.opt.Words("key.space"), "", k.space)
	objs := []fyne.CanvasObject{wide(170, script)}
	if k.mode != marks {
		objs = append(objs, wide(120, signs))
	}
	return control.Row(10, len(objs), append(objs, space, wide(220, k.done()))...)
}

func (k *Keyboard) switchScript() {
	k.reset()
	switch {
	case k.mode == latin && k.opt.Engine != nil:
		k.mode = pinyin
	case k.mode == marks && k.opt.Engine != nil && !k.opt.Latin:
		k.mode = pinyin
	default:
		k.mode = latin
	}
	k.rebuild()
}

func (k *Keyboard) char(c string) fyne.CanvasObject {
	shown := c
	if k.upper && k.mode == latin && len(c) == 1 && c[0] >= 'a' && c[0] <= 'z' {
		shown = string(c[0] - 'a' + 'A')
	}
	return k.key("key:"+c, shown, "", func() { k.typed(shown) })
}

func (k *Keyboard) backspace() fyne.CanvasObject {
	return k.key("key:backspace", "", "backspace", func() {
		if k.state.Preedit != "" {
			k.accept(k.opt.Engine.Backspace())
			return
		}
		k.opt.OnBackspace()
	})
}

func (k *Keyboard) done() fyne.CanvasObject {
	t := k.opt.Tokens
	label := control.Paragraph(k.opt.Words("key.done"), control.Type{Size: t.Body, Bold: true, Color: theme.White, Align: fyne.TextAlignCenter, Line: 1.2}, 600)
	s := control.Surface{Fill: theme.Primary, Down: theme.Pressed, Radius: 12}
	return control.NewTap("key:done", k.opt.Words("key.done"), s, fyne.NewSize(t.Target, k.height()), control.Level(label), func() {
		k.commitRaw()
		k.opt.OnDone()
	})
}

func (k *Keyboard) key(id, label, icon string, onTap func()) fyne.CanvasObject {
	t := k.opt.Tokens
	var face fyne.CanvasObject
	if icon != "" {
		face = control.Middle(control.Image(k.opt.Icons.Draw(icon, theme.Ink, t.Tile, t.Tile), t.Tile, t.Tile))
	} else {
		size := t.Tile
		if len([]rune(label)) > 1 {
			size = t.Small + 2
		}
		face = control.Level(control.Paragraph(label, control.Type{Size: size, Color: theme.Ink, Align: fyne.TextAlignCenter, Line: 1.2}, 600))
	}
	s := control.Surface{Fill: theme.White, Edge: theme.Edge, Stroke: 1, Down: theme.Tint, Radius: 12}
	return control.NewTap(id, label, s, fyne.NewSize(40, k.height()), face, onTap)
}

func (k *Keyboard) typed(c string) {
	r := rune(c[0])
	if k.mode == pinyin && k.opt.Engine != nil && len(c) == 1 && r >= 'a' && r <= 'z' {
		k.accept(k.opt.Engine.Feed(r))
		return
	}
	k.commitRaw()
	k.opt.OnText(c)
}

func (k *Keyboard) space() {
	if k.state.Preedit != "" && len(k.state.Candidates) > 0 {
		k.accept(k.opt.Engine.Select(0))
		return
	}
	k.opt.OnText(" ")
}

// accept takes what the engine says: committed text goes out, the rest is shown.
func (k *Keyboard) accept(s ime.State) {
	k.state = s
	if s.Commit != "" {
		k.opt.OnText(s.Commit)
	}
	k.showStrip()
}

// commitRaw keeps letters that were typed but never chosen a character for: the
// first candidate of each piece.
func (k *Keyboard) commitRaw() {
	for range len(k.state.Preedit) {
		if k.state.Preedit == "" || len(k.state.Candidates) == 0 {
			break
		}
		k.accept(k.opt.Engine.Select(0))
	}
	if k.state.Preedit != "" {
		k.reset()
	}
}

func (k *Keyboard) reset() {
	if k.opt.Engine != nil {
		k.opt.Engine.Reset()
	}
	k.state = ime.State{}
	k.showStrip()
}

// Forget drops what was typed and not yet chosen: nothing of one person stays
// for the next.
func (k *Keyboard) Forget() { k.reset() }

// showStrip draws the line of candidates above the keys.
func (k *Keyboard) showStrip() {
	if k.opt.Kind != Words || k.mode != pinyin {
		k.strip.Objects = nil
		k.strip.Refresh()
		return
	}
	t := k.opt.Tokens
	small := control.Type{Size: t.Small, Color: theme.Quiet, Line: 1.2}
	hint := k.state.Preedit
	if hint == "" {
		hint = k.opt.Words("key.pinyin_hint")
	}
	k.strip.Objects = []fyne.CanvasObject{control.Stack(4, control.Label(hint, small), k.candidates())}
	k.strip.Refresh()
}

func (k *Keyboard) candidates() fyne.CanvasObject {
	t := k.opt.Tokens
	s := control.Surface{Fill: theme.White, Edge: theme.Edge, Stroke: 1, Down: theme.Tint, Radius: 10}
	var objs []fyne.CanvasObject
	width := float32(0)
	for n, c := range k.state.Candidates {
		face := control.Pad(control.Sides(0, 22), control.Level(control.Label(c, control.Type{Size: t.Tile, Color: theme.Ink, Line: 1.2})))
		w := face.MinSize().Width + 10
		if width+w > 820 && n > 0 {
			break
		}
		width += w
		objs = append(objs, control.NewTap(candID(n), c, s, fyne.NewSize(t.Target, t.Target), face, func() { k.accept(k.opt.Engine.Select(n)) }))
	}
	objs = append(objs, control.Space(1, t.Target))
	grow := len(objs) - 1
	if k.state.HasPrev {
		objs = append(objs, k.pager("cand:prev", "back", -1))
	}
	if k.state.HasNext {
		objs = append(objs, k.pager("cand:next", "next", 1))
	}
	return control.Row(10, grow, objs...)
}

func (k *Keyboard) pager(id, icon string, delta int) fyne.CanvasObject {
	return control.Sized(k.opt.Tokens.Target, k.opt.Tokens.Target, k.key(id, "", icon, func() { k.accept(k.opt.Engine.Page(delta)) }))
}

func candID(n int) string { return "cand:" + string(rune('1'+n)) }
